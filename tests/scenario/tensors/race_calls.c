/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Every call that uses a shard, from several threads at once, while it is suspended, moved, changed
 * and resumed over and over, by its owner and from callbacks.  Each answer must be one that the
 * table of states in docs/DESIGN.md allows, and no byte is ever called damaged.
 *
 * $VRES_TEST_OPERATIONS says how many; ci/campaign makes millions.
 */
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

#include "support/fixture/engine.h"

#define OPERATIONS 100000u
#define WORKERS    4u

struct race {
	struct fixture *f;
	struct engine *e;
	vres_shard *shard, *beside; /* beside is the library's, and is never suspended */
	uint8_t *receipt;           /* of the first epoch */
	size_t receipt_bytes;
	vres_shard_info claimed;
	unsigned operations;
	atomic_uint done, begun, good, asleep, superseded, from_callbacks, bad, incidents;
	atomic_int first_bad;     /* 100000 times the operation, and its status */
	vres_status at_the_event; /* what a suspension answers while another one is told */
};

typedef vres_status (*operation)(struct race *r, vres_error *err);

static vres_status verify_full(struct race *r, vres_error *err)
{
	return vres_shard_verify(r->shard, NULL, NULL, err);
}

static vres_status verify_signature(struct race *r, vres_error *err)
{
	const vres_verify_params p = mode_of(VRES_VERIFY_SIGNATURE);

	return vres_shard_verify(r->shard, &p, NULL, err);
}

static vres_status verify_sample_in_background(struct race *r, vres_error *err)
{
	vres_verify_params p = mode_of(VRES_VERIFY_SAMPLED);

	p.background = 1;
	return vres_shard_verify(r->shard, &p, NULL, err);
}

/* What is beside it is good whatever becomes of it. */
static vres_status verify_many(struct race *r, vres_error *err)
{
	vres_shard *const shards[] = {r->shard, r->beside};
	vres_verify_report reports[2] = {vres_verify_report_init(), vres_verify_report_init()};
	const vres_status status = vres_verify_many(r->f->manager, shards, 2, NULL, reports, err);

	return reports[1].status == VRES_OK ? status : VRES_E_INTERNAL;
}

static vres_status lease(struct race *r, vres_error *err)
{
	CLEANUP(release_lease) vres_lease *held = NULL;
	const vres_status status = vres_lease_acquire(r->shard, &held, err);

	return status == VRES_OK ? vres_lease_check(held, err) : status;
}

static vres_status scrub(struct race *r, vres_error *err)
{
	return vres_scrub_step(r->f->manager, 50000, NULL, err);
}

static vres_status enforce(struct race *r, vres_error *err)
{
	return vres_enforce_vram_only(r->f->manager, 0, NULL, err);
}

static vres_status find_and_release(struct race *r, vres_error *err)
{
	CLEANUP(release_shard) vres_shard *found = NULL;

	return vres_manager_find(r->f->manager, "weights", &found, err);
}

static vres_status describe(struct race *r, vres_error *err)
{
	vres_shard_info info = vres_shard_info_init();
	vres_tensor_info tensor = vres_tensor_info_init();
	char json[4096];
	size_t n;
	vres_status status = vres_shard_describe(r->shard, &info, err);

	if (status == VRES_OK)
		status = vres_shard_to_json(r->shard, json, sizeof(json), &n, err);
	return status == VRES_OK ? vres_shard_tensor(r->shard, 0, &tensor, err) : status;
}

static vres_status manifest(struct race *r, vres_error *err)
{
	char text[2048];
	size_t n;

	return vres_shard_manifest(r->shard, text, sizeof(text), &n, err);
}

static vres_status receipt(struct race *r, vres_error *err)
{
	uint8_t bytes[2048];
	size_t n;

	return vres_shard_receipt(r->shard, bytes, sizeof(bytes), &n, err);
}

static vres_status receipt_open(struct race *r, vres_error *err)
{
	CLEANUP(release_shard) vres_shard *found = NULL;

	return vres_receipt_open(r->f->manager, r->receipt, r->receipt_bytes, &found, err);
}

