/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The kernels that kernel_bench compares, all with the arguments of the shipped one: that one
 * itself; the same with more groups to a multiprocessor, and so fewer registers; the same with
 * ordinary additions; the same loading through shared memory; the same telling at what clock it
 * ran.  And a stamp, to time what lies between two of them.  Two more are in
 * kernel_bulk.cu and kernel_shifts.cu.
 */
#include "kernel_warp.h"
#include "bench/kernels/staged.h"

LEAF_HASH_KERNEL vres_leaf_hash(const vres_leaf_hash_args args)
{
	leaf_hash_thread(&args, args.one, LEAF_HASH_THREAD);
}

LEAF_HASH_KERNEL_OF(6) vres_leaf_hash_6_groups(const vres_leaf_hash_args args)
{
	leaf_hash_thread(&args, args.one, LEAF_HASH_THREAD);
}

LEAF_HASH_KERNEL_OF(8) vres_leaf_hash_8_groups(const vres_leaf_hash_args args)
{
	leaf_hash_thread(&args, args.one, LEAF_HASH_THREAD);
}

/* A literal 1, which the assembler sees through. */
LEAF_HASH_KERNEL vres_leaf_hash_plain(const vres_leaf_hash_args args)
{
	leaf_hash_thread(&args, 1, LEAF_HASH_THREAD);
}

LEAF_HASH_FN uint64_t stamp_ns(void)
{
	uint64_t ns;

	__asm__ volatile("mov.u64 %0, %%globaltimer;" : "=l"(ns)::"memory");
	return ns;
}

LEAF_HASH_FN uint64_t stamp_clock(void)
{
	uint64_t clock;

	__asm__ volatile("mov.u64 %0, %%clock64;" : "=l"(clock)::"memory");
	return clock;
}

/* Thread 0 leaves its cycles and nanoseconds behind the echo. */
LEAF_HASH_KERNEL vres_leaf_hash_clocked(const vres_leaf_hash_args args)
{
	const uint32_t thread = LEAF_HASH_THREAD;
	const uint64_t clock = stamp_clock(), ns = stamp_ns();

	leaf_hash_thread(&args, args.one, thread);
	if (thread == 0) {
		args.echo[1] = stamp_clock() - clock;
		args.echo[2] = stamp_ns() - ns;
	}
}

LEAF_HASH_KERNEL_OF(1) vres_stamp(const vres_leaf_hash_args args)
{
	*args.echo = stamp_ns();
}

LEAF_HASH_FN void staged_commit(void)
{
	__asm__ volatile("cp.async.commit_group;" ::: "memory");
}

/*
 * The oldest stage of all that are under way is there, and every lane is through with the one
 * before it.
 */
LEAF_HASH_FN void staged_await(void)
{
	__asm__ volatile("cp.async.wait_group %0;" ::"n"(STAGED_STAGES - 2) : "memory");
	warp_meet();
}

LEAF_HASH_FN void staged_block(uint8_t *stages, const uint8_t *blocks, const warp_part *part, const vres_leaf_hash_args *args)
{
	const uint32_t one = args->one, block_size = args->block_size, lane = part->lane;
	uint32_t h[8], w[16], next = 0, stage = 0;

	leaf_hash_begin(h);
	for (; next < STAGED_STAGES - 1; next++) {
		staged_fetch(stages + next * STAGED_BYTES, blocks, block_size, next * STAGED_ROW, lane);
		staged_commit();
	}
#pragma unroll 1
	for (uint32_t at = 0; at < block_size; at += LEAF_HASH_CHUNK) {
		if (at % STAGED_ROW == 0) {
			staged_await();
			if (at + (STAGED_STAGES - 1) * STAGED_ROW < block_size)
				staged_fetch(stages + next * STAGED_BYTES, blocks, block_size, at + (STAGED_STAGES - 1) * STAGED_ROW, lane);
			staged_commit();
			next = next + 1 < STAGED_STAGES ? next + 1 : 0;
		}
		staged_load(w, stages + stage * STAGED_BYTES, lane, at / LEAF_HASH_CHUNK & 1);
		leaf_hash_compress(h, w, one);
		if (at % STAGED_ROW != 0)
			stage = stage + 1 < STAGED_STAGES ? stage + 1 : 0;
	}
	leaf_hash_compress_known(h, args->padding, one);
	leaf_hash_store_masked(args, part->place, h);
}

/* Four groups' shared memory is all that a multiprocessor has. */
LEAF_HASH_KERNEL_OF(4) vres_leaf_hash_staged(const vres_leaf_hash_args args)
{
	static __attribute__((shared)) __attribute__((aligned(16))) uint8_t shared[LEAF_HASH_GROUP / STAGED_LANES][STAGED_STAGES * STAGED_BYTES];
	const uint32_t thread = LEAF_HASH_THREAD;
	warp_part part;

	if (!warp_part_of(&args, thread, LEAF_HASH_GROUP, &part)) {
		leaf_hash_thread(&args, args.one, thread);
		return;
	}
	staged_block(shared[part.number], part.blocks, &part, &args);
	if (thread == 0)
		*args.echo = args.nonce;
}
