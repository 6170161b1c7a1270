/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Verifying tensors: every mode finds damage and names the tensors, and memory that was replaced is
 * noticed.
 */
#include "support/fixture/engine.h"

#include <stdio.h>

static struct fixture *begin_with_readback(void)
{
	struct setup setup = setup_init();

	setup.policy.allow |= VRES_ALLOW_READBACK;
	return begin(&setup);
}

static vres_status verify_listing(vres_shard *shard, uint32_t mode, vres_damage *damage, size_t cap,
                                  vres_verify_report *report, vres_error *err)
{
	vres_verify_params p = mode_of(mode);

	damage[0] = vres_damage_init();
	p.damage = damage;
	p.damage_cap = cap;
	p.sample_units = 1 << 20; /* more than there are, so every unit is checked */
	*report = vres_verify_report_init();
	return vres_shard_verify(shard, &p, report, err);
}

static void ck_damage(const vres_damage *d, uint32_t tensor, uint64_t offset, uint64_t bytes)
{
	ck_assert_uint_eq(d->tensor, tensor);
	ck_assert_uint_eq(d->offset, offset);
	ck_assert_uint_eq(d->bytes, bytes);
}

START_TEST(good_tensors_pass_in_every_mode_and_every_byte_is_looked_at)
{
	static const uint32_t modes[] = {VRES_VERIFY_FULL, VRES_VERIFY_SAMPLED,
	                                 VRES_VERIFY_READBACK};
	CLEANUP(finish) struct fixture *f = begin_with_readback();
	CLEANUP(engine_end) struct engine *e = engine_with_weights(f);
	CLEANUP(release_shard) vres_shard *shard = engine_sealed(e);
	vres_verify_report report;
	vres_damage damage[1];
	vres_error err;

	for (size_t i = 0; i < COUNT(modes); i++) {
		ck_ok(verify_listing(shard, modes[i], damage, 1, &report, &err));
		ck_assert_uint_eq(report.mode, modes[i]);
		ck_assert_uint_eq(report.bytes_hashed, info_of(shard).vram_bytes);
		ck_assert_uint_eq(report.blocks_checked, report.blocks_total);
		ck_assert_uint_eq(report.bad_tensors, 0);
	}
}
END_TEST

START_TEST(damage_is_named_in_every_tensor_that_has_it_by_every_mode)
{
	static const uint32_t modes[] = {VRES_VERIFY_FULL, VRES_VERIFY_SAMPLED,
	                                 VRES_VERIFY_READBACK};

	for (size_t i = 0; i < COUNT(modes); i++) {
		CLEANUP(finish) struct fixture *f = begin_with_readback();
		CLEANUP(engine_end) struct engine *e = engine_with_weights(f);
		CLEANUP(release_shard) vres_shard *shard = engine_sealed(e);
		vres_verify_report report;
		vres_damage damage[4];
		const vres_event *event;
		vres_error err;

		engine_flip(e, 0, GROUP);         /* the last byte, alone in its group */
		engine_flip(e, 3, 2 * GROUP + 5); /* the third group, of 77 bytes */
		/* the second group: listed as one range with the third */
		engine_flip(e, 3, GROUP + 1);
		engine_flip(e, 9, BLOCK); /* tied to tensor 4 */
		engine_flip(e, 10, 8);
		ck_refused(verify_listing(shard, modes[i], damage, 4, &report, &err),
		           VRES_REASON_DIGEST);
		ck_assert_uint_eq(report.damage_count, 5);
		ck_assert_uint_eq(report.bad_tensors, 5);
		ck_damage(&damage[0], 0, GROUP, 1);
		ck_damage(&damage[1], 3, GROUP, GROUP + 77);
		ck_damage(&damage[2], 4, 0, 5 * BLOCK);
		ck_damage(&damage[3], 9, 0, 5 * BLOCK);
		ck_assert_uint_eq(report.first_bad_offset, GROUP);
		ck_assert_uint_eq(report.first_bad_bytes, 1);
		event = record_last(&f->record, VRES_EVENT_SEAL_VERIFICATION_FAILED);
		ck_assert_ptr_nonnull(event);
		ck_assert_uint_eq(event->damage_count, 5);
		ck_assert_uint_eq(info_of(shard).state, VRES_SHARD_QUARANTINED);
		ck_assert_uint_eq(f->record.incidents_count, 1);
	}
}
END_TEST

