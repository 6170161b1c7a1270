/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The header of a safetensors file: which tensor lies where.
 *
 * The format: 8 bytes, little-endian, the length of the header; the header, a JSON object {"NAME":
 * {"dtype", "shape", "data_offsets": [begin, end]}, ..., "__metadata__": {"KEY": "VALUE", ...}},
 * offsets counting from its end; the data, without gaps.  The file is not trusted.  What the
 * reference loader (the safetensors crate) takes is taken here, repeated keys included: the last
 * one counts.
 */
#ifndef VRES_CLI_SHARDS_SAFETENSORS_H
#define VRES_CLI_SHARDS_SAFETENSORS_H

#include "ui/base.h"

#define SAFETENSORS_PREFIX 8 /* bytes before the header */

/* The format's own limit on the length of the header. */
#define SAFETENSORS_HEADER_MAX (UINT64_C(100) * 1000 * 1000)

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

struct safetensors {
	struct tensor *tensors; /* in the order of the file */
	size_t count;
	char *texts;        /* what name and type point to */
	uint64_t data, end; /* where the data begins in the file, and where it has to end */
	const char *error;  /* why the header could not be read; NULL: it could */
	uint64_t error_at;  /* in the file */
};

/* The length of the header, from the first 8 bytes of the file. */
uint64_t safetensors_header_bytes(const unsigned char prefix[SAFETENSORS_PREFIX]);

/* Parse @n bytes of header, behind which text[n] is NUL.  False: error and error_at say why. */
bool safetensors_parse(struct safetensors *s, const char *text, size_t n);

/* For CLEANUP. */
void safetensors_free(struct safetensors *s);

/* The first tensor that ends behind @offset of the file; s->count when there is none. */
size_t safetensors_from(const struct safetensors *s, uint64_t offset);

#endif
