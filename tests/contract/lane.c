/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Lanes: what was pushed is what is pulled, in order, and complete after the wait.  Several threads
 * may each use a lane of their own.
 */
#include "contract.h"

#include <pthread.h>
#include <string.h>
#include "support/suite/alloc.h"

#define MARGIN 64u

/* Bytes must arrive at their place and change nothing beside it. */
START_TEST(pushed_bytes_come_back_at_odd_offsets_and_touch_no_neighbour)
{
	CLEANUP(contract_end) struct contract c = contract_begin(_i);
	static const uint64_t offsets[] = {0, 1, 7, 4095, 4096, 65521};
	static const uint64_t sizes[] = {1, 3, 63, 4096, 4097, 70001};
	vres_bmem *mem = contract_alloc(&c, 200000, NULL);

	for (size_t o = 0; o < COUNT(offsets); o++) {
		for (size_t s = 0; s < COUNT(sizes); s++) {
			const uint64_t at = MARGIN + offsets[o];

			contract_write(&c, mem, 0, 200000, 1);
			contract_write(&c, mem, at, sizes[s], 2 + s);
			contract_holds(&c, mem, at, sizes[s], 2 + s);
			contract_holds(&c, mem, at - MARGIN, MARGIN, 1);
			contract_holds(&c, mem, at + sizes[s], MARGIN, 1);
		}
	}
	contract_release(&c, mem);
}
END_TEST

START_TEST(work_on_one_lane_happens_in_order)
{
	CLEANUP(contract_end) struct contract c = contract_begin(_i);
	vres_bmem *mem = contract_alloc(&c, 8192, NULL);
	uint8_t expected[4096];
	uint8_t *staging;
	vres_blane *lane = contract_lane(&c, sizeof(expected), &staging);
	vres_error err;

	/*
	 * The buffer is pushed to the first half.  The second half is pulled into the buffer.  Then
	 * this is pushed to the first half, all but 96 bytes.
	 */
	contract_write(&c, mem, 0, 8192, 1);
	content_fill(staging, 4096, 2, 0);
	ck_ok(c.ops->lane_push(lane, mem, 0, 4096, &err));
	ck_ok(c.ops->lane_pull(lane, mem, 4096, 4096, &err));
	ck_ok(c.ops->lane_push(lane, mem, 0, 4000, &err));
	contract_wait(&c, lane);

	content_fill(expected, 4096, 1, 4096);
	ck_assert_mem_eq(staging, expected, 4096);
	contract_holds(&c, mem, 4000, 96, 2);
	ck_ok(c.ops->lane_pull(lane, mem, 0, 4000, &err));
	contract_wait(&c, lane);
	ck_assert_mem_eq(staging, expected, 4000);
	c.ops->lane_close(lane);
	contract_release(&c, mem);
}
END_TEST

START_TEST(pull_brings_what_it_was_asked_for_and_leaves_the_rest_of_the_buffer)
{
	CLEANUP(contract_end) struct contract c = contract_begin(_i);
	vres_bmem *mem = contract_alloc(&c, 4096, NULL);
	uint8_t expected[256];
	uint8_t *staging;
	vres_blane *lane = contract_lane(&c, 256, &staging);
	vres_error err;

	contract_write(&c, mem, 0, 4096, 4);
	memset(staging, 0xa5, 256);
	memset(expected, 0xa5, 256);
	content_fill(expected, 100, 4, 33);
	ck_ok(c.ops->lane_pull(lane, mem, 33, 100, &err));
	contract_wait(&c, lane);
	ck_assert_mem_eq(staging, expected, 256);
	c.ops->lane_close(lane);
	contract_release(&c, mem);
}
END_TEST

START_TEST(waiting_for_an_idle_lane_succeeds)
{
	CLEANUP(contract_end) struct contract c = contract_begin(_i);
	vres_blane *lane = contract_lane(&c, 4096, NULL);

	contract_wait(&c, lane);
	contract_wait(&c, lane);
	c.ops->lane_close(lane);
}
END_TEST

START_TEST(page_locked_lane_works_like_any_other)
{
	CLEANUP(contract_end) struct contract c = contract_begin(_i);
	vres_bmem *mem = contract_alloc(&c, 4096, NULL);
	vres_blane *lane;
	void *staging;
	vres_error err;

	ck_ok(c.ops->lane_open(c.dev, 4096, VRES_LANE_PINNED, &lane, &staging, &err));
	content_fill(staging, 4096, 6, 0);
	ck_ok(c.ops->lane_push(lane, mem, 0, 4096, &err));
	contract_wait(&c, lane);
	c.ops->lane_close(lane);
	contract_holds(&c, mem, 0, 4096, 6);
	contract_release(&c, mem);
}
END_TEST

