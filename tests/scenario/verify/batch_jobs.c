/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Shards that are hashed in one job: how many jobs there are, and what happens when one fails. */
#include <stdio.h>
#include "support/fixture/support.h"

#define FEW 7u

static uint64_t hash_calls(struct fixture *f, size_t n, vres_shard **shards)
{
	const uint64_t before = test_device_calls(f->test_device, VRES_MOCK_OP_HASH_BLOCKS);
	vres_error err;

	ck_ok(vres_verify_many(f->manager, shards, n, NULL, NULL, &err));
	return test_device_calls(f->test_device, VRES_MOCK_OP_HASH_BLOCKS) - before;
}

/* What a call costs beyond its bytes does not grow with the shards. */
START_TEST(shards_of_a_device_are_hashed_in_one_job)
{
	enum { SHARDS = 1100 };
	CLEANUP(finish) struct fixture *f = begin(NULL);
	vres_shard *shards[SHARDS];

	for (size_t i = 0; i < SHARDS; i++)
		shards[i] = sealed(f, BLOCK + 1 + i, i);
	ck_assert_uint_eq(hash_calls(f, 1, shards), 1);
	ck_assert_uint_eq(hash_calls(f, 10, shards), 1);
	ck_assert_uint_eq(hash_calls(f, 1024, shards), 1);
	ck_assert_uint_eq(hash_calls(f, SHARDS, shards), 2);
	for (size_t i = 0; i < SHARDS; i++)
		release_shard(&shards[i]);
}
END_TEST

/*
 * A job that fails says nothing of its shards: each is then looked at by itself, and only one that
 * fails again is in trouble.
 */
START_TEST(shards_of_a_job_that_failed_are_checked_one_by_one)
{
	static const vres_mock_op ops[] = {VRES_MOCK_OP_LANE_OPEN, VRES_MOCK_OP_HASH_BLOCKS,
	                                   VRES_MOCK_OP_LANE_WAIT};
	CLEANUP(finish) struct fixture *f = begin(NULL);
	vres_verify_report reports[FEW];
	vres_shard *shards[FEW];
	vres_error err;

	for (size_t i = 0; i < FEW; i++) {
		shards[i] = sealed(f, (i + 1) * BLOCK, i);
		reports[i] = vres_verify_report_init();
	}
	flip(f, shards[5], 1, 1);
	record_clear(&f->record);
	test_device_fail(f->test_device, ops[_i], 1, VRES_E_BACKEND); /* the job */
	test_device_fail(f->test_device, ops[_i], 4, VRES_E_BACKEND); /* the third shard */
	ck_refused(vres_verify_many(f->manager, shards, FEW, NULL, reports, &err),
	           VRES_REASON_DIGEST);
	for (size_t i = 0; i < FEW; i++)
		ck_assert_int_eq(reports[i].status, i == 2   ? VRES_E_BACKEND
		                                    : i == 5 ? VRES_E_SEAL_VERIFICATION_FAILED
		                                             : VRES_OK);
	ck_assert_uint_eq(record_critical(&f->record), 1);
	ck_assert_uint_eq(info_of(shards[2]).state, VRES_SHARD_SEALED);
	for (size_t i = 0; i < FEW; i++)
		release_shard(&shards[i]);
}
END_TEST

