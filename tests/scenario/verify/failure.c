/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * After a failed verification: what is refused, what is told, whom it concerns; and what is no
 * failed verification at all.
 */
#include <time.h>
#include "support/fixture/support.h"

START_TEST(a_failed_verification_is_told_once_as_the_last_event_and_one_incident)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(release_shard) vres_shard *shard = damaged(f, 3 * BLOCK, 5);
	const uint64_t verified_at = info_of(shard).verified_at;
	const vres_event *last;
	vres_error err;

	ck_refused(vres_shard_verify(shard, NULL, NULL, &err), VRES_REASON_DIGEST);
	ck_assert_uint_eq(record_critical(&f->record), 1);
	ck_assert_uint_eq(f->record.incidents_count, 1);
	last = record_last(&f->record, 0);
	ck_assert_uint_eq(last->type, VRES_EVENT_SEAL_VERIFICATION_FAILED);
	ck_assert_int_eq(last->status, VRES_E_SEAL_VERIFICATION_FAILED);
	ck_assert_uint_eq(last->reason, VRES_REASON_DIGEST);
	ck_assert_uint_eq(last->gpu_device, 0);
	ck_assert_str_eq(last->shard->shard_id, info_of(shard).shard_id);
	ck_assert_uint_eq(last->shard->state, VRES_SHARD_QUARANTINED);
	ck_assert_str_eq(last->expected_digest, info_of(shard).verity_digest);
	ck_assert_uint_eq(strlen(last->actual_digest), 64);
	ck_assert_str_ne(last->actual_digest, last->expected_digest);
	ck_assert_str_eq(last->mode, "full");
	ck_assert_uint_eq(f->record.incidents[0]->event.type, VRES_EVENT_SEAL_VERIFICATION_FAILED);
	ck_assert_uint_eq(f->record.incidents[0]->event.reason, VRES_REASON_DIGEST);
	ck_assert_uint_eq(metrics_of(f).verifies_failed, 1);
	ck_assert_uint_eq(metrics_of(f).quarantined_now, 1);
	ck_assert_uint_eq(info_of(shard).verified_at, verified_at); /* of the last that was good */
}
END_TEST

/* Everything that uses a shard is refused as quarantined. */
static void ck_quarantined(vres_shard *shard)
{
	vres_verify_report r = vres_verify_report_init();
	vres_lease *lease = (void *)shard;
	size_t len = 0;
	uint8_t receipt[4096];
	vres_error err;

	for (uint32_t mode = VRES_VERIFY_FULL; mode <= VRES_VERIFY_READBACK; mode++) {
		const vres_verify_params p = mode_of(mode);

		ck_refused(vres_shard_verify(shard, &p, &r, &err), VRES_REASON_QUARANTINED);
		ck_assert_int_eq(r.status, VRES_E_SEAL_VERIFICATION_FAILED);
		ck_assert_uint_eq(r.reason, VRES_REASON_QUARANTINED);
	}
	ck_refused(vres_lease_acquire(shard, &lease, &err), VRES_REASON_QUARANTINED);
	ck_assert_ptr_eq(lease, (void *)shard);
	ck_refused(vres_shard_receipt(shard, receipt, sizeof(receipt), &len, &err),
	           VRES_REASON_QUARANTINED);
	ck_assert_uint_eq(info_of(shard).state, VRES_SHARD_QUARANTINED);
}

START_TEST(quarantine_sticks_though_the_bytes_are_put_right)
{
	struct setup s = setup_init();
	CLEANUP(finish) struct fixture *f = NULL;
	CLEANUP(release_shard) vres_shard *shard = NULL;
	uint64_t address;
	vres_error err;

	s.policy.allow |= VRES_ALLOW_READBACK;
	f = begin(&s);
	shard = sealed(f, 3 * BLOCK, 1);
	address = address_of(shard);
	flip_at(f, address, 5, 0);
	ck_refused(vres_shard_verify(shard, NULL, NULL, &err), VRES_REASON_DIGEST);
	flip_at(f, address, 5, 0);
	record_clear(&f->record);
	ck_quarantined(shard);
	ck_assert_uint_eq(record_count(&f->record, 0), 0); /* told already */
	ck_assert_uint_eq(f->record.incidents_count, 0);
}
END_TEST

START_TEST(a_quarantined_shard_can_be_described_and_released)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	vres_shard *shard = damaged(f, 3 * BLOCK, 5);
	const vres_device_info before = device_of(f, 0);
	vres_error err;

	ck_refused(vres_shard_verify(shard, NULL, NULL, &err), VRES_REASON_DIGEST);
	ck_assert_uint_eq(info_of(shard).state, VRES_SHARD_QUARANTINED);
	release_shard(&shard);
	ck_assert_uint_eq(device_of(f, 0).used_bytes, before.used_bytes - 3 * BLOCK);
	ck_assert_uint_eq(metrics_of(f).quarantined_now, 0);
	ck_assert_uint_eq(metrics_of(f).shards_now, 0);
}
END_TEST

