/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The audit log that a session writes. */
#ifndef VRES_CLI_SESSION_AUDIT_SINK_H
#define VRES_CLI_SESSION_AUDIT_SINK_H

#include <vres/audit_file.h>
#include "ui/options.h"
#include "ui/failure.h"

struct audit_sink_options {
	const char *path, *forward_key;
	uint64_t mode;
};

extern const struct option_set audit_sink_option_set;

struct audit_sink {
	const char *path;
	vres_audit_file *file; /* NULL: no log is written */
	bool is_loss_told;
};

struct audit_sink_needs {
	const vres_key *key;
	const char *worker_id;
	bool is_key_named; /* not the ephemeral key of this run */
	bool is_required, is_simulated;
};

/* Open the log that the options name, if they do. */
bool audit_sink_open(struct audit_sink *sink, struct output *o,
                     const struct audit_sink_options *options,
                     const struct audit_sink_needs *needs);

/*
 * May @path be written over?  Not when it is the log, its key, or a file that the log keeps beside
 * it.
 */
bool audit_sink_refuse_overwrite(const struct audit_sink_options *options, struct output *o,
                                 const char *path);

/* While it is written: say once, when it happens, that an event is not in the log. */
void audit_sink_look(struct audit_sink *sink, struct output *o);

/*
 * What was recorded is on disk, or it is said that it is not; and the head is said, which is worth
 * keeping elsewhere.
 */
void audit_sink_report(const struct audit_sink *sink, struct output *o);

/* After the manager is gone. */
void audit_sink_close(struct audit_sink *sink);

#endif
