/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Leases: the only way to a device address, and so the place where verification cannot be skipped.
 */
#include "support/fixture/support.h"

#define LONG (UINT64_C(3600) * 1000000000)

static uint64_t hashes(struct fixture *f)
{
	return test_device_calls(f->test_device, VRES_MOCK_OP_HASH_BLOCKS);
}

START_TEST(every_lease_verifies_in_full_unless_policy_says_otherwise)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(release_shard) vres_shard *shard = sealed(f, 3 * BLOCK, 1);

	for (unsigned i = 0; i < 3; i++) {
		const uint64_t before = hashes(f);
		const uint64_t bytes = metrics_of(f).verified_bytes;

		ck_assert_uint_ne(address_of(shard), 0);
		ck_assert_uint_gt(hashes(f), before);
		ck_assert_uint_eq(metrics_of(f).verified_bytes, bytes + 3 * BLOCK);
	}
}
END_TEST

START_TEST(a_lease_gives_address_and_size_and_is_counted)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(release_shard) vres_shard *shard = sealed(f, 3 * BLOCK + 5, 1);
	CLEANUP(release_lease) vres_lease *one = NULL, *two = NULL;
	vres_error err;

	ck_ok(vres_lease_acquire(shard, &one, &err));
	ck_ok(vres_lease_acquire(shard, &two, &err));
	ck_assert_uint_eq(vres_lease_bytes(one), 3 * BLOCK + 5);
	ck_assert_uint_eq(vres_lease_device_ptr(one), vres_lease_device_ptr(two));
	ck_ok(vres_lease_check(one, &err));
	ck_assert_uint_eq(info_of(shard).leases, 2);
	ck_assert_uint_eq(metrics_of(f).leases_now, 2);
	release_lease(&two);
	ck_assert_uint_eq(info_of(shard).leases, 1);
	ck_assert_uint_eq(metrics_of(f).leases_now, 1);
	ck_assert_uint_eq(vres_lease_device_ptr(NULL), 0);
	ck_assert_uint_eq(vres_lease_bytes(NULL), 0);
	vres_lease_release(NULL);
}
END_TEST

START_TEST(a_young_verification_serves_later_leases)
{
	struct setup s = setup_init();
	CLEANUP(finish) struct fixture *f = NULL;
	CLEANUP(release_shard) vres_shard *shard = NULL;
	uint64_t before, asked;
	vres_error err;

	s.policy.lease_max_age = LONG;
	f = begin(&s);
	shard = sealed(f, 3 * BLOCK, 1);
	ck_ok(vres_shard_verify(shard, NULL, NULL, &err));
	before = hashes(f);
	asked = test_device_calls(f->test_device, VRES_MOCK_OP_MEM_RESIDENCY);
	for (unsigned i = 0; i < 3; i++)
		ck_assert_uint_ne(address_of(shard), 0);
	ck_assert_uint_eq(hashes(f), before);
	/* Where the memory is, is asked all the same. */
	ck_assert_uint_gt(test_device_calls(f->test_device, VRES_MOCK_OP_MEM_RESIDENCY), asked);
}
END_TEST

START_TEST(a_verification_too_old_for_leases_is_made_again)
{
	struct setup s = setup_init();
	CLEANUP(finish) struct fixture *f = NULL;
	CLEANUP(release_shard) vres_shard *shard = NULL;
	uint64_t before;
	vres_error err;

	s.policy.lease_max_age = 1;
	f = begin(&s);
	shard = sealed(f, 3 * BLOCK, 1);
	ck_ok(vres_shard_verify(shard, NULL, NULL, &err));
	before = hashes(f);
	ck_assert_uint_ne(address_of(shard), 0);
	ck_assert_uint_gt(hashes(f), before);
}
END_TEST

