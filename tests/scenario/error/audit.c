/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * An audit sink that refuses: what cannot be recorded does not happen, except that what is graver
 * stays so and that releasing cannot fail.
 */
#include "support/fixture/support.h"

static void refuse(struct fixture *f, vres_event_type type)
{
	record_clear(&f->record);
	f->record.refuse = UINT64_C(1) << type;
}

START_TEST(a_seal_that_cannot_be_recorded_does_not_happen)
{
	static const vres_event_type types[] = {VRES_EVENT_VRAM_ALLOCATED, VRES_EVENT_VRAM_SEALED};
	CLEANUP(finish) struct fixture *f = begin(NULL);
	const vres_device_info before = device_of(f, 0);
	vres_seal_params p = vres_seal_params_init();
	vres_device_info after;
	vres_shard *shard = (void *)f;
	vres_error err;

	p.shard_id = "unrecorded";
	refuse(f, types[_i]);
	ck_status(vres_seal_memory(f->manager, &p, "abc", 3, &shard, &err), VRES_E_AUDIT);
	ck_assert_ptr_eq(shard, (void *)f);
	ck_assert_uint_eq(f->record.refused, 1);
	after = device_of(f, 0);
	ck_same_device(&before, &after);
	ck_assert_uint_eq(record_count(&f->record, VRES_EVENT_VRAM_SEALED), 0);
	ck_assert_uint_eq(metrics_of(f).audit_lost, 1);
	ck_assert_uint_eq(metrics_of(f).seals_ok, 0);
	ck_status(vres_manager_find(f->manager, "unrecorded", &shard, &err), VRES_E_NOT_FOUND);
	f->record.refuse = 0;
	ck_works(f);
}
END_TEST

START_TEST(a_verification_that_cannot_be_recorded_does_not_count)
{
	struct setup s = setup_init();
	CLEANUP(finish) struct fixture *f = NULL;
	CLEANUP(release_shard) vres_shard *shard = NULL;
	vres_verify_report r = vres_verify_report_init();
	vres_lease *lease = NULL;
	vres_error err;

	s.policy.lease_max_age = UINT64_C(3600) * 1000000000;
	f = begin(&s);
	shard = sealed(f, 3 * BLOCK, 1);
	refuse(f, VRES_EVENT_SEAL_VERIFIED);
	ck_status(vres_shard_verify(shard, NULL, &r, &err), VRES_E_AUDIT);
	ck_assert_int_eq(r.status, VRES_E_AUDIT);
	ck_status(vres_lease_acquire(shard, &lease, &err), VRES_E_AUDIT);
	ck_assert_ptr_null(lease);
	ck_assert_uint_eq(info_of(shard).leases, 0);
	ck_assert_uint_eq(info_of(shard).state, VRES_SHARD_SEALED);
	ck_assert_uint_eq(metrics_of(f).verifies_ok, 0);
	ck_assert_uint_eq(metrics_of(f).verifies_failed, 2);
	ck_assert_uint_eq(metrics_of(f).audit_lost, 2);
	f->record.refuse = 0;
	ck_ok(vres_shard_verify(shard, NULL, NULL, &err));
	ck_assert_uint_ne(address_of(shard), 0);
}
END_TEST

START_TEST(damage_is_damage_though_it_cannot_be_recorded)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(release_shard) vres_shard *shard = damaged(f, 3 * BLOCK, 1);
	vres_error err;

	refuse(f, VRES_EVENT_SEAL_VERIFICATION_FAILED);
	ck_refused(vres_shard_verify(shard, NULL, NULL, &err), VRES_REASON_DIGEST);
	ck_assert_uint_eq(info_of(shard).state, VRES_SHARD_QUARANTINED);
	ck_assert_uint_eq(f->record.refused, 1);
	ck_assert_uint_eq(f->record.incidents_count, 1);
	ck_assert_uint_eq(metrics_of(f).audit_lost, 1);
}
END_TEST

