/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lanes over any vendor's fake driver: deadlines, page-locked staging, and hashes before a push. */
#include <string.h>
#include "gpu_fixture.h"
#include "support/suite/content.h"
#include "gpu/objects.h"

START_TEST(stalled_device_is_given_up_at_the_deadline)
{
	struct gpu_fixture b = gpu_fixture_open(NULL, 8192, 4096, 0);
	uint8_t digests[64];
	uint64_t echo = 0;
	const vres_hash_run run = {b.mem, 0, 8192};
	const vres_hash_job job = {sizeof(job), &run, 1, 4096, 0, digests, 7, &echo};
	vres_error err;

	fake_stall(true);
	if (_i == 0)
		ck_ok(b.ops->lane_push(b.lane, b.mem, 0, 4096, &err));
	else
		ck_ok(b.ops->hash_blocks(b.lane, &job, &err));
	ck_status_reason(b.ops->lane_wait(b.lane, SOON, &err), VRES_E_BACKEND,
	                 VRES_REASON_DEADLINE);
	ck_assert_uint_eq(echo, 0);
	/* The lane takes no more work, but the device does. */
	ck_status(b.ops->lane_push(b.lane, b.mem, 0, 1, &err), VRES_E_BACKEND);
	ck_status(b.ops->lane_wait(b.lane, SOON, &err), VRES_E_BACKEND);
	fake_stall(false);
	ck_ok(b.ops->mem_wipe(b.mem, &err));
	gpu_fixture_close(&b);
}
END_TEST

START_TEST(hashes_wait_for_scratch_no_longer_than_their_deadline)
{
	struct gpu_fixture b = gpu_fixture_open(NULL, 8192, 0, 0);
	vres_blane *lanes[SCRATCH_SLOTS + 1];
	uint8_t digest[32];
	uint64_t echo = 0;
	const vres_hash_run run = {b.mem, 0, 4096};
	const vres_hash_job job = {sizeof(job), &run, 1, 4096, 0, digest, 7, &echo};
	void *staging = NULL;
	vres_error err;

	fake_stall(true);
	for (size_t i = 0; i < COUNT(lanes); i++) {
		ck_ok(b.ops->lane_open(b.dev, 0, 0, &lanes[i], &staging, &err));
		ck_ok(b.ops->hash_blocks(lanes[i], &job, &err));
		ck_status_reason(b.ops->lane_wait(lanes[i], SOON, &err), VRES_E_BACKEND,
		                 VRES_REASON_DEADLINE);
	}
	fake_stall(false);
	for (size_t i = 0; i < COUNT(lanes); i++)
		b.ops->lane_close(lanes[i]);
	ck_ok(b.ops->hash_blocks(b.lane, &job, &err));
	ck_ok(b.ops->lane_wait(b.lane, PATIENCE, &err));
	ck_assert_uint_eq(echo, 7);
	gpu_fixture_close(&b);
}
END_TEST

/* If the process was stopped, the deadline may have passed although the device was in time. */
START_TEST(device_is_asked_once_more_after_the_deadline)
{
	struct gpu_fixture b = gpu_fixture_open(NULL, 4096, 4096, 0);
	vres_error err;

	ck_ok(b.ops->lane_push(b.lane, b.mem, 0, 4096, &err));
	fake_slow_polls(UINT64_C(250000000));
	ck_ok(b.ops->lane_wait(b.lane, UINT64_C(200000000), &err));
	fake_slow_polls(0);
	gpu_fixture_close(&b);
}
END_TEST

START_TEST(refused_page_locking_leaves_a_lane_that_works)
{
	struct gpu_fixture b = gpu_fixture_open(&(const struct fake_params){.no_pinned = _i}, 4096,
	                                        4096, VRES_LANE_PINNED);
	uint8_t expected[4096];
	vres_error err;

	content_fill(b.staging, 4096, 3, 0);
	ck_ok(b.ops->lane_push(b.lane, b.mem, 0, 4096, &err));
	ck_ok(b.ops->lane_wait(b.lane, PATIENCE, &err));
	memset(b.staging, 0, 4096);
	ck_ok(b.ops->lane_pull(b.lane, b.mem, 0, 4096, &err));
	ck_ok(b.ops->lane_wait(b.lane, PATIENCE, &err));
	content_fill(expected, 4096, 3, 0);
	ck_assert_mem_eq(b.staging, expected, 4096);
	gpu_fixture_close(&b);
}
END_TEST

/* Page-locking a buffer takes longer than what most lanes do, so buffers are kept. */
START_TEST(page_locked_staging_is_kept_wiped_for_the_next_lane)
{
	struct gpu_fixture b = gpu_fixture_open(NULL, 4096, 0, 0);
	const uint64_t live = fake_live();
	void *first = NULL, *second = NULL, *third = NULL;
	const uint8_t nothing[8192] = {0};
	vres_blane *lane, *other;
	vres_error err;

	ck_ok(b.ops->lane_open(b.dev, 8192, VRES_LANE_PINNED, &lane, &first, &err));
	content_fill(first, 8192, 3, 0);
	b.ops->lane_close(lane);
	ck_assert_uint_eq(fake_live(), live + 1);
	/* A kept buffer may be larger than what is asked for. */
	ck_ok(b.ops->lane_open(b.dev, 100, VRES_LANE_PINNED, &lane, &second, &err));
	ck_assert_ptr_eq(second, first);
	ck_assert_mem_eq(second, nothing, 8192);
	ck_ok(b.ops->lane_open(b.dev, 100, VRES_LANE_PINNED, &other, &third, &err));
	ck_assert_ptr_ne(third, first);
	content_fill(second, 100, 3, 0);
	b.ops->lane_close(lane);
	b.ops->lane_close(other);
	ck_ok(b.ops->lane_open(b.dev, 8192, VRES_LANE_PINNED, &lane, &second, &err));
	ck_assert_ptr_eq(second, first);
	ck_assert_mem_eq(second, nothing, 8192);
	b.ops->lane_close(lane);
	/* A lane without the flag gets no page-locked buffer. */
	ck_ok(b.ops->lane_open(b.dev, 100, 0, &lane, &second, &err));
	ck_assert_ptr_ne(second, first);
	ck_assert_ptr_ne(second, third);
	b.ops->lane_close(lane);
	gpu_fixture_close(&b);
}
END_TEST

