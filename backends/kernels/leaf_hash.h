/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The one kernel: SHA-256 (FIPS 180-4) of one block of the tree, by one thread.
 *
 * Leaves and inner nodes of the fs-verity tree (Linux, Documentation/filesystems/fsverity.rst, "Merkle tree") are the same thing: SHA-256 of
 * one block, zero-padded to the block size.  So this source knows neither levels nor trees; whoever launches it hands digests in as data.
 *
 * Written in the common subset of C11, CUDA C++ and HIP: the mock and the unit tests compile it with the C compiler, GPUs run the same lines.
 * For a GPU's sake the state and the 16 words of the schedule have constant indices only, so that they stay in registers, and there is one
 * call of the compression, so that it is in the image once.
 */
#ifndef VRES_LEAF_HASH_H
#define VRES_LEAF_HASH_H

#include <stdbool.h>
#include <stdint.h>

/* The device compilers' attribute, spelled so that clang needs no vendor header for it. */
#if defined(__CUDACC__) || defined(__CUDA__) || defined(__HIP__)
#define LEAF_HASH_FN static inline __attribute__((device, always_inline))
#else
#define LEAF_HASH_FN static inline __attribute__((always_inline))
#endif

#define LEAF_HASH_BYTES 32u /* of a digest */
#define LEAF_HASH_CHUNK 64u /* what one compression takes in; block sizes are multiples of it */

/* What to hash: the same bytes as a host call's argument and as a kernel's parameter. */
typedef struct vres_leaf_hash_args {
	const uint8_t *data; /* one level of the tree: the sealed bytes, or digests; any alignment, a multiple of 16 is fastest */
	uint64_t bytes;      /* of data; those past them are never read */
	uint64_t first;      /* the first block to hash, counted from data */
	uint64_t count;      /* blocks to hash, one thread each */
	uint8_t *digests;    /* LEAF_HASH_BYTES for each of count */
	uint64_t nonce;      /* written to echo by thread 0, when it is done */
	uint64_t *echo;
	uint32_t block_size; /* power of two, 1024 to 65536 */
	uint32_t reserved;
} vres_leaf_hash_args;

LEAF_HASH_FN uint32_t leaf_hash_rotate(uint32_t x, unsigned n)
{
	return x >> n | x << (32 - n);
}

/* One round.  Instead of moving the eight words along, the caller names them in turn. */
LEAF_HASH_FN void leaf_hash_round(uint32_t a, uint32_t b, uint32_t c, uint32_t *d, uint32_t e, uint32_t f, uint32_t g, uint32_t *h, uint32_t kw)
{
	const uint32_t choice = g ^ (e & (f ^ g));
	const uint32_t majority = (a & b) | (c & (a | b));
	const uint32_t t = *h + (leaf_hash_rotate(e, 6) ^ leaf_hash_rotate(e, 11) ^ leaf_hash_rotate(e, 25)) + choice + kw;

	*d += t;
	*h = t + (leaf_hash_rotate(a, 2) ^ leaf_hash_rotate(a, 13) ^ leaf_hash_rotate(a, 22)) + majority;
}

/* Eight rounds bring the words back to their places. */
LEAF_HASH_FN void leaf_hash_rounds(uint32_t s[8], const uint32_t w[8], uint32_t k0, uint32_t k1, uint32_t k2, uint32_t k3, uint32_t k4,
                                   uint32_t k5, uint32_t k6, uint32_t k7)
{
	leaf_hash_round(s[0], s[1], s[2], &s[3], s[4], s[5], s[6], &s[7], k0 + w[0]);
	leaf_hash_round(s[7], s[0], s[1], &s[2], s[3], s[4], s[5], &s[6], k1 + w[1]);
	leaf_hash_round(s[6], s[7], s[0], &s[1], s[2], s[3], s[4], &s[5], k2 + w[2]);
	leaf_hash_round(s[5], s[6], s[7], &s[0], s[1], s[2], s[3], &s[4], k3 + w[3]);
	leaf_hash_round(s[4], s[5], s[6], &s[7], s[0], s[1], s[2], &s[3], k4 + w[4]);
	leaf_hash_round(s[3], s[4], s[5], &s[6], s[7], s[0], s[1], &s[2], k5 + w[5]);
	leaf_hash_round(s[2], s[3], s[4], &s[5], s[6], s[7], s[0], &s[1], k6 + w[6]);
	leaf_hash_round(s[1], s[2], s[3], &s[4], s[5], s[6], s[7], &s[0], k7 + w[7]);
}

