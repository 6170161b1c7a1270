/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which verifications make a shard fresh enough for a lease, and what happens if the manager stops
 * or the shard is quarantined meanwhile.  A unit is a group of 32 blocks of 1 KiB.
 */
#include "device/policy.h"
#include "support/suite/status.h"
#include "support/suite/suite.h"
#include "unit/fixture/fake_backend.h"
#include "unit/fixture/verify_fixture.h"

#define LONG    (UINT64_C(3600) * 1000000000)
#define SAMPLED 4u /* the number of units that the policy wants sampled */

/* Two things that may happen while the sink is told of a good verification. */
static void stop_manager(struct verify_fixture *fixture, const vres_event *event)
{
	if (event->type == VRES_EVENT_SEAL_VERIFIED)
		vres_manager_stop(fixture->manager);
}

static void quarantine(struct verify_fixture *fixture, const vres_event *event)
{
	if (event->type == VRES_EVENT_SEAL_VERIFIED)
		atomic_store(&fixture->shard->state, VRES_SHARD_QUARANTINED);
}

/*
 * A shard of 8 units.  Leases sample SAMPLED of them.  The freshness that sealing gives is taken
 * away.
 */
static struct verify_fixture *begin(void)
{
	vres_policy policy = vres_policy_init();
	struct verify_fixture *fixture;

	policy.allow = VRES_ALLOW_WEAK_LEASE;
	policy.lease_verify = VRES_VERIFY_SAMPLED;
	policy.lease_max_age = LONG;
	policy.sample_units = SAMPLED;
	fixture = verify_begin_policy(&policy, 0, 8 * UNIT);
	for (size_t i = 0; i < COUNT(fixture->shard->contents->fresh); i++)
		atomic_store(&fixture->shard->contents->fresh[i], 0);
	return fixture;
}

static void release(vres_lease **lease)
{
	vres_lease_release(*lease);
}

/* Acquires a lease.  Returns the number of units that were hashed for it. */
static size_t hashed_by_a_lease(struct verify_fixture *fixture)
{
	CLEANUP(release) vres_lease *lease = NULL;
	vres_error err;

	fixture->fake->hashed_count = 0;
	ck_ok(vres_lease_acquire(fixture->shard, &lease, &err));
	return fixture->fake->hashed_count;
}

static void sample(struct verify_fixture *fixture, uint32_t units)
{
	vres_verify_params p = vres_verify_params_init();
	vres_error err;

	p.mode = VRES_VERIFY_SAMPLED;
	p.sample_units = units;
	ck_ok(vres_shard_verify(fixture->shard, &p, NULL, &err));
}

/*
 * The policy's number is in the signed record.  A caller may sample fewer units, but a lease does
 * not count that.
 */
START_TEST(sample_of_fewer_units_than_policy_wants_serves_no_lease)
{
	static const uint32_t fewer[] = {1, SAMPLED - 1};

	for (size_t i = 0; i < COUNT(fewer); i++) {
		CLEANUP(verify_end) struct verify_fixture *fixture = begin();

		sample(fixture, fewer[i]);
		ck_assert_uint_eq(
			atomic_load(&fixture->shard->contents
		                             ->fresh[vres_policy_strength(VRES_VERIFY_SAMPLED)]),
			0);
		ck_assert_uint_ne(
			atomic_load(&fixture->shard->contents
		                             ->fresh[vres_policy_strength(VRES_VERIFY_SIGNATURE)]),
			0);
		ck_assert_uint_eq(hashed_by_a_lease(fixture), SAMPLED);
		/* the lease's own sample was large enough */
		ck_assert_uint_eq(hashed_by_a_lease(fixture), 0);
	}
}
END_TEST

START_TEST(sample_of_as_many_units_as_policy_wants_or_more_serves_leases)
{
	static const uint32_t enough[] = {0, SAMPLED, SAMPLED + 1, UINT32_MAX};

	for (size_t i = 0; i < COUNT(enough); i++) {
		CLEANUP(verify_end) struct verify_fixture *fixture = begin();

		sample(fixture, enough[i]);
		ck_assert_uint_eq(hashed_by_a_lease(fixture), 0);
	}
}
END_TEST

/* If the policy wants more units than there are, a sample of all of them is enough. */
START_TEST(sample_of_all_units_serves_leases)
{
	CLEANUP(verify_end) struct verify_fixture *fixture = begin();

	fixture->manager->policy.sample_units = 100;
	sample(fixture, 7);
	ck_assert_uint_eq(hashed_by_a_lease(fixture), 8);
	for (size_t i = 0; i < COUNT(fixture->shard->contents->fresh); i++)
		atomic_store(&fixture->shard->contents->fresh[i], 0);
	sample(fixture, 8);
	ck_assert_uint_eq(hashed_by_a_lease(fixture), 0);
}
END_TEST

