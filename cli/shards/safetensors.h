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

#include "shards/tensor_map.h"

#define SAFETENSORS_PREFIX 8 /* bytes before the header */

/* The format's own limit on the length of the header. */
#define SAFETENSORS_HEADER_MAX (UINT64_C(100) * 1000 * 1000)

/* The length of the header, from the first 8 bytes of the file. */
uint64_t safetensors_header_bytes(const unsigned char prefix[SAFETENSORS_PREFIX]);

/* Parse @n bytes of header, behind which text[n] is NUL.  False: error and error_at say why. */
bool safetensors_parse(struct tensor_map *map, const char *text, size_t n);

#endif
