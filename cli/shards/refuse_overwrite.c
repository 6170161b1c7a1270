/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "shards/refuse_overwrite.h"

#include "ui/save.h"

bool can_write(struct output *o, const struct precious *precious, const char *path)
{
	return audit_sink_refuse_overwrite(precious->audit, o, path) && file_can_save(o, path) &&
	       inputs_refuse_overwrite(precious->in, o, path) &&
	       key_refuse_overwrite(precious->key, o, path);
}