/* The clock may have gone backwards. */
START_TEST(verification_of_the_future_serves_no_lease)
{
	CLEANUP(verify_end) struct verify_fixture *fixture = begin();

	sample(fixture, 0);
	for (size_t i = 0; i < COUNT(fixture->shard->contents->fresh); i++)
		atomic_store(&fixture->shard->contents->fresh[i], vres_os_monotonic() + LONG);
	ck_assert_uint_eq(hashed_by_a_lease(fixture), SAMPLED);
}
END_TEST

/* A verification may be of any age here, but there has to be one. */
START_TEST(shard_that_was_never_verified_so_is_not_fresh_for_ever)
{
	CLEANUP(verify_end) struct verify_fixture *fixture = begin();

	fixture->manager->policy.lease_max_age = UINT64_MAX;
	ck_assert_uint_eq(hashed_by_a_lease(fixture), SAMPLED);
	ck_assert_uint_eq(hashed_by_a_lease(fixture), 0);
}
END_TEST

/* Bytes may be written after their block was hashed, while the verification still runs. */
START_TEST(verification_is_as_old_as_its_beginning)
{
	CLEANUP(verify_end) struct verify_fixture *fixture = begin();
	const uint64_t before = vres_os_monotonic();
	vres_verify_params params = vres_verify_params_init();
	CLEANUP(vres_verify_close) struct verification v = {.shard = NULL};
	uint64_t checked;
	vres_error err;

	vres_verify_check(&v, fixture->shard, &params);
	checked = vres_os_monotonic();
	ck_ok(vres_verify_conclude(&v, &err));
	ck_assert_uint_ge(atomic_load(&fixture->shard->contents->fresh[2]), before);
	ck_assert_uint_lt(atomic_load(&fixture->shard->contents->fresh[2]), checked);
}
END_TEST

static bool note_time(void *ctx, uint64_t done, uint64_t total)
{
	uint64_t *first = ctx;

	(void)done;
	(void)total;
	*first = *first ? *first : vres_os_monotonic();
	return true;
}

/* The device hashes each piece as it arrives, so the first one is hashed long before the end. */
START_TEST(seal_is_as_old_as_its_first_piece)
{
	CLEANUP(verify_end) struct verify_fixture *fixture = begin();
	vres_seal_params params = vres_seal_params_init();
	vres_shard *shard = NULL;
	uint64_t first = 0;
	vres_error err;

	params.progress = note_time;
	params.progress_ctx = &first;
	ck_ok(vres_seal_memory(fixture->manager, &params, "abc", 3, &shard, &err));
	ck_assert_uint_ne(atomic_load(&shard->contents->fresh[2]), 0);
	ck_assert_uint_lt(atomic_load(&shard->contents->fresh[2]), first);
	vres_shard_release(shard);
}
END_TEST

/* The verification that began first may end last. */
START_TEST(verification_that_began_earlier_does_not_make_a_shard_staler)
{
	CLEANUP(verify_end) struct verify_fixture *fixture = begin();
	const uint64_t later = vres_os_monotonic() + LONG;

	for (size_t i = 0; i < COUNT(fixture->shard->contents->fresh); i++)
		atomic_store(&fixture->shard->contents->fresh[i], later);
	sample(fixture, 0);
	for (size_t i = 0; i < COUNT(fixture->shard->contents->fresh); i++)
		ck_assert_uint_eq(atomic_load(&fixture->shard->contents->fresh[i]), later);
}
END_TEST

/* A lease checks the signature first, whatever it verifies afterwards. */
START_TEST(lease_of_a_record_that_was_changed_is_refused_under_every_policy)
{
	static const uint32_t modes[] = {VRES_VERIFY_SIGNATURE, VRES_VERIFY_SAMPLED,
	                                 VRES_VERIFY_FULL, VRES_VERIFY_READBACK};
	vres_policy policy = vres_policy_init();
	CLEANUP(verify_end) struct verify_fixture *fixture = NULL;
	vres_lease *lease = NULL;
	vres_error err;

	policy.allow = VRES_ALLOW_WEAK_LEASE | VRES_ALLOW_READBACK;
	policy.lease_verify = modes[_i / 2];
	/* the seal has just made the shard fresh, which must not help */
	policy.lease_max_age = LONG;
	fixture = verify_begin_policy(&policy, 0, 8 * UNIT);
	fixture->fake->hashed_count = 0;
	if (_i % 2)
		fixture->shard->contents->record.sealed_at ^= 1;
	else
		fixture->shard->contents->mac[31] ^= 1;
	ck_refused(vres_lease_acquire(fixture->shard, &lease, &err), VRES_REASON_SIGNATURE);
	ck_assert_ptr_null(lease);
	ck_assert_uint_eq(fixture->fake->hashed_count, 0);
	ck_assert_uint_eq(fixture->incidents, 1);
	ck_assert_uint_eq(fixture->shard->leased, 0);
}
END_TEST

