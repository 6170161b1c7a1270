/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Hash jobs over a lane, and a backend that reports success for those it did not do. */
#include "support/suite/alloc.h"
#include "support/suite/content.h"
#include "unit/fixture/lane_fixture.h"
#include "support/suite/status.h"
#include "support/suite/suite.h"

START_TEST(digests_of_runs_follow_each_other)
{
	CLEANUP(lane_fixture_end) struct lane_fixture b = lane_fixture_begin();
	const struct vres_range ranges[] = {
		{&b.mem, 4096, 4096}, {&b.mem, 5 * 4096, 100}, {&b.mem, 0, 8192}};
	uint8_t digests[4 * 32], want[4 * 32], last[4096] = {0};
	vres_hash_run runs[4];
	vres_error err;

	memcpy(last, fake_backend_bytes(&b.mem) + (size_t)5 * 4096, 100);
	sha256_of(fake_backend_bytes(&b.mem) + 4096, 4096, want);
	sha256_of(last, 4096, want + 32);
	sha256_of(fake_backend_bytes(&b.mem), 4096, want + 64);
	memcpy(want + 96, want, 32);
	ck_ok(vres_lane_hash(&b.lane, ranges, 3, 4096, 0, runs, digests, 4, &err));
	ck_ok(vres_lane_wait(&b.lane, DEADLINE, &err));
	ck_assert_mem_eq(digests, want, sizeof(want));
}
END_TEST

START_TEST(hash_whose_nonce_was_not_echoed_is_the_backends_fault)
{
	CLEANUP(lane_fixture_end) struct lane_fixture b = lane_fixture_begin();
	uint8_t digests[6 * 32];
	vres_error err;

	b.fixture->fake->echoes_nothing = true;
	ck_status_reason(lane_fixture_hash(&b, digests, &err), VRES_E_BACKEND, VRES_REASON_DEVICE);
	b.fixture->fake->echoes_nothing = false;
	b.fixture->fake->echoes_wrongly = true;
	ck_status_reason(lane_fixture_hash(&b, digests, &err), VRES_E_BACKEND, VRES_REASON_DEVICE);
	b.fixture->fake->echoes_wrongly = false;
	ck_ok(lane_fixture_hash(&b, digests, &err));
}
END_TEST

/* The backend echoes the nonce but leaves out digests, which would look like damaged weights. */
START_TEST(hash_that_left_out_digests_is_the_backends_fault)
{
	CLEANUP(lane_fixture_end) struct lane_fixture b = lane_fixture_begin();
	uint8_t digests[6 * 32];
	vres_error err;

	ck_ok(lane_fixture_hash(&b, digests, &err));
	b.fixture->fake->writes_no_digests = true;
	ck_status_reason(lane_fixture_hash(&b, digests, &err), VRES_E_BACKEND, VRES_REASON_DEVICE);
	b.fixture->fake->writes_no_digests = false;
	for (size_t left_out = 0; left_out < 6; left_out++) {
		b.fixture->fake->leaves_out = left_out + 1;
		ck_status_reason(lane_fixture_hash(&b, digests, &err), VRES_E_BACKEND,
		                 VRES_REASON_DEVICE);
	}
	b.fixture->fake->leaves_out = 0;
	ck_ok(lane_fixture_hash(&b, digests, &err));
}
END_TEST

START_TEST(nonces_are_never_used_twice)
{
	CLEANUP(lane_fixture_end) struct lane_fixture b = lane_fixture_begin();
	const struct vres_range all = {.mem = &b.mem, .bytes = BYTES};
	vres_hash_run runs[4];
	uint8_t digests[6 * 32];
	uint64_t seen[20];
	vres_error err;

	for (size_t i = 0; i < COUNT(seen); i++) {
		ck_ok(vres_lane_hash(&b.lane, &all, 1, 4096, 0, runs, digests, 6, &err));
		seen[i] = b.lane.nonce;
		ck_assert_uint_ne(b.lane.echo, seen[i]);
		for (size_t j = 0; j < i; j++) {
			ck_assert_uint_ne(seen[i], seen[j]);
			/* both halves are random */
			ck_assert_uint_ne(seen[i] >> 32, seen[j] >> 32);
		}
		ck_ok(vres_lane_wait(&b.lane, DEADLINE, &err));
	}
}
END_TEST

