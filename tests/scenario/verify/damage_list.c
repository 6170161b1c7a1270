/* SPDX-License-Identifier: GPL-3.0-or-later */
/* All damage is listed: in order, neighbours joined, counted beyond the room there is for it. */
#include "support/fixture/support.h"

#define BYTES (5 * GROUP + 2 * BLOCK + 5)
#define ROOM  8

/* What vres_damage may become: the library strides by the caller's size. */
struct wide_damage {
	vres_damage damage;
	uint64_t future[3];
};

/* Two neighbouring blocks, two blocks of one group, two neighbouring groups, the last byte. */
static const uint64_t AT[] = {BLOCK - 1, BLOCK + 7,      BLOCK + 8,     9 * BLOCK, 2 * GROUP - 1,
                              2 * GROUP, 4 * GROUP + 11, 5 * GROUP + 1, BYTES - 1};

static const struct {
	uint64_t offset, bytes;
} BY_BLOCK[] = {{0, 2 * BLOCK},     {9 * BLOCK, BLOCK}, {2 * GROUP - BLOCK, 2 * BLOCK},
                {4 * GROUP, BLOCK}, {5 * GROUP, BLOCK}, {5 * GROUP + 2 * BLOCK, 5}},
  BY_GROUP[] = {{0, 3 * GROUP}, {4 * GROUP, BYTES - 4 * GROUP}};

static vres_shard *with_damage(struct fixture *f)
{
	vres_shard *shard = sealed(f, BYTES, 99);
	const uint64_t address = address_of(shard);

	for (size_t i = 0; i < COUNT(AT); i++)
		flip_at(f, address, AT[i], 2);
	return shard;
}

static void ck_listed(const struct wide_damage *list, const vres_verify_report *r, bool by_block)
{
	const size_t n = by_block ? COUNT(BY_BLOCK) : COUNT(BY_GROUP);

	ck_assert_uint_eq(r->damage_count, n);
	ck_assert_uint_eq(r->bad_tensors, 0);
	for (size_t i = 0; i < n; i++) {
		ck_assert_uint_eq(list[i].damage.struct_size, sizeof(list[0]));
		ck_assert_uint_eq(list[i].damage.offset,
		                  by_block ? BY_BLOCK[i].offset : BY_GROUP[i].offset);
		ck_assert_uint_eq(list[i].damage.bytes,
		                  by_block ? BY_BLOCK[i].bytes : BY_GROUP[i].bytes);
		ck_assert_uint_eq(list[i].damage.tensor, UINT32_MAX);
		ck_assert_uint_eq(list[i].future[0], 77); /* not ours to write */
	}
	ck_assert_uint_eq(list[n].damage.offset, 77);
	ck_assert_uint_eq(r->first_bad_offset, list[0].damage.offset);
	ck_assert_uint_eq(r->first_bad_bytes, list[0].damage.bytes);
}

/* A list of ROOM elements of which only the first is made ready. */
static void list_init(struct wide_damage list[ROOM], vres_verify_params *p)
{
	for (size_t i = 0; i < ROOM; i++)
		list[i] = (struct wide_damage){.damage.offset = 77, .future = {77, 77, 77}};
	list[0].damage.struct_size = sizeof(list[0]);
	p->damage = &list[0].damage;
	p->damage_cap = ROOM;
}

START_TEST(every_damaged_range_is_listed_in_order_and_neighbours_are_one)
{
	static const uint32_t modes[] = {VRES_VERIFY_FULL, VRES_VERIFY_READBACK,
	                                 VRES_VERIFY_SAMPLED};
	const bool keeps_leaves = _i % 3 == 1, has_source = _i % 3 == 2;
	struct setup s = setup_init();
	CLEANUP(finish) struct fixture *f = NULL;
	CLEANUP(release_shard) vres_shard *shard = NULL;
	struct content_source source = {.seed = 99};
	vres_verify_params p = mode_of(modes[_i / 3]);
	vres_verify_report r = vres_verify_report_init();
	struct wide_damage list[ROOM];
	vres_error err;

	s.policy.allow |= VRES_ALLOW_READBACK;
	s.keep_leaves = keeps_leaves;
	f = begin(&s);
	shard = with_damage(f);
	list_init(list, &p);
	p.sample_units = UINT32_MAX;
	p.source = has_source ? content_read_at : NULL;
	p.source_ctx = &source;
	ck_refused(vres_shard_verify(shard, &p, &r, &err), VRES_REASON_DIGEST);
	ck_listed(list, &r, keeps_leaves || has_source);
	ck_assert_uint_eq(
		record_last(&f->record, VRES_EVENT_SEAL_VERIFICATION_FAILED)->damage_count,
		r.damage_count);
}
END_TEST

/* A range that has room grows by its neighbour even when nothing behind it has. */
START_TEST(damage_beyond_the_room_is_counted_and_not_written)
{
	struct setup s = setup_init();
	CLEANUP(finish) struct fixture *f = NULL;
	CLEANUP(release_shard) vres_shard *shard = NULL;
	vres_verify_params p = mode_of(VRES_VERIFY_FULL);
	vres_verify_report r = vres_verify_report_init();
	struct wide_damage list[ROOM];
	vres_error err;

	s.keep_leaves = 1;
	f = begin(&s);
	shard = with_damage(f);
	list_init(list, &p);
	p.damage_cap = (size_t)_i;
	p.damage = _i == 0 ? NULL : p.damage;
	ck_refused(vres_shard_verify(shard, &p, &r, &err), VRES_REASON_DIGEST);
	ck_assert_uint_eq(r.damage_count, COUNT(BY_BLOCK));
	for (size_t i = 0; i < ROOM; i++)
		ck_assert_uint_eq(list[i].damage.bytes, i < p.damage_cap ? BY_BLOCK[i].bytes : 0);
	ck_assert_uint_eq(r.first_bad_bytes, BY_BLOCK[0].bytes);
}
END_TEST

