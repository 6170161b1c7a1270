/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a verification reads: which units a sample takes, and that digests kept by the host count
 * only if they hash to the signed root.
 */
#include "support/suite/content.h"
#include "unit/fixture/fake_backend.h"
#include "support/suite/status.h"
#include "support/suite/suite.h"
#include "unit/fixture/verify_fixture.h"

static uint64_t unit_of(const struct verify_fixture *fixture, size_t i)
{
	ck_assert_uint_eq(fixture->fake->hashed[i].offset % UNIT, 0);
	ck_assert_uint_eq(fixture->fake->hashed[i].bytes,
	                  fixture->fake->hashed[i].offset / UNIT == UNITS - 1 ? 5 : UNIT);
	return fixture->fake->hashed[i].offset / UNIT;
}

/*
 * The units are split into k runs of nearly equal length, the longer ones first.  Sample i is from
 * run i.
 */
START_TEST(each_of_k_runs_of_units_gives_one_sample)
{
	static const uint32_t k[] = {1, 2, 3, 7, 63, 64, 65, 69};
	CLEANUP(verify_end) struct verify_fixture *fixture = verify_begin(0, 0);
	vres_verify_report report;
	vres_error err;

	for (size_t i = 0; i < COUNT(k); i++) {
		uint64_t from = 0;

		fixture->fake->hashed_count = 0;
		ck_ok(verify_as(fixture, VRES_VERIFY_SAMPLED, k[i], &report, &err));
		ck_assert_uint_eq(fixture->fake->hashed_count, k[i]);
		for (uint32_t run = 0; run < k[i]; run++) {
			const uint64_t length = UNITS / k[i] + (run < UNITS % k[i]);

			ck_assert_uint_ge(unit_of(fixture, run), from);
			ck_assert_uint_lt(unit_of(fixture, run), from + length);
			from += length;
		}
		ck_assert_uint_eq(from, UNITS);
	}
}
END_TEST

START_TEST(as_many_samples_as_units_or_more_check_every_unit)
{
	static const uint32_t k[] = {(uint32_t)UNITS, (uint32_t)UNITS + 1, 1000000, UINT32_MAX};
	CLEANUP(verify_end) struct verify_fixture *fixture = verify_begin(0, 0);
	vres_verify_report report;
	vres_error err;

	for (size_t i = 0; i < COUNT(k); i++) {
		fixture->fake->hashed_count = 0;
		ck_ok(verify_as(fixture, VRES_VERIFY_SAMPLED, k[i], &report, &err));
		ck_assert_uint_eq(fixture->fake->hashed_count, UNITS);
		for (uint64_t unit = 0; unit < UNITS; unit++)
			ck_assert_uint_eq(unit_of(fixture, unit), unit);
		ck_assert_uint_eq(report.blocks_checked, report.blocks_total);
		ck_assert_uint_eq(report.bytes_hashed, BYTES);
	}
}
END_TEST

/*
 * A sample of 35 misses a given unit with probability 1/2, so 40 of them all miss it with
 * probability 10^-12.
 */
START_TEST(every_unit_has_its_turn)
{
	CLEANUP(verify_end) struct verify_fixture *fixture = verify_begin(0, 0);
	bool seen[UNITS] = {false};
	uint64_t count = 0;
	vres_verify_report report;
	vres_error err;

	for (unsigned round = 0; round < 40; round++) {
		fixture->fake->hashed_count = 0;
		ck_ok(verify_as(fixture, VRES_VERIFY_SAMPLED, 35, &report, &err));
		for (size_t i = 0; i < fixture->fake->hashed_count; i++)
			seen[fixture->fake->hashed[i].offset / UNIT] = true;
	}
	for (uint64_t unit = 0; unit < UNITS; unit++)
		count += seen[unit];
	ck_assert_uint_eq(count, UNITS);
}
END_TEST

START_TEST(report_counts_what_was_sampled)
{
	CLEANUP(verify_end) struct verify_fixture *fixture = verify_begin(0, 0);
	uint64_t bytes = 0, blocks = 0;
	vres_verify_report report;
	vres_error err;

	ck_ok(verify_as(fixture, VRES_VERIFY_SAMPLED, 66, &report, &err));
	for (size_t i = 0; i < fixture->fake->hashed_count; i++) {
		bytes += fixture->fake->hashed[i].bytes;
		blocks += (fixture->fake->hashed[i].bytes + BLOCK - 1) / BLOCK;
	}
	ck_assert_uint_eq(report.mode, VRES_VERIFY_SAMPLED);
	ck_assert_uint_eq(report.bytes_hashed, bytes);
	ck_assert_uint_eq(report.blocks_checked, blocks);
	ck_assert_uint_eq(report.blocks_total, (UNITS - 1) * 32 + 1);
	ck_assert_uint_eq(report.bad_blocks, 0);
}
END_TEST

