/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Events during a resume: the shard is closed, or what the host keeps of it is damaged. */
#include <pthread.h>

#include "manager/shard.h"
#include "support/fixture/engine.h"

/*
 * Something that happens once in the middle of a resume: when it tells the sink, before the new
 * contents count.
 */
struct meanwhile {
	struct fixture *f;
	vres_shard *shard;
	void (*run)(struct meanwhile *w);
	bool has_run;
	pthread_t thread;
	vres_status closed;
};

static vres_status event(void *ctx, const vres_event *e)
{
	struct meanwhile *w = ctx;

	if ((e->type == VRES_EVENT_VRAM_RESUMED || e->type == VRES_EVENT_VRAM_RESEALED) &&
	    !w->has_run) {
		w->has_run = true;
		w->run(w);
	}
	return record_event(&w->f->record, e);
}

static void *close_it(void *arg)
{
	struct meanwhile *w = arg;

	w->closed = vres_shard_close(w->shard, NULL);
	return NULL;
}

/* Returns when the other thread waits in vres_shard_close(). */
static void begin_to_close(struct meanwhile *w)
{
	bool is_closing = false;

	ck_assert_int_eq(pthread_create(&w->thread, NULL, close_it, w), 0);
	while (!is_closing) {
		vres_manager_lock(w->f->manager);
		is_closing = w->shard->is_closing;
		vres_manager_unlock(w->f->manager);
		(void)sched_yield();
	}
}

START_TEST(shard_that_is_closed_while_it_is_resumed_is_not_left_to_the_scrub)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(engine_end) struct engine *e = engine_with_weights(f);
	struct meanwhile w = {.f = f, .shard = engine_sealed(e), .run = begin_to_close};
	vres_error err;

	f->manager->listeners.audit = (vres_audit_sink){event, &w};
	ck_ok(vres_shard_suspend(w.shard, &err));
	ck_ok(vres_shard_resume(w.shard, NULL, NULL, &err));
	ck_assert_int_eq(pthread_join(w.thread, NULL), 0);
	ck_assert_int_eq(w.closed, VRES_OK);
	f->manager->listeners.audit = (vres_audit_sink){record_event, &f->record};
	ck_assert_uint_eq(f->manager->scrub.shards, 0);
	ck_ok(vres_scrub_step(f->manager, UINT64_MAX, NULL, &err));
}
END_TEST

/* Until the resume ends nobody else may look at the memory, but the manifest can be asked for. */
static void find_manifest_damaged(struct meanwhile *w)
{
	char text[4096];
	size_t n;
	vres_error err;

	w->shard->contents->digests[0] ^= 1;
	ck_refused(vres_shard_manifest(w->shard, text, sizeof(text), &n, &err),
	           VRES_REASON_SIGNATURE);
}

START_TEST(damage_for_good_that_is_found_while_a_shard_is_resumed_is_not_lifted)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(engine_end) struct engine *e = engine_with_weights(f);
	CLEANUP(release_shard) vres_shard *shard = engine_sealed(e);
	struct meanwhile w = {.f = f, .shard = shard, .run = find_manifest_damaged};
	vres_verify_report report = vres_verify_report_init();
	vres_error err;

	f->manager->listeners.audit = (vres_audit_sink){event, &w};
	ck_ok(vres_shard_suspend(shard, &err));
	ck_refused(vres_shard_resume(shard, NULL, &report, &err), VRES_REASON_QUARANTINED);
	ck_assert_uint_eq(report.reason, VRES_REASON_QUARANTINED);
	ck_assert_uint_eq(info_of(shard).state, VRES_SHARD_QUARANTINED);
	ck_assert_uint_eq(info_of(shard).suspended, 0);
	ck_assert_uint_eq(metrics_of(f).quarantined_now, 1);
	ck_refused(vres_shard_verify(shard, NULL, NULL, &err), VRES_REASON_QUARANTINED);
	ck_ok(vres_scrub_step(f->manager, UINT64_MAX, NULL, &err));
	f->manager->listeners.audit = (vres_audit_sink){record_event, &f->record};
}
END_TEST

