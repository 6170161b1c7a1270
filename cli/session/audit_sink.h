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

/* Open the log that the options name.  Without one, succeed and do nothing. */
bool audit_sink_open(struct audit_sink *sink, struct output *o,
                     const struct audit_sink_options *options,
                     const struct audit_sink_needs *needs);

/*
 * May @path be overwritten?  Reports and returns false if it is the log, its first key, or a file
 * beside the log.
 */
bool audit_sink_refuse_overwrite(const struct audit_sink_options *options, struct output *o,
                                 const char *path);

/* Report lost events, once, as soon as there are any. */
void audit_sink_report_loss(struct audit_sink *sink, struct output *o);

/* At the end: bring the log to disk, and print its head, which is worth keeping elsewhere. */
void audit_sink_report(const struct audit_sink *sink, struct output *o);

/* Close the log, after the manager was destroyed. */
void audit_sink_close(struct audit_sink *sink);

#endif
