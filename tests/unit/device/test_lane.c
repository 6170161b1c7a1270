/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Transfers over a lane: their bounds, and a backend that reports success for a copy it did not
 * make.  Before a pull the staging buffer gets a mark at its end and one in each page, so that what
 * does not arrive is noticed.
 */
#include "support/suite/alloc.h"
#include "support/suite/content.h"
#include "unit/fixture/lane_fixture.h"
#include "support/suite/status.h"
#include "support/suite/suite.h"

START_TEST(bytes_go_to_the_memory_and_come_back)
{
	CLEANUP(lane_fixture_end) struct lane_fixture b = lane_fixture_begin();
	uint8_t *want = content(BYTES, 2);
	vres_error err;

	memcpy(b.lane.staging, want, BYTES);
	ck_ok(vres_lane_push(&b.lane, &b.mem, 0, BYTES, &err));
	ck_ok(vres_lane_wait(&b.lane, DEADLINE, &err));
	ck_assert_mem_eq(fake_backend_bytes(&b.mem), want, BYTES);
	memset(b.lane.staging, 0, BYTES);
	ck_ok(vres_lane_pull(&b.lane, &b.mem, 100, BYTES - 100, &err));
	ck_ok(vres_lane_wait(&b.lane, DEADLINE, &err));
	ck_assert_mem_eq(b.lane.staging, want + 100, BYTES - 100);
	test_free(want);
}
END_TEST

START_TEST(transfer_outside_the_memory_never_reaches_the_backend)
{
	static const struct {
		uint64_t offset;
		size_t n;
	} bad[] = {{0, 0},
	           {1, BYTES},
	           {BYTES, 1},
	           {UINT64_MAX, 1},
	           {UINT64_MAX - BYTES + 1, BYTES},
	           {UINT64_MAX, BYTES}};
	CLEANUP(lane_fixture_end) struct lane_fixture b = lane_fixture_begin();
	vres_error err;

	for (size_t i = 0; i < COUNT(bad); i++) {
		ck_status(vres_lane_push(&b.lane, &b.mem, bad[i].offset, bad[i].n, &err),
		          VRES_E_INTERNAL);
		ck_status(vres_lane_pull(&b.lane, &b.mem, bad[i].offset, bad[i].n, &err),
		          VRES_E_INTERNAL);
	}
	ck_assert_uint_eq(
		lane_fixture_calls(&b, FAKE_LANE_PUSH) + lane_fixture_calls(&b, FAKE_LANE_PULL), 0);
}
END_TEST

START_TEST(transfer_larger_than_the_staging_buffer_never_reaches_the_backend)
{
	CLEANUP(lane_fixture_end) struct lane_fixture b = lane_fixture_begin();
	CLEANUP(vres_lane_close) struct vres_lane small = {0};
	vres_error err;

	ck_ok(vres_lane_open(b.fixture->device, 16, 0, &small, &err));
	ck_status(vres_lane_push(&small, &b.mem, 0, 17, &err), VRES_E_INTERNAL);
	ck_status(vres_lane_pull(&small, &b.mem, 0, 17, &err), VRES_E_INTERNAL);
	ck_status(vres_lane_pull(&small, &b.mem, 0, SIZE_MAX, &err), VRES_E_INTERNAL);
	ck_assert_uint_eq(
		lane_fixture_calls(&b, FAKE_LANE_PUSH) + lane_fixture_calls(&b, FAKE_LANE_PULL), 0);
	ck_ok(vres_lane_pull(&small, &b.mem, 0, 16, &err));
	ck_ok(vres_lane_wait(&small, DEADLINE, &err));
}
END_TEST

START_TEST(transfer_to_memory_of_another_device_never_reaches_the_backend)
{
	CLEANUP(lane_fixture_end) struct lane_fixture b = lane_fixture_begin();
	CLEANUP(lane_fixture_end) struct lane_fixture other = lane_fixture_begin();
	vres_error err;

	ck_status(vres_lane_push(&b.lane, &other.mem, 0, 16, &err), VRES_E_INTERNAL);
	ck_status(vres_lane_pull(&b.lane, &other.mem, 0, 16, &err), VRES_E_INTERNAL);
	ck_assert_uint_eq(
		lane_fixture_calls(&b, FAKE_LANE_PUSH) + lane_fixture_calls(&b, FAKE_LANE_PULL), 0);
}
END_TEST

