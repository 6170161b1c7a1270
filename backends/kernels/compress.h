/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The compression of SHA-256 (FIPS 180-4): of any chunk, and of the padding that follows a block,
 * whose schedule is known beforehand.
 *
 * For a GPU's sake the state and the 16 words of the schedule have constant indices only, so that
 * they stay in registers.  Every addition is leaf_hash_add(), and @one goes wherever there is one.
 */
#ifndef VRES_BACKENDS_KERNELS_COMPRESS_H
#define VRES_BACKENDS_KERNELS_COMPRESS_H

#include "kernels/dialect.h"

#define LEAF_HASH_ROUNDS 64u

LEAF_HASH_FN uint32_t leaf_hash_rotate(uint32_t x, unsigned n)
{
	return x >> n | x << (32 - n);
}

/*
 * One round.  Instead of moving the eight words along, the caller names them in turn.  @kw comes
 * with the constant; all but h waits for e.
 */
LEAF_HASH_FN void leaf_hash_round(uint32_t a, uint32_t b, uint32_t c, uint32_t *d, uint32_t e,
                                  uint32_t f, uint32_t g, uint32_t *h, uint32_t kw, uint32_t one)
{
	const uint32_t choice = g ^ (e & (f ^ g));
	const uint32_t majority = (a & b) | (c & (a | b));
	const uint32_t sigma_e =
		leaf_hash_rotate(e, 6) ^ leaf_hash_rotate(e, 11) ^ leaf_hash_rotate(e, 25);
	const uint32_t sigma_a =
		leaf_hash_rotate(a, 2) ^ leaf_hash_rotate(a, 13) ^ leaf_hash_rotate(a, 22);
	const uint32_t t =
		leaf_hash_add(leaf_hash_add(leaf_hash_add(*h, kw, one), choice, one), sigma_e, one);

	*d = leaf_hash_add(*d, t, one);
	*h = leaf_hash_add(leaf_hash_add(sigma_a, majority, one), t, one);
}

/* Eight rounds bring the words back to their places. */
LEAF_HASH_FN void leaf_hash_eight(uint32_t s[8], const uint32_t kw[8], uint32_t one)
{
	leaf_hash_round(s[0], s[1], s[2], &s[3], s[4], s[5], s[6], &s[7], kw[0], one);
	leaf_hash_round(s[7], s[0], s[1], &s[2], s[3], s[4], s[5], &s[6], kw[1], one);
	leaf_hash_round(s[6], s[7], s[0], &s[1], s[2], s[3], s[4], &s[5], kw[2], one);
	leaf_hash_round(s[5], s[6], s[7], &s[0], s[1], s[2], s[3], &s[4], kw[3], one);
	leaf_hash_round(s[4], s[5], s[6], &s[7], s[0], s[1], s[2], &s[3], kw[4], one);
	leaf_hash_round(s[3], s[4], s[5], &s[6], s[7], s[0], s[1], &s[2], kw[5], one);
	leaf_hash_round(s[2], s[3], s[4], &s[5], s[6], s[7], s[0], &s[1], kw[6], one);
	leaf_hash_round(s[1], s[2], s[3], &s[4], s[5], s[6], s[7], &s[0], kw[7], one);
}

LEAF_HASH_FN void leaf_hash_add_four(uint32_t kw[4], const uint32_t w[4], uint32_t one, uint32_t k0,
                                     uint32_t k1, uint32_t k2, uint32_t k3)
{
	kw[0] = leaf_hash_add(w[0], k0, one);
	kw[1] = leaf_hash_add(w[1], k1, one);
	kw[2] = leaf_hash_add(w[2], k2, one);
	kw[3] = leaf_hash_add(w[3], k3, one);
}

/*
 * FIPS 180-4, 4.2.2: the constants of eight rounds, added to their words of the schedule.  @eighth
 * is known when this is compiled.
 */
LEAF_HASH_FN void leaf_hash_add_constants(uint32_t kw[8], const uint32_t w[8], unsigned eighth,
                                          uint32_t one)
{
	switch (eighth) {
	case 0:
		leaf_hash_add_four(kw, w, one, 0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5);
		leaf_hash_add_four(kw + 4, w + 4, one, 0x3956c25b, 0x59f111f1, 0x923f82a4,
		                   0xab1c5ed5);
		break;
	case 1:
		leaf_hash_add_four(kw, w, one, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3);
		leaf_hash_add_four(kw + 4, w + 4, one, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7,
		                   0xc19bf174);
		break;
	case 2:
		leaf_hash_add_four(kw, w, one, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc);
		leaf_hash_add_four(kw + 4, w + 4, one, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc,
		                   0x76f988da);
		break;
	case 3:
		leaf_hash_add_four(kw, w, one, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7);
		leaf_hash_add_four(kw + 4, w + 4, one, 0xc6e00bf3, 0xd5a79147, 0x06ca6351,
		                   0x14292967);
		break;
	case 4:
		leaf_hash_add_four(kw, w, one, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13);
		leaf_hash_add_four(kw + 4, w + 4, one, 0x650a7354, 0x766a0abb, 0x81c2c92e,
		                   0x92722c85);
		break;
	case 5:
		leaf_hash_add_four(kw, w, one, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3);
		leaf_hash_add_four(kw + 4, w + 4, one, 0xd192e819, 0xd6990624, 0xf40e3585,
		                   0x106aa070);
		break;
	case 6:
		leaf_hash_add_four(kw, w, one, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5);
		leaf_hash_add_four(kw + 4, w + 4, one, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f,
		                   0x682e6ff3);
		break;
	default:
		leaf_hash_add_four(kw, w, one, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208);
		leaf_hash_add_four(kw + 4, w + 4, one, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
		                   0xc67178f2);
	}
}

