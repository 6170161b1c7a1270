/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a command says on standard output: text for people as it goes, or one JSON document at the
 * end.
 *
 * The document always has "command", "status" ("ok", or the name of the gravest failure) and
 * "errors".  document.h builds its other members, failure.h reports failures.
 */
#ifndef VRES_CLI_UI_OUTPUT_H
#define VRES_CLI_UI_OUTPUT_H

#include <jansson.h>
#include "ui/base.h"

struct output {
	const char *command;
	bool is_json;
	bool is_verbose; /* log lines come on stderr at any time: nothing is drawn over itself */
	bool is_broken;  /* memory ran out while the document was built */
	bool is_deaf;    /* standard output failed, and that was said */
	unsigned said;   /* lines on stderr so far: a table that is drawn over itself moves away */
	json_t *document;
	json_t *errors; /* part of the document */
	enum exit_status exit;
	const char *status; /* the document's: the name of the failure behind exit */
};

void output_begin(struct output *o, const char *command, bool is_json);

/*
 * Print the document, check that all of standard output arrived, and free everything.  Returns the
 * exit status of the process.
 */
int output_end(struct output *o);

/* Text for people; nothing with --json. */
__attribute__((format(printf, 2, 3))) void output_text(struct output *o, const char *format, ...);
/* A name from elsewhere, escaped; output_name_n() takes NUL inside it too. */
void output_name(struct output *o, const char *name);
void output_name_n(struct output *o, const char *name, size_t n);

/* A remark on stderr, with --json too. */
__attribute__((format(printf, 2, 3))) void output_note(struct output *o, const char *format, ...);

/* The same about a file. */
__attribute__((format(printf, 3, 4))) void output_note_of(struct output *o, const char *file,
                                                          const char *format, ...);

/* Write out what was printed so far; false when standard output does not take it. */
bool output_flush(struct output *o);

/*
 * False, and a complaint, when standard output is a pipe that nobody reads any more.  For commands
 * that write seldom.
 */
bool output_has_reader(struct output *o);

/* Would a write to standard output end at once (also by failing), or wait for the reader? */
bool output_has_room(void);

/* Stop waiting for a reader: what is printed from now on is lost, and that is complained of. */
void output_abandon(struct output *o);

/*
 * Raise the exit status to @exit, and the document's status to @status, unless a graver failure was
 * reported before.
 */
void output_raise(struct output *o, enum exit_status exit, const char *status);

#endif
