/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Shards on several devices: what each accounts for, and how shards are found. */
#include <stdio.h>
#include "support/fixture/support.h"

#define MEMBERS 4

struct set {
	vres_shard *shards[MEMBERS + 1];
};

static void release_set(struct set *set)
{
	for (size_t i = 0; i < COUNT(set->shards); i++)
		release_shard(&set->shards[i]);
}

static struct fixture *four_devices(void)
{
	struct setup s = setup_init();

	s.mock.devices = 4;
	s.mock.bytes_per_device = MIB(2);
	return begin(&s);
}

static vres_shard *member(struct fixture *f, const char *group, const char *model, uint32_t index,
                          uint32_t total)
{
	vres_seal_params p = vres_seal_params_init();

	p.group_id = group;
	p.model_ref = model;
	p.gpu_device = index % 4;
	p.shard_index = index;
	p.total_shards = total;
	return sealed_with(f, &p, 3 * BLOCK + index, 10 + index);
}

START_TEST(devices_account_for_their_own_shards_alone)
{
	CLEANUP(finish) struct fixture *f = four_devices();
	CLEANUP(release_set) struct set set = {{NULL}};
	vres_shard *shard = NULL;
	CLEANUP(free_bytes) uint8_t *data = content(MIB(2), 1);
	vres_seal_params p = vres_seal_params_init();
	uint32_t n = 0;
	vres_error err;

	ck_ok(vres_device_count(f->manager, &n, &err));
	ck_assert_uint_eq(n, 4);
	set.shards[0] = member(f, NULL, NULL, 1, 4);
	for (uint32_t i = 0; i < 4; i++)
		ck_assert_uint_eq(device_of(f, i).used_bytes, i == 1 ? 4 * BLOCK : 0);
	p.gpu_device = 1;
	ck_status(vres_seal_memory(f->manager, &p, data, MIB(2), &shard, &err),
	          VRES_E_INSUFFICIENT_VRAM);
	ck_assert_uint_eq(err.gpu_device, 1);
	p.gpu_device = 2;
	ck_ok(vres_seal_memory(f->manager, &p, data, MIB(2), &shard, &err));
	release_shard(&shard);
	for (uint32_t i = 0; i < 4; i++)
		for (uint32_t j = 0; j < i; j++)
			ck_assert_str_ne(device_of(f, i).uuid, device_of(f, j).uuid);
}
END_TEST

START_TEST(metrics_are_sums_over_the_devices_opened_so_far)
{
	CLEANUP(finish) struct fixture *f = four_devices();
	vres_shard *one, *two;

	one = member(f, NULL, NULL, 1, 4);
	ck_assert_uint_eq(metrics_of(f).total_bytes_now, MIB(2));
	two = member(f, NULL, NULL, 3, 4);
	ck_assert_uint_eq(metrics_of(f).total_bytes_now, 2 * MIB(2));
	ck_assert_uint_eq(metrics_of(f).used_bytes_now, 2 * 4 * BLOCK);
	ck_assert_uint_eq(metrics_of(f).available_bytes_now, 2 * MIB(2) - 2 * 4 * BLOCK);
	ck_assert_uint_eq(metrics_of(f).shards_now, 2);
	release_shard(&one);
	release_shard(&two);
	ck_assert_uint_eq(metrics_of(f).used_bytes_now, 0);
	ck_assert_uint_eq(metrics_of(f).seals_ok, 2);
}
END_TEST

START_TEST(a_shard_is_found_by_its_id_and_held_by_what_is_found)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	vres_shard *shard = sealed_as(f, "here", BLOCK, 1), *found = NULL, *none = (void *)f;
	vres_error err;

	ck_ok(vres_manager_find(f->manager, "here", &found, &err));
	release_shard(&shard);
	ck_ok(vres_shard_verify(found, NULL, NULL, &err));
	ck_assert_str_eq(info_of(found).shard_id, "here");
	ck_status(vres_manager_find(f->manager, "elsewhere", &none, &err), VRES_E_NOT_FOUND);
	ck_status(vres_manager_find(f->manager, "her", &none, &err), VRES_E_NOT_FOUND);
	ck_status(vres_manager_find(f->manager, "here2", &none, &err), VRES_E_NOT_FOUND);
	ck_assert_ptr_eq(none, (void *)f);
	release_shard(&found);
	ck_status(vres_manager_find(f->manager, "here", &none, &err), VRES_E_NOT_FOUND);
}
END_TEST

START_TEST(the_place_of_a_shard_in_its_set_is_signed)
{
	CLEANUP(finish) struct fixture *f = four_devices();
	CLEANUP(release_shard) vres_shard *shard = member(f, "group-1", "model-a", 2, MEMBERS);
	size_t len;
	CLEANUP(free_bytes) uint8_t *receipt = receipt_of(shard, &len);
	vres_shard_info info = vres_shard_info_init();
	vres_error err;

	ck_ok(vres_receipt_check(receipt, len, f->key, &info, &err));
	ck_assert_uint_eq(info.shard_index, 2);
	ck_assert_uint_eq(info.total_shards, MEMBERS);
	ck_assert_uint_eq(info.gpu_device, 2);
	ck_assert_str_eq(info.group_id, "group-1");
	ck_assert_str_eq(info.model_ref, "model-a");
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE(devices_account_for_their_own_shards_alone, "RP-001 IV-002 VR-008",
	             "availability", "capacity counted across devices"),
		CASE(metrics_are_sums_over_the_devices_opened_so_far, "RP-001 RP-002",
	             "accountability", "capacity miscounted"),
		CASE(a_shard_is_found_by_its_id_and_held_by_what_is_found,
	             "WORKER-4110 WORKER-4112", "integrity", "use after free"),
		CASE(the_place_of_a_shard_in_its_set_is_signed, "CI-002 WORKER-4110 WORKER-4120",
	             "authenticity", "shards swapped in a set"),
	};
	return suite_run("multi_device", "multi_shard", cases, COUNT(cases));
}
