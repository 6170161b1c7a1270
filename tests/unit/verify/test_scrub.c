/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A pass of the scrub, step by step.  The kept digests are checked at its beginning and end, and a
 * part counts only in the pass in which it was claimed.
 */
#include "support/suite/alloc.h"
#include "device/vram_digest_many.h"
#include "unit/fixture/fake_backend.h"
#include "support/suite/status.h"
#include "support/suite/suite.h"
#include "unit/fixture/verify_fixture.h"

static vres_status scrub(struct verify_fixture *fixture, vres_scrub_report *report, vres_error *err)
{
	*report = vres_scrub_report_init();
	return vres_scrub_step(fixture->manager, 1, report, err);
}

static bool claim_part(struct verify_fixture *fixture, uint64_t bytes, uint64_t since,
                       struct scrub_part *out)
{
	return vres_scrub_claim(&fixture->manager->scrub, bytes, vres_os_monotonic(), since, out);
}

static void conclude(struct verify_fixture *fixture, const struct scrub_part *part,
                     enum scrub_outcome outcome)
{
	vres_scrub_conclude(&fixture->manager->scrub, part, outcome);
}

/*
 * A kept digest is changed in the middle of a pass: one that was used already, which the end of the
 * pass must notice, and one that was not.
 */
START_TEST(scrub_does_not_believe_kept_digests_that_were_changed)
{
	static const size_t changed[] = {0, 69};
	CLEANUP(verify_end) struct verify_fixture *fixture = verify_begin(0, 0);
	vres_status status = VRES_OK;
	vres_scrub_report report;
	uint64_t hashed;
	vres_error err;

	ck_ok(scrub(fixture, &report, &err));
	hashed = report.bytes_hashed;
	ck_assert_uint_gt(hashed, UNIT);
	fixture->shard->contents->kept[32 * changed[_i] + 31] ^= 1;
	for (; status == VRES_OK && hashed < BYTES; hashed += report.bytes_hashed)
		status = scrub(fixture, &report, &err);
	ck_assert_int_eq(status, VRES_E_SEAL_VERIFICATION_FAILED);
	ck_assert_uint_eq(err.reason, VRES_REASON_DIGEST);
	ck_assert_ptr_nonnull(strstr(err.message, "kept level"));
	ck_assert_uint_eq(hashed, BYTES);
	ck_assert_uint_eq(fixture->incidents, 1);
}
END_TEST

/* They are checked before anything in VRAM is hashed. */
START_TEST(scrub_checks_the_kept_digests_first)
{
	CLEANUP(verify_end) struct verify_fixture *fixture = verify_begin(0, 0);
	vres_scrub_report report;
	vres_error err;

	fixture->shard->contents->kept[32 * 69 + 31] ^= 1;
	ck_refused(scrub(fixture, &report, &err), VRES_REASON_DIGEST);
	ck_assert_uint_eq(report.bytes_hashed, 0);
	ck_assert_uint_eq(fixture->fake->hashed_count, 0);
	ck_assert_uint_eq(report.failed, 1);
}
END_TEST

/*
 * Two callers have claimed a part each.  The first could not check hers, so the pass begins again,
 * and the other part is one of the old pass.
 */
