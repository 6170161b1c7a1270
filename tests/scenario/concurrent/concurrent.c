/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Many threads, any function, any object, all at once: nothing is lost, counted twice, or used
 * after it is gone.
 */
#include <stdio.h>
#include "support/fixture/threads.h"

#define THREADS GANG
#define EACH    10 /* shards of each thread */

/* The bytes of shard @i and what they take on the device. */
static uint64_t size_of(unsigned i)
{
	return BLOCK * (i % 5) + 1 + i;
}

static uint64_t padded(uint64_t bytes)
{
	return (bytes + BLOCK - 1) / BLOCK * BLOCK;
}

static vres_shard *seal_numbered(struct test_threads *threads, unsigned i)
{
	vres_seal_params p = vres_seal_params_init();
	struct content_source source = {.seed = i};
	vres_shard *shard = NULL;
	char id[32];

	snprintf(id, sizeof(id), "shard-%u", i);
	p.shard_id = id;
	threads_expect(threads, vres_seal_stream(threads->f->manager, &p, content_read, &source,
	                                         size_of(i), &shard, NULL) == VRES_OK &&
	                                shard != NULL);
	return shard;
}

static void use(struct test_threads *threads, vres_shard *shard)
{
	const vres_verify_params signature = mode_of(VRES_VERIFY_SIGNATURE),
				 sampled = mode_of(VRES_VERIFY_SAMPLED);
	vres_shard_info info = vres_shard_info_init();
	vres_lease *lease = NULL;
	vres_shard *opened = NULL;
	uint8_t receipt[2048];
	size_t len = 0;

	threads_expect(threads, vres_shard_verify(shard, NULL, NULL, NULL) == VRES_OK);
	threads_expect(threads, vres_shard_verify(shard, &signature, NULL, NULL) == VRES_OK);
	threads_expect(threads, vres_shard_verify(shard, &sampled, NULL, NULL) == VRES_OK);
	threads_expect(threads, vres_lease_acquire(shard, &lease, NULL) == VRES_OK &&
	                                vres_lease_device_ptr(lease) != 0);
	threads_expect(threads,
	               vres_shard_describe(shard, &info, NULL) == VRES_OK && info.leases >= 1);
	threads_expect(threads, vres_lease_check(lease, NULL) == VRES_OK);
	vres_lease_release(lease);
	threads_expect(threads,
	               vres_shard_receipt(shard, receipt, sizeof(receipt), &len, NULL) == VRES_OK);
	threads_expect(threads, vres_receipt_open(threads->f->manager, receipt, len, &opened,
	                                          NULL) == VRES_OK);
	vres_shard_release(opened);
}

static void query(struct test_threads *threads)
{
	vres_device_info device = vres_device_info_init();
	vres_metrics metrics = vres_metrics_init();
	size_t need = 0, len = 0;
	char text[16384];

	threads_expect(threads,
	               vres_device_describe(threads->f->manager, 0, &device, NULL) == VRES_OK);
	/* Figures of one answer may be of different moments; each of them is possible by itself. */
	threads_expect(threads, device.used_bytes <= device.total_bytes &&
	                                device.free_bytes <= device.total_bytes);
	threads_expect(threads,
	               vres_enforce_vram_only(threads->f->manager, 0, NULL, NULL) == VRES_OK);
	threads_expect(threads,
	               vres_manager_metrics(threads->f->manager, &metrics, NULL) == VRES_OK);
	threads_expect(threads, vres_metrics_prometheus(threads->f->manager, NULL, 0, &need,
	                                                NULL) == VRES_E_BUFFER &&
	                                need < sizeof(text));
	threads_expect(threads, vres_metrics_prometheus(threads->f->manager, text, need + 1, &len,
	                                                NULL) == VRES_OK &&
	                                len <= need);
	threads_expect(threads, metrics.shards_now <= THREADS * EACH &&
	                                metrics.used_bytes_now <= metrics.total_bytes_now);
}

