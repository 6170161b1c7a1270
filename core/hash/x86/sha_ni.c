/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * SHA-256 with the SHA extensions (Intel SDM volume 2, SHA256RNDS2 and its neighbours), several
 * blocks side by side.
 *
 * SHA256RNDS2 takes four cycles and depends on the one before, but one can begin every second
 * cycle: with one stream the unit idles half of the time.  Three streams need more registers than
 * SSE has; where AVX512VL is there, the compiler uses its 32 for all but the SHA instructions
 * themselves.
 *
 * The state lies in two registers as those want it: from high to low a b e f, and c d g h.
 */
#include "hash/x86/sha256.h"

#ifdef __x86_64__

#include <immintrin.h>

#define STREAMS_MAX 3

/* Inlined into functions for more capable processors too, and then compiled for those. */
#define INLINE static inline __attribute__((always_inline, target("sha,sse4.1,ssse3")))

struct streams {
	__m128i abef[STREAMS_MAX], cdgh[STREAMS_MAX];
};

INLINE __m128i load(const void *bytes)
{
	return _mm_loadu_si128((const __m128i *)bytes);
}

INLINE __m128i swap_bytes(__m128i words)
{
	return _mm_shuffle_epi8(words, _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203));
}

/* Four rounds of stream @i; @wk: four words of the schedule plus their constants. */
INLINE void four_rounds(struct streams *s, unsigned i, __m128i wk)
{
	s->cdgh[i] = _mm_sha256rnds2_epu32(s->cdgh[i], s->abef[i], wk);
	s->abef[i] = _mm_sha256rnds2_epu32(s->abef[i], s->cdgh[i], _mm_shuffle_epi32(wk, 0x0e));
}

/* Words 4 g to 4 g + 3 of the schedule, made of the sixteen before them. */
INLINE __m128i schedule(const __m128i w[4], unsigned g)
{
	const __m128i oldest = w[g % 4], next = w[(g + 1) % 4], newer = w[(g + 2) % 4],
		      newest = w[(g + 3) % 4];

	return _mm_sha256msg2_epu32(_mm_add_epi32(_mm_sha256msg1_epu32(oldest, next),
	                                          _mm_alignr_epi8(newest, newer, 4)),
	                            newest);
}

INLINE void sum(struct streams *s, unsigned n, const struct streams *before)
{
#pragma GCC unroll 3
	for (unsigned i = 0; i < n; i++) {
		s->abef[i] = _mm_add_epi32(s->abef[i], before->abef[i]);
		s->cdgh[i] = _mm_add_epi32(s->cdgh[i], before->cdgh[i]);
	}
}

/*
 * 64 bytes of each of @n blocks that lie @stride apart.  Those of the next group are asked for,
 * which is harmless where there is none.
 */
INLINE void compress(struct streams *s, unsigned n, const uint8_t *data, size_t stride)
{
	const struct streams before = *s;
	__m128i w[STREAMS_MAX][4];

#pragma GCC unroll 16
	for (unsigned g = 0; g < 16; g++) {
#pragma GCC unroll 3
		for (unsigned i = 0; i < n; i++)
			w[i][g % 4] = g < 4 ? swap_bytes(load(data + i * stride + (size_t)16 * g))
			                    : schedule(w[i], g);
#pragma GCC unroll 3
		for (unsigned i = 0; i < n; i++)
			four_rounds(
				s, i,
				_mm_add_epi32(w[i][g % 4], load(vres_sha256_k + (size_t)4 * g)));
	}
#pragma GCC unroll 3
	for (unsigned i = 0; i < n; i++)
		_mm_prefetch((const char *)(data + (n + i) * stride), _MM_HINT_T0);
	sum(s, n, &before);
}

INLINE void pad(struct streams *s, unsigned n, const uint32_t padding[64])
{
	const struct streams before = *s;

#pragma GCC unroll 16
	for (size_t g = 0; g < 16; g++)
#pragma GCC unroll 3
		for (unsigned i = 0; i < n; i++)
			four_rounds(s, i, load(padding + 4 * g));
	sum(s, n, &before);
}

INLINE void group(unsigned n, const uint8_t *data, size_t block_size, const uint32_t padding[64],
                  uint8_t *digests)
{
	/* From low to high. */
	const __m128i abcd = load(vres_sha256_initial), efgh = load(vres_sha256_initial + 4);
	struct streams s;

#pragma GCC unroll 3
	for (unsigned i = 0; i < n; i++) {
		/* The other way round. */
		s.abef[i] = _mm_shuffle_epi32(_mm_unpacklo_epi64(abcd, efgh), 0x1b);
		s.cdgh[i] = _mm_shuffle_epi32(_mm_unpackhi_epi64(abcd, efgh), 0x1b);
	}
	for (size_t at = 0; at < block_size; at += 64)
		compress(&s, n, data + at, block_size);
	pad(&s, n, padding);
#pragma GCC unroll 3
	for (unsigned i = 0; i < n; i++) {
		const __m128i dcba = _mm_unpackhi_epi64(s.cdgh[i], s.abef[i]),
			      hgfe = _mm_unpacklo_epi64(s.cdgh[i], s.abef[i]);
		__m128i *digest = (__m128i *)(digests + (size_t)i * VRES_SHA256_BYTES);

		_mm_storeu_si128(digest, swap_bytes(_mm_shuffle_epi32(dcba, 0x1b)));
		_mm_storeu_si128(digest + 1, swap_bytes(_mm_shuffle_epi32(hgfe, 0x1b)));
	}
}

__attribute__((target("sha,sse4.1,ssse3"))) void vres_sha256_ni_one(const uint8_t *data, size_t n,
                                                                    size_t block_size,
                                                                    const uint32_t padding[64],
                                                                    uint8_t *digests)
{
	for (size_t i = 0; i < n; i++)
		group(1, data + i * block_size, block_size, padding,
		      digests + i * VRES_SHA256_BYTES);
}

__attribute__((target("sha,sse4.1,ssse3"))) void vres_sha256_ni_two(const uint8_t *data, size_t n,
                                                                    size_t block_size,
                                                                    const uint32_t padding[64],
                                                                    uint8_t *digests)
{
	for (size_t i = 0; i < n; i += 2)
		group(2, data + i * block_size, block_size, padding,
		      digests + i * VRES_SHA256_BYTES);
}

__attribute__((target("sha,sse4.1,ssse3,avx512vl"))) void
vres_sha256_ni_three(const uint8_t *data, size_t n, size_t block_size, const uint32_t padding[64],
                     uint8_t *digests)
{
	for (size_t i = 0; i < n; i += 3)
		group(3, data + i * block_size, block_size, padding,
		      digests + i * VRES_SHA256_BYTES);
}

#endif