/* Somebody else found a violation while this shard was verified. */
START_TEST(manager_that_stopped_during_the_verification_gives_no_lease)
{
	CLEANUP(verify_end) struct verify_fixture *fixture = begin();
	vres_lease *lease = NULL;
	vres_error err;

	fixture->on_event = stop_manager;
	ck_status_reason(vres_lease_acquire(fixture->shard, &lease, &err), VRES_E_POLICY_VIOLATION,
	                 VRES_REASON_STOPPED);
	ck_assert_ptr_null(lease);
	ck_assert_uint_eq(fixture->shard->leased, 0);
	ck_assert_uint_eq(atomic_load(&fixture->manager->counters.leases), 0);
}
END_TEST

/* Somebody else found damage while the sink was told that there is none. */
START_TEST(shard_that_was_quarantined_during_the_last_event_is_neither_good_nor_leased)
{
	CLEANUP(verify_end) struct verify_fixture *fixture = begin();
	vres_lease *lease = NULL;
	vres_error err;

	fixture->on_event = quarantine;
	if (_i == 0)
		ck_refused(vres_shard_verify(fixture->shard, NULL, NULL, &err),
		           VRES_REASON_QUARANTINED);
	else
		ck_refused(vres_lease_acquire(fixture->shard, &lease, &err),
		           VRES_REASON_QUARANTINED);
	ck_assert_ptr_null(lease);
	ck_assert_uint_eq(fixture->shard->leased, 0);
}
END_TEST

static bool stop_here(void *ctx, uint64_t done, uint64_t total)
{
	(void)done;
	(void)total;
	vres_manager_stop(ctx);
	return true;
}

START_TEST(manager_that_stopped_during_a_seal_seals_nothing)
{
	CLEANUP(verify_end) struct verify_fixture *fixture = begin();
	vres_seal_params params = vres_seal_params_init();
	const uint64_t used = fixture->shard->device->ledger.sums.used;
	const uint64_t violations = atomic_load(&fixture->manager->listeners.policy_violations);
	vres_shard *shard = NULL;
	vres_error err;

	params.progress = stop_here;
	params.progress_ctx = fixture->manager;
	ck_status_reason(vres_seal_memory(fixture->manager, &params, "abc", 3, &shard, &err),
	                 VRES_E_POLICY_VIOLATION, VRES_REASON_STOPPED);
	ck_assert_ptr_null(shard);
	ck_assert_uint_eq(fixture->shard->device->ledger.sums.used, used);
	ck_assert_uint_eq(fixture->shard->device->ledger.sums.filling, 0);
	/* The fixture's own seal. */
	ck_assert_uint_eq(fixture->events[VRES_EVENT_VRAM_SEALED], 1);
	/* Whoever found the violation has reported it. */
	ck_assert_uint_eq(atomic_load(&fixture->manager->listeners.policy_violations), violations);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE(sample_of_fewer_units_than_policy_wants_serves_no_lease, "CI-007 VP-006",
	             "integrity", "weak check taken for a strong one"),
		CASE(sample_of_as_many_units_as_policy_wants_or_more_serves_leases, "CI-007",
	             "availability", ""),
		CASE(sample_of_all_units_serves_leases, "CI-007", "integrity",
	             "weak check taken for a strong one"),
		CASE(verification_of_the_future_serves_no_lease, "CI-007 WORKER-4121", "integrity",
	             "stale verification"),
		CASE(shard_that_was_never_verified_so_is_not_fresh_for_ever, "CI-007 WORKER-4121",
	             "integrity", "verification skipped"),
		CASE(verification_is_as_old_as_its_beginning, "CI-007 WORKER-4121", "integrity",
	             "stale verification"),
		CASE(seal_is_as_old_as_its_first_piece, "CI-007 WORKER-4121", "integrity",
	             "stale verification"),
		CASE(verification_that_began_earlier_does_not_make_a_shard_staler, "CI-007",
	             "availability", ""),
		CASE_LOOP(lease_of_a_record_that_was_changed_is_refused_under_every_policy, 8,
	                  "WORKER-4245 CI-001 WORKER-4031", "integrity",
	                  "weights used under a forged record"),
		CASE(manager_that_stopped_during_the_verification_gives_no_lease, "CI-007",
	             "integrity", "memory used after a violation"),
		CASE_LOOP(
			shard_that_was_quarantined_during_the_last_event_is_neither_good_nor_leased,
			2, "VR-004 CI-007", "integrity", "a damaged shard said to be verified"),
		CASE(manager_that_stopped_during_a_seal_seals_nothing, "WORKER-4113", "integrity",
	             "sealed after a violation"),
	};

	return suite_run("unit.lease", "unit", cases, COUNT(cases));
}
