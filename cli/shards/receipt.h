/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Showing what a seal says, and writing the receipt that carries it. */
#ifndef VRES_CLI_SHARDS_RECEIPT_H
#define VRES_CLI_SHARDS_RECEIPT_H

#include "ui/failure.h"

/* The fields of a handle as lines for people, and as a JSON object. */
void print_shard_info(struct output *o, const vres_shard_info *info);
json_t *shard_info_to_json(struct output *o, const vres_shard_info *info);

/* Write the receipt of @shard, mode 0600. */
bool receipt_save(struct output *o, const vres_shard *shard, const char *path);

#endif
