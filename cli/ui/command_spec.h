/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How a subcommand describes itself: one description drives both parsing (options.h) and --help
 * (help.h).
 *
 * An option set describes the fields of one struct.  A command has one or more sets (its own, those
 * of the device, those of the key) and gives options_parse() a struct to fill for each.  Every
 * field is a bool, a const char *, a uint64_t or a struct option_list, as the option's kind says.
 */
#ifndef VRES_CLI_UI_COMMAND_SPEC_H
#define VRES_CLI_UI_COMMAND_SPEC_H

#include "ui/base.h"

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
	const char *word; /* NULL: the end of the table */
	uint64_t value;
};

struct option_spec {
	const char *name;
	const char *argument; /* what --help calls the value; NULL for a flag */
	enum option_kind kind;
	size_t offset;                   /* of the field in the struct that is filled */
	const char *help;                /* what it does; of REFUSED: why it does not exist */
	char letter;                     /* its short form; 0: none */
	const struct option_word *words; /* of CHOICE and BITS */
	uint64_t least, most;            /* of COUNT, BYTES and TIME; most 0: no limit */
};

/* In a row of a table, behind name and argument: the kind, and the field that is filled. */
#define OPTION(kind_, type, field) .kind = kind_, .offset = offsetof(type, field)

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

struct command {
	const char *name;
	const char *arguments; /* what follows the options in the usage line */
	const char *summary;   /* one line of `vres --help` */
	/* Paragraphs of `vres NAME --help`, separated by newlines. */
	const char *description;
	const struct option_set *const *sets; /* ends with NULL */
	int (*run)(const struct command *self, int argc, char **argv);
	/* Subcommands of this command, each named "NAME PART"; ends with NULL.  NULL: none. */
	const struct command *const *parts;
};

#endif
