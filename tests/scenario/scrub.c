/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Scrubbing: all of all shards, in turn, part by part, whatever the budget; what it finds, and what it never does. */
#include <time.h>
#include "support.h"

#define TINY  UINT64_C(1)            /* one part a step */
#define AMPLE UINT64_C(600000000000) /* ten minutes: as much as there is */

static vres_status step(struct fixture *f, uint64_t budget, vres_scrub_report *out, vres_error *err)
{
	*out = vres_scrub_report_init();
	return vres_scrub_step(f->manager, budget, out, err);
}

static vres_scrub_report good_step(struct fixture *f, uint64_t budget)
{
	vres_scrub_report r;
	vres_error err;

	ck_ok(step(f, budget, &r, &err));
	ck_assert_uint_eq(r.failed, 0);
	return r;
}

static void pause_for(long ns)
{
	const struct timespec moment = {.tv_nsec = ns};

	nanosleep(&moment, NULL);
}

static uint64_t clock_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return (uint64_t)t.tv_sec * UINT64_C(1000000000) + (uint64_t)t.tv_nsec;
}

static const uint64_t SIZES[] = {1, 3 * BLOCK, GROUP, GROUP + 1, MIB(1), MIB(5) + 13};
static const uint64_t SUM = 1 + 3 * BLOCK + 2 * GROUP + 1 + MIB(6) + 13;

struct shards {
	vres_shard *at[COUNT(SIZES)];
};

static void release_all(struct shards *s)
{
	for (size_t i = 0; i < COUNT(SIZES); i++)
		release_shard(&s->at[i]);
}

static struct shards seal_all(struct fixture *f)
{
	struct shards s;

	for (size_t i = 0; i < COUNT(SIZES); i++)
		s.at[i] = sealed(f, SIZES[i], i);
	return s;
}

START_TEST(an_ample_budget_checks_everything_once)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(release_all) struct shards s = seal_all(f);
	const uint64_t allocations = rig_calls(f->rig, VRES_MOCK_OP_MEM_ALLOC);

	for (unsigned round = 1; round <= 3; round++) {
		const vres_scrub_report r = good_step(f, AMPLE);

		ck_assert_uint_eq(r.bytes_hashed, SUM);
		ck_assert_uint_eq(r.bytes_total, SUM);
		ck_assert_uint_eq(r.shards, COUNT(SIZES));
		ck_assert_uint_eq(metrics_of(f).verified_bytes, round * SUM);
	}
	ck_assert_uint_eq(rig_calls(f->rig, VRES_MOCK_OP_MEM_ALLOC), allocations);
	ck_assert_uint_eq(record_count(&f->record, VRES_EVENT_SEAL_VERIFIED), 0); /* what is good is not told */
}
END_TEST

START_TEST(a_tiny_budget_gets_on_by_a_part_and_remembers_where_it_was)
{
	struct setup setup = setup_init();

	setup.keep_leaves = _i != 0;
	CLEANUP(finish) struct fixture *f = begin(&setup);
	CLEANUP(release_all) struct shards s = seal_all(f);

	for (unsigned round = 0; round < 2; round++) {
		uint64_t hashed = 0;
		unsigned steps = 0;

		for (; hashed < SUM; steps++) {
			const vres_scrub_report r = good_step(f, TINY);

			ck_assert_uint_gt(r.bytes_hashed, 0);
			ck_assert_uint_le(r.bytes_hashed, MIB(1));
			ck_assert_uint_eq(r.bytes_total, SUM);
			hashed += r.bytes_hashed;
		}
		ck_assert_uint_eq(hashed, SUM); /* no byte twice, none left out: see the next test */
		ck_assert_uint_gt(steps, COUNT(SIZES));
	}
}
END_TEST

