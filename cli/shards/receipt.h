/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a seal says, shown; and the receipt that carries it, written. */
#ifndef VRES_CLI_SHARDS_RECEIPT_H
#define VRES_CLI_SHARDS_RECEIPT_H

#include "ui/output.h"

/* The lines of a handle, for people. */
void print_shard_info(struct output *o, const vres_shard_info *info);

json_t *shard_info_to_json(struct output *o, const vres_shard_info *info);

/* Write the shard's receipt, mode 0600. */
bool receipt_save(struct output *o, const vres_shard *shard, const char *path);

#endif
