/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Hash jobs with many runs, and on lanes of low priority: how many launches they take, how large
 * these are, and whether the digests are right.
 */
#include <string.h>
#include "support/suite/alloc.h"
#include "gpu_fixture.h"
#include "support/suite/content.h"
#include "gpu/objects.h"

#define BLOCK_BYTES 1024u
#define FANOUT      32u
#define RUN_BYTES   (64u << 10) /* two nodes of level 1 */
#define DIGEST      32u

static void fill(struct gpu_fixture *b, uint64_t bytes, size_t piece)
{
	vres_error err;

	for (uint64_t at = 0; at < bytes; at += piece) {
		const size_t n = bytes - at < piece ? (size_t)(bytes - at) : piece;

		content_fill(b->staging, n, 9, at);
		ck_ok(b->ops->lane_push(b->lane, b->mem, at, n, &err));
		ck_ok(b->ops->lane_wait(b->lane, PATIENCE, &err));
	}
}

/* The digest of the level-1 node over this part of the content. */
static void node_of(uint64_t offset, size_t bytes, uint8_t digest[DIGEST])
{
	uint8_t node[FANOUT * DIGEST] = {0}, block[BLOCK_BYTES];

	for (size_t at = 0; at < bytes; at += BLOCK_BYTES) {
		const size_t n = bytes - at < BLOCK_BYTES ? bytes - at : BLOCK_BYTES;

		memset(block, 0, sizeof(block));
		content_fill(block, n, 9, offset + at);
		sha256_of(block, sizeof(block), node + at / BLOCK_BYTES * DIGEST);
	}
	sha256_of(node, sizeof(node), digest);
}

/* Does the job.  Returns the number of launches. */
static uint64_t launches(struct gpu_fixture *b, vres_blane *lane, const vres_hash_run *runs,
                         size_t n, uint32_t level, uint8_t *digests)
{
	const uint64_t before = fake_calls(LAUNCH_FUNCTION);
	uint64_t echo = 0;
	const vres_hash_job job = {sizeof(job), runs, n, BLOCK_BYTES, level, digests, 77, &echo};
	vres_error err;

	ck_ok(b->ops->hash_blocks(lane, &job, &err));
	ck_ok(b->ops->lane_wait(lane, PATIENCE, &err));
	ck_assert_uint_eq(echo, 77);
	return fake_calls(LAUNCH_FUNCTION) - before;
}

START_TEST(runs_of_one_job_share_its_launches_and_have_openssls_digests)
{
	const size_t n = suite_scaled(1000, 100);
	const uint64_t bytes = (uint64_t)n * RUN_BYTES;
	struct gpu_fixture b = gpu_fixture_open(
		&(const struct fake_params){.bytes_per_device = UINT64_C(96) << 20}, bytes, 1 << 20,
		0);
	const vres_hash_run whole = {b.mem, 0, bytes};
	vres_hash_run *runs = test_alloc(n * sizeof(*runs));
	uint8_t *digests = test_alloc(2 * n * DIGEST), want[DIGEST];
	uint64_t one, many;

	fill(&b, bytes, 1 << 20);
	/* In reverse order; every third run ends inside its last block. */
	for (size_t i = 0; i < n; i++)
		runs[i] = (vres_hash_run){b.mem, (n - 1 - i) * RUN_BYTES,
		                          RUN_BYTES - (i % 3 ? 0 : 100)};
	one = launches(&b, b.lane, &whole, 1, 1, digests);
	many = launches(&b, b.lane, runs, n, 1, digests);
	ck_assert_msg(many <= one + 3, "%lu launches for %zu runs, %lu for one",
	              (unsigned long)many, n, (unsigned long)one);
	suite_value("launches_many_runs", (double)many);
	suite_value("launches_one_run", (double)one);
	for (size_t i = 0; i < n; i++)
		for (size_t node = 0; node < 2; node++) {
			const size_t offset = node * RUN_BYTES / 2;

			node_of(runs[i].offset + offset,
			        node ? runs[i].bytes - offset : RUN_BYTES / 2, want);
			ck_assert_msg(memcmp(digests + (2 * i + node) * DIGEST, want, DIGEST) == 0,
			              "node %zu of run %zu is wrong", node, i);
		}
	test_free(runs);
	test_free(digests);
	gpu_fixture_close(&b);
}
END_TEST

