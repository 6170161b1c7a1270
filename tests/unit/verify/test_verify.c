/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a verification concludes: what is the backend's trouble and what is damage, what a
 * quarantine by others means, and which lanes are used.
 */
#include "support/suite/alloc.h"
#include "verify/content.h"
#include "device/vram_digest_many.h"
#include "unit/fixture/fake_backend.h"
#include "support/suite/status.h"
#include "support/suite/suite.h"
#include "unit/fixture/verify_fixture.h"

/*
 * vres_verify_many() concludes only when all its shards have been checked, and may be given one
 * shard twice.
 */
START_TEST(check_that_saw_no_damage_makes_nothing_of_a_shard_that_others_have_quarantined_since)
{
	CLEANUP(verify_end) struct verify_fixture *fixture = verify_begin(0, 0);
	const vres_shard *s = fixture->shard;
	vres_verify_params params = vres_verify_params_init();
	vres_verify_report report;
	CLEANUP(vres_verify_close) struct verification v = {.shard = NULL};
	uint64_t verified_at, fresh, verified;
	vres_error err;

	vres_verify_check(&v, fixture->shard, &params);
	ck_assert_int_eq(v.report.status, VRES_OK);
	fake_backend_bytes(&fixture->shard->contents->memory.mem)[0] ^= 1;
	ck_refused(verify_as(fixture, VRES_VERIFY_FULL, 0, &report, &err), VRES_REASON_DIGEST);
	verified_at = atomic_load(&s->contents->verified_at);
	fresh = atomic_load(&s->contents->fresh[0]);
	verified = atomic_load(&fixture->manager->counters.verifies[OUTCOME_OK][VRES_VERIFY_FULL]);
	ck_refused(vres_verify_conclude(&v, &err), VRES_REASON_QUARANTINED);
	ck_assert_uint_eq(atomic_load(&s->contents->verified_at), verified_at);
	ck_assert_uint_eq(atomic_load(&s->contents->fresh[0]), fresh);
	ck_assert_uint_eq(
		atomic_load(&fixture->manager->counters.verifies[OUTCOME_OK][VRES_VERIFY_FULL]),
		verified);
	ck_assert_uint_eq(fixture->incidents, 1);
}
END_TEST

START_TEST(verdict_is_in_the_shard_before_its_check_stops_counting)
{
	CLEANUP(verify_end) struct verify_fixture *fixture = verify_begin(0, 0);
	CLEANUP(vres_verify_close) struct verification v = {.shard = NULL};
	vres_verify_params params = vres_verify_params_init();
	vres_shard *s = fixture->shard;
	vres_error err;

	fake_backend_bytes(&s->contents->memory.mem)[0] ^= 1;
	vres_verify_begin(&v, s, &params, VERIFY_AS_ASKED);
	ck_assert_uint_eq(s->checks, 1);
	ck_assert_uint_eq(atomic_load(&s->state), VRES_SHARD_SEALED);
	vres_verify_finish(&v);
	ck_assert_uint_eq(s->checks, 0);
	ck_assert_uint_eq(atomic_load(&s->state), VRES_SHARD_QUARANTINED);
	ck_assert_uint_eq(fixture->incidents, 0); /* not before it is concluded */
	ck_refused(vres_verify_conclude(&v, &err), VRES_REASON_DIGEST);
	ck_assert_uint_eq(fixture->incidents, 1);
}
END_TEST

START_TEST(check_that_is_refused_is_not_counted)
{
	CLEANUP(verify_end) struct verify_fixture *fixture = verify_begin(0, 0);
	CLEANUP(vres_verify_close) struct verification v = {.shard = NULL};
	vres_verify_params params = vres_verify_params_init();

	params.mode = VRES_VERIFY_READBACK;
	vres_verify_begin(&v, fixture->shard, &params, VERIFY_AS_ASKED);
	ck_assert(v.was_refused);
	ck_assert_uint_eq(fixture->shard->checks, 0);
	vres_verify_finish(&v);
	ck_assert_uint_eq(fixture->shard->checks, 0);
}
END_TEST

/* The check began with other contents, which are no longer in place when it is concluded. */
START_TEST(conclusion_about_earlier_contents_makes_nothing_fresh)
{
	CLEANUP(verify_end) struct verify_fixture *fixture = verify_begin(0, 0);
	struct verification v = {.shard = NULL};
	vres_verify_params params = vres_verify_params_init();
	vres_shard *s = fixture->shard;
	struct vres_contents *earlier = s->contents,
			     *later = vres_contents_create(s->manager, &earlier->record, &s->shape,
	                                                   NULL);
	vres_error err;

	ck_assert_ptr_nonnull(later);
	later->generation = 1;
	vres_verify_check(&v, s, &params);
	s->contents = later;
	ck_ok(vres_verify_conclude(&v, &err));
	for (size_t i = 0; i < COUNT(later->fresh); i++)
		ck_assert_uint_eq(atomic_load(&later->fresh[i]), 0);
	ck_assert_uint_eq(atomic_load(&later->verified_at), 0);
	ck_assert(!vres_shard_lease(s, v.contents->generation));
	ck_assert_uint_eq(s->leased, 0);
	s->contents = earlier;
	vres_contents_unuse(&later);
	vres_verify_close(&v);
}
END_TEST

