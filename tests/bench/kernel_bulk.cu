/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The variant that loads by the bulk copy engine (bulk.h), with the arguments of the shipped
 * kernel.  An image of its own, since it needs sm_90 and the others do not.  Not yet run on a GPU.
 */
#include "bench/kernels/bulk.h"
#include "kernel_warp.h"

/*
 * As much shared memory as a kernel has without asking for more holds two warps', and a
 * multiprocessor's six groups'.
 */
#define BULK_GROUP  64u
#define BULK_GROUPS 6

static_assert(BULK_GROUP / BULK_LANES * sizeof(bulk_warp) <= 48 * 1024, "more than a kernel has without asking");

/*
 * One of the 32, always the same.  The assembler knows it for one, and then spares a loop over the
 * threads at each order to the engine.
 */
LEAF_HASH_FN bool warp_elects(void)
{
	uint32_t elected;

	__asm__ volatile("{ .reg .pred p; elect.sync _|p, 0xffffffff; selp.u32 %0, 1, 0, p; }" : "=r"(elected));
	return elected != 0;
}

/*
 * Every phase is waited for by every thread, so no copy is under way when the warp ends.  A stage
 * is filled anew when each thread has its last chunk of the row before in registers, while all hash
 * it: there is the time of that chunk and of the next row for it.
 */
LEAF_HASH_FN void bulk_block(bulk_warp *warp, const warp_part *part, const vres_leaf_hash_args *args)
{
	const uint32_t one = args->one, block_size = args->block_size, rows = block_size / BULK_ROW;
	uint32_t h[8], w[16];

	if (warp_elects()) {
		bulk_begin(warp);
		for (uint32_t row = 0; row < BULK_STAGES; row++)
			bulk_fetch(warp, part->blocks, block_size, row);
	}
	warp_meet();
	leaf_hash_begin(h);
#pragma unroll 1
	for (uint32_t at = 0; at < block_size; at += LEAF_HASH_CHUNK) {
		const uint32_t row = at / BULK_ROW;

		if (at % BULK_ROW == 0 && !warp_agrees(bulk_await(warp, row)))
			return;
		bulk_load(w, warp, part->lane, at);
		if ((at + LEAF_HASH_CHUNK) % BULK_ROW == 0 && row + BULK_STAGES < rows) {
			warp_meet();
			if (warp_elects())
				bulk_fetch(warp, part->blocks, block_size, row + BULK_STAGES);
		}
		leaf_hash_compress(h, w, one);
	}
	leaf_hash_compress_known(h, args->padding, one);
	leaf_hash_store_masked(args, part->place, h);
}

extern "C" __attribute__((global, launch_bounds(BULK_GROUP, BULK_GROUPS))) void vres_leaf_hash_bulk(const vres_leaf_hash_args args)
{
	static __attribute__((shared)) bulk_warp warps[BULK_GROUP / BULK_LANES];
	const uint32_t thread = LEAF_HASH_THREAD;
	warp_part part;

	if (!warp_part_of(&args, thread, BULK_GROUP, &part)) {
		leaf_hash_thread(&args, args.one, thread);
		return;
	}
	bulk_block(&warps[part.number], &part, &args);
	if (thread == 0)
		*args.echo = args.nonce;
}
