/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The life of a shard: its id, its references and leases, its end. */
#include "manager/shard.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "device/capacity.h"
#include "support/fixture/support.h"

static struct vres_record record_of(const char *id)
{
	struct vres_record r = {.vram_bytes = 1, .block_size = 4096};

	memcpy(r.shard_id, id, strlen(id) + 1);
	return r;
}

START_TEST(id_that_is_taken_cannot_be_taken_again_until_it_is_given_up)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	const struct vres_record record = record_of("a");
	struct vres_shard *first = NULL, *second = NULL;
	vres_error err;

	ck_ok(vres_shard_create(f->manager, &record, NULL, &first, &err));
	ck_status(vres_shard_create(f->manager, &record, NULL, &second, &err), VRES_E_STATE);
	ck_assert_ptr_null(second);
	vres_shard_discard(&first);
	ck_assert_ptr_null(first);
	ck_ok(vres_shard_create(f->manager, &record, NULL, &second, &err));
	vres_shard_discard(&second);
	vres_shard_discard(&second); /* NULL is fine */
}
END_TEST

START_TEST(shard_that_is_not_published_is_not_found_nor_counted)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	const struct vres_record record = record_of("a");
	struct vres_shard *made = NULL;
	vres_shard *found = NULL;
	vres_error err;

	ck_ok(vres_shard_create(f->manager, &record, NULL, &made, &err));
	ck_status(vres_manager_find(f->manager, "a", &found, &err), VRES_E_NOT_FOUND);
	ck_assert_ptr_null(found);
	ck_assert_uint_eq(metrics_of(f).shards_now, 0);
	vres_shard_discard(&made);
}
END_TEST

START_TEST(shard_lives_until_its_last_reference_is_given_back)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	vres_shard *shard = sealed_as(f, "a", BLOCK, 1), *found = NULL, *gone = NULL;
	vres_error err;

	ck_ok(vres_manager_find(f->manager, "a", &found, &err));
	ck_assert_ptr_eq(found, shard);
	ck_assert_uint_eq(shard->references, 2);
	release_shard(&shard);
	ck_ok(vres_shard_verify(found, NULL, NULL, &err));
	release_shard(&found);
	ck_status(vres_manager_find(f->manager, "a", &gone, &err), VRES_E_NOT_FOUND);
	ck_assert_uint_eq(vres_mock_calls(f->mock, VRES_MOCK_OP_MEM_RELEASE), 1);
	ck_assert_uint_eq(metrics_of(f).shards_now, 0);
}
END_TEST

START_TEST(leased_shard_without_references_is_not_found_and_keeps_its_id)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	vres_shard *shard = sealed_as(f, "a", BLOCK, 1), *other = NULL;
	vres_seal_params params = vres_seal_params_init();
	vres_lease *lease = NULL;
	vres_error err;

	ck_ok(vres_lease_acquire(shard, &lease, &err));
	release_shard(&shard);
	ck_status(vres_manager_find(f->manager, "a", &other, &err), VRES_E_NOT_FOUND);
	params.shard_id = "a";
	ck_status(vres_seal_memory(f->manager, &params, "x", 1, &other, &err), VRES_E_STATE);
	ck_assert_uint_eq(vres_mock_calls(f->mock, VRES_MOCK_OP_MEM_RELEASE), 0);
	ck_assert_uint_ne(vres_lease_device_ptr(lease), 0);
	ck_ok(vres_lease_check(lease, &err));
	release_lease(&lease);
	ck_assert_uint_eq(vres_mock_calls(f->mock, VRES_MOCK_OP_MEM_RELEASE), 1);
	ck_ok(vres_seal_memory(f->manager, &params, "x", 1, &other, &err));
	release_shard(&other);
}
END_TEST

START_TEST(counts_of_references_and_leases_are_apart)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	vres_shard *shard = sealed_as(f, "a", BLOCK, 1), *again = NULL;
	vres_error err;

	ck_ok(vres_manager_find(f->manager, "a", &again, &err));
	ck_assert(vres_shard_lease(shard, 0));
	ck_assert(vres_shard_lease(shard, 0));
	ck_assert_uint_eq(shard->references, 2);
	ck_assert_uint_eq(shard->leased, 2);
	ck_assert_uint_eq(info_of(shard).leases, 2);
	ck_assert_uint_eq(metrics_of(f).leases_now, 2);
	vres_shard_unlease(shard);
	vres_shard_release(shard);
	ck_assert_uint_eq(shard->references, 1);
	ck_assert_uint_eq(shard->leased, 1);
	vres_shard_unlease(shard);
	ck_assert_uint_eq(metrics_of(f).leases_now, 0);
	release_shard(&shard);
}
END_TEST