START_TEST(pull_that_did_not_happen_is_the_backends_fault)
{
	CLEANUP(lane_fixture_end) struct lane_fixture b = lane_fixture_begin();
	vres_error err;

	b.fixture->fake->pulls_nothing = true;
	for (size_t n = sizeof(b.lane.poison); n <= BYTES; n += 1111) {
		ck_ok(vres_lane_pull(&b.lane, &b.mem, 0, n, &err));
		ck_status_reason(vres_lane_wait(&b.lane, DEADLINE, &err), VRES_E_BACKEND,
		                 VRES_REASON_DEVICE);
	}
	b.fixture->fake->pulls_nothing = false;
	ck_ok(vres_lane_pull(&b.lane, &b.mem, 0, BYTES, &err));
	ck_ok(vres_lane_wait(&b.lane, DEADLINE, &err));
}
END_TEST

/* The mark must also be written over what an earlier pull left in the staging buffer. */
START_TEST(pull_that_did_not_happen_after_one_that_did_is_seen)
{
	CLEANUP(lane_fixture_end) struct lane_fixture b = lane_fixture_begin();
	vres_error err;

	ck_ok(vres_lane_pull(&b.lane, &b.mem, 0, BYTES, &err));
	ck_ok(vres_lane_wait(&b.lane, DEADLINE, &err));
	b.fixture->fake->pulls_nothing = true;
	ck_ok(vres_lane_pull(&b.lane, &b.mem, 0, BYTES, &err));
	ck_status(vres_lane_wait(&b.lane, DEADLINE, &err), VRES_E_BACKEND);
}
END_TEST

START_TEST(pull_that_stopped_half_way_is_the_backends_fault)
{
	CLEANUP(lane_fixture_end) struct lane_fixture b = lane_fixture_begin();
	vres_error err;

	for (size_t arrived = 1; arrived <= BYTES - 100; arrived += 1000) {
		b.fixture->fake->pulls_at_most = arrived;
		ck_ok(vres_lane_pull(&b.lane, &b.mem, 0, BYTES, &err));
		ck_status(vres_lane_wait(&b.lane, DEADLINE, &err), VRES_E_BACKEND);
	}
}
END_TEST

/* For each length, the copy stops just before the last mark. */
START_TEST(pull_that_lacks_its_end_is_the_backends_fault)
{
	static const size_t lengths[] = {
		33, 100, 4096, 4096 + 20, 4096 + 32, 4096 + 63, 2 * 4096 + 4095, BYTES};
	CLEANUP(lane_fixture_end) struct lane_fixture b = lane_fixture_begin();
	vres_error err;

	for (size_t i = 0; i < COUNT(lengths); i++) {
		b.fixture->fake->pulls_at_most = lengths[i] - sizeof(b.lane.poison);
		ck_ok(vres_lane_pull(&b.lane, &b.mem, 0, lengths[i], &err));
		ck_status(vres_lane_wait(&b.lane, DEADLINE, &err), VRES_E_BACKEND);
	}
}
END_TEST

/*
 * A pull shorter than a mark gets only the mark's beginning, which its content could equal by
 * chance.
 */
START_TEST(short_pull_that_did_not_happen_is_the_backends_fault)
{
	CLEANUP(lane_fixture_end) struct lane_fixture b = lane_fixture_begin();
	vres_error err;

	ck_ok(vres_lane_pull(&b.lane, &b.mem, 0, BYTES, &err));
	ck_ok(vres_lane_wait(&b.lane, DEADLINE, &err));
	for (size_t n = 1; n < sizeof(b.lane.poison); n++) {
		b.fixture->fake->pulls_nothing = true;
		ck_ok(vres_lane_pull(&b.lane, &b.mem, 0, n, &err));
		ck_status_reason(vres_lane_wait(&b.lane, DEADLINE, &err), VRES_E_BACKEND,
		                 VRES_REASON_DEVICE);
		b.fixture->fake->pulls_nothing = false;
		ck_ok(vres_lane_pull(&b.lane, &b.mem, 0, n, &err));
		ck_ok(vres_lane_wait(&b.lane, DEADLINE, &err));
		ck_assert_mem_eq(b.lane.staging, fake_backend_bytes(&b.mem), n);
	}
}
END_TEST