/* W[t] takes the place of W[t - 16]; the others it needs are found at their numbers modulo 16. */
LEAF_HASH_FN void leaf_hash_extend(uint32_t w[16], unsigned t)
{
	const uint32_t x = w[(t + 1) & 15];
	const uint32_t y = w[(t + 14) & 15];

	w[t] += (leaf_hash_rotate(x, 7) ^ leaf_hash_rotate(x, 18) ^ x >> 3) + w[(t + 9) & 15] +
	        (leaf_hash_rotate(y, 17) ^ leaf_hash_rotate(y, 19) ^ y >> 10);
}

/* The next 16 words of the schedule. */
LEAF_HASH_FN void leaf_hash_schedule(uint32_t w[16])
{
	leaf_hash_extend(w, 0);
	leaf_hash_extend(w, 1);
	leaf_hash_extend(w, 2);
	leaf_hash_extend(w, 3);
	leaf_hash_extend(w, 4);
	leaf_hash_extend(w, 5);
	leaf_hash_extend(w, 6);
	leaf_hash_extend(w, 7);
	leaf_hash_extend(w, 8);
	leaf_hash_extend(w, 9);
	leaf_hash_extend(w, 10);
	leaf_hash_extend(w, 11);
	leaf_hash_extend(w, 12);
	leaf_hash_extend(w, 13);
	leaf_hash_extend(w, 14);
	leaf_hash_extend(w, 15);
}

/* FIPS 180-4, 6.2.2: one chunk into the chaining value.  Uses w up. */
LEAF_HASH_FN void leaf_hash_compress(uint32_t h[8], uint32_t w[16])
{
	uint32_t s[8] = {h[0], h[1], h[2], h[3], h[4], h[5], h[6], h[7]};

	leaf_hash_rounds(s, w, 0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5);
	leaf_hash_rounds(s, w + 8, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174);
	leaf_hash_schedule(w);
	leaf_hash_rounds(s, w, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da);
	leaf_hash_rounds(s, w + 8, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967);
	leaf_hash_schedule(w);
	leaf_hash_rounds(s, w, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85);
	leaf_hash_rounds(s, w + 8, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070);
	leaf_hash_schedule(w);
	leaf_hash_rounds(s, w, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3);
	leaf_hash_rounds(s, w + 8, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2);

	h[0] += s[0];
	h[1] += s[1];
	h[2] += s[2];
	h[3] += s[3];
	h[4] += s[4];
	h[5] += s[5];
	h[6] += s[6];
	h[7] += s[7];
}

/* The message is big-endian. */
LEAF_HASH_FN uint32_t leaf_hash_swap(uint32_t x)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return x >> 24 | (x >> 8 & 0xff00) | (x & 0xff00) << 8 | x << 24;
#else
	return x;
#endif
}

/* Sixteen bytes that a GPU loads in one go. */
typedef struct leaf_hash_quad {
	uint32_t word[4];
} __attribute__((aligned(16), may_alias)) leaf_hash_quad;

LEAF_HASH_FN void leaf_hash_load_quad(uint32_t w[4], const leaf_hash_quad *p)
{
	const leaf_hash_quad quad = *p;

	w[0] = leaf_hash_swap(quad.word[0]);
	w[1] = leaf_hash_swap(quad.word[1]);
	w[2] = leaf_hash_swap(quad.word[2]);
	w[3] = leaf_hash_swap(quad.word[3]);
}

/* A whole chunk in aligned memory, which is every chunk of a block that starts at a multiple of 16. */
LEAF_HASH_FN void leaf_hash_load_aligned(uint32_t w[16], const uint8_t *p)
{
	const leaf_hash_quad *quads = (const leaf_hash_quad *)(const void *)p;

	leaf_hash_load_quad(w, quads);
	leaf_hash_load_quad(w + 4, quads + 1);
	leaf_hash_load_quad(w + 8, quads + 2);
	leaf_hash_load_quad(w + 12, quads + 3);
}

