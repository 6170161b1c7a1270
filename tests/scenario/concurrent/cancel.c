/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * pthread_cancel() of a thread inside a public call takes effect when the call has ended: nothing
 * is left half done, no lock is left behind.
 */
#include "cancel_calls.h"

#include <pthread.h>

/*
 * How often the calling thread disabled cancellation, and whether to cancel it as soon as it does.
 */
static _Thread_local unsigned times_disabled;
static _Thread_local bool is_victim;

int __real_pthread_setcancelstate(int state, int *old);
int __wrap_pthread_setcancelstate(int state, int *old);
int __wrap_pthread_setcancelstate(int state, int *old)
{
	const int error = __real_pthread_setcancelstate(state, old);

	times_disabled += state == PTHREAD_CANCEL_DISABLE;
	if (is_victim && state == PTHREAD_CANCEL_DISABLE) {
		is_victim = false;
		(void)pthread_cancel(pthread_self());
	}
	return error;
}

struct attempt {
	const struct call *call;
	struct stage *stage;
	unsigned times_disabled; /* by the call */
	bool is_due_before, has_returned;
};

/* Call, with a cancellation that comes when the call has begun, or that was due before. */
static void *call_when_cancelled(void *arg)
{
	struct attempt *a = arg;

	is_victim = !a->is_due_before && !a->call->is_pure;
	if (!is_victim)
		(void)pthread_cancel(pthread_self());
	times_disabled = 0;
	a->call->run(a->stage);
	a->times_disabled = times_disabled;
	a->has_returned = true;
	pthread_testcancel();
	return NULL;
}

/* How the thread ended. */
static const void *attempt(struct attempt *a)
{
	void *result = NULL;
	pthread_t thread;

	ck_assert_int_eq(pthread_create(&thread, NULL, call_when_cancelled, a), 0);
	ck_assert_int_eq(pthread_join(thread, &result), 0);
	return result;
}

START_TEST(cancellation_waits_for_the_end_of_every_public_call)
{
	struct stage *stage = stage_begin(strncmp(calls[_i].name, "vres_audit", 10) == 0);
	struct attempt a = {.call = &calls[_i], .stage = stage};
	const void *result = attempt(&a);

	ck_assert_msg(a.has_returned, "the thread ended inside %s", a.call->name);
	ck_assert_msg(stage->status == VRES_OK, "%s: %s", a.call->name,
	              vres_status_name(stage->status));
	ck_assert_msg(result == PTHREAD_CANCELED, "%s lost the cancellation", a.call->name);
	ck_assert_msg((a.times_disabled > 0) == !a.call->is_pure, "%s is %s", a.call->name,
	              a.call->is_pure ? "guarded, though called pure" : "not guarded");
	stage_end(stage);
}
END_TEST

START_TEST(cancellation_that_is_due_takes_effect_before_a_call_and_never_before_a_release)
{
	struct stage *stage = stage_begin(strncmp(calls[_i].name, "vres_audit", 10) == 0);
	struct attempt a = {.call = &calls[_i], .stage = stage, .is_due_before = true};

	ck_assert(attempt(&a) == PTHREAD_CANCELED);
	ck_assert_msg(a.has_returned == (a.call->is_pure || a.call->is_release), "%s",
	              a.call->name);
	ck_assert_uint_eq(a.times_disabled > 0, a.has_returned && !a.call->is_pure);
	stage_end(stage);
}
END_TEST

/* Callbacks, and those of them that could have been cancelled. */
struct watch {
	unsigned callbacks, cancellable;
};

static void look(void *ctx)
{
	struct watch *w = ctx;
	int state;

	w->callbacks++;
	(void)__real_pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
	w->cancellable += state != PTHREAD_CANCEL_DISABLE;
	(void)__real_pthread_setcancelstate(state, NULL);
}

static vres_status look_at_event(void *ctx, const vres_event *event)
{
	(void)event;
	look(ctx);
	return VRES_OK;
}

static void look_at_incident(void *ctx, const vres_event *event)
{
	(void)event;
	look(ctx);
}

static void look_at_line(void *ctx, int level, const char *event, const char *const *keys,
                         const char *const *values, size_t n)
{
	(void)level, (void)event, (void)keys, (void)values, (void)n;
	look(ctx);
}

