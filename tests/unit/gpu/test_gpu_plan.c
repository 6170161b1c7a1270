/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Plans of launches, executed on a machine that computes numbers instead of digests. */
#include <stdlib.h>
#include <string.h>
#include "support/suite/alloc.h"
#include "unit/fixture/plan_machine.h"
#include "support/suite/suite.h"

#define RUNS_MAX  1024u
#define MIB(n)    ((uint64_t)(n) << 20)
#define H200_SLOT MIB(16)
#define H200_SMS  132u

static uint64_t random_next(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* A random length.  @kind 0 is for many short runs, 1 for a mixture, 2 for a few long ones. */
static uint64_t random_bytes(uint64_t *state, uint32_t block_size, unsigned kind)
{
	const uint64_t limits[] = {3, 200, 40000};
	const uint64_t blocks = random_next(state) % limits[kind] + 1;

	return random_next(state) % 3 == 0
	               ? blocks * block_size
	               : (blocks - 1) * block_size + random_next(state) % block_size + 1;
}

START_TEST(every_node_of_random_jobs_is_made_once_of_its_children_and_lands_in_order)
{
	static struct vres_bmem mem = {.chunk = {.addr = 0}};
	static vres_hash_run runs[RUNS_MAX];
	uint64_t state = suite_seed() * 2 + 1;

	for (unsigned round = 0; round < suite_scaled(150, 15); round++) {
		const uint32_t block_size = 1024u << random_next(&state) % 7;
		const unsigned kind = (unsigned)(random_next(&state) % 3);
		const vres_hash_job job = {
			.runs = runs,
			.runs_count = random_next(&state) % (kind == 2 ? 8 : RUNS_MAX) + 1,
			.block_size = block_size,
			.level = (uint32_t)(random_next(&state) % 5)};
		uint64_t offset = 0;
		struct machine m;

		for (size_t i = 0; i < job.runs_count; i++) {
			runs[i] = (vres_hash_run){&mem, offset,
			                          random_next(&state) % 50
			                                  ? random_bytes(&state, block_size, kind)
			                                  : 0};
			offset += runs[i].bytes + 5;
		}
		machine_begin(&m, &job, MIB(1) << random_next(&state) % 5,
		              (uint32_t)(random_next(&state) % 140), random_next(&state) % 2);
		ck_assert_uint_le(m.plan.levels, job.level);
		ck_plan(&m);
		machine_end(&m);
	}
}
END_TEST

struct outcome {
	uint64_t launches, batches, threads_most;
};

/* Plans @n runs of @bytes bytes each for a device with the memory of an H200. */
static struct outcome outcome_of(size_t n, uint64_t bytes, uint32_t level, uint32_t processors,
                                 bool is_low)
{
	static struct vres_bmem mem = {.chunk = {.addr = 0}};
	static vres_hash_run runs[RUNS_MAX];
	const vres_hash_job job = {
		.runs = runs, .runs_count = n, .block_size = 4096, .level = level};
	struct machine m;

	for (size_t i = 0; i < n; i++)
		runs[i] = (vres_hash_run){&mem, i * bytes, bytes};
	machine_begin(&m, &job, H200_SLOT, processors, is_low);
	ck_plan(&m);
	machine_end(&m);
	return (struct outcome){m.launches, m.batches, m.threads_most};
}

START_TEST(thousand_runs_of_1_mib_take_as_many_launches_as_one_of_1000_mib)
{
	static const char *const names[] = {"launches_level_0", "launches_level_1",
	                                    "launches_level_2"};

	for (uint32_t level = 0; level <= 2; level++) {
		const struct outcome one = outcome_of(1, MIB(1000), level, H200_SMS, false);
		const struct outcome many = outcome_of(1000, MIB(1), level, H200_SMS, false);

		ck_assert_uint_le(many.launches, one.launches + 2);
		ck_assert_uint_le(many.launches, 6);
		suite_value(names[level], (double)many.launches);
	}
}
END_TEST

START_TEST(inner_levels_add_a_launch_each_to_a_long_run_and_none_to_every_window)
{
	const struct outcome one = outcome_of(1, MIB(8192), 1, H200_SMS, false);

	ck_assert_uint_eq(one.batches, 1);
	ck_assert_uint_le(one.launches, 12);
	ck_assert_uint_eq(one.threads_most % (H200_SMS * GPU_GROUP), 0);
	ck_assert_uint_le(outcome_of(1, MIB(8192), 2, H200_SMS, false).launches, one.launches + 2);
	suite_value("launches_8_gib_level_1", (double)one.launches);
}
END_TEST

/*
 * The device with 4 multiprocessors has launches that are just large enough for one node.  Even
 * there the levels above fit in the same batch.
 */
START_TEST(low_priority_launches_cover_a_quarter_of_the_device_at_most)
{
	for (uint32_t level = 0; level <= 2; level++) {
		ck_assert_uint_le(outcome_of(1, MIB(256), level, H200_SMS, true).threads_most,
		                  H200_SMS / 4 * GPU_GROUP);
		ck_assert_uint_eq(outcome_of(1, MIB(64), level, 4, true).batches, 1);
		ck_assert_uint_le(outcome_of(1, MIB(64), level, 4, true).threads_most,
		                  2 * GPU_GROUP);
	}
}
END_TEST

/*
 * A batch has a largest number of launches.  ck_plan() asserts that none has more, with those for
 * the levels above the last leaves.
 */
START_TEST(job_of_more_launches_than_a_batch_has_takes_several)
{
	for (uint32_t level = 0; level <= 2; level++)
		ck_assert_uint_ge(outcome_of(1, MIB(512), level, 4, true).batches, 2);
}
END_TEST

START_TEST(handful_of_nodes_is_left_to_the_host)
{
	static struct vres_bmem mem = {.chunk = {.addr = 0}};
	const vres_hash_run run = {&mem, 0, MIB(1)};
	vres_hash_job job = {.runs = &run, .runs_count = 1, .block_size = 4096, .level = 2};
	struct machine m;

	machine_begin(&m, &job, H200_SLOT, H200_SMS, false);

	ck_assert_uint_eq(m.plan.levels, 0);
	ck_plan(&m);
	ck_assert_uint_eq(m.launches, 1);
	machine_end(&m);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE_SLOW(every_node_of_random_jobs_is_made_once_of_its_children_and_lands_in_order,
	                  120, "CI-004 CI-007 MS-007", "integrity",
	                  "a launch that reads what it writes, a block left out"),
		CASE(thousand_runs_of_1_mib_take_as_many_launches_as_one_of_1000_mib, "",
	             "availability", "a launch for each shard"),
		CASE(inner_levels_add_a_launch_each_to_a_long_run_and_none_to_every_window, "",
	             "availability", "an idle device"),
		CASE(job_of_more_launches_than_a_batch_has_takes_several, "MS-007", "integrity",
	             "a launch past the last"),
		CASE(low_priority_launches_cover_a_quarter_of_the_device_at_most, "",
	             "availability", "inference that waits for checks"),
		CASE(handful_of_nodes_is_left_to_the_host, "", "availability", ""),
	};

	return suite_run("gpu_plan", "backend", cases, COUNT(cases));
}
