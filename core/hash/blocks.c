/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The chosen way hashes as many whole groups of blocks as there are; the way that is named in its
 * `rest` hashes the remaining blocks.
 */
#include "hash/blocks.h"

#include <stdatomic.h>

#include "hash/x86/sha256.h"

static uint32_t rotate(uint32_t x, unsigned by)
{
	return x >> by | x << (32 - by);
}

/*
 * The padding of a message (FIPS 180-4, 5.1.1).  All blocks have the same length, a multiple of 64,
 * so their padding is the same, and so is its schedule (6.2.2).
 */
static void padding_fill(uint32_t padding[64], uint64_t bytes)
{
	uint32_t w[64] = {0x80000000};

	w[14] = (uint32_t)(bytes >> 29);
	w[15] = (uint32_t)(bytes << 3);
	for (size_t i = 16; i < 64; i++) {
		const uint32_t a = w[i - 15], b = w[i - 2];

		w[i] = w[i - 16] + w[i - 7] + (rotate(a, 7) ^ rotate(a, 18) ^ a >> 3) +
		       (rotate(b, 17) ^ rotate(b, 19) ^ b >> 10);
	}
	for (size_t i = 0; i < 64; i++)
		padding[i] = w[i] + vres_sha256_k[i];
}

/* The processor is asked once; threads that ask at the same time get the same answer. */
static const struct blocks_way *best_way(void)
{
	static _Atomic(const struct blocks_way *) best;
	const struct blocks_way *way = atomic_load_explicit(&best, memory_order_relaxed);

	if (way == NULL) {
		way = blocks_way_best();
		atomic_store_explicit(&best, way, memory_order_relaxed);
	}
	return way;
}

/* Does OpenSSL hash some of the blocks? */
static bool needs_openssl(const struct blocks_way *way)
{
	while (way->hash && way->rest)
		way = way->rest;
	return way->hash == NULL;
}

vres_status blocks_open(struct blocks *b, const struct blocks_way *way, size_t block_size,
                        vres_error *err)
{
	*b = (struct blocks){.way = way ? way : best_way(), .block_size = block_size};
	padding_fill(b->padding, block_size);
	return needs_openssl(b->way) ? vres_sha256_open(&b->hash, err) : VRES_OK;
}

void blocks_close(struct blocks *b)
{
	vres_sha256_close(&b->hash);
}

static vres_status one_by_one(struct blocks *b, const uint8_t *data, size_t n, uint8_t *digests,
                              vres_error *err)
{
	for (size_t i = 0; i < n; i++)
		TRY(vres_sha256_whole(&b->hash, data + i * b->block_size, b->block_size,
		                      digests + i * VRES_SHA256_BYTES, err));
	return VRES_OK;
}

vres_status blocks_hash(struct blocks *b, const void *data, size_t n, uint8_t *digests,
                        vres_error *err)
{
	const uint8_t *next = data;

	for (const struct blocks_way *way = b->way; n > 0; way = way->rest) {
		const size_t whole = n - n % way->group;

		if (way->hash)
			way->hash(next, whole, b->block_size, b->padding, digests);
		else
			TRY(one_by_one(b, next, whole, digests, err));
		next += whole * b->block_size;
		digests += whole * VRES_SHA256_BYTES;
		n -= whole;
	}
	return VRES_OK;
}
