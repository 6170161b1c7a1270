/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "shards/file_command.h"

#include "session/policy.h"
#include "shards/paths.h"
#include "ui/options.h"

int file_command_run(const struct command *self, int argc, char **argv, void *own,
                     bool (*work)(void *file_command, struct stop *stop))
{
	CLEANUP(paths_free) struct paths paths = {0};
	struct output o;
	struct file_command c = {.o = &o, .own = own};
	void *const targets[] = {own, &c.seal, &c.key, &c.device, &c.faults, &c.audit};
	int first;
	const int status = options_parse(self, targets, argc, argv, &first);

	if (status >= 0)
		return status;
	session_announce(&o, self->name, &c.device);
	if (!paths_expand(&paths, &o, argv + first, (size_t)(argc - first)))
		return output_end(&o);
	c.names = paths.items;
	c.count = paths.count;
	c.seal.is_set |= paths.is_set;
	return run_interruptible(&o, work, &c);
}
