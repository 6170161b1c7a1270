/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Many shards in one call: each gets its own verdict, whatever happens to the others. */
#include "support/fixture/support.h"

#define N 12

struct shards {
	vres_shard *at[N];
};

static void release_all(struct shards *s)
{
	for (size_t i = 0; i < N; i++)
		release_shard(&s->at[i]);
}

static struct fixture *three_devices(void)
{
	struct setup s = setup_init();

	s.mock.devices = 3;
	return begin(&s);
}

static struct shards seal_all(struct fixture *f)
{
	vres_seal_params p = vres_seal_params_init();
	struct shards s;

	for (uint32_t i = 0; i < N; i++) {
		p.gpu_device = i % 3;
		s.at[i] = sealed_with(f, &p, BLOCK * (i + 1) + i, i);
	}
	return s;
}

static void reports_init(vres_verify_report *reports, size_t n)
{
	for (size_t i = 0; i < n; i++)
		reports[i] = vres_verify_report_init();
}

START_TEST(each_shard_gets_its_own_report)
{
	CLEANUP(finish) struct fixture *f = three_devices();
	CLEANUP(release_all) struct shards s = seal_all(f);
	vres_verify_report reports[N];
	vres_error err;

	reports_init(reports, N);
	ck_ok(vres_verify_many(f->manager, s.at, N, NULL, reports, &err));
	for (size_t i = 0; i < N; i++) {
		ck_assert_int_eq(reports[i].status, VRES_OK);
		ck_assert_uint_eq(reports[i].bytes_hashed, BLOCK * (i + 1) + i);
		ck_assert_uint_eq(reports[i].blocks_checked, i == 0 ? 1 : i + 2);
	}
	ck_ok(vres_verify_many(f->manager, s.at, N, NULL, NULL, &err));
	ck_assert_uint_eq(metrics_of(f).verifies_ok, 2 * N);
}
END_TEST

START_TEST(damaged_ones_are_reported_and_the_others_are_good)
{
	CLEANUP(finish) struct fixture *f = three_devices();
	CLEANUP(release_all) struct shards s = seal_all(f);
	vres_verify_report reports[N];
	vres_error err;

	flip(f, s.at[4], BLOCK + 1, 0);
	test_device_pretend(f->test_device, address_of(s.at[9]), VRES_MOCK_MOVED);
	record_clear(&f->record);
	reports_init(reports, N);
	ck_refused(vres_verify_many(f->manager, s.at, N, NULL, reports, &err), VRES_REASON_DIGEST);
	ck_assert_uint_eq(err.gpu_device, 4 % 3);
	for (size_t i = 0; i < N; i++) {
		const uint32_t reason = i == 4   ? VRES_REASON_DIGEST
		                        : i == 9 ? VRES_REASON_RESIDENCY
		                                 : VRES_REASON_NONE;

		ck_assert_uint_eq(reports[i].reason, reason);
		ck_assert_int_eq(reports[i].status,
		                 reason ? VRES_E_SEAL_VERIFICATION_FAILED : VRES_OK);
	}
	ck_assert_uint_eq(record_critical(&f->record), 2);
	ck_assert_uint_eq(f->record.incidents_count, 2);
	ck_assert_uint_eq(metrics_of(f).quarantined_now, 2);
}
END_TEST

START_TEST(damage_anywhere_outranks_what_could_not_be_checked)
{
	CLEANUP(finish) struct fixture *f = three_devices();
	CLEANUP(release_all) struct shards s = seal_all(f);
	vres_verify_report reports[N];
	vres_error err;

	f->wipe_may_fail = true;
	flip(f, s.at[N - 1], 1, 0);
	test_device_lose_device(f->test_device, 0);
	reports_init(reports, N);
	ck_refused(vres_verify_many(f->manager, s.at, N, NULL, reports, &err), VRES_REASON_DIGEST);
	for (size_t i = 0; i < N; i++)
		ck_assert_int_eq(reports[i].status, i % 3 == 0   ? VRES_E_DEVICE_LOST
		                                    : i == N - 1 ? VRES_E_SEAL_VERIFICATION_FAILED
		                                                 : VRES_OK);
}
END_TEST

START_TEST(the_same_shard_may_be_given_twice_and_fails_once)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(release_shard) vres_shard *bad = damaged(f, 3 * BLOCK, 1);
	vres_shard *twice[2] = {bad, bad};
	vres_error err;

	ck_refused(vres_verify_many(f->manager, twice, 2, NULL, NULL, &err), VRES_REASON_DIGEST);
	ck_assert_uint_eq(record_critical(&f->record), 1);
	ck_assert_uint_eq(f->record.incidents_count, 1);
	ck_assert_uint_eq(metrics_of(f).quarantined_now, 1);
}
END_TEST

