/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The digests that hash_blocks writes, compared with those of digests.c. */
#include "contract.h"
#include "digests.h"

#include <string.h>
#include "support/suite/alloc.h"

#define NONCE  UINT64_C(0x0123456789abcdef)
#define POISON 0xa5
#define BEYOND 64u /* bytes behind the digests, which must not be written */

/*
 * Hashes @n runs.  Asserts that the digests are those of @want, in order, and that nothing is
 * written behind them.
 */
static void ck_runs(struct contract *c, const vres_hash_run *runs, size_t n, uint32_t block_size,
                    uint32_t level, const struct level *want)
{
	const size_t bytes = want->n * DIGEST;
	uint8_t *got = test_alloc(bytes + BEYOND);
	uint64_t echo = ~NONCE;
	const vres_hash_job job = {sizeof(job), runs, n, block_size, level, got, NONCE, &echo};
	vres_blane *lane = contract_lane(c, 0, NULL);
	vres_error err;

	memset(got, POISON, bytes + BEYOND);
	ck_ok(c->ops->hash_blocks(lane, &job, &err));
	contract_wait(c, lane);
	ck_assert_uint_eq(echo, NONCE);
	for (size_t i = 0; i < want->n; i++)
		ck_assert_msg(memcmp(got + i * DIGEST, want->digests + i * DIGEST, DIGEST) == 0,
		              "digest %zu of %zu is wrong: block size %u, level %u", i,
		              (size_t)want->n, block_size, level);
	for (size_t i = bytes; i < bytes + BEYOND; i++)
		ck_assert_uint_eq(got[i], POISON);
	c->ops->lane_close(lane);
	test_free(got);
}

static void ck_whole(struct contract *c, vres_bmem *mem, uint64_t seed, uint64_t bytes,
                     uint32_t block_size, uint32_t level)
{
	const vres_hash_run run = {mem, 0, bytes};
	struct level want = level_of(seed, 0, bytes, block_size, level);

	ck_runs(c, &run, 1, block_size, level, &want);
	test_free(want.digests);
}

static const uint32_t block_sizes[] = {1024, 4096, 65536};

/*
 * Returns whether the device cannot hash.  Then it also asserts that hash_blocks says so and does
 * nothing.
 */
static bool cannot_hash(struct contract *c)
{
	vres_bmem *mem;
	vres_hash_run run;
	uint8_t digest[DIGEST];
	uint64_t echo = 5;
	const vres_hash_job job = {sizeof(job), &run, 1, 4096, 0, digest, NONCE, &echo};
	vres_blane *lane;
	vres_error err;

	if (contract_can(c, VRES_DEVICE_CAN_HASH))
		return false;
	if (c->ops->hash_blocks == NULL)
		return true;
	mem = contract_alloc(c, 4096, NULL);
	run = (vres_hash_run){mem, 0, 4096};
	memset(digest, POISON, sizeof(digest));
	lane = contract_lane(c, 0, NULL);
	ck_status(c->ops->hash_blocks(lane, &job, &err), VRES_E_UNSUPPORTED);
	contract_wait(c, lane);
	c->ops->lane_close(lane);
	for (size_t i = 0; i < sizeof(digest); i++)
		ck_assert_uint_eq(digest[i], POISON);
	ck_assert_uint_eq(echo, 5);
	contract_release(c, mem);
	return true;
}

START_TEST(digests_equal_openssl_around_one_block)
{
	CLEANUP(contract_end) struct contract c = contract_begin(_i);

	for (size_t b = 0; b < COUNT(block_sizes) && !cannot_hash(&c); b++) {
		const uint32_t bs = block_sizes[b];
		const uint64_t sizes[] = {1, bs / 2 + 3, bs - 1, bs, bs + 1, 5 * (uint64_t)bs + 77};
		vres_bmem *mem = contract_alloc(&c, 6 * (uint64_t)bs, NULL);

		/* The bytes behind the run must not matter. */
		contract_write(&c, mem, 0, 6 * (uint64_t)bs, 1);
		for (size_t i = 0; i < COUNT(sizes); i++)
			for (uint32_t level = 0; level <= 2; level++)
				ck_whole(&c, mem, 1, sizes[i], bs, level);
		contract_release(&c, mem);
	}
}
END_TEST

START_TEST(digests_equal_openssl_at_the_edge_of_the_fan_out)
{
	CLEANUP(contract_end) struct contract c = contract_begin(_i);
	const unsigned rounds = suite_scaled(3 * 2 * 3, 6); /* block sizes, sizes, levels */
	vres_bmem *mem = NULL;

	for (unsigned i = 0; i < rounds && !cannot_hash(&c); i++) {
		const uint32_t bs = block_sizes[i / 6];
		const uint64_t edge = (uint64_t)bs * (bs / DIGEST);

		if (i % 6 == 0) {
			if (mem)
				contract_release(&c, mem);
			mem = contract_alloc(&c, edge + 1, NULL);
			contract_write(&c, mem, 0, edge + 1, 2);
		}
		/*
		 * 128 MiB in the largest blocks: only where the edge decides how many nodes a level
		 * has.  Leaves have no edge.
		 */
		if (bs == 65536 && i % 6 < 3)
			continue;
		ck_whole(&c, mem, 2, edge + i % 2, bs, i % 6 / 2);
	}
	if (mem)
		contract_release(&c, mem);
}
END_TEST

