/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Scrubbing shards that are not good: damage is found and reported once, trouble is not taken for
 * damage, and neither keeps the other shards from being checked.
 */
#include "support/fixture/scrubbing.h"

/* A round of steps finds the damage, wherever it is. */
START_TEST(damage_anywhere_is_found_within_one_round)
{
	static const uint64_t places[] = {0,      BLOCK,      GROUP - 1,  GROUP,
	                                  MIB(1), MIB(3) + 7, MIB(5) + 12};
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(release_set) struct shard_set s = seal_set(f);
	uint64_t hashed = 0;
	vres_status status = VRES_OK;
	vres_scrub_report r;
	vres_error err;

	flip(f, s.at[5], places[_i], 2);
	record_clear(&f->record);
	while (status == VRES_OK && hashed < SET_BYTES) {
		status = scrub_step(f, SCRUB_TINY, &r, &err);
		hashed += r.bytes_hashed;
	}
	ck_assert_int_eq(status, VRES_E_SEAL_VERIFICATION_FAILED);
	ck_assert_uint_eq(err.reason, VRES_REASON_DIGEST);
	ck_assert_uint_eq(r.failed, 1);
	ck_assert_uint_eq(info_of(s.at[5]).state, VRES_SHARD_QUARANTINED);
	ck_assert_uint_eq(record_critical(&f->record), 1);
	ck_assert_uint_eq(f->record.incidents_count, 1);
	ck_assert_str_eq(record_last(&f->record, 0)->mode, "sampled");
	ck_assert_str_eq(record_last(&f->record, 0)->action_taken, "shard_quarantined");
	ck_assert_uint_eq(metrics_of(f).verifies_failed, 1);
	ck_refused(vres_shard_verify(s.at[5], NULL, NULL, &err), VRES_REASON_QUARANTINED);
}
END_TEST

START_TEST(one_damaged_shard_does_not_keep_the_others_from_being_checked)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(release_set) struct shard_set s = seal_set(f);
	vres_scrub_report r;
	vres_error err;

	flip(f, s.at[1], 0, 2);
	test_device_pretend(f->test_device, address_of(s.at[4]), VRES_MOCK_MOVED);
	record_clear(&f->record);
	ck_refused(scrub_step(f, SCRUB_AMPLE, &r, &err), VRES_REASON_DIGEST);
	ck_assert_uint_eq(r.failed, 2);
	ck_assert_uint_eq(r.shards, SET_SHARDS);
	ck_assert_uint_eq(r.bytes_total, SET_BYTES);
	ck_assert_uint_eq(record_critical(&f->record), 2);
	ck_assert_uint_eq(f->record.incidents_count, 2);
	r = scrub_good(f, SCRUB_AMPLE); /* without the two */
	ck_assert_uint_eq(r.shards, SET_SHARDS - 2);
	ck_assert_uint_eq(r.bytes_total, SET_BYTES - set_sizes[1] - set_sizes[4]);
	ck_assert_uint_eq(r.bytes_hashed, r.bytes_total);
	ck_assert_uint_eq(record_critical(&f->record), 2);
}
END_TEST

/* To locate damage the bytes are hashed once more; no other shard loses its turn by that. */
START_TEST(all_damaged_shards_are_found_by_one_ample_step_however_small)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	vres_shard *small[5];
	vres_scrub_report r;
	vres_error err;

	for (unsigned i = 0; i < COUNT(small); i++) {
		small[i] = sealed(f, 1, i);
		flip(f, small[i], 0, i);
	}
	ck_refused(scrub_step(f, SCRUB_AMPLE, &r, &err), VRES_REASON_DIGEST);
	ck_assert_uint_eq(r.failed, COUNT(small));
	for (unsigned i = 0; i < COUNT(small); i++)
		release_shard(&small[i]);
}
END_TEST

