/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Each operation changes its own counters and no others. */
#include <stdlib.h>

#include "manager/metrics.h"
#include "manager/shard.h"
#include "support/fixture/support.h"

/* Asserts by how much the counters grew between two snapshots. */
static void ck_change(const vres_metrics *before, const vres_metrics *after,
                      const vres_metrics *want)
{
	ck_assert_uint_eq(after->seals_ok - before->seals_ok, want->seals_ok);
	ck_assert_uint_eq(after->seals_failed - before->seals_failed, want->seals_failed);
	ck_assert_uint_eq(after->verifies_ok - before->verifies_ok, want->verifies_ok);
	ck_assert_uint_eq(after->verifies_failed - before->verifies_failed, want->verifies_failed);
	ck_assert_uint_eq(after->verified_bytes - before->verified_bytes, want->verified_bytes);
	ck_assert_uint_eq(after->allocation_failures - before->allocation_failures,
	                  want->allocation_failures);
	ck_assert_uint_eq(after->policy_violations - before->policy_violations,
	                  want->policy_violations);
	ck_assert_uint_eq(after->audit_events - before->audit_events, want->audit_events);
	ck_assert_uint_eq(after->audit_lost - before->audit_lost, want->audit_lost);
}

START_TEST(new_manager_has_counted_nothing)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	const vres_metrics now = metrics_of(f);
	vres_metrics nothing = vres_metrics_init();

	nothing.devices_now = 1; /* it is not open yet */
	nothing.total_bytes_now = VRES_BYTES_UNKNOWN;
	nothing.available_bytes_now = VRES_BYTES_UNKNOWN;
	ck_assert_mem_eq(&now, &nothing, sizeof(now));
}
END_TEST

START_TEST(seal_verification_and_release_are_counted)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	vres_metrics before = metrics_of(f), after;
	vres_shard *shard = sealed(f, 3 * BLOCK + 1, 1);
	vres_error err;

	after = metrics_of(f);
	ck_change(&before, &after, &(vres_metrics){.seals_ok = 1, .audit_events = 2});
	ck_assert_uint_eq(after.shards_now, 1);
	ck_assert_uint_eq(after.total_bytes_now, MIB(64));
	ck_assert_uint_eq(after.used_bytes_now, 4 * BLOCK);
	ck_assert_uint_eq(after.available_bytes_now, MIB(64) - 4 * BLOCK);

	before = after;
	ck_ok(vres_shard_verify(shard, NULL, NULL, &err));
	after = metrics_of(f);
	ck_change(&before, &after,
	          &(vres_metrics){
			  .verifies_ok = 1, .verified_bytes = 3 * BLOCK + 1, .audit_events = 1});

	before = after;
	release_shard(&shard);
	after = metrics_of(f);
	ck_change(&before, &after, &(vres_metrics){.audit_events = 1});
	ck_assert_uint_eq(after.shards_now, 0);
	ck_assert_uint_eq(after.used_bytes_now, 0);
	ck_assert_uint_eq(after.available_bytes_now, MIB(64));
}
END_TEST

START_TEST(failures_are_counted_where_they_belong)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(release_shard) vres_shard *bad = damaged(f, BLOCK, 0);
	const uint8_t data[100] = {0};
	vres_metrics before = metrics_of(f), after;
	vres_shard *shard = NULL;
	vres_error err;

	ck_refused(vres_shard_verify(bad, NULL, NULL, &err), VRES_REASON_DIGEST);
	after = metrics_of(f);
	ck_change(&before, &after, &(vres_metrics){.verifies_failed = 1, .audit_events = 1});
	ck_assert_uint_eq(after.quarantined_now, 1);

	before = after;
	/* The refused call is no verification. */
	ck_refused(vres_shard_verify(bad, NULL, NULL, &err), VRES_REASON_QUARANTINED);
	after = metrics_of(f);
	ck_change(&before, &after, &(vres_metrics){0});

	before = after;
	vres_mock_fail(f->mock, VRES_MOCK_OP_MEM_ALLOC, 1, VRES_E_ALLOCATION_FAILED);
	ck_status(vres_seal_memory(f->manager, PLAIN, data, sizeof(data), &shard, &err),
	          VRES_E_ALLOCATION_FAILED);
	after = metrics_of(f);
	/* One event for the allocation, one for the seal. */
	ck_change(&before, &after,
	          &(vres_metrics){.seals_failed = 1, .allocation_failures = 1, .audit_events = 2});

	before = after;
	ck_status(vres_seal_memory(f->manager, PLAIN, data, 0, &shard, &err), VRES_E_INVALID_INPUT);
	after = metrics_of(f);
	ck_change(&before, &after, &(vres_metrics){0});
}
END_TEST