START_TEST(short_piece_that_equals_its_mark_by_chance_is_pulled_again_and_taken)
{
	CLEANUP(lane_fixture_end) struct lane_fixture b = lane_fixture_begin();
	uint8_t *bytes = fake_backend_bytes(&b.mem);
	vres_error err;

	for (size_t n = 1; n < sizeof(b.lane.poison); n++) {
		const uint64_t before = lane_fixture_calls(&b, FAKE_LANE_PULL);

		for (size_t i = 0; i < n; i++)
			bytes[i] = (uint8_t)~b.lane.poison[i]; /* the mark of the next pull */
		ck_ok(vres_lane_pull(&b.lane, &b.mem, 0, n, &err));
		ck_ok(vres_lane_wait(&b.lane, DEADLINE, &err));
		ck_assert_mem_eq(b.lane.staging, bytes, n);
		ck_assert_uint_eq(lane_fixture_calls(&b, FAKE_LANE_PULL), before + 2);
	}
}
END_TEST

/*
 * A pull whose bytes equal the mark is repeated with another mark.  The second must differ in every
 * byte, or content could equal both.
 */
START_TEST(marks_of_one_pull_and_the_next_differ_in_every_byte)
{
	CLEANUP(lane_fixture_end) struct lane_fixture b = lane_fixture_begin();
	uint8_t before[sizeof(b.lane.poison)];
	vres_error err;

	memcpy(before, b.lane.poison, sizeof(before));
	ck_ok(vres_lane_pull(&b.lane, &b.mem, 0, BYTES, &err));
	for (size_t i = 0; i < sizeof(before); i++)
		ck_assert_uint_ne(b.lane.poison[i], before[i]);
}
END_TEST

START_TEST(marks_of_two_lanes_differ)
{
	CLEANUP(lane_fixture_end) struct lane_fixture b = lane_fixture_begin();
	CLEANUP(vres_lane_close) struct vres_lane other = {0};
	vres_error err;

	ck_ok(vres_lane_open(b.fixture->device, 16, 0, &other, &err));
	ck_assert_mem_ne(b.lane.poison, other.poison, sizeof(other.poison));
}
END_TEST

/* A refused call puts nothing on the lane, so the next wait must not look for its result. */
START_TEST(work_that_the_backend_refused_is_not_waited_for)
{
	CLEANUP(lane_fixture_end) struct lane_fixture b = lane_fixture_begin();
	uint8_t *digests = test_alloc(6 * 32);
	vres_error err;

	b.fixture->fake->answer[FAKE_HASH] = VRES_E_NO_MEMORY;
	b.fixture->fake->answer[FAKE_LANE_PULL] = VRES_E_NO_MEMORY;
	ck_status(lane_fixture_hash(&b, digests, &err), VRES_E_NO_MEMORY);
	test_free(digests);
	ck_status(vres_lane_pull(&b.lane, &b.mem, 0, BYTES, &err), VRES_E_NO_MEMORY);
	ck_ok(vres_lane_wait(&b.lane, DEADLINE, &err));
}
END_TEST

START_TEST(failures_of_the_backend_come_through_and_are_never_success)
{
	static const enum fake_backend_op ops[] = {FAKE_LANE_PUSH, FAKE_LANE_PULL, FAKE_HASH,
	                                           FAKE_LANE_WAIT};
	CLEANUP(lane_fixture_end) struct lane_fixture b = lane_fixture_begin();
	const struct vres_range all = {.mem = &b.mem, .bytes = BYTES};
	vres_hash_run runs[4];
	uint8_t digests[6 * 32];
	vres_error err;

	b.fixture->fake->detail.reason = VRES_REASON_DEADLINE;
	for (size_t i = 0; i < COUNT(ops); i++)
		b.fixture->fake->answer[ops[i]] = VRES_E_SEAL_VERIFICATION_FAILED;
	ck_status_reason(vres_lane_push(&b.lane, &b.mem, 0, 16, &err), VRES_E_BACKEND,
	                 VRES_REASON_DEADLINE);
	ck_status_reason(vres_lane_pull(&b.lane, &b.mem, 0, 16, &err), VRES_E_BACKEND,
	                 VRES_REASON_DEADLINE);
	ck_status_reason(vres_lane_hash(&b.lane, &all, 1, 4096, 0, runs, digests, 6, &err),
	                 VRES_E_BACKEND, VRES_REASON_DEADLINE);
	ck_status_reason(vres_lane_wait(&b.lane, DEADLINE, &err), VRES_E_BACKEND,
	                 VRES_REASON_DEADLINE);
	b.fixture->fake->answer[FAKE_LANE_WAIT] = VRES_E_DEVICE_LOST;
	ck_status(vres_lane_wait(&b.lane, DEADLINE, &err), VRES_E_DEVICE_LOST);
	ck_status(vres_lane_push(&b.lane, &b.mem, 0, 16, &err), VRES_E_DEVICE_LOST);
	ck_status(vres_lane_hash(&b.lane, &all, 1, 4096, 0, runs, digests, 6, &err),
	          VRES_E_DEVICE_LOST);
}
END_TEST

