/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What makes a shard fresh for a lease, and a manager that stops between the beginning of a call
 * and its end.  A unit is a group of 32 blocks of 1 KiB.
 */
#include <vres/vres.h>

#include "support/suite/alloc.h"
#include "support/suite/content.h"
#include "manager/shard.h"
#include "device/policy.h"
#include "unit/fixture/fake_backend.h"
#include "support/suite/status.h"
#include "support/suite/suite.h"
#include "verify/verify.h"

#define BYTES (UINT64_C(8) * 32 * 1024)
#define LONG  (UINT64_C(3600) * 1000000000)
#define UNITS 4u /* that policy samples */

struct lease_fixture {
	struct fake_backend *fake;
	vres_manager *manager;
	vres_shard *shard;
	unsigned told[VRES_EVENT_POLICY_VIOLATION + 1];
	bool stops, quarantines; /* what the sink does when a verification is told */
};

static vres_status told(void *ctx, const vres_event *event)
{
	struct lease_fixture *fixture = ctx;

	fixture->told[event->type]++;
	if (fixture->stops && event->type == VRES_EVENT_SEAL_VERIFIED)
		vres_manager_stop(fixture->manager);
	if (fixture->quarantines && event->type == VRES_EVENT_SEAL_VERIFIED)
		atomic_store(&fixture->shard->state, VRES_SHARD_QUARANTINED);
	return VRES_OK;
}

/*
 * One sealed shard of 8 units, of which leases have UNITS sampled; sealing has not made it fresh.
 */
static struct lease_fixture *begin(void)
{
	struct lease_fixture *fixture = test_alloc(sizeof(*fixture));
	uint8_t *data = content((size_t)BYTES, 1);
	vres_seal_params params = vres_seal_params_init();
	vres_config config = vres_config_init();
	vres_policy policy = vres_policy_init();
	vres_key *key = NULL;
	vres_error err;

	fixture->fake = fake_backend_create();
	policy.allow = VRES_ALLOW_SIMULATED | VRES_ALLOW_WEAK_LEASE;
	policy.lease_verify = VRES_VERIFY_SAMPLED;
	policy.lease_max_age = LONG;
	policy.sample_units = UNITS;
	config.backend = &fixture->fake->table;
	config.backend_arg = fixture->fake;
	config.worker_id = "worker";
	config.policy = &policy;
	config.block_size = 1024;
	config.audit = (vres_audit_sink){told, fixture};
	ck_ok(vres_key_derive("token", 5, NULL, &key, &err));
	config.key = key;
	ck_ok(vres_manager_create(&config, &fixture->manager, &err));
	vres_key_destroy(key);
	ck_ok(vres_seal_memory(fixture->manager, &params, data, BYTES, &fixture->shard, &err));
	test_free(data);
	for (size_t i = 0; i < COUNT(fixture->shard->fresh); i++)
		atomic_store(&fixture->shard->fresh[i], 0);
	return fixture;
}

static void end(struct lease_fixture **fixture)
{
	vres_shard_release((*fixture)->shard);
	vres_manager_destroy((*fixture)->manager);
	fake_backend_destroy(&(*fixture)->fake);
	test_free(*fixture);
}

static void release(vres_lease **lease)
{
	vres_lease_release(*lease);
}

/* How many units a lease has hashed. */
static size_t hashed_by_a_lease(struct lease_fixture *fixture)
{
	CLEANUP(release) vres_lease *lease = NULL;
	vres_error err;

	fixture->fake->hashed_count = 0;
	ck_ok(vres_lease_acquire(fixture->shard, &lease, &err));
	return fixture->fake->hashed_count;
}

static void sample(struct lease_fixture *fixture, uint32_t units)
{
	vres_verify_params p = vres_verify_params_init();
	vres_error err;

	p.mode = VRES_VERIFY_SAMPLED;
	p.sample_units = units;
	ck_ok(vres_shard_verify(fixture->shard, &p, NULL, &err));
}

