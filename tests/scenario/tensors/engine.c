/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Days in the life of an engine: it trains, sleeps, wakes, repacks, serves and goes wrong, and the
 * library must tell right from wrong each time.  Runs over the mock's memory; over a fake CUDA
 * driver's expandable segments and cuMemAlloc; over a fake HIP runtime's hipMalloc.  Over the fake
 * drivers everything runs once more while a graph is being captured.
 */
#include "support/fixture/stand_in_life.h"

#include <string.h>

START_TEST(training_step_is_sealed_anew_when_it_is_what_the_trainer_sent)
{
	CLEANUP(life_end) struct life l = life_begin(_i);
	struct stand_in *e = l.e;
	vres_error err;
	vres_change changes[STAND_IN_TENSORS];
	char digests[STAND_IN_TENSORS][65];
	vres_resume_params p = vres_resume_params_init();

	for (unsigned step = 1; step <= 3; step++) {
		p.changes_n = 0;
		ck_ok(vres_shard_suspend(l.shard, &err));
		for (unsigned t = 0; t < e->n - 1; t++) /* the last is tied to the first */
			stand_in_update(e, t, 1000 * step + t);
		for (unsigned t = 0; t < e->n - 1; t++) {
			vres_change *c = &changes[p.changes_n];

			if (e->tensors[t].bytes == 0)
				continue;
			p.changes_n++;
			stand_in_digest(e, t, digests[t]);
			*c = vres_change_init();
			c->tensor = t;
			c->expected_digest = digests[t];
		}
		p.changes = changes;
		ck_ok(vres_shard_resume(l.shard, &p, NULL, &err));
		ck_assert_uint_eq(info_of(l.shard).epoch, step);
		ck_good(l.shard);
	}
	ck_ok(vres_shard_suspend(l.shard, &err));
	stand_in_stray(e, 0, GROUP + 7, 3); /* something else than was sent */
	ck_status(vres_shard_resume(l.shard, &p, NULL, &err), VRES_E_INTEGRITY_VIOLATION);
	ck_assert_uint_eq(info_of(l.shard).epoch, 3);
	ck_assert_uint_eq(info_of(l.shard).state, VRES_SHARD_QUARANTINED);
}
END_TEST

START_TEST(cache_beside_the_weights_may_change_and_an_overrun_by_a_byte_is_named)
{
	CLEANUP(life_end) struct life l = life_begin(_i);
	struct stand_in *e = l.e;
	struct finding found;
	vres_error err;
	const unsigned norm = stand_in_find(e, "layers.1.norm");

	for (unsigned request = 0; request < 5; request++) {
		stand_in_serve(e, 77 * request);
		ck_good(l.shard);
	}
	stand_in_stray(e, norm, 511, 1);
	ck_status(look(l.shard, &found, &err), VRES_E_SEAL_VERIFICATION_FAILED);
	ck_named(e, &found, "layers.1.norm.weight", 1);
	ck_assert_uint_eq(found.list[0].tensor, norm);
}
END_TEST

START_TEST(weights_rewritten_without_a_word_are_damage_and_may_be_put_back)
{
	CLEANUP(life_end) struct life l = life_begin(_i);
	struct stand_in *e = l.e;
	struct finding found;
	vres_error err;
	const unsigned qkv = stand_in_find(e, "layers.2.qkv.weight");

	stand_in_stray(e, qkv, 0, 70001);
	ck_status(look(l.shard, &found, &err), VRES_E_SEAL_VERIFICATION_FAILED);
	ck_assert_uint_eq(err.reason, VRES_REASON_DIGEST);
	ck_named(e, &found, "layers.2.qkv.weight", 1);
	ck_ok(vres_shard_suspend(l.shard, &err));
	stand_in_load(e, NULL);
	ck_ok(wake(l.shard, e, NULL, &found, &err));
	ck_good(l.shard);
}
END_TEST

/* A tied tensor is two names of one range. */
START_TEST(tied_weights_are_damaged_under_both_names)
{
	CLEANUP(life_end) struct life l = life_begin(_i);
	struct stand_in *e = l.e;
	struct finding found;
	vres_error err;

	stand_in_stray(e, 0, 5, 1);
	ck_status(look(l.shard, &found, &err), VRES_E_SEAL_VERIFICATION_FAILED);
	ck_assert_uint_eq(found.report.bad_tensors, 2);
	ck_assert_uint_eq(found.list[0].tensor, 0);
	ck_assert_uint_eq(found.list[1].tensor, e->n - 1);
}
END_TEST

