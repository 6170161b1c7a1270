/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Shards of one model: what makes a set, and what is said when it is none or a member of it is
 * damaged.
 */
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

/* A complete set, one member on each device. */
static struct set complete(struct fixture *f)
{
	struct set set = {{NULL}};

	for (uint32_t i = 0; i < MEMBERS; i++)
		set.shards[i] = member(f, "group-1", "model-a", i, MEMBERS);
	return set;
}

static vres_set_report report_init(void)
{
	vres_set_report r = vres_set_report_init();

	r.verified = r.failed = 77;
	r.first_failed = 77;
	return r;
}

START_TEST(a_complete_set_over_four_devices_is_verified_in_any_order)
{
	CLEANUP(finish) struct fixture *f = four_devices();
	CLEANUP(release_set) struct set set = complete(f);
	static const unsigned orders[][MEMBERS] = {{0, 1, 2, 3}, {3, 2, 1, 0}, {2, 0, 3, 1}};
	vres_error err;

	for (size_t o = 0; o < COUNT(orders); o++) {
		vres_set_report r = report_init();
		vres_shard *shards[MEMBERS];

		for (size_t i = 0; i < MEMBERS; i++)
			shards[i] = set.shards[orders[o][i]];
		ck_ok(vres_set_verify(f->manager, shards, MEMBERS, NULL, &r, &err));
		ck_assert_uint_eq(r.verified, MEMBERS);
		ck_assert_uint_eq(r.failed, 0);
		ck_assert_int_eq(r.first_failed, -1);
	}
	for (size_t i = 0; i < MEMBERS; i++)
		ck_assert_uint_eq(info_of(set.shards[i]).gpu_device, i);
}
END_TEST

START_TEST(every_mode_verifies_a_set)
{
	CLEANUP(finish) struct fixture *f = four_devices();
	CLEANUP(release_set) struct set set = complete(f);
	const vres_verify_params p = mode_of((uint32_t)_i);
	vres_error err;

	ck_ok(vres_set_verify(f->manager, set.shards, MEMBERS, &p, NULL, &err));
	flip(f, set.shards[2], 5, 0);
	if (_i == VRES_VERIFY_SIGNATURE)
		ck_ok(vres_set_verify(f->manager, set.shards, MEMBERS, &p, NULL, &err));
	else
		ck_refused(vres_set_verify(f->manager, set.shards, MEMBERS, &p, NULL, &err),
		           VRES_REASON_DIGEST);
}
END_TEST

START_TEST(a_set_of_one_is_a_set)
{
	CLEANUP(finish) struct fixture *f = four_devices();
	CLEANUP(release_shard) vres_shard *only = member(f, NULL, NULL, 0, 1);
	vres_set_report r = report_init();
	vres_error err;

	ck_ok(vres_set_verify(f->manager, &only, 1, NULL, &r, &err));
	ck_assert_uint_eq(r.verified, 1);
}
END_TEST

/* What is wrong with the set: four shards of which the last is not what it should be. */
static vres_shard *wrong_member(struct fixture *f, int how)
{
	switch (how) {
	case 0: return member(f, "group-2", "model-a", 3, MEMBERS);
	case 1: return member(f, NULL, "model-a", 3, MEMBERS);
	case 2: return member(f, "group-1", "model-b", 3, MEMBERS);
	case 3: return member(f, "group-1", NULL, 3, MEMBERS);
	case 4: return member(f, "group-1", "model-a", 3, MEMBERS + 1);
	/* An index twice, and one missing. */
	case 5: return member(f, "group-1", "model-a", 2, MEMBERS);
	default: return sealed(f, BLOCK, 1); /* no part of any set */
	}
}

START_TEST(a_foreign_or_duplicate_member_is_named_and_nothing_is_verified)
{
	CLEANUP(finish) struct fixture *f = four_devices();
	CLEANUP(release_set) struct set set = complete(f);
	vres_set_report r = report_init();
	vres_error err;

	release_shard(&set.shards[3]);
	set.shards[3] = wrong_member(f, _i);
	record_clear(&f->record);
	ck_status(vres_set_verify(f->manager, set.shards, MEMBERS, NULL, &r, &err),
	          VRES_E_INVALID_INPUT);
	ck_assert_int_eq(r.first_failed, 3);
	ck_assert_uint_eq(r.verified, 0);
	ck_assert_uint_eq(record_count(&f->record, 0), 0);
}
END_TEST

START_TEST(the_same_shard_twice_is_no_set)
{
	CLEANUP(finish) struct fixture *f = four_devices();
	CLEANUP(release_set) struct set set = complete(f);
	vres_shard *shards[MEMBERS] = {set.shards[0], set.shards[1], set.shards[1], set.shards[3]};
	vres_set_report r = report_init();
	vres_error err;

	ck_status(vres_set_verify(f->manager, shards, MEMBERS, NULL, &r, &err),
	          VRES_E_INVALID_INPUT);
	ck_assert_int_eq(r.first_failed, 2);
}
END_TEST

START_TEST(a_set_with_a_member_missing_or_too_many_is_no_set)
{
	CLEANUP(finish) struct fixture *f = four_devices();
	CLEANUP(release_set) struct set set = complete(f);
	vres_set_report r = report_init();
	vres_error err;

	set.shards[MEMBERS] = member(f, "group-1", "model-a", 0, MEMBERS);
	ck_status(vres_set_verify(f->manager, set.shards, MEMBERS - 1, NULL, &r, &err),
	          VRES_E_INVALID_INPUT);
	ck_assert_int_ge(r.first_failed, 0);
	ck_status(vres_set_verify(f->manager, set.shards, MEMBERS + 1, NULL, &r, &err),
	          VRES_E_INVALID_INPUT);
	ck_status(vres_set_verify(f->manager, set.shards, 0, NULL, &r, &err), VRES_E_INVALID_INPUT);
	ck_status(vres_set_verify(f->manager, NULL, MEMBERS, NULL, &r, &err), VRES_E_INVALID_INPUT);
	ck_ok(vres_set_verify(f->manager, set.shards, MEMBERS, NULL, &r, &err));
}
END_TEST