START_TEST(reports_of_a_newer_caller_stride_by_their_own_size)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	vres_shard *shards[3];
	struct {
		vres_verify_report known;
		uint64_t newer[3];
	} reports[3];
	vres_error err;

	memset(reports, 0, sizeof(reports));
	for (size_t i = 0; i < 3; i++) {
		shards[i] = sealed(f, BLOCK * (i + 1), i);
		reports[i].known.struct_size = sizeof(reports[i]);
	}
	ck_ok(vres_verify_many(f->manager, shards, 3, NULL, &reports[0].known, &err));
	for (size_t i = 0; i < 3; i++) {
		ck_assert_uint_eq(reports[i].known.struct_size, sizeof(reports[i]));
		ck_assert_uint_eq(reports[i].known.bytes_hashed, BLOCK * (i + 1));
		ck_assert_uint_eq(reports[i].newer[0] | reports[i].newer[1] | reports[i].newer[2],
		                  0);
		release_shard(&shards[i]);
	}
}
END_TEST

START_TEST(reports_too_small_for_any_release_are_refused_and_left_alone)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(release_shard) vres_shard *shard = sealed(f, BLOCK, 1);
	static const size_t sizes[] = {0, 1, sizeof(size_t), sizeof(size_t) + 8};
	vres_verify_report report, before;
	vres_error err;

	for (size_t i = 0; i < COUNT(sizes); i++) {
		memset(&report, 0xee, sizeof(report));
		report.struct_size = sizes[i];
		before = report;
		ck_status(vres_verify_many(f->manager, &shard, 1, NULL, &report, &err), VRES_E_ABI);
		ck_assert_mem_eq(&report, &before, sizeof(report));
	}
}
END_TEST

START_TEST(calls_that_make_no_sense_are_refused)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	vres_manager *other = NULL;
	CLEANUP(release_shard) vres_shard *shard = sealed(f, BLOCK, 1);
	vres_shard *with_null[2] = {shard, NULL};
	struct content_source source = {.seed = 1};
	vres_verify_params p = vres_verify_params_init();
	vres_verify_report reports[2];
	vres_error err;

	ck_ok(manager_create(f, NULL, &other, &err));
	record_clear(&f->record);
	reports_init(reports, 2);
	reports[1].struct_size++;
	ck_status(vres_verify_many(f->manager, &shard, 0, NULL, NULL, &err), VRES_E_INVALID_INPUT);
	ck_status(vres_verify_many(f->manager, &shard, ((size_t)1 << 20) + 1, NULL, NULL, &err),
	          VRES_E_INVALID_INPUT);
	ck_status(vres_verify_many(f->manager, NULL, 1, NULL, NULL, &err), VRES_E_INVALID_INPUT);
	ck_status(vres_verify_many(NULL, &shard, 1, NULL, NULL, &err), VRES_E_INVALID_INPUT);
	ck_status(vres_verify_many(f->manager, with_null, 2, NULL, NULL, &err),
	          VRES_E_INVALID_INPUT);
	ck_status(vres_verify_many(other, &shard, 1, NULL, NULL, &err), VRES_E_INVALID_INPUT);
	with_null[1] = shard;
	ck_status(vres_verify_many(f->manager, with_null, 2, NULL, reports, &err), VRES_E_ABI);
	p.source = content_read_at;
	p.source_ctx = &source;
	ck_status(vres_verify_many(f->manager, &shard, 1, &p, NULL, &err), VRES_E_INVALID_INPUT);
	ck_assert_uint_eq(record_count(&f->record, 0), 0);
	destroy_manager(&other);
	ck_ok(vres_verify_many(f->manager, &shard, 1, NULL, NULL, &err));
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE(each_shard_gets_its_own_report, "VR-008 CI-007", "integrity", ""),
		CASE(damaged_ones_are_reported_and_the_others_are_good,
	             "VR-008 CI-007 VR-004 VP-005", "integrity", "one bad shard hides another"),
		CASE(damage_anywhere_outranks_what_could_not_be_checked, "WORKER-4151 WORKER-4122",
	             "integrity", "damage hidden behind device trouble"),
		CASE(the_same_shard_may_be_given_twice_and_fails_once, "WORKER-4161",
	             "accountability", "flood of alarms"),
		CASE(reports_of_a_newer_caller_stride_by_their_own_size, "WORKER-4010", "integrity",
	             "write out of bounds across versions"),
		CASE(reports_too_small_for_any_release_are_refused_and_left_alone,
	             "WORKER-4010 MS-007", "integrity", "write out of bounds across versions"),
		CASE(calls_that_make_no_sense_are_refused, "VR-005 WORKER-4150", "availability",
	             "bad arguments"),
	};

	return suite_run("verify_many", "multi_shard", cases, COUNT(cases));
}