START_TEST(zero_samples_means_what_policy_says)
{
	CLEANUP(verify_end) struct verify_fixture *fixture = verify_begin(0, 0);
	vres_verify_report report;
	vres_error err;

	ck_ok(verify_as(fixture, VRES_VERIFY_SAMPLED, 0, &report, &err));
	ck_assert_uint_eq(fixture->fake->hashed_count, 64);
}
END_TEST

START_TEST(kept_leaves_make_the_unit_a_block)
{
	CLEANUP(verify_end) struct verify_fixture *fixture = verify_begin(0, 1);
	vres_verify_report report;
	vres_error err;

	ck_ok(verify_as(fixture, VRES_VERIFY_SAMPLED, 40, &report, &err));
	ck_assert_uint_eq(fixture->fake->hashed_count, 40);
	ck_assert_uint_eq(report.blocks_checked, 40);
	for (size_t i = 0; i < 40; i++)
		ck_assert_uint_le(fixture->fake->hashed[i].bytes, BLOCK);
}
END_TEST

START_TEST(damage_in_a_sampled_unit_is_found_and_named)
{
	CLEANUP(verify_end) struct verify_fixture *fixture = verify_begin(0, 0);
	vres_verify_report report;
	vres_error err;

	fake_backend_bytes(&fixture->shard->contents->memory.mem)[17 * UNIT + 3] ^= 1;
	fake_backend_bytes(&fixture->shard->contents->memory.mem)[BYTES - 1] ^= 1;
	ck_refused(verify_as(fixture, VRES_VERIFY_SAMPLED, (uint32_t)UNITS, &report, &err),
	           VRES_REASON_DIGEST);
	ck_assert_uint_eq(report.bad_blocks, 2);
	ck_assert_uint_eq(report.first_bad_offset, 17 * UNIT);
	ck_assert_uint_eq(report.first_bad_bytes, UNIT);
	ck_assert_uint_eq(fixture->incidents, 1);
}
END_TEST

START_TEST(sampling_by_readback_is_the_same)
{
	CLEANUP(verify_end) struct verify_fixture *fixture = verify_begin(VRES_ALLOW_READBACK, 0);
	vres_verify_report report;
	vres_error err;

	fixture->shard->device->props.facts &= ~VRES_DEVICE_CAN_HASH;
	ck_ok(verify_as(fixture, VRES_VERIFY_SAMPLED, 70, &report, &err));
	ck_assert_uint_eq(report.mode, VRES_VERIFY_SAMPLED);
	ck_assert_uint_eq(fixture->fake->hashed_count, 0);
	ck_assert_uint_ge(report.bytes_hashed, 69 * UNIT + 5);
	fake_backend_bytes(&fixture->shard->contents->memory.mem)[UNIT] ^= 1;
	ck_refused(verify_as(fixture, VRES_VERIFY_SAMPLED, (uint32_t)UNITS, &report, &err),
	           VRES_REASON_DIGEST);
	ck_assert_uint_eq(report.first_bad_offset, UNIT);
}
END_TEST

/* Kept digests count only if they hash to the signed root. */
START_TEST(kept_digests_that_were_changed_are_not_believed)
{
	CLEANUP(verify_end) struct verify_fixture *fixture = verify_begin(0, 0);
	vres_verify_report report;
	vres_error err;

	fixture->shard->contents->kept[32 * 69 + 31] ^= 1;
	ck_refused(verify_as(fixture, VRES_VERIFY_SAMPLED, 1, &report, &err), VRES_REASON_DIGEST);
	ck_assert_uint_eq(fixture->fake->hashed_count, 0);
}
END_TEST

START_TEST(full_verification_does_not_rest_on_the_kept_digests)
{
	CLEANUP(verify_end) struct verify_fixture *fixture = verify_begin(0, 0);
	vres_verify_report report;
	vres_error err;

	fixture->shard->contents->kept[0] ^= 1;
	ck_ok(verify_as(fixture, VRES_VERIFY_FULL, 0, &report, &err));
	fake_backend_bytes(&fixture->shard->contents->memory.mem)[0] ^= 1;
	ck_refused(verify_as(fixture, VRES_VERIFY_FULL, 0, &report, &err), VRES_REASON_DIGEST);
	/* the kept digests cannot tell where the damage is */
	ck_assert_uint_eq(report.first_bad_bytes, 0);
	ck_assert_uint_eq(report.damage_count, 0);
}
END_TEST

/*
 * The source undoes the damage while it is read, as somebody who damages the shard on and off
 * might.
 */
static vres_status read_and_repair(void *ctx, uint64_t offset, void *buf, size_t n)
{
	const struct verify_fixture *fixture = ctx;

	content_fill(buf, n, 1, offset);
	content_fill(fake_backend_bytes(&fixture->shard->contents->memory.mem), BYTES, 1, 0);
	return VRES_OK;
}

