/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lanes of the mock: when their work is done, deadlines, and several at once. */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include "mock/span.h"
#include "mock_fixture.h"

START_TEST(work_is_done_at_the_wait_and_not_before)
{
	CLEANUP(mock_fixture_end) struct mock_fixture r = mock_fixture_begin();
	vres_bmem *mem = mock_fixture_alloc(&r, 4096, NULL);
	const vres_hash_run run = {mem, 0, 4096};
	uint8_t digest[32], poison[4096];
	uint64_t echo = 5;
	const vres_hash_job job = {sizeof(job), &run, 1, 4096, 0, digest, 6, &echo};
	uint8_t *staging, *other;
	vres_blane *push = mock_fixture_lane(&r, 4096, &staging);
	vres_blane *pull = mock_fixture_lane(&r, 4096, &other);
	vres_error err;

	mock_fixture_write(&r, mem, 4096, 1);
	content_fill(staging, 4096, 2, 0);
	ck_ok(r.ops->lane_push(push, mem, 0, 4096, &err));
	mock_fixture_holds(&r, mem, 4096, 1);

	memset(poison, 0xa5, sizeof(poison));
	memset(other, 0xa5, sizeof(poison));
	memset(digest, 0xa5, sizeof(digest));
	ck_ok(r.ops->lane_pull(pull, mem, 0, 4096, &err));
	ck_ok(r.ops->hash_blocks(pull, &job, &err));
	ck_assert_mem_eq(other, poison, 4096);
	ck_assert_mem_eq(digest, poison, 32);
	ck_assert_uint_eq(echo, 5);
	mock_fixture_wait(&r, push);
	mock_fixture_wait(&r, pull);
	ck_assert_mem_eq(other, staging, 4096);
	ck_assert_mem_ne(digest, poison, 32);
	ck_assert_uint_eq(echo, 6);
	r.ops->lane_close(push);
	r.ops->lane_close(pull);
	mock_fixture_release(&r, mem);
}
END_TEST

#define AN_HOUR (UINT64_C(3600) * 1000 * 1000 * 1000)

/* The test's time limit shows that the wait does not last the hour. */
START_TEST(wait_that_misses_its_deadline_leaves_the_work_undone_and_the_lane_stuck)
{
	CLEANUP(mock_fixture_end) struct mock_fixture r = mock_fixture_begin();
	vres_bmem *mem = mock_fixture_alloc(&r, 4096, NULL);
	uint8_t *staging;
	vres_blane *lane;
	vres_error err;
	int32_t code;

	mock_fixture_write(&r, mem, 4096, 1);
	lane = mock_fixture_lane(&r, 4096, &staging);
	content_fill(staging, 4096, 2, 0);
	ck_ok(r.ops->lane_push(lane, mem, 0, 4096, &err));
	vres_mock_delay(r.mock, VRES_MOCK_OP_LANE_WAIT, AN_HOUR);
	ck_status_reason(r.ops->lane_wait(lane, 1000000, &err), VRES_E_BACKEND,
	                 VRES_REASON_DEADLINE);
	code = err.backend_code;
	ck_assert_int_ne(code, 0);
	ck_assert_uint_eq(err.gpu_device, 0);
	vres_mock_delay(r.mock, VRES_MOCK_OP_LANE_WAIT, 0);
	/* Every later call gives the same reason and code. */
	for (unsigned i = 0; i < 3; i++) {
		err = (vres_error){0};
		ck_status_reason(i == 0   ? r.ops->lane_wait(lane, PATIENCE, &err)
		                 : i == 1 ? r.ops->lane_push(lane, mem, 0, 1, &err)
		                          : r.ops->lane_pull(lane, mem, 0, 1, &err),
		                 VRES_E_BACKEND, VRES_REASON_DEADLINE);
		ck_assert_int_eq(err.backend_code, code);
		ck_assert_uint_eq(err.gpu_device, 0);
	}
	r.ops->lane_close(lane);
	mock_fixture_holds(&r, mem, 4096, 1);
	mock_fixture_release(&r, mem);
}
END_TEST

START_TEST(lane_of_a_lost_device_is_closed_without_its_work)
{
	CLEANUP(mock_fixture_end) struct mock_fixture r = mock_fixture_begin();
	vres_bmem *mem = mock_fixture_alloc(&r, 4096, NULL);
	uint8_t *staging;
	vres_blane *lane = mock_fixture_lane(&r, 4096, &staging);
	vres_error err;

	memset(staging, 1, 4096);
	ck_ok(r.ops->lane_push(lane, mem, 0, 4096, &err));
	vres_mock_lose_device(r.mock, 0);
	r.ops->lane_close(lane);
	ck_status(r.ops->mem_release(mem, &err), VRES_E_DEVICE_LOST);
	ck_assert_uint_eq(vres_mock_unwiped(r.mock), 0);
}
END_TEST