START_TEST(sleep_that_keeps_the_weights_leaves_record_and_receipt_as_they_were)
{
	CLEANUP(life_end) struct life l = life_begin(_i);
	struct stand_in *e = l.e;
	struct finding found;
	vres_error err;
	CLEANUP(release_shard) vres_shard *found_again = NULL;
	uint8_t before[4096], after[4096];
	size_t before_n, after_n;
	uint64_t ptrs[STAND_IN_TENSORS];

	ck_ok(vres_shard_receipt(l.shard, before, sizeof(before), &before_n, &err));
	for (unsigned night = 0; night < 3; night++) {
		ck_ok(vres_shard_suspend(l.shard, &err));
		stand_in_sleep(e);
		stand_in_wake(e, ptrs);
		stand_in_load(e, NULL);
		ck_ok(wake(l.shard, e, ptrs, &found, &err));
		ck_good(l.shard);
	}
	/* A receipt is the record and its signature. */
	ck_ok(vres_shard_receipt(l.shard, after, sizeof(after), &after_n, &err));
	ck_assert_uint_eq(after_n, before_n);
	ck_assert_mem_eq(after, before, before_n);
	ck_ok(vres_receipt_open(e->f->manager, before, before_n, &found_again, &err));
}
END_TEST

START_TEST(wake_without_a_reload_is_damage_of_every_tensor)
{
	CLEANUP(life_end) struct life l = life_begin(_i);
	struct stand_in *e = l.e;
	struct finding found;
	vres_error err;
	uint64_t ptrs[STAND_IN_TENSORS];

	ck_ok(vres_shard_suspend(l.shard, &err));
	stand_in_sleep(e);
	stand_in_wake(e, ptrs);
	ck_status(wake(l.shard, e, ptrs, &found, &err), VRES_E_SEAL_VERIFICATION_FAILED);
	ck_assert_uint_eq(found.report.bad_tensors, e->n - 1); /* all but the empty one */
	ck_ok(vres_shard_suspend(l.shard, &err));
	stand_in_load(e, NULL);
	ck_ok(wake(l.shard, e, NULL, &found, &err));
	ck_good(l.shard);
}
END_TEST

/* In one engine the reload after a level-2 sleep left out the scales, which no file has. */
START_TEST(scales_zeroed_by_a_deep_sleep_are_found_and_named)
{
	CLEANUP(life_end) struct life l = life_begin(_i);
	struct stand_in *e = l.e;
	struct finding found;
	vres_error err;
	uint64_t ptrs[STAND_IN_TENSORS];

	ck_ok(vres_shard_suspend(l.shard, &err));
	stand_in_sleep(e);
	stand_in_wake(e, ptrs);
	stand_in_load(e, ".scale");
	ck_status(wake(l.shard, e, ptrs, &found, &err), VRES_E_SEAL_VERIFICATION_FAILED);
	ck_assert_uint_eq(found.report.bad_tensors, 3);
	ck_assert_uint_eq(found.report.first_bad_bytes, 4);
	ck_assert_ptr_nonnull(strstr(
		record_last(&e->f->record, VRES_EVENT_SEAL_VERIFICATION_FAILED)->tensor, ".scale"));
	ck_ok(vres_shard_suspend(l.shard, &err));
	stand_in_load(e, NULL);
	ck_ok(wake(l.shard, e, NULL, &found, &err));
	ck_assert_uint_eq(info_of(l.shard).epoch, 0);
	ck_good(l.shard);
}
END_TEST

/* docs/ENGINES.md warns of this: all_changed without expected digests seals what is there. */
START_TEST(zeroed_scales_pass_where_all_is_said_to_have_changed)
{
	CLEANUP(life_end) struct life l = life_begin(_i);
	struct stand_in *e = l.e;
	vres_error err;
	uint64_t ptrs[STAND_IN_TENSORS];
	vres_resume_params p = vres_resume_params_init();

	ck_ok(vres_shard_suspend(l.shard, &err));
	stand_in_sleep(e);
	stand_in_wake(e, ptrs);
	stand_in_load(e, ".scale");
	p.device_ptrs = ptrs;
	p.device_ptrs_n = e->n;
	p.all_changed = 1;
	ck_ok(vres_shard_resume(l.shard, &p, NULL, &err));
	ck_assert_uint_eq(info_of(l.shard).epoch, 1);
	ck_good(l.shard);
}
END_TEST

START_TEST(repacked_weights_are_found_at_their_new_places_alone)
{
	CLEANUP(life_end) struct life l = life_begin(_i);
	struct stand_in *e = l.e;
	struct finding found;
	vres_error err;
	uint64_t ptrs[STAND_IN_TENSORS], before[STAND_IN_TENSORS];

	for (unsigned t = 0; t < e->n; t++)
		before[t] = e->tensors[t].device_ptr;
	ck_ok(vres_shard_suspend(l.shard, &err));
	stand_in_repack(e, ptrs);
	/* At the old addresses there is no memory, or there are other bytes. */
	ck_assert_int_ne(wake(l.shard, e, before, &found, &err), VRES_OK);
	if (info_of(l.shard).suspended == 0)
		ck_ok(vres_shard_suspend(l.shard, &err));
	ck_ok(wake(l.shard, e, ptrs, &found, &err));
	ck_good(l.shard);
	stand_in_stray(e, stand_in_find(e, "layers.0.qkv.weight"), 70000, 1);
	ck_status(look(l.shard, &found, &err), VRES_E_SEAL_VERIFICATION_FAILED);
	ck_named(e, &found, "layers.0.qkv.weight", 1);
}
END_TEST

