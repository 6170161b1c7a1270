/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Repair: sources that are wrong, change or fail, and nothing that was not sealed is written. */
#include "support/fixture/repairing.h"

static uint64_t pushes(const struct fixture *f)
{
	return test_device_calls(f->test_device, VRES_MOCK_OP_LANE_PUSH);
}

static void ck_told(struct fixture *f, uint64_t ranges, uint64_t bytes)
{
	const vres_event *e = record_last(&f->record, VRES_EVENT_VRAM_REPAIRED);

	ck_assert_ptr_nonnull(e);
	ck_assert_uint_eq(e->ranges, ranges);
	ck_assert_uint_eq(e->repaired_bytes, bytes);
}

START_TEST(source_that_is_not_what_was_sealed_is_not_written)
{
	struct setup s = setup_init();
	CLEANUP(finish) struct fixture *f = NULL;
	CLEANUP(release_shard) vres_shard *shard = NULL;
	struct content_source wrong = {.seed = REPAIR_SEED + 1};
	uint64_t before;
	vres_error err;

	s.keep_leaves = (uint32_t)_i;
	f = begin(&s);
	shard = repair_damaged(f, NULL);
	before = pushes(f);
	ck_status_reason(repair_from(shard, &wrong, NULL, &err), VRES_E_INTEGRITY_VIOLATION,
	                 VRES_REASON_DIGEST);
	ck_assert_uint_eq(pushes(f), before);
	ck_assert_uint_eq(record_count(&f->record, VRES_EVENT_VRAM_REPAIRED), 0);
	ck_repairable(shard);
	ck_told(f, REPAIR_RANGES, REPAIR_DAMAGE);
}
END_TEST

/* Wrong from the second group on. */
static vres_status half_wrong(void *ctx, uint64_t offset, void *buf, size_t n)
{
	(void)ctx;
	content_fill(buf, n, offset < GROUP ? REPAIR_SEED : 1, offset);
	return VRES_OK;
}

START_TEST(what_the_source_still_has_is_repaired_and_the_rest_from_another)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(release_shard) vres_shard *shard = repair_damaged(f, NULL);
	vres_repair_params p = vres_repair_params_init();
	vres_error err;

	p.source = half_wrong;
	ck_status(vres_shard_repair(shard, &p, NULL, &err), VRES_E_INTEGRITY_VIOLATION);
	ck_repairable(shard);
	ck_told(f, 2, 2 * BLOCK + 5);
}
END_TEST

/* It is right while damage is located, and wrong when it is read for the write. */
START_TEST(source_that_changes_after_it_was_looked_at_is_not_written)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(release_shard) vres_shard *shard = sealed(f, GROUP, REPAIR_SEED);
	struct content_source source = repair_source();
	uint64_t before;
	vres_error err;

	flip(f, shard, 5, 5);
	before = pushes(f);
	source.lie_seed = 7;
	source.lie_at = GROUP / BLOCK + 1;
	ck_status(repair_from(shard, &source, NULL, &err), VRES_E_INTEGRITY_VIOLATION);
	ck_assert_uint_eq(source.calls, GROUP / BLOCK + 1);
	ck_assert_uint_eq(pushes(f), before);
	ck_repairable(shard);
}
END_TEST

/* It fails while damage is located, or when the first or the second range is written. */
START_TEST(source_that_fails_or_cancels_ends_the_repair_and_lifts_nothing)
{
	static const uint64_t calls[] = {1, GROUP / BLOCK, 3 * GROUP / BLOCK + 4,
	                                 3 * GROUP / BLOCK + 5};
	const bool cancels = _i % 2;
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(release_shard) vres_shard *shard = repair_damaged(f, NULL);
	struct content_source source = repair_source();
	vres_error err;

	source.fail_at = calls[_i / 2];
	source.fail_how = cancels ? VRES_E_CANCELLED : VRES_E_NOT_FOUND;
	ck_status(repair_from(shard, &source, NULL, &err), cancels ? VRES_E_CANCELLED : VRES_E_IO);
	ck_assert_uint_eq(source.calls, source.fail_at);
	ck_assert_uint_eq(record_count(&f->record, VRES_EVENT_SEAL_VERIFICATION_FAILED), 1);
	ck_repairable(shard);
}
END_TEST

/* A source that flips a bit of a good block when it is called for the write. */
struct vandal {
	struct fixture *f;
	uint64_t address;
	unsigned calls;
};

static vres_status damages_elsewhere(void *ctx, uint64_t offset, void *buf, size_t n)
{
	struct vandal *v = ctx;

	if (++v->calls == GROUP / BLOCK + 1)
		flip_at(v->f, v->address, 3 * GROUP, 1);
	content_fill(buf, n, REPAIR_SEED, offset);
	return VRES_OK;
}

START_TEST(damage_that_comes_during_a_repair_is_found_and_reported)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(release_shard) vres_shard *shard = sealed(f, REPAIR_BYTES, REPAIR_SEED);
	struct vandal vandal = {.f = f, .address = address_of(shard)};
	vres_repair_params p = vres_repair_params_init();
	vres_error err;

	flip_at(f, vandal.address, 1, 1);
	p.source = damages_elsewhere;
	p.source_ctx = &vandal;
	ck_refused(vres_shard_repair(shard, &p, NULL, &err), VRES_REASON_DIGEST);
	ck_assert_uint_eq(record_count(&f->record, VRES_EVENT_SEAL_VERIFICATION_FAILED), 2);
	ck_assert_uint_eq(record_count(&f->record, VRES_EVENT_VRAM_REPAIRED), 0);
	ck_repairable(shard);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE_LOOP(source_that_is_not_what_was_sealed_is_not_written, 2, "CI-007 VR-004",
	                  "integrity", "a source that was swapped"),
		CASE(what_the_source_still_has_is_repaired_and_the_rest_from_another, "CI-007",
	             "availability", "a source that is damaged too"),
		CASE(source_that_changes_after_it_was_looked_at_is_not_written, "CI-007",
	             "integrity", "a source that changes between check and use"),
		CASE_LOOP(source_that_fails_or_cancels_ends_the_repair_and_lifts_nothing, 8,
	                  "CI-007 WORKER-4150", "integrity", ""),
		CASE(damage_that_comes_during_a_repair_is_found_and_reported, "CI-007 VR-004",
	             "integrity", "damage that a repair hides"),
	};

	return suite_run("verify_repair_source", "verify", cases, COUNT(cases));
}