/* There are more tensors than shards fit in a job, each smaller than a block. */
START_TEST(thousands_of_small_tensors_are_hashed_in_one_job)
{
	enum { MANY = 3000 };
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(engine_end) struct engine *e = engine_begin(f);
	CLEANUP(release_shard) vres_shard *shard = NULL;
	static vres_tensor tensors[MANY];
	static char names[MANY][8];
	vres_seal_params p = vres_seal_params_init();
	vres_verify_report report = vres_verify_report_init();
	uint64_t jobs, at = 1;
	vres_error err;

	p.digest_alg = VRES_DIGEST_TENSORS;
	(void)engine_segment(e, 0, MIB(2), 1);
	for (unsigned i = 0; i < MANY; i++) {
		(void)snprintf(names[i], sizeof(names[i]), "t%u", i);
		tensors[i] = vres_tensor_init();
		tensors[i].name = names[i];
		tensors[i].device_ptr = e->addresses[0] + at;
		tensors[i].bytes = 1 + i % 500;
		at += tensors[i].bytes;
	}
	ck_ok(vres_seal_tensors(f->manager, &p, tensors, MANY, &shard, &err));
	jobs = test_device_calls(f->test_device, VRES_MOCK_OP_HASH_BLOCKS);
	ck_ok(vres_shard_verify(shard, NULL, &report, &err));
	ck_assert_uint_eq(report.bytes_hashed, at - 1);
	ck_assert_uint_eq(test_device_calls(f->test_device, VRES_MOCK_OP_HASH_BLOCKS) - jobs, 1);
	ck_assert_int_eq(test_device_flip(f->test_device, tensors[2999].device_ptr, 0), VRES_OK);
	ck_refused(vres_shard_verify(shard, NULL, &report, &err), VRES_REASON_DIGEST);
	ck_assert_uint_eq(report.bad_tensors, 1);
	ck_assert_uint_eq(report.damage_count, 1);
}
END_TEST

START_TEST(scrub_finds_what_changed_in_the_smallest_tensor)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(engine_end) struct engine *e = engine_with_weights(f);
	CLEANUP(release_shard) vres_shard *shard = engine_sealed(e);
	vres_scrub_report report = vres_scrub_report_init();
	vres_error err;

	ck_ok(vres_scrub_step(f->manager, UINT64_MAX, &report, &err));
	ck_assert_uint_eq(report.bytes_hashed, info_of(shard).vram_bytes);
	engine_flip(e, 2, 0);
	ck_refused(vres_scrub_step(f->manager, UINT64_MAX, &report, &err), VRES_REASON_DIGEST);
	ck_assert_uint_eq(report.failed, 1);
	ck_assert_uint_eq(info_of(shard).state, VRES_SHARD_QUARANTINED);
}
END_TEST

START_TEST(in_the_background_the_outcome_is_the_same)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(engine_end) struct engine *e = engine_with_weights(f);
	CLEANUP(release_shard) vres_shard *shard = engine_sealed(e);
	vres_verify_params p = mode_of(VRES_VERIFY_FULL);
	vres_verify_report report = vres_verify_report_init();
	vres_error err;

	p.background = 1;
	ck_ok(vres_shard_verify(shard, &p, &report, &err));
	ck_assert_uint_eq(report.bytes_hashed, info_of(shard).vram_bytes);
	engine_flip(e, 7, GROUP - 1);
	ck_refused(vres_shard_verify(shard, &p, &report, &err), VRES_REASON_DIGEST);
	ck_assert_uint_eq(report.bad_tensors, 1);
}
END_TEST