START_TEST(only_a_verification_as_strong_as_policy_asks_serves_leases)
{
	static const uint32_t weaker[] = {VRES_VERIFY_SIGNATURE, VRES_VERIFY_SAMPLED,
	                                  VRES_VERIFY_FULL};
	struct setup s = setup_init();
	CLEANUP(finish) struct fixture *f = NULL;
	CLEANUP(release_shard) vres_shard *shard = NULL;
	uint64_t pulls;
	vres_error err;

	s.policy.allow |= VRES_ALLOW_READBACK;
	s.policy.lease_verify = VRES_VERIFY_READBACK;
	s.policy.lease_max_age = LONG;
	f = begin(&s);
	shard = sealed(f, 3 * BLOCK, 1);
	for (unsigned i = 0; i < COUNT(weaker); i++) {
		const vres_verify_params p = mode_of(weaker[i]);

		ck_ok(vres_shard_verify(shard, &p, NULL, &err));
	}
	pulls = test_device_calls(f->test_device, VRES_MOCK_OP_LANE_PULL);
	ck_assert_uint_ne(address_of(shard), 0);
	ck_assert_uint_gt(test_device_calls(f->test_device, VRES_MOCK_OP_LANE_PULL), pulls);
	pulls = test_device_calls(f->test_device, VRES_MOCK_OP_LANE_PULL);
	ck_assert_uint_ne(address_of(shard), 0);
	ck_assert_uint_eq(test_device_calls(f->test_device, VRES_MOCK_OP_LANE_PULL), pulls);
}
END_TEST

START_TEST(a_stronger_verification_serves_leases_too)
{
	struct setup s = setup_init();
	CLEANUP(finish) struct fixture *f = NULL;
	CLEANUP(release_shard) vres_shard *shard = NULL;
	const vres_verify_params readback = mode_of(VRES_VERIFY_READBACK);
	uint64_t before;
	vres_error err;

	s.policy.allow |= VRES_ALLOW_READBACK;
	s.policy.lease_max_age = LONG;
	f = begin(&s);
	shard = sealed(f, 3 * BLOCK, 1);
	ck_ok(vres_shard_verify(shard, &readback, NULL, &err));
	before = hashes(f);
	ck_assert_uint_ne(address_of(shard), 0);
	ck_assert_uint_eq(hashes(f), before);
}
END_TEST

START_TEST(a_verification_that_failed_to_be_made_does_not_serve_leases)
{
	struct setup s = setup_init();
	CLEANUP(finish) struct fixture *f = NULL;
	CLEANUP(release_shard) vres_shard *shard = NULL;
	vres_lease *lease = NULL;
	vres_error err;

	f = begin(&s);
	shard = sealed(f, 3 * BLOCK, 1);
	test_device_fail(f->test_device, VRES_MOCK_OP_HASH_BLOCKS, 1, VRES_E_BACKEND);
	ck_status(vres_lease_acquire(shard, &lease, &err), VRES_E_BACKEND);
	ck_assert_ptr_null(lease);
	ck_assert_uint_eq(info_of(shard).leases, 0);
	ck_assert_uint_ne(address_of(shard), 0);
}
END_TEST

START_TEST(a_weak_lease_is_given_only_where_policy_names_it_and_the_record_says_so)
{
	struct setup s = setup_init();
	CLEANUP(finish) struct fixture *f = NULL;
	CLEANUP(release_shard) vres_shard *shard = NULL;
	const uint32_t mode = _i == 0 ? VRES_VERIFY_SIGNATURE : VRES_VERIFY_SAMPLED;
	uint64_t before;

	s.policy.allow |= VRES_ALLOW_WEAK_LEASE;
	s.policy.lease_verify = mode;
	s.policy.sample_units = 1;
	f = begin(&s);
	shard = sealed(f, 8 * GROUP, 1);
	before = metrics_of(f).verified_bytes;
	ck_assert_uint_ne(address_of(shard), 0);
	ck_assert_uint_eq(metrics_of(f).verified_bytes - before,
	                  mode == VRES_VERIFY_SAMPLED ? GROUP : 0);
	ck_assert_uint_eq(info_of(shard).allow & VRES_ALLOW_WEAK_LEASE, VRES_ALLOW_WEAK_LEASE);
}
END_TEST

START_TEST(a_lease_outlives_shard_and_manager_at_the_same_address)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	vres_shard *shard = sealed_as(f, "leased", 3 * BLOCK, 1);
	vres_lease *lease = NULL;
	uint64_t address;
	vres_error err;

	ck_ok(vres_lease_acquire(shard, &lease, &err));
	address = vres_lease_device_ptr(lease);
	release_shard(&shard);
	ck_assert_uint_eq(device_of(f, 0).used_bytes, 3 * BLOCK);
	ck_assert_uint_eq(record_count(&f->record, VRES_EVENT_VRAM_DEALLOCATED), 0);
	destroy_manager(&f->manager);
	ck_assert_uint_eq(atomic_load(&f->closed), 0);
	ck_assert_uint_eq(vres_lease_device_ptr(lease), address);
	ck_assert_uint_eq(vres_lease_bytes(lease), 3 * BLOCK);
	ck_ok(vres_lease_check(lease, &err));
	ck_assert_int_eq(test_device_flip(f->test_device, address, 0),
	                 VRES_OK); /* the memory is there */
	release_lease(&lease);
	ck_assert_uint_eq(atomic_load(&f->closed), 1);
	ck_assert_uint_eq(record_count(&f->record, VRES_EVENT_VRAM_DEALLOCATED), 1);
}
END_TEST

