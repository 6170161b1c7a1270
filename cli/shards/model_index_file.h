/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading an index from a file. */
#ifndef VRES_CLI_SHARDS_MODEL_INDEX_FILE_H
#define VRES_CLI_SHARDS_MODEL_INDEX_FILE_H

#include "shards/model_index.h"

bool model_index_load(struct model_index *index, int fd);
size_t model_index_files(int fd, char *names, size_t size);

#endif