START_TEST(the_damaged_member_is_named_and_the_others_are_verified_all_the_same)
{
	CLEANUP(finish) struct fixture *f = four_devices();
	CLEANUP(release_set) struct set set = complete(f);
	vres_set_report r = report_init();
	vres_error err;

	flip(f, set.shards[_i], 5, 0);
	record_clear(&f->record);
	ck_refused(vres_set_verify(f->manager, set.shards, MEMBERS, NULL, &r, &err),
	           VRES_REASON_DIGEST);
	ck_assert_int_eq(r.first_failed, _i);
	ck_assert_uint_eq(r.failed, 1);
	ck_assert_uint_eq(r.verified, MEMBERS - 1);
	ck_assert_uint_eq(err.gpu_device, (uint32_t)_i);
	ck_assert_uint_eq(record_count(&f->record, VRES_EVENT_SEAL_VERIFIED), MEMBERS - 1);
	ck_assert_uint_eq(record_critical(&f->record), 1);
	ck_assert_uint_eq(f->record.incidents_count, 1);
	for (int i = 0; i < MEMBERS; i++)
		ck_assert_uint_eq(info_of(set.shards[i]).state,
		                  i == _i ? VRES_SHARD_QUARANTINED : VRES_SHARD_SEALED);
}
END_TEST

START_TEST(two_damaged_members_are_both_quarantined_and_the_first_named)
{
	CLEANUP(finish) struct fixture *f = four_devices();
	CLEANUP(release_set) struct set set = complete(f);
	vres_set_report r = report_init();
	vres_error err;

	flip(f, set.shards[1], 5, 0);
	flip(f, set.shards[3], 5, 0);
	record_clear(&f->record);
	ck_refused(vres_set_verify(f->manager, set.shards, MEMBERS, NULL, &r, &err),
	           VRES_REASON_DIGEST);
	ck_assert_int_eq(r.first_failed, 1);
	ck_assert_uint_eq(r.failed, 2);
	ck_assert_uint_eq(record_critical(&f->record), 2);
	ck_assert_uint_eq(metrics_of(f).quarantined_now, 2);
}
END_TEST

START_TEST(damage_outranks_a_lost_device)
{
	CLEANUP(finish) struct fixture *f = four_devices();
	CLEANUP(release_set) struct set set = complete(f);
	vres_set_report r = report_init();
	vres_error err;

	f->wipe_may_fail = true;
	flip(f, set.shards[2], 5, 0);
	test_device_lose_device(f->test_device, 0);
	ck_refused(vres_set_verify(f->manager, set.shards, MEMBERS, NULL, &r, &err),
	           VRES_REASON_DIGEST);
	ck_assert_int_eq(r.first_failed, 2);
	ck_assert_uint_eq(r.failed, 2);
	ck_assert_uint_eq(r.verified, 2);
}
END_TEST

START_TEST(a_set_with_a_lost_device_could_not_be_checked)
{
	CLEANUP(finish) struct fixture *f = four_devices();
	CLEANUP(release_set) struct set set = complete(f);
	vres_set_report r = report_init();
	vres_error err;

	f->wipe_may_fail = true;
	test_device_lose_device(f->test_device, 1);
	record_clear(&f->record);
	ck_status(vres_set_verify(f->manager, set.shards, MEMBERS, NULL, &r, &err),
	          VRES_E_DEVICE_LOST);
	ck_assert_int_eq(r.first_failed, 1);
	ck_assert_uint_eq(record_critical(&f->record), 0);
	ck_ok(vres_shard_verify(set.shards[0], NULL, NULL, &err));
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE(a_complete_set_over_four_devices_is_verified_in_any_order,
	             "VR-008 WORKER-4110 WORKER-4230", "integrity", ""),
		CASE_LOOP(every_mode_verifies_a_set, 3, "VR-008 CI-007", "integrity",
	                  "bit flip in VRAM"),
		CASE(a_set_of_one_is_a_set, "WORKER-4110", "integrity", ""),
		CASE_LOOP(a_foreign_or_duplicate_member_is_named_and_nothing_is_verified, 7,
	                  "WORKER-4110 VR-005", "integrity",
	                  "shards of two models or two runs mixed"),
		CASE(the_same_shard_twice_is_no_set, "WORKER-4110", "integrity",
	             "incomplete model taken for complete"),
		CASE(a_set_with_a_member_missing_or_too_many_is_no_set, "WORKER-4110 WORKER-4031",
	             "integrity", "incomplete model taken for complete"),
		CASE_LOOP(the_damaged_member_is_named_and_the_others_are_verified_all_the_same,
	                  MEMBERS, "CI-007 WORKER-4122 WORKER-4230 VR-004 WORKER-4031", "integrity",
	                  "bit flip in VRAM of one of several devices"),
		CASE(two_damaged_members_are_both_quarantined_and_the_first_named,
	             "CI-007 WORKER-4161", "accountability", "second damage hidden"),
		CASE(damage_outranks_a_lost_device, "WORKER-4151 WORKER-4122", "integrity",
	             "damage hidden behind device trouble"),
		CASE(a_set_with_a_lost_device_could_not_be_checked, "WORKER-4151", "availability",
	             "false alarm"),
	};

	return suite_run("multi_shard", "multi_shard", cases, COUNT(cases));
}