START_TEST(staging_of_a_device_that_is_not_idle_is_not_kept)
{
	struct gpu_fixture b = gpu_fixture_open(NULL, 4096, 0, 0);
	const uint64_t live = fake_live();
	void *staging = NULL;
	vres_blane *lane;
	vres_error err;

	ck_ok(b.ops->lane_open(b.dev, 8192, VRES_LANE_PINNED, &lane, &staging, &err));
	fake_fail(FINISH_FUNCTION, 1, 999);
	b.ops->lane_close(lane);
	ck_assert_uint_eq(fake_live(), live);
	gpu_fixture_close(&b);
}
END_TEST

START_TEST(no_more_staging_is_kept_than_two_seals_use)
{
	struct gpu_fixture b = gpu_fixture_open(NULL, 4096, 0, 0);
	const uint64_t live = fake_live();
	vres_blane *lanes[5];
	void *staging = NULL;
	vres_error err;

	for (size_t i = 0; i < COUNT(lanes); i++)
		ck_ok(b.ops->lane_open(b.dev, (size_t)16 << 20, VRES_LANE_PINNED, &lanes[i],
		                       &staging, &err));
	for (size_t i = 0; i < COUNT(lanes); i++)
		b.ops->lane_close(lanes[i]);
	ck_assert_uint_eq(fake_live(), live + 4);
	gpu_fixture_close(&b);
}
END_TEST

START_TEST(hash_sees_what_was_there_before_a_later_push_on_its_lane)
{
	struct gpu_fixture b = gpu_fixture_open(NULL, 4096, 4096, 0);
	uint8_t first[4096], digest[32], want[32];
	uint64_t echo = 0;
	const vres_hash_run run = {b.mem, 0, 4096};
	const vres_hash_job job = {sizeof(job), &run, 1, 4096, 0, digest, 7, &echo};
	vres_error err;

	content_fill(first, 4096, 1, 0);
	memcpy(b.staging, first, 4096);
	ck_ok(b.ops->lane_push(b.lane, b.mem, 0, 4096, &err));
	ck_ok(b.ops->lane_wait(b.lane, PATIENCE, &err));
	ck_ok(b.ops->hash_blocks(b.lane, &job, &err));
	content_fill(b.staging, 4096, 2, 0);
	ck_ok(b.ops->lane_push(b.lane, b.mem, 0, 4096, &err));
	ck_ok(b.ops->lane_wait(b.lane, PATIENCE, &err));
	sha256_of(first, 4096, want);
	ck_assert_mem_eq(digest, want, 32);
	gpu_fixture_close(&b);
}
END_TEST

START_TEST(hash_that_fails_before_a_push_fails_the_wait)
{
	struct gpu_fixture b = gpu_fixture_open(NULL, 4096, 4096, 0);
	uint8_t digest[32];
	uint64_t echo = 0;
	const vres_hash_run run = {b.mem, 0, 4096};
	const vres_hash_job job = {sizeof(job), &run, 1, 4096, 0, digest, 7, &echo};
	vres_error err;

	ck_ok(b.ops->hash_blocks(b.lane, &job, &err));
	fake_fail(LAUNCH_FUNCTION, 1, 999);
	ck_ok(b.ops->lane_push(b.lane, b.mem, 0, 4096, &err));
	ck_status(b.ops->lane_wait(b.lane, PATIENCE, &err), VRES_E_BACKEND);
	ck_ok(b.ops->lane_wait(b.lane, PATIENCE, &err));
	ck_assert_uint_eq(echo, 0);
	gpu_fixture_close(&b);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE_LOOP(stalled_device_is_given_up_at_the_deadline, 2, "WORKER-4032",
	                  "availability", "a device that hangs"),
		CASE(hashes_wait_for_scratch_no_longer_than_their_deadline, "WORKER-4032",
	             "availability", "a hash that holds up all others"),
		CASE(device_is_asked_once_more_after_the_deadline, "WORKER-4032", "availability",
	             "a device blamed for a process that was stopped"),
		CASE_LOOP(refused_page_locking_leaves_a_lane_that_works, 2, "VP-003",
	                  "availability", ""),
		CASE(page_locked_staging_is_kept_wiped_for_the_next_lane, "VP-003 WORKER-4101",
	             "confidentiality", "weights of one seal in the buffer of another"),
		CASE(staging_of_a_device_that_is_not_idle_is_not_kept, "VP-003", "integrity",
	             "a copy into the next lane's buffer"),
		CASE(no_more_staging_is_kept_than_two_seals_use, "VP-003", "availability",
	             "host memory that grows"),
		CASE(hash_sees_what_was_there_before_a_later_push_on_its_lane, "CI-007",
	             "integrity", "work out of order"),
		CASE(hash_that_fails_before_a_push_fails_the_wait, "WORKER-4150", "integrity",
	             "a failure that nobody hears of"),
	};

	suite_backend(FAKE_BACKEND()->name);
	return suite_run("unit_" FAKE_NAME "_lane", "backend", cases, COUNT(cases));
}
