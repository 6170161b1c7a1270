/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a subcommand is: its place in the table of main.c, its options, and the function that runs
 * it.
 *
 * House rule of this folder: a function that returns bool has reported its failure (output.h) when
 * it returns false, so the caller only leaves.  What a scope holds is released by CLEANUP.
 */
#ifndef VRES_CLI_COMMAND_H
#define VRES_CLI_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CLEANUP(function) __attribute__((cleanup(function)))
#define COUNT_OF(array)   (sizeof(array) / sizeof((array)[0]))

/* Exit statuses, in vres(1). */
enum exit_status {
	EXIT_GOOD = 0,
	EXIT_UNVERIFIED = 1, /* something is not what was sealed or signed: a security incident */
	EXIT_USAGE = 2,      /* usage or invalid input */
	EXIT_VRAM = 3,       /* not enough VRAM */
	EXIT_POLICY = 4,     /* policy violation */
	EXIT_TROUBLE = 5     /* device, driver or I/O trouble */
};

struct option_set;

struct command {
	const char *name;
	const char *arguments; /* what follows the options in the usage line */
	const char *summary;   /* one line of `vres --help` */
	/* Paragraphs of `vres NAME --help`, separated by newlines. */
	const char *description;
	const struct option_set *const *sets; /* ends with NULL */
	int (*run)(const struct command *self, int argc, char **argv);
	/* What it is made of, each named "NAME PART"; ends with NULL; or NULL. */
	const struct command *const *parts;
};

/* The part that is called "NAME @word"; NULL when there is none. */
const struct command *command_part(const struct command *c, const char *word);

extern const struct command cmd_audit;
extern const struct command cmd_bench;
extern const struct command cmd_devices;
extern const struct command cmd_digest;
extern const struct command cmd_doctor;
extern const struct command cmd_policy;
extern const struct command cmd_receipt;
extern const struct command cmd_seal;
extern const struct command cmd_watch;

#endif
