/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a command says: text for people as it goes, or one JSON document at the end, and the exit
 * status that all its failures amount to.
 *
 * The document always has "command", "status" ("ok", or the name of the gravest failure) and
 * "errors".  Running out of memory while it is built is remembered and told at the end, so that
 * nobody has to look in between.
 */
#ifndef VRES_CLI_UI_OUTPUT_H
#define VRES_CLI_UI_OUTPUT_H

#include <jansson.h>
#include <vres/vres.h>
#include "command.h"

struct output {
	const char *command;
	bool is_json;
	bool is_verbose; /* log lines come on stderr at any time: nothing is drawn over itself */
	bool is_broken;  /* the document could not be built */
	bool is_deaf;    /* standard output failed, and that was said */
	json_t *document;
	json_t *errors; /* part of the document */
	enum exit_status exit;
};

void output_begin(struct output *o, const char *command, bool is_json);

/*
 * Print the document, see whether all of standard output arrived, and free everything.  The
 * process's exit status.
 */
int output_end(struct output *o);

/* Text for people; nothing with --json. */
__attribute__((format(printf, 2, 3))) void output_text(struct output *o, const char *format, ...);
void output_name(struct output *o, const char *name); /* a name from elsewhere, escaped */

/* A remark on stderr, with --json too. */
__attribute__((format(printf, 2, 3))) void output_note(struct output *o, const char *format, ...);

/* Hand over what was printed so far; false when standard output does not take it. */
bool output_flush(struct output *o);

/*
 * False, once complained of, when standard output is a pipe that nobody reads any more; for who
 * writes seldom.
 */
bool output_has_reader(struct output *o);

/*
 * Would a line be taken, or fail, at once?  Else whoever prints it waits for the reader, and no
 * stop is seen meanwhile.
 */
bool output_has_room(void);

/*
 * Nobody reads, and nobody is waited for any more: what is printed from now on is lost, which is
 * complained of.
 */
void output_abandon(struct output *o);

/*
 * Document building.  put takes @value over, whatever happens; a NULL value is memory that ran out.
 */
void output_put(struct output *o, json_t *object, const char *key, json_t *value);
void output_add(struct output *o, json_t *array, json_t *value);
void output_put_u64(struct output *o, json_t *object, const char *key, uint64_t value);
/* What is not UTF-8 is escaped, so that no text costs the document. */
void output_put_text(struct output *o, json_t *object, const char *key, const char *text);
void output_put_bool(struct output *o, json_t *object, const char *key, bool value);
/* A file's name; bytes that are not UTF-8 are shown escaped, and KEY_hex then has them all. */
void output_put_file(struct output *o, json_t *object, const char *key, const char *name);
/* The names of the bits, as an array. */
struct option_word;
void output_put_bits(struct output *o, json_t *object, const char *key,
                     const struct option_word *words, uint64_t bits);

/*
 * Failures.  Each prints one line on stderr, goes into "errors", and raises the exit status; each
 * returns false.  @file may be NULL.
 */
bool output_fail(struct output *o, const char *file, const vres_error *err);

/*
 * The same for work that was given up because the tool was told to stop; its scope releases what it
 * holds.
 */
bool output_stopped(struct output *o, const char *file);
__attribute__((format(printf, 4, 5))) bool output_refuse(struct output *o, enum exit_status exit,
                                                         const char *file, const char *format, ...);
bool output_fail_errno(struct output *o, const char *file, const char *what, int number);

#endif