START_TEST(a_violation_stops_though_it_cannot_be_recorded)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(release_shard) vres_shard *shard = sealed(f, BLOCK, 1);
	vres_error err;

	test_device_pretend(f->test_device, address_of(shard), VRES_MOCK_MANAGED);
	refuse(f, VRES_EVENT_POLICY_VIOLATION);
	ck_status(vres_enforce_vram_only(f->manager, 0, NULL, &err), VRES_E_POLICY_VIOLATION);
	ck_assert_uint_eq(f->record.incidents_count, 1);
	ck_status_reason(vres_shard_verify(shard, NULL, NULL, &err), VRES_E_POLICY_VIOLATION,
	                 VRES_REASON_STOPPED);
}
END_TEST

START_TEST(a_shortage_is_a_shortage_though_it_cannot_be_recorded)
{
	struct setup s = setup_init();
	CLEANUP(finish) struct fixture *f = NULL;
	CLEANUP(free_bytes) uint8_t *data = content(MIB(1) + 1, 1);
	vres_shard *shard = NULL;
	vres_error err;

	s.mock.bytes_per_device = MIB(1);
	f = begin(&s);
	refuse(f, VRES_EVENT_VRAM_ALLOCATION_FAILED);
	ck_status(vres_seal_memory(f->manager, PLAIN, data, MIB(1) + 1, &shard, &err),
	          VRES_E_INSUFFICIENT_VRAM);
	ck_assert_uint_eq(metrics_of(f).audit_lost, 1);
	f->record.refuse = 0;
	ck_works(f);
}
END_TEST

START_TEST(a_release_that_cannot_be_recorded_is_counted_as_lost)
{
	static const vres_event_type types[] = {VRES_EVENT_VRAM_DEALLOCATED,
	                                        VRES_EVENT_VRAM_DEALLOCATION_FAILED};
	CLEANUP(finish) struct fixture *f = begin(NULL);
	vres_shard *shard = sealed(f, BLOCK, 1);

	refuse(f, types[_i]);
	if (_i == 1)
		test_device_fail(f->test_device, VRES_MOCK_OP_MEM_RELEASE, 1, VRES_E_BACKEND);
	release_shard(&shard);
	ck_assert_uint_eq(f->record.refused, 1);
	ck_assert_uint_eq(metrics_of(f).audit_lost, 1);
	ck_assert_uint_eq(device_of(f, 0).used_bytes, 0);
}
END_TEST

START_TEST(a_forged_receipt_is_refused_though_it_cannot_be_recorded)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	uint8_t noise[400];
	vres_shard *shard = NULL;
	vres_error err;

	content_fill(noise, sizeof(noise), 1, 0);
	refuse(f, VRES_EVENT_SEAL_VERIFICATION_FAILED);
	ck_status(vres_receipt_open(f->manager, noise, sizeof(noise), &shard, &err),
	          VRES_E_SEAL_VERIFICATION_FAILED);
	ck_assert_ptr_null(shard);
}
END_TEST

START_TEST(a_mismatch_at_seal_time_is_critical_and_tells_both_digests)
{
	static const char wanted[] =
		"00000000000000000000000000000000000000000000000000000000000000ff";
	/* FIPS 180: "abc". */
	static const char found[] =
		"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
	CLEANUP(finish) struct fixture *f = begin(NULL);
	vres_seal_params p = vres_seal_params_init();
	vres_shard *shard = NULL;
	const vres_event *e;
	vres_error err;

	p.shard_id = "other";
	p.expected_digest = wanted;
	ck_status_reason(vres_seal_memory(f->manager, &p, "abc", 3, &shard, &err),
	                 VRES_E_INTEGRITY_VIOLATION, VRES_REASON_DIGEST);
	e = record_last(&f->record, 0); /* the last one, after what was allocated has gone */
	ck_assert_uint_eq(e->type, VRES_EVENT_SEAL_VERIFICATION_FAILED);
	ck_assert_uint_eq(e->critical, 1);
	ck_assert_int_eq(e->status, VRES_E_INTEGRITY_VIOLATION);
	ck_assert_uint_eq(e->reason, VRES_REASON_DIGEST);
	ck_assert_str_eq(e->shard->shard_id, "other");
	ck_assert_str_eq(e->expected_digest, wanted);
	ck_assert_str_eq(e->actual_digest, found);
	ck_assert_str_eq(e->mode, "seal");
	ck_assert_uint_eq(record_critical(&f->record), 1);
	ck_assert_uint_eq(f->record.incidents_count, 1);
}
END_TEST

