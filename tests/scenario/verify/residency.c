/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Residency: the driver is asked at every verification, about the whole range; an earlier answer is
 * never used again.
 */
#include "support/fixture/support.h"

static const uint32_t LIES[] = {VRES_MOCK_MANAGED, VRES_MOCK_HOST_MAPPED, VRES_MOCK_MOVED,
                                VRES_MOCK_MANAGED | VRES_MOCK_MOVED};
#define MODES 4 /* every vres_verify_mode, from 0 */

static void ck_fails(uint32_t mode, uint32_t lies)
{
	struct setup s = setup_init();
	CLEANUP(finish) struct fixture *f = NULL;
	CLEANUP(release_shard) vres_shard *shard = NULL;
	CLEANUP(release_shard) vres_shard *other = NULL;
	const vres_verify_params p = mode_of(mode);
	vres_verify_report r = vres_verify_report_init();
	vres_error err;

	s.policy.allow |= VRES_ALLOW_READBACK;
	f = begin(&s);
	shard = sealed(f, 3 * BLOCK, 1);
	other = sealed(f, 3 * BLOCK, 2);
	test_device_pretend(f->test_device, address_of(shard), lies);
	record_clear(&f->record);
	ck_refused(vres_shard_verify(shard, &p, &r, &err), VRES_REASON_RESIDENCY);
	ck_assert_uint_eq(r.reason, VRES_REASON_RESIDENCY);
	ck_assert_uint_eq(record_critical(&f->record), 1);
	ck_assert_uint_eq(record_last(&f->record, 0)->reason, VRES_REASON_RESIDENCY);
	ck_assert_uint_eq(f->record.incidents_count, 1);
	ck_assert_uint_eq(info_of(shard).state, VRES_SHARD_QUARANTINED);
	ck_ok(vres_shard_verify(other, &p, NULL, &err));
}

START_TEST(memory_that_is_no_longer_plain_vram_fails_in_every_mode)
{
	ck_fails((uint32_t)_i % MODES, LIES[_i / MODES]);
}
END_TEST

START_TEST(memory_that_can_be_exported_fails_in_every_mode)
{
	ck_fails((uint32_t)_i, VRES_MOCK_EXPORTABLE);
}
END_TEST

START_TEST(residency_lost_is_not_forgotten_when_the_driver_recants)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(release_shard) vres_shard *shard = sealed(f, 3 * BLOCK, 1);
	const uint64_t address = address_of(shard);
	vres_error err;

	test_device_pretend(f->test_device, address, VRES_MOCK_MANAGED);
	ck_refused(vres_shard_verify(shard, NULL, NULL, &err), VRES_REASON_RESIDENCY);
	test_device_pretend(f->test_device, address, 0);
	ck_refused(vres_shard_verify(shard, NULL, NULL, &err), VRES_REASON_QUARANTINED);
}
END_TEST

START_TEST(a_lease_asks_for_residency_even_when_it_does_not_hash)
{
	struct setup s = setup_init();
	CLEANUP(finish) struct fixture *f = NULL;
	CLEANUP(release_shard) vres_shard *shard = NULL;
	vres_lease *lease = NULL;
	vres_error err;

	s.policy.allow |= VRES_ALLOW_WEAK_LEASE;
	s.policy.lease_verify = VRES_VERIFY_SIGNATURE;
	f = begin(&s);
	shard = sealed(f, 3 * BLOCK, 1);
	test_device_pretend(f->test_device, address_of(shard), VRES_MOCK_HOST_MAPPED);
	ck_refused(vres_lease_acquire(shard, &lease, &err), VRES_REASON_RESIDENCY);
}
END_TEST

