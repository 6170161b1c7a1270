/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Enforcing the VRAM-only policy, and what a manager that has stopped still answers. */
#include <time.h>
#include "support/fixture/support.h"

/* Everything but describe, metrics, release and destroy is refused as stopped. */
static void ck_stopped(struct fixture *f, vres_shard *shard, const vres_lease *lease)
{
	struct content_source source = {.seed = 1};
	vres_seal_params adopt = *PLAIN;
	vres_policy_report policy = vres_policy_report_init();
	vres_shard *out = NULL;
	vres_lease *leased = NULL;
	uint8_t buf[4096];
	uint32_t n;
	size_t len = 0;
	vres_error err;

	adopt.digest_alg = VRES_DIGEST_VERITY;
#define STOPPED(call) ck_status_reason(call, VRES_E_POLICY_VIOLATION, VRES_REASON_STOPPED)
	STOPPED(vres_seal_memory(f->manager, PLAIN, "abc", 3, &out, &err));
	STOPPED(vres_seal_fd(f->manager, PLAIN, 0, 0, 3, &out, &err));
	STOPPED(vres_seal_stream(f->manager, PLAIN, content_read, &source, 3, &out, &err));
	STOPPED(vres_seal_adopt(f->manager, &adopt, 4096, 3, &out, &err));
	STOPPED(vres_shard_verify(shard, NULL, NULL, &err));
	STOPPED(vres_verify_many(f->manager, &shard, 1, NULL, NULL, &err));
	STOPPED(vres_set_verify(f->manager, &shard, 1, NULL, NULL, &err));
	STOPPED(vres_scrub_step(f->manager, 1, NULL, &err));
	STOPPED(vres_lease_acquire(shard, &leased, &err));
	STOPPED(vres_lease_check(lease, &err));
	STOPPED(vres_manager_find(f->manager, "leased", &out, &err));
	STOPPED(vres_shard_receipt(shard, buf, sizeof(buf), &len, &err));
	STOPPED(vres_receipt_open(f->manager, buf, 400, &out, &err));
	STOPPED(vres_enforce_vram_only(f->manager, 0, &policy, &err));
	STOPPED(vres_device_count(f->manager, &n, &err));
	ck_assert_ptr_null(out);
	ck_assert_ptr_null(leased);
	ck_assert_uint_eq(source.calls, 0);
	ck_assert_str_eq(info_of(shard).shard_id, "leased");
	ck_assert_uint_eq(device_of(f, 0).gpu_device, 0);
	ck_assert_uint_ge(metrics_of(f).shards_now, 1);
}

/* A stopped manager releases everything: wiped, and with events. */
static void ck_lets_go(struct fixture *f, vres_shard **shard, vres_lease **lease)
{
	const size_t told = record_count(&f->record, VRES_EVENT_VRAM_DEALLOCATED);

	release_lease(lease);
	release_shard(shard);
	ck_assert_uint_eq(record_count(&f->record, VRES_EVENT_VRAM_DEALLOCATED), told + 1);
	ck_assert_uint_eq(metrics_of(f).used_bytes_now, 0);
}

START_TEST(a_good_device_is_found_good_and_its_facts_are_listed)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(release_shard) vres_shard *shard = sealed(f, BLOCK, 1);
	vres_policy_report r = vres_policy_report_init();
	bool says_simulated = false;
	vres_error err;

	(void)shard;
	record_clear(&f->record);
	ck_ok(vres_enforce_vram_only(f->manager, 0, &r, &err));
	ck_assert_uint_eq(r.violations, 0);
	ck_assert_uint_ge(r.facts_count, 6);
	ck_assert_uint_le(r.facts_count, COUNT(r.facts));
	for (uint32_t i = 0; i < r.facts_count; i++) {
		ck_assert_str_ne(r.facts[i].name, "");
		ck_assert_uint_ne(r.facts[i].verdict, VRES_FACT_VIOLATION);
		says_simulated |=
			strcmp(r.facts[i].name, "simulated") == 0 &&
			r.facts[i].verdict ==
				(test_device_is_simulated() ? VRES_FACT_NOTED : VRES_FACT_GOOD);
	}
	ck_assert(says_simulated);
	ck_assert_uint_eq(record_critical(&f->record), 0);
	ck_ok(vres_enforce_vram_only(f->manager, 0, NULL, &err));
	ck_works(f);
}
END_TEST

START_TEST(enforce_refuses_a_device_that_does_not_exist)
{
	static const uint32_t devices[] = {1, 2, 64, UINT32_MAX};
	CLEANUP(finish) struct fixture *f = begin(NULL);
	vres_policy_report r = vres_policy_report_init();
	vres_error err;

	ck_status(vres_enforce_vram_only(f->manager, devices[_i], &r, &err), VRES_E_INVALID_INPUT);
	ck_works(f);
}
END_TEST

