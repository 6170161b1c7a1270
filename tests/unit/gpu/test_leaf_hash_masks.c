/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What binds digests to the launch that stored them: a mask on each digest, and the nonce in each
 * piece.  What a driver left out must lead to a wrong digest, never to a right one of an earlier
 * launch.
 */
#include <stdlib.h>
#include <string.h>
#include "kernels/leaf_hash.h"
#include "support/suite/alloc.h"
#include "support/suite/content.h"
#include "support/suite/suite.h"

#define NONCE UINT64_C(0x5eed0123456789ab)

/*
 * Blocks for one and a half nodes.  Then the last digest is alone in a 64-byte chunk of the hash.
 */
#define NODE      1024u
#define CHILDREN  (NODE / 32 + 15)
#define AS_STORED (CHILDREN + 2)

/* Runs a launch with one piece. */
static void run_launch(const uint8_t *data, uint64_t bytes, uint64_t nonce, uint32_t place,
                       uint8_t *digests)
{
	const uint32_t blocks = (uint32_t)((bytes + NODE - 1) / NODE);
	const vres_leaf_hash_piece piece = leaf_hash_sealed(data, bytes, 0, place, nonce);
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

static int by_bytes(const void *a, const void *b)
{
	return memcmp(a, b, 32);
}

START_TEST(one_digest_has_another_mask_with_each_nonce_and_at_each_place)
{
	static const uint64_t nonces[] = {
		NONCE, NONCE + 1, NONCE + LEAF_HASH_STEP, NONCE + (UINT64_C(1) << 40), ~NONCE, 0};
	uint32_t masks[COUNT(nonces) * 512][8] = {{0}};

	for (uint32_t i = 0; i < COUNT(masks); i++)
		leaf_hash_mask(masks[i], nonces[i / 512], i % 512);
	qsort(masks, COUNT(masks), sizeof(masks[0]), by_bytes);
	for (size_t i = 1; i < COUNT(masks); i++)
		ck_assert_mem_ne(masks[i - 1], masks[i], 32);
	memset(masks[0], 0, sizeof(masks[0]));
	leaf_hash_mask(masks[0], nonces[0], 0);
	leaf_hash_mask(masks[0], nonces[0], 0);
	for (size_t i = 0; i < 8; i++)
		ck_assert_uint_eq(masks[0][i], 0); /* applying a mask twice takes it off */
}
END_TEST

/* An earlier launch's list of pieces, which is still there if the driver left out the copy. */
START_TEST(thread_with_a_piece_of_another_launch_or_past_its_piece_writes_nothing)
{
	const uint8_t data[2 * NODE] = {0};
	uint64_t echo = 5;
	uint8_t digests[AS_STORED * 32];

	memset(digests, 0xa5, sizeof(digests));
	for (uint32_t stale = 0; stale < 2; stale++) {
		const vres_leaf_hash_piece pieces[] = {
			leaf_hash_sealed(data, NODE, 0, 0, stale ? NONCE - 1 : NONCE),
			/* belongs at thread 1, but says 7 */
			leaf_hash_sealed(data + NODE, NODE, 7, 1, NONCE - 1),
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

/* The unit, in bytes, in which a copy may be incomplete. */
#define MOVED 4u

/*
 * If a copy left out a part of a piece, words of an earlier job's piece are still there.  Every
 * such mixture must be noticed.
 */
START_TEST(thread_with_a_piece_that_was_copied_in_part_writes_nothing)
{
	const uint32_t words = sizeof(vres_leaf_hash_piece) / MOVED;
	const uint8_t data[3 * NODE] = {0};
	const vres_leaf_hash_piece new = leaf_hash_sealed(data, 2 * NODE, 0, 1, NONCE);
	/* The old piece differs in every field, and also covers thread 2. */
	const vres_leaf_hash_piece old =
		leaf_hash_sealed(data + NODE, (UINT64_C(1) << 40) + NODE, 1, 3, NONCE - 1);
	uint8_t digests[AS_STORED * 32], untouched[AS_STORED * 32];
	uint64_t echo = 5;

	memset(untouched, 0xa5, sizeof(untouched));
	for (uint32_t parts = 0; parts < (1u << words) - 1; parts++) {
		vres_leaf_hash_piece piece = old;
		vres_leaf_hash_args args = {&piece,    digests, NONCE, &echo, 1,  3,
		                            AS_STORED, NODE,    1,     0,     {0}};

		for (uint32_t i = 0; i < words; i++)
			if (parts & 1u << i)
				memcpy((uint8_t *)&piece + i * MOVED,
				       (const uint8_t *)&new + i *MOVED, MOVED);
		if (memcmp(&piece, &new, sizeof(piece)) == 0)
			continue; /* both pieces have some words in common */
		memcpy(digests, untouched, sizeof(digests));
		for (uint32_t thread = 0; thread < 3; thread++)
			leaf_hash_thread(&args, 1, thread);
		ck_assert_msg(memcmp(digests, untouched, sizeof(digests)) == 0,
		              "a piece of which the words %#x were copied is hashed", parts);
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
		CASE(thread_with_a_piece_that_was_copied_in_part_writes_nothing, "CI-007",
	             "integrity", "a list of pieces that was copied in part"),
	};

	return suite_run("leaf_hash_masks", "kernel", cases, COUNT(cases));
}
