/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Much of everything: devices filled to the brim, a thousand shards, a thousand verifications, and
 * no growth anywhere.
 */
#include <stdio.h>
#include "support/fixture/support.h"

#define MANY 1000u

/* A table of shards that a test fills. */
struct table {
	vres_shard **at;
	unsigned n;
};

static struct table table_of(unsigned n)
{
	return (struct table){.at = test_alloc(n * sizeof(vres_shard *)), .n = n};
}

static void release_table(struct table *t)
{
	for (unsigned i = 0; i < t->n; i++)
		release_shard(&t->at[i]);
	test_free(t->at);
}

START_TEST(a_device_is_filled_until_it_is_full_and_no_shard_suffers)
{
	const unsigned room = suite_scaled(64, 8);
	struct setup s = setup_init();
	CLEANUP(finish) struct fixture *f = NULL;
	CLEANUP(release_table) struct table t = table_of(room);
	CLEANUP(release_shard) vres_shard *more = NULL;
	CLEANUP(free_bytes) uint8_t *data = content(KIB(64), 7);
	vres_error err;

	s.mock.bytes_per_device = room * KIB(64);
	f = begin(&s);
	for (unsigned i = 0; i < room; i++)
		t.at[i] = sealed(f, KIB(64) - i, i);
	for (unsigned i = 0; i < 3; i++) {
		ck_status(vres_seal_memory(f->manager, PLAIN, data, KIB(64), &more, &err),
		          VRES_E_INSUFFICIENT_VRAM);
		ck_assert_uint_eq(err.needed_bytes, KIB(64));
		ck_assert_uint_eq(err.available_bytes, 0);
	}
	for (unsigned i = 0; i < room; i++)
		ck_ok(vres_shard_verify(t.at[i], NULL, NULL, &err));
	release_shard(&t.at[room / 2]); /* one out, one in */
	ck_ok(vres_seal_memory(f->manager, PLAIN, data, KIB(64), &more, &err));
	ck_ok(vres_shard_verify(more, NULL, NULL, &err));
	for (unsigned i = 0; i < room; i++)
		if (t.at[i] != NULL)
			ck_ok(vres_shard_verify(t.at[i], NULL, NULL, &err));
	ck_assert_uint_eq(metrics_of(f).allocation_failures, 3);
	suite_value("shards", room);
}
END_TEST

START_TEST(a_thousand_shards_are_found_verified_and_released_in_any_order)
{
	const unsigned n = suite_scaled(MANY, 50);
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(release_table) struct table t = table_of(n);
	vres_error err;

	for (unsigned i = 0; i < n; i++) {
		char id[64];

		snprintf(id, sizeof(id), "a-rather-long-common-prefix-%u", i);
		t.at[i] = sealed_as(f, id, 1 + i, i);
	}
	ck_assert_uint_eq(metrics_of(f).shards_now, n);
	ck_ok(vres_verify_many(f->manager, t.at, n, NULL, NULL, &err));
	for (unsigned i = 0; i < n; i++) {
		vres_shard *found = NULL;
		char id[64];

		snprintf(id, sizeof(id), "a-rather-long-common-prefix-%u", i * 7 % n);
		ck_ok(vres_manager_find(f->manager, id, &found, &err));
		ck_assert_uint_eq(info_of(found).vram_bytes, 1 + i * 7 % n);
		release_shard(&found);
	}
	for (unsigned i = 0; i < n; i++)
		/*
		 * 7 has no common divisor with the number of shards at any scale, so each comes
		 * once.
		 */
		release_shard(&t.at[(i * 7 + 3) % n]);
	for (unsigned i = 0; i < n; i++)
		release_shard(&t.at[i]);
	ck_assert_uint_eq(metrics_of(f).shards_now, 0);
	ck_assert_uint_eq(device_of(f, 0).used_bytes, 0);
	suite_value("shards", n);
}
END_TEST

START_TEST(a_thousand_verifications_leave_no_trace_in_memory)
{
	const unsigned n = suite_scaled(MANY, 20);
	struct setup s = setup_init();
	CLEANUP(finish) struct fixture *f = NULL;
	CLEANUP(release_shard) vres_shard *shard = NULL;
	vres_device_info before, after;
	uint64_t live, handles;
	vres_error err;

	s.policy.allow |= VRES_ALLOW_READBACK;
	f = begin(&s);
	shard = sealed(f, 8 * BLOCK + 1, 1);
	before = device_of(f, 0);
	live = alloc_live();
	handles = test_device_live_handles(f->test_device);
	for (unsigned i = 0; i < n; i++) {
		const vres_verify_params p = mode_of(i % 4);

		ck_ok(vres_shard_verify(shard, &p, NULL, &err));
	}
	after = device_of(f, 0);
	ck_same_device(&before, &after);
	ck_assert_uint_eq(alloc_live(), live);
	ck_assert_uint_eq(test_device_live_handles(f->test_device), handles);
	ck_assert_uint_eq(metrics_of(f).verifies_ok, n);
	ck_assert_uint_eq(record_count(&f->record, VRES_EVENT_SEAL_VERIFIED), n);
	suite_value("verifications", n);
}
END_TEST

