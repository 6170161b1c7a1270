/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What binds digests to the launch that stored them: masks, and the nonce in each piece.  What a
 * driver left out must show as a wrong digest, never as a right one of an earlier launch.
 */
#include <string.h>
#include "kernels/leaf_hash.h"
#include "support/suite/alloc.h"
#include "support/suite/content.h"
#include "support/suite/suite.h"

#define NONCE UINT64_C(0x5eed0123456789ab)

/* As many blocks as make one and a half nodes of digests; the last digest is alone in a chunk. */
#define NODE      1024u
#define CHILDREN  (NODE / 32 + 15)
#define AS_STORED (CHILDREN + 2)

/* One launch of one piece. */
static void run_launch(const uint8_t *data, uint64_t bytes, uint64_t nonce, uint32_t place,
                       uint8_t *digests)
{
	const uint32_t blocks = (uint32_t)((bytes + NODE - 1) / NODE);
	const vres_leaf_hash_piece piece = {data, bytes, nonce, 0, place};
	uint64_t echo;
	vres_leaf_hash_args args = {&piece,    digests, nonce, &echo, 1,  blocks,
	                            AS_STORED, NODE,    1,     0,     {0}};

	leaf_hash_know_padding(args.padding, NODE);
	for (uint32_t thread = 0; thread < blocks; thread++)
		leaf_hash_thread(&args, 1, thread);
}

START_TEST(next_launch_reads_masked_digests_as_plain_ones_and_only_those_of_the_launch_before)
{
	uint8_t *data = content(CHILDREN * NODE, 4);
	uint8_t plain[2 * NODE] = {0}, want[2 * 32], digests[AS_STORED * 32];

	for (size_t i = 0; i < CHILDREN; i++)
		sha256_of(data + i * NODE, NODE, plain + i * 32);
	sha256_of(plain, NODE, want);
	sha256_of(plain + NODE, NODE, want + 32);
	for (uint64_t late = 0; late < 3; late++) {
		run_launch(data, CHILDREN * NODE, NONCE, 0, digests);
		for (size_t i = 0; i < CHILDREN; i++)
			ck_assert_mem_ne(digests + i * 32, plain + i * 32, 32);
		run_launch(digests, CHILDREN * 32, NONCE + (1 + late) * LEAF_HASH_STEP, CHILDREN,
		           digests);
		for (uint32_t i = CHILDREN; i < AS_STORED; i++)
			leaf_hash_reveal(digests + i * 32, NONCE + (1 + late) * LEAF_HASH_STEP, i);
		if (late == 0)
			ck_assert_mem_eq(digests + CHILDREN * 32, want, 64);
		else
			ck_assert_mem_ne(digests + CHILDREN * 32, want, 32);
	}
	test_free(data);
}
END_TEST

START_TEST(one_digest_has_another_mask_with_each_nonce_and_at_each_place)
{
	static const uint64_t nonces[] = {
		NONCE, NONCE + 1, NONCE + LEAF_HASH_STEP, NONCE + (UINT64_C(1) << 40), ~NONCE, 0};
	uint32_t masks[COUNT(nonces) * 512][8] = {{0}};

	for (uint32_t i = 0; i < COUNT(masks); i++)
		leaf_hash_mask(masks[i], nonces[i / 512], i % 512);
	for (size_t i = 0; i < COUNT(masks); i++)
		for (size_t j = 0; j < i; j++)
			ck_assert_msg(memcmp(masks[i], masks[j], 32) != 0,
			              "masks %zu and %zu are the same", i, j);
	leaf_hash_mask(masks[0], nonces[0], 0);
	for (size_t i = 0; i < 8; i++)
		ck_assert_uint_eq(masks[0][i], 0); /* twice is not at all */
}
END_TEST

/* The list of an earlier launch, as it is there when its copy to the device was left out. */
START_TEST(thread_with_a_piece_of_another_launch_or_past_its_piece_writes_nothing)
{
	const uint8_t data[2 * NODE] = {0};
	uint64_t echo = 5;
	uint8_t digests[AS_STORED * 32];

	memset(digests, 0xa5, sizeof(digests));
	for (uint32_t stale = 0; stale < 2; stale++) {
		const vres_leaf_hash_piece pieces[] = {
			{data, NODE, stale ? NONCE - 1 : NONCE, 0, 0},
			/* This one should begin at thread 1. */
			{data + NODE, NODE, NONCE - 1, 7, 1},
		};
		vres_leaf_hash_args args = {pieces,    digests, NONCE, &echo, 2,  2,
		                            AS_STORED, NODE,    1,     0,     {0}};

		leaf_hash_know_padding(args.padding, NODE);
		leaf_hash_thread(&args, 1, stale ? 0 : 1);
		for (size_t i = 0; i < sizeof(digests); i++)
			ck_assert_uint_eq(digests[i], 0xa5);
		ck_assert_uint_eq(echo, 5);
	}
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE(next_launch_reads_masked_digests_as_plain_ones_and_only_those_of_the_launch_before,
	             "CI-004 CI-007", "integrity", "digests of an earlier launch"),
		CASE(one_digest_has_another_mask_with_each_nonce_and_at_each_place, "CI-007",
	             "integrity", "digests of an earlier launch, or in another's place"),
		CASE(thread_with_a_piece_of_another_launch_or_past_its_piece_writes_nothing,
	             "CI-007", "integrity", "a list of pieces that was not copied"),
	};

	return suite_run("leaf_hash_masks", "kernel", cases, COUNT(cases));
}
