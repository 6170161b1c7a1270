/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Damage: that it is found, wherever it is, and named as finely as what is at hand allows. */
#include "support/fixture/support.h"

/* Every bit on the mock at full size; elsewhere every seventh, which still touches every byte. */
START_TEST(a_single_bit_flip_anywhere_in_a_shard_of_three_blocks_is_found)
{
	struct setup s = setup_init();
	CLEANUP(finish) struct fixture *f = NULL;
	CLEANUP(free_bytes) uint8_t *data = content(3 * 1024, 1);
	const unsigned step = test_device_is_mock() ? 100 / suite_scaled(100, 1) : 7;
	unsigned flips = 0, found = 0;
	uint64_t address = 0;

	s.block_size = 1024;
	s.policy.allow |= VRES_ALLOW_WEAK_LEASE;
	s.policy.lease_verify = VRES_VERIFY_SIGNATURE;
	s.no_audit = true;
	f = begin(&s);
	for (unsigned bit = 0; bit < 3 * 1024 * 8; bit += step) {
		vres_shard *shard = NULL;
		vres_verify_report r = vres_verify_report_init();

		ck_assert_int_eq(vres_seal_memory(f->manager, PLAIN, data, 3 * 1024, &shard, NULL),
		                 VRES_OK);
		address = address_of(shard);
		flip_at(f, address, bit / 8, bit % 8);
		flips++;
		found += vres_shard_verify(shard, NULL, &r, NULL) ==
		                 VRES_E_SEAL_VERIFICATION_FAILED &&
		         r.reason == VRES_REASON_DIGEST;
		vres_shard_release(shard);
		if (flips % 256 == 0)
			record_clear(&f->record);
	}
	ck_assert_uint_ge(flips, 3 * 1024 * 8 / step);
	ck_assert_uint_eq(found, flips);
	suite_value("flips", flips);
}
END_TEST

/*
 * Verify a shard of @bytes bytes damaged at @offset, with @p, and see that the report names [@bad,
 * @bad + @bad_bytes).
 */
static void ck_located(struct fixture *f, const vres_verify_params *p, uint64_t bytes,
                       uint64_t offset, uint64_t bad, uint64_t bad_bytes)
{
	CLEANUP(release_shard) vres_shard *shard = damaged(f, bytes, offset);
	vres_verify_report r = vres_verify_report_init();
	vres_error err;

	ck_refused(vres_shard_verify(shard, p, &r, &err), VRES_REASON_DIGEST);
	ck_assert_int_eq(r.status, VRES_E_SEAL_VERIFICATION_FAILED);
	ck_assert_uint_eq(r.reason, VRES_REASON_DIGEST);
	ck_assert_uint_eq(r.bad_blocks, 1);
	ck_assert_uint_eq(r.first_bad_offset, bad);
	ck_assert_uint_eq(r.first_bad_bytes, bad_bytes);
}

/* Places in a shard of three groups, two blocks and five bytes. */
#define BYTES (3 * GROUP + 2 * BLOCK + 5)
static const uint64_t PLACES[] = {0,
                                  BLOCK - 1,
                                  BLOCK,
                                  GROUP - 1,
                                  GROUP,
                                  GROUP + 5 * BLOCK + 77,
                                  3 * GROUP - 1,
                                  3 * GROUP,
                                  3 * GROUP + 2 * BLOCK,
                                  BYTES - 1};

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

START_TEST(damage_is_narrowed_to_a_group_of_512_kib)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	const uint64_t group = PLACES[_i] / GROUP * GROUP;

	ck_located(f, NULL, BYTES, PLACES[_i], group, least(GROUP, BYTES - group));
}
END_TEST

START_TEST(damage_is_named_to_the_block_where_leaves_are_kept)
{
	struct setup s = setup_init();
	CLEANUP(finish) struct fixture *f = NULL;
	const uint64_t block = PLACES[_i] / BLOCK * BLOCK;

	s.keep_leaves = 1;
	f = begin(&s);
	ck_located(f, NULL, BYTES, PLACES[_i], block, least(BLOCK, BYTES - block));
}
END_TEST

START_TEST(damage_is_named_to_the_block_where_the_source_is_at_hand)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	const uint64_t block = PLACES[_i] / BLOCK * BLOCK;
	struct content_source source = {.seed = 99};
	vres_verify_params p = vres_verify_params_init();

	p.source = content_read_at;
	p.source_ctx = &source;
	ck_located(f, &p, BYTES, PLACES[_i], block, least(BLOCK, BYTES - block));
	ck_assert_uint_gt(source.calls, 0);
	ck_assert_uint_le(source.bytes, GROUP); /* no more of it is read than the damaged group */
}
END_TEST