/* Wherever the damage is, a round of steps comes to it. */
START_TEST(damage_anywhere_is_found_within_one_round)
{
	static const uint64_t places[] = {0, BLOCK, GROUP - 1, GROUP, MIB(1), MIB(3) + 7, MIB(5) + 12};
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(release_all) struct shards s = seal_all(f);
	uint64_t hashed = 0;
	vres_status status = VRES_OK;
	vres_scrub_report r;
	vres_error err;

	flip(f, s.at[5], places[_i], 2);
	record_clear(&f->record);
	while (status == VRES_OK && hashed < SUM) {
		status = step(f, TINY, &r, &err);
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
	CLEANUP(release_all) struct shards s = seal_all(f);
	vres_scrub_report r;
	vres_error err;

	flip(f, s.at[1], 0, 2);
	rig_pretend(f->rig, address_of(s.at[4]), VRES_MOCK_MOVED);
	record_clear(&f->record);
	ck_refused(step(f, AMPLE, &r, &err), VRES_REASON_DIGEST);
	ck_assert_uint_eq(r.failed, 2);
	ck_assert_uint_eq(r.shards, COUNT(SIZES));
	ck_assert_uint_eq(r.bytes_total, SUM);
	ck_assert_uint_eq(record_critical(&f->record), 2);
	ck_assert_uint_eq(f->record.incidents_count, 2);
	r = good_step(f, AMPLE); /* without the two */
	ck_assert_uint_eq(r.shards, COUNT(SIZES) - 2);
	ck_assert_uint_eq(r.bytes_total, SUM - SIZES[1] - SIZES[4]);
	ck_assert_uint_eq(r.bytes_hashed, r.bytes_total);
	ck_assert_uint_eq(record_critical(&f->record), 2);
}
END_TEST

START_TEST(a_shard_quarantined_by_a_verification_has_no_more_turns)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(release_all) struct shards s = seal_all(f);
	vres_error err;

	flip(f, s.at[5], 0, 2);
	ck_refused(vres_shard_verify(s.at[5], NULL, NULL, &err), VRES_REASON_DIGEST);
	ck_assert_uint_eq(good_step(f, AMPLE).bytes_hashed, SUM - SIZES[5]);
}
END_TEST

/* The age is that of the oldest check of any byte: it falls only when the last shard's pass is done, and then to when that of the first began. */
START_TEST(age_is_that_of_the_oldest_check_of_any_byte)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	const uint64_t before_sealing = clock_now();
	CLEANUP(release_all) struct shards s = seal_all(f);
	const uint64_t sealed_by = clock_now();
	uint64_t hashed = 0, began, age;

	pause_for(2000000);
	began = clock_now();
	while (hashed < SUM) {
		const vres_scrub_report r = good_step(f, TINY);

		hashed += r.bytes_hashed;
		age = r.oldest_check_age;
		if (hashed < SUM) /* the last one sealed, which is the largest, has its turn last */
			ck_assert_uint_ge(age, 2000000);
		ck_assert_uint_le(age, clock_now() - (hashed < SUM ? before_sealing : began));
	}
	ck_assert_uint_gt(began, sealed_by);
	pause_for(2000000);
	age = good_step(f, TINY).oldest_check_age;
	ck_assert_uint_ge(age, 2000000);
	ck_assert_uint_le(age, clock_now() - began);
}
END_TEST

/* Its first byte was checked then. */
START_TEST(a_pass_counts_from_when_it_began)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(release_shard) vres_shard *shard = sealed(f, MIB(5), 1);
	vres_scrub_report r = vres_scrub_report_init();

	rig_delay(f->rig, VRES_MOCK_OP_LANE_WAIT, 2000000);
	for (uint64_t hashed = 0; hashed < MIB(5); hashed += r.bytes_hashed)
		r = good_step(f, TINY);
	ck_assert_uint_ge(r.oldest_check_age, 5 * 2000000);
	rig_delay(f->rig, VRES_MOCK_OP_LANE_WAIT, 0);
}
END_TEST

START_TEST(nothing_to_scrub_is_no_failure)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	const vres_scrub_report r = good_step(f, AMPLE);
	vres_error err;

	ck_assert_uint_eq(r.bytes_hashed | r.bytes_total | r.oldest_check_age | r.shards, 0);
	ck_ok(vres_scrub_step(f->manager, TINY, NULL, &err));
}
END_TEST

START_TEST(shards_come_and_go_between_steps)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(release_all) struct shards s = seal_all(f);
	vres_scrub_report r = vres_scrub_report_init();
	vres_shard *late;

	while (r.bytes_hashed != MIB(1)) /* in the middle of a large one */
		r = good_step(f, TINY);
	release_shard(&s.at[5]);
	r = good_step(f, TINY);
	ck_assert_uint_eq(r.bytes_total, SUM - SIZES[5]);
	late = sealed(f, MIB(2), 77);
	release_shard(&s.at[0]);
	r = good_step(f, AMPLE);
	ck_assert_uint_eq(r.bytes_total, SUM - SIZES[5] - SIZES[0] + MIB(2));
	ck_assert_uint_eq(r.shards, COUNT(SIZES) - 1);
	ck_assert_uint_eq(r.bytes_hashed, r.bytes_total);
	flip(f, late, MIB(2) - 1, 0);
	vres_error err;
	ck_refused(step(f, AMPLE, &r, &err), VRES_REASON_DIGEST);
	release_shard(&late);
}
END_TEST

