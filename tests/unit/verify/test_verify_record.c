/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The record in memory is changed after it was signed, in each field that something relies on. */
#include "support/suite/alloc.h"
#include "verify/content.h"
#include "device/vram_digest_many.h"
#include "unit/fixture/fake_backend.h"
#include "support/suite/status.h"
#include "support/suite/suite.h"
#include "unit/fixture/verify_fixture.h"

START_TEST(record_that_was_changed_is_a_wrong_signature)
{
	CLEANUP(verify_end) struct verify_fixture *fixture = verify_begin(0, 0);
	vres_verify_report report;
	vres_error err;

	fixture->shard->contents->record.verity_root[0] ^= 1;
	ck_refused(verify_as(fixture, VRES_VERIFY_FULL, 0, &report, &err), VRES_REASON_SIGNATURE);
	ck_assert_uint_eq(fixture->fake->hashed_count, 0);
	ck_assert_uint_eq(fixture->incidents, 1);
}
END_TEST

/*
 * A changed record may name any device, so nothing may be chosen by it before its signature is
 * checked.
 */
START_TEST(record_that_names_another_device_is_a_wrong_signature_in_company_too)
{
	/* The fake has two devices, and the shard is on the first. */
	static const uint32_t wrong[] = {1, 2, UINT32_MAX};
	const vres_verify_params params = vres_verify_params_init();

	for (size_t i = 0; i < COUNT(wrong); i++) {
		CLEANUP(verify_end) struct verify_fixture *fixture = verify_begin(0, 0);
		vres_verify_report reports[2] = {vres_verify_report_init(),
		                                 vres_verify_report_init()};
		vres_shard *twice[] = {fixture->shard, fixture->shard};
		vres_error err;

		fixture->manager->driver.device_count = 2;
		fixture->shard->contents->record.gpu_device = wrong[i];
		ck_refused(vres_verify_many(fixture->manager, twice, 2, &params, reports, &err),
		           VRES_REASON_SIGNATURE);
		ck_assert_uint_eq(reports[0].reason, VRES_REASON_SIGNATURE);
		ck_assert_uint_eq(reports[1].reason, VRES_REASON_SIGNATURE);
		ck_assert_uint_eq(atomic_load(&fixture->shard->state), VRES_SHARD_QUARANTINED);
		ck_assert_uint_eq(fixture->incidents, 1);
		ck_assert_uint_eq(fixture->fake->hashed_count, 0);
		fixture->manager->driver.device_count = 1;
	}
}
END_TEST

START_TEST(record_that_names_another_device_does_not_hide_a_shard_from_enforcement)
{
	CLEANUP(verify_end) struct verify_fixture *fixture = verify_begin(0, 0);
	vres_error err;

	fixture->shard->contents->record.gpu_device = 1;
	ck_ok(vres_enforce_vram_only(fixture->manager, 0, NULL, &err));
	fixture->fake->residency = VRES_MEM_MANAGED | VRES_MEM_DEVICE;
	ck_status(vres_enforce_vram_only(fixture->manager, 0, NULL, &err), VRES_E_POLICY_VIOLATION);
}
END_TEST

/*
 * The index of a member decides which element is written.  ASan and Valgrind would report one past
 * the end of the set.
 */
START_TEST(record_with_an_index_past_its_set_is_no_member)
{
	CLEANUP(verify_end) struct verify_fixture *fixture = verify_begin(0, 0);
	const vres_verify_params params = vres_verify_params_init();
	vres_set_report report = vres_set_report_init();
	vres_error err;

	fixture->shard->contents->record.total_shards = 1;
	fixture->shard->contents->record.shard_index = 1;
	ck_status(vres_set_verify(fixture->manager, &fixture->shard, 1, &params, &report, &err),
	          VRES_E_INVALID_INPUT);
	ck_assert_int_eq(report.first_failed, 0);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE(record_that_was_changed_is_a_wrong_signature,
	             "CI-001 CI-002 VR-004 WORKER-4995", "authenticity",
	             "a record changed in host memory"),
		CASE(record_that_names_another_device_is_a_wrong_signature_in_company_too,
	             "CI-001 CI-002 VR-004", "authenticity", "a record changed in host memory"),
		CASE(record_that_names_another_device_does_not_hide_a_shard_from_enforcement,
	             "VR-001", "residency", "a record changed in host memory"),
		CASE(record_with_an_index_past_its_set_is_no_member, "MS-007 VR-004", "integrity",
	             "a record changed in host memory"),
	};

	return suite_run("unit.verify_record", "unit", cases, COUNT(cases));
}