/* Each would wait for as long again. */
START_TEST(shards_of_a_job_that_took_too_long_could_not_be_checked)
{
	struct setup s = setup_init();
	CLEANUP(finish) struct fixture *f = NULL;
	vres_shard *shards[FEW];
	vres_verify_report reports[FEW];
	uint64_t waits;
	vres_error err;

	s.policy.deadline = UINT64_C(20000000);
	f = begin(&s);
	f->wipe_may_fail = true;
	for (size_t i = 0; i < FEW; i++) {
		shards[i] = sealed(f, (i + 1) * BLOCK, i);
		reports[i] = vres_verify_report_init();
	}
	record_clear(&f->record);
	test_device_delay(f->test_device, VRES_MOCK_OP_LANE_WAIT, UINT64_C(60000000));
	waits = test_device_calls(f->test_device, VRES_MOCK_OP_LANE_WAIT);
	ck_status_reason(vres_verify_many(f->manager, shards, FEW, NULL, reports, &err),
	                 VRES_E_BACKEND, VRES_REASON_DEADLINE);
	ck_assert_uint_eq(test_device_calls(f->test_device, VRES_MOCK_OP_LANE_WAIT) - waits, 1);
	test_device_delay(f->test_device, VRES_MOCK_OP_LANE_WAIT, 0);
	for (size_t i = 0; i < FEW; i++) {
		ck_assert_uint_eq(reports[i].reason, VRES_REASON_DEADLINE);
		ck_assert_uint_eq(info_of(shards[i]).state, VRES_SHARD_SEALED);
		release_shard(&shards[i]);
	}
	ck_assert_uint_eq(record_critical(&f->record), 0);
	ck_assert_uint_eq(f->record.incidents_count, 0);
}
END_TEST

/* Without memory for a job each shard is checked by itself, or says that it could not be. */
START_TEST(want_of_memory_is_never_damage_and_never_hides_it)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	vres_shard *shards[FEW];
	vres_verify_report reports[FEW];
	bool fired = true;

	for (size_t i = 0; i < FEW; i++)
		shards[i] = sealed(f, (i + 1) * BLOCK, i);
	for (uint64_t n = 1; fired; n++) {
		vres_status got;
		vres_error err;

		for (size_t i = 0; i < FEW; i++)
			reports[i] = vres_verify_report_init();
		alloc_fail(n, _i);
		got = vres_verify_many(f->manager, shards, FEW, NULL, reports, &err);
		fired = alloc_disarm();
		ck_assert(got == VRES_OK || (fired && got == VRES_E_NO_MEMORY));
	}
	ck_assert_uint_eq(metrics_of(f).quarantined_now, 0);
	for (size_t i = 0; i < FEW; i++)
		release_shard(&shards[i]);
}
END_TEST

START_TEST(background_is_a_choice_between_yes_and_no)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(release_shard) vres_shard *shard = sealed(f, 3 * BLOCK, 1);
	vres_verify_params p = mode_of(VRES_VERIFY_FULL);
	vres_error err;

	p.background = 2;
	ck_status(vres_shard_verify(shard, &p, NULL, &err), VRES_E_INVALID_INPUT);
	p.background = 1;
	p.reserved = 1;
	ck_status(vres_verify_many(f->manager, &shard, 1, &p, NULL, &err), VRES_E_INVALID_INPUT);
	p.reserved = 0;
	ck_ok(vres_shard_verify(shard, &p, NULL, &err));
	p.background = 7; /* of a caller that does not know of it: not looked at */
	p.struct_size = offsetof(vres_verify_params, background);
	ck_ok(vres_shard_verify(shard, &p, NULL, &err));
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE(shards_of_a_device_are_hashed_in_one_job, "VR-008", "availability",
	             "verification too slow to be done"),
		CASE_LOOP(shards_of_a_job_that_failed_are_checked_one_by_one, 3,
	                  "WORKER-4151 WORKER-4150 VR-008", "integrity",
	                  "false alarm, damage hidden behind trouble"),
		CASE(shards_of_a_job_that_took_too_long_could_not_be_checked, "WORKER-4151",
	             "availability", "hung device, false alarm"),
		CASE_LOOP(want_of_memory_is_never_damage_and_never_hides_it, 2,
	                  "WORKER-4151 WORKER-4150", "availability", "false alarm"),
		CASE(background_is_a_choice_between_yes_and_no, "WORKER-4150 WORKER-4010",
	             "availability", "bad arguments"),
	};
	return suite_run("verify_batch_jobs", "multi_shard", cases, COUNT(cases));
}
