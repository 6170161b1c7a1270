/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Many threads, any function, any object, all at once: nothing is lost, counted twice, or used
 * after it is gone.
 */
#include <stdio.h>
#include "support/fixture/threads.h"

#define THREADS TEST_THREADS
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

/* Shards of another thread, found by name. */
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
	/* Only policy keeps the headroom free: the driver would hand it out, too. */
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

struct pretended {
	vres_shard *shard;
	uint64_t address;
};

/* Thread 0 changes what the driver says of the memory, the others have it asked. */
static void change_or_ask(struct test_threads *threads, unsigned me)
{
	const vres_verify_params signature = mode_of(VRES_VERIFY_SIGNATURE);
	const struct pretended *p = threads->shared;

	for (unsigned i = 0; i < 200; i++)
		if (me > 0)
			threads_expect(threads, vres_shard_verify(p->shard, &signature, NULL,
			                                          NULL) == VRES_OK);
		else
			test_device_pretend(threads->f->test_device, p->address,
			                    i % 2 ? 0 : VRES_MOCK_EXPORTABLE);
}

START_TEST(what_a_driver_says_of_memory_may_change_while_it_is_asked)
{
	struct setup setup = setup_init();
	CLEANUP(finish) struct fixture *f = NULL;
	struct pretended p;

	setup.policy.allow |= VRES_ALLOW_EXPORTABLE;
	f = begin(&setup);
	p.shard = sealed(f, BLOCK, 1);
	p.address = address_of(p.shard);
	(void)threads_run(f, 4, change_or_ask, &p);
	release_shard(&p.shard);
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
		CASE(what_a_driver_says_of_memory_may_change_while_it_is_asked,
	             "VR-008 WORKER-4101", "availability", "facts read while they are written"),
		CASE_SLOW(one_id_goes_to_one_of_those_who_ask_for_it_at_once, 180,
	                  "WORKER-4110 VR-008", "integrity", "one id for two shards"),
	};

	return suite_run("concurrent", "concurrent", cases, COUNT(cases));
}