static void seal_and_use(struct test_threads *threads, unsigned me)
{
	vres_shard **shards = threads->shared;

	for (unsigned i = me * EACH; i < (me + 1) * EACH; i++) {
		shards[i] = seal_numbered(threads, i);
		use(threads, shards[i]);
		query(threads);
	}
}

/* Those of another thread, found by name. */
static void find_and_use(struct test_threads *threads, unsigned me)
{
	for (unsigned i = 0; i < THREADS * EACH; i += 7) {
		vres_shard *shard = NULL;
		char id[32];

		snprintf(id, sizeof(id), "shard-%u", (i + me * 31) % (THREADS * EACH));
		threads_expect(threads,
		               vres_manager_find(threads->f->manager, id, &shard, NULL) == VRES_OK);
		use(threads, shard);
		vres_shard_release(shard);
	}
}

static void release_own(struct test_threads *threads, unsigned me)
{
	vres_shard **shards = threads->shared;

	for (unsigned i = me * EACH; i < (me + 1) * EACH; i++) {
		release_shard(&shards[i]);
		query(threads); /* which looks at the shards of the others, while they go */
	}
}

START_TEST(two_hundred_shards_in_twenty_threads_are_accounted_for_exactly)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	vres_shard *shards[THREADS * EACH] = {NULL};
	uint64_t total = 0;
	vres_metrics m;

	for (unsigned i = 0; i < THREADS * EACH; i++)
		total += padded(size_of(i));
	threads_run(f, THREADS, seal_and_use, shards);
	m = metrics_of(f);
	ck_assert_uint_eq(m.shards_now, THREADS * EACH);
	ck_assert_uint_eq(m.seals_ok, THREADS * EACH);
	ck_assert_uint_eq(m.seals_failed, 0);
	ck_assert_uint_eq(m.used_bytes_now, total);
	ck_assert_uint_eq(m.leases_now, 0);
	ck_assert_uint_eq(m.verifies_ok, 4 * THREADS * EACH);
	ck_assert_uint_eq(device_of(f, 0).reserved_bytes, 0);
	ck_assert_uint_eq(device_of(f, 0).available_bytes, MIB(64) - total);
	threads_run(f, THREADS, find_and_use, shards);
	threads_run(f, THREADS, release_own, shards);
	m = metrics_of(f);
	ck_assert_uint_eq(m.shards_now, 0);
	ck_assert_uint_eq(m.used_bytes_now, 0);
	ck_assert_uint_eq(device_of(f, 0).available_bytes, MIB(64));
	ck_assert_uint_eq(record_count(&f->record, VRES_EVENT_VRAM_SEALED), THREADS * EACH);
	ck_assert_uint_eq(record_count(&f->record, VRES_EVENT_VRAM_DEALLOCATED), THREADS * EACH);
	ck_assert_uint_eq(m.audit_events, record_count(&f->record, 0));
}
END_TEST

static void seal_what_fits(struct test_threads *threads, unsigned me)
{
	vres_shard **shards = threads->shared;
	vres_error err;
	vres_status status;

	memset(&err, 0, sizeof(err));
	status = vres_seal_memory(threads->f->manager, PLAIN, "abc", 3, &shards[me], &err);
	if (status == VRES_OK)
		atomic_fetch_add(&threads->done, 1);
	else
		threads_expect(threads,
		               status == VRES_E_INSUFFICIENT_VRAM && err.needed_bytes != 0);
}

START_TEST(seals_that_come_together_neither_overcommit_nor_are_refused_in_vain)
{
	const unsigned rounds = suite_scaled(40, 4);

	for (unsigned round = 0; round < rounds; round++) {
		const unsigned room = 1 + round % (THREADS - 1);
		struct setup s = setup_init();
		CLEANUP(finish) struct fixture *f = NULL;
		vres_shard *shards[THREADS] = {NULL};

		s.mock.bytes_per_device = room * BLOCK;
		f = begin(&s);
		ck_assert_uint_eq(threads_run(f, THREADS, seal_what_fits, shards), room);
		ck_assert_uint_eq(device_of(f, 0).available_bytes, 0);
		ck_assert_uint_eq(metrics_of(f).shards_now, room);
		for (unsigned i = 0; i < THREADS; i++)
			release_shard(&shards[i]);
		ck_assert_uint_eq(device_of(f, 0).available_bytes, room * BLOCK);
	}
}
END_TEST