START_TEST(good_verification_of_any_mode_is_dated)
{
	CLEANUP(verify_end) struct verify_fixture *fixture = verify_begin(VRES_ALLOW_READBACK, 0);
	vres_verify_report report;
	vres_error err;

	for (uint32_t mode = VRES_VERIFY_FULL; mode <= VRES_VERIFY_READBACK; mode++) {
		atomic_store(&fixture->shard->contents->verified_at, 1);
		ck_ok(verify_as(fixture, mode, 0, &report, &err));
		ck_assert_uint_gt(atomic_load(&fixture->shard->contents->verified_at), 1);
	}
}
END_TEST

static void lie(struct fake_backend *p, unsigned which)
{
	p->echoes_nothing = which == 0;
	p->echoes_wrongly = which == 1;
	p->writes_no_digests = which == 2;
	p->pulls_nothing = which == 3;
	p->pulls_at_most = which == 4 ? 5000 : 0;
	p->answer[FAKE_LANE_WAIT] = which == 5 ? VRES_E_SEAL_VERIFICATION_FAILED : VRES_OK;
	p->answer[FAKE_LANE_OPEN] = which == 6 ? VRES_E_BUSY : VRES_OK;
	p->answer[FAKE_MEM_RESIDENCY] = which == 7 ? VRES_E_INTEGRITY_VIOLATION : VRES_OK;
}

/*
 * Nothing is known about the bytes then: no quarantine, no incident, and the shard is good once the
 * backend works again.
 */
START_TEST(trouble_of_the_backend_is_never_called_tampering)
{
	static const uint32_t modes[] = {VRES_VERIFY_SAMPLED, VRES_VERIFY_FULL,
	                                 VRES_VERIFY_READBACK};
	CLEANUP(verify_end) struct verify_fixture *fixture = verify_begin(VRES_ALLOW_READBACK, 0);
	vres_verify_report report;
	unsigned troubled = 0;
	vres_error err;

	for (unsigned which = 0; which < 8; which++)
		for (size_t i = 0; i < COUNT(modes); i++) {
			const bool by_readback = modes[i] == VRES_VERIFY_READBACK;
			const bool matters = which >= 5 || (which >= 3) == by_readback;
			vres_status status;

			lie(fixture->fake, which);
			status = verify_as(fixture, modes[i], 0, &report, &err);
			ck_assert_int_eq(status, !matters     ? VRES_OK
			                         : which == 6 ? VRES_E_BUSY
			                                      : VRES_E_BACKEND);
			ck_assert_int_eq(report.status, status);
			troubled += matters;
			lie(fixture->fake, UINT32_MAX);
		}
	ck_assert_uint_eq(troubled, 3 * 2 + 2 + 3 * 3);
	ck_assert_uint_eq(fixture->incidents, 0);
	ck_assert_uint_eq(atomic_load(&fixture->shard->state), VRES_SHARD_SEALED);
	ck_ok(verify_as(fixture, VRES_VERIFY_FULL, 0, &report, &err));
}
END_TEST

/* A seal must not sign on the word of a backend that did nothing. */
START_TEST(seal_over_a_backend_that_lies_fails_and_accuses_nobody)
{
	CLEANUP(verify_end) struct verify_fixture *fixture = verify_begin(0, 0);
	const vres_seal_params params = vres_seal_params_init();
	const uint8_t data[5000] = {1};
	vres_error err;

	for (unsigned which = 0; which < 3; which++) {
		vres_shard *shard = NULL;

		lie(fixture->fake, which);
		ck_status(vres_seal_memory(fixture->manager, &params, data, sizeof(data), &shard,
		                           &err),
		          VRES_E_BACKEND);
		ck_assert_ptr_null(shard);
	}
	lie(fixture->fake, UINT32_MAX);
	ck_assert_uint_eq(fixture->incidents, 0);
	ck_assert_uint_eq(fixture->shard->device->ledger.sums.filling, 0);
	ck_assert_uint_eq(fixture->shard->device->ledger.sums.pending, 0);
}
END_TEST

START_TEST(background_work_goes_on_lanes_of_low_priority_and_other_work_does_not)
{
	CLEANUP(verify_end)
	struct verify_fixture *fixture =
		verify_begin(VRES_ALLOW_READBACK | VRES_ALLOW_PINNED_STAGING, 0);
	vres_verify_params p = vres_verify_params_init();
	vres_shard *twice[] = {fixture->shard, fixture->shard};
	vres_error err;

	for (p.mode = VRES_VERIFY_FULL; p.mode <= VRES_VERIFY_READBACK; p.mode++) {
		if (p.mode == VRES_VERIFY_SIGNATURE)
			continue;
		p.background = 1;
		ck_ok(vres_shard_verify(fixture->shard, &p, NULL, &err));
		ck_assert_uint_eq(fixture->fake->lane_flags,
		                  VRES_LANE_PINNED | VRES_LANE_LOW_PRIORITY);
		p.background = 0;
		ck_ok(vres_shard_verify(fixture->shard, &p, NULL, &err));
		ck_assert_uint_eq(fixture->fake->lane_flags, VRES_LANE_PINNED);
		p.background = 1;
		ck_ok(vres_verify_many(fixture->manager, twice, COUNT(twice), &p, NULL, &err));
		ck_assert_uint_eq(fixture->fake->lane_flags,
		                  VRES_LANE_PINNED | VRES_LANE_LOW_PRIORITY);
	}
}
END_TEST

