/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Scrubbing what is good: all of all shards, in turn, part by part, whatever the budget; how old
 * the oldest check is.
 */
#include "support/fixture/scrubbing.h"

START_TEST(an_ample_budget_checks_everything_once)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(release_set) struct shard_set s = seal_set(f);
	const uint64_t allocations = test_device_calls(f->test_device, VRES_MOCK_OP_MEM_ALLOC);

	for (unsigned round = 1; round <= 3; round++) {
		const vres_scrub_report r = scrub_good(f, SCRUB_AMPLE);

		ck_assert_uint_eq(r.bytes_hashed, SET_BYTES);
		ck_assert_uint_eq(r.bytes_total, SET_BYTES);
		ck_assert_uint_eq(r.shards, SET_SHARDS);
		ck_assert_uint_eq(metrics_of(f).verified_bytes, round * SET_BYTES);
	}
	ck_assert_uint_eq(test_device_calls(f->test_device, VRES_MOCK_OP_MEM_ALLOC), allocations);
	/* What is good is not told. */
	ck_assert_uint_eq(record_count(&f->record, VRES_EVENT_SEAL_VERIFIED), 0);
}
END_TEST

START_TEST(a_tiny_budget_gets_on_by_a_part_and_remembers_where_it_was)
{
	struct setup setup = setup_init();

	setup.keep_leaves = _i != 0;
	CLEANUP(finish) struct fixture *f = begin(&setup);
	CLEANUP(release_set) struct shard_set s = seal_set(f);

	for (unsigned round = 0; round < 2; round++) {
		uint64_t hashed = 0;
		unsigned steps = 0;

		for (; hashed < SET_BYTES; steps++) {
			const vres_scrub_report r = scrub_good(f, SCRUB_TINY);

			ck_assert_uint_gt(r.bytes_hashed, 0);
			ck_assert_uint_le(r.bytes_hashed, MIB(1));
			ck_assert_uint_eq(r.bytes_total, SET_BYTES);
			hashed += r.bytes_hashed;
		}
		/* No byte twice, none left out: see the next test. */
		ck_assert_uint_eq(hashed, SET_BYTES);
		ck_assert_uint_gt(steps, SET_SHARDS);
	}
}
END_TEST

/* The scrub may stand anywhere when this is called. */
START_TEST(an_ample_step_checks_each_byte_once_wherever_the_pass_is)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(release_shard) vres_shard *large = sealed(f, MIB(5), 1);
	CLEANUP(release_shard) vres_shard *late = NULL;

	for (int i = 0; i < _i; i++)
		(void)scrub_good(f, SCRUB_TINY);
	late = sealed(f, MIB(2), 2);
	for (unsigned round = 1; round <= 3; round++) {
		const vres_scrub_report r = scrub_good(f, SCRUB_AMPLE);

		ck_assert_uint_eq(r.bytes_hashed, MIB(7));
		ck_assert_uint_eq(metrics_of(f).verified_bytes, round * MIB(7) + MIB((unsigned)_i));
	}
}
END_TEST

/*
 * The age is that of the oldest check of any byte: it falls only when the last shard's pass is
 * done, and then to when that of the first began.
 */
START_TEST(age_is_that_of_the_oldest_check_of_any_byte)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	const uint64_t before_sealing = clock_now();
	CLEANUP(release_set) struct shard_set s = seal_set(f);
	const uint64_t sealed_by = clock_now();
	uint64_t hashed = 0, began, age;

	pause_for(2000000);
	began = clock_now();
	while (hashed < SET_BYTES) {
		const vres_scrub_report r = scrub_good(f, SCRUB_TINY);

		hashed += r.bytes_hashed;
		age = r.oldest_check_age;
		/* The last one sealed, which is the largest, has its turn last. */
		if (hashed < SET_BYTES)
			ck_assert_uint_ge(age, 2000000);
		ck_assert_uint_le(age, clock_now() - (hashed < SET_BYTES ? before_sealing : began));
	}
	ck_assert_uint_gt(began, sealed_by);
	pause_for(2000000);
	age = scrub_good(f, SCRUB_TINY).oldest_check_age;
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

	test_device_delay(f->test_device, VRES_MOCK_OP_LANE_WAIT, 2000000);
	for (uint64_t hashed = 0; hashed < MIB(5); hashed += r.bytes_hashed)
		r = scrub_good(f, SCRUB_TINY);
	ck_assert_uint_ge(r.oldest_check_age, 5 * 2000000);
	test_device_delay(f->test_device, VRES_MOCK_OP_LANE_WAIT, 0);
}
END_TEST