START_TEST(segment_may_grow_under_sealed_weights)
{
	CLEANUP(life_end) struct life l = life_begin(_i);
	struct stand_in *e = l.e;
	struct finding found;
	vres_error err;
	const vres_verify_params signature = mode_of(VRES_VERIFY_SIGNATURE);
	const bool has_grown = stand_in_grow(e);

	ck_ok(vres_shard_verify(l.shard, &signature, NULL, &err));
	ck_good(l.shard);
	suite_value("grown", has_grown);
	stand_in_stray(e, stand_in_find(e, "layers.1.qkv.weight"), 9, 1);
	ck_status(look(l.shard, &found, &err), VRES_E_SEAL_VERIFICATION_FAILED);
	ck_named(e, &found, "layers.1.qkv.weight", 1);
}
END_TEST

/* The allocator gave the block of a live tensor to somebody else, who wrote to it. */
START_TEST(block_that_was_freed_too_early_and_used_again_is_damage_of_its_tensor)
{
	CLEANUP(life_end) struct life l = life_begin(_i);
	struct stand_in *e = l.e;
	struct finding found;
	vres_error err;
	const unsigned norm = stand_in_find(e, "layers.0.norm");

	ck_assert_uint_lt(e->blocks_n, STAND_IN_BLOCKS);
	e->blocks[e->blocks_n++] = e->places[norm];
	stand_in_serve(e, 4);
	ck_status(look(l.shard, &found, &err), VRES_E_SEAL_VERIFICATION_FAILED);
	ck_named(e, &found, "layers.0.norm.weight", 1);
}
END_TEST

/* The memory went away without a suspend, so not even the right bytes bring the shard back. */
START_TEST(memory_unmapped_without_a_word_is_lost_for_good)
{
	CLEANUP(life_end) struct life l = life_begin(_i);
	struct stand_in *e = l.e;
	struct finding found;
	vres_error err;
	uint64_t ptrs[STAND_IN_TENSORS];

	stand_in_unmap(e, 0);
	ck_refused(vres_shard_verify(l.shard, NULL, NULL, &err), VRES_REASON_RESIDENCY);
	ck_ok(vres_shard_suspend(l.shard, &err));
	stand_in_sleep(e);
	stand_in_wake(e, ptrs);
	stand_in_load(e, NULL);
	ck_status(wake(l.shard, e, ptrs, &found, &err), VRES_E_SEAL_VERIFICATION_FAILED);
	ck_assert_uint_eq(err.reason, VRES_REASON_QUARANTINED);
	release_shard(&l.shard);
	l.shard = stand_in_sealed(e);
	ck_good(l.shard);
}
END_TEST

int main(void)
{
	const int kinds = (int)stand_in_world.kinds;
	const struct suite_case cases[] = {
		CASE_LOOP(training_step_is_sealed_anew_when_it_is_what_the_trainer_sent, kinds,
	                  "CI-004 CI-007", "integrity", "weights that nobody sent"),
		CASE_LOOP(cache_beside_the_weights_may_change_and_an_overrun_by_a_byte_is_named,
	                  kinds, "CI-007 VR-004", "integrity", "a write past the end of a cache"),
		CASE_LOOP(weights_rewritten_without_a_word_are_damage_and_may_be_put_back, kinds,
	                  "CI-007 VR-004", "integrity", "weights swapped under an engine"),
		CASE_LOOP(tied_weights_are_damaged_under_both_names, kinds, "CI-007",
	                  "accountability", ""),
		CASE_LOOP(sleep_that_keeps_the_weights_leaves_record_and_receipt_as_they_were,
	                  kinds, "CI-007 VP-006", "", ""),
		CASE_LOOP(wake_without_a_reload_is_damage_of_every_tensor, kinds, "CI-007",
	                  "integrity", "inference on what was left in memory"),
		CASE_LOOP(scales_zeroed_by_a_deep_sleep_are_found_and_named, kinds, "CI-007 VR-004",
	                  "integrity", "a model that answers nonsense after a sleep"),
		CASE_LOOP(zeroed_scales_pass_where_all_is_said_to_have_changed, kinds, "CI-007", "",
	                  ""),
		CASE_LOOP(repacked_weights_are_found_at_their_new_places_alone, kinds,
	                  "CI-007 VP-006", "integrity", ""),
		CASE_LOOP(segment_may_grow_under_sealed_weights, kinds, "VP-006", "availability",
	                  "a growing cache taken for tampering"),
		CASE_LOOP(block_that_was_freed_too_early_and_used_again_is_damage_of_its_tensor,
	                  kinds, "CI-007 VR-004", "integrity", "use after free on the device"),
		CASE_LOOP(memory_unmapped_without_a_word_is_lost_for_good, kinds, "VP-006 MS-004",
	                  "residency", "use after free on the device"),
	};

	return suite_run("tensors_engine", "verify", cases, COUNT(cases));
}
