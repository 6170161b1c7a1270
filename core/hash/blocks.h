/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SHA-256 of many blocks of one size. */
#ifndef VRES_CORE_HASH_BLOCKS_H
#define VRES_CORE_HASH_BLOCKS_H

#include "hash/x86/choose.h"
#include "hash/crypto.h"

/* Not for use from two threads at once. */
struct blocks {
	const struct blocks_way *way;
	size_t block_size;
	uint32_t padding[64];
	struct sha256 hash; /* open if OpenSSL hashes some of the blocks */
};

/* @block_size: a multiple of 64.  @way: NULL for the best there is. */
vres_status blocks_open(struct blocks *b, const struct blocks_way *way, size_t block_size,
                        vres_error *err);
void blocks_close(struct blocks *b);

/* Digests of @n whole blocks, lying one after the other at any address. */
vres_status blocks_hash(struct blocks *b, const void *data, size_t n, uint8_t *digests,
                        vres_error *err);

#endif
