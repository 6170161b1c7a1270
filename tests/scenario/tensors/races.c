/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A shard is suspended and resumed while other threads verify it, lease it, scrub and enforce. */
#include <pthread.h>

#include "support/fixture/engine.h"

#define ROUNDS  200u
#define WORKERS 4u

struct race {
	struct fixture *f;
	struct engine *e;
	vres_shard *shard;
	atomic_bool is_over;
	atomic_uint bad, asleep, good;
};

/* A call may only find the shard good, or suspended. */
static void judge(struct race *r, vres_status status, const vres_error *err)
{
	if (status == VRES_OK)
		atomic_fetch_add(&r->good, 1);
	else if (status == VRES_E_STATE && err->reason == VRES_REASON_SUSPENDED)
		atomic_fetch_add(&r->asleep, 1);
	else
		atomic_fetch_add(&r->bad, 1);
}

/* These calls pass a suspended shard by, so they always succeed. */
static void judge_passing(struct race *r, vres_status status)
{
	if (status != VRES_OK)
		atomic_fetch_add(&r->bad, 1);
}

static void *work(void *arg)
{
	struct race *r = arg;
	const vres_verify_params signature = mode_of(VRES_VERIFY_SIGNATURE);
	vres_error err;

	for (unsigned i = 0; !atomic_load(&r->is_over); i++) {
		vres_lease *lease = NULL;

		judge(r, vres_shard_verify(r->shard, i % 2 ? &signature : NULL, NULL, &err), &err);
		judge(r, vres_lease_acquire(r->shard, &lease, &err), &err);
		release_lease(&lease);
		judge_passing(r, vres_scrub_step(r->f->manager, 1000000, NULL, &err));
		judge_passing(r, vres_enforce_vram_only(r->f->manager, 0, NULL, &err));
		(void)info_of(r->shard);
	}
	return NULL;
}

/* Tries again while a lease is open. */
static void suspend(struct race *r)
{
	vres_error err;
	vres_status status;

	while ((status = vres_shard_suspend(r->shard, &err)) == VRES_E_BUSY)
		(void)sched_yield();
	ck_assert_int_eq(status, VRES_OK);
}

static void one_round(struct race *r, unsigned round)
{
	vres_resume_params p = vres_resume_params_init();
	uint64_t ptrs[WEIGHTS_MAX];
	vres_change change = vres_change_init();
	vres_error err;

	suspend(r);
	if (round % 3 == 0) {
		engine_move(r->e, ptrs);
		p.device_ptrs = ptrs;
		p.device_ptrs_n = r->e->n;
	}
	if (round % 3 == 1) {
		engine_flip(r->e, 3, round);
		change.tensor = 3;
		p.changes = &change;
		p.changes_n = 1;
	}
	ck_ok(vres_shard_resume(r->shard, &p, NULL, &err));
}

START_TEST(whoever_uses_a_shard_finds_it_good_or_asleep_and_never_damaged)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(engine_end) struct engine *e = engine_with_weights(f);
	struct race r = {.f = f, .e = e, .shard = engine_sealed(e)};
	const unsigned rounds = suite_scaled(ROUNDS, 10);
	pthread_t threads[WORKERS];

	for (unsigned i = 0; i < WORKERS; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, work, &r), 0);
	for (unsigned i = 0; i < rounds; i++)
		one_round(&r, i);
	atomic_store(&r.is_over, true);
	for (unsigned i = 0; i < WORKERS; i++)
		ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
	ck_assert_uint_eq(atomic_load(&r.bad), 0);
	ck_assert_uint_gt(atomic_load(&r.good), 0);
	ck_assert_uint_eq(info_of(r.shard).state, VRES_SHARD_SEALED);
	ck_assert_uint_eq(info_of(r.shard).epoch, (rounds + 1) / 3);
	ck_assert_uint_eq(f->record.incidents_count, 0);
	release_shard(&r.shard);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE_SLOW(whoever_uses_a_shard_finds_it_good_or_asleep_and_never_damaged, 120,
	                  "VR-008 CI-007", "integrity", "a verdict about bytes that were changed"),
	};

	return suite_run("tensors_races", "concurrent", cases, COUNT(cases));
}