START_TEST(lane_without_its_staging_buffer_is_closed_again)
{
	CLEANUP(lane_fixture_end) struct lane_fixture b = lane_fixture_begin();
	struct vres_lane lane = {0};
	const int live = atomic_load(&b.fixture->fake->live);
	vres_error err;

	b.fixture->fake->gives_no_staging = true;
	ck_status(vres_lane_open(b.fixture->device, 16, 0, &lane, &err), VRES_E_BACKEND);
	ck_assert_ptr_null(lane.handle);
	ck_assert_int_eq(atomic_load(&b.fixture->fake->live), live);
	ck_ok(vres_lane_open(b.fixture->device, 0, 0, &lane,
	                     &err)); /* a lane for hashing has no staging buffer */
	ck_assert_ptr_null(lane.staging);
	vres_lane_close(&lane);
}
END_TEST

START_TEST(pinned_staging_is_asked_for_only_when_wanted)
{
	CLEANUP(lane_fixture_end) struct lane_fixture b = lane_fixture_begin();
	CLEANUP(vres_lane_close) struct vres_lane lane = {0};
	vres_error err;

	ck_assert_uint_eq(b.fixture->fake->lane_flags, 0);
	ck_ok(vres_lane_open(b.fixture->device, 16, VRES_LANE_PINNED, &lane, &err));
	ck_assert_uint_eq(b.fixture->fake->lane_flags, VRES_LANE_PINNED);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE(bytes_go_to_the_memory_and_come_back, "MS-002", "integrity", ""),
		CASE(transfer_outside_the_memory_never_reaches_the_backend,
	             "MS-002 MS-006 MS-007 VR-006", "integrity",
	             "offset and length that overflow, one byte past the end"),
		CASE(transfer_larger_than_the_staging_buffer_never_reaches_the_backend,
	             "MS-007 VR-006", "integrity", "a write past the staging buffer"),
		CASE(transfer_to_memory_of_another_device_never_reaches_the_backend,
	             "MS-002 WORKER-4922", "integrity", "a copy to another device"),
		CASE(pull_that_did_not_happen_is_the_backends_fault, "CI-007 WORKER-4032",
	             "integrity", "stale staging taken for tampering"),
		CASE(pull_that_did_not_happen_after_one_that_did_is_seen, "CI-007", "integrity",
	             "stale staging taken for a good answer"),
		CASE(pull_that_stopped_half_way_is_the_backends_fault, "CI-007 WORKER-4032",
	             "integrity", "a short copy taken for tampering"),
		CASE(pull_that_lacks_its_end_is_the_backends_fault, "CI-007 WORKER-4032",
	             "integrity", "stale staging taken for a good answer"),
		CASE(short_pull_that_did_not_happen_is_the_backends_fault, "CI-007 WORKER-4032",
	             "integrity", "a copy that was left out taken for tampering"),
		CASE(short_piece_that_equals_its_mark_by_chance_is_pulled_again_and_taken, "CI-007",
	             "availability", "good bytes taken for a mark"),
		CASE(marks_of_one_pull_and_the_next_differ_in_every_byte, "CI-007", "integrity",
	             "a mark taken for content, twice"),
		CASE(work_that_the_backend_refused_is_not_waited_for, "VR-006", "integrity",
	             "use after free"),
		CASE(marks_of_two_lanes_differ, "CI-007", "integrity",
	             "a mark that can be foreseen"),
		CASE(failures_of_the_backend_come_through_and_are_never_success,
	             "WORKER-4032 WORKER-4150", "integrity", "driver trouble taken for tampering"),
		CASE(lane_without_its_staging_buffer_is_closed_again, "VR-006", "",
	             "a copy through NULL"),
		CASE(pinned_staging_is_asked_for_only_when_wanted, "VP-003 WORKER-4101",
	             "confidentiality", "pinned host memory"),
	};

	return suite_run("unit.lane", "unit", cases, COUNT(cases));
}