START_TEST(a_config_that_policy_refuses_is_told_to_its_own_sink)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	vres_policy strictest = vres_policy_init();
	vres_config config = config_of(f);
	vres_manager *none = NULL;
	const vres_event *e;
	vres_error err;

	config.policy = &strictest;
	ck_status(manager_create(f, &config, &none, &err), VRES_E_POLICY_VIOLATION);
	e = record_last(&f->record, 0);
	ck_assert_uint_eq(e->type, VRES_EVENT_POLICY_VIOLATION);
	ck_assert_uint_eq(e->critical, 1);
	ck_assert_str_eq(e->violation, "simulated");
	ck_assert_str_eq(e->action_taken, "create_refused");
	ck_assert_str_eq(e->worker_id, WORKER);
	ck_assert_uint_eq(e->simulated, 1);
	ck_assert_uint_eq(e->gpu_device, VRES_NO_DEVICE);
	ck_assert_uint_eq(record_count(&f->record, 0), 1);
	ck_assert_uint_eq(f->record.incidents_count, 1);
}
END_TEST

START_TEST(every_event_is_counted)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	vres_shard *shard = sealed(f, BLOCK, 1);
	vres_error err;

	ck_ok(vres_shard_verify(shard, NULL, NULL, &err));
	release_shard(&shard);
	ck_assert_uint_eq(record_count(&f->record, 0), 4);
	ck_assert_uint_eq(metrics_of(f).audit_events, 4);
	ck_assert_uint_eq(metrics_of(f).audit_lost, 0);
}
END_TEST

START_TEST(without_a_sink_everything_works_and_nothing_is_lost)
{
	struct setup s = setup_init();
	CLEANUP(finish) struct fixture *f = NULL;

	s.no_audit = true;
	f = begin(&s);
	ck_works(f);
	ck_assert_uint_eq(metrics_of(f).audit_events, 0);
	ck_assert_uint_eq(metrics_of(f).audit_lost, 0);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE_LOOP(a_seal_that_cannot_be_recorded_does_not_happen, 2,
	                  "WORKER-4160 WORKER-4150 RP-005", "accountability",
	                  "audit log full or gone"),
		CASE(a_verification_that_cannot_be_recorded_does_not_count,
	             "WORKER-4121 WORKER-4150", "accountability", "audit log full or gone"),
		CASE(damage_is_damage_though_it_cannot_be_recorded, "WORKER-4161 WORKER-4122",
	             "integrity", "damage hidden by a full audit log"),
		CASE(a_violation_stops_though_it_cannot_be_recorded, "WORKER-4163 WORKER-4122",
	             "residency", "violation hidden by a full audit log"),
		CASE(a_shortage_is_a_shortage_though_it_cannot_be_recorded, "WORKER-4153",
	             "availability", ""),
		CASE_LOOP(a_release_that_cannot_be_recorded_is_counted_as_lost, 2,
	                  "WORKER-4162 MS-005 RP-005", "accountability", "release without a trace"),
		CASE(a_forged_receipt_is_refused_though_it_cannot_be_recorded, "WORKER-4161 CI-001",
	             "authenticity", "forged receipt"),
		CASE(a_mismatch_at_seal_time_is_critical_and_tells_both_digests,
	             "WORKER-4161 WORKER-4113", "integrity", "wrong weights sealed unseen"),
		CASE(a_config_that_policy_refuses_is_told_to_its_own_sink, "WORKER-4163",
	             "accountability", "mock in production"),
		CASE(every_event_is_counted, "WORKER-4160 WORKER-4162", "accountability", ""),
		CASE(without_a_sink_everything_works_and_nothing_is_lost, "WORKER-4170",
	             "availability", ""),
	};

	return suite_run("error_audit", "error_recovery", cases, COUNT(cases));
}