/* It was measured after the pass over the other one had begun, and that pass ends in this step. */
START_TEST(damage_in_a_shard_sealed_during_a_pass_over_another_is_found_by_the_next_ample_step)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(release_shard) vres_shard *large = sealed(f, MIB(5), 1);
	CLEANUP(release_shard) vres_shard *late = NULL;
	vres_scrub_report r;
	vres_error err;

	for (unsigned i = 0; i < 4; i++)
		(void)scrub_good(f, SCRUB_TINY);
	late = sealed(f, MIB(2), 2);
	flip(f, late, MIB(2) - 1, 1);
	ck_refused(scrub_step(f, SCRUB_AMPLE, &r, &err), VRES_REASON_DIGEST);
	ck_assert_uint_eq(r.failed, 1);
	ck_assert_uint_eq(info_of(late).state, VRES_SHARD_QUARANTINED);
}
END_TEST

START_TEST(a_shard_quarantined_by_a_verification_has_no_more_turns)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(release_set) struct shard_set s = seal_set(f);
	vres_error err;

	flip(f, s.at[5], 0, 2);
	ck_refused(vres_shard_verify(s.at[5], NULL, NULL, &err), VRES_REASON_DIGEST);
	ck_assert_uint_eq(scrub_good(f, SCRUB_AMPLE).bytes_hashed, SET_BYTES - set_sizes[5]);
}
END_TEST

START_TEST(a_device_that_cannot_hash_is_scrubbed_by_readback)
{
	struct setup setup = setup_init();

	setup.mock.no_device_hash = 1;
	setup.policy.allow |= VRES_ALLOW_READBACK;
	CLEANUP(finish) struct fixture *f = begin(&setup);
	CLEANUP(release_set) struct shard_set s = seal_set(f);
	vres_scrub_report r;
	vres_error err;

	ck_assert_uint_eq(scrub_good(f, SCRUB_AMPLE).bytes_hashed, SET_BYTES);
	flip(f, s.at[5], MIB(4), 0);
	ck_refused(scrub_step(f, SCRUB_AMPLE, &r, &err), VRES_REASON_DIGEST);
}
END_TEST

START_TEST(a_lost_device_is_no_tampering_and_the_others_are_scrubbed)
{
	struct setup setup = setup_init();

	setup.mock.devices = 2;
	CLEANUP(finish) struct fixture *f = begin(&setup);
	vres_seal_params p = vres_seal_params_init();
	vres_shard *lost[2], *good;
	vres_scrub_report r;
	vres_error err;

	for (unsigned i = 0; i < 2; i++)
		lost[i] = sealed(f, MIB(1), i);
	p.gpu_device = 1;
	good = sealed_with(f, &p, MIB(2), 9);
	f->wipe_may_fail = true;
	test_device_lose_device(f->test_device, 0);
	record_clear(&f->record);
	ck_status(scrub_step(f, SCRUB_AMPLE, &r, &err), VRES_E_DEVICE_LOST);
	ck_assert_uint_eq(r.bytes_hashed, MIB(2));
	ck_assert_uint_eq(r.failed, 0);
	pause_for(3000000);
	/* The trouble stays, and the metrics show it: the age of the oldest check grows. */
	for (unsigned i = 0; i < 4; i++) {
		ck_status(scrub_step(f, SCRUB_AMPLE, &r, &err), VRES_E_DEVICE_LOST);
		ck_assert_uint_eq(r.bytes_hashed, MIB(2));
		ck_assert_uint_eq(r.bytes_total, MIB(4));
		ck_assert_uint_ge(r.oldest_check_age, 3000000);
	}
	ck_assert_uint_eq(record_critical(&f->record), 0);
	ck_assert_uint_eq(metrics_of(f).quarantined_now, 0);
	release_shard(&lost[0]);
	release_shard(&lost[1]);
	ck_assert_uint_eq(scrub_good(f, SCRUB_AMPLE).bytes_total, MIB(2));
	release_shard(&good);
}
END_TEST

START_TEST(damage_outranks_trouble_that_came_before_it)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(release_set) struct shard_set s = seal_set(f);
	vres_scrub_report r;
	vres_error err;

	flip(f, s.at[5], 0, 2);
	test_device_fail(f->test_device, VRES_MOCK_OP_MEM_RESIDENCY, 1, VRES_E_BACKEND);
	ck_refused(scrub_step(f, SCRUB_AMPLE, &r, &err), VRES_REASON_DIGEST);
	ck_assert_uint_eq(r.failed, 1);
	/* The damaged one was hashed twice, the one that was in trouble not at all. */
	ck_assert_uint_lt(r.bytes_hashed, SET_BYTES + set_sizes[5]);
}
END_TEST