START_TEST(a_source_that_lies_or_fails_is_not_believed)
{
	static const struct content_source bad[] = {
		/* Other content. */
		{.seed = 98},
		/* No content. */
		{.seed = 99, .fail_at = 1, .fail_how = VRES_E_IO},
		/* A status of ours. */
		{.seed = 99, .fail_at = 1, .fail_how = VRES_E_SEAL_VERIFICATION_FAILED},
		{.seed = 99, .lie_seed = 97, .lie_at = 1},
	};
	CLEANUP(finish) struct fixture *f = begin(NULL);
	struct content_source source = bad[_i];
	vres_verify_params p = vres_verify_params_init();

	p.source = content_read_at;
	p.source_ctx = &source;
	ck_located(f, &p, BYTES, GROUP + 5, GROUP, GROUP);
	ck_assert_uint_gt(source.calls, 0);
}
END_TEST

/* What the shard now holds, as a source would give it: the content with one flipped bit. */
static vres_status read_damaged(void *ctx, uint64_t offset, void *buf, size_t n)
{
	const uint64_t at = *(const uint64_t *)ctx;

	content_fill(buf, n, 99, offset);
	if (at >= offset && at < offset + n)
		((uint8_t *)buf)[at - offset] ^= 1u << 3;
	return VRES_OK;
}

START_TEST(a_source_that_holds_the_same_damage_does_not_excuse_it)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	uint64_t at = GROUP + 5;
	vres_verify_params p = vres_verify_params_init();

	p.source = read_damaged;
	p.source_ctx = &at;
	ck_located(f, &p, BYTES, at, GROUP, GROUP);
}
END_TEST

START_TEST(a_source_is_not_asked_when_nothing_is_damaged)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(release_shard) vres_shard *shard = sealed(f, BYTES, 99);
	struct content_source source = {.seed = 98};
	vres_verify_params p = vres_verify_params_init();
	vres_error err;

	p.source = content_read_at;
	p.source_ctx = &source;
	ck_ok(vres_shard_verify(shard, &p, NULL, &err));
	ck_assert_uint_eq(source.calls, 0);
}
END_TEST

START_TEST(damaged_blocks_are_counted)
{
	/* Two in one block. */
	static const uint64_t at[] = {
		1, BLOCK + 1, GROUP + 1, GROUP + 2, 2 * GROUP + 9 * BLOCK, BYTES - 1};
	struct setup s = setup_init();
	CLEANUP(finish) struct fixture *f = NULL;
	CLEANUP(release_shard) vres_shard *shard = NULL;
	vres_verify_report r = vres_verify_report_init();
	uint64_t address;
	vres_error err;

	s.keep_leaves = (uint32_t)_i;
	f = begin(&s);
	shard = sealed(f, BYTES, 1);
	address = address_of(shard);
	for (size_t i = 0; i < COUNT(at); i++)
		flip_at(f, address, at[i], 1);
	ck_refused(vres_shard_verify(shard, NULL, &r, &err), VRES_REASON_DIGEST);
	/* Otherwise no more is known than that each damaged group has one. */
	ck_assert_uint_eq(r.bad_blocks, s.keep_leaves ? 5 : 4);
	ck_assert_uint_eq(r.first_bad_offset, 0);
	/* Neighbours are one range; every group has damage. */
	ck_assert_uint_eq(r.first_bad_bytes, s.keep_leaves ? 2 * BLOCK : BYTES);
	ck_assert_uint_eq(r.blocks_checked, r.blocks_total);
}
END_TEST

START_TEST(damage_is_named_for_every_block_size)
{
	const uint64_t block = UINT64_C(1024) << _i;
	const uint64_t group = block * (block / 32), bytes = 2 * group + block + 1;
	struct setup s = setup_init();
	CLEANUP(finish) struct fixture *f = NULL;
	const uint64_t at = bytes > MIB(60) ? MIB(1) : group + 3;
	const uint64_t size = bytes > MIB(60) ? MIB(2) : bytes;

	s.block_size = (uint32_t)block;
	f = begin(&s);
	ck_located(f, NULL, size, at, at / group * group, least(group, size - at / group * group));
}
END_TEST

START_TEST(readback_names_the_block_too)
{
	struct setup s = setup_init();
	CLEANUP(finish) struct fixture *f = NULL;
	const vres_verify_params p = mode_of(VRES_VERIFY_READBACK);

	s.policy.allow |= VRES_ALLOW_READBACK;
	s.keep_leaves = (uint32_t)_i;
	f = begin(&s);
	ck_located(f, &p, BYTES, 2 * GROUP + 3 * BLOCK + 1, _i ? 2 * GROUP + 3 * BLOCK : 2 * GROUP,
	           _i ? BLOCK : GROUP);
}
END_TEST