START_TEST(scrub_does_not_count_parts_of_a_pass_that_was_given_up)
{
	CLEANUP(verify_end) struct verify_fixture *fixture = verify_begin(0, 0);
	const struct scrub_place *place = &fixture->shard->scrub;
	const uint64_t since = vres_os_monotonic();
	struct scrub_part one, other;

	ck_assert(claim_part(fixture, 3 * UNIT, since, &one));
	ck_assert(claim_part(fixture, 3 * UNIT, since, &other));
	ck_assert_uint_eq(other.first, 3);
	conclude(fixture, &one, SCRUB_UNCHECKED);
	/* Nobody gets the shard before it is tried again. */
	ck_assert(!claim_part(fixture, UNIT, since, &one));
	vres_scrub_retry(&fixture->manager->scrub);
	ck_assert(claim_part(fixture, 2 * UNIT, since, &one));
	ck_assert_uint_eq(one.first, 0);
	conclude(fixture, &other, SCRUB_GOOD);
	ck_assert_uint_eq(place->checked, 0);
	conclude(fixture, &one, SCRUB_GOOD);
	ck_assert_uint_eq(place->checked, 2);
	ck_assert_uint_lt(place->checked_since, since);
	ck_assert(claim_part(fixture, UNITS * UNIT, since, &one));
	ck_assert_uint_eq(one.units, UNITS - 2);
	conclude(fixture, &one, SCRUB_GOOD);
	ck_assert_uint_ge(place->checked_since, since);
	/* Every unit has been checked since. */
	ck_assert(!claim_part(fixture, UNIT, since, &one));
}
END_TEST

/*
 * A step that ends a pass begins the next one, but goes no further than to where it began itself.
 */
START_TEST(scrub_goes_round_once_from_wherever_it_comes_in)
{
	CLEANUP(verify_end) struct verify_fixture *fixture = verify_begin(0, 0);
	uint64_t since = vres_os_monotonic();
	struct scrub_part part;

	ck_assert(claim_part(fixture, 3 * UNIT, since, &part));
	conclude(fixture, &part, SCRUB_GOOD);
	for (unsigned round = 0; round < 3; round++) {
		since = vres_os_monotonic();
		ck_assert(claim_part(fixture, UINT64_MAX, since, &part));
		ck_assert_uint_eq(part.first, 3);
		ck_assert_uint_eq(part.units, UNITS - 3);
		conclude(fixture, &part, SCRUB_GOOD);
		ck_assert(claim_part(fixture, UINT64_MAX, since, &part));
		ck_assert_uint_eq(part.first, 0);
		ck_assert_uint_eq(part.units, 3);
		conclude(fixture, &part, SCRUB_GOOD);
		ck_assert(!claim_part(fixture, UINT64_MAX, since, &part));
	}
}
END_TEST

/*
 * What another step has checked counts for a step that began before that, but not for one that
 * began later.
 */
START_TEST(scrub_counts_what_others_have_checked_since)
{
	CLEANUP(verify_end) struct verify_fixture *fixture = verify_begin(0, 0);
	const uint64_t early = vres_os_monotonic(), late = early + 1;
	struct scrub_part part;

	ck_assert(claim_part(fixture, 3 * UNIT, early, &part));
	conclude(fixture, &part, SCRUB_GOOD);
	ck_assert(claim_part(fixture, 4 * UNIT, late, &part));
	conclude(fixture, &part, SCRUB_GOOD);
	ck_assert(claim_part(fixture, UINT64_MAX, early, &part));
	ck_assert_uint_eq(part.first, 7);
	conclude(fixture, &part, SCRUB_GOOD);
	fixture->shard->scrub.checked_since =
		early; /* as if the first part had been claimed right away */
	ck_assert(!claim_part(fixture, UINT64_MAX, early, &part));
	ck_assert(claim_part(fixture, UINT64_MAX, late, &part));
	ck_assert_uint_eq(part.first, 0);
	ck_assert_uint_eq(part.units, 3);
	conclude(fixture, &part, SCRUB_GOOD);
	ck_assert(!claim_part(fixture, UINT64_MAX, late, &part));
}
END_TEST

/* Another thread may find damage after the part was claimed.  That thread has reported it. */
START_TEST(shard_that_others_quarantined_since_its_part_was_claimed_is_no_failure_of_the_scrub)
{
	CLEANUP(verify_end) struct verify_fixture *fixture = verify_begin(0, 0);
	vres_scrub_report report;
	vres_error err;

	atomic_store(&fixture->shard->state, VRES_SHARD_QUARANTINED);
	ck_ok(scrub(fixture, &report, &err));
	ck_assert_uint_eq(report.failed, 0);
	ck_assert_uint_eq(report.bytes_hashed, 0);
	ck_assert_uint_eq(fixture->incidents, 0);
}
END_TEST

