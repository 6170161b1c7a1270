/* SPDX-License-Identifier: GPL-3.0-or-later */
/* model.safetensors.index.json: a list of the files that a model consists of. */
#ifndef VRES_CLI_SHARDS_MODEL_INDEX_H
#define VRES_CLI_SHARDS_MODEL_INDEX_H

#include "ui/base.h"

/*
 * How many different files the "weight_map" of the index in @fd, @bytes long, names, and the first
 * of them as text in @names; 0 when it is no index.
 */
size_t model_index_files(int fd, size_t bytes, char *names, size_t size);

#endif