/* Byte @at of the @n bytes at @p, or zero past their end. */
LEAF_HASH_FN uint32_t leaf_hash_byte(const uint8_t *p, uint64_t n, uint64_t at)
{
	return at < n ? p[at] : 0;
}

LEAF_HASH_FN uint32_t leaf_hash_load_word(const uint8_t *p, uint64_t n, uint64_t at)
{
	return leaf_hash_byte(p, n, at) << 24 | leaf_hash_byte(p, n, at + 1) << 16 | leaf_hash_byte(p, n, at + 2) << 8 |
	       leaf_hash_byte(p, n, at + 3);
}

LEAF_HASH_FN void leaf_hash_load_bytes(uint32_t w[4], const uint8_t *p, uint64_t n, uint64_t at)
{
	w[0] = leaf_hash_load_word(p, n, at);
	w[1] = leaf_hash_load_word(p, n, at + 4);
	w[2] = leaf_hash_load_word(p, n, at + 8);
	w[3] = leaf_hash_load_word(p, n, at + 12);
}

/* Any other chunk: one that is not aligned, or that the @n bytes at @p end in or before. */
LEAF_HASH_FN void leaf_hash_load_any(uint32_t w[16], const uint8_t *p, uint64_t n, uint64_t at)
{
	leaf_hash_load_bytes(w, p, n, at);
	leaf_hash_load_bytes(w + 4, p, n, at + 16);
	leaf_hash_load_bytes(w + 8, p, n, at + 32);
	leaf_hash_load_bytes(w + 12, p, n, at + 48);
}

/* FIPS 180-4, 5.1.1: what follows a message that fills its chunks: a one bit, zeros, the length in bits. */
LEAF_HASH_FN void leaf_hash_load_padding(uint32_t w[16], uint32_t block_size)
{
	w[0] = 0x80000000;
	for (unsigned i = 1; i < 15; i++)
		w[i] = 0;
	w[15] = block_size * 8;
}

LEAF_HASH_FN void leaf_hash_store(uint8_t *p, uint32_t x)
{
	p[0] = (uint8_t)(x >> 24);
	p[1] = (uint8_t)(x >> 16);
	p[2] = (uint8_t)(x >> 8);
	p[3] = (uint8_t)x;
}

/*
 * The digest of the @n bytes at @p, 0 to @block_size, taken as zero-padded to @block_size.  Nothing past them is read.  A node of the tree
 * is the same with the digests of its children as bytes.
 */
LEAF_HASH_FN void leaf_hash_block(const uint8_t *p, uint64_t n, uint32_t block_size, uint8_t *digest)
{
	uint32_t h[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
	const bool aligned = ((uintptr_t)p & 15) == 0;
	uint32_t w[16];

	for (uint32_t at = 0; at <= block_size; at += LEAF_HASH_CHUNK) {
		if (at == block_size)
			leaf_hash_load_padding(w, block_size);
		else if (aligned && at < n && n - at >= LEAF_HASH_CHUNK)
			leaf_hash_load_aligned(w, p + at);
		else
			leaf_hash_load_any(w, p, n, at);
		leaf_hash_compress(h, w);
	}
	for (unsigned i = 0; i < 8; i++)
		leaf_hash_store(digest + 4 * i, h[i]);
}

/* What thread number @thread of a launch does; threads past the last block do nothing. */
LEAF_HASH_FN void leaf_hash_thread(const vres_leaf_hash_args *args, uint64_t thread)
{
	uint64_t offset, left;

	if (thread >= args->count)
		return;
	offset = (args->first + thread) * args->block_size;
	left = args->bytes > offset ? args->bytes - offset : 0;
	leaf_hash_block(args->data + offset, left < args->block_size ? left : args->block_size, args->block_size,
	                args->digests + thread * LEAF_HASH_BYTES);
	if (thread == 0)
		*args->echo = args->nonce;
}

#endif