/* When the call returns, it ends the shard.  A scrub that claimed it would end it a second time. */
START_TEST(shard_that_only_a_call_holds_is_neither_claimed_nor_counted)
{
	CLEANUP(verify_end) struct verify_fixture *fixture = verify_begin(0, 0);
	const struct scrub_queue *queue = &fixture->manager->scrub;
	const uint64_t now = vres_os_monotonic();
	struct vres_shard *held = vres_shard_hold(fixture->shard);
	struct scrub_part part;

	ck_assert(vres_shard_lease(held, 0));
	vres_shard_release(TAKE(fixture->shard));
	ck_assert(claim_part(fixture, UNIT, now, &part)); /* the lease still keeps the shard */
	ck_assert_uint_gt(vres_scrub_oldest_age(queue, now), 0);
	vres_shard_unlease(held);
	ck_assert(!claim_part(fixture, UNIT, now, &part));
	ck_assert_uint_eq(vres_scrub_oldest_age(queue, now), 0);
	ck_assert_uint_eq(queue->shards, 0);
	ck_assert_uint_eq(queue->bytes, 0);
	conclude(fixture, &part, SCRUB_GOOD);
	ck_assert(!claim_part(fixture, UNIT, now, &part));
	vres_shard_unhold(&held);
}
END_TEST

/* The fixture's shard, and two that were sealed later and have a few bytes. */
struct trio {
	struct verify_fixture *fixture;
	vres_shard *shards[3];
};

static struct trio trio_begin(void)
{
	struct trio t = {.fixture = verify_begin(0, 0)};
	const vres_seal_params seal = vres_seal_params_init();
	vres_error err;

	t.shards[0] = t.fixture->shard;
	for (size_t i = 1; i < COUNT(t.shards); i++)
		ck_ok(vres_seal_memory(t.fixture->manager, &seal, "abc", 3, &t.shards[i], &err));
	return t;
}

static void trio_end(struct trio *t)
{
	for (size_t i = 1; i < COUNT(t->shards); i++)
		vres_shard_release(t->shards[i]);
	verify_end(&t->fixture);
}

/* Claims all of the shard whose turn it is, and asserts that this is @shard. */
static struct scrub_part claim_all(const struct trio *t, size_t shard)
{
	struct scrub_part part = {.place = NULL};

	ck_assert(claim_part(t->fixture, BYTES + UNIT, vres_os_monotonic(), &part));
	ck_assert_ptr_eq(part.place->shard, t->shards[shard]);
	return part;
}

/* Shards take turns by when their last pass began, not by when it ended. */
START_TEST(shard_whose_pass_took_longest_is_the_first_again)
{
	CLEANUP(trio_end) struct trio t = trio_begin();
	struct scrub_part first = claim_all(&t, 0), second = claim_all(&t, 1),
			  third = claim_all(&t, 2);

	conclude(t.fixture, &third, SCRUB_GOOD);
	conclude(t.fixture, &first, SCRUB_GOOD);
	conclude(t.fixture, &second, SCRUB_GOOD);
	for (size_t i = 0; i < 3; i++) {
		struct scrub_part part = claim_all(&t, i);

		conclude(t.fixture, &part, SCRUB_GOOD);
	}
}
END_TEST