static vres_status match(struct race *r, vres_error *err)
{
	return vres_shard_match(r->shard, &r->claimed, err);
}

static vres_status seal_and_close(struct race *r, vres_error *err)
{
	vres_shard *shard = NULL;
	const vres_status status =
		vres_seal_memory(r->f->manager, PLAIN, "short-lived", 11, &shard, err);

	return status == VRES_OK ? vres_shard_close(shard, err) : status;
}

static const operation operations[] = {verify_full,
                                       verify_signature,
                                       verify_sample_in_background,
                                       verify_many,
                                       lease,
                                       scrub,
                                       enforce,
                                       find_and_release,
                                       describe,
                                       manifest,
                                       receipt,
                                       receipt_open,
                                       match,
                                       seal_and_close};

/* The last two compare with what was sealed first. */
static bool may_be_superseded(operation o)
{
	return o == receipt_open || o == match;
}

/* Its memory is its owner's, or it is passed by. */
static bool may_be_asleep(operation o)
{
	return o != scrub && o != enforce && o != find_and_release && o != describe &&
	       o != manifest && o != seal_and_close;
}

static void judge(struct race *r, unsigned which, vres_status status, const vres_error *err)
{
	const operation o = operations[which];

	if (status == VRES_OK)
		atomic_fetch_add(&r->good, 1);
	else if (status == VRES_E_STATE && err->reason == VRES_REASON_SUSPENDED && may_be_asleep(o))
		atomic_fetch_add(&r->asleep, 1);
	else if (status == VRES_E_STATE && err->reason == VRES_REASON_SUPERSEDED &&
	         may_be_superseded(o))
		atomic_fetch_add(&r->superseded, 1);
	else if (atomic_fetch_add(&r->bad, 1) == 0)
		atomic_store(&r->first_bad, (int)which * 100000 + (int)status);
}

static void *work(void *arg)
{
	struct race *r = arg;
	unsigned number;

	while ((number = atomic_fetch_add(&r->begun, 1)) < r->operations) {
		const unsigned which = number * 2654435761u / 65536 % COUNT(operations);
		vres_error err = {0};

		judge(r, which, operations[which](r, &err), &err);
		atomic_fetch_add(&r->done, 1);
	}
	return NULL;
}

/* A callback suspends it now and then: its owner finds it asleep. */
static vres_status heard(void *ctx, const vres_event *event)
{
	struct race *r = ctx;
	vres_error err;

	if (event->type == VRES_EVENT_VRAM_SUSPENDED && r->operations == 0)
		r->at_the_event = vres_shard_suspend(r->shard, &err);
	if (event->type == VRES_EVENT_SEAL_VERIFIED && r->shard &&
	    atomic_load(&r->begun) % 61 == 0 && vres_shard_suspend(r->shard, &err) == VRES_OK)
		atomic_fetch_add(&r->from_callbacks, 1);
	return VRES_OK;
}

static void count_incident(void *ctx, const vres_event *event)
{
	(void)event;
	atomic_fetch_add(&((struct race *)ctx)->incidents, 1);
}

static void suspend(struct race *r)
{
	vres_error err;
	vres_status status;

	while ((status = vres_shard_suspend(r->shard, &err)) == VRES_E_BUSY)
		(void)sched_yield();
	ck_assert_msg(status == VRES_OK ||
	                      (status == VRES_E_STATE && err.reason == VRES_REASON_SUSPENDED),
	              "%s: %s", vres_status_name(status), err.message);
}

/* True: it is of another epoch now. */
static bool change_owner_side(struct race *r, unsigned round)
{
	vres_resume_params p = vres_resume_params_init();
	uint64_t ptrs[WEIGHTS_MAX];
	vres_change change = vres_change_init();
	vres_error err;

	suspend(r);
	if (round % 4 == 1) {
		engine_move(r->e, ptrs);
		p.device_ptrs = ptrs;
		p.device_ptrs_n = r->e->n;
	}
	if (round % 4 == 3) {
		change.tensor = round % r->e->n;
		engine_flip(r->e, change.tensor, 0);
		p.changes = &change;
		p.changes_n = 1;
	}
	ck_ok(vres_shard_resume(r->shard, &p, NULL, &err));
	return round % 4 == 3;
}