START_TEST(a_shard_without_references_is_not_found_but_its_id_stays_taken_while_leased)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	vres_shard *shard = sealed_as(f, "leased", 3 * BLOCK, 1), *found = NULL;
	CLEANUP(release_lease) vres_lease *lease = NULL;
	vres_seal_params p = vres_seal_params_init();
	size_t len;
	CLEANUP(free_bytes) uint8_t *receipt = receipt_of(shard, &len);
	vres_error err;

	ck_ok(vres_lease_acquire(shard, &lease, &err));
	release_shard(&shard);
	ck_status(vres_manager_find(f->manager, "leased", &found, &err), VRES_E_NOT_FOUND);
	ck_refused(vres_receipt_open(f->manager, receipt, len, &found, &err),
	           VRES_REASON_UNKNOWN_SHARD);
	p.shard_id = "leased";
	ck_status(vres_seal_memory(f->manager, &p, "x", 1, &found, &err), VRES_E_STATE);
	release_lease(&lease);
	ck_ok(vres_seal_memory(f->manager, &p, "x", 1, &found, &err));
	release_shard(&found);
}
END_TEST

START_TEST(memory_goes_with_the_last_reference_in_whatever_order)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	vres_shard *shard = sealed_as(f, "counted", 3 * BLOCK, 1), *again = NULL;
	vres_lease *lease = NULL;
	vres_error err;

	ck_ok(vres_manager_find(f->manager, "counted", &again, &err));
	ck_ok(vres_lease_acquire(again, &lease, &err));
	switch (_i) {
	case 0: release_shard(&shard), release_lease(&lease); break;
	case 1: release_shard(&again), release_shard(&shard); break;
	default: release_lease(&lease), release_shard(&again); break;
	}
	ck_assert_uint_eq(device_of(f, 0).used_bytes, 3 * BLOCK);
	ck_assert_uint_eq(record_count(&f->record, VRES_EVENT_VRAM_DEALLOCATED), 0);
	release_shard(&shard), release_shard(&again), release_lease(&lease);
	ck_assert_uint_eq(device_of(f, 0).used_bytes, 0);
	ck_assert_uint_eq(record_count(&f->record, VRES_EVENT_VRAM_DEALLOCATED), 1);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE(every_lease_verifies_in_full_unless_policy_says_otherwise,
	             "CI-007 WORKER-4121 WORKER-4031", "integrity", "verification skipped"),
		CASE(a_lease_gives_address_and_size_and_is_counted, "WORKER-4111 MS-001 MS-007",
	             "integrity", ""),
		CASE(a_young_verification_serves_later_leases, "WORKER-4121", "availability",
	             "residency answered from memory"),
		CASE(a_verification_too_old_for_leases_is_made_again, "WORKER-4121 CI-007",
	             "integrity", "stale verification"),
		CASE(only_a_verification_as_strong_as_policy_asks_serves_leases, "CI-007",
	             "integrity", "weak check taken for a strong one"),
		CASE(a_stronger_verification_serves_leases_too, "CI-007", "availability", ""),
		CASE(a_verification_that_failed_to_be_made_does_not_serve_leases,
	             "WORKER-4150 WORKER-4121", "integrity", "unchecked taken for good"),
		CASE_LOOP(a_weak_lease_is_given_only_where_policy_names_it_and_the_record_says_so,
	                  2, "CI-007 VP-006", "accountability", "weak check unseen"),
		CASE(a_lease_outlives_shard_and_manager_at_the_same_address,
	             "WORKER-4112 MS-005 WORKER-4083", "integrity", "use after free"),
		CASE(a_shard_without_references_is_not_found_but_its_id_stays_taken_while_leased,
	             "WORKER-4112", "integrity", "use after free"),
		CASE_LOOP(memory_goes_with_the_last_reference_in_whatever_order, 3,
	                  "MS-004 MS-005 WORKER-4162 M0-W-1220", "integrity",
	                  "use after free, memory leaked"),
	};

	return suite_run("lease", "verify", cases, COUNT(cases));
}