START_TEST(shards_in_trouble_grow_older_and_have_their_turn_by_age_when_they_are_tried_again)
{
	CLEANUP(trio_end) struct trio t = trio_begin();
	const uint64_t sealed = t.shards[0]->scrub.checked_since;
	struct scrub_part part;
	uint64_t now;

	for (size_t i = 0; i < 2; i++) {
		part = claim_all(&t, i);
		conclude(t.fixture, &part, SCRUB_UNCHECKED);
	}
	now = vres_os_monotonic();
	ck_assert_uint_eq(vres_scrub_oldest_age(&t.fixture->manager->scrub, now), now - sealed);
	ck_assert_uint_eq(t.fixture->manager->scrub.shards, 3);
	vres_scrub_retry(&t.fixture->manager->scrub);
	vres_scrub_retry(&t.fixture->manager->scrub);
	for (size_t i = 0; i < 3; i++) {
		part = claim_all(&t, i);
		conclude(t.fixture, &part, SCRUB_GOOD);
	}
}
END_TEST

/*
 * A part is hashed in one piece, and other work of the device waits for it.  So there is a limit to
 * its size, even if the step has much time.
 */
START_TEST(parts_grow_step_by_step_and_never_past_a_slice)
{
	/* parts of at most 1, 8, 64 and 64 MiB, and the rest */
	const size_t bytes = (size_t)138 << 20;
	CLEANUP(verify_end) struct verify_fixture *fixture = verify_begin(0, 0);
	const vres_seal_params seal = vres_seal_params_init();
	vres_scrub_report report = vres_scrub_report_init();
	uint8_t *data = test_alloc(bytes);
	vres_shard *shard = NULL;
	const struct fake_backend *p = fixture->fake;
	vres_error err;

	ck_ok(vres_seal_memory(fixture->manager, &seal, data, bytes, &shard, &err));
	test_free(data);
	vres_shard_release(TAKE(fixture->shard));
	fixture->fake->hashed_count = 0;
	ck_ok(vres_scrub_step(fixture->manager, UINT64_MAX, &report, &err));
	ck_assert_uint_eq(report.bytes_hashed, bytes);
	ck_assert_uint_eq(p->lane_flags, VRES_LANE_LOW_PRIORITY);
	ck_assert_uint_ge(p->hashed_count, 5);
	ck_assert_uint_le(p->hashed[0].bytes, (uint64_t)1 << 20);
	for (size_t i = 1; i < p->hashed_count; i++) {
		ck_assert_uint_le(p->hashed[i].bytes, 8 * p->hashed[i - 1].bytes);
		ck_assert_uint_le(p->hashed[i].bytes, SLICE_BYTES);
	}
	vres_shard_release(shard);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE_LOOP(scrub_does_not_believe_kept_digests_that_were_changed, 2, "CI-007 VR-004",
	                  "integrity", "digests changed in host memory"),
		CASE(scrub_checks_the_kept_digests_first, "CI-007 VR-004", "integrity",
	             "digests changed in host memory"),
		CASE(scrub_does_not_count_parts_of_a_pass_that_was_given_up, "CI-007", "integrity",
	             "a part that nobody checked is counted"),
		CASE(scrub_goes_round_once_from_wherever_it_comes_in, "CI-007", "integrity",
	             "a part that nobody checked is counted"),
		CASE(scrub_counts_what_others_have_checked_since, "CI-007 VR-008", "integrity",
	             "a part that nobody checked is counted"),
		CASE(shard_that_others_quarantined_since_its_part_was_claimed_is_no_failure_of_the_scrub,
	             "WORKER-4161", "accountability", "flood of alarms"),
		CASE(shard_that_only_a_call_holds_is_neither_claimed_nor_counted, "VR-008",
	             "integrity", "double free"),
		CASE(shard_whose_pass_took_longest_is_the_first_again, "CI-007", "integrity",
	             "a shard whose turn does not come"),
		CASE(shards_in_trouble_grow_older_and_have_their_turn_by_age_when_they_are_tried_again,
	             "CI-007 WORKER-4151", "integrity",
	             "a shard whose turn does not come, an age that is too good"),
		CASE(parts_grow_step_by_step_and_never_past_a_slice, "WORKER-4121", "availability",
	             "a check that stands in the way of inference"),
	};

	return suite_run("unit.scrub", "unit", cases, COUNT(cases));
}
