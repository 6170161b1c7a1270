/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Repair: the damaged blocks are loaded again, and no others. */
#include "support/fixture/repairing.h"

#define ROOM 8

static uint64_t pushes(const struct fixture *f)
{
	return test_device_calls(f->test_device, VRES_MOCK_OP_LANE_PUSH);
}

/* Bits of @i: leaves are kept, the device cannot hash, the digest is VERITY. */
static struct setup way_of(int i, vres_seal_params *p)
{
	struct setup s = setup_init();

	s.keep_leaves = (unsigned)i & 1;
	s.mock.no_device_hash = (unsigned)i >> 1 & 1;
	s.policy.allow |= VRES_ALLOW_READBACK;
	*p = vres_seal_params_init();
	p->digest_alg = (unsigned)i >> 2 & 1 ? VRES_DIGEST_VERITY : VRES_DIGEST_SHA256;
	return s;
}

static void ck_told(struct fixture *f, uint64_t ranges, uint64_t bytes)
{
	const vres_event *e = record_last(&f->record, VRES_EVENT_VRAM_REPAIRED);

	ck_assert_ptr_nonnull(e);
	ck_assert_uint_eq(e->ranges, ranges);
	ck_assert_uint_eq(e->repaired_bytes, bytes);
	ck_assert_uint_eq(e->lifted, 1);
	ck_assert_uint_eq(e->critical, 0);
	ck_assert_uint_eq(metrics_of(f).quarantined_now, 0);
}

START_TEST(every_damaged_block_is_loaded_again_and_no_other)
{
	vres_seal_params p;
	struct setup s = way_of(_i, &p);
	CLEANUP(finish) struct fixture *f = begin(&s);
	CLEANUP(release_shard) vres_shard *shard = repair_damaged(f, &p);
	struct content_source source = repair_source();
	vres_repair_params how = vres_repair_params_init();
	vres_verify_report r = vres_verify_report_init();
	vres_damage list[ROOM] = {vres_damage_init()};
	vres_error err;

	how.source = content_read_at;
	how.source_ctx = &source;
	how.damage = list;
	how.damage_cap = ROOM;
	ck_ok(vres_shard_repair(shard, &how, &r, &err));
	ck_assert_int_eq(r.status, VRES_OK);
	ck_assert_uint_eq(r.damage_count, REPAIR_RANGES);
	ck_assert_uint_eq(list[0].offset, 0);
	ck_assert_uint_eq(list[0].bytes, 2 * BLOCK);
	ck_assert_uint_eq(list[2].offset, 2 * GROUP - BLOCK);
	ck_assert_uint_eq(list[2].bytes, 2 * BLOCK);
	ck_assert_uint_eq(list[3].bytes, 5);
	ck_told(f, REPAIR_RANGES, REPAIR_DAMAGE);
	ck_assert_uint_eq(record_count(&f->record, VRES_EVENT_SEAL_VERIFICATION_FAILED), 1);
	ck_assert_uint_eq(f->record.incidents_count, 1);
	ck_repaired(shard);
}
END_TEST

START_TEST(damage_that_was_reported_is_not_reported_again)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(release_shard) vres_shard *shard = repair_damaged(f, NULL);
	vres_error err;

	ck_refused(vres_shard_verify(shard, NULL, NULL, &err), VRES_REASON_DIGEST);
	ck_ok(repair_from(shard, NULL, NULL, &err));
	ck_assert_uint_eq(record_count(&f->record, VRES_EVENT_SEAL_VERIFICATION_FAILED), 1);
	ck_assert_uint_eq(f->record.incidents_count, 1);
	ck_told(f, REPAIR_RANGES, REPAIR_DAMAGE);
	ck_repaired(shard);
}
END_TEST

START_TEST(good_shard_is_left_as_it_is_and_its_source_is_not_asked)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(release_shard) vres_shard *shard = sealed(f, REPAIR_BYTES, REPAIR_SEED);
	struct content_source source = repair_source();
	vres_verify_report r = vres_verify_report_init();
	vres_error err;

	ck_ok(repair_from(shard, &source, &r, &err));
	ck_assert_uint_eq(source.calls, 0);
	ck_assert_uint_eq(r.bytes_hashed, REPAIR_BYTES);
	ck_assert_uint_eq(record_count(&f->record, VRES_EVENT_VRAM_REPAIRED), 0);
	ck_assert_uint_eq(record_count(&f->record, VRES_EVENT_SEAL_VERIFIED), 1);
	ck_repaired(shard);
}
END_TEST

/* Memory was never wrong, only what was read of it: a bit flipped on the way, for example. */
START_TEST(quarantine_of_a_shard_that_is_good_again_is_lifted_without_writing)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(release_shard) vres_shard *shard = sealed(f, REPAIR_BYTES, REPAIR_SEED);
	const uint64_t address = address_of(shard);
	struct content_source source = repair_source();
	uint64_t before;
	vres_error err;

	flip_at(f, address, 3, 1);
	ck_refused(vres_shard_verify(shard, NULL, NULL, &err), VRES_REASON_DIGEST);
	flip_at(f, address, 3, 1);
	before = pushes(f);
	ck_ok(repair_from(shard, &source, NULL, &err));
	ck_assert_uint_eq(source.calls, 0);
	ck_assert_uint_eq(pushes(f), before);
	ck_told(f, 0, 0);
	ck_repaired(shard);
}
END_TEST

