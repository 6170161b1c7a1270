/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Blocks are handed to the chosen way in whole groups, and what is left over to the way that does
 * the rest.
 */
#include "hash/blocks.h"

#include "hash/x86/sha256.h"

const uint32_t vres_sha256_initial[8] = {
	0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
	0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
};

const uint32_t vres_sha256_k[64] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4,
	0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe,
	0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f,
	0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7,
	0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc,
	0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
	0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116,
	0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
	0xc67178f2,
};

static uint32_t rotate(uint32_t x, unsigned by)
{
	return x >> by | x << (32 - by);
}

/*
 * What follows a message of whole 64-byte pieces (FIPS 180-4, 5.1.1) is the same for every block,
 * and so is its schedule (6.2.2).
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

/* Is a part of the work OpenSSL's? */
static bool needs_openssl(const struct blocks_way *way)
{
	while (way->hash && way->rest)
		way = way->rest;
	return way->hash == NULL;
}

vres_status blocks_open(struct blocks *b, const struct blocks_way *way, size_t block_size,
                        vres_error *err)
{
	*b = (struct blocks){.way = way, .block_size = block_size};
	if (way == NULL)
		TRY(vres_crypto_way(&b->way, err));
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
