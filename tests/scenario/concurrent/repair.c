/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Repairing while other threads verify, lease, scrub, look and repair. */
#include <pthread.h>

#include "support/fixture/repairing.h"

#define BYTES   (GROUP + 5)
#define ROUNDS  50u
#define WORKERS 3u

struct race {
	struct fixture *f;
	vres_shard *shard;
	atomic_bool is_over, is_resting;
	atomic_uint resting;
	atomic_uint wrong, good, refused;
};

/*
 * At any moment four outcomes are right: good, damaged, in use, or bytes that changed while they
 * were hashed (VRES_E_BACKEND).  A final quarantine is not among them.
 */
static void judge(struct race *r, vres_status status, const vres_error *err)
{
	const bool is_damage =
		status == VRES_E_SEAL_VERIFICATION_FAILED &&
		(err->reason == VRES_REASON_DIGEST || err->reason == VRES_REASON_QUARANTINED);

	if (status == VRES_OK)
		atomic_fetch_add(&r->good, 1);
	else if (is_damage || status == VRES_E_BUSY || status == VRES_E_BACKEND)
		atomic_fetch_add(&r->refused, 1);
	else
		atomic_fetch_add(&r->wrong, 1);
}

/* Workers rest while a bit is flipped: a flip waits for running hashes, and could starve. */
static void rest(struct race *r)
{
	if (!atomic_load(&r->is_resting))
		return;
	atomic_fetch_add(&r->resting, 1);
	while (atomic_load(&r->is_resting))
		(void)sched_yield();
	atomic_fetch_sub(&r->resting, 1);
}

static void damage(struct race *r, uint64_t address, unsigned round)
{
	atomic_store(&r->is_resting, true);
	while (atomic_load(&r->resting) < WORKERS)
		(void)sched_yield();
	flip_at(r->f, address, round * 5000 % BYTES, round % 8);
	atomic_store(&r->is_resting, false);
	while (atomic_load(&r->resting) > 0)
		(void)sched_yield();
}

static void *work(void *arg)
{
	struct race *r = arg;
	const vres_verify_params signature = mode_of(VRES_VERIFY_SIGNATURE);
	vres_error err;

	for (unsigned i = 0; !atomic_load(&r->is_over); i++) {
		vres_lease *lease = NULL;

		rest(r);
		judge(r, vres_shard_verify(r->shard, i % 2 ? &signature : NULL, NULL, &err), &err);
		judge(r, vres_lease_acquire(r->shard, &lease, &err), &err);
		release_lease(&lease);
		judge(r, vres_scrub_step(r->f->manager, 1000000, NULL, &err), &err);
		/* Enforcing skips memory that a repair is writing, though it is not read-only. */
		if (vres_enforce_vram_only(r->f->manager, 0, NULL, &err) != VRES_OK)
			atomic_fetch_add(&r->wrong, 1);
		if (i % 4 == 0)
			judge(r, repair_from(r->shard, NULL, NULL, &err), &err);
		(void)info_of(r->shard);
	}
	return NULL;
}

/* BUSY is right while a lease, a long check or another thread's repair is in its way. */
static void repair(struct race *r)
{
	vres_error err;
	vres_status status;

	while ((status = repair_from(r->shard, NULL, NULL, &err)) == VRES_E_BUSY)
		(void)sched_yield();
	ck_assert_msg(status == VRES_OK, "%s: %s", vres_status_name(status), err.message);
}

START_TEST(whoever_uses_a_shard_while_it_is_damaged_and_repaired_is_never_told_wrong)
{
	struct setup s = setup_init();
	CLEANUP(finish) struct fixture *f = NULL;
	struct race r = {.f = NULL};
	const unsigned rounds = suite_scaled(ROUNDS, 10);
	pthread_t threads[WORKERS];
	uint64_t address;

	if (!test_device_kind()->is_plain)
		s.policy.require |= VRES_REQUIRE_READONLY;
	r.f = f = begin(&s);
	r.shard = sealed(f, BYTES, REPAIR_SEED);
	address = address_of(r.shard);
	for (unsigned i = 0; i < WORKERS; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, work, &r), 0);
	for (unsigned i = 0; i < rounds; i++) {
		damage(&r, address, i);
		repair(&r);
	}
	atomic_store(&r.is_over, true);
	for (unsigned i = 0; i < WORKERS; i++)
		ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
	repair(&r);
	ck_repaired(r.shard);
	ck_assert_uint_eq(atomic_load(&r.wrong), 0);
	ck_assert_uint_gt(atomic_load(&r.good), 0);
	release_shard(&r.shard);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE_SLOW(whoever_uses_a_shard_while_it_is_damaged_and_repaired_is_never_told_wrong,
	                  120, "VR-008 CI-007", "integrity",
	                  "a verdict about bytes that were being written"),
	};

	return suite_run("concurrent_repair", "concurrent", cases, COUNT(cases));
}