START_TEST(what_is_promised_and_not_allocated_yet_is_not_promised_again)
{
	const unsigned room = 7;
	struct setup s = setup_init();
	CLEANUP(finish) struct fixture *f = NULL;
	vres_shard *shards[THREADS] = {NULL};

	s.mock.bytes_per_device = MIB(1);
	/* Which the driver itself would give away. */
	s.policy.headroom_bytes = MIB(1) - room * BLOCK;
	f = begin(&s);
	device_of(f, 0);
	/* All ask before the first has got. */
	test_device_delay(f->test_device, VRES_MOCK_OP_MEM_ALLOC, UINT64_C(20000000));
	ck_assert_uint_eq(threads_run(f, THREADS, seal_what_fits, shards), room);
	ck_assert_uint_eq(device_of(f, 0).free_bytes, MIB(1) - room * BLOCK);
	ck_assert_uint_eq(device_of(f, 0).available_bytes, 0);
	for (unsigned i = 0; i < THREADS; i++)
		release_shard(&shards[i]);
}
END_TEST

static void seal_same_id(struct test_threads *threads, unsigned me)
{
	vres_shard **shards = threads->shared;
	vres_seal_params p = vres_seal_params_init();
	vres_status status;

	p.shard_id = "the-one";
	status = vres_seal_memory(threads->f->manager, &p, "abc", 3, &shards[me], NULL);
	if (status == VRES_OK)
		atomic_fetch_add(&threads->done, 1);
	else
		threads_expect(threads, status == VRES_E_STATE);
}

START_TEST(one_id_goes_to_one_of_those_who_ask_for_it_at_once)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	const unsigned rounds = suite_scaled(40, 4);

	for (unsigned round = 0; round < rounds; round++) {
		vres_shard *shards[THREADS] = {NULL};

		ck_assert_uint_eq(threads_run(f, THREADS, seal_same_id, shards), 1);
		ck_assert_uint_eq(metrics_of(f).shards_now, 1);
		for (unsigned i = 0; i < THREADS; i++)
			release_shard(&shards[i]);
	}
}
END_TEST

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
		CASE_SLOW(two_hundred_shards_in_twenty_threads_are_accounted_for_exactly, 180,
	                  "VR-008 RP-001 RP-002", "availability", "capacity miscounted by a race"),
		CASE_SLOW(seals_that_come_together_neither_overcommit_nor_are_refused_in_vain, 180,
	                  "RP-001 VR-008", "availability", "memory promised twice"),
		CASE(what_is_promised_and_not_allocated_yet_is_not_promised_again, "RP-001 VR-008",
	             "availability", "memory promised twice"),
		CASE_SLOW(one_id_goes_to_one_of_those_who_ask_for_it_at_once, 180,
	                  "WORKER-4110 VR-008", "integrity", "one id for two shards"),
		CASE_SLOW(releasing_never_races_with_use_through_another_reference, 180,
	                  "WORKER-4112 MS-004", "integrity", "use after free"),
		CASE_SLOW(damage_that_many_find_at_once_is_told_once, 180,
	                  "WORKER-4161 WORKER-4122", "accountability", "flood of alarms"),
		CASE_SLOW(a_device_that_many_use_first_at_once_is_one_device, 180,
	                  "WORKER-4010 VR-008", "availability", "device opened twice"),
		CASE_SLOW(manager_shards_and_leases_may_end_in_any_order, 180,
	                  "MS-005 WORKER-4083 WORKER-4972", "integrity", "use after free"),
	};

	return suite_run("concurrent", "concurrent", cases, COUNT(cases));
}