START_TEST(a_thousand_lives_of_a_shard_leave_no_trace_in_memory)
{
	const unsigned n = suite_scaled(MANY, 20);
	CLEANUP(finish) struct fixture *f = begin(NULL);
	const vres_device_info before = device_of(f, 0);
	vres_device_info after;
	uint64_t live, handles;

	ck_works(f);
	live = alloc_live();
	handles = test_device_live_handles(f->test_device);
	for (unsigned i = 0; i < n; i++) {
		ck_works(f);
		if (i % 100 == 0)
			record_clear(&f->record);
	}
	after = device_of(f, 0);
	ck_same_device(&before, &after);
	ck_assert_uint_eq(alloc_live(), live);
	ck_assert_uint_eq(test_device_live_handles(f->test_device), handles);
	ck_assert_uint_eq(metrics_of(f).seals_ok, n + 1);
}
END_TEST

START_TEST(signature_verification_allocates_nothing)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(release_shard) vres_shard *shard = sealed(f, 8 * BLOCK + 1, 1);
	const vres_verify_params p = mode_of(VRES_VERIFY_SIGNATURE);
	vres_verify_report r = vres_verify_report_init();
	const unsigned n = suite_scaled(MANY, 20);
	unsigned good = 0;
	uint64_t calls;
	vres_error err;

	calls = alloc_calls();
	for (unsigned i = 0; i < n; i++)
		good += vres_shard_verify(shard, &p, &r, &err) == VRES_OK;
	calls = alloc_calls() - calls;
	ck_assert_uint_eq(good, n);
	ck_assert_uint_eq(calls, 0);
	suite_value("allocations", (double)calls);
}
END_TEST

START_TEST(a_lease_check_allocates_nothing_and_asks_no_driver)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(release_shard) vres_shard *shard = sealed(f, BLOCK, 1);
	CLEANUP(release_lease) vres_lease *lease = NULL;
	const unsigned n = suite_scaled(MANY, 20);
	uint64_t allocations, driver;
	unsigned good = 0;
	vres_error err;

	ck_ok(vres_lease_acquire(shard, &lease, &err));
	allocations = alloc_calls();
	driver = test_device_calls(f->test_device, VRES_MOCK_ANY);
	for (unsigned i = 0; i < n; i++)
		good += vres_lease_check(lease, NULL) == VRES_OK;
	allocations = alloc_calls() - allocations;
	ck_assert_uint_eq(good, n);
	ck_assert_uint_eq(allocations, 0);
	ck_assert_uint_eq(test_device_calls(f->test_device, VRES_MOCK_ANY), driver);
}
END_TEST

START_TEST(many_references_and_leases_are_counted_exactly)
{
	const unsigned n = suite_scaled(MANY, 50);
	CLEANUP(finish) struct fixture *f = begin(NULL);
	vres_shard *shard = sealed_as(f, "popular", BLOCK, 1);
	CLEANUP(release_table) struct table t = table_of(n);
	vres_lease **leases = test_alloc(n * sizeof(*leases));
	vres_error err;

	for (unsigned i = 0; i < n; i++) {
		ck_ok(vres_manager_find(f->manager, "popular", &t.at[i], &err));
		ck_ok(vres_lease_acquire(shard, &leases[i], &err));
	}
	ck_assert_uint_eq(info_of(shard).leases, n);
	ck_assert_uint_eq(metrics_of(f).leases_now, n);
	ck_assert_uint_eq(metrics_of(f).shards_now, 1);
	release_shard(&shard);
	for (unsigned i = 0; i < n; i++)
		release_lease(&leases[i]);
	for (unsigned i = 0; i + 1 < n; i++)
		release_shard(&t.at[i]);
	ck_assert_uint_eq(device_of(f, 0).used_bytes, BLOCK);
	release_shard(&t.at[n - 1]);
	ck_assert_uint_eq(device_of(f, 0).used_bytes, 0);
	test_free(leases);
}
END_TEST

START_TEST(identical_seals_in_another_order_give_identical_digests)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	char digests[8][65];

	for (unsigned round = 0; round < 2; round++) {
		for (unsigned i = 0; i < 8; i++) {
			const unsigned which = round == 0 ? i : 7 - i;
			CLEANUP(release_shard)
			vres_shard *shard = sealed(f, GROUP * which + 9, which);

			if (round == 0)
				memcpy(digests[which], info_of(shard).verity_digest, 65);
			else
				ck_assert_str_eq(info_of(shard).verity_digest, digests[which]);
		}
	}
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE(a_device_is_filled_until_it_is_full_and_no_shard_suffers,
	             "WORKER-4103 RP-001 VP-004 VR-007 VR-008", "availability",
	             "memory promised twice, shards overwritten"),
		CASE(a_thousand_shards_are_found_verified_and_released_in_any_order,
	             "VR-008 RP-001", "availability", "table that does not scale"),
		CASE(a_thousand_verifications_leave_no_trace_in_memory, "WORKER-4121 MS-004",
	             "availability", "leak at every verification"),
		CASE(a_thousand_lives_of_a_shard_leave_no_trace_in_memory,
	             "MS-004 WORKER-4972 VR-007", "availability", "leak at every seal"),
		CASE(signature_verification_allocates_nothing, "WORKER-4121 WORKER-4245",
	             "availability", "verification that fails for want of memory"),
		CASE(a_lease_check_allocates_nothing_and_asks_no_driver, "WORKER-4121",
	             "availability", ""),
		CASE(many_references_and_leases_are_counted_exactly, "WORKER-4112 MS-004",
	             "integrity", "use after free, memory leaked"),
		CASE(identical_seals_in_another_order_give_identical_digests, "CI-004", "integrity",
	             "result that depends on history"),
	};

	return suite_run("stress", "stress", cases, COUNT(cases));
}
