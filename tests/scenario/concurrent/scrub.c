/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Steps of the scrub that run at once: they share the work, and what else goes on meanwhile does
 * not disturb them, nor they it.
 */
#include "support/fixture/threads.h"
#include "support/fixture/scrubbing.h"

#define SHARDS 24

/*
 * One part a step: a shard of at most 1 MiB is one part, so as many steps as there are shards look
 * at each once.
 */
static void step_once(struct test_threads *threads, unsigned me)
{
	(void)me;
	while (atomic_fetch_add(&threads->done, 1) < SHARDS) {
		vres_scrub_report r = vres_scrub_report_init();

		threads_expect(threads,
		               vres_scrub_step(threads->f->manager, 1, &r, NULL) == VRES_OK &&
		                       r.bytes_hashed > 0);
	}
}

START_TEST(steps_at_once_never_check_the_same_part)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	vres_shard *shards[SHARDS];
	uint64_t bytes = 0;

	for (unsigned i = 0; i < SHARDS; i++) {
		shards[i] = sealed(f, KIB(64) * (i % 5 + 1) + i, i);
		bytes += KIB(64) * (i % 5 + 1) + i;
	}
	(void)threads_run(f, 4, step_once, NULL);
	ck_assert_uint_eq(metrics_of(f).verified_bytes, bytes);
	for (unsigned i = 0; i < SHARDS; i++)
		release_shard(&shards[i]);
}
END_TEST

#define LARGE (MIB(9) + 1)

static void step_through(struct test_threads *threads, unsigned me)
{
	vres_metrics now = vres_metrics_init();

	(void)me;
	while (vres_manager_metrics(threads->f->manager, &now, NULL) == VRES_OK &&
	       now.verified_bytes < LARGE)
		threads_expect(threads,
		               vres_scrub_step(threads->f->manager, 1, NULL, NULL) == VRES_OK);
}

/*
 * Parts of one shard, claimed by several.  The pass counts when the last of them is done, whoever
 * does it: no byte was checked only at the seal.
 */
START_TEST(steps_at_once_share_one_large_shard_and_find_its_damage)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(release_shard) vres_shard *shard = sealed(f, LARGE, 1);
	const uint64_t sealed_by = clock_now();
	vres_scrub_report r = vres_scrub_report_init();
	vres_error err;

	(void)threads_run(f, 4, step_through, NULL);
	ck_ok(vres_scrub_step(f->manager, 1, &r, &err));
	ck_assert_uint_lt(r.oldest_check_age, clock_now() - sealed_by);
	flip(f, shard, MIB(9), 1);
	ck_refused(scrub_step(f, SCRUB_AMPLE, &r, &err), VRES_REASON_DIGEST);
}
END_TEST

/* Seal, verify, damage, release, while others scrub: every damage is told once. */
static void live_and_scrub(struct test_threads *threads, unsigned me)
{
	for (unsigned i = 0; i < suite_scaled(40, 4); i++) {
		struct content_source source = {.seed = i};
		vres_seal_params p = vres_seal_params_init();
		vres_scrub_report r = vres_scrub_report_init();
		vres_shard *shard = NULL;
		vres_lease *lease = NULL;

		if (me % 2 == 0) {
			const vres_status status =
				vres_scrub_step(threads->f->manager, 1000000, &r, NULL);

			threads_expect(threads, status == VRES_OK ||
			                                status == VRES_E_SEAL_VERIFICATION_FAILED);
			continue;
		}
		threads_expect(threads,
		               vres_seal_stream(threads->f->manager, &p, content_read, &source,
		                                KIB(300) + me, &shard, NULL) == VRES_OK);
		if (i % 4 == 0 && vres_lease_acquire(shard, &lease, NULL) == VRES_OK) {
			threads_expect(threads, test_device_flip(threads->f->test_device,
			                                         vres_lease_device_ptr(lease) + 5,
			                                         1) == VRES_OK);
			vres_lease_release(lease);
			threads_expect(threads, vres_shard_verify(shard, NULL, NULL, NULL) ==
			                                VRES_E_SEAL_VERIFICATION_FAILED);
			(void)atomic_fetch_add(&threads->done, 1);
		} else {
			threads_expect(threads,
			               vres_shard_verify(shard, NULL, NULL, NULL) == VRES_OK);
		}
		vres_shard_release(shard);
	}
}

START_TEST(scrubbing_goes_with_everything_else)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	const unsigned damaged = threads_run(f, 6, live_and_scrub, NULL);
	vres_error err;

	ck_assert_uint_gt(damaged, 0);
	ck_assert_uint_eq(record_critical(&f->record), damaged);
	ck_assert_uint_eq(f->record.incidents_count, damaged);
	ck_ok(vres_scrub_step(f->manager, 1, NULL, &err));
	ck_works(f);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE(steps_at_once_never_check_the_same_part, "VR-008 CI-007", "integrity",
	             "work done twice and work left out"),
		CASE(steps_at_once_share_one_large_shard_and_find_its_damage, "VR-008 CI-007",
	             "integrity", "a part that nobody checks"),
		CASE(scrubbing_goes_with_everything_else, "VR-008 MS-004", "integrity",
	             "use after free, flood of alarms"),
	};

	return suite_run("concurrent_scrub", "concurrent", cases, COUNT(cases));
}
