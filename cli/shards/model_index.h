/* SPDX-License-Identifier: GPL-3.0-or-later */
/* model.safetensors.index.json: a list of the files that a model consists of. */
#ifndef VRES_CLI_SHARDS_MODEL_INDEX_H
#define VRES_CLI_SHARDS_MODEL_INDEX_H

#include "ui/base.h"

struct model_index {
	char **files; /* different names of files, in order, none of which leads out of the folder
	               */
	size_t count;
	const char *error; /* why it could not be read */
	size_t error_at;
};

/* Read the @n bytes of an index, behind which text[n] is NUL.  False: error and error_at say why.
 */
bool model_index_parse(struct model_index *index, const char *text, size_t n);

/* For CLEANUP. */
void model_index_free(struct model_index *index);

/*
 * How many different files the "weight_map" in the @n bytes of an index names, and the first of
 * them as text in @names; 0 when it is no index.
 */
size_t model_index_names(const char *text, size_t n, char *names, size_t size);

#endif