/* 32 * 32 blocks and one byte make four levels of 1025, 33, 2 and 1 nodes. */
START_TEST(digests_equal_openssl_up_to_a_root_of_four_levels)
{
	CLEANUP(contract_end) struct contract c = contract_begin(_i);
	const uint64_t bytes = 1024 * 32 * 32 + 1;
	vres_bmem *mem = contract_alloc(&c, bytes, NULL);

	contract_write(&c, mem, 0, bytes, 3);
	for (uint32_t level = 0; level <= 3 && !cannot_hash(&c); level++)
		ck_whole(&c, mem, 3, bytes, 1024, level);
	contract_release(&c, mem);
}
END_TEST

START_TEST(runs_of_one_job_follow_each_other_without_a_gap)
{
	CLEANUP(contract_end) struct contract c = contract_begin(_i);
	const uint64_t group = 1024 * 32;
	vres_bmem *first = contract_alloc(&c, 3 * group, NULL);
	vres_bmem *second = contract_alloc(&c, 5000, NULL);
	/*
	 * A group, the beginning of an earlier one, memory that ends inside a block, and the first
	 * group again.
	 */
	const vres_hash_run runs[] = {
		{first, group, group}, {first, 0, 1500}, {second, 0, 5000}, {first, group, group}};
	const uint64_t seeds[] = {4, 4, 5, 4};

	contract_write(&c, first, 0, 3 * group, 4);
	contract_write(&c, second, 0, 5000, 5);
	for (uint32_t level = 0; level <= 1 && !cannot_hash(&c); level++) {
		struct level want = {test_alloc(200 * DIGEST), 0};

		for (size_t i = 0; i < COUNT(runs); i++) {
			struct level part =
				level_of(seeds[i], runs[i].offset, runs[i].bytes, 1024, level);

			memcpy(want.digests + want.n * DIGEST, part.digests, part.n * DIGEST);
			want.n += part.n;
			test_free(part.digests);
		}
		ck_runs(&c, runs, COUNT(runs), 1024, level, &want);
		test_free(want.digests);
	}
	contract_release(&c, first);
	contract_release(&c, second);
}
END_TEST

START_TEST(hash_after_a_push_on_the_same_lane_sees_the_new_bytes)
{
	CLEANUP(contract_end) struct contract c = contract_begin(_i);
	vres_bmem *mem = contract_alloc(&c, 4096, NULL);
	const vres_hash_run run = {mem, 0, 4096};
	uint8_t digests[2][DIGEST], want[2][DIGEST], bytes[4096];
	uint64_t echo[2] = {0, 0};
	uint8_t *staging;
	vres_blane *lane = contract_lane(&c, 4096, &staging);
	vres_error err;

	contract_write(&c, mem, 0, 4096, 6);
	for (uint64_t i = 0; i < 2 && !cannot_hash(&c); i++) {
		const vres_hash_job job = {sizeof(job), &run,       1,         4096,
		                           0,           digests[i], NONCE + i, &echo[i]};

		content_fill(staging, 4096, 7, 0);
		if (i == 1)
			ck_ok(c.ops->lane_push(lane, mem, 0, 4096, &err));
		ck_ok(c.ops->hash_blocks(lane, &job, &err));
		contract_wait(&c, lane);
		content_fill(bytes, 4096, 6 + i, 0);
		sha256_of(bytes, 4096, want[i]);
		ck_assert_mem_eq(digests[i], want[i], DIGEST);
		ck_assert_uint_eq(echo[i], NONCE + i);
	}
	c.ops->lane_close(lane);
	contract_release(&c, mem);
}
END_TEST

/* An engine's tensors start at any address. */
START_TEST(adopted_memory_is_hashed_at_any_alignment)
{
	CLEANUP(contract_end) struct contract c = contract_begin(_i);
	static const uint64_t shifts[] = {0, 1, 2, 4, 8, 16, 31};
	vres_mem_info info;
	vres_bmem *mem = contract_alloc(&c, 20000, &info);
	vres_error err;

	contract_write(&c, mem, 0, 20000, 8);
	for (size_t i = 0; i < COUNT(shifts) && !cannot_hash(&c); i++) {
		struct level want = leaves_of(8, shifts[i], 10001, 4096);
		vres_hash_run run = {.bytes = 10001};

		ck_ok(c.ops->mem_adopt(c.dev, info.addr + shifts[i], 10001, &run.mem, &err));
		ck_runs(&c, &run, 1, 4096, 0, &want);
		contract_release(&c, run.mem);
		test_free(want.digests);
	}
	contract_release(&c, mem);
}
END_TEST