static void ck_stops(uint32_t lie, uint64_t violations)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	vres_shard *shard = sealed_as(f, "leased", BLOCK, 1);
	vres_lease *lease = NULL;
	vres_policy_report r = vres_policy_report_init();
	const vres_event *e;
	vres_error err;

	ck_ok(vres_lease_acquire(shard, &lease, &err));
	test_device_pretend(f->test_device, vres_lease_device_ptr(lease), lie);
	record_clear(&f->record);
	ck_status(vres_enforce_vram_only(f->manager, 0, &r, &err), VRES_E_POLICY_VIOLATION);
	ck_assert_uint_ne(err.reason, VRES_REASON_STOPPED);
	ck_assert_uint_eq(r.violations, violations);
	ck_assert_uint_gt(r.facts_count, 0);
	e = record_last(&f->record, 0);
	ck_assert_uint_eq(e->type, VRES_EVENT_POLICY_VIOLATION);
	ck_assert_uint_eq(e->gpu_device, 0);
	ck_assert_uint_eq(record_critical(&f->record), 1);
	ck_assert_uint_eq(f->record.incidents_count, 1);
	ck_stopped(f, shard, lease);
	ck_assert_uint_eq(f->record.incidents_count, 1);
	ck_assert_uint_eq(metrics_of(f).policy_violations, 1);
	/* Good again does not mean going on. */
	test_device_pretend(f->test_device, vres_lease_device_ptr(lease), 0);
	ck_stopped(f, shard, lease);
	ck_lets_go(f, &shard, &lease);
}

START_TEST(a_violation_stops_the_manager)
{
	static const uint32_t lies[] = {VRES_MOCK_MANAGED, VRES_MOCK_HOST_MAPPED, VRES_MOCK_MOVED};

	ck_stops(lies[_i], VRES_VIOLATION_NEVER);
}
END_TEST

START_TEST(memory_that_can_be_exported_stops_the_manager)
{
	ck_stops(VRES_MOCK_EXPORTABLE, VRES_ALLOW_EXPORTABLE);
}
END_TEST

START_TEST(a_shard_that_only_a_lease_holds_is_judged_too)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	vres_shard *shard = sealed_as(f, "leased", BLOCK, 1);
	CLEANUP(release_lease) vres_lease *lease = NULL;
	vres_error err;

	ck_ok(vres_lease_acquire(shard, &lease, &err));
	release_shard(&shard);
	ck_ok(vres_enforce_vram_only(f->manager, 0, NULL, &err));
	test_device_pretend(f->test_device, vres_lease_device_ptr(lease), VRES_MOCK_MANAGED);
	ck_status(vres_enforce_vram_only(f->manager, 0, NULL, &err), VRES_E_POLICY_VIOLATION);
}
END_TEST

START_TEST(shards_of_other_devices_are_not_judged)
{
	struct setup s = setup_init();
	CLEANUP(finish) struct fixture *f = NULL;
	CLEANUP(release_shard) vres_shard *shard = NULL;
	vres_seal_params p = vres_seal_params_init();
	vres_error err;

	s.mock.devices = 2;
	f = begin(&s);
	p.gpu_device = 1;
	shard = sealed_with(f, &p, BLOCK, 1);
	test_device_pretend(f->test_device, address_of(shard), VRES_MOCK_MANAGED);
	ck_ok(vres_enforce_vram_only(f->manager, 0, NULL, &err));
	ck_status(vres_enforce_vram_only(f->manager, 1, NULL, &err), VRES_E_POLICY_VIOLATION);
}
END_TEST

START_TEST(a_device_that_cannot_be_asked_is_no_violation)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(release_shard) vres_shard *shard = sealed(f, BLOCK, 1);
	vres_error err;

	test_device_fail(f->test_device, VRES_MOCK_OP_MEM_RESIDENCY, 1, VRES_E_BACKEND);
	ck_status(vres_enforce_vram_only(f->manager, 0, NULL, &err), VRES_E_BACKEND);
	ck_ok(vres_shard_verify(shard, NULL, NULL, &err));
	f->wipe_may_fail = true;
	test_device_lose_device(f->test_device, 0);
	ck_status(vres_enforce_vram_only(f->manager, 0, NULL, &err), VRES_E_DEVICE_LOST);
	ck_assert_uint_eq(record_critical(&f->record), 0);
	/* And not stopped. */
	ck_status(vres_shard_verify(shard, NULL, NULL, &err), VRES_E_DEVICE_LOST);
}
END_TEST