START_TEST(lease_is_for_the_verified_contents_and_never_for_a_quarantined_shard)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(release_shard) vres_shard *shard = damaged(f, BLOCK, 0);
	vres_error err;

	ck_assert(!vres_shard_lease(shard, shard->contents->generation + 1));
	ck_refused(vres_shard_verify(shard, NULL, NULL, &err), VRES_REASON_DIGEST);
	ck_assert(!vres_shard_lease(shard, shard->contents->generation));
	ck_assert_uint_eq(info_of(shard).leases, 0);
	ck_assert_uint_eq(metrics_of(f).leases_now, 0);
}
END_TEST

START_TEST(shard_keeps_its_manager)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	vres_shard *shard = sealed(f, BLOCK, 1);
	vres_error err;

	destroy_manager(&f->manager);
	ck_assert_uint_eq(atomic_load(&f->closed), 0);
	ck_ok(vres_shard_verify(shard, NULL, NULL, &err));
	release_shard(&shard);
	ck_assert_uint_eq(atomic_load(&f->closed), 1);
}
END_TEST

START_TEST(end_of_a_shard_is_told_with_what_was_freed_and_what_remains)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(release_shard) vres_shard *stays = sealed(f, 3 * BLOCK, 1);
	vres_shard *goes = sealed_as(f, "goes", 5 * BLOCK + 1, 2);
	const vres_event *event;

	record_clear(&f->record);
	release_shard(&goes);
	event = record_last(&f->record, VRES_EVENT_VRAM_DEALLOCATED);
	ck_assert_ptr_nonnull(event);
	ck_assert_uint_eq(record_count(&f->record, 0), 1);
	ck_assert_uint_eq(event->freed_bytes, 6 * BLOCK);
	ck_assert_uint_eq(event->used_bytes, 3 * BLOCK);
	ck_assert_str_eq(event->shard->shard_id, "goes");
	ck_assert_int_eq(event->status, VRES_OK);
	/* Otherwise a seal that does not fit would wait for ever. */
	ck_assert_uint_eq(stays->device->ledger.unsettled, 0);
}
END_TEST

START_TEST(failure_to_wipe_or_free_is_an_event_and_nothing_worse)
{
	static const vres_mock_op ops[] = {VRES_MOCK_OP_MEM_WIPE, VRES_MOCK_OP_MEM_RELEASE};

	for (size_t i = 0; i < COUNT(ops); i++) {
		CLEANUP(finish) struct fixture *f = begin(NULL);
		vres_shard *shard = sealed(f, BLOCK, 1);
		const vres_event *event;

		f->wipe_may_fail = true;
		vres_mock_fail(f->mock, ops[i], 1, VRES_E_BACKEND);
		release_shard(&shard);
		event = record_last(&f->record, VRES_EVENT_VRAM_DEALLOCATION_FAILED);
		ck_assert_ptr_nonnull(event);
		ck_assert_int_eq(event->status, VRES_E_DEALLOCATION_FAILED);
		ck_assert_ptr_nonnull(event->detail);
		ck_assert_uint_eq(record_count(&f->record, VRES_EVENT_VRAM_DEALLOCATED), 0);
		ck_assert_uint_eq(device_of(f, 0).used_bytes, 0);
		ck_assert_uint_eq(metrics_of(f).shards_now, 0);
	}
}
END_TEST

START_TEST(quarantined_shard_leaves_the_count_with_its_end)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	vres_shard *shard = damaged(f, 3 * BLOCK, 5);
	vres_error err;

	ck_refused(vres_shard_verify(shard, NULL, NULL, &err), VRES_REASON_DIGEST);
	ck_assert_uint_eq(metrics_of(f).quarantined_now, 1);
	ck_assert_uint_eq(info_of(shard).state, VRES_SHARD_QUARANTINED);
	release_shard(&shard);
	ck_assert_uint_eq(metrics_of(f).quarantined_now, 0);
	ck_assert_uint_eq(metrics_of(f).shards_now, 0);
}
END_TEST