START_TEST(what_could_not_be_checked_once_is_tried_again)
{
	static const vres_mock_op ops[] = {VRES_MOCK_OP_MEM_RESIDENCY, VRES_MOCK_OP_LANE_OPEN,
	                                   VRES_MOCK_OP_HASH_BLOCKS, VRES_MOCK_OP_LANE_WAIT};
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(release_set) struct shard_set s = seal_set(f);
	vres_scrub_report r;
	vres_error err;

	record_clear(&f->record);
	pause_for(3000000);
	test_device_fail(f->test_device, ops[_i], 2, VRES_E_BACKEND);
	ck_status(scrub_step(f, SCRUB_AMPLE, &r, &err), VRES_E_BACKEND);
	ck_assert_uint_eq(r.bytes_hashed, SET_BYTES - set_sizes[1]);
	ck_assert_uint_ge(r.oldest_check_age, 3000000);
	r = scrub_good(f, SCRUB_TINY); /* the one that is overdue comes first */
	ck_assert_uint_eq(r.bytes_hashed, set_sizes[1]);
	ck_assert_uint_eq(record_critical(&f->record), 0);
	ck_assert_uint_eq(scrub_good(f, SCRUB_AMPLE).bytes_hashed, SET_BYTES);
}
END_TEST

START_TEST(after_damage_a_manager_that_must_stop_has_stopped)
{
	struct setup setup = setup_init();

	setup.policy.require = VRES_REQUIRE_STOP;
	CLEANUP(finish) struct fixture *f = begin(&setup);
	CLEANUP(release_set) struct shard_set s = seal_set(f);
	vres_scrub_report r;
	vres_error err;

	flip(f, s.at[0], 0, 0);
	ck_refused(scrub_step(f, SCRUB_AMPLE, &r, &err), VRES_REASON_DIGEST);
	ck_assert_uint_le(r.bytes_hashed, 2); /* once checked, once located */
	ck_status_reason(scrub_step(f, SCRUB_AMPLE, &r, &err), VRES_E_POLICY_VIOLATION,
	                 VRES_REASON_STOPPED);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE_LOOP(damage_anywhere_is_found_within_one_round, 7, "CI-007 VR-004 WORKER-4161",
	                  "integrity", "bit flip in VRAM"),
		CASE(one_damaged_shard_does_not_keep_the_others_from_being_checked,
	             "VR-008 VR-004 WORKER-4161", "integrity", "one bad shard hides another"),
		CASE(all_damaged_shards_are_found_by_one_ample_step_however_small, "CI-007 VR-004",
	             "integrity", "one bad shard hides another"),
		CASE(damage_in_a_shard_sealed_during_a_pass_over_another_is_found_by_the_next_ample_step,
	             "CI-007 VR-004", "integrity", "coverage claimed that there was not"),
		CASE(a_shard_quarantined_by_a_verification_has_no_more_turns, "WORKER-4161",
	             "accountability", "flood of alarms"),
		CASE(a_device_that_cannot_hash_is_scrubbed_by_readback, "CI-007", "integrity", ""),
		CASE(a_lost_device_is_no_tampering_and_the_others_are_scrubbed,
	             "WORKER-4151 WORKER-4032", "availability", "false alarm, false success"),
		CASE(damage_outranks_trouble_that_came_before_it, "VR-004 WORKER-4161", "integrity",
	             "damage hidden behind driver trouble"),
		CASE_LOOP(what_could_not_be_checked_once_is_tried_again, 4, "WORKER-4151",
	                  "availability", "false alarm, a shard forgotten"),
		CASE(after_damage_a_manager_that_must_stop_has_stopped, "WORKER-4122", "integrity",
	             "work goes on after damage"),
	};

	return suite_run("scrub_trouble", "verify", cases, COUNT(cases));
}