START_TEST(damage_that_is_gone_when_its_block_is_looked_for_is_named_by_its_group)
{
	CLEANUP(verify_end) struct verify_fixture *fixture = verify_begin(0, 0);
	vres_verify_params p = vres_verify_params_init();
	vres_verify_report report = vres_verify_report_init();
	vres_error err;

	p.source = read_and_repair;
	p.source_ctx = fixture;
	fake_backend_bytes(&fixture->shard->contents->memory.mem)[3 * UNIT + 5] ^= 1;
	ck_refused(vres_shard_verify(fixture->shard, &p, &report, &err), VRES_REASON_DIGEST);
	ck_assert_uint_eq(report.bad_blocks, 1);
	ck_assert_uint_eq(report.first_bad_offset, 3 * UNIT);
	ck_assert_uint_eq(report.first_bad_bytes, UNIT);
}
END_TEST

/* The source is good, but then the device fails to hash the group's blocks. */
static vres_status read_and_break(void *ctx, uint64_t offset, void *buf, size_t n)
{
	const struct verify_fixture *fixture = ctx;

	content_fill(buf, n, 1, offset);
	fixture->fake->answer[FAKE_HASH] = VRES_E_BACKEND;
	return VRES_OK;
}

/* The group is named once, and none of its blocks. */
START_TEST(damage_whose_blocks_cannot_be_hashed_is_named_by_its_group)
{
	CLEANUP(verify_end) struct verify_fixture *fixture = verify_begin(0, 0);
	vres_damage list[3] = {vres_damage_init()};
	vres_verify_params p = vres_verify_params_init();
	vres_verify_report report = vres_verify_report_init();
	vres_error err;

	p.source = read_and_break;
	p.source_ctx = fixture;
	p.damage = list;
	p.damage_cap = COUNT(list);
	fake_backend_bytes(&fixture->shard->contents->memory.mem)[3 * UNIT + 5] ^= 1;
	ck_refused(vres_shard_verify(fixture->shard, &p, &report, &err), VRES_REASON_DIGEST);
	ck_assert_uint_eq(report.bad_blocks, 1);
	ck_assert_uint_eq(report.damage_count, 1);
	ck_assert_uint_eq(list[0].offset, 3 * UNIT);
	ck_assert_uint_eq(list[0].bytes, UNIT);
}
END_TEST

/*
 * READBACK alone computes the flat digest, so it finds a wrong one even in a record that is well
 * signed.
 */
START_TEST(readback_checks_the_flat_digest_too)
{
	CLEANUP(verify_end) struct verify_fixture *fixture = verify_begin(VRES_ALLOW_READBACK, 0);
	vres_verify_report report;
	vres_error err;

	fixture->shard->contents->record.digest[0] ^= 1;
	ck_ok(vres_record_sign(&fixture->shard->contents->record, fixture->manager->keys,
	                       fixture->shard->contents->mac, &err));
	ck_ok(verify_as(fixture, VRES_VERIFY_FULL, 0, &report, &err));
	ck_refused(verify_as(fixture, VRES_VERIFY_READBACK, 0, &report, &err), VRES_REASON_DIGEST);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE(each_of_k_runs_of_units_gives_one_sample, "CI-007", "integrity",
	             "a sample that comes twice"),
		CASE(as_many_samples_as_units_or_more_check_every_unit, "CI-007", "integrity",
	             "a unit that is left out"),
		CASE(every_unit_has_its_turn, "CI-007", "integrity",
	             "a unit that is never sampled"),
		CASE(report_counts_what_was_sampled, "CI-007", "accountability", ""),
		CASE(zero_samples_means_what_policy_says, "CI-007", "", ""),
		CASE(kept_leaves_make_the_unit_a_block, "CI-007", "", ""),
		CASE(damage_in_a_sampled_unit_is_found_and_named, "CI-007 VR-004", "integrity",
	             "bit flip in VRAM"),
		CASE(sampling_by_readback_is_the_same, "CI-007 VR-004", "integrity",
	             "bit flip in VRAM"),
		CASE(kept_digests_that_were_changed_are_not_believed, "CI-007 VR-004", "integrity",
	             "digests changed in host memory"),
		CASE(full_verification_does_not_rest_on_the_kept_digests, "CI-007 VR-004",
	             "integrity", "digests changed in host memory"),
		CASE(damage_that_is_gone_when_its_block_is_looked_for_is_named_by_its_group,
	             "CI-007 VR-004", "accountability", "damage that is not named"),
		CASE(damage_whose_blocks_cannot_be_hashed_is_named_by_its_group, "CI-007 VR-004",
	             "accountability", "damage that is named twice"),
		CASE(readback_checks_the_flat_digest_too, "CI-007 VR-004", "integrity",
	             "a digest that was never checked"),
	};

	return suite_run("unit.verify_content", "unit", cases, COUNT(cases));
}