/* A driver that carries out a write late: a byte changes between the first hash and the second. */
static struct {
	vres_status (*hash)(vres_blane *lane, const vres_hash_job *job, vres_error *err);
	struct engine *engine;
	unsigned calls, at;
} late;

static vres_status hash_late(vres_blane *lane, const vres_hash_job *job, vres_error *err)
{
	if (late.calls++ == late.at)
		engine_flip(late.engine, 3, 5);
	return late.hash(lane, job, err);
}

/* Lets the byte change just before hash job @at. */
static void be_late(struct engine *e, unsigned at)
{
	vres_backend *table = &e->f->manager->driver.table;

	late.hash = table->hash_blocks;
	late.engine = e;
	late.calls = 0;
	late.at = at;
	table->hash_blocks = hash_late;
}

/* Each pass has two jobs: level 0 and level 1.  Tensor 3 is in the second. */
#define SECOND_PASS 2u

START_TEST(tensors_of_which_the_device_gives_two_digests_are_not_sealed)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(engine_end) struct engine *e = engine_with_weights(f);
	vres_shard *shard = NULL;
	uint8_t digests[WEIGHTS_MAX][32];
	vres_error err;

	be_late(e, SECOND_PASS);
	ck_status(engine_seal(e, &shard, &err), VRES_E_BACKEND);
	ck_assert_ptr_null(shard);
	late.calls = 0;
	ck_status(vres_tensors_digest(f->manager, 0, e->tensors, e->n, digests, &err),
	          VRES_E_BACKEND);
}
END_TEST

START_TEST(damage_of_which_the_device_gives_two_digests_is_trouble_and_not_damage)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(engine_end) struct engine *e = engine_with_weights(f);
	CLEANUP(release_shard) vres_shard *shard = engine_sealed(e);
	vres_error err;

	engine_flip(e, 3, 0);
	be_late(e, SECOND_PASS);
	ck_status(vres_shard_verify(shard, NULL, NULL, &err), VRES_E_BACKEND);
	ck_assert_uint_eq(info_of(shard).state, VRES_SHARD_SEALED);
}
END_TEST

/* Loop index 0: all tensors are taken as found.  1: none has changed, and one is damaged. */
START_TEST(memory_of_which_the_device_gives_two_digests_is_not_resumed)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(engine_end) struct engine *e = engine_with_weights(f);
	CLEANUP(release_shard) vres_shard *shard = engine_sealed(e);
	vres_resume_params p = vres_resume_params_init();
	vres_error err;

	p.all_changed = _i == 0;
	ck_ok(vres_shard_suspend(shard, &err));
	engine_flip(e, 3, 0);
	be_late(e, SECOND_PASS);
	ck_status(vres_shard_resume(shard, &p, NULL, &err), VRES_E_BACKEND);
	ck_assert_uint_eq(info_of(shard).suspended, 1);
	ck_assert_uint_eq(info_of(shard).epoch, 0);
	ck_assert_uint_eq(info_of(shard).state, VRES_SHARD_SEALED);
}
END_TEST

/*
 * vres_shard_lease() is the last step of a lease, after its verification.  The shard may have been
 * resumed in between.
 */
START_TEST(lease_is_of_the_contents_that_were_verified_and_of_no_others)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(engine_end) struct engine *e = engine_with_weights(f);
	CLEANUP(release_shard) vres_shard *shard = engine_sealed(e);
	const uint64_t verified = shard->contents->generation;
	vres_error err;

	ck_ok(vres_shard_suspend(shard, &err));
	ck_assert(!vres_shard_lease(shard, verified));
	ck_ok(vres_shard_resume(shard, NULL, NULL, &err));
	ck_assert(!vres_shard_lease(shard, verified));
	ck_assert_uint_eq(info_of(shard).leases, 0);
	ck_assert(vres_shard_lease(shard, shard->contents->generation));
	vres_shard_unlease(shard);
}
END_TEST

