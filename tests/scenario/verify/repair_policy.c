/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Repair under a policy: memory that is mapped read-only, a manager that stops, a seal that is old.
 */
#include "support/fixture/repairing.h"

START_TEST(manager_that_stops_at_damage_repairs_nothing)
{
	struct setup s = setup_init();
	CLEANUP(finish) struct fixture *f = NULL;
	CLEANUP(release_shard) vres_shard *shard = NULL;
	struct content_source source = repair_source();
	vres_error err;

	s.keep_leaves = 1;
	s.policy.require |= VRES_REQUIRE_STOP;
	f = begin(&s);
	shard = repair_damaged(f, NULL);
	ck_refused(repair_from(shard, &source, NULL, &err), VRES_REASON_DIGEST);
	ck_status_reason(repair_from(shard, &source, NULL, &err), VRES_E_POLICY_VIOLATION,
	                 VRES_REASON_STOPPED);
	ck_assert_uint_eq(source.calls, 0);
}
END_TEST

START_TEST(seal_that_is_too_old_is_repaired_and_stays_too_old)
{
	struct setup s = setup_init();
	CLEANUP(finish) struct fixture *f = NULL;
	CLEANUP(release_shard) vres_shard *shard = NULL;
	vres_verify_params sampled = mode_of(VRES_VERIFY_SAMPLED);
	vres_error err;

	s.policy.max_seal_age = 1;
	f = begin(&s);
	shard = sealed(f, REPAIR_BYTES, REPAIR_SEED);
	ck_refused(vres_shard_verify(shard, &sampled, NULL, &err), VRES_REASON_EXPIRED);
	ck_ok(repair_from(shard, NULL, NULL, &err));
	ck_refused(vres_shard_verify(shard, NULL, NULL, &err), VRES_REASON_EXPIRED);
	ck_assert_uint_eq(info_of(shard).state, VRES_SHARD_SEALED);
}
END_TEST

static vres_shard *read_only(struct fixture **f)
{
	struct setup s = setup_init();

	s.policy.require |= VRES_REQUIRE_READONLY;
	*f = begin(&s);
	return repair_damaged(*f, NULL);
}

static uint64_t protections(const struct fixture *f)
{
	return test_device_calls(f->test_device, VRES_MOCK_OP_MEM_PROTECT);
}

START_TEST(read_only_memory_is_read_only_again_after_a_repair)
{
	CLEANUP(finish) struct fixture *f = NULL;
	CLEANUP(release_shard) vres_shard *shard = read_only(&f);
	const uint64_t before = protections(f);
	vres_error err;

	ck_ok(repair_from(shard, NULL, NULL, &err));
	ck_assert_uint_eq(protections(f), before + 2);
	ck_ok(vres_enforce_vram_only(f->manager, 0, NULL, &err));
	ck_repaired(shard);
}
END_TEST

START_TEST(read_only_memory_that_cannot_be_protected_again_is_lost)
{
	CLEANUP(finish) struct fixture *f = NULL;
	CLEANUP(release_shard) vres_shard *shard = read_only(&f);
	const bool lies = _i;
	vres_error err;

	f->wipe_may_fail = true;
	test_device_fail(f->test_device, VRES_MOCK_OP_MEM_PROTECT, 2,
	                 lies ? VRES_OK : VRES_E_BACKEND);
	ck_refused(repair_from(shard, NULL, NULL, &err), VRES_REASON_RESIDENCY);
	test_device_fail(f->test_device, VRES_MOCK_OP_MEM_PROTECT, 0, VRES_OK);
	ck_refused(repair_from(shard, NULL, NULL, &err), VRES_REASON_QUARANTINED);
	ck_assert_uint_eq(record_count(&f->record, VRES_EVENT_VRAM_REPAIRED), 0);
}
END_TEST

START_TEST(read_only_memory_is_protected_also_when_its_source_fails)
{
	CLEANUP(finish) struct fixture *f = NULL;
	CLEANUP(release_shard) vres_shard *shard = read_only(&f);
	struct content_source source = repair_source();
	vres_error err;

	source.fail_at = 3 * GROUP / BLOCK + 4;
	source.fail_how = VRES_E_IO;
	ck_status(repair_from(shard, &source, NULL, &err), VRES_E_IO);
	ck_ok(vres_enforce_vram_only(f->manager, 0, NULL, &err));
	ck_repairable(shard);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE(manager_that_stops_at_damage_repairs_nothing, "CI-007", "", ""),
		CASE(seal_that_is_too_old_is_repaired_and_stays_too_old, "CI-007", "", ""),
		CASE(read_only_memory_is_read_only_again_after_a_repair, "CI-007", "integrity", ""),
		CASE_LOOP(read_only_memory_that_cannot_be_protected_again_is_lost, 2, "CI-007",
	                  "integrity", "memory left writable"),
		CASE(read_only_memory_is_protected_also_when_its_source_fails, "CI-007",
	             "integrity", "memory left writable"),
	};

	return suite_run("verify_repair_policy", "verify", cases, COUNT(cases));
}