START_TEST(nothing_to_scrub_is_no_failure)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	const vres_scrub_report r = scrub_good(f, SCRUB_AMPLE);
	vres_error err;

	ck_assert_uint_eq(r.bytes_hashed | r.bytes_total | r.oldest_check_age | r.shards, 0);
	ck_ok(vres_scrub_step(f->manager, SCRUB_TINY, NULL, &err));
}
END_TEST

START_TEST(shards_come_and_go_between_steps)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(release_set) struct shard_set s = seal_set(f);
	vres_scrub_report r = vres_scrub_report_init();
	vres_shard *late;

	while (r.bytes_hashed != MIB(1)) /* in the middle of a large one */
		r = scrub_good(f, SCRUB_TINY);
	release_shard(&s.at[5]);
	r = scrub_good(f, SCRUB_TINY);
	ck_assert_uint_eq(r.bytes_total, SET_BYTES - set_sizes[5]);
	late = sealed(f, MIB(2), 77);
	release_shard(&s.at[0]);
	r = scrub_good(f, SCRUB_AMPLE);
	ck_assert_uint_eq(r.bytes_total, SET_BYTES - set_sizes[5] - set_sizes[0] + MIB(2));
	ck_assert_uint_eq(r.shards, SET_SHARDS - 1);
	ck_assert_uint_eq(r.bytes_hashed, r.bytes_total);
	flip(f, late, MIB(2) - 1, 0);
	vres_error err;
	ck_refused(scrub_step(f, SCRUB_AMPLE, &r, &err), VRES_REASON_DIGEST);
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
	ck_assert_uint_eq(scrub_good(f, SCRUB_AMPLE).bytes_hashed, 3 * BLOCK);
	jobs = test_device_calls(f->test_device, VRES_MOCK_OP_HASH_BLOCKS);
	ck_ok(vres_lease_acquire(shard, &lease, &err));
	ck_assert_uint_eq(test_device_calls(f->test_device, VRES_MOCK_OP_HASH_BLOCKS), jobs + 1);
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
	ck_assert_uint_eq(scrub_good(f, SCRUB_AMPLE).bytes_hashed, 3 * BLOCK);
	ck_assert_uint_eq(record_count(&f->record, 0), 0);
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
		CASE(an_ample_budget_checks_everything_once, "CI-007 WORKER-4121", "integrity",
	             "bytes nobody looks at"),
		CASE_LOOP(a_tiny_budget_gets_on_by_a_part_and_remembers_where_it_was, 2,
	                  "CI-007 WORKER-4121", "availability",
	                  "a scrub that starts over and never gets to the end"),
		CASE_LOOP(an_ample_step_checks_each_byte_once_wherever_the_pass_is, 6,
	                  "CI-007 WORKER-4121", "integrity", "bytes nobody looks at"),
		CASE(age_is_that_of_the_oldest_check_of_any_byte, "CI-007", "accountability",
	             "coverage claimed that there was not"),
		CASE(a_pass_counts_from_when_it_began, "CI-007", "accountability",
	             "coverage claimed that there was not"),
		CASE(nothing_to_scrub_is_no_failure, "WORKER-4150", "availability", ""),
		CASE(shards_come_and_go_between_steps, "MS-004 CI-007", "integrity",
	             "use after free"),
		CASE(scrubbing_makes_no_shard_fresh_for_a_lease, "WORKER-4121 CI-007", "integrity",
	             "verification skipped"),
		CASE(a_shard_past_its_age_is_scrubbed_all_the_same, "WORKER-4121", "accountability",
	             "flood of alarms"),
		CASE(calls_that_make_no_sense_are_refused, "VR-005 WORKER-4150 WORKER-4010",
	             "availability", "bad arguments"),
	};

	return suite_run("scrub", "verify", cases, COUNT(cases));
}
