/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A folder of the test's own with an audit log in it: its paths, and looking at and changing what is there. */
#ifndef TESTS_PLACE_H
#define TESTS_PLACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <vres/audit_file.h>

#include "chain.h"

struct place {
	char folder[64];
	char log[80], checkpoint[96], key[96], lock[96], first_key[96];
	uint8_t key0[32]; /* what first_key holds, once it was made */
};

/* An empty folder; @under: where, or NULL for the usual place.  place_end() removes it with everything in it. */
struct place place_begin(const char *under);
void place_end(struct place *p);

/* Options of a log of this place: worker, and the path of first_key, which is made, if @forward. */
vres_audit_file_options place_options(struct place *p, bool forward);

/* A log of this place with those options, with the token of the tests; asserts that it opens. */
vres_audit_file *place_open(struct place *p, const vres_audit_file_options *o);
void place_close(vres_audit_file **log);

/* An event as a manager would make it, about the shard @id (NULL: of none); @shard is what it points to. */
vres_event place_event(vres_event_type type, const char *id, vres_shard_info *shard);

/* Record one. */
vres_status place_record(vres_audit_file *log, vres_event_type type, const char *id);

/* Lines, kept: pass lines_keep and a struct lines to place_chain(). */
struct lines {
	size_t n;
	char text[512][1024];
};
void lines_keep(void *ctx, const char *line);

/* Their event types, separated by blanks; ends with the next call. */
const char *lines_types(const struct lines *lines);

/* The whole of a file, NUL-terminated, to be given to test_free(); NULL: it is not there. */
char *place_read(const char *path, size_t *n);
void place_write(const char *path, const void *bytes, size_t n);

/* A chain that has read every file of the log, oldest first; asserts that all is good but for torn bytes at the end of LOG. */
struct chain place_chain(const struct place *p, bool forward, void (*line)(void *ctx, const char *line), void *ctx);

/* How many files LOG.SEQ there are. */
unsigned place_full_files(const struct place *p);

/*
 * The same without assertions: NULL, or what is wrong.  @full is a chain that has read *files full files, and reads those that have come since; @all
 * becomes a copy that has read LOG too.
 */
const char *place_check(const struct place *p, struct chain *full, size_t *files, struct chain *all);

#endif
