/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which tensor lies where in a model file, as the header of the file says; read by the reader of
 * its format. */
#ifndef VRES_CLI_SHARDS_TENSOR_MAP_H
#define VRES_CLI_SHARDS_TENSOR_MAP_H

#include "ui/base.h"

struct tensor {
	const char *name; /* UTF-8, any characters, and a NUL behind */
	size_t name_bytes;
	const char *type;
	uint64_t begin, end; /* in the file */
	/* For the parser: where the entry is in the header, and what is wrong with it (NULL:
	 * nothing). */
	size_t at;
	const char *fault;
};

struct tensor_map {
	const char *format;     /* "safetensors" or "gguf" */
	struct tensor *tensors; /* in the order of the file */
	size_t count, room;
	char *texts;        /* what name and type point to */
	uint64_t data, end; /* where the data begins in the file, and where it has to end */
	uint64_t padding;   /* so many bytes at most may follow the end */
	/* Of a model in several files: which of how many, from 0; else 0, 0. */
	uint64_t part, parts;
	const char *error; /* why the header could not be read; NULL: it could */
	uint64_t error_at; /* in the file */
};

/* False: out of memory. */
bool tensor_map_add(struct tensor_map *map, const struct tensor *tensor);

/* For qsort(): by name, entries of one name by where their texts lie; by place in the file. */
int tensor_compare_names(const void *a, const void *b);
int tensor_compare_places(const void *a, const void *b);

/* For CLEANUP. */
void tensor_map_free(struct tensor_map *map);

/* The first tensor that ends behind @offset of the file; map->count when there is none. */
size_t tensor_map_from(const struct tensor_map *map, uint64_t offset);

#endif
