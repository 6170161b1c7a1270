/* SPDX-License-Identifier: GPL-3.0-or-later */
/* vres audit: what can be done with an audit log. */
#include <string.h>
#include "command.h"
#include "commands/audit/audit_log.h"
#include "ui/help.h"
#include "ui/message.h"

static int run(const struct command *self, int argc, char **argv)
{
	const char *word = argc > 1 ? argv[1] : "";
	const struct command *part = command_part(self, word);

	if (part != NULL)
		return part->run(part, argc - 1, argv + 1);
	if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
		help_print(self);
		return EXIT_GOOD;
	}
	message(self->name, NULL, "say verify, tail, export or keygen (see `vres audit --help`)");
	return EXIT_USAGE;
}

const struct command cmd_audit = {
	.name = "audit",
	.arguments = "verify|tail|export|keygen FILE...",
	.summary = "verify, show or export an audit log, make a key for one",
	.description =
		"verify: is the log the one that was written? Says which line is wrong and how.\n"
		"tail: the last lines, for people.\n"
		"export: all lines, as CSV or JSON.\n"
		"keygen: the key that a forward-secure log begins with.\n"
		"\n"
		"See `vres audit verify --help`, and so on.",
	.sets = (const struct option_set *const[]){NULL},
	.run = run,
	.parts = (const struct command *const[]){&cmd_audit_verify, &cmd_audit_tail,
                                                 &cmd_audit_export, &cmd_audit_keygen, NULL},
};