START_TEST(adopted_memory_is_given_up_neither_wiped_nor_counted)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	vres_seal_params params = vres_seal_params_init();
	vres_shard *shard = NULL;
	uint64_t address;
	vres_error err;

	params.digest_alg = VRES_DIGEST_VERITY;
	ck_assert_int_eq(vres_mock_alloc(f->mock, 0, BLOCK, NULL, &address), VRES_OK);
	ck_ok(vres_seal_adopt(f->manager, &params, address, BLOCK, &shard, &err));
	ck_assert_uint_eq(device_of(f, 0).used_bytes, 0);
	release_shard(&shard);
	ck_assert_uint_eq(vres_mock_calls(f->mock, VRES_MOCK_OP_MEM_WIPE), 0);
	ck_assert_uint_eq(device_of(f, 0).reserved_bytes, 0);
	vres_mock_free(f->mock, address);
}
END_TEST

START_TEST(seal_is_expired_only_past_its_age)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(release_shard) vres_shard *shard = sealed(f, BLOCK, 1);
	const uint64_t hour = UINT64_C(3600) * 1000000000;

	ck_assert(!vres_contents_are_expired(shard->contents)); /* no limit is set */
	f->manager->policy.max_seal_age = hour;
	ck_assert(!vres_contents_are_expired(shard->contents));
	shard->contents->sealed_monotonic -= 2 * hour;
	ck_assert(vres_contents_are_expired(shard->contents));
	f->manager->policy.max_seal_age = 3 * hour;
	ck_assert(!vres_contents_are_expired(shard->contents));
	f->manager->policy.max_seal_age = 0;
}
END_TEST

struct finders {
	vres_manager *m;
	atomic_uint found;
};

static void *find_and_release(void *arg)
{
	struct finders *finders = arg;

	for (unsigned i = 0; i < suite_scaled(2000, 50); i++) {
		vres_shard *shard = NULL;

		if (vres_manager_find(finders->m, "a", &shard, NULL) == VRES_OK) {
			atomic_fetch_add(&finders->found, 1);
			vres_shard_release(shard);
		}
	}
	return NULL;
}

START_TEST(threads_that_find_and_release_never_see_a_shard_that_is_gone)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	vres_shard *shard = sealed_as(f, "a", BLOCK, 1);
	struct finders finders = {.m = f->manager};
	pthread_t threads[4];

	for (size_t i = 0; i < COUNT(threads); i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, find_and_release, &finders), 0);
	while (atomic_load(&finders.found) == 0)
		(void)sched_yield();
	release_shard(&shard);
	for (size_t i = 0; i < COUNT(threads); i++)
		ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
	ck_assert_uint_eq(metrics_of(f).shards_now, 0);
	ck_assert_uint_eq(vres_mock_calls(f->mock, VRES_MOCK_OP_MEM_RELEASE), 1);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE(id_that_is_taken_cannot_be_taken_again_until_it_is_given_up, "WORKER-4110",
	             "integrity", "two shards of one id"),
		CASE(shard_that_is_not_published_is_not_found_nor_counted, "WORKER-4112",
	             "integrity", "a shard that is found before it is sealed"),
		CASE(shard_lives_until_its_last_reference_is_given_back, "MS-004 WORKER-4972",
	             "integrity", "use after free"),
		CASE(leased_shard_without_references_is_not_found_and_keeps_its_id,
	             "MS-004 WORKER-4112", "integrity", "use after free, two shards of one id"),
		CASE(counts_of_references_and_leases_are_apart, "MS-004", "", ""),
		CASE(lease_is_for_the_verified_contents_and_never_for_a_quarantined_shard, "",
	             "integrity", "a lease for bytes that were not checked"),
		CASE(shard_keeps_its_manager, "MS-004 MS-005", "integrity", "use after free"),
		CASE(end_of_a_shard_is_told_with_what_was_freed_and_what_remains,
	             "RP-005 WORKER-4162 M0-W-1220", "accountability", ""),
		CASE(failure_to_wipe_or_free_is_an_event_and_nothing_worse,
	             "MS-004 MS-005 WORKER-4083", "accountability", ""),
		CASE(quarantined_shard_leaves_the_count_with_its_end, "WORKER-4122", "", ""),
		CASE(adopted_memory_is_given_up_neither_wiped_nor_counted, "MS-004 RP-001",
	             "integrity", "freeing what is somebody else's"),
		CASE(seal_is_expired_only_past_its_age, "WORKER-4121", "", ""),
		CASE(threads_that_find_and_release_never_see_a_shard_that_is_gone, "VR-008 MS-004",
	             "integrity", "use after free"),
	};

	return suite_run("unit.shard", "unit", cases, COUNT(cases));
}
