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
 * A checker under the key that was named, if one was; else for links alone, which is said on
 * stderr.
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

/* Told of pieces of a file as they are read; false ends the reading. */
typedef bool (*audit_piece_fn)(void *ctx, const char *bytes, size_t n);

/* All of @fd from where it stands to its end. */
bool audit_read(struct output *o, const char *path, int fd, audit_piece_fn piece, void *ctx);

/*
 * Lines out of pieces, for those who show them.  A line that is longer than any of a log may be, or
 * not JSON with an event in it, is told with @object NULL.
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

/* What has no newline at the end of a file. */
bool audit_lines_end(struct audit_lines *lines);

#endif