START_TEST(a_sample_names_damage_as_finely_as_a_full_verification)
{
	const bool leaves = _i == 1, source_given = _i == 2;
	struct setup s = setup_init();
	CLEANUP(finish) struct fixture *f = NULL;
	struct content_source source = {.seed = 99};
	vres_verify_params p = mode_of(VRES_VERIFY_SAMPLED);
	const uint64_t at = GROUP + 3 * BLOCK + 1;

	p.sample_units = UINT32_MAX;
	if (source_given) {
		p.source = content_read_at;
		p.source_ctx = &source;
	}
	s.keep_leaves = leaves;
	f = begin(&s);
	ck_located(f, &p, BYTES, at, leaves || source_given ? at / BLOCK * BLOCK : GROUP,
	           leaves || source_given ? BLOCK : GROUP);
}
END_TEST

START_TEST(a_shard_overwritten_with_zeros_or_other_content_is_found)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(release_shard) vres_shard *shard = sealed(f, 2 * BLOCK, 1);
	CLEANUP(free_bytes) uint8_t *old = content(2 * BLOCK, 1);
	CLEANUP(free_bytes) uint8_t *new = content(2 * BLOCK, 2);
	const uint64_t address = address_of(shard);
	vres_verify_report r = vres_verify_report_init();
	vres_error err;

	for (uint64_t i = 0; i < 2 * BLOCK; i++)
		for (unsigned bit = 0; bit < 8; bit++)
			if ((old[i] ^ (_i == 0 ? 0 : new[i])) >> bit & 1)
				flip_at(f, address, i, bit);
	ck_refused(vres_shard_verify(shard, NULL, &r, &err), VRES_REASON_DIGEST);
}
END_TEST

START_TEST(two_shards_with_their_bytes_swapped_are_both_found)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	vres_shard *shards[2] = {sealed(f, BLOCK, 1), sealed(f, BLOCK, 2)};
	CLEANUP(free_bytes) uint8_t *one = content(BLOCK, 1);
	CLEANUP(free_bytes) uint8_t *two = content(BLOCK, 2);
	const uint64_t addresses[2] = {address_of(shards[0]), address_of(shards[1])};
	vres_error err;

	for (uint64_t i = 0; i < BLOCK; i++)
		for (unsigned bit = 0; bit < 8; bit++)
			for (unsigned s = 0; s < 2; s++)
				if ((one[i] ^ two[i]) >> bit & 1)
					flip_at(f, addresses[s], i, bit);
	for (unsigned s = 0; s < 2; s++) {
		ck_refused(vres_shard_verify(shards[s], NULL, NULL, &err), VRES_REASON_DIGEST);
		release_shard(&shards[s]);
	}
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE_SLOW(a_single_bit_flip_anywhere_in_a_shard_of_three_blocks_is_found, 120,
	                  "CI-007 CI-004 VR-004", "integrity", "bit flip in VRAM, row hammer"),
		CASE_LOOP(damage_is_narrowed_to_a_group_of_512_kib, COUNT(PLACES), "CI-007 VR-004",
	                  "integrity", "bit flip in VRAM"),
		CASE_LOOP(damage_is_named_to_the_block_where_leaves_are_kept, COUNT(PLACES),
	                  "CI-007 VR-004", "integrity", "bit flip in VRAM"),
		CASE_LOOP(damage_is_named_to_the_block_where_the_source_is_at_hand, COUNT(PLACES),
	                  "CI-007 VR-004", "integrity", "bit flip in VRAM"),
		CASE_LOOP(a_source_that_lies_or_fails_is_not_believed, 4, "CI-007", "integrity",
	                  "tampered source file"),
		CASE(a_source_that_holds_the_same_damage_does_not_excuse_it, "CI-007", "integrity",
	             "tampered source file"),
		CASE(a_source_is_not_asked_when_nothing_is_damaged, "CI-007", "integrity",
	             "source trusted over the seal"),
		CASE_LOOP(damaged_blocks_are_counted, 2, "CI-007 VR-004", "integrity",
	                  "several bit flips"),
		CASE_LOOP(damage_is_named_for_every_block_size, 7, "CI-007", "integrity",
	                  "wrong tree geometry"),
		CASE_LOOP(readback_names_the_block_too, 2, "CI-007", "integrity",
	                  "bit flip in VRAM"),
		CASE_LOOP(a_sample_names_damage_as_finely_as_a_full_verification, 3,
	                  "CI-007 VR-004", "integrity", "bit flip in VRAM"),
		CASE_LOOP(a_shard_overwritten_with_zeros_or_other_content_is_found, 2,
	                  "CI-007 VR-004", "integrity", "weights replaced"),
		CASE(two_shards_with_their_bytes_swapped_are_both_found, "CI-007 VR-004",
	             "integrity", "weights replaced"),
	};

	return suite_run("verify_damage", "verify", cases, COUNT(cases));
}
