/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the subcommands of `vres audit` share: the key, the checker, and the bytes of a log. */
#ifndef VRES_CLI_COMMANDS_AUDIT_AUDIT_LOG_H
#define VRES_CLI_COMMANDS_AUDIT_AUDIT_LOG_H

#include <vres/audit_check.h>
#include "session/key.h"
#include "ui/options.h"
#include "ui/failure.h"

extern const struct command cmd_audit_export;
extern const struct command cmd_audit_keygen;
extern const struct command cmd_audit_tail;
extern const struct command cmd_audit_verify;

struct audit_key_options {
	const char *forward_key;
};

/* --forward-key; goes with key_option_set. */
extern const struct option_set audit_key_option_set;

/*
 * Create a checker under the key that the options name.  Without one it checks links alone, and
 * stderr says so.
 */
bool audit_checker_open(struct output *o, const struct key_options *token,
                        const struct audit_key_options *forward, vres_audit_finding_fn finding,
                        void *ctx, vres_audit_checker **out);

/* For CLEANUP. */
void audit_checker_close(vres_audit_checker **checker);

/*
 * Open a regular file for reading; links, pipes and devices are refused.  audit_open() takes "-"
 * for standard input, too.  Returns -1 after reporting why it failed.
 */
int audit_open_file(struct output *o, const char *path);
int audit_open(struct output *o, const char *path);

/* Called with each piece of a file as it is read.  False ends the reading. */
typedef bool (*audit_piece_fn)(void *ctx, const char *bytes, size_t n);

/* Read @fd from its position to its end. */
bool audit_read(struct output *o, const char *path, int fd, audit_piece_fn piece, void *ctx);

/*
 * Splits pieces into lines and calls @line with each, for commands that show lines.  @object is
 * NULL if the line is longer than a log's lines are, or no JSON object with an event.
 */
struct audit_lines {
	char carry[8192];
	size_t carried;
	bool is_skipping;
	uint64_t number; /* of the last line, from 1 */
	bool (*line)(void *ctx, uint64_t number, const char *text, size_t n, json_t *object);
	void *ctx;
};

/* An audit_piece_fn; the context is a struct audit_lines. */
bool audit_lines_add(void *lines, const char *bytes, size_t n);

/* The file is over; whatever is left has no newline. */
bool audit_lines_end(struct audit_lines *lines);

#endif
