/* SPDX-License-Identifier: GPL-3.0-or-later */
/* May a file of this name be written?  A slip of the hand must not cost a model, a token or a log.
 */
#ifndef VRES_CLI_SHARDS_REFUSE_OVERWRITE_H
#define VRES_CLI_SHARDS_REFUSE_OVERWRITE_H

#include "session/audit_sink.h"
#include "session/key.h"
#include "shards/inputs.h"

/* The files that a command reads or writes by other options. */
struct precious {
	const struct inputs *in;
	const struct key_options *key;
	const struct audit_sink_options *audit;
};

/* False, and a refusal, when @path is one of @precious, or cannot be written. */
bool can_write(struct output *o, const struct precious *precious, const char *path);

#endif
