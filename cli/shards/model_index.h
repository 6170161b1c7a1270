/* SPDX-License-Identifier: GPL-3.0-or-later */
/* model.safetensors.index.json, which lists the files of a model. */
#ifndef VRES_CLI_SHARDS_MODEL_INDEX_H
#define VRES_CLI_SHARDS_MODEL_INDEX_H

#include "ui/base.h"

struct model_index {
	char **files; /* the files, each once, sorted; no name leads out of the index's folder */
	size_t count;
	const char *error; /* why the index could not be read */
	size_t error_at;
};

/* Parse the @n bytes of an index.  text[n] must be NUL.  False: error and error_at say why. */
bool model_index_parse(struct model_index *index, const char *text, size_t n);

/* For CLEANUP. */
void model_index_free(struct model_index *index);

/*
 * The number of files that the "weight_map" of an index names; 0: @text is no index.  @names gets
 * the first of them, for a message.
 */
size_t model_index_names(const char *text, size_t n, char *names, size_t size);

#endif