START_TEST(records_that_the_sink_refuses_are_counted_as_lost)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(release_shard) vres_shard *shard = sealed(f, BLOCK, 1);
	vres_metrics before, after;
	vres_error err;

	f->record.refuse = UINT64_C(1) << VRES_EVENT_SEAL_VERIFIED;
	before = metrics_of(f);
	ck_status(vres_shard_verify(shard, NULL, NULL, &err), VRES_E_AUDIT);
	after = metrics_of(f);
	ck_change(&before, &after,
	          &(vres_metrics){.verifies_failed = 1, .audit_events = 1, .audit_lost = 1});
	f->record.refuse = 0;
}
END_TEST

START_TEST(leases_are_counted_while_they_are_held)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(release_shard) vres_shard *shard = sealed(f, BLOCK, 1);
	vres_lease *first = NULL, *second = NULL;
	vres_error err;

	ck_ok(vres_lease_acquire(shard, &first, &err));
	ck_ok(vres_lease_acquire(shard, &second, &err));
	ck_assert_uint_eq(metrics_of(f).leases_now, 2);
	release_lease(&first);
	release_lease(&second);
	ck_assert_uint_eq(metrics_of(f).leases_now, 0);
}
END_TEST

START_TEST(devices_add_up_and_one_that_does_not_answer_has_nothing_available)
{
	struct setup setup = setup_init();
	vres_seal_params params = vres_seal_params_init();

	setup.mock.devices = 3;
	CLEANUP(finish) struct fixture *f = begin(&setup);
	CLEANUP(release_shard) vres_shard *first = sealed(f, BLOCK, 1);
	CLEANUP(release_shard) vres_shard *second = NULL;

	params.gpu_device = 2;
	second = sealed_with(f, &params, 2 * BLOCK, 2);
	ck_assert_uint_eq(metrics_of(f).total_bytes_now, 2 * MIB(64)); /* device 1 is not open */
	ck_assert_uint_eq(metrics_of(f).used_bytes_now, 3 * BLOCK);
	ck_assert_uint_eq(metrics_of(f).available_bytes_now, 2 * MIB(64) - 3 * BLOCK);
	vres_mock_fail(f->mock, VRES_MOCK_OP_DEVICE_STATUS, 1, VRES_E_BACKEND);
	ck_assert_uint_eq(metrics_of(f).available_bytes_now, MIB(64) - 2 * BLOCK);
}
END_TEST

START_TEST(memory_is_unknown_and_not_full_until_a_device_is_opened)
{
	struct setup setup = setup_init();

	setup.mock.devices = 3;
	CLEANUP(finish) struct fixture *f = begin(&setup);
	vres_device_info info = vres_device_info_init();
	vres_metrics before = metrics_of(f), after;
	vres_error err;

	ck_assert_uint_eq(before.devices_now, 3);
	ck_assert_uint_eq(before.opened_devices_now, 0);
	ck_assert(before.total_bytes_now == VRES_BYTES_UNKNOWN);
	ck_assert_uint_eq(before.used_bytes_now, 0);
	ck_assert(before.available_bytes_now == VRES_BYTES_UNKNOWN);
	ck_assert_uint_eq(vres_mock_calls(f->mock, VRES_MOCK_OP_DEVICE_OPEN), 0);

	ck_ok(vres_device_describe(f->manager, 1, &info, &err));
	after = metrics_of(f);
	ck_assert_uint_eq(after.devices_now, 3);
	ck_assert_uint_eq(after.opened_devices_now, 1);
	ck_assert_uint_eq(after.total_bytes_now, info.total_bytes);
	ck_assert_uint_eq(after.available_bytes_now, info.available_bytes);
}
END_TEST

