/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which tensors of a safetensors file a range of its bytes touches.
 *
 * The format: 8 bytes, little-endian, the length of the header; the header, a JSON object {"NAME":
 * {"dtype", "shape", "data_offsets": [begin, end]}, ...}, offsets counting from its end; the data.
 * The file is not trusted: what does not fit is no safetensors file, and then damage is named by
 * offsets alone.  Nothing of this is read before there is damage to name.
 */
#ifndef VRES_CLI_SHARDS_SAFETENSORS_H
#define VRES_CLI_SHARDS_SAFETENSORS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct safetensors {
	json_t *header;
	uint64_t data_start; /* in the file */
	uint64_t data_bytes;
};

struct tensor {
	const char *name;    /* owned by the header; UTF-8, any characters */
	const char *type;    /* the same; "" when the header has none */
	uint64_t begin, end; /* in the file */
};

/* False when the file, open for pread() and @bytes long, is not of this format. */
bool safetensors_open(struct safetensors *s, int fd, uint64_t bytes);

/* For CLEANUP. */
void safetensors_close(struct safetensors *s);

/*
 * The tensors that share a byte with [begin, end), in the order of the file, the first @max of
 * them; returns how many there are.
 */
size_t safetensors_find(const struct safetensors *s, uint64_t begin, uint64_t end,
                        struct tensor *out, size_t max);

#endif
