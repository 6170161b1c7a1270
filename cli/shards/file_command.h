/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The frame of a command that seals FILEs: the options it shares with its like, and how it runs. */
#ifndef VRES_CLI_SHARDS_FILE_COMMAND_H
#define VRES_CLI_SHARDS_FILE_COMMAND_H

#include "session/audit_sink.h"
#include "session/device_options.h"
#include "session/key.h"
#include "shards/fault_injection.h"
#include "shards/seal_options.h"
#include "ui/interruptible.h"

struct file_command {
	struct output *o;
	const void *own; /* the options that only this command has */
	char **names;
	size_t count;
	struct seal_options seal;
	struct key_options key;
	struct device_options device;
	struct fault_options faults;
	struct audit_sink_options audit;
};

/* The sets of such a command, in the order in which its options are filled. */
#define FILE_COMMAND_SETS(own_set)                                                                 \
	{                                                                                          \
		&(own_set), &seal_option_set, &key_option_set, &device_option_set,                 \
			&fault_option_set, &audit_sink_option_set, NULL                            \
	}

/* Parse into @own and the rest, then run_interruptible(): @work gets the struct file_command. */
int file_command_run(const struct command *self, int argc, char **argv, void *own,
                     bool (*work)(void *file_command, struct stop *stop));

#endif
