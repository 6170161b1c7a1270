/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Kernel variants that kernel_bench compares with the shipped one.  They differ in how they fetch
 * blocks.  Here the C compiler compiles them, and the lanes of a warp run one after the other.
 */
#include <stdlib.h>
#include <string.h>
#include "bench/kernels/bulk.h"
#include "bench/kernels/staged.h"
#include "support/suite/alloc.h"
#include "support/suite/content.h"
#include "support/suite/suite.h"

static const uint32_t block_sizes[] = {1024, 2048, 4096, 8192, 16384, 32768, 65536};

/*
 * The 32 lanes of a warp run one after the other, over the same ring of stages as in the kernel
 * (tests/bench/kernels.cu).
 */
START_TEST(blocks_that_a_warp_stages_have_the_same_digests)
{
	const uint32_t block_size = block_sizes[_i];
	uint8_t *stages = aligned_alloc(16, STAGED_STAGES * STAGED_BYTES);
	uint8_t *blocks = content(STAGED_LANES * (size_t)block_size, 6);
	uint32_t padding[LEAF_HASH_ROUNDS], h[STAGED_LANES][8];

	ck_assert_ptr_nonnull(stages);
	leaf_hash_know_padding(padding, block_size);
	for (uint32_t lane = 0; lane < STAGED_LANES; lane++)
		leaf_hash_begin(h[lane]);
	for (uint32_t at = 0; at < block_size; at += STAGED_ROW) {
		uint8_t *stage = stages + at / STAGED_ROW % STAGED_STAGES * STAGED_BYTES;

		for (uint32_t lane = 0; lane < STAGED_LANES; lane++)
			staged_fetch(stage, blocks, block_size, at, lane);
		for (uint32_t i = 0; i < 2 * STAGED_LANES; i++) {
			uint32_t w[16];

			staged_load(w, stage, i / 2, i & 1);
			leaf_hash_compress(h[i / 2], w, 1);
		}
	}
	for (uint32_t lane = 0; lane < STAGED_LANES; lane++) {
		uint8_t digest[32], want[32];

		leaf_hash_compress_known(h[lane], padding, 1);
		leaf_hash_store(digest, h[lane]);
		sha256_of(blocks + lane * (size_t)block_size, block_size, want);
		ck_assert_mem_eq(digest, want, 32);
	}
	free(stages);
	test_free(blocks);
}
END_TEST

/*
 * Computes the digests of a warp's blocks.  The copy engine fills the stages in the order of the
 * kernel (tests/bench/kernel_bulk.cu).
 */
static void bulk_digests(bulk_warp *warp, const uint8_t *blocks, uint32_t block_size,
                         uint32_t h[BULK_LANES][8])
{
	const uint32_t rows = block_size / BULK_ROW;

	bulk_begin(warp);
	for (uint32_t row = 0; row < BULK_STAGES; row++)
		bulk_fetch(warp, blocks, block_size, row);
	for (uint32_t at = 0; at < block_size; at += LEAF_HASH_CHUNK) {
		const uint32_t next = at / BULK_ROW + BULK_STAGES;

		ck_assert_msg(bulk_await(warp, at / BULK_ROW),
		              "row %u was fetched and is not there", at / BULK_ROW);
		for (uint32_t lane = 0; lane < BULK_LANES; lane++) {
			uint32_t w[16];

			bulk_load(w, warp, lane, at);
			leaf_hash_compress(h[lane], w, 1);
		}
		ck_assert_msg(!bulk_is_there(warp, next), "row %u is there and was not fetched",
		              next);
		if ((at + LEAF_HASH_CHUNK) % BULK_ROW == 0 && next < rows)
			bulk_fetch(warp, blocks, block_size, next);
	}
}

START_TEST(blocks_that_the_copy_engine_stages_have_the_same_digests_and_each_row_its_phase)
{
	const uint32_t block_size = block_sizes[_i];
	bulk_warp *warp = aligned_alloc(16, sizeof(*warp));
	uint8_t *blocks = content(BULK_LANES * (size_t)block_size, 7);
	uint32_t padding[LEAF_HASH_ROUNDS], h[BULK_LANES][8];

	ck_assert_ptr_nonnull(warp);
	leaf_hash_know_padding(padding, block_size);
	for (uint32_t lane = 0; lane < BULK_LANES; lane++)
		leaf_hash_begin(h[lane]);
	bulk_digests(warp, blocks, block_size, h);
	for (uint32_t lane = 0; lane < BULK_LANES; lane++) {
		uint8_t digest[32], want[32];

		leaf_hash_compress_known(h[lane], padding, 1);
		leaf_hash_store(digest, h[lane]);
		sha256_of(blocks + lane * (size_t)block_size, block_size, want);
		ck_assert_mem_eq(digest, want, 32);
	}
	free(warp);
	test_free(blocks);
}
END_TEST

/*
 * A 16-byte load serves eight lanes at a time, and shared memory has 32 banks of 4 bytes.  So these
 * eight lanes must be in different banks.
 */
START_TEST(eight_lanes_find_their_quads_in_different_banks_and_where_the_engine_can_write)
{
	bulk_warp *warp = aligned_alloc(16, sizeof(*warp));

	ck_assert_ptr_nonnull(warp);
	for (uint32_t row = 0; row < BULK_STAGES; row++) {
		for (uint32_t lane = 0; lane < BULK_LANES; lane += 8) {
			uint32_t seen = 0;

			for (uint32_t i = lane; i < lane + 8; i++) {
				const size_t at =
					(size_t)(bulk_place(warp, row, i) - warp->stages[0]);

				ck_assert_uint_eq(at % 16, 0);
				seen |= 1u << at / 16 % 8;
			}
			ck_assert_uint_eq(seen, 0xff);
		}
		ck_assert_ptr_eq(bulk_place(warp, row + BULK_STAGES, 0), bulk_place(warp, row, 0));
		ck_assert_ptr_eq(bulk_place(warp, row, BULK_LANES - 1) + BULK_STRIDE,
		                 warp->stages[row] + sizeof(warp->stages[row]));
	}
	free(warp);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE_LOOP(blocks_that_a_warp_stages_have_the_same_digests, COUNT(block_sizes),
	                  "CI-004", "integrity", "a variant that is fast and wrong"),
		CASE_LOOP(
			blocks_that_the_copy_engine_stages_have_the_same_digests_and_each_row_its_phase,
			COUNT(block_sizes), "CI-004", "integrity",
			"a variant that is fast and wrong, a row read before it is there"),
		CASE(eight_lanes_find_their_quads_in_different_banks_and_where_the_engine_can_write,
	             "", "",
	             "a copy to where none can be made, a comparison with a variant that is slow "
	             "for no reason of its own"),
	};

	return suite_run("leaf_hash_variants", "kernel", cases, COUNT(cases));
}