START_TEST(other_shards_and_new_seals_are_not_concerned)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(release_shard) vres_shard *good = sealed(f, 3 * BLOCK, 1);
	CLEANUP(release_shard) vres_shard *bad = damaged(f, 3 * BLOCK, 5);
	vres_error err;

	ck_refused(vres_shard_verify(bad, NULL, NULL, &err), VRES_REASON_DIGEST);
	ck_ok(vres_shard_verify(good, NULL, NULL, &err));
	ck_assert_uint_ne(address_of(good), 0);
	ck_works(f);
}
END_TEST

START_TEST(a_lease_in_use_learns_that_its_shard_was_quarantined)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(release_shard) vres_shard *shard = sealed(f, 3 * BLOCK, 1);
	CLEANUP(release_lease) vres_lease *lease = NULL;
	vres_error err;

	ck_ok(vres_lease_acquire(shard, &lease, &err));
	ck_ok(vres_lease_check(lease, &err));
	flip_at(f, vres_lease_device_ptr(lease), 5, 0);
	ck_ok(vres_lease_check(lease, &err)); /* cheap: does not look */
	ck_refused(vres_shard_verify(shard, NULL, NULL, &err), VRES_REASON_DIGEST);
	ck_refused(vres_lease_check(lease, &err), VRES_REASON_QUARANTINED);
}
END_TEST

START_TEST(a_lease_finds_damage_as_a_verification_does)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(release_shard) vres_shard *shard = damaged(f, 3 * BLOCK, 5);
	vres_lease *lease = (void *)shard;
	vres_error err;

	ck_refused(vres_lease_acquire(shard, &lease, &err), VRES_REASON_DIGEST);
	ck_assert_ptr_eq(lease, (void *)shard);
	ck_assert_uint_eq(record_critical(&f->record), 1);
	ck_assert_uint_eq(f->record.incidents_count, 1);
	ck_assert_uint_eq(record_last(&f->record, 0)->critical, 1);
	ck_refused(vres_shard_verify(shard, NULL, NULL, &err), VRES_REASON_QUARANTINED);
	ck_assert_uint_eq(info_of(shard).leases, 0);
}
END_TEST

START_TEST(a_lost_device_is_never_success_and_never_tampering)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(release_shard) vres_shard *shard = sealed(f, 3 * BLOCK, 1);
	vres_verify_report r = vres_verify_report_init();
	vres_lease *lease = NULL;
	vres_error err;

	f->wipe_may_fail = true;
	record_clear(&f->record);
	test_device_lose_device(f->test_device, 0);
	for (uint32_t mode = VRES_VERIFY_FULL; mode <= VRES_VERIFY_SAMPLED; mode++) {
		const vres_verify_params p = mode_of(mode);

		ck_status(vres_shard_verify(shard, &p, &r, &err), VRES_E_DEVICE_LOST);
		ck_assert_int_eq(r.status, VRES_E_DEVICE_LOST);
	}
	ck_status(vres_lease_acquire(shard, &lease, &err), VRES_E_DEVICE_LOST);
	ck_assert_uint_eq(info_of(shard).state, VRES_SHARD_SEALED);
	ck_assert_uint_eq(record_critical(&f->record), 0);
	ck_assert_uint_eq(record_count(&f->record, VRES_EVENT_SEAL_VERIFIED), 0);
	ck_assert_uint_eq(f->record.incidents_count, 0);
	ck_assert_uint_eq(metrics_of(f).quarantined_now, 0);
}
END_TEST

START_TEST(a_lease_in_use_learns_that_its_device_was_lost)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(release_shard) vres_shard *shard = sealed(f, 3 * BLOCK, 1);
	CLEANUP(release_lease) vres_lease *lease = NULL;
	vres_error err;

	f->wipe_may_fail = true;
	ck_ok(vres_lease_acquire(shard, &lease, &err));
	test_device_lose_device(f->test_device, 0);
	ck_status(vres_shard_verify(shard, NULL, NULL, &err), VRES_E_DEVICE_LOST);
	ck_status(vres_lease_check(lease, &err), VRES_E_DEVICE_LOST);
}
END_TEST

START_TEST(a_device_that_is_too_slow_is_no_tampering)
{
	struct setup s = setup_init();
	CLEANUP(finish) struct fixture *f = NULL;
	CLEANUP(release_shard) vres_shard *shard = NULL;
	vres_verify_report r = vres_verify_report_init();
	vres_error err;

	s.policy.deadline = UINT64_C(20000000);
	f = begin(&s);
	f->wipe_may_fail = true;
	shard = sealed(f, 3 * BLOCK, 1);
	record_clear(&f->record);
	test_device_delay(f->test_device, VRES_MOCK_OP_LANE_WAIT, UINT64_C(60000000));
	ck_status_reason(vres_shard_verify(shard, NULL, &r, &err), VRES_E_BACKEND,
	                 VRES_REASON_DEADLINE);
	ck_assert_uint_eq(r.reason, VRES_REASON_DEADLINE);
	ck_assert_uint_eq(record_critical(&f->record), 0);
	ck_assert_uint_eq(f->record.incidents_count, 0);
	ck_assert_uint_eq(info_of(shard).state, VRES_SHARD_SEALED);
	test_device_delay(f->test_device, VRES_MOCK_OP_LANE_WAIT, 0);
	ck_ok(vres_shard_verify(shard, NULL, NULL, &err));
}
END_TEST

