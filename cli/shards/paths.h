/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The files that a command is about.  A folder stands for the model in it: the files that its
 * index (*.safetensors.index.json) lists or, without one, its safetensors and GGUF files; an index
 * for the files that it lists, in its folder.
 */
#ifndef VRES_CLI_SHARDS_PATHS_H
#define VRES_CLI_SHARDS_PATHS_H

#include "ui/failure.h"

struct paths {
	char **items; /* in the order of the names, those of a folder or index sorted */
	size_t count, room;
	bool is_set; /* a folder or an index was among the names */
};

bool paths_expand(struct paths *p, struct output *o, char **names, size_t count);

/* For CLEANUP. */
void paths_free(struct paths *p);

#endif