/*
 * The mock opens pages for a user in huge pages.  The second user needs pages below or above those
 * that are open, and must keep access when the first one leaves.
 */
START_TEST(two_at_work_on_far_parts_of_one_memory_both_have_access)
{
	const uint64_t far = UINT64_C(70) << 20, bytes = far + 4096;
	vres_mock_params params = vres_mock_params_init();
	struct vres_mock_span *first, *second;
	vres_mock *mock = NULL;
	uint64_t addr = 0;

	params.bytes_per_device = UINT64_C(128) << 20;
	ck_assert_int_eq(vres_mock_create(&params, &mock, NULL), VRES_OK);
	ck_assert_int_eq(vres_mock_alloc(mock, 0, bytes, NULL, &addr), VRES_OK);
	for (int upwards = 0; upwards < 2; upwards++) {
		const uint64_t at[] = {addr + (upwards ? 0 : far), addr + (upwards ? far : 0)};

		ck_assert_int_eq(vres_mock_span_enter(mock, at[0], 1, ACCESS_WRITE, &first, NULL),
		                 VRES_OK);
		ck_assert_int_eq(vres_mock_span_enter(mock, at[1], 1, ACCESS_WRITE, &second, NULL),
		                 VRES_OK);
		*(volatile uint8_t *)(uintptr_t)at[1] = 7;
		vres_mock_span_leave(mock, first);
		*(volatile uint8_t *)(uintptr_t)at[0] = 7;
		ck_assert_uint_eq(*(volatile uint8_t *)(uintptr_t)at[1], 7);
		vres_mock_span_leave(mock, second);
	}
	vres_mock_free(mock, addr);
	vres_mock_destroy(mock);
}
END_TEST

/* So many bytes that a hash is still going on when the other thread comes. */
#define LONG ((size_t)CAPACITY)

struct flipper {
	vres_mock *mock;
	uint64_t addr;
	atomic_uint flips;
	atomic_bool enough;
};

/* Flips in pairs, so that the memory is unchanged in the end. */
static void *flip_until_enough(void *arg)
{
	struct flipper *f = arg;
	uintptr_t bad = 0;

	while (!atomic_load(&f->enough)) {
		bad += vres_mock_flip(f->mock, f->addr, 2) != VRES_OK;
		bad += vres_mock_flip(f->mock, f->addr, 2) != VRES_OK;
		atomic_fetch_add(&f->flips, 2);
	}
	return (void *)bad;
}

/* Runs in any thread, so it asserts nothing. */
static vres_status hash_all(const struct mock_fixture *r, vres_bmem *mem)
{
	uint8_t digests[LONG / 65536 * 32];
	uint64_t echo;
	const vres_hash_run run = {mem, 0, LONG};
	const vres_hash_job job = {sizeof(job), &run, 1, 65536, 0, digests, 1, &echo};
	void *staging;
	vres_blane *lane;
	vres_error err;
	vres_status status = r->ops->lane_open(r->dev[0], 0, 0, &lane, &staging, &err);

	if (status != VRES_OK)
		return status;
	status = r->ops->hash_blocks(lane, &job, &err);
	if (status == VRES_OK)
		status = r->ops->lane_wait(lane, PATIENCE, &err);
	r->ops->lane_close(lane);
	return status;
}

START_TEST(bits_flip_while_lanes_work_and_scripts_are_written)
{
	CLEANUP(mock_fixture_end) struct mock_fixture r = mock_fixture_begin();
	struct flipper flipper = {.mock = r.mock};
	vres_bmem *mem = mock_fixture_alloc(&r, LONG, &flipper.addr);
	pthread_t thread;
	void *bad;

	mock_fixture_write(&r, mem, LONG, 1);
	ck_assert_int_eq(pthread_create(&thread, NULL, flip_until_enough, &flipper), 0);
	for (unsigned i = 0; i < 10 || atomic_load(&flipper.flips) < 20; i++) {
		vres_mock_fail(r.mock, VRES_MOCK_OP_OPEN, i, VRES_E_BACKEND);
		vres_mock_pretend(r.mock, flipper.addr, i & 1);
		ck_assert_uint_gt(vres_mock_calls(r.mock, VRES_MOCK_ANY), 0);
		ck_assert_int_eq(hash_all(&r, mem), VRES_OK);
	}
	atomic_store(&flipper.enough, true);
	ck_assert_int_eq(pthread_join(thread, &bad), 0);
	ck_assert_ptr_null(bad);
	mock_fixture_holds(&r, mem, LONG, 1);
	mock_fixture_release(&r, mem);
}
END_TEST