/* More runs than the table of pieces holds, with every length around a block's. */
START_TEST(more_runs_than_a_table_holds_have_openssls_digests)
{
	const size_t n = suite_scaled(5000, 1500);
	struct gpu_fixture b = gpu_fixture_open(NULL, 16384, 16384, 0);
	vres_hash_run *runs = test_alloc(n * sizeof(*runs));
	uint8_t *digests = test_alloc(n * DIGEST), *wants = test_alloc(4 * BLOCK_BYTES * DIGEST);

	fill(&b, 16384, 16384);
	for (size_t bytes = 1; bytes < 4 * BLOCK_BYTES; bytes++)
		node_of(0, bytes, wants + bytes * DIGEST);
	for (size_t i = 0; i < n; i++)
		runs[i] = (vres_hash_run){b.mem, 0, i % (4 * BLOCK_BYTES - 1) + 1};
	ck_assert_uint_lt(launches(&b, b.lane, runs, n, 1, digests), 80);
	for (size_t i = 0; i < n; i++)
		ck_assert_msg(
			memcmp(digests + i * DIGEST, wants + runs[i].bytes * DIGEST, DIGEST) == 0,
			"run %zu is wrong", i);
	test_free(runs);
	test_free(digests);
	test_free(wants);
	gpu_fixture_close(&b);
}
END_TEST

/*
 * The loop index is the number of multiprocessors; for the last one the device does not report it.
 */
START_TEST(lane_of_low_priority_takes_a_small_part_of_the_device_and_has_the_same_digests)
{
	const uint64_t bytes = (uint64_t)suite_scaled(4, 1) << 20;
	struct gpu_fixture b = gpu_fixture_open(
		&(const struct fake_params){.processors = _i == 8 ? -1 : _i}, bytes, 1 << 20, 0);
	const vres_hash_run run = {b.mem, 0, bytes};
	uint8_t *high = test_alloc(bytes / BLOCK_BYTES), *low = test_alloc(bytes / BLOCK_BYTES);
	void *staging = NULL;
	vres_blane *lane;
	vres_error err;

	fill(&b, bytes, 1 << 20);
	ck_ok(b.ops->lane_open(b.dev, 0, VRES_LANE_LOW_PRIORITY, &lane, &staging, &err));
	for (uint32_t level = 1; level <= 3; level++) {
		(void)launches(&b, b.lane, &run, 1, level, high);
		(void)launches(&b, lane, &run, 1, level, low);
		ck_assert_mem_eq(high, low,
		                 (bytes / BLOCK_BYTES >> 5 * level) * DIGEST +
		                         (level == 3 ? DIGEST : 0));
	}
	ck_assert_uint_gt(fake_threads_most(true), 0);
	ck_assert_uint_le(fake_threads_most(true), 2 * GPU_GROUP);
	ck_assert_uint_ge(fake_threads_most(false), bytes / BLOCK_BYTES / (_i > 1 ? 2 : 1));
	b.ops->lane_close(lane);
	test_free(high);
	test_free(low);
	gpu_fixture_close(&b);
}
END_TEST

START_TEST(lane_of_low_priority_that_cannot_be_opened_leaves_nothing)
{
	struct gpu_fixture b = gpu_fixture_open(NULL, 4096, 0, 0);
	const uint64_t before = fake_live();
	void *staging = NULL;
	vres_blane *lane;
	uint64_t n = 0;
	vres_error err;

	do {
		fake_fail(NULL, ++n, 999);
		lane = NULL;
		if (b.ops->lane_open(b.dev, 4096, VRES_LANE_LOW_PRIORITY, &lane, &staging, &err) ==
		    VRES_OK)
			b.ops->lane_close(lane);
		ck_assert_msg(fake_live() == before, "call %lu fails and leaves something",
		              (unsigned long)n);
	} while (fake_failed() != NULL);
	ck_assert_uint_gt(n, 4);
	gpu_fixture_close(&b);
}
END_TEST

