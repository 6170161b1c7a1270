/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Sealing and verifying where the fake CUDA driver runs no source of ours: each launch is that of
 * the PTX that the library has embedded and gave to the driver, run by an interpreter
 * (tests/ptx/serve.py) that knows nothing but PTX.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include "fake/driver/control.h"
#include "support/fixture/engine.h"

#define JUDGE "VRES_FAKE_JUDGE" /* its command; see tests/fake/driver/judge.h */

/* An interpreter takes as long for a chunk of one block as for one of a thousand, so blocks are
 * small. */
#define SMALL       KIB(1)
#define SMALL_GROUP (32 * SMALL) /* what damage is narrowed to without a source */
#define BYTES       (SMALL_GROUP + 3 * SMALL + 77)

/* Every launch since the driver was reset was that of the image, and there were some. */
static void ck_judged(void)
{
	ck_assert_uint_gt(fake_judged(), 0);
	ck_assert_uint_eq(fake_judged(), fake_calls("cuLaunchKernel"));
	suite_add("launches", (double)fake_judged());
}

static struct fixture *begin_judged(uint32_t block_size)
{
	struct setup setup = setup_init();

	setup.policy.allow |= VRES_ALLOW_READBACK;
	setup.block_size = block_size;
	return begin(&setup);
}

/* All that follow are given an image in which one constant is another. */
static struct fixture *begin_with_mistake(uint32_t block_size)
{
	char command[4096];

	(void)snprintf(command, sizeof(command), "%s --mistake", getenv(JUDGE));
	ck_assert_int_eq(setenv(JUDGE, command, 1), 0);
	return begin_judged(block_size);
}

/* Aligned, and not; of more than a block, of less. */
static struct engine *engine_with_few(struct fixture *f)
{
	struct engine *e = engine_begin(f);
	const unsigned segment = engine_segment(e, 0, MIB(1), 1);

	(void)engine_tensor(e, segment, 0, 3 * BLOCK);
	(void)engine_tensor(e, segment, KIB(64) + 1, BLOCK + 1);
	(void)engine_tensor(e, segment, KIB(128) + 4, 31);
	return e;
}

START_TEST(sealed_bytes_have_the_digests_of_openssl_and_verify_in_every_mode)
{
	static const uint32_t modes[] = {VRES_VERIFY_FULL, VRES_VERIFY_SAMPLED,
	                                 VRES_VERIFY_READBACK};
	CLEANUP(finish) struct fixture *f = begin_judged(SMALL);
	CLEANUP(release_shard) vres_shard *shard = sealed(f, BYTES, 1);
	CLEANUP(free_bytes) uint8_t *data = content(BYTES, 1);
	char digest[65];
	vres_error err;

	verity_hex(data, BYTES, SMALL, digest);
	ck_assert_str_eq(info_of(shard).verity_digest, digest);
	for (size_t i = 0; i < COUNT(modes); i++) {
		vres_verify_params p = mode_of(modes[i]);

		p.sample_units = 1;
		ck_ok(vres_shard_verify(shard, &p, NULL, &err));
	}
	ck_judged();
}
END_TEST

/* The source of what was sealed names the block. */
static vres_status read_content(void *ctx, uint64_t offset, void *buf, size_t n)
{
	memcpy(buf, (const uint8_t *)ctx + offset, n);
	return VRES_OK;
}

START_TEST(one_flipped_bit_is_found_and_its_block_is_named)
{
	CLEANUP(finish) struct fixture *f = begin_judged(SMALL);
	CLEANUP(release_shard) vres_shard *shard = sealed(f, BYTES, 1);
	CLEANUP(free_bytes) uint8_t *data = content(BYTES, 1);
	const uint64_t at = SMALL_GROUP + SMALL + 5;
	vres_verify_params p = mode_of(VRES_VERIFY_FULL);
	vres_verify_report report = vres_verify_report_init();
	vres_error err;

	flip(f, shard, at, 2);
	p.source = read_content;
	p.source_ctx = data;
	ck_refused(vres_shard_verify(shard, &p, &report, &err), VRES_REASON_DIGEST);
	ck_assert_uint_eq(report.first_bad_offset, SMALL_GROUP + SMALL);
	ck_assert_uint_eq(report.first_bad_bytes, SMALL);
	ck_judged();
}
END_TEST

START_TEST(sample_of_every_unit_finds_one_flipped_bit)
{
	CLEANUP(finish) struct fixture *f = begin_judged(SMALL);
	CLEANUP(release_shard) vres_shard *shard = damaged(f, BYTES, BYTES - 1);
	vres_verify_params p = mode_of(VRES_VERIFY_SAMPLED);
	vres_verify_report report = vres_verify_report_init();
	vres_error err;

	p.sample_units = 1000;
	ck_refused(vres_shard_verify(shard, &p, &report, &err), VRES_REASON_DIGEST);
	ck_assert_uint_eq(report.first_bad_offset, SMALL_GROUP);
	ck_judged();
}
END_TEST

