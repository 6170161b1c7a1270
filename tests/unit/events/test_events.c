/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Making events, and delivering them to the log, the sink and the incident callback. */
#include "events/events.h"
#include "manager/manager.h"
#include "support/fixture/support.h"

static const char *const names[] = {
	NULL,
	"vram_sealed",
	"seal_verified",
	"seal_verification_failed",
	"vram_allocated",
	"vram_allocation_failed",
	"vram_deallocated",
	"vram_deallocation_failed",
	"policy_violation",
	"vram_resealed",
	"vram_suspended",
	"vram_resumed",
	"vram_repaired",
	"seal_verification_error",
	"seal_failed",
	"vram_released",
};

START_TEST(event_of_each_type_has_its_name_and_says_whether_it_is_critical)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);

	for (uint32_t type = 1; type < COUNT(names); type++) {
		if (names[type] == NULL) {
			ck_assert_ptr_null(vres_event_name(type));
			continue;
		}
		const vres_event e =
			vres_event_make(&f->manager->listeners, (vres_event_type)type, 5);

		ck_assert_str_eq(e.name, names[type]);
		ck_assert_uint_eq(e.type, type);
		ck_assert_uint_eq(e.critical, type == VRES_EVENT_SEAL_VERIFICATION_FAILED ||
		                                      type == VRES_EVENT_POLICY_VIOLATION);
		ck_assert_uint_eq(e.struct_size, sizeof(e));
		ck_assert_uint_eq(e.gpu_device, 5);
		ck_assert_uint_eq(e.simulated, 1);
		ck_assert_str_eq(e.worker_id, WORKER);
		ck_assert_uint_gt(e.time, UINT64_C(1700000000) * 1000000000);
		ck_assert_ptr_null(e.shard);
		ck_assert_ptr_null(e.detail);
	}
}
END_TEST

START_TEST(reasons_are_the_words_of_the_format)
{
	static const char *const words[] = {[VRES_REASON_SIGNATURE] = "signature_invalid",
	                                    [VRES_REASON_DIGEST] = "digest_mismatch",
	                                    [VRES_REASON_RESIDENCY] = "residency_lost",
	                                    [VRES_REASON_STALE_SESSION] = "stale_session",
	                                    [VRES_REASON_EXPIRED] = "expired",
	                                    [VRES_REASON_UNKNOWN_SHARD] = "unknown_shard"};

	for (uint32_t i = VRES_REASON_SIGNATURE; i < COUNT(words); i++)
		ck_assert_str_eq(vres_reason_word(i), words[i]);
	ck_assert_str_eq(vres_reason_word(VRES_REASON_QUARANTINED), "quarantined");
}
END_TEST

START_TEST(event_goes_to_log_and_sink_and_only_an_incident_to_its_callback)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	const vres_event e = vres_event_make(&f->manager->listeners, VRES_EVENT_SEAL_VERIFIED, 0);
	vres_event bad = vres_event_make(&f->manager->listeners, VRES_EVENT_POLICY_VIOLATION, 0);
	vres_error err;

	bad.status = VRES_E_POLICY_VIOLATION;
	bad.violation = "managed_memory";
	bad.action_taken = "seal_refused";
	record_clear(&f->record);
	f->record.flaw = NULL;
	ck_ok(vres_event_emit(&f->manager->listeners, &bad, true, &err));
	ck_assert_uint_eq(f->record.events_count, 1);
	ck_assert_uint_eq(f->record.incidents_count, 1);
	ck_assert_uint_eq(f->record.lines_count, 1);
	ck_ok(vres_event_emit(&f->manager->listeners, &e, false, &err));
	ck_assert_uint_eq(f->record.events_count, 2);
	ck_assert_uint_eq(f->record.incidents_count, 1);
	ck_assert_uint_eq(f->record.lines_count, 2);
	ck_assert_uint_eq(metrics_of(f).audit_events, 2);
	/* the record checks order and fields, which events made by hand do not keep */
	f->record.flaw = NULL;
}
END_TEST

START_TEST(incident_is_told_though_the_sink_refuses_the_record)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	vres_event e = vres_event_make(&f->manager->listeners, VRES_EVENT_POLICY_VIOLATION, 3);
	vres_error err;

	f->record.refuse = UINT64_C(1) << VRES_EVENT_POLICY_VIOLATION;
	ck_status(vres_event_emit(&f->manager->listeners, &e, true, &err), VRES_E_AUDIT);
	ck_assert_uint_eq(err.gpu_device, 3);
	ck_assert_ptr_nonnull(strstr(err.message, "policy_violation"));
	ck_assert_uint_eq(f->record.incidents_count, 1);
	ck_assert_uint_eq(metrics_of(f).audit_lost, 1);
	f->record.refuse = 0;
	f->record.flaw = NULL;
}
END_TEST