struct hasher {
	const struct mock_fixture *r;
	vres_bmem *mem;
	pthread_barrier_t *start;
	unsigned rounds;
};

/* Hashes @rounds times, or until it fails.  Returns the status as a pointer. */
static void *hash_often(void *arg)
{
	const struct hasher *h = arg;
	vres_status status = VRES_OK;

	(void)pthread_barrier_wait(h->start);
	for (unsigned i = 0; i < h->rounds && status == VRES_OK; i++)
		status = hash_all(h->r, h->mem);
	return (void *)(uintptr_t)status;
}

START_TEST(lanes_hash_one_memory_at_once)
{
	CLEANUP(mock_fixture_end) struct mock_fixture r = mock_fixture_begin();
	vres_bmem *mem = mock_fixture_alloc(&r, LONG, NULL);
	pthread_barrier_t start;
	struct hasher hasher = {&r, mem, &start, 10};
	pthread_t threads[2];
	void *status;

	ck_assert_int_eq(pthread_barrier_init(&start, NULL, COUNT(threads)), 0);
	for (size_t i = 0; i < COUNT(threads); i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, hash_often, &hasher), 0);
	for (size_t i = 0; i < COUNT(threads); i++) {
		ck_assert_int_eq(pthread_join(threads[i], &status), 0);
		ck_assert_ptr_null(status);
	}
	ck_assert_int_eq(pthread_barrier_destroy(&start), 0);
	mock_fixture_release(&r, mem);
}
END_TEST

/* The current hash is finished.  The next one finds that the memory is gone. */
START_TEST(owner_that_frees_in_the_middle_of_a_hash_crashes_nobody)
{
	CLEANUP(mock_fixture_end) struct mock_fixture r = mock_fixture_begin();
	const uint64_t blocks = alloc_live();
	pthread_barrier_t start;
	struct hasher hasher = {.r = &r, .start = &start, .rounds = UINT32_MAX};
	uint64_t addr;
	pthread_t thread;
	void *status;
	vres_error err;

	ck_assert_int_eq(vres_mock_alloc(r.mock, 0, LONG, NULL, &addr), VRES_OK);
	ck_ok(r.ops->mem_adopt(r.dev[0], addr, LONG, &hasher.mem, &err));
	ck_assert_int_eq(pthread_barrier_init(&start, NULL, 2), 0);
	ck_assert_int_eq(pthread_create(&thread, NULL, hash_often, &hasher), 0);
	(void)pthread_barrier_wait(&start);
	while (vres_mock_calls(r.mock, VRES_MOCK_OP_LANE_WAIT) == 0)
		(void)sched_yield();
	vres_mock_free(r.mock, addr);
	ck_assert_uint_eq(mock_fixture_free_bytes(&r, 0), CAPACITY);
	ck_assert_int_eq(pthread_join(thread, &status), 0);
	ck_assert_int_eq((int)(uintptr_t)status, VRES_E_BACKEND);
	ck_assert_int_eq(pthread_barrier_destroy(&start), 0);
	mock_fixture_release(&r, hasher.mem);
	ck_assert_uint_eq(alloc_live(), blocks);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE(work_is_done_at_the_wait_and_not_before, "MS-002", "integrity",
	             "a missing wait"),
		CASE(wait_that_misses_its_deadline_leaves_the_work_undone_and_the_lane_stuck,
	             "WORKER-4032", "availability", "a device that hangs"),
		CASE(lane_of_a_lost_device_is_closed_without_its_work, "WORKER-4032 MS-004",
	             "availability", "a device that is gone"),
		CASE(two_at_work_on_far_parts_of_one_memory_both_have_access, "VR-008",
	             "availability", ""),
		CASE(bits_flip_while_lanes_work_and_scripts_are_written, "VR-008", "",
	             "a race in the mock"),
		CASE(lanes_hash_one_memory_at_once, "VR-008", "availability",
	             "a race between lanes"),
		CASE(owner_that_frees_in_the_middle_of_a_hash_crashes_nobody, "MS-004",
	             "availability", "memory freed under a verification"),
	};

	return suite_run("mock_lane", "mock", cases, COUNT(cases));
}