/* W[t] takes the place of W[t - 16]; the others it needs are found at their numbers modulo 16. */
LEAF_HASH_FN void leaf_hash_extend(uint32_t w[16], unsigned t, uint32_t one)
{
	const uint32_t x = w[(t + 1) & 15];
	const uint32_t y = w[(t + 14) & 15];
	const uint32_t sigma_x =
		leaf_hash_rotate(x, 7) ^ leaf_hash_rotate(x, 18) ^ leaf_hash_shift(x, 3, one);
	const uint32_t sigma_y =
		leaf_hash_rotate(y, 17) ^ leaf_hash_rotate(y, 19) ^ leaf_hash_shift(y, 10, one);

	w[t] = leaf_hash_add(leaf_hash_add(leaf_hash_add(w[t], w[(t + 9) & 15], one), sigma_x, one),
	                     sigma_y, one);
}

/* The next 16 words of the schedule. */
LEAF_HASH_FN void leaf_hash_schedule(uint32_t w[16], uint32_t one)
{
	leaf_hash_extend(w, 0, one);
	leaf_hash_extend(w, 1, one);
	leaf_hash_extend(w, 2, one);
	leaf_hash_extend(w, 3, one);
	leaf_hash_extend(w, 4, one);
	leaf_hash_extend(w, 5, one);
	leaf_hash_extend(w, 6, one);
	leaf_hash_extend(w, 7, one);
	leaf_hash_extend(w, 8, one);
	leaf_hash_extend(w, 9, one);
	leaf_hash_extend(w, 10, one);
	leaf_hash_extend(w, 11, one);
	leaf_hash_extend(w, 12, one);
	leaf_hash_extend(w, 13, one);
	leaf_hash_extend(w, 14, one);
	leaf_hash_extend(w, 15, one);
}

LEAF_HASH_FN void leaf_hash_begin(uint32_t h[8])
{
	h[0] = 0x6a09e667;
	h[1] = 0xbb67ae85;
	h[2] = 0x3c6ef372;
	h[3] = 0xa54ff53a;
	h[4] = 0x510e527f;
	h[5] = 0x9b05688c;
	h[6] = 0x1f83d9ab;
	h[7] = 0x5be0cd19;
}

LEAF_HASH_FN void leaf_hash_sum(uint32_t h[8], const uint32_t s[8], uint32_t one)
{
	h[0] = leaf_hash_add(h[0], s[0], one);
	h[1] = leaf_hash_add(h[1], s[1], one);
	h[2] = leaf_hash_add(h[2], s[2], one);
	h[3] = leaf_hash_add(h[3], s[3], one);
	h[4] = leaf_hash_add(h[4], s[4], one);
	h[5] = leaf_hash_add(h[5], s[5], one);
	h[6] = leaf_hash_add(h[6], s[6], one);
	h[7] = leaf_hash_add(h[7], s[7], one);
}

/* Sixteen rounds over the words at hand. */
LEAF_HASH_FN void leaf_hash_rounds(uint32_t s[8], const uint32_t w[16], unsigned quarter,
                                   uint32_t one)
{
	uint32_t kw[8];

	leaf_hash_add_constants(kw, w, 2 * quarter, one);
	leaf_hash_eight(s, kw, one);
	leaf_hash_add_constants(kw, w + 8, 2 * quarter + 1, one);
	leaf_hash_eight(s, kw, one);
}

/* FIPS 180-4, 6.2.2: one chunk into the chaining value.  Uses w up. */
LEAF_HASH_FN void leaf_hash_compress(uint32_t h[8], uint32_t w[16], uint32_t one)
{
	uint32_t s[8] = {h[0], h[1], h[2], h[3], h[4], h[5], h[6], h[7]};

	leaf_hash_rounds(s, w, 0, one);
	leaf_hash_schedule(w, one);
	leaf_hash_rounds(s, w, 1, one);
	leaf_hash_schedule(w, one);
	leaf_hash_rounds(s, w, 2, one);
	leaf_hash_schedule(w, one);
	leaf_hash_rounds(s, w, 3, one);
	leaf_hash_sum(h, s, one);
}

/*
 * Each round's constant plus schedule for the chunk that follows a block (5.1.1: a one bit, zeros,
 * the length in bits).  It depends on nothing but the block size, so it is worked out once, on the
 * host.
 */
LEAF_HASH_FN void leaf_hash_know_padding(uint32_t kw[LEAF_HASH_ROUNDS], uint32_t block_size)
{
	uint32_t w[16] = {0x80000000};

	w[15] = block_size * 8;
	for (unsigned eighth = 0; eighth < 8; eighth++) {
		leaf_hash_add_constants(kw + 8 * eighth, w + 8 * (eighth & 1), eighth, 1);
		if (eighth & 1)
			leaf_hash_schedule(w, 1);
	}
}

/* As leaf_hash_compress(), for a chunk that is known. */
LEAF_HASH_FN void leaf_hash_compress_known(uint32_t h[8], const uint32_t kw[LEAF_HASH_ROUNDS],
                                           uint32_t one)
{
	uint32_t s[8] = {h[0], h[1], h[2], h[3], h[4], h[5], h[6], h[7]};

	leaf_hash_eight(s, kw, one);
	leaf_hash_eight(s, kw + 8, one);
	leaf_hash_eight(s, kw + 16, one);
	leaf_hash_eight(s, kw + 24, one);
	leaf_hash_eight(s, kw + 32, one);
	leaf_hash_eight(s, kw + 40, one);
	leaf_hash_eight(s, kw + 48, one);
	leaf_hash_eight(s, kw + 56, one);
	leaf_hash_sum(h, s, one);
}

#endif