/* Signature, record and kept level, each if no tensor has changed and if all have. */
START_TEST(what_the_host_keeps_is_checked_before_a_resume_believes_it)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(engine_end) struct engine *e = engine_with_weights(f);
	CLEANUP(release_shard) vres_shard *shard = engine_sealed(e);
	struct vres_contents *c = shard->contents;
	uint8_t *const damaged[] = {&c->mac[31], (uint8_t *)&c->record.sealed_at, &c->kept[31]};
	const unsigned what = (unsigned)_i % COUNT(damaged);
	vres_resume_params p = vres_resume_params_init();
	vres_verify_report report = vres_verify_report_init();
	vres_error err;

	p.all_changed = (unsigned)_i >= COUNT(damaged);
	ck_ok(vres_shard_suspend(shard, &err));
	*damaged[what] ^= 1;
	ck_refused(vres_shard_resume(shard, &p, &report, &err),
	           what == 2 ? VRES_REASON_DIGEST : VRES_REASON_SIGNATURE);
	ck_assert_uint_eq(report.damage_count, 0);
	ck_assert_uint_eq(report.bytes_hashed, 0);
	ck_assert_uint_eq(info_of(shard).epoch, 0);
	ck_ok(vres_shard_suspend(shard, &err));
	ck_refused(vres_shard_resume(shard, NULL, NULL, &err), VRES_REASON_QUARANTINED);
}
END_TEST

START_TEST(name_that_was_damaged_in_the_host_is_not_signed_with_the_next_weights)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(engine_end) struct engine *e = engine_with_weights(f);
	CLEANUP(release_shard) vres_shard *shard = engine_sealed(e);
	const struct tensor *t = &shard->tensors->list[0];
	vres_change change = vres_change_init();
	vres_resume_params p = vres_resume_params_init();
	vres_verify_report report = vres_verify_report_init();
	vres_error err;

	change.tensor = 3;
	p.changes = &change;
	p.changes_n = 1;
	ck_ok(vres_shard_suspend(shard, &err));
	engine_flip(e, 3, 0);
	shard->tensors->names[t->name - shard->tensors->names] ^= 1;
	ck_refused(vres_shard_resume(shard, &p, NULL, &err), VRES_REASON_SIGNATURE);
	ck_assert_uint_eq(info_of(shard).epoch, 0);
	ck_assert_uint_eq(info_of(shard).state, VRES_SHARD_QUARANTINED);
	ck_assert_uint_eq(f->record.incidents_count, 1);
	ck_ok(vres_shard_suspend(shard, &err));
	ck_refused(vres_shard_resume(shard, &p, &report, &err), VRES_REASON_QUARANTINED);
	ck_assert_uint_eq(report.reason, VRES_REASON_QUARANTINED);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE(shard_that_is_closed_while_it_is_resumed_is_not_left_to_the_scrub, "MS-005",
	             "integrity", "a scrub of memory that was given up"),
		CASE(damage_for_good_that_is_found_while_a_shard_is_resumed_is_not_lifted,
	             "WORKER-4122", "integrity", "damage that a resume forgets"),
		CASE(tensors_of_which_the_device_gives_two_digests_are_not_sealed, "CI-004",
	             "integrity", "a digest of bytes that were not there yet"),
		CASE(damage_of_which_the_device_gives_two_digests_is_trouble_and_not_damage,
	             "CI-007", "integrity", "good memory that is called damaged"),
		CASE_LOOP(memory_of_which_the_device_gives_two_digests_is_not_resumed, 2, "CI-007",
	                  "integrity", "a digest of bytes that were not there yet"),
		CASE(lease_is_of_the_contents_that_were_verified_and_of_no_others, "CI-007",
	             "integrity", "an address of bytes that nobody verified"),
		CASE_LOOP(what_the_host_keeps_is_checked_before_a_resume_believes_it, 6, "CI-001",
	                  "integrity", "damage that a new record signs"),
		CASE(name_that_was_damaged_in_the_host_is_not_signed_with_the_next_weights, "",
	             "integrity", "damage that a new record signs"),
	};

	return suite_run("unit.verify_resume", "unit", cases, COUNT(cases));
}