START_TEST(malformed_hash_jobs_never_reach_the_backend)
{
	CLEANUP(lane_fixture_end) struct lane_fixture b = lane_fixture_begin();
	CLEANUP(lane_fixture_end) struct lane_fixture other = lane_fixture_begin();
	struct vres_range ranges[4];
	vres_hash_run runs[4];
	uint8_t digests[4 * 32];
	vres_error err;

	for (size_t i = 0; i < COUNT(ranges); i++)
		ranges[i] = (struct vres_range){.mem = &b.mem, .bytes = 4096};
	ck_status(vres_lane_hash(&b.lane, ranges, 0, 4096, 0, runs, digests, 0, &err),
	          VRES_E_INTERNAL);
	ck_status(vres_lane_hash(&b.lane, ranges, 2, 4096, 0, runs, digests, 1, &err),
	          VRES_E_INTERNAL);
	ck_status(vres_lane_hash(&b.lane, ranges, 2, 4096, 0, runs, digests, 3, &err),
	          VRES_E_INTERNAL);
	ranges[1].offset = BYTES - 4095;
	ck_status(vres_lane_hash(&b.lane, ranges, 2, 4096, 0, runs, digests, 2, &err),
	          VRES_E_INTERNAL);
	ranges[1].offset = UINT64_MAX;
	ck_status(vres_lane_hash(&b.lane, ranges, 2, 4096, 0, runs, digests, 2, &err),
	          VRES_E_INTERNAL);
	ranges[1] = (struct vres_range){.mem = &other.mem, .bytes = 4096};
	ck_status(vres_lane_hash(&b.lane, ranges, 2, 4096, 0, runs, digests, 2, &err),
	          VRES_E_INTERNAL);
	ck_assert_uint_eq(lane_fixture_calls(&b, FAKE_HASH) + lane_fixture_calls(&other, FAKE_HASH),
	                  0);
	ck_ok(vres_lane_hash(&b.lane, ranges, 1, 4096, 0, runs, digests, 1, &err));
	ck_ok(vres_lane_wait(&b.lane, DEADLINE, &err));
}
END_TEST

START_TEST(device_that_cannot_hash_is_not_asked_to)
{
	CLEANUP(lane_fixture_end) struct lane_fixture b = lane_fixture_begin();
	uint8_t digests[6 * 32];
	vres_error err;

	b.fixture->device->props.facts &= ~VRES_DEVICE_CAN_HASH;
	ck_status(lane_fixture_hash(&b, digests, &err), VRES_E_INTERNAL);
	ck_assert_uint_eq(lane_fixture_calls(&b, FAKE_HASH), 0);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE(digests_of_runs_follow_each_other, "CI-007", "integrity", ""),
		CASE(hash_whose_nonce_was_not_echoed_is_the_backends_fault, "CI-007 WORKER-4032",
	             "integrity", "a kernel that was not launched"),
		CASE(hash_that_left_out_digests_is_the_backends_fault, "CI-007 WORKER-4032",
	             "integrity", "missing digests taken for tampering"),
		CASE(nonces_are_never_used_twice, "CI-007", "integrity",
	             "an echo of an earlier launch"),
		CASE(malformed_hash_jobs_never_reach_the_backend, "MS-002 MS-007 VR-006",
	             "integrity", "digests past their buffer, a hash of another device's memory"),
		CASE(device_that_cannot_hash_is_not_asked_to, "CI-007", "availability", ""),
	};

	return suite_run("unit.lane_hash", "unit", cases, COUNT(cases));
}