START_TEST(tensors_at_odd_places_have_the_digests_of_openssl_and_damage_names_one_of_them)
{
	CLEANUP(finish) struct fixture *f = begin_judged(BLOCK);
	CLEANUP(engine_end) struct engine *e = engine_with_few(f);
	CLEANUP(release_shard) vres_shard *shard = engine_sealed(e);
	vres_verify_report report = vres_verify_report_init();
	vres_damage damage = vres_damage_init();
	vres_verify_params p = mode_of(VRES_VERIFY_FULL);
	vres_error err;

	for (unsigned i = 0; i < e->n; i++) {
		vres_tensor_info info = vres_tensor_info_init();

		ck_ok(vres_shard_tensor(shard, i, &info, &err));
		ck_assert_str_eq(info.digest, e->digests[i]);
	}
	ck_ok(vres_shard_verify(shard, NULL, NULL, &err));
	engine_flip(e, 2, 30); /* the last byte */
	p.damage = &damage;
	p.damage_cap = 1;
	ck_refused(vres_shard_verify(shard, &p, &report, &err), VRES_REASON_DIGEST);
	ck_assert_uint_eq(report.bad_tensors, 1);
	ck_assert_uint_eq(damage.tensor, 2);
	ck_judged();
}
END_TEST

START_TEST(shards_that_share_a_launch_get_a_verdict_each)
{
	CLEANUP(finish) struct fixture *f = begin_judged(SMALL);
	CLEANUP(release_shard) vres_shard *good = sealed(f, 5 * SMALL + 1, 1);
	CLEANUP(release_shard) vres_shard *bad = damaged(f, 3 * SMALL, 0);
	vres_shard *const both[] = {good, bad};
	vres_verify_report reports[] = {vres_verify_report_init(), vres_verify_report_init()};
	vres_error err;

	ck_refused(vres_verify_many(f->manager, both, COUNT(both), NULL, reports, &err),
	           VRES_REASON_DIGEST);
	ck_assert_int_eq(reports[0].status, VRES_OK);
	ck_assert_int_eq(reports[1].status, VRES_E_SEAL_VERIFICATION_FAILED);
	ck_judged();
}
END_TEST

START_TEST(image_with_a_wrong_constant_seals_nothing)
{
	CLEANUP(finish) struct fixture *f = begin_with_mistake(SMALL);
	CLEANUP(free_bytes) uint8_t *data = content(BYTES, 1);
	vres_seal_params p = vres_seal_params_init();
	vres_shard *shard = NULL;
	vres_error err;

	ck_status(vres_seal_memory(f->manager, &p, data, BYTES, &shard, &err),
	          VRES_E_INTEGRITY_VIOLATION);
	ck_assert_ptr_null(shard);
	ck_judged();
}
END_TEST

START_TEST(image_with_a_wrong_constant_finds_no_tensor_to_be_what_is_expected)
{
	CLEANUP(finish) struct fixture *f = begin_with_mistake(BLOCK);
	CLEANUP(engine_end) struct engine *e = engine_with_few(f);
	vres_shard *shard = NULL;
	vres_error err;

	for (unsigned i = 0; i < e->n; i++)
		e->tensors[i].expected_digest = e->digests[i];
	ck_status(engine_seal(e, &shard, &err), VRES_E_INTEGRITY_VIOLATION);
	ck_assert_ptr_null(shard);
	ck_judged();
}
END_TEST

/* 77, and a line that says why: there is no judge, or Python has no numpy. */
static int not_checked(void)
{
	const char *judge = getenv(JUDGE);
	char command[4096];
	int status;

	if (judge == NULL) {
		puts("NOT CHECKED: " JUDGE " names no interpreter of PTX");
		return 77;
	}
	(void)snprintf(command, sizeof(command), "%s --ready", judge);
	status = system(command);
	return status < 0 || !WIFEXITED(status) ? 1 : WEXITSTATUS(status);
}

int main(void)
{
	static const struct suite_case cases[] = {
		CASE(sealed_bytes_have_the_digests_of_openssl_and_verify_in_every_mode,
	             "CI-001 VR-004", "integrity", "device code that digests wrongly"),
		CASE(one_flipped_bit_is_found_and_its_block_is_named, "CI-007 VR-004", "integrity",
	             "a bit flip in VRAM"),
		CASE(sample_of_every_unit_finds_one_flipped_bit, "CI-007", "integrity",
	             "a bit flip in VRAM"),
		CASE(tensors_at_odd_places_have_the_digests_of_openssl_and_damage_names_one_of_them,
	             "CI-007", "integrity", "a bit flip in a tensor"),
		CASE(shards_that_share_a_launch_get_a_verdict_each, "CI-007", "integrity",
	             "damage blamed on another shard"),
		CASE(image_with_a_wrong_constant_seals_nothing, "CI-001", "integrity",
	             "device code that digests wrongly"),
		CASE(image_with_a_wrong_constant_finds_no_tensor_to_be_what_is_expected, "CI-007",
	             "integrity", "device code that digests wrongly"),
	};
	const int status = not_checked();

	suite_backend("cuda");
	return status ? status : suite_run("cuda_judged", "verify", cases, COUNT(cases));
}