/* Whether a lease has to look at the bytes shows in what the device hashes. */
START_TEST(scrubbing_makes_no_shard_fresh_for_a_lease)
{
	struct setup setup = setup_init();

	setup.policy.lease_max_age = 20000000;
	CLEANUP(finish) struct fixture *f = begin(&setup);
	CLEANUP(release_shard) vres_shard *shard = sealed(f, 3 * BLOCK, 1);
	const uint64_t verified_at = info_of(shard).verified_at;
	vres_lease *lease = NULL;
	uint64_t jobs;
	vres_error err;

	pause_for(30000000);
	ck_assert_uint_eq(good_step(f, AMPLE).bytes_hashed, 3 * BLOCK);
	jobs = rig_calls(f->rig, VRES_MOCK_OP_HASH_BLOCKS);
	ck_ok(vres_lease_acquire(shard, &lease, &err));
	ck_assert_uint_eq(rig_calls(f->rig, VRES_MOCK_OP_HASH_BLOCKS), jobs + 1);
	release_lease(&lease);
	ck_assert_uint_ge(info_of(shard).verified_at, verified_at);
}
END_TEST

START_TEST(a_shard_past_its_age_is_scrubbed_all_the_same)
{
	struct setup setup = setup_init();

	setup.policy.max_seal_age = 1;
	CLEANUP(finish) struct fixture *f = begin(&setup);
	CLEANUP(release_shard) vres_shard *shard = sealed(f, 3 * BLOCK, 1);
	vres_error err;

	pause_for(1000000);
	ck_refused(vres_shard_verify(shard, NULL, NULL, &err), VRES_REASON_EXPIRED);
	record_clear(&f->record);
	ck_assert_uint_eq(good_step(f, AMPLE).bytes_hashed, 3 * BLOCK);
	ck_assert_uint_eq(record_count(&f->record, 0), 0);
}
END_TEST

START_TEST(a_device_that_cannot_hash_is_scrubbed_by_readback)
{
	struct setup setup = setup_init();

	setup.mock.no_device_hash = 1;
	setup.policy.allow |= VRES_ALLOW_READBACK;
	CLEANUP(finish) struct fixture *f = begin(&setup);
	CLEANUP(release_all) struct shards s = seal_all(f);
	vres_scrub_report r;
	vres_error err;

	ck_assert_uint_eq(good_step(f, AMPLE).bytes_hashed, SUM);
	flip(f, s.at[5], MIB(4), 0);
	ck_refused(step(f, AMPLE, &r, &err), VRES_REASON_DIGEST);
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
	rig_lose_device(f->rig, 0);
	record_clear(&f->record);
	ck_status(step(f, AMPLE, &r, &err), VRES_E_DEVICE_LOST);
	ck_assert_uint_eq(r.bytes_hashed, MIB(2));
	ck_assert_uint_eq(r.failed, 0);
	pause_for(3000000);
	for (unsigned i = 0; i < 4; i++) { /* it stays so, and says so: what was not checked grows old */
		ck_status(step(f, AMPLE, &r, &err), VRES_E_DEVICE_LOST);
		ck_assert_uint_eq(r.bytes_hashed, MIB(2));
		ck_assert_uint_eq(r.bytes_total, MIB(4));
		ck_assert_uint_ge(r.oldest_check_age, 3000000);
	}
	ck_assert_uint_eq(record_critical(&f->record), 0);
	ck_assert_uint_eq(metrics_of(f).quarantined_now, 0);
	release_shard(&lost[0]);
	release_shard(&lost[1]);
	ck_assert_uint_eq(good_step(f, AMPLE).bytes_total, MIB(2));
	release_shard(&good);
}
END_TEST

START_TEST(what_could_not_be_checked_once_is_tried_again)
{
	static const vres_mock_op ops[] = {VRES_MOCK_OP_MEM_RESIDENCY, VRES_MOCK_OP_LANE_OPEN, VRES_MOCK_OP_HASH_BLOCKS, VRES_MOCK_OP_LANE_WAIT};
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(release_all) struct shards s = seal_all(f);
	vres_scrub_report r;
	vres_error err;

	record_clear(&f->record);
	pause_for(3000000);
	rig_fail(f->rig, ops[_i], 2, VRES_E_BACKEND);
	ck_status(step(f, AMPLE, &r, &err), VRES_E_BACKEND);
	ck_assert_uint_eq(r.bytes_hashed, SUM - SIZES[1]);
	ck_assert_uint_ge(r.oldest_check_age, 3000000);
	r = good_step(f, TINY); /* the one that is overdue comes first */
	ck_assert_uint_eq(r.bytes_hashed, SIZES[1]);
	ck_assert_uint_eq(record_critical(&f->record), 0);
	ck_assert_uint_eq(good_step(f, AMPLE).bytes_hashed, SUM);
}
END_TEST

