/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Objects that end while other threads use them. */
#include <stdio.h>
#include "support/fixture/threads.h"

#define THREADS TEST_THREADS

/* The bytes of shard @i and what they take on the device. */
static uint64_t size_of(unsigned i)
{
	return BLOCK * (i % 5) + 1 + i;
}

/*
 * Find by name, use, and give back, while the others do the same and one of them gives back the
 * first reference.
 */
static void find_use_release(struct test_threads *threads, unsigned me)
{
	vres_shard **first = threads->shared;

	for (unsigned i = 0; i < 20; i++) {
		vres_shard *found = NULL;
		const vres_status status =
			vres_manager_find(threads->f->manager, "contended", &found, NULL);

		if (me == 0 && i == 10)
			release_shard(first);
		if (status == VRES_OK) {
			threads_expect(threads,
			               vres_shard_verify(found, NULL, NULL, NULL) == VRES_OK);
			atomic_fetch_add(&threads->done, 1);
		} else {
			threads_expect(threads, status == VRES_E_NOT_FOUND);
		}
		vres_shard_release(found);
	}
}

START_TEST(releasing_never_races_with_use_through_another_reference)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	const unsigned rounds = suite_scaled(10, 2);

	for (unsigned round = 0; round < rounds; round++) {
		vres_shard *first = sealed_as(f, "contended", 3 * BLOCK, 1);

		ck_assert_uint_gt(threads_run(f, THREADS, find_use_release, &first), 0);
		ck_assert_ptr_null(first);
		ck_assert_uint_eq(metrics_of(f).shards_now, 0);
		ck_assert_uint_eq(device_of(f, 0).used_bytes, 0);
	}
}
END_TEST

static void verify_damaged(struct test_threads *threads, unsigned me)
{
	vres_shard **shard = threads->shared;
	vres_lease *lease = NULL;

	if (me % 2 == 0)
		threads_expect(threads, vres_shard_verify(*shard, NULL, NULL, NULL) ==
		                                VRES_E_SEAL_VERIFICATION_FAILED);
	else
		threads_expect(threads, vres_lease_acquire(*shard, &lease, NULL) ==
		                                        VRES_E_SEAL_VERIFICATION_FAILED &&
		                                lease == NULL);
}

START_TEST(damage_that_many_find_at_once_is_told_once)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	const unsigned rounds = suite_scaled(20, 2);

	for (unsigned round = 0; round < rounds; round++) {
		vres_shard *shard = damaged(f, 3 * BLOCK, 5);

		threads_run(f, THREADS, verify_damaged, &shard);
		ck_assert_uint_eq(record_critical(&f->record), 1);
		ck_assert_uint_eq(record_last(&f->record, 0)->critical, 1);
		ck_assert_uint_eq(f->record.incidents_count, 1);
		ck_assert_uint_eq(metrics_of(f).quarantined_now, 1);
		release_shard(&shard);
		ck_assert_uint_eq(metrics_of(f).quarantined_now, 0);
	}
}
END_TEST

static void first_use(struct test_threads *threads, unsigned me)
{
	vres_device_info info = vres_device_info_init();

	threads_expect(threads,
	               vres_device_describe(threads->f->manager, me % 4, &info, NULL) == VRES_OK &&
	                       info.gpu_device == me % 4);
}

START_TEST(a_device_that_many_use_first_at_once_is_one_device)
{
	const unsigned rounds = suite_scaled(20, 2);

	for (unsigned round = 0; round < rounds; round++) {
		struct setup s = setup_init();
		CLEANUP(finish) struct fixture *f = NULL;

		s.mock.devices = 4;
		f = begin(&s);
		threads_run(f, THREADS, first_use, NULL);
		ck_assert_uint_eq(test_device_live_handles(f->test_device),
		                  5); /* the driver and four devices */
	}
}
END_TEST

struct ending {
	vres_shard *shards[THREADS];
	vres_lease *leases[THREADS];
};

static void end_in_any_order(struct test_threads *threads, unsigned me)
{
	struct ending *e = threads->shared;

	if (me == THREADS / 2)
		destroy_manager(&threads->f->manager);
	if (me % 2 == 0) {
		release_shard(&e->shards[me]);
		threads_expect(threads, vres_lease_check(e->leases[me], NULL) == VRES_OK);
		release_lease(&e->leases[me]);
	} else {
		release_lease(&e->leases[me]);
		threads_expect(threads,
		               vres_shard_verify(e->shards[me], NULL, NULL, NULL) == VRES_OK);
		release_shard(&e->shards[me]);
	}
}

START_TEST(manager_shards_and_leases_may_end_in_any_order)
{
	const unsigned rounds = suite_scaled(20, 2);

	for (unsigned round = 0; round < rounds; round++) {
		CLEANUP(finish) struct fixture *f = begin(NULL);
		struct ending e;
		vres_error err;

		for (unsigned i = 0; i < THREADS; i++) {
			e.leases[i] = NULL;
			e.shards[i] = sealed(f, size_of(i), i);
			ck_ok(vres_lease_acquire(e.shards[i], &e.leases[i], &err));
		}
		threads_run(f, THREADS, end_in_any_order, &e);
		ck_assert_uint_eq(atomic_load(&f->closed), 1);
		ck_assert_uint_eq(record_count(&f->record, VRES_EVENT_VRAM_DEALLOCATED), THREADS);
	}
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE_SLOW(releasing_never_races_with_use_through_another_reference, 180,
	                  "WORKER-4112 MS-004", "integrity", "use after free"),
		CASE_SLOW(damage_that_many_find_at_once_is_told_once, 180,
	                  "WORKER-4161 WORKER-4122", "accountability", "flood of alarms"),
		CASE_SLOW(a_device_that_many_use_first_at_once_is_one_device, 180,
	                  "WORKER-4010 VR-008", "availability", "device opened twice"),
		CASE_SLOW(manager_shards_and_leases_may_end_in_any_order, 180,
	                  "MS-005 WORKER-4083 WORKER-4972", "integrity", "use after free"),
	};
	return suite_run("concurrent_lifetimes", "concurrent", cases, COUNT(cases));
}
