/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * SHA-256 of 32 blocks at once: word i of sixteen blocks lies in one register of 512 bits, and two
 * such sets go side by side, since within one set each round waits for the round before.
 *
 * Rotations and three-operand logic are single instructions in AVX-512 (Intel SDM volume 2, VPRORD
 * and VPTERNLOGD).
 */
#include "hash/x86/sha256.h"

#ifdef __x86_64__

#include <immintrin.h>

#define LANES 16u

#define INLINE static inline __attribute__((always_inline, target("avx512f,avx512bw,avx512vl")))

/* Sixteen blocks on their way: what was reached, and the schedule of the present 64 bytes. */
struct set {
	__m512i state[8], w[64];
};

INLINE __m512i xor3(__m512i a, __m512i b, __m512i c)
{
	return _mm512_ternarylogic_epi32(a, b, c, 0x96);
}

INLINE __m512i add(__m512i a, __m512i b)
{
	return _mm512_add_epi32(a, b);
}

INLINE __m512i broadcast(uint32_t word)
{
	return _mm512_set1_epi32((int)word);
}

INLINE __m512i swap_bytes(__m512i words)
{
	return _mm512_shuffle_epi8(
		words, _mm512_set4_epi32(0x0c0d0e0f, 0x08090a0b, 0x04050607, 0x00010203));
}

/* Rows become columns: after it, register i holds word i of each of the sixteen registers. */
INLINE void transpose(__m512i r[LANES])
{
	__m512i t[LANES];

#pragma GCC unroll 8
	for (size_t i = 0; i < LANES; i += 2) {
		t[i] = _mm512_unpacklo_epi32(r[i], r[i + 1]);
		t[i + 1] = _mm512_unpackhi_epi32(r[i], r[i + 1]);
	}
#pragma GCC unroll 4
	for (size_t i = 0; i < LANES; i += 4) {
		r[i] = _mm512_unpacklo_epi64(t[i], t[i + 2]);
		r[i + 1] = _mm512_unpackhi_epi64(t[i], t[i + 2]);
		r[i + 2] = _mm512_unpacklo_epi64(t[i + 1], t[i + 3]);
		r[i + 3] = _mm512_unpackhi_epi64(t[i + 1], t[i + 3]);
	}
	/* Now quarter q of r[4 p + c] holds word 4 q + c of rows 4 p to 4 p + 3. */
#pragma GCC unroll 4
	for (size_t c = 0; c < 4; c++) {
		const __m512i even = _mm512_shuffle_i32x4(r[c], r[4 + c], 0x88),
			      odd = _mm512_shuffle_i32x4(r[c], r[4 + c], 0xdd);
		const __m512i even_too = _mm512_shuffle_i32x4(r[8 + c], r[12 + c], 0x88);
		const __m512i odd_too = _mm512_shuffle_i32x4(r[8 + c], r[12 + c], 0xdd);

		t[c] = _mm512_shuffle_i32x4(even, even_too, 0x88);
		t[4 + c] = _mm512_shuffle_i32x4(odd, odd_too, 0x88);
		t[8 + c] = _mm512_shuffle_i32x4(even, even_too, 0xdd);
		t[12 + c] = _mm512_shuffle_i32x4(odd, odd_too, 0xdd);
	}
#pragma GCC unroll 16
	for (size_t i = 0; i < LANES; i++)
		r[i] = t[i];
}

/* The next 64 bytes of sixteen blocks, as big-endian words. */
INLINE void load(__m512i w[64], const uint8_t *data, size_t block_size)
{
	__m512i rows[LANES];

#pragma GCC unroll 16
	for (size_t i = 0; i < LANES; i++)
		rows[i] = swap_bytes(_mm512_loadu_si512(data + i * block_size));
	transpose(rows);
#pragma GCC unroll 16
	for (size_t i = 0; i < LANES; i++)
		w[i] = rows[i];
}

/* The word of the schedule that comes sixteen after w[0] (FIPS 180-4, 6.2.2). */
INLINE __m512i schedule(const __m512i *w)
{
	const __m512i a = w[1], b = w[14];
	const __m512i small =
		xor3(_mm512_ror_epi32(a, 7), _mm512_ror_epi32(a, 18), _mm512_srli_epi32(a, 3));
	const __m512i large =
		xor3(_mm512_ror_epi32(b, 17), _mm512_ror_epi32(b, 19), _mm512_srli_epi32(b, 10));

	return add(add(w[0], w[9]), add(small, large));
}

/*
 * Round @i.  What is a in one round is b in the next, and so on: instead of moving them, the places
 * are counted back.
 */