START_TEST(after_damage_a_manager_that_must_stop_has_stopped)
{
	struct setup setup = setup_init();

	setup.policy.require = VRES_REQUIRE_STOP;
	CLEANUP(finish) struct fixture *f = begin(&setup);
	CLEANUP(release_all) struct shards s = seal_all(f);
	vres_scrub_report r;
	vres_error err;

	flip(f, s.at[0], 0, 0);
	ck_refused(step(f, AMPLE, &r, &err), VRES_REASON_DIGEST);
	ck_assert_uint_le(r.bytes_hashed, 2); /* once checked, once located */
	ck_status_reason(step(f, AMPLE, &r, &err), VRES_E_POLICY_VIOLATION, VRES_REASON_STOPPED);
}
END_TEST

START_TEST(calls_that_make_no_sense_are_refused)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(release_shard) vres_shard *shard = damaged(f, BLOCK, 1);
	static const size_t sizes[] = {0, 1, sizeof(size_t), sizeof(vres_scrub_report) - 1};
	vres_scrub_report r = vres_scrub_report_init(), before;
	vres_error err;

	record_clear(&f->record);
	before = r;
	ck_status(vres_scrub_step(f->manager, 0, &r, &err), VRES_E_INVALID_INPUT);
	ck_assert_ptr_nonnull(strstr(err.message, "budget"));
	ck_assert_mem_eq(&r, &before, sizeof(r));
	ck_status(vres_scrub_step(NULL, 1, &r, &err), VRES_E_INVALID_INPUT);
	for (size_t i = 0; i < COUNT(sizes); i++) {
		r.struct_size = sizes[i];
		ck_status(vres_scrub_step(f->manager, 1, &r, &err), VRES_E_ABI);
	}
	ck_assert_uint_eq(record_count(&f->record, 0), 0);
	ck_assert_uint_eq(info_of(shard).state, VRES_SHARD_SEALED); /* nobody looked */
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE(an_ample_budget_checks_everything_once, "CI-007 WORKER-4121", "integrity", "bytes nobody looks at"),
		CASE_LOOP(a_tiny_budget_gets_on_by_a_part_and_remembers_where_it_was, 2, "CI-007 WORKER-4121", "availability",
	                  "a scrub that starts over and never gets to the end"),
		CASE_LOOP(damage_anywhere_is_found_within_one_round, 7, "CI-007 VR-004 WORKER-4161", "integrity", "bit flip in VRAM"),
		CASE(one_damaged_shard_does_not_keep_the_others_from_being_checked, "VR-008 VR-004 WORKER-4161", "integrity",
	             "one bad shard hides another"),
		CASE(a_shard_quarantined_by_a_verification_has_no_more_turns, "WORKER-4161", "accountability", "flood of alarms"),
		CASE(age_is_that_of_the_oldest_check_of_any_byte, "CI-007", "accountability", "coverage claimed that there was not"),
		CASE(a_pass_counts_from_when_it_began, "CI-007", "accountability", "coverage claimed that there was not"),
		CASE(nothing_to_scrub_is_no_failure, "WORKER-4150", "availability", ""),
		CASE(shards_come_and_go_between_steps, "MS-004 CI-007", "integrity", "use after free"),
		CASE(scrubbing_makes_no_shard_fresh_for_a_lease, "WORKER-4121 CI-007", "integrity", "verification skipped"),
		CASE(a_shard_past_its_age_is_scrubbed_all_the_same, "WORKER-4121", "accountability", "flood of alarms"),
		CASE(a_device_that_cannot_hash_is_scrubbed_by_readback, "CI-007", "integrity", ""),
		CASE(a_lost_device_is_no_tampering_and_the_others_are_scrubbed, "WORKER-4151 WORKER-4032", "availability",
	             "false alarm, false success"),
		CASE_LOOP(what_could_not_be_checked_once_is_tried_again, 4, "WORKER-4151", "availability", "false alarm, a shard forgotten"),
		CASE(after_damage_a_manager_that_must_stop_has_stopped, "WORKER-4122", "integrity", "work goes on after damage"),
		CASE(calls_that_make_no_sense_are_refused, "VR-005 WORKER-4150 WORKER-4010", "availability", "bad arguments"),
	};

	return suite_run("scrub", "verify", cases, COUNT(cases));
}
