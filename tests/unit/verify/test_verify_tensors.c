/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Damage to what the host keeps of tensors is noticed, and is not blamed on the device. */
#include "manager/shard.h"
#include "support/fixture/engine.h"

/* The first and the last of the 26 kept nodes, and two in between. */
START_TEST(kept_level_that_was_changed_calls_no_byte_damaged)
{
	static const size_t changed[] = {0, 1, 2, 3};
	static const uint32_t modes[] = {VRES_VERIFY_FULL, VRES_VERIFY_SAMPLED};
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(engine_end) struct engine *e = engine_with_weights(f);
	CLEANUP(release_shard) vres_shard *shard = engine_sealed(e);
	const uint64_t nodes = shard->tensors->nodes;
	const vres_verify_params p = mode_of(modes[_i % 2]);
	vres_verify_report report = vres_verify_report_init();
	vres_error err;

	shard->contents->kept[32 * (changed[_i / 2] * (nodes - 1) / 3) + 31] ^= 1;
	ck_refused(vres_shard_verify(shard, &p, &report, &err), VRES_REASON_DIGEST);
	ck_assert_uint_eq(report.damage_count, 0);
	ck_assert_uint_eq(report.bytes_hashed, 0);
}
END_TEST

START_TEST(manifest_that_is_not_the_signed_one_is_not_given_out_and_quarantines)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(engine_end) struct engine *e = engine_with_weights(f);
	CLEANUP(release_shard) vres_shard *shard = engine_sealed(e);
	char text[4096] = "unused";
	size_t n = 0;
	vres_error err;

	shard->contents->digests[32 * (shard->tensors->ranges_n - 1)] ^= 1;
	ck_refused(vres_shard_manifest(shard, text, sizeof(text), &n, &err), VRES_REASON_SIGNATURE);
	ck_assert_str_eq(text, "unused");
	ck_assert_uint_eq(info_of(shard).state, VRES_SHARD_QUARANTINED);
	ck_assert_uint_eq(f->record.incidents_count, 1);
	/* The incident is reported once. */
	ck_refused(vres_shard_manifest(shard, text, sizeof(text), &n, &err), VRES_REASON_SIGNATURE);
	ck_assert_uint_eq(f->record.incidents_count, 1);
	ck_refused(vres_shard_verify(shard, NULL, NULL, &err), VRES_REASON_QUARANTINED);
}
END_TEST

START_TEST(ranges_are_numbered_by_their_first_tensor_and_tied_ones_once)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(engine_end) struct engine *e = engine_with_weights(f);
	CLEANUP(release_shard) vres_shard *shard = engine_sealed(e);
	const struct tensors *t = shard->tensors;
	uint64_t next = 0;

	ck_assert_uint_eq(t->ranges_n, 10);
	ck_assert_uint_eq(t->list[6].range, NO_RANGE);
	ck_assert_uint_eq(t->list[4].range, t->list[9].range);
	for (uint32_t i = 0; i < t->ranges_n; i++) {
		const uint64_t end = i + 1 < t->ranges_n ? t->ranges[i + 1].first : t->nodes;

		ck_assert_uint_eq(t->ranges[i].first, next);
		ck_assert_uint_eq(t->ranges[i].level, t->ranges[i].bytes > BLOCK);
		for (; next < end; next++)
			ck_assert_uint_eq(vres_tensors_range_of(t, next), i);
		ck_assert(i == 0 || t->ranges[i].tensor > t->ranges[i - 1].tensor);
	}
	ck_assert_uint_eq(shard->contents->extents_n, 3);
}
END_TEST

START_TEST(with_leaves_damage_is_named_by_the_block)
{
	struct setup setup = setup_init();
	CLEANUP(finish) struct fixture *f = NULL;
	CLEANUP(engine_end) struct engine *e = NULL;
	CLEANUP(release_shard) vres_shard *shard = NULL;
	vres_verify_report report = vres_verify_report_init();
	vres_error err;

	setup.keep_leaves = 1;
	f = begin(&setup);
	e = engine_with_weights(f);
	shard = engine_sealed(e);
	engine_flip(e, 3, GROUP + BLOCK + 1);
	ck_refused(vres_shard_verify(shard, NULL, &report, &err), VRES_REASON_DIGEST);
	ck_assert_uint_eq(report.first_bad_offset, GROUP + BLOCK);
	ck_assert_uint_eq(report.first_bad_bytes, BLOCK);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE_LOOP(kept_level_that_was_changed_calls_no_byte_damaged, 8, "", "integrity",
	                  "damage in host memory that is blamed on VRAM"),
		CASE(manifest_that_is_not_the_signed_one_is_not_given_out_and_quarantines, "",
	             "integrity", "a manifest of something else"),
		CASE(ranges_are_numbered_by_their_first_tensor_and_tied_ones_once, "", "", ""),
		CASE(with_leaves_damage_is_named_by_the_block, "", "integrity", ""),
	};

	return suite_run("unit.verify_tensors", "unit", cases, COUNT(cases));
}