/*
 * Policy's number is signed into the record: who asks for fewer units gets an answer, but not a
 * lease on the strength of it.
 */
START_TEST(sample_of_fewer_units_than_policy_wants_serves_no_lease)
{
	static const uint32_t fewer[] = {1, UNITS - 1};

	for (size_t i = 0; i < COUNT(fewer); i++) {
		CLEANUP(end) struct lease_fixture *fixture = begin();

		sample(fixture, fewer[i]);
		ck_assert_uint_eq(
			atomic_load(
				&fixture->shard->fresh[vres_policy_strength(VRES_VERIFY_SAMPLED)]),
			0);
		ck_assert_uint_ne(
			atomic_load(&fixture->shard
		                             ->fresh[vres_policy_strength(VRES_VERIFY_SIGNATURE)]),
			0);
		ck_assert_uint_eq(hashed_by_a_lease(fixture), UNITS);
		ck_assert_uint_eq(hashed_by_a_lease(fixture), 0); /* which is fresh now */
	}
}
END_TEST

START_TEST(sample_of_as_many_units_as_policy_wants_or_more_serves_leases)
{
	static const uint32_t enough[] = {0, UNITS, UNITS + 1, UINT32_MAX};

	for (size_t i = 0; i < COUNT(enough); i++) {
		CLEANUP(end) struct lease_fixture *fixture = begin();

		sample(fixture, enough[i]);
		ck_assert_uint_eq(hashed_by_a_lease(fixture), 0);
	}
}
END_TEST

/* Where policy wants more units than there are, all of them are enough. */
START_TEST(sample_of_all_units_serves_leases)
{
	CLEANUP(end) struct lease_fixture *fixture = begin();

	fixture->manager->policy.sample_units = 100;
	sample(fixture, 7);
	ck_assert_uint_eq(hashed_by_a_lease(fixture), 8);
	for (size_t i = 0; i < COUNT(fixture->shard->fresh); i++)
		atomic_store(&fixture->shard->fresh[i], 0);
	sample(fixture, 8);
	ck_assert_uint_eq(hashed_by_a_lease(fixture), 0);
}
END_TEST

/* A clock that went backwards makes no verification younger than it is. */
START_TEST(verification_of_the_future_serves_no_lease)
{
	CLEANUP(end) struct lease_fixture *fixture = begin();

	sample(fixture, 0);
	for (size_t i = 0; i < COUNT(fixture->shard->fresh); i++)
		atomic_store(&fixture->shard->fresh[i], vres_os_monotonic() + LONG);
	ck_assert_uint_eq(hashed_by_a_lease(fixture), UNITS);
}
END_TEST

/* However long one is good: none is none. */
START_TEST(shard_that_was_never_verified_so_is_not_fresh_for_ever)
{
	CLEANUP(end) struct lease_fixture *fixture = begin();

	fixture->manager->policy.lease_max_age = UINT64_MAX;
	ck_assert_uint_eq(hashed_by_a_lease(fixture), UNITS);
	ck_assert_uint_eq(hashed_by_a_lease(fixture), 0);
}
END_TEST