/*
 * Leaves out each launch of a job in turn.  All blocks are equal, so what an earlier launch left in
 * memory would look right.
 */
static void ck_every_skip_is_seen(struct gpu_fixture *b, vres_blane *lane, const vres_hash_run *run,
                                  uint32_t level, uint8_t *digests)
{
	const uint64_t n = launches(b, lane, run, 1, level, digests);
	vres_error err;

	for (uint64_t i = 1; i <= n; i++) {
		uint64_t echo = 0;
		const vres_hash_job job = {sizeof(job), run,     1,        BLOCK_BYTES,
		                           level,       digests, 1000 + i, &echo};

		fake_leave_out(&(const struct fake_omission){.nth = i, .effort = FAKE_LAUNCHES});
		ck_ok(b->ops->hash_blocks(lane, &job, &err));
		ck_ok(b->ops->lane_wait(lane, PATIENCE, &err));
		ck_assert_msg(echo != 1000 + i, "launch %lu of %lu is not missed", (unsigned long)i,
		              (unsigned long)n);
	}
}

/* The job has several launches in one batch. */
START_TEST(launch_that_did_not_run_is_seen_whichever_it_is)
{
	struct gpu_fixture b = gpu_fixture_open(NULL, 1 << 20, 1 << 20, 0);
	const vres_hash_run run = {b.mem, 0, 1 << 20};
	uint8_t digests[32 * DIGEST];
	vres_blane *lane;
	void *staging = NULL;
	vres_error err;

	fill(&b, 1 << 20, 1 << 20);
	ck_ok(b.ops->lane_open(b.dev, 0, VRES_LANE_LOW_PRIORITY, &lane, &staging, &err));
	ck_assert_uint_ge(launches(&b, lane, &run, 1, 1, digests), 4);
	ck_every_skip_is_seen(&b, lane, &run, 1, digests);
	b.ops->lane_close(lane);
	gpu_fixture_close(&b);
}
END_TEST

/* Batches use the same words for their echoes, so those of the batch before are still there. */
START_TEST(launch_that_did_not_run_is_seen_in_every_batch)
{
	const uint64_t bytes = UINT64_C(70) << 20; /* more than two batches of leaves */
	struct gpu_fixture b = gpu_fixture_open(
		&(const struct fake_params){.bytes_per_device = UINT64_C(96) << 20}, bytes, 0, 0);
	const vres_hash_run run = {b.mem, 0, bytes};
	uint8_t *digests = test_alloc(bytes / BLOCK_BYTES * DIGEST);

	ck_every_skip_is_seen(&b, b.lane, &run, 0, digests);
	test_free(digests);
	gpu_fixture_close(&b);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE_SLOW(runs_of_one_job_share_its_launches_and_have_openssls_digests, 120,
	                  "CI-007 VR-008", "integrity",
	                  "a launch for each shard, a digest in another's place"),
		CASE(more_runs_than_a_table_holds_have_openssls_digests, "CI-007 MS-007",
	             "integrity", "a write past the table"),
		CASE_LOOP(
			lane_of_low_priority_takes_a_small_part_of_the_device_and_has_the_same_digests,
			9, "CI-007 VR-008", "availability", "inference that waits for checks"),
		CASE(lane_of_low_priority_that_cannot_be_opened_leaves_nothing, "MS-004",
	             "availability", "driver objects left behind"),
		CASE(launch_that_did_not_run_is_seen_whichever_it_is, "CI-007 VR-004", "integrity",
	             "a kernel that never ran"),
		CASE_SLOW(launch_that_did_not_run_is_seen_in_every_batch, 120, "CI-007 VR-004",
	                  "integrity", "a kernel that never ran"),
	};

	suite_backend(FAKE_BACKEND()->name);
	return suite_run("unit_" FAKE_NAME "_runs", "backend", cases, COUNT(cases));
}