START_TEST(exportable_memory_is_good_where_policy_allows_it)
{
	struct setup s = setup_init();
	CLEANUP(finish) struct fixture *f = NULL;
	CLEANUP(release_shard) vres_shard *shard = NULL;
	vres_error err;

	s.policy.allow |= VRES_ALLOW_EXPORTABLE;
	f = begin(&s);
	shard = sealed(f, 3 * BLOCK, 1);
	test_device_pretend(f->test_device, address_of(shard), VRES_MOCK_EXPORTABLE);
	ck_ok(vres_shard_verify(shard, NULL, NULL, &err));
	test_device_pretend(f->test_device, address_of(shard),
	                    VRES_MOCK_EXPORTABLE | VRES_MOCK_MANAGED);
}
END_TEST

START_TEST(no_permission_makes_migrating_or_host_memory_good)
{
	static const uint32_t never[] = {VRES_MOCK_MANAGED, VRES_MOCK_HOST_MAPPED, VRES_MOCK_MOVED};
	struct setup s = setup_init();
	CLEANUP(finish) struct fixture *f = NULL;
	CLEANUP(release_shard) vres_shard *shard = NULL;
	vres_error err;

	s.policy.allow = VRES_ALLOW_ALL;
	f = begin(&s);
	shard = sealed(f, 3 * BLOCK, 1);
	test_device_pretend(f->test_device, address_of(shard), never[_i]);
	ck_refused(vres_shard_verify(shard, NULL, NULL, &err), VRES_REASON_RESIDENCY);
}
END_TEST

START_TEST(residency_is_asked_again_at_every_verification_and_lease)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(release_shard) vres_shard *shard = sealed(f, 3 * BLOCK, 1);
	vres_error err;

	for (uint32_t mode = VRES_VERIFY_FULL; mode <= VRES_VERIFY_SAMPLED; mode++) {
		const vres_verify_params p = mode_of(mode);
		const uint64_t asked =
			test_device_calls(f->test_device, VRES_MOCK_OP_MEM_RESIDENCY);

		ck_ok(vres_shard_verify(shard, &p, NULL, &err));
		ck_assert_uint_gt(test_device_calls(f->test_device, VRES_MOCK_OP_MEM_RESIDENCY),
		                  asked);
	}
	{
		const uint64_t asked =
			test_device_calls(f->test_device, VRES_MOCK_OP_MEM_RESIDENCY);

		ck_assert_uint_ne(address_of(shard), 0);
		ck_assert_uint_gt(test_device_calls(f->test_device, VRES_MOCK_OP_MEM_RESIDENCY),
		                  asked);
	}
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE_LOOP(memory_that_is_no_longer_plain_vram_fails_in_every_mode,
	                  COUNT(LIES) * MODES,
	                  "VP-001 VP-002 VP-003 VP-005 VP-006 WORKER-4100 WORKER-4101 M0-W-1012 "
	                  "CUDA-5421",
	                  "residency",
	                  "migration to host memory, host mapping, memory swapped behind its "
	                  "address"),
		CASE_LOOP(memory_that_can_be_exported_fails_in_every_mode, MODES,
	                  "VP-001 VP-005 VP-006 WORKER-4100 WORKER-4101", "residency",
	                  "sharing with another process"),
		CASE(residency_lost_is_not_forgotten_when_the_driver_recants, "VP-005 WORKER-4122",
	             "residency", "residency that flickers"),
		CASE(a_lease_asks_for_residency_even_when_it_does_not_hash, "VP-005 WORKER-4100",
	             "residency", "inference from host memory"),
		CASE(exportable_memory_is_good_where_policy_allows_it, "VP-001", "residency", ""),
		CASE_LOOP(no_permission_makes_migrating_or_host_memory_good, 3,
	                  "VP-002 VP-003 VP-005 WORKER-4101", "residency",
	                  "policy that allows too much"),
		CASE(residency_is_asked_again_at_every_verification_and_lease,
	             "VP-006 M0-W-1012 WORKER-4121", "residency", "residency answered from memory"),
	};

	return suite_run("verify_residency", "verify", cases, COUNT(cases));
}