/* What was written while it ran may have come after its block was hashed. */
START_TEST(verification_is_as_old_as_its_beginning)
{
	CLEANUP(end) struct lease_fixture *fixture = begin();
	const uint64_t before = vres_os_monotonic();
	vres_verify_params params = vres_verify_params_init();
	struct verification v;
	uint64_t checked;
	vres_error err;

	vres_verify_check(&v, fixture->shard, &params);
	checked = vres_os_monotonic();
	ck_ok(vres_verify_conclude(&v, &err));
	ck_assert_uint_ge(atomic_load(&fixture->shard->fresh[2]), before);
	ck_assert_uint_lt(atomic_load(&fixture->shard->fresh[2]), checked);
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

/* The device hashes what arrives while the rest is on its way. */
START_TEST(seal_is_as_old_as_its_first_piece)
{
	CLEANUP(end) struct lease_fixture *fixture = begin();
	vres_seal_params params = vres_seal_params_init();
	vres_shard *shard = NULL;
	uint64_t first = 0;
	vres_error err;

	params.progress = note_time;
	params.progress_ctx = &first;
	ck_ok(vres_seal_memory(fixture->manager, &params, "abc", 3, &shard, &err));
	ck_assert_uint_ne(atomic_load(&shard->fresh[2]), 0);
	ck_assert_uint_lt(atomic_load(&shard->fresh[2]), first);
	vres_shard_release(shard);
}
END_TEST

/* Of two verifications that run at once, the one that began first may end last. */
START_TEST(verification_that_began_earlier_does_not_make_a_shard_staler)
{
	CLEANUP(end) struct lease_fixture *fixture = begin();
	const uint64_t later = vres_os_monotonic() + LONG;

	for (size_t i = 0; i < COUNT(fixture->shard->fresh); i++)
		atomic_store(&fixture->shard->fresh[i], later);
	sample(fixture, 0);
	for (size_t i = 0; i < COUNT(fixture->shard->fresh); i++)
		ck_assert_uint_eq(atomic_load(&fixture->shard->fresh[i]), later);
}
END_TEST

/* Somebody found a violation while this shard was being verified: no address comes out any more. */
START_TEST(manager_that_stopped_during_the_verification_gives_no_lease)
{
	CLEANUP(end) struct lease_fixture *fixture = begin();
	vres_lease *lease = NULL;
	vres_error err;

	fixture->stops = true;
	ck_status_reason(vres_lease_acquire(fixture->shard, &lease, &err), VRES_E_POLICY_VIOLATION,
	                 VRES_REASON_STOPPED);
	ck_assert_ptr_null(lease);
	ck_assert_uint_eq(fixture->shard->leased, 0);
	ck_assert_uint_eq(atomic_load(&fixture->manager->counters.leases), 0);
}
END_TEST

/* Somebody found damage while the sink was told that there is none. */
START_TEST(shard_that_was_quarantined_during_the_last_event_is_neither_good_nor_leased)
{
	CLEANUP(end) struct lease_fixture *fixture = begin();
	vres_lease *lease = NULL;
	vres_error err;

	fixture->quarantines = true;
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
	CLEANUP(end) struct lease_fixture *fixture = begin();
	vres_seal_params params = vres_seal_params_init();
	const uint64_t used = fixture->shard->mem.device->ledger.sums.used;
	const uint64_t violations = atomic_load(&fixture->manager->listeners.policy_violations);
	vres_shard *shard = NULL;
	vres_error err;

	params.progress = stop_here;
	params.progress_ctx = fixture->manager;
	ck_status_reason(vres_seal_memory(fixture->manager, &params, "abc", 3, &shard, &err),
	                 VRES_E_POLICY_VIOLATION, VRES_REASON_STOPPED);
	ck_assert_ptr_null(shard);
	ck_assert_uint_eq(fixture->shard->mem.device->ledger.sums.used, used);
	ck_assert_uint_eq(fixture->shard->mem.device->ledger.sums.filling, 0);
	/* That of the fixture. */
	ck_assert_uint_eq(fixture->told[VRES_EVENT_VRAM_SEALED], 1);
	/* It is told of by who found it. */
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
		CASE(manager_that_stopped_during_the_verification_gives_no_lease,
	             "WORKER-4245 CI-007", "integrity", "memory used after a violation"),
		CASE_LOOP(
			shard_that_was_quarantined_during_the_last_event_is_neither_good_nor_leased,
			2, "VR-004 CI-007", "integrity", "a damaged shard said to be verified"),
		CASE(manager_that_stopped_during_a_seal_seals_nothing, "WORKER-4113", "integrity",
	             "sealed after a violation"),
	};

	return suite_run("unit.lease", "unit", cases, COUNT(cases));
}