START_TEST(headroom_is_not_available)
{
	struct setup setup = setup_init();

	setup.policy.headroom_bytes = MIB(60);
	CLEANUP(finish) struct fixture *f = begin(&setup);
	CLEANUP(release_shard) vres_shard *shard = sealed(f, MIB(1), 1);

	ck_assert_uint_eq(metrics_of(f).available_bytes_now, MIB(3));
}
END_TEST

START_TEST(metrics_answer_when_stopped_and_refuse_a_bad_output)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	vres_metrics out = vres_metrics_init();
	vres_error err;

	vres_manager_stop(f->manager);
	ck_ok(vres_manager_metrics(f->manager, &out, &err));
	/* smaller than in the first release */
	out.struct_size = offsetof(vres_metrics, devices_now) - 1;
	ck_status(vres_manager_metrics(f->manager, &out, &err), VRES_E_ABI);
	ck_status(vres_manager_metrics(f->manager, NULL, &err), VRES_E_INVALID_INPUT);
	ck_status(vres_manager_metrics(NULL, &out, &err), VRES_E_INVALID_INPUT);
}
END_TEST

START_TEST(last_verification_is_that_of_a_good_one)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(release_shard) vres_shard *shard = sealed(f, BLOCK, 1);
	vres_verify_report report = vres_verify_report_init();
	vres_error err;

	vres_mock_fail(f->mock, VRES_MOCK_OP_MEM_RESIDENCY, 1, VRES_E_BACKEND);
	ck_status(vres_shard_verify(shard, NULL, NULL, &err), VRES_E_BACKEND);
	ck_assert_uint_eq(atomic_load(&f->manager->counters.last_verify), 0);
	ck_ok(vres_shard_verify(shard, NULL, &report, &err));
	ck_assert_uint_ge(atomic_load(&f->manager->counters.last_verify), info_of(shard).sealed_at);
}
END_TEST

START_TEST(duration_falls_into_the_first_bucket_that_takes_it)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	vres_verify_report report = vres_verify_report_init();
	struct vres_figures figures;
	uint64_t sum = 0;

	for (unsigned i = 0; i < VERIFY_BUCKETS; i++) {
		ck_assert_uint_eq((uint64_t)(strtod(vres_verify_limit_text[i], NULL) * 1e9 + 0.5),
		                  vres_verify_limit[i]);
		ck_assert(i == 0 || vres_verify_limit[i] > vres_verify_limit[i - 1]);
		for (uint64_t over = 0; over < 2; over++) { /* at the limit, and 1 ns above */
			report.duration = vres_verify_limit[i] + over;
			sum += report.duration;
			vres_count_verify(f->manager, &report);
		}
	}
	vres_metrics_read(f->manager, &figures);
	for (unsigned i = 0; i <= VERIFY_BUCKETS; i++)
		ck_assert_uint_eq(figures.durations[i],
		                  i == VERIFY_BUCKETS ? 2u * VERIFY_BUCKETS : 2 * i + 1);
	ck_assert_uint_eq(figures.verify_ns, sum);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE(new_manager_has_counted_nothing, "", "", ""),
		CASE(seal_verification_and_release_are_counted, "WORKER-4160 RP-005",
	             "accountability", ""),
		CASE(failures_are_counted_where_they_belong, "WORKER-4122 WORKER-4153",
	             "accountability", ""),
		CASE(records_that_the_sink_refuses_are_counted_as_lost, "WORKER-4160",
	             "accountability", "events that vanish"),
		CASE(leases_are_counted_while_they_are_held, "", "accountability", ""),
		CASE(devices_add_up_and_one_that_does_not_answer_has_nothing_available,
	             "RP-001 VR-008", "accountability", ""),
		CASE(memory_is_unknown_and_not_full_until_a_device_is_opened, "RP-001", "", ""),
		CASE(headroom_is_not_available, "RP-001", "", ""),
		CASE(metrics_answer_when_stopped_and_refuse_a_bad_output, "WORKER-4122",
	             "availability", ""),
		CASE(last_verification_is_that_of_a_good_one, "WORKER-4810", "accountability",
	             "a check that failed passing for one that was made"),
		CASE(duration_falls_into_the_first_bucket_that_takes_it, "WORKER-4810", "", ""),
	};

	return suite_run("unit.metrics", "unit", cases, COUNT(cases));
}