static uint64_t hash_calls(const struct verify_fixture *fixture)
{
	return atomic_load(&fixture->fake->calls[FAKE_HASH]);
}

/*
 * The shard is larger than a slice.  It is verified alone, and as two shards that would otherwise
 * share a job.
 */
START_TEST(background_work_hashes_no_more_than_a_slice_at_once)
{
	CLEANUP(verify_end) struct verify_fixture *fixture = verify_begin(0, 0);
	const vres_seal_params seal = vres_seal_params_init();
	vres_verify_params p = vres_verify_params_init();
	uint8_t *data = test_alloc((size_t)SLICE_BYTES + 5);
	vres_shard *shards[2];
	uint64_t before;
	vres_error err;

	ck_ok(vres_seal_memory(fixture->manager, &seal, data, SLICE_BYTES + 5, &shards[0], &err));
	shards[1] = shards[0];
	test_free(data);
	before = hash_calls(fixture);
	ck_ok(vres_shard_verify(shards[1], &p, NULL, &err));
	ck_assert_uint_eq(hash_calls(fixture) - before, 1);
	ck_ok(vres_verify_many(fixture->manager, shards, 2, &p, NULL, &err));
	ck_assert_uint_eq(hash_calls(fixture) - before, 2);
	p.background = 1;
	fixture->fake->hashed_count = 0;
	ck_ok(vres_shard_verify(shards[1], &p, NULL, &err));
	ck_assert_uint_eq(hash_calls(fixture) - before, 2 + 2);
	ck_ok(vres_verify_many(fixture->manager, shards, 2, &p, NULL, &err));
	ck_assert_uint_eq(hash_calls(fixture) - before, 2 + 2 + 4);
	for (size_t i = 0; i < fixture->fake->hashed_count; i++)
		ck_assert_uint_le(fixture->fake->hashed[i].bytes, SLICE_BYTES);
	vres_shard_release(shards[1]);
}
END_TEST

/*
 * What is signed must have been hashed after nobody could write any more.  Without
 * VRES_REQUIRE_READONLY each piece is hashed once, as it arrives.
 */
START_TEST(read_only_mapping_is_hashed_after_it_was_protected)
{
	CLEANUP(verify_end)
	struct verify_fixture *read_only = verify_begin_with(0, VRES_REQUIRE_READONLY, 0);
	CLEANUP(verify_end) struct verify_fixture *plain = verify_begin_with(0, 0, 0);

	ck_assert_uint_eq(atomic_load(&read_only->fake->calls[FAKE_MEM_PROTECT]), 1);
	ck_assert_uint_eq(read_only->fake->hashed_unprotected, 0);
	ck_assert_uint_eq(read_only->fake->hashed_count, 1);
	ck_assert_uint_eq(read_only->fake->hashed[0].bytes, BYTES);
	ck_assert_uint_eq(plain->fake->hashed_count, 1);
	ck_assert_uint_eq(plain->fake->hashed[0].bytes, BYTES);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE(check_that_saw_no_damage_makes_nothing_of_a_shard_that_others_have_quarantined_since,
	             "VR-004 WORKER-4161", "accountability", "a damaged shard said to be verified"),
		CASE(verdict_is_in_the_shard_before_its_check_stops_counting, "", "integrity",
	             "damage that is found and not yet known while the shard changes"),
		CASE(check_that_is_refused_is_not_counted, "", "availability", ""),
		CASE(conclusion_about_earlier_contents_makes_nothing_fresh, "", "integrity",
	             "a lease for bytes that were not checked"),
		CASE(good_verification_of_any_mode_is_dated, "VR-004", "accountability", ""),
		CASE(trouble_of_the_backend_is_never_called_tampering,
	             "WORKER-4032 WORKER-4151 CI-007 WORKER-4995", "integrity",
	             "driver trouble taken for tampering, driver trouble taken for success"),
		CASE(seal_over_a_backend_that_lies_fails_and_accuses_nobody,
	             "WORKER-4032 WORKER-4113", "integrity",
	             "bytes that were never looked at are signed"),
		CASE(background_work_goes_on_lanes_of_low_priority_and_other_work_does_not,
	             "WORKER-4121", "availability", "a check that stands in the way of inference"),
		CASE(background_work_hashes_no_more_than_a_slice_at_once, "WORKER-4121",
	             "availability", "a check that stands in the way of inference"),
		CASE(read_only_mapping_is_hashed_after_it_was_protected, "WORKER-4113 VR-001",
	             "integrity", "a write between check and seal"),
	};

	return suite_run("unit.verify", "unit", cases, COUNT(cases));
}