START_TEST(record_receipts_and_epoch_stay_and_the_shard_is_scrubbed_again)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(release_shard) vres_shard *shard = repair_damaged(f, NULL);
	CLEANUP(release_shard) vres_shard *found = NULL;
	const vres_shard_info before = info_of(shard);
	vres_scrub_report r = vres_scrub_report_init();
	CLEANUP(free_bytes) uint8_t *receipt = NULL;
	size_t n;
	vres_error err;

	receipt = receipt_of(shard, &n);
	ck_ok(repair_from(shard, NULL, NULL, &err));
	ck_assert_str_eq(info_of(shard).digest, before.digest);
	ck_assert_uint_eq(info_of(shard).sealed_at, before.sealed_at);
	ck_assert_uint_eq(info_of(shard).epoch, 0);
	ck_ok(vres_receipt_open(f->manager, receipt, n, &found, &err));
	ck_ok(vres_scrub_step(f->manager, UINT64_MAX, &r, &err));
	ck_assert_uint_eq(r.shards, 1);
	ck_assert_uint_eq(r.bytes_hashed, REPAIR_BYTES);
}
END_TEST

static const struct {
	uint64_t bytes;
	uint32_t block_size;
} SIZES[] = {{1, 4096},         {4096, 4096},
             {4097, 4096},      {200 * 1024 + 5, 1024},
             {GROUP + 1, 4096}, {5 * 1024 * 1024, 65536}};

START_TEST(shards_of_any_size_are_repaired_at_their_first_and_last_byte)
{
	struct setup s = setup_init();
	const uint64_t bytes = SIZES[_i].bytes;
	CLEANUP(finish) struct fixture *f = NULL;
	CLEANUP(release_shard) vres_shard *shard = NULL;
	struct content_source source = repair_source();
	uint64_t address;
	vres_error err;

	s.block_size = SIZES[_i].block_size;
	f = begin(&s);
	shard = sealed(f, bytes, REPAIR_SEED);
	address = address_of(shard);
	flip_at(f, address, 0, 0);
	flip_at(f, address, bytes - 1, 7);
	ck_ok(repair_from(shard, &source, NULL, &err));
	ck_repaired(shard);
}
END_TEST

START_TEST(shard_that_is_damaged_all_over_is_repaired)
{
	struct setup s = setup_init();
	CLEANUP(finish) struct fixture *f = NULL;
	CLEANUP(release_shard) vres_shard *shard = NULL;
	const uint64_t bytes = MIB(17) + 5; /* more than a staging buffer */
	uint64_t address;
	vres_error err;

	s.keep_leaves = (uint32_t)_i;
	f = begin(&s);
	shard = sealed(f, bytes, REPAIR_SEED);
	address = address_of(shard);
	for (uint64_t at = 0; at < bytes; at += BLOCK)
		flip_at(f, address, at, 5);
	ck_ok(repair_from(shard, NULL, NULL, &err));
	ck_told(f, 1, bytes);
	ck_repaired(shard);
}
END_TEST

/* Once to find the damage, once to see that it is gone; and the damaged group a few times. */
START_TEST(repair_of_one_block_hashes_the_shard_twice_and_little_more)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(release_shard) vres_shard *shard = damaged(f, MIB(16), MIB(5));
	struct content_source source = {.seed = 99};
	vres_verify_report r = vres_verify_report_init();
	vres_error err;

	ck_ok(repair_from(shard, &source, &r, &err));
	ck_assert_uint_ge(r.bytes_hashed, 2 * MIB(16));
	ck_assert_uint_le(r.bytes_hashed, MIB(16) / 10 * 21);
	ck_assert_uint_eq(source.bytes, GROUP + BLOCK);
	ck_repaired(shard);
}
END_TEST

START_TEST(more_damage_than_is_allowed_is_not_repaired_and_nothing_is_written)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(release_shard) vres_shard *shard = repair_damaged(f, NULL);
	struct content_source source = repair_source();
	vres_repair_params p = vres_repair_params_init();
	vres_verify_report r = vres_verify_report_init();
	const uint64_t before = pushes(f);
	vres_error err;

	p.source = content_read_at;
	p.source_ctx = &source;
	p.max_bytes = REPAIR_DAMAGE - 1;
	ck_status(vres_shard_repair(shard, &p, &r, &err), VRES_E_INVALID_INPUT);
	ck_assert_uint_eq(r.damage_count, REPAIR_RANGES);
	ck_assert_uint_eq(pushes(f), before);
	ck_assert_uint_eq(record_count(&f->record, VRES_EVENT_SEAL_VERIFICATION_FAILED), 1);
	ck_assert_uint_eq(info_of(shard).state, VRES_SHARD_QUARANTINED);
	p.max_bytes++;
	ck_ok(vres_shard_repair(shard, &p, NULL, &err));
	ck_repaired(shard);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE_LOOP(every_damaged_block_is_loaded_again_and_no_other, 8, "CI-007 VR-004",
	                  "availability", "a model lost to one bad memory cell"),
		CASE(damage_that_was_reported_is_not_reported_again, "CI-007", "accountability",
	             ""),
		CASE(good_shard_is_left_as_it_is_and_its_source_is_not_asked, "CI-007", "", ""),
		CASE(quarantine_of_a_shard_that_is_good_again_is_lifted_without_writing, "CI-007",
	             "availability", ""),
		CASE(record_receipts_and_epoch_stay_and_the_shard_is_scrubbed_again, "CI-007",
	             "availability", ""),
		CASE_LOOP(shards_of_any_size_are_repaired_at_their_first_and_last_byte,
	                  COUNT(SIZES), "CI-007", "availability", ""),
		CASE_LOOP(shard_that_is_damaged_all_over_is_repaired, 2, "CI-007", "availability",
	                  ""),
		CASE(repair_of_one_block_hashes_the_shard_twice_and_little_more, "CI-007", "", ""),
		CASE(more_damage_than_is_allowed_is_not_repaired_and_nothing_is_written, "CI-007",
	             "integrity", "a repair that replaces a model"),
	};

	return suite_run("verify_repair", "verify", cases, COUNT(cases));
}
