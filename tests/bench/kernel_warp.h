/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What variants that load by warps share: a warp whose 32 blocks are aligned, whole and adjacent in
 * memory.
 */
#ifndef TESTS_BENCH_KERNEL_WARP_H
#define TESTS_BENCH_KERNEL_WARP_H

#include "kernels/entry.h"
#include "kernels/leaf_hash.h"

#define WARP_LANES 32u

/* What a thread knows about its warp. */
typedef struct warp_part {
	uint32_t lane, number; /* the number of the warp in its group */
	const uint8_t *blocks; /* of the warp */
	uint32_t place;        /* of the thread's own digest */
} warp_part;

LEAF_HASH_FN bool warp_agrees(bool agrees)
{
	uint32_t all;

	__asm__ volatile("{ .reg .pred p, q; setp.ne.u32 p, %1, 0; vote.sync.all.pred q, p, "
	                 "0xffffffff; selp.u32 %0, 1, 0, q; }"
	                 : "=r"(all)
	                 : "r"((uint32_t)agrees));
	return all != 0;
}

/* Waits for all threads of the warp, and makes their writes visible. */
LEAF_HASH_FN void warp_meet(void)
{
	__asm__ volatile("bar.warp.sync 0xffffffff;" ::: "memory");
}

/* Such digests are masked, and only the shipped kernel removes masks. */
LEAF_HASH_FN bool warp_reads_digests(const vres_leaf_hash_args *args, const uint8_t *blocks)
{
	return (uintptr_t)blocks - (uintptr_t)args->digests <
	       (uint64_t)args->digests_room * LEAF_HASH_BYTES;
}

/* False, for the whole warp: its blocks cannot be loaded this way. */
LEAF_HASH_FN bool warp_part_of(const vres_leaf_hash_args *args, uint32_t thread, uint32_t group,
                               warp_part *part)
{
	const uint32_t lane = thread % WARP_LANES, first = thread - lane;
	const vres_leaf_hash_piece *piece = leaf_hash_piece_of(args, first);
	const uint64_t end = (uint64_t)(first + WARP_LANES - piece->first) * args->block_size;
	const uint32_t place = piece->place + (thread - piece->first);

	part->lane = lane;
	part->number = thread % group / WARP_LANES;
	part->blocks = piece->data + (uint64_t)(first - piece->first) * args->block_size;
	part->place = place;
	return warp_agrees(first + WARP_LANES <= args->threads && end <= piece->bytes &&
	                   piece->seal == leaf_hash_seal(piece, args->nonce) &&
	                   ((uintptr_t)part->blocks & 15) == 0 && place < args->digests_room &&
	                   !warp_reads_digests(args, part->blocks));
}

#endif
