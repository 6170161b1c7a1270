/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Suspending a shard while a verification of it runs. */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "manager/shard.h"
#include "support/fixture/engine.h"

/* A verification that does not end until it may. */
static struct {
	vres_status (*hash)(vres_blane *lane, const vres_hash_job *job, vres_error *err);
	vres_shard *shard;
	pthread_t verifying, suspending;
	atomic_bool is_under_way, may_end;
	vres_status verified, suspended;
} slow;

static vres_status hash_slowly(vres_blane *lane, const vres_hash_job *job, vres_error *err)
{
	atomic_store(&slow.is_under_way, true);
	while (!atomic_load(&slow.may_end))
		(void)sched_yield();
	return slow.hash(lane, job, err);
}

static void *verify_it(void *arg)
{
	slow.verified = vres_shard_verify(slow.shard, NULL, NULL, NULL);
	return arg;
}

static void *suspend_it(void *arg)
{
	slow.suspended = vres_shard_suspend(slow.shard, NULL);
	return arg;
}

static void begin_to_verify(void)
{
	atomic_store(&slow.is_under_way, false);
	atomic_store(&slow.may_end, false);
	ck_assert_int_eq(pthread_create(&slow.verifying, NULL, verify_it, NULL), 0);
	while (!atomic_load(&slow.is_under_way))
		(void)sched_yield();
}

static void end_verifying(void)
{
	atomic_store(&slow.may_end, true);
	ck_assert_int_eq(pthread_join(slow.verifying, NULL), 0);
	ck_assert_int_eq(slow.verified, VRES_OK);
}

/* Returns when the shard is closed to new checks. */
static void wait_until_closing(vres_manager *m)
{
	bool is_closing = false;

	while (!is_closing) {
		vres_manager_lock(m);
		is_closing = slow.shard->is_closing;
		vres_manager_unlock(m);
		(void)sched_yield();
	}
}

START_TEST(suspend_waits_for_a_verification_and_gives_up_at_the_deadline)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(engine_end) struct engine *e = engine_with_weights(f);
	CLEANUP(release_shard) vres_shard *shard = engine_sealed(e);
	const vres_verify_params signature = mode_of(VRES_VERIFY_SIGNATURE);
	vres_error err;

	slow.shard = shard;
	slow.hash = f->manager->driver.table.hash_blocks;
	f->manager->driver.table.hash_blocks = hash_slowly;
	f->manager->policy.deadline = 1000000;
	begin_to_verify();
	ck_status(vres_shard_suspend(shard, &err), VRES_E_BUSY);
	ck_ok(vres_shard_verify(shard, &signature, NULL, &err));
	ck_assert_uint_eq(f->manager->scrub.shards, 1);
	end_verifying();
	f->manager->policy.deadline = UINT64_C(60) * 1000000000;
	begin_to_verify();
	ck_assert_int_eq(pthread_create(&slow.suspending, NULL, suspend_it, NULL), 0);
	wait_until_closing(f->manager);
	ck_status_reason(vres_shard_verify(shard, &signature, NULL, &err), VRES_E_STATE,
	                 VRES_REASON_SUSPENDED);
	end_verifying();
	ck_assert_int_eq(pthread_join(slow.suspending, NULL), 0);
	ck_assert_int_eq(slow.suspended, VRES_OK);
	ck_assert_uint_eq(info_of(shard).suspended, 1);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE(suspend_waits_for_a_verification_and_gives_up_at_the_deadline, "MS-004",
	             "availability", "memory taken away under a verification"),
	};

	return suite_run("unit.suspend", "unit", cases, COUNT(cases));
}