static bool look_at_progress(void *ctx, uint64_t done, uint64_t total)
{
	(void)done, (void)total;
	look(ctx);
	return true;
}

static vres_status look_at_read(void *ctx, void *buf, size_t n)
{
	content_fill(buf, n, 1, 0);
	look(ctx);
	return VRES_OK;
}

static vres_status look_at_read_at(void *ctx, uint64_t offset, void *buf, size_t n)
{
	content_fill(buf, n, 1, offset);
	look(ctx);
	return VRES_OK;
}

/* How many callbacks there were since the last time; at least one. */
#define ck_looked(w)                                                                               \
	do {                                                                                       \
		ck_assert_uint_gt((w).callbacks, 0);                                               \
		ck_assert_uint_eq((w).cancellable, 0);                                             \
		(w).callbacks = 0;                                                                 \
	} while (0)

START_TEST(callbacks_run_with_cancellation_disabled)
{
	struct watch audit = {0}, log = {0}, incident = {0}, progress = {0}, reading = {0},
		     locating = {0}, closing = {0};
	vres_mock *mock = NULL;
	vres_key *key = NULL;
	vres_policy policy = vres_policy_init();
	vres_config c = vres_config_init();
	vres_seal_params p = vres_seal_params_init();
	vres_verify_params where = vres_verify_params_init();
	vres_manager *manager = NULL;
	vres_shard *shard = NULL;
	vres_lease *lease = NULL;
	vres_error err;

	ck_ok(vres_mock_create(NULL, &mock, &err));
	ck_ok(vres_key_derive(TOKEN, 5, NULL, &key, &err));
	policy.allow = SIMULATED;
	c.backend = vres_backend_mock();
	c.backend_arg = mock;
	c.key = key;
	c.worker_id = WORKER;
	c.policy = &policy;
	c.audit = (vres_audit_sink){look_at_event, &audit};
	c.log = look_at_line;
	c.log_ctx = &log;
	c.on_incident = look_at_incident;
	c.incident_ctx = &incident;
	c.closed = look;
	c.closed_ctx = &closing;
	ck_ok(vres_manager_create(&c, &manager, &err));
	ck_looked(log);
	p.progress = look_at_progress;
	p.progress_ctx = &progress;
	ck_ok(vres_seal_stream(manager, &p, look_at_read, &reading, 2 * GROUP, &shard, &err));
	ck_looked(progress);
	ck_looked(reading);
	ck_looked(audit);
	ck_ok(vres_lease_acquire(shard, &lease, &err));
	ck_assert_int_eq(vres_mock_flip(mock, vres_lease_device_ptr(lease), 0), VRES_OK);
	where.source = look_at_read_at;
	where.source_ctx = &locating;
	ck_refused(vres_shard_verify(shard, &where, NULL, &err), VRES_REASON_DIGEST);
	ck_looked(incident);
	ck_looked(locating);
	vres_lease_release(lease);
	vres_shard_release(shard);
	vres_key_destroy(key);
	ck_looked(log);
	vres_manager_destroy(manager);
	ck_looked(closing);
	vres_mock_destroy(mock);
}
END_TEST

START_TEST(state_that_was_disabled_already_stays_so)
{
	int state;

	(void)__real_pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
	{
		CLEANUP(finish) struct fixture *f = begin(NULL);
		CLEANUP(release_shard) vres_shard *shard = sealed(f, BLOCK, 1);
	}
	(void)__real_pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &state);
	ck_assert_int_eq(state, PTHREAD_CANCEL_DISABLE);
}
END_TEST

int main(void)
{
	const struct suite_case cases[] = {
		CASE_LOOP(cancellation_waits_for_the_end_of_every_public_call, (int)calls_count, "",
	                  "availability", "a lock or VRAM left behind by a thread that was ended"),
		CASE_LOOP(
			cancellation_that_is_due_takes_effect_before_a_call_and_never_before_a_release,
			(int)calls_count, "", "availability", ""),
		CASE(callbacks_run_with_cancellation_disabled, "", "availability", ""),
		CASE(state_that_was_disabled_already_stays_so, "", "", ""),
	};

	return suite_run("cancel", "concurrent", cases, COUNT(cases));
}