START_TEST(trouble_of_the_driver_is_no_tampering)
{
	static const vres_mock_op ops[] = {VRES_MOCK_OP_MEM_RESIDENCY, VRES_MOCK_OP_HASH_BLOCKS,
	                                   VRES_MOCK_OP_LANE_WAIT};
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(release_shard) vres_shard *shard = sealed(f, 3 * BLOCK, 1);
	vres_error err;

	record_clear(&f->record);
	test_device_fail(f->test_device, ops[_i], 1, VRES_E_BACKEND);
	ck_status(vres_shard_verify(shard, NULL, NULL, &err), VRES_E_BACKEND);
	ck_assert_uint_eq(record_critical(&f->record), 0);
	ck_assert_uint_eq(info_of(shard).state, VRES_SHARD_SEALED);
	ck_ok(vres_shard_verify(shard, NULL, NULL, &err));
}
END_TEST

START_TEST(a_seal_that_is_too_old_is_expired_but_not_quarantined)
{
	struct setup s = setup_init();
	CLEANUP(finish) struct fixture *f = NULL;
	CLEANUP(release_shard) vres_shard *shard = NULL;
	const struct timespec moment = {.tv_nsec = 1000000};
	vres_verify_report r = vres_verify_report_init();
	vres_lease *lease = NULL;
	const vres_event *e;
	vres_error err;

	s.policy.max_seal_age = 1;
	f = begin(&s);
	shard = sealed(f, 3 * BLOCK, 1);
	nanosleep(&moment, NULL);
	record_clear(&f->record);
	ck_refused(vres_shard_verify(shard, NULL, &r, &err), VRES_REASON_EXPIRED);
	ck_assert_uint_eq(r.reason, VRES_REASON_EXPIRED);
	e = record_last(&f->record, VRES_EVENT_SEAL_VERIFICATION_FAILED);
	ck_assert_ptr_nonnull(e);
	ck_assert_uint_eq(e->reason, VRES_REASON_EXPIRED);
	ck_refused(vres_lease_acquire(shard, &lease, &err), VRES_REASON_EXPIRED);
	ck_assert_uint_eq(info_of(shard).state, VRES_SHARD_SEALED);
	ck_assert_uint_eq(metrics_of(f).quarantined_now, 0);
	ck_assert_uint_eq(f->record.incidents_count, 0); /* nothing has happened but time */
}
END_TEST

START_TEST(a_seal_that_is_young_enough_is_not_expired)
{
	struct setup s = setup_init();
	CLEANUP(finish) struct fixture *f = NULL;

	s.policy.max_seal_age = UINT64_C(3600) * 1000000000;
	f = begin(&s);
	ck_works(f);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE(a_failed_verification_is_told_once_as_the_last_event_and_one_incident,
	             "WORKER-4161 WORKER-4122 VR-004", "accountability",
	             "tampering unnoticed, flood of alarms"),
		CASE(quarantine_sticks_though_the_bytes_are_put_right, "WORKER-4122 WORKER-4112",
	             "integrity", "damage undone before the next look"),
		CASE(a_quarantined_shard_can_be_described_and_released, "WORKER-4122 MS-004",
	             "availability", ""),
		CASE(other_shards_and_new_seals_are_not_concerned, "WORKER-4122 VR-008",
	             "availability", "one bad shard takes all down"),
		CASE(a_lease_in_use_learns_that_its_shard_was_quarantined, "WORKER-4122 CI-007",
	             "integrity", "inference on damaged weights"),
		CASE(a_lease_finds_damage_as_a_verification_does, "WORKER-4121 WORKER-4122 CI-007",
	             "integrity", "verification skipped"),
		CASE(a_lost_device_is_never_success_and_never_tampering, "WORKER-4151 WORKER-4032",
	             "availability", "false alarm, false success"),
		CASE(a_lease_in_use_learns_that_its_device_was_lost, "WORKER-4032", "availability",
	             ""),
		CASE(a_device_that_is_too_slow_is_no_tampering, "WORKER-4151", "availability",
	             "hung device, false alarm"),
		CASE_LOOP(trouble_of_the_driver_is_no_tampering, 3, "WORKER-4151", "availability",
	                  "false alarm"),
		CASE(a_seal_that_is_too_old_is_expired_but_not_quarantined,
	             "WORKER-4121 WORKER-4112", "authenticity", "stale seal"),
		CASE(a_seal_that_is_young_enough_is_not_expired, "WORKER-4121", "availability", ""),
	};

	return suite_run("verify_failure", "verify", cases, COUNT(cases));
}
