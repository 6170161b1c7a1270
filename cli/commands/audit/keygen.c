/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * vres audit keygen: the key of epoch 0, with which a log in mode forward begins and is verified.
 */
#include <vres/audit_file.h>
#include "commands/audit/audit_log.h"

struct keygen_options {
	bool is_json;
};

static const struct option_spec specs[] = {
	{.name = "json",
         .kind = OPTION_FLAG,
         .offset = offsetof(struct keygen_options, is_json),
         .help = "print one JSON document"},
};

static const struct option_set own_set = {"Options", specs, COUNT_OF(specs)};

static int run(const struct command *self, int argc, char **argv)
{
	struct keygen_options options = {0};
	void *const targets[] = {&options};
	struct output o;
	vres_error err;
	int first, status = options_parse(self, targets, argc, argv, &first);

	if (status >= 0)
		return status;
	output_begin(&o, self->name, options.is_json);
	if (argc - first != 1) {
		output_refuse(&o, EXIT_USAGE, NULL, "give one FILE");
	} else if (vres_audit_keygen(argv[first], &err) != VRES_OK) {
		output_fail(&o, argv[first], &err);
	} else {
		output_name(&o, argv[first]);
		output_text(&o, ": the key of epoch 0; once the log has begun with it, keep it "
		                "where the log will be verified, and nowhere else\n");
		output_put_file(&o, o.document, "file", argv[first]);
	}
	return output_end(&o);
}

const struct command cmd_audit_keygen = {
	.name = "audit keygen",
	.arguments = "FILE",
	.summary = "the key that a forward-secure log begins with",
	.description = "Write a new key to FILE, which must not exist, with mode 0600, for a log "
		       "in mode forward (--audit-mode forward "
		       "--forward-key FILE of `vres seal` and `vres watch`). Whoever has it can "
		       "verify every line of the log, and write one in "
		       "its stead: when the log has begun, move FILE off this host.",
	.sets = (const struct option_set *const[]){&own_set, NULL},
	.run = run,
};