static void begin_race(struct race *r)
{
	struct setup setup = setup_init();
	vres_config config;
	vres_error err;

	setup.no_manager = true;
	r->f = begin(&setup);
	config = config_of(r->f);
	config.audit = (vres_audit_sink){.record = heard, .ctx = r};
	config.on_incident = count_incident;
	config.incident_ctx = r;
	config.log = NULL;
	ck_ok(manager_create(r->f, &config, &r->f->manager, &err));
	r->e = engine_with_small_weights(r->f);
	r->beside = sealed(r->f, BLOCK + 1, 3);
	r->shard = engine_sealed(r->e);
	r->receipt = receipt_of(r->shard, &r->receipt_bytes);
	r->claimed = info_of(r->shard);
}

static unsigned wanted_operations(void)
{
	const char *text = getenv("VRES_TEST_OPERATIONS");
	const unsigned usual =
		suite_scaled(test_device_is_mock() ? OPERATIONS : OPERATIONS / 50, 500);

	return text ? (unsigned)strtoul(text, NULL, 10) : usual;
}

static void end_race(struct race *r)
{
	test_free(r->receipt);
	release_shard(&r->beside);
	release_shard(&r->shard);
	engine_end(&r->e);
	finish(&r->f);
}

/* "It is already" would let the second owner write while checks still read. */
START_TEST(suspension_that_is_not_yet_done_is_busy_for_whoever_else_wants_it)
{
	struct race r = {.operations = 0};
	vres_error err;

	begin_race(&r);
	ck_ok(vres_shard_suspend(r.shard, &err));
	ck_assert_int_eq(r.at_the_event, VRES_E_BUSY);
	ck_status(vres_shard_suspend(r.shard, &err), VRES_E_STATE);
	ck_assert_uint_eq(err.reason, VRES_REASON_SUSPENDED);
	ck_ok(vres_shard_resume(r.shard, NULL, NULL, &err));
	end_race(&r);
}
END_TEST

START_TEST(any_call_may_meet_a_suspension_and_finds_the_shard_good_or_asleep)
{
	struct race r = {.operations = wanted_operations()};
	pthread_t threads[WORKERS];
	unsigned epochs = 0;
	vres_error err;

	begin_race(&r);
	for (unsigned i = 0; i < WORKERS; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, work, &r), 0);
	for (unsigned round = 0; atomic_load(&r.done) < r.operations; round++)
		epochs += change_owner_side(&r, round);
	for (unsigned i = 0; i < WORKERS; i++)
		ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
	epochs += change_owner_side(&r, 3);
	ck_assert_msg(atomic_load(&r.bad) == 0, "%u answers are wrong; the first: operation %d, %s",
	              atomic_load(&r.bad), atomic_load(&r.first_bad) / 100000,
	              vres_status_name((vres_status)(atomic_load(&r.first_bad) % 100000)));
	ck_assert_uint_eq(atomic_load(&r.incidents), 0);
	ck_assert_uint_gt(atomic_load(&r.good), 0);
	ck_assert_uint_eq(info_of(r.shard).epoch, epochs);
	ck_ok(vres_shard_verify(r.shard, NULL, NULL, &err));
	suite_value("operations", atomic_load(&r.done));
	suite_value("asleep", atomic_load(&r.asleep));
	suite_value("suspended_by_callbacks", atomic_load(&r.from_callbacks));
	end_race(&r);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE(suspension_that_is_not_yet_done_is_busy_for_whoever_else_wants_it,
	             "VR-008 CI-007", "integrity", "weights written while they are hashed"),
		CASE_SLOW(any_call_may_meet_a_suspension_and_finds_the_shard_good_or_asleep, 7200,
	                  "VR-008 CI-007", "integrity", "a verdict about bytes that were changed"),
	};

	return suite_run("tensors_race_calls", "concurrent", cases, COUNT(cases));
}
