/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "shards/file_command.h"

#include "session/policy.h"
#include "ui/options.h"

int file_command_run(const struct command *self, int argc, char **argv, void *own,
                     bool (*work)(void *file_command, struct stop *stop))
{
	struct output o;
	struct file_command c = {.o = &o, .own = own};
	void *const targets[] = {own, &c.seal, &c.key, &c.device, &c.faults, &c.audit};
	int first;
	const int status = options_parse(self, targets, argc, argv, &first);

	if (status >= 0)
		return status;
	session_announce(&o, self->name, &c.device);
	c.names = argv + first;
	c.count = (size_t)(argc - first);
	return run_interruptible(&o, work, &c);
}