START_TEST(tensors_and_other_shards_are_verified_in_one_call)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(engine_end) struct engine *e = engine_with_weights(f);
	CLEANUP(release_shard)
	vres_shard *tensors = engine_sealed(e), *plain = sealed(f, GROUP, 7),
		   *bad = damaged(f, BLOCK, 3);
	vres_shard *shards[] = {plain, tensors, bad};
	vres_verify_report reports[3];
	vres_error err;

	for (size_t i = 0; i < COUNT(reports); i++)
		reports[i] = vres_verify_report_init();
	ck_refused(vres_verify_many(f->manager, shards, 3, NULL, reports, &err),
	           VRES_REASON_DIGEST);
	ck_assert_int_eq(reports[0].status, VRES_OK);
	ck_assert_int_eq(reports[1].status, VRES_OK);
	ck_assert_uint_eq(reports[1].bytes_hashed, info_of(tensors).vram_bytes);
	engine_flip(e, 10, 0);
	ck_refused(vres_verify_many(f->manager, shards, 2, NULL, reports, &err),
	           VRES_REASON_DIGEST);
	ck_assert_int_eq(reports[0].status, VRES_OK);
	ck_assert_uint_eq(reports[1].bad_tensors, 1);
}
END_TEST

START_TEST(memory_of_any_segment_that_is_not_what_was_sealed_is_noticed)
{
	static const uint32_t lies[] = {VRES_MOCK_MOVED, VRES_MOCK_MANAGED};

	for (unsigned segment = 0; segment < 3; segment++)
		for (size_t i = 0; i < COUNT(lies); i++) {
			CLEANUP(finish) struct fixture *f = begin(NULL);
			CLEANUP(engine_end) struct engine *e = engine_with_weights(f);
			CLEANUP(release_shard) vres_shard *shard = engine_sealed(e);
			const vres_verify_params p = mode_of(VRES_VERIFY_SIGNATURE);
			vres_error err;

			test_device_pretend(f->test_device, e->addresses[segment], lies[i]);
			ck_refused(vres_shard_verify(shard, &p, NULL, &err), VRES_REASON_RESIDENCY);
			test_device_pretend(f->test_device, e->addresses[segment], 0);
		}
}
END_TEST

/* The callback gives the bytes of one range, so it cannot say which tensor's they are. */
START_TEST(source_of_one_range_is_refused)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(engine_end) struct engine *e = engine_with_weights(f);
	CLEANUP(release_shard) vres_shard *shard = engine_sealed(e);
	vres_verify_params p = mode_of(VRES_VERIFY_FULL);
	vres_error err;

	p.source = (vres_read_at_fn)(uintptr_t)1;
	ck_status(vres_shard_verify(shard, &p, NULL, &err), VRES_E_INVALID_INPUT);
	ck_ok(vres_shard_verify(shard, NULL, NULL, &err));
}
END_TEST

START_TEST(released_tensors_stay_their_owners)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(engine_end) struct engine *e = engine_with_weights(f);
	vres_shard *shard = engine_sealed(e);
	vres_error err;

	record_clear(&f->record);
	release_shard(&shard);
	ck_assert_uint_eq(record_count(&f->record, VRES_EVENT_VRAM_RELEASED), 1);
	ck_assert_uint_eq(record_count(&f->record, 0), 1);
	ck_assert_uint_eq(test_device_calls(f->test_device, VRES_MOCK_OP_MEM_WIPE), 0);
	ck_ok(engine_seal(e, &shard, &err));
	release_shard(&shard);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE(good_tensors_pass_in_every_mode_and_every_byte_is_looked_at, "CI-007",
	             "integrity", ""),
		CASE(damage_is_named_in_every_tensor_that_has_it_by_every_mode,
	             "CI-007 WORKER-4122 VR-004", "integrity", "bits that flip"),
		CASE(thousands_of_small_tensors_are_hashed_in_one_job, "CI-007", "integrity", ""),
		CASE(scrub_finds_what_changed_in_the_smallest_tensor, "CI-007", "integrity",
	             "bits that flip"),
		CASE(in_the_background_the_outcome_is_the_same, "CI-007", "integrity", ""),
		CASE(tensors_and_other_shards_are_verified_in_one_call, "CI-007", "integrity", ""),
		CASE(memory_of_any_segment_that_is_not_what_was_sealed_is_noticed, "VP-001 VP-005",
	             "integrity", "memory that was freed and allocated again"),
		CASE(source_of_one_range_is_refused, "VR-005", "", ""),
		CASE(released_tensors_stay_their_owners, "MS-004 WORKER-4010", "integrity",
	             "freeing what is somebody else's"),
	};

	return suite_run("tensors_verify", "verify", cases, COUNT(cases));
}
