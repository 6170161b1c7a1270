/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Changes to an audit log that somebody without its key could make, drawn at random: of bits, of
 * lines, of files.
 */
#ifndef TESTS_SUPPORT_AUDIT_TAMPER_H
#define TESTS_SUPPORT_AUDIT_TAMPER_H

#include "support/audit/audit_maker.h"

#define TAMPER_LINES 160
#define TAMPER_FILES 4

struct tamper_line {
	const char *text;
	size_t n;
};

/* Files of lines. */
struct tamper_log {
	struct tamper_line lines[TAMPER_FILES][TAMPER_LINES];
	size_t counts[TAMPER_FILES], files;
	char spare[8192]; /* the text of lines that were changed */
	size_t spare_n;
};

/* The same files as bytes. */
struct tamper_image {
	char bytes[TAMPER_FILES][65536];
	size_t n[TAMPER_FILES], files;
};

enum tamper {
	TAMPER_FLIP,   /* a bit */
	TAMPER_DELETE, /* up to four lines */
	TAMPER_DOUBLE,
	TAMPER_INSERT, /* a line under another key */
	TAMPER_SWAP,
	TAMPER_MOVE,
	TAMPER_CUT,  /* all that comes after a line */
	TAMPER_TEAR, /* all that comes after a byte */
	TAMPER_FORGE,
	TAMPER_FORGE_REST,
	TAMPER_OTHER_EPOCH,   /* a line under the key of another epoch */
	TAMPER_OTHER_HISTORY, /* lines of another log under the same key */
	TAMPER_DROP_FILE,
	TAMPER_SWAP_FILES,
	TAMPER_REPEAT_FILE,
	TAMPER_EMPTY_FILE,
	TAMPER_JOIN_FILES,
	TAMPERS
};

const char *tamper_name(enum tamper kind);

/* Lines and files of a log, which must outlive @log; a file begins with each log_header. */
void tamper_split(struct tamper_log *log, const struct audit_maker *m);

/* Make one change, drawn from @seed.  @other: another log under the same key. */
void tamper_apply(struct tamper_log *log, enum tamper kind, const struct audit_maker *other,
                  uint64_t *seed);

void tamper_flatten(const struct tamper_log *log, struct tamper_image *image);

/* File, from 0, and line, from 1, of the first byte that differs; false: none does. */
bool tamper_differs(const struct tamper_image *a, const struct tamper_image *b, size_t *file,
                    size_t *line);

#endif
