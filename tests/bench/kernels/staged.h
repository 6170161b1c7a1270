/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Another way to load, for comparison: a warp copies its 32 blocks through shared memory, 128 bytes
 * of each at a time, so that eight threads beside each other read what lies beside each other.  The
 * shipped kernel (leaf_hash.h) lets each thread read its own block.
 *
 * Only where a warp's blocks follow each other in memory, aligned and whole.  Quads are stored
 * crosswise, so that the 32 threads, each reading its own row, do not meet in one bank.  Copies are
 * asynchronous (sm_80 and newer); on the host, where tests play the warp, they are copies.
 */
#ifndef TESTS_BENCH_KERNELS_STAGED_H
#define TESTS_BENCH_KERNELS_STAGED_H

#include "kernels/leaf_hash.h"

#define STAGED_LANES  32u
#define STAGED_ROW    128u /* bytes of each block in a stage */
#define STAGED_STAGES 3u
#define STAGED_BYTES  (STAGED_LANES * STAGED_ROW) /* of a warp's stage */

LEAF_HASH_FN uint32_t staged_place(uint32_t row, uint32_t quad)
{
	return row * STAGED_ROW + (quad ^ (row & 7)) * 16;
}

#if defined(LEAF_HASH_NVIDIA)
LEAF_HASH_FN void staged_copy_quad(uint8_t *to, const uint8_t *from)
{
	__asm__ volatile("{ .reg .u64 t; .reg .u32 s; cvta.to.shared.u64 t, %0; cvt.u32.u64 s, t; "
	                 "cp.async.cg.shared.global [s], [%1], 16; }" ::"l"(to),
	                 "l"(from)
	                 : "memory");
}
#else
LEAF_HASH_FN void staged_copy_quad(uint8_t *to, const uint8_t *from)
{
	for (unsigned i = 0; i < 16; i++)
		to[i] = from[i];
}
#endif

/* One lane's part of a stage: bytes @at to @at + STAGED_ROW of the 32 blocks from @blocks on. */
LEAF_HASH_FN void staged_fetch(uint8_t *stage, const uint8_t *blocks, uint32_t block_size,
                               uint32_t at, uint32_t lane)
{
	const uint32_t quad = lane & 7;

	for (uint32_t i = 0; i < 8; i++) {
		const uint32_t row = 4 * i + lane / 8;

		staged_copy_quad(stage + staged_place(row, quad),
		                 blocks + (uint64_t)row * block_size + at + quad * 16);
	}
}

/* A lane's own chunk of the two that a stage has of its block. */
LEAF_HASH_FN void staged_load(uint32_t w[16], const uint8_t *stage, uint32_t lane, uint32_t half)
{
	for (uint32_t i = 0; i < 4; i++) {
		const leaf_hash_quad *quad =
			(const leaf_hash_quad *)(const void *)(stage +
		                                               staged_place(lane, 4 * half + i));

		for (uint32_t j = 0; j < 4; j++)
			w[4 * i + j] = leaf_hash_swap(quad->word[j]);
	}
}

#endif