START_TEST(a_failed_verification_stops_where_policy_says_so)
{
	struct setup s = setup_init();
	CLEANUP(finish) struct fixture *f = NULL;
	vres_shard *shard = NULL, *bad = NULL;
	vres_lease *lease = NULL, *none = NULL;
	vres_error err;

	s.policy.require = VRES_REQUIRE_STOP;
	f = begin(&s);
	shard = sealed_as(f, "leased", BLOCK, 1);
	ck_ok(vres_lease_acquire(shard, &lease, &err));
	bad = damaged(f, BLOCK, 5);
	if (_i == 0)
		ck_refused(vres_shard_verify(bad, NULL, NULL, &err), VRES_REASON_DIGEST);
	else
		ck_refused(vres_lease_acquire(bad, &none, &err), VRES_REASON_DIGEST);
	ck_assert_uint_eq(record_critical(&f->record), 1);
	ck_assert_uint_eq(record_last(&f->record, 0)->critical, 1);
	ck_assert_str_eq(record_last(&f->record, 0)->action_taken, "manager_stopped");
	ck_assert_uint_eq(f->record.incidents_count, 1);
	ck_stopped(f, shard, lease);
	release_shard(&bad);
	ck_lets_go(f, &shard, &lease);
}
END_TEST

START_TEST(an_expired_seal_stops_too_where_policy_says_so)
{
	struct setup s = setup_init();
	CLEANUP(finish) struct fixture *f = NULL;
	CLEANUP(release_shard) vres_shard *shard = NULL;
	const struct timespec moment = {.tv_nsec = 1000000};
	vres_error err;

	s.policy.require = VRES_REQUIRE_STOP;
	s.policy.max_seal_age = 1;
	f = begin(&s);
	shard = sealed(f, BLOCK, 1);
	nanosleep(&moment, NULL);
	ck_refused(vres_shard_verify(shard, NULL, NULL, &err), VRES_REASON_EXPIRED);
	ck_status_reason(vres_shard_verify(shard, NULL, NULL, &err), VRES_E_POLICY_VIOLATION,
	                 VRES_REASON_STOPPED);
}
END_TEST

START_TEST(device_trouble_and_forged_receipts_do_not_stop)
{
	struct setup s = setup_init();
	CLEANUP(finish) struct fixture *f = NULL;
	CLEANUP(release_shard) vres_shard *shard = NULL;
	vres_shard *none = NULL;
	uint8_t noise[400];
	vres_error err;

	s.policy.require = VRES_REQUIRE_STOP;
	f = begin(&s);
	shard = sealed(f, BLOCK, 1);
	test_device_fail(f->test_device, VRES_MOCK_OP_LANE_WAIT, 1, VRES_E_BACKEND);
	ck_status(vres_shard_verify(shard, NULL, NULL, &err), VRES_E_BACKEND);
	content_fill(noise, sizeof(noise), 1, 0);
	ck_refused(vres_receipt_open(f->manager, noise, sizeof(noise), &none, &err),
	           VRES_REASON_SIGNATURE);
	ck_works(f);
}
END_TEST

START_TEST(a_stopped_manager_does_not_stop_another)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(destroy_manager) vres_manager *other = NULL;
	CLEANUP(release_shard) vres_shard *shard = sealed(f, BLOCK, 1);
	vres_shard *good = NULL;
	vres_error err;

	ck_ok(manager_create(f, NULL, &other, &err));
	test_device_pretend(f->test_device, address_of(shard), VRES_MOCK_MANAGED);
	ck_status(vres_enforce_vram_only(f->manager, 0, NULL, &err), VRES_E_POLICY_VIOLATION);
	ck_ok(vres_seal_memory(other, PLAIN, "abc", 3, &good, &err));
	ck_ok(vres_shard_verify(good, NULL, NULL, &err));
	release_shard(&good);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE(a_good_device_is_found_good_and_its_facts_are_listed,
	             "VR-001 VP-006 M0-W-1012", "accountability", ""),
		CASE_LOOP(enforce_refuses_a_device_that_does_not_exist, 4, "IV-002 VR-005",
	                  "availability", "device index out of range"),
		CASE_LOOP(a_violation_stops_the_manager, 3,
	                  "VR-001 VP-001 VP-005 WORKER-4122 WORKER-4163 M0-W-1012", "residency",
	                  "inference from host memory, memory replaced"),
		CASE(memory_that_can_be_exported_stops_the_manager,
	             "VR-001 VP-001 VP-005 WORKER-4122 WORKER-4163", "residency", "memory shared"),
		CASE(a_shard_that_only_a_lease_holds_is_judged_too, "VP-005 WORKER-4100",
	             "residency", "memory in use that nobody judges"),
		CASE(shards_of_other_devices_are_not_judged, "IV-002", "availability", ""),
		CASE(a_device_that_cannot_be_asked_is_no_violation, "WORKER-4151 WORKER-4032",
	             "availability", "false alarm"),
		CASE_LOOP(a_failed_verification_stops_where_policy_says_so, 2,
	                  "WORKER-4122 WORKER-4161", "integrity", "inference after tampering"),
		CASE(an_expired_seal_stops_too_where_policy_says_so, "WORKER-4122", "authenticity",
	             "stale seal"),
		CASE(device_trouble_and_forged_receipts_do_not_stop, "WORKER-4151", "availability",
	             "denial of service by forged receipts"),
		CASE(a_stopped_manager_does_not_stop_another, "", "availability", ""),
	};

	return suite_run("policy_stop", "policy", cases, COUNT(cases));
}
