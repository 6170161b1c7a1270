/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The subcommands that main.c offers, each defined in a file of commands/ that bears its name. */
#ifndef VRES_CLI_COMMAND_H
#define VRES_CLI_COMMAND_H

#include <string.h>
#include "ui/command_spec.h"

/* The part that is called "NAME @word"; NULL when there is none. */
static inline const struct command *command_part(const struct command *c, const char *word)
{
	for (size_t i = 0; c->parts != NULL && c->parts[i] != NULL; i++) {
		if (strcmp(c->parts[i]->name + strlen(c->name) + 1, word) == 0)
			return c->parts[i];
	}
	return NULL;
}

extern const struct command cmd_audit;
extern const struct command cmd_bench;
extern const struct command cmd_compare;
extern const struct command cmd_devices;
extern const struct command cmd_digest;
extern const struct command cmd_doctor;
extern const struct command cmd_inspect;
extern const struct command cmd_manifest;
extern const struct command cmd_policy;
extern const struct command cmd_receipt;
extern const struct command cmd_seal;
extern const struct command cmd_watch;

#endif