/* A caller that closes a lane without waiting may already have freed what the job points to. */
START_TEST(hash_that_nobody_waited_for_writes_nothing)
{
	CLEANUP(contract_end) struct contract c = contract_begin(_i);
	vres_bmem *mem = contract_alloc(&c, 4096, NULL);
	const vres_hash_run run = {mem, 0, 4096};
	uint8_t digest[DIGEST];
	uint64_t echo = ~NONCE;
	const vres_hash_job job = {sizeof(job), &run, 1, 4096, 0, digest, NONCE, &echo};
	vres_blane *lane = contract_lane(&c, 0, NULL);
	vres_error err;

	memset(digest, POISON, sizeof(digest));
	if (!cannot_hash(&c))
		ck_ok(c.ops->hash_blocks(lane, &job, &err));
	c.ops->lane_close(lane);
	ck_assert_uint_eq(echo, ~NONCE);
	for (size_t i = 0; i < sizeof(digest); i++)
		ck_assert_uint_eq(digest[i], POISON);
	contract_release(&c, mem);
}
END_TEST

START_TEST(hashing_takes_no_device_memory)
{
	CLEANUP(contract_end) struct contract c = contract_begin(_i);
	const uint64_t bytes = 1024 * 32 * 4;
	vres_bmem *mem = contract_alloc(&c, bytes, NULL);
	const uint64_t before = contract_free_bytes(&c);
	uint8_t digests[4 * DIGEST];
	uint64_t echo = 0;
	const vres_hash_run run = {mem, 0, bytes};
	const vres_hash_job job = {sizeof(job), &run, 1, 1024, 1, digests, NONCE, &echo};
	vres_blane *lane = contract_lane(&c, 0, NULL);
	vres_error err;

	if (!cannot_hash(&c)) {
		ck_ok(c.ops->hash_blocks(lane, &job, &err));
		if (c.subject->exclusive)
			ck_assert_uint_eq(contract_free_bytes(&c), before);
		contract_wait(&c, lane);
		ck_assert_uint_eq(echo, NONCE);
	}
	c.ops->lane_close(lane);
	if (c.subject->exclusive)
		ck_assert_uint_eq(contract_free_bytes(&c), before);
	contract_release(&c, mem);
}
END_TEST

START_TEST(one_flipped_bit_changes_the_digest_of_its_block_alone)
{
	CLEANUP(contract_end) struct contract c = contract_begin(_i);
	vres_mem_info info;
	vres_bmem *mem = contract_alloc(&c, 3 * 4096, &info);
	const vres_hash_run run = {mem, 0, 3 * 4096};
	struct level want = leaves_of(9, 0, 3 * 4096, 4096);
	uint8_t *bytes = content(3 * 4096, 9);

	contract_write(&c, mem, 0, 3 * 4096, 9);
	if (!cannot_hash(&c)) {
		contract_flip(&c, mem, info.addr, 4096 + 17, 3);
		bytes[4096 + 17] ^= 1u << 3;
		sha256_of(bytes + 4096, 4096, want.digests + DIGEST);
	}
	if (!cannot_hash(&c))
		ck_runs(&c, &run, 1, 4096, 0, &want);
	test_free(bytes);
	test_free(want.digests);
	contract_release(&c, mem);
}
END_TEST

struct contract_part contract_hash_part(void)
{
	static const struct suite_case cases[] = {
		CASE(digests_equal_openssl_around_one_block, "CI-004 CI-007 WORKER-4113",
	             "integrity", "a wrong digest of a short block"),
		CASE_SLOW(digests_equal_openssl_at_the_edge_of_the_fan_out, 300,
	                  "CI-004 CI-007 WORKER-4113", "integrity", "a wrong inner node"),
		CASE(digests_equal_openssl_up_to_a_root_of_four_levels, "CI-004 CI-007 WORKER-4113",
	             "integrity", "a wrong root"),
		CASE(runs_of_one_job_follow_each_other_without_a_gap, "CI-007 MS-007", "integrity",
	             "a digest in another's place"),
		CASE(hash_after_a_push_on_the_same_lane_sees_the_new_bytes, "CI-007", "integrity",
	             "a hash of what was there before"),
		CASE(adopted_memory_is_hashed_at_any_alignment, "CI-004 CI-007", "integrity",
	             "tensors at odd addresses"),
		CASE(hash_that_nobody_waited_for_writes_nothing, "MS-004 MS-007", "integrity",
	             "a write to memory that was given back"),
		CASE(hashing_takes_no_device_memory, "RP-001", "availability",
	             "a verification that runs out of VRAM"),
		CASE(one_flipped_bit_changes_the_digest_of_its_block_alone, "CI-007 VR-004",
	             "integrity", "a bit flip in VRAM"),
	};

	return (struct contract_part){cases, COUNT(cases)};
}
