/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The header of a GGUF file: which tensor lies where.
 *
 * The format, version 2 and 3, little-endian: "GGUF", the version (u32), how many tensors and how
 * many metadata pairs there are (u64 each); the pairs: a key, a type (u32), a value; for each
 * tensor its name, number of dimensions (u32), dimensions (u64 each), type (u32) and offset (u64);
 * the data, which begins at the next multiple of the alignment, from where offsets count.  Keys,
 * names and texts are a length (u64) and that many bytes.
 *
 * The file is not trusted.  What the package gguf reads is read here, but for what llama.cpp
 * refuses: tensors that overlap, more than four dimensions, an alignment that is no power of two.
 */
#ifndef VRES_CLI_SHARDS_GGUF_H
#define VRES_CLI_SHARDS_GGUF_H

#include "shards/tensor_map.h"

#define GGUF_MAGIC "GGUF"

/* The models with the largest vocabularies have headers of some 20 MB. */
#define GGUF_HEADER_MAX ((size_t)256 << 20)

/*
 * How much of a file must be read before its header can be parsed?  The first @n bytes, at least
 * four, are at @text.  Returns @n if they suffice or if more would not help.
 */
size_t gguf_wanted_bytes(const char *text, size_t n);

/* Parse the header in the @n bytes at @text.  False: error and error_at say why. */
bool gguf_parse(struct tensor_map *map, const char *text, size_t n);

#endif
