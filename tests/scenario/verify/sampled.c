/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SAMPLED verification: what is looked at, and how much. */
#include "support/fixture/support.h"

#define SMALL_GROUP (32 * KIB(1))
#define SMALL_BYTES (4 * SMALL_GROUP + 2 * KIB(1) + 5)

START_TEST(sampled_verification_hashes_whole_groups_as_many_as_asked)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(release_shard) vres_shard *shard = sealed(f, 8 * GROUP, 1);
	vres_verify_report r = vres_verify_report_init();
	vres_verify_params p = mode_of(VRES_VERIFY_SAMPLED);
	vres_error err;

	p.sample_units = 3;
	ck_ok(vres_shard_verify(shard, &p, &r, &err));
	ck_assert_uint_eq(r.mode, VRES_VERIFY_SAMPLED);
	ck_assert_uint_eq(r.blocks_total, 8 * 128);
	ck_assert_uint_eq(r.blocks_checked, 3 * 128);
	ck_assert_uint_eq(r.bytes_hashed, 3 * GROUP);
}
END_TEST

START_TEST(sampled_verification_takes_single_blocks_where_leaves_are_kept)
{
	struct setup s = setup_init();
	CLEANUP(finish) struct fixture *f = NULL;
	CLEANUP(release_shard) vres_shard *shard = NULL;
	vres_verify_report r = vres_verify_report_init();
	vres_verify_params p = mode_of(VRES_VERIFY_SAMPLED);
	vres_error err;

	s.keep_leaves = 1;
	f = begin(&s);
	shard = sealed(f, 8 * GROUP, 1);
	p.sample_units = 3;
	ck_ok(vres_shard_verify(shard, &p, &r, &err));
	ck_assert_uint_eq(r.blocks_checked, 3);
	ck_assert_uint_eq(r.bytes_hashed, 3 * BLOCK);
}
END_TEST

static struct fixture *small_blocks(void)
{
	struct setup s = setup_init();

	s.block_size = 1024;
	return begin(&s);
}

START_TEST(a_sample_of_all_units_is_exhaustive)
{
	static const uint32_t units[] = {5, 6, 1000, UINT32_MAX};
	CLEANUP(finish) struct fixture *f = small_blocks();
	vres_verify_params p = mode_of(VRES_VERIFY_SAMPLED);
	vres_error err;

	p.sample_units = units[_i];
	for (uint64_t group = 0; group < 5; group++) {
		CLEANUP(release_shard) vres_shard *good = sealed(f, SMALL_BYTES, 1);
		CLEANUP(release_shard)
		vres_shard *bad = damaged(f, SMALL_BYTES, group * SMALL_GROUP + 7);
		vres_verify_report r = vres_verify_report_init();

		ck_ok(vres_shard_verify(good, &p, &r, &err));
		ck_assert_uint_eq(r.blocks_checked, 4 * 32 + 3);
		ck_assert_uint_eq(r.bytes_hashed, SMALL_BYTES);
		ck_refused(vres_shard_verify(bad, &p, NULL, &err), VRES_REASON_DIGEST);
	}
}
END_TEST

START_TEST(the_size_of_a_sample_is_policys_unless_given)
{
	struct setup s = setup_init();
	CLEANUP(finish) struct fixture *f = NULL;
	CLEANUP(release_shard) vres_shard *shard = NULL;
	vres_verify_report r = vres_verify_report_init();
	vres_verify_params p = mode_of(VRES_VERIFY_SAMPLED);
	vres_error err;

	s.policy.sample_units = 2;
	f = begin(&s);
	shard = sealed(f, 8 * GROUP, 1);
	ck_ok(vres_shard_verify(shard, &p, &r, &err));
	ck_assert_uint_eq(r.blocks_checked, 2 * 128);
	p.sample_units = 5;
	ck_ok(vres_shard_verify(shard, &p, &r, &err));
	ck_assert_uint_eq(r.blocks_checked, 5 * 128);
}
END_TEST

START_TEST(samples_come_to_every_part_of_a_shard_in_time)
{
	CLEANUP(finish) struct fixture *f = small_blocks();
	vres_verify_params p = mode_of(VRES_VERIFY_SAMPLED);
	unsigned found = 0;

	p.sample_units = 1;
	for (unsigned group = 0; group < 4; group++) {
		CLEANUP(release_shard)
		vres_shard *shard = damaged(f, 4 * SMALL_GROUP, group * SMALL_GROUP + 9);

		for (unsigned i = 0; i < 300 && found == group; i++)
			/* Missed by chance: 0.75^300. */
			found += vres_shard_verify(shard, &p, NULL, NULL) != VRES_OK;
	}
	ck_assert_uint_eq(found, 4);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE(sampled_verification_hashes_whole_groups_as_many_as_asked, "CI-007",
	             "integrity", "sample smaller than claimed"),
		CASE(sampled_verification_takes_single_blocks_where_leaves_are_kept, "CI-007",
	             "integrity", "sample smaller than claimed"),
		CASE_LOOP(a_sample_of_all_units_is_exhaustive, 4, "CI-007 VR-004", "integrity",
	                  "sample with repetitions"),
		CASE(the_size_of_a_sample_is_policys_unless_given, "CI-007", "integrity",
	             "sample smaller than claimed"),
		CASE(samples_come_to_every_part_of_a_shard_in_time, "CI-007 VR-004", "integrity",
	             "predictable sample"),
	};
	return suite_run("verify_sampled", "verify", cases, COUNT(cases));
}