INLINE void one_round(__m512i s[8], size_t i, __m512i wk)
{
	const size_t a = (64 - i) % 8, b = (65 - i) % 8, c = (66 - i) % 8, d = (67 - i) % 8;
	const size_t e = (68 - i) % 8, f = (69 - i) % 8, g = (70 - i) % 8, h = (71 - i) % 8;
	const __m512i upper = xor3(_mm512_ror_epi32(s[e], 6), _mm512_ror_epi32(s[e], 11),
	                           _mm512_ror_epi32(s[e], 25));
	const __m512i choice = _mm512_ternarylogic_epi32(s[e], s[f], s[g], 0xca);
	const __m512i lower = xor3(_mm512_ror_epi32(s[a], 2), _mm512_ror_epi32(s[a], 13),
	                           _mm512_ror_epi32(s[a], 22));
	const __m512i majority = _mm512_ternarylogic_epi32(s[a], s[b], s[c], 0xe8);
	const __m512i first = add(add(add(s[h], wk), choice), upper);

	s[d] = add(s[d], first);
	s[h] = add(first, add(lower, majority));
}

INLINE void sum(__m512i state[8], const __m512i s[8])
{
#pragma GCC unroll 8
	for (size_t i = 0; i < 8; i++)
		state[i] = add(state[i], s[i]);
}

/* Working copies of the states, which stay in registers. */
INLINE void copy_states(const struct set *one, const struct set *two, __m512i s[8], __m512i t[8])
{
#pragma GCC unroll 8
	for (size_t i = 0; i < 8; i++) {
		s[i] = one->state[i];
		t[i] = two->state[i];
	}
}

/*
 * Eight rounds at a time, so that state and temporaries stay in registers and the schedule in the
 * nearest cache.
 */
INLINE void compress(struct set *one, struct set *two)
{
	__m512i s[8], t[8];

	copy_states(one, two, s, t);
	for (size_t at = 0; at < 64; at += 8) {
#pragma GCC unroll 8
		for (size_t i = 0; i < 8; i++) {
			const __m512i k = broadcast(vres_sha256_k[at + i]);

			one_round(s, i, add(one->w[at + i], k));
			one_round(t, i, add(two->w[at + i], k));
			if (at < 48) {
				one->w[at + i + 16] = schedule(one->w + at + i);
				two->w[at + i + 16] = schedule(two->w + at + i);
			}
		}
	}
	sum(one->state, s);
	sum(two->state, t);
}

INLINE void pad(struct set *one, struct set *two, const uint32_t padding[64])
{
	__m512i s[8], t[8];

	copy_states(one, two, s, t);
	for (size_t at = 0; at < 64; at += 8) {
#pragma GCC unroll 8
		for (size_t i = 0; i < 8; i++) {
			one_round(s, i, broadcast(padding[at + i]));
			one_round(t, i, broadcast(padding[at + i]));
		}
	}
	sum(one->state, s);
	sum(two->state, t);
}

INLINE void store(const __m512i state[8], uint8_t *digests)
{
	__m512i rows[LANES];

#pragma GCC unroll 8
	for (size_t i = 0; i < 8; i++) {
		rows[i] = state[i];
		rows[i + 8] = _mm512_setzero_si512();
	}
	transpose(rows);
#pragma GCC unroll 16
	for (size_t i = 0; i < LANES; i++)
		_mm256_storeu_si256((__m256i *)(digests + i * VRES_SHA256_BYTES),
		                    _mm512_castsi512_si256(swap_bytes(rows[i])));
}

__attribute__((target("avx512f,avx512bw,avx512vl"))) static void
group(struct set *one, struct set *two, const uint8_t *data, size_t block_size,
      const uint32_t padding[64], uint8_t *digests)
{
	for (size_t i = 0; i < 8; i++)
		one->state[i] = two->state[i] = broadcast(vres_sha256_initial[i]);
	for (size_t at = 0; at < block_size; at += 64) {
		load(one->w, data + at, block_size);
		load(two->w, data + LANES * block_size + at, block_size);
		compress(one, two);
	}
	pad(one, two, padding);
	store(one->state, digests);
	store(two->state, digests + (size_t)LANES * VRES_SHA256_BYTES);
}

__attribute__((target("avx512f,avx512bw,avx512vl"))) void
vres_sha256_avx512(const uint8_t *data, size_t n, size_t block_size, const uint32_t padding[64],
                   uint8_t *digests)
{
	struct set one, two;

	for (size_t i = 0; i < n; i += 2 * LANES)
		group(&one, &two, data + i * block_size, block_size, padding,
		      digests + i * VRES_SHA256_BYTES);
	/* The schedules are made of data, of which nothing outlives a call. */
	explicit_bzero(&one, sizeof(one));
	explicit_bzero(&two, sizeof(two));
}

#endif
