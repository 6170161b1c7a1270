/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The table of shards finds each of many by its id. */
#include "manager/shard.h"

#include <stdio.h>

#include "support/fixture/support.h"

#define MANY 6000u /* more than there are buckets, so some hold several */

static struct vres_record record_of(unsigned number)
{
	struct vres_record r = {.vram_bytes = 1, .block_size = 4096};

	(void)snprintf(r.shard_id, sizeof(r.shard_id), "shard_%u", number);
	return r;
}

/* Asserts that each slot has its shard, or NULL for a shard that is gone. */
static void ck_table(vres_manager *m, struct vres_shard **shards, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		const struct vres_record r = record_of(i);

		if (*vres_shard_slot(m, r.shard_id) != shards[i])
			ck_abort_msg("shard %u", i);
	}
}

START_TEST(each_of_many_ids_has_its_slot_whatever_else_comes_and_goes)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	const unsigned n = suite_scaled(MANY, 200);
	struct vres_shard **shards = test_alloc(n * sizeof(struct vres_shard *));
	vres_error err;

	for (unsigned i = 0; i < n; i++) {
		const struct vres_record r = record_of(i);

		if (vres_shard_create(f->manager, &r, NULL, &shards[i], &err) != VRES_OK)
			ck_abort_msg("%s", err.message);
	}
	ck_table(f->manager, shards, n);
	for (unsigned i = 0; i < n; i += 3)
		vres_shard_discard(&shards[i]);
	ck_table(f->manager, shards, n);
	for (unsigned i = n; i-- > 0;)
		vres_shard_discard(&shards[i]);
	ck_table(f->manager, shards, n);
	test_free(shards);
}
END_TEST

/*
 * The three shards are in one bucket.  In turn the first, the middle and the last of its list goes.
 */
START_TEST(chain_keeps_its_others_when_any_one_goes)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	struct vres_shard *chain[3];
	struct vres_shard **bucket;
	unsigned n = 0;
	vres_error err;

	for (unsigned gone = 0; gone < 3; gone++) {
		struct vres_record first = record_of(0);

		bucket = vres_shard_slot(f->manager, first.shard_id);
		n = 0;
		for (unsigned i = 0; n < 3; i++) {
			const struct vres_record r = record_of(i);
			struct vres_shard **slot = vres_shard_slot(f->manager, r.shard_id);

			if (slot == bucket || (n > 0 && slot == &chain[n - 1]->next))
				ck_ok(vres_shard_create(f->manager, &r, NULL, &chain[n++], &err));
		}
		vres_shard_discard(&chain[gone]);
		for (unsigned i = 0; i < 3; i++)
			if (i != gone) {
				ck_assert_ptr_eq(
					*vres_shard_slot(f->manager,
				                         chain[i]->contents->record.shard_id),
					chain[i]);
				vres_shard_discard(&chain[i]);
			}
		ck_assert_ptr_null(*bucket);
	}
}
END_TEST

START_TEST(buckets_of_two_managers_are_chosen_differently)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(destroy_manager) vres_manager *other = NULL;
	unsigned same = 0;
	vres_error err;

	ck_ok(manager_create(f, NULL, &other, &err));
	ck_assert_uint_ne(f->manager->bucket_seed, other->bucket_seed);
	ck_assert_mem_ne(f->manager->session, other->session, SESSION_BYTES);
	for (unsigned i = 0; i < 100; i++) {
		const struct vres_record r = record_of(i);

		same += vres_shard_slot(f->manager, r.shard_id) - f->manager->buckets ==
		        vres_shard_slot(other, r.shard_id) - other->buckets;
	}
	ck_assert_uint_lt(same, 20);
}
END_TEST

START_TEST(finding_refuses_what_is_no_identifier)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	char id[300];
	vres_shard *shard = NULL;
	vres_error err;

	memset(id, 'a', sizeof(id));
	id[257] = '\0';
	ck_status(vres_manager_find(f->manager, NULL, &shard, &err), VRES_E_INVALID_INPUT);
	ck_status(vres_manager_find(f->manager, "", &shard, &err), VRES_E_INVALID_INPUT);
	ck_status(vres_manager_find(f->manager, "a b", &shard, &err), VRES_E_INVALID_INPUT);
	ck_status(vres_manager_find(f->manager, id, &shard, &err), VRES_E_INVALID_INPUT);
	ck_status(vres_manager_find(f->manager, "a", NULL, &err), VRES_E_INVALID_INPUT);
	ck_status(vres_manager_find(NULL, "a", &shard, &err), VRES_E_INVALID_INPUT);
	id[256] = '\0';
	ck_status(vres_manager_find(f->manager, id, &shard, &err), VRES_E_NOT_FOUND);
	ck_assert_ptr_null(shard);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE(each_of_many_ids_has_its_slot_whatever_else_comes_and_goes, "WORKER-4110",
	             "integrity", "a shard that is lost"),
		CASE(chain_keeps_its_others_when_any_one_goes, "WORKER-4110 MS-004", "integrity",
	             "a shard that is lost, use after free"),
		CASE(buckets_of_two_managers_are_chosen_differently, "VP-006", "availability",
	             "ids chosen to collide"),
		CASE(finding_refuses_what_is_no_identifier, "IV-003 VR-005", "", ""),
	};

	return suite_run("unit.shard_table", "unit", cases, COUNT(cases));
}