START_TEST(violation_is_event_incident_and_count)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	const vres_event *e;

	vres_event_violation(&f->manager->listeners, 1, "host_mapped", "manager_stopped",
	                     "enforce");
	e = record_last(&f->record, VRES_EVENT_POLICY_VIOLATION);
	ck_assert_ptr_nonnull(e);
	ck_assert_int_eq(e->status, VRES_E_POLICY_VIOLATION);
	ck_assert_str_eq(e->violation, "host_mapped");
	ck_assert_str_eq(e->action_taken, "manager_stopped");
	ck_assert_str_eq(e->detail, "enforce");
	ck_assert_uint_eq(e->gpu_device, 1);
	ck_assert_uint_eq(f->record.incidents_count, 1);
	ck_assert_uint_eq(metrics_of(f).policy_violations, 1);
}
END_TEST

START_TEST(log_line_has_the_level_that_fits_and_the_keys_that_apply)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	vres_shard_info info = vres_shard_info_init();
	vres_event e;
	vres_error err;

	record_clear(&f->record);
	memcpy(info.shard_id, "s1", 3);
	info.vram_bytes = 77;
	e = vres_event_make(&f->manager->listeners, VRES_EVENT_SEAL_VERIFICATION_FAILED, 2);
	e.shard = &info;
	e.status = VRES_E_SEAL_VERIFICATION_FAILED;
	e.reason = VRES_REASON_DIGEST;
	e.mode = "full";
	e.action_taken = "shard_quarantined";
	ck_ok(vres_event_emit(&f->manager->listeners, &e, false, &err));
	ck_assert_str_eq(f->record.lines[0],
	                 "1 seal_verification_failed shard_id=s1 gpu_device=2 bytes=77 "
	                 "status=VRES_E_SEAL_VERIFICATION_FAILED "
	                 "reason=digest_mismatch mode=full action_taken=shard_quarantined");
	e = vres_event_make(&f->manager->listeners, VRES_EVENT_VRAM_ALLOCATION_FAILED,
	                    VRES_NO_DEVICE);
	e.status = VRES_E_INSUFFICIENT_VRAM;
	e.requested_bytes = 5;
	ck_ok(vres_event_emit(&f->manager->listeners, &e, false, &err));
	ck_assert_str_eq(f->record.lines[1],
	                 "2 vram_allocation_failed bytes=5 status=VRES_E_INSUFFICIENT_VRAM");
	e = vres_event_make(&f->manager->listeners, VRES_EVENT_VRAM_DEALLOCATED, 0);
	e.freed_bytes = 4096;
	ck_ok(vres_event_emit(&f->manager->listeners, &e, false, &err));
	ck_assert_str_eq(f->record.lines[2],
	                 "3 vram_deallocated gpu_device=0 bytes=4096 status=VRES_OK");
	f->record.flaw = NULL;
}
END_TEST

START_TEST(manager_without_listeners_emits_into_the_void)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(destroy_manager) vres_manager *m = NULL;
	vres_config config = config_of(f);
	vres_event e;
	vres_error err;

	record_clear(&f->record);
	config.audit = (vres_audit_sink){0};
	config.log = NULL;
	config.on_incident = NULL;
	ck_ok(manager_create(f, &config, &m, &err));
	e = vres_event_make(&m->listeners, VRES_EVENT_POLICY_VIOLATION, 0);
	ck_ok(vres_event_emit(&m->listeners, &e, true, &err));
	ck_assert_uint_eq(
		f->record.events_count + f->record.lines_count + f->record.incidents_count, 0);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE(event_of_each_type_has_its_name_and_says_whether_it_is_critical,
	             "WORKER-4160 WORKER-4161 WORKER-4162 WORKER-4163", "accountability", ""),
		CASE(reasons_are_the_words_of_the_format, "WORKER-4161", "accountability", ""),
		CASE(event_goes_to_log_and_sink_and_only_an_incident_to_its_callback,
	             "WORKER-4160 WORKER-4161", "accountability", ""),
		CASE(incident_is_told_though_the_sink_refuses_the_record, "WORKER-4161 WORKER-4163",
	             "accountability", "an incident nobody hears of"),
		CASE(violation_is_event_incident_and_count, "WORKER-4163", "accountability", ""),
		CASE(log_line_has_the_level_that_fits_and_the_keys_that_apply,
	             "WORKER-4161 WORKER-4111", "accountability", "an address in a log"),
		CASE(manager_without_listeners_emits_into_the_void, "WORKER-4150", "", ""),
	};

	return suite_run("unit.events", "unit", cases, COUNT(cases));
}