START_TEST(good_shard_has_no_damage)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(release_shard) vres_shard *shard = sealed(f, BYTES, 99);
	vres_verify_params p = mode_of(VRES_VERIFY_FULL);
	vres_verify_report r = vres_verify_report_init();
	struct wide_damage list[ROOM];
	vres_error err;

	list_init(list, &p);
	ck_ok(vres_shard_verify(shard, &p, &r, &err));
	ck_assert_uint_eq(r.damage_count, 0);
	ck_assert_uint_eq(list[0].damage.offset, 77);
}
END_TEST

/* A sample lists what it looked at: one damaged group of six, in one unit of six or of one. */
START_TEST(sample_lists_what_it_has_seen)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(release_shard) vres_shard *shard = damaged(f, BYTES, 3 * GROUP + 1);
	vres_verify_params p = mode_of(VRES_VERIFY_SAMPLED);
	vres_verify_report r = vres_verify_report_init();
	struct wide_damage list[ROOM];
	vres_status status = VRES_OK;
	vres_error err;

	list_init(list, &p);
	p.sample_units = 1;
	for (unsigned i = 0; i < 1000 && status == VRES_OK; i++) {
		ck_assert_uint_eq(r.damage_count, 0);
		status = vres_shard_verify(shard, &p, &r, &err);
	}
	ck_assert_int_eq(status, VRES_E_SEAL_VERIFICATION_FAILED);
	ck_assert_uint_eq(r.damage_count, 1);
	ck_assert_uint_eq(list[0].damage.offset, 3 * GROUP);
	ck_assert_uint_eq(list[0].damage.bytes, GROUP);
}
END_TEST

START_TEST(list_that_cannot_be_filled_is_refused_before_anything_is_done)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(release_shard) vres_shard *shard = damaged(f, BLOCK, 1);
	vres_verify_params p = mode_of(VRES_VERIFY_FULL);
	vres_verify_report r = vres_verify_report_init();
	vres_set_report set = vres_set_report_init();
	vres_damage list[2] = {vres_damage_init()};
	vres_error err;

	p.damage_cap = 1;
	ck_status(vres_shard_verify(shard, &p, &r, &err), VRES_E_INVALID_INPUT);
	p.damage = list;
	ck_status(vres_verify_many(f->manager, &shard, 1, &p, &r, &err), VRES_E_INVALID_INPUT);
	ck_status(vres_set_verify(f->manager, &shard, 1, &p, &set, &err), VRES_E_INVALID_INPUT);
	list[0].struct_size = sizeof(list[0]) - 1;
	ck_status(vres_shard_verify(shard, &p, &r, &err), VRES_E_ABI);
	ck_assert_uint_eq(r.damage_count, 0);
	ck_assert_uint_eq(info_of(shard).state, VRES_SHARD_SEALED);
}
END_TEST

/* Programs that were compiled before there was a list know neither it nor its fields. */
START_TEST(structures_without_the_list_are_accepted_and_not_written_past)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(release_shard) vres_shard *shard = damaged(f, BLOCK, 1);
	vres_verify_params p = mode_of(VRES_VERIFY_FULL);
	vres_verify_report r = vres_verify_report_init();
	vres_error err;

	p.struct_size = offsetof(vres_verify_params, damage);
	p.damage_cap = 99;
	r.struct_size = offsetof(vres_verify_report, damage_count);
	r.damage_count = r.bad_tensors = 77;
	ck_refused(vres_shard_verify(shard, &p, &r, &err), VRES_REASON_DIGEST);
	ck_assert_uint_eq(r.bad_blocks, 1);
	ck_assert_uint_eq(r.damage_count, 77);
	ck_assert_uint_eq(r.bad_tensors, 77);
}
END_TEST

/* Once to find that something is wrong, once more to be sure; naming it takes no third time. */
START_TEST(all_damage_is_named_by_the_pass_that_confirms_it)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(release_shard) vres_shard *shard = with_damage(f);
	vres_verify_params p = vres_verify_params_init();
	vres_verify_report r = vres_verify_report_init();
	struct wide_damage list[ROOM];
	vres_error err;

	list_init(list, &p);
	p.background = _i == 1;
	ck_refused(vres_shard_verify(shard, &p, &r, &err), VRES_REASON_DIGEST);
	ck_listed(list, &r, false);
	ck_assert_uint_eq(r.bytes_hashed, UINT64_C(2) * BYTES);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE_LOOP(every_damaged_range_is_listed_in_order_and_neighbours_are_one, 9,
	                  "CI-007 VR-004", "accountability", "damage that is not named"),
		CASE_LOOP(damage_beyond_the_room_is_counted_and_not_written, 4, "CI-007",
	                  "integrity", "write past the caller's array"),
		CASE_LOOP(all_damage_is_named_by_the_pass_that_confirms_it, 2, "CI-007 VR-004",
	                  "availability", "a search that takes as long as the check"),
		CASE(good_shard_has_no_damage, "CI-007", "accountability", ""),
		CASE(sample_lists_what_it_has_seen, "CI-007 VR-004", "accountability",
	             "damage that is not named"),
		CASE(list_that_cannot_be_filled_is_refused_before_anything_is_done, "WORKER-4150",
	             "integrity", "write past the caller's array"),
		CASE(structures_without_the_list_are_accepted_and_not_written_past, "WORKER-4150",
	             "integrity", "write past the caller's structure"),
	};

	return suite_run("verify_damage_list", "verify", cases, COUNT(cases));
}
