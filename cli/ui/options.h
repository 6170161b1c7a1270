/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Options: one description drives both parsing and --help.
 *
 * A set describes fields of one struct; a command has one or more sets (its own, those of the
 * device, those of the key) and gives a target struct for each.  Every field is a bool, a const
 * char *, a uint64_t or a struct option_list, as its kind says.
 */
#ifndef VRES_CLI_UI_OPTIONS_H
#define VRES_CLI_UI_OPTIONS_H

#include "command.h"

enum option_kind {
	OPTION_FLAG,   /* bool */
	OPTION_TEXT,   /* const char *, NULL when not given */
	OPTION_COUNT,  /* uint64_t */
	OPTION_BYTES,  /* uint64_t */
	OPTION_TIME,   /* uint64_t, nanoseconds */
	OPTION_CHOICE, /* uint64_t: the value of one word */
	OPTION_BITS,   /* uint64_t: the values of several words, separated by commas */
	OPTION_LIST,   /* struct option_list: may be given several times */
	OPTION_REFUSED /* no field: recognised only to say why it does not exist */
};

struct option_word {
	const char *word; /* NULL: the end */
	uint64_t value;
};

struct option_spec {
	const char *name;
	char letter;          /* its short form; 0: none */
	const char *argument; /* what --help calls the value; NULL for a flag */
	enum option_kind kind;
	size_t offset;                   /* of the field in the target */
	const struct option_word *words; /* of CHOICE and BITS */
	uint64_t least, most;            /* of COUNT, BYTES and TIME; most 0: no limit */
	const char *help;                /* what it does; of REFUSED: why not */
};

struct option_set {
	const char *title;
	const struct option_spec *specs;
	size_t count;
};

#define OPTION_LIST_MAX 64

struct option_list {
	const char *items[OPTION_LIST_MAX];
	size_t count;
};

/*
 * Fill @targets, one for each of the command's sets.  -1: go on, *first is the index of the first
 * argument that is no option (argv is reordered).  Else the exit status to leave with: help was
 * printed, or a complaint.
 */
int options_parse(const struct command *command, void *const *targets, int argc, char **argv,
                  int *first);

void options_help(const struct command *command);

/*
 * Names of the bits that are set in @bits, in the order of @words, separated by commas; "none" when
 * there are none.
 */
void options_bits_text(char *text, size_t size, const struct option_word *words, uint64_t bits);

#endif