/* Copies and hashes on such a lane are done, only later. */
START_TEST(low_priority_lane_works_like_any_other)
{
	CLEANUP(contract_end) struct contract c = contract_begin(_i);
	vres_bmem *mem = contract_alloc(&c, 4096, NULL);
	uint8_t *bytes = content(4096, 7), digest[32] = {0}, want[32];
	const vres_hash_run run = {.mem = mem, .bytes = 4096};
	uint64_t echo = 0;
	const vres_hash_job job = {.struct_size = sizeof(job),
	                           .runs = &run,
	                           .runs_count = 1,
	                           .block_size = 4096,
	                           .digests = digest,
	                           .nonce = 99,
	                           .echo = &echo};
	vres_blane *lane;
	void *staging;
	vres_error err;

	ck_ok(c.ops->lane_open(c.dev, 4096, VRES_LANE_LOW_PRIORITY | VRES_LANE_PINNED, &lane,
	                       &staging, &err));
	memcpy(staging, bytes, 4096);
	ck_ok(c.ops->lane_push(lane, mem, 0, 4096, &err));
	contract_wait(&c, lane);
	contract_holds(&c, mem, 0, 4096, 7);
	if (contract_can(&c, VRES_DEVICE_CAN_HASH)) {
		sha256_of(bytes, 4096, want);
		ck_ok(c.ops->hash_blocks(lane, &job, &err));
		contract_wait(&c, lane);
		ck_assert_mem_eq(digest, want, sizeof(want));
		ck_assert_uint_eq(echo, 99);
	}
	c.ops->lane_close(lane);
	contract_release(&c, mem);
	test_free(bytes);
}
END_TEST

START_TEST(closing_a_lane_finishes_what_is_on_it)
{
	CLEANUP(contract_end) struct contract c = contract_begin(_i);
	vres_bmem *mem = contract_alloc(&c, 60000, NULL);
	uint8_t *staging;
	vres_blane *lane;
	vres_error err;

	contract_write(&c, mem, 0, 60000, 1);
	lane = contract_lane(&c, 60000, &staging);
	content_fill(staging, 60000, 2, 0);
	ck_ok(c.ops->lane_push(lane, mem, 0, 60000, &err));
	c.ops->lane_close(lane);
	contract_holds(&c, mem, 0, 60000, 2);
	contract_release(&c, mem);
}
END_TEST

#define MANY 1000u

START_TEST(lane_takes_as_much_work_as_it_is_given)
{
	CLEANUP(contract_end) struct contract c = contract_begin(_i);
	const unsigned n = suite_scaled(MANY, 50);
	vres_bmem *mem = contract_alloc(&c, MANY, NULL);
	uint8_t *staging;
	vres_blane *lane = contract_lane(&c, 1, &staging);
	vres_error err;

	contract_write(&c, mem, 0, n, 1);
	staging[0] = 0x77;
	for (unsigned i = 0; i < n; i++)
		ck_ok(c.ops->lane_push(lane, mem, i, 1, &err));
	contract_wait(&c, lane);
	c.ops->lane_close(lane);

	lane = contract_lane(&c, MANY, &staging);
	ck_ok(c.ops->lane_pull(lane, mem, 0, n, &err));
	contract_wait(&c, lane);
	for (unsigned i = 0; i < n; i++)
		ck_assert_uint_eq(staging[i], 0x77);
	c.ops->lane_close(lane);
	contract_release(&c, mem);
}
END_TEST

#define THREADS 4

/*
 * The memory that all threads read is so large that one copy is still going on when the next
 * begins.
 */
#define SHARED ((size_t)1 << 18)

struct thread {
	struct contract *c;
	vres_bmem *shared; /* read by all threads */
	uint64_t seed;
	/* What went wrong; NULL: nothing.  Only the main thread may use Check's assertions. */
	const char *trouble;
};

/*
 * Fills an allocation of this thread over its own lane and reads it back, then reads the memory
 * that all threads share.
 */
static const char *thread_round(struct thread *t, uint8_t *expected, uint64_t seed)
{
	const vres_backend *ops = t->c->ops;
	vres_mem_info info;
	vres_residency r = {.struct_size = sizeof(r)};
	vres_bmem *mem;
	vres_blane *lane;
	void *staging;
	vres_error err;
	bool good;

	if (ops->mem_alloc(t->c->dev, 4096, &mem, &info, &err) != VRES_OK)
		return "mem_alloc";
	if (ops->lane_open(t->c->dev, SHARED, 0, &lane, &staging, &err) != VRES_OK)
		return "lane_open";
	content_fill(staging, 4096, seed, 0);
	good = ops->lane_push(lane, mem, 0, 4096, &err) == VRES_OK &&
	       ops->lane_wait(lane, PATIENCE, &err) == VRES_OK;
	memset(staging, 0, 4096);
	good = good && ops->lane_pull(lane, mem, 0, 4096, &err) == VRES_OK &&
	       ops->lane_wait(lane, PATIENCE, &err) == VRES_OK;
	content_fill(expected, 4096, seed, 0);
	good = good && memcmp(staging, expected, 4096) == 0 &&
	       ops->mem_residency(mem, &r, &err) == VRES_OK && r.base <= info.addr;
	good = good && ops->lane_pull(lane, t->shared, 0, SHARED, &err) == VRES_OK &&
	       ops->lane_wait(lane, PATIENCE, &err) == VRES_OK;
	content_fill(expected, SHARED, 99, 0);
	good = good && memcmp(staging, expected, SHARED) == 0;
	good = good && ops->mem_wipe(mem, &err) == VRES_OK;
	ops->lane_close(lane);
	good = ops->mem_release(mem, &err) == VRES_OK && good;
	return good ? NULL : "a round";
}

static void *thread_main(void *arg)
{
	struct thread *t = arg;
	uint8_t *expected = test_alloc(SHARED);

	for (unsigned i = 0; i < suite_scaled(50, 5) && t->trouble == NULL; i++)
		t->trouble = thread_round(t, expected, t->seed + i);
	test_free(expected);
	return NULL;
}

START_TEST(threads_work_at_once_each_on_its_lane)
{
	CLEANUP(contract_end) struct contract c = contract_begin(_i);
	const uint64_t before = contract_free_bytes(&c);
	vres_bmem *shared = contract_alloc(&c, SHARED, NULL);
	struct thread threads[THREADS];
	pthread_t ids[THREADS];

	contract_write(&c, shared, 0, SHARED, 99);
	for (size_t i = 0; i < THREADS; i++) {
		threads[i] = (struct thread){&c, shared, 1000 * (i + 1), NULL};
		ck_assert_int_eq(pthread_create(&ids[i], NULL, thread_main, &threads[i]), 0);
	}
	for (size_t i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_join(ids[i], NULL), 0);
	for (size_t i = 0; i < THREADS; i++)
		ck_assert_msg(threads[i].trouble == NULL, "thread %zu failed at %s", i,
		              threads[i].trouble);
	contract_release(&c, shared);
	if (c.subject->exclusive)
		ck_assert_uint_eq(contract_free_bytes(&c), before);
}
END_TEST

struct contract_part contract_lane_part(void)
{
	static const struct suite_case cases[] = {
		CASE(pushed_bytes_come_back_at_odd_offsets_and_touch_no_neighbour,
	             "MS-002 MS-007 VR-006", "integrity", "a copy beside its place"),
		CASE(work_on_one_lane_happens_in_order, "MS-002", "integrity",
	             "a copy that overtakes another"),
		CASE(pull_brings_what_it_was_asked_for_and_leaves_the_rest_of_the_buffer, "MS-007",
	             "integrity", "staging overrun"),
		CASE(waiting_for_an_idle_lane_succeeds, "WORKER-4150", "availability", ""),
		CASE(page_locked_lane_works_like_any_other, "VP-003 WORKER-4102", "", ""),
		CASE(low_priority_lane_works_like_any_other, "WORKER-4121", "availability",
	             "a check that stands in the way of inference"),
		CASE(closing_a_lane_finishes_what_is_on_it, "MS-004 MS-005", "integrity",
	             "a copy into freed memory"),
		CASE(lane_takes_as_much_work_as_it_is_given, "WORKER-4150", "availability", ""),
		CASE(threads_work_at_once_each_on_its_lane, "VR-008", "integrity",
	             "a race between lanes"),
	};

	return (struct contract_part){cases, COUNT(cases)};
}
