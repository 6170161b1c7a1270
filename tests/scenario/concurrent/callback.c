/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Callbacks and threads: no lock is held while one runs, so it may take its time and may use the
 * library.  Nothing here depends on how fast a thread is: where an order matters, it is made by
 * waiting in a callback.
 */
#include <pthread.h>
#include "support/fixture/support.h"

/* A callback that waits until the test lets it go on. */
struct gate {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool inside, open;
};

static void gate_wait(struct gate *g, const bool *flag)
{
	pthread_mutex_lock(&g->lock);
	while (!*flag)
		pthread_cond_wait(&g->changed, &g->lock);
	pthread_mutex_unlock(&g->lock);
}

static void gate_set(struct gate *g, bool *flag)
{
	pthread_mutex_lock(&g->lock);
	*flag = true;
	pthread_cond_broadcast(&g->changed);
	pthread_mutex_unlock(&g->lock);
}

static void gate_pass(struct gate *g)
{
	gate_set(g, &g->inside);
	gate_wait(g, &g->open);
}

#define GATE                                                                                       \
	{                                                                                          \
		PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false, false                  \
	}

static vres_status slow_source(void *ctx, uint64_t offset, void *buf, size_t n)
{
	gate_pass(ctx);
	content_fill(buf, n, 99, offset);
	return VRES_OK;
}

static bool slow_progress(void *ctx, uint64_t done, uint64_t total)
{
	(void)done;
	(void)total;
	gate_pass(ctx);
	return true;
}

struct slow {
	struct fixture *f;
	struct gate *gate;
	vres_shard *shard;
	vres_status status;
};

static void *verify_slowly(void *arg)
{
	struct slow *s = arg;
	vres_verify_params p = vres_verify_params_init();

	p.source = slow_source;
	p.source_ctx = s->gate;
	s->status = vres_shard_verify(s->shard, &p, NULL, NULL);
	return NULL;
}

static void *seal_slowly(void *arg)
{
	struct slow *s = arg;
	vres_seal_params p = vres_seal_params_init();

	p.shard_id = "slow";
	p.progress = slow_progress;
	p.progress_ctx = s->gate;
	s->status = vres_seal_memory(s->f->manager, &p, "abc", 3, &s->shard, NULL);
	return NULL;
}

START_TEST(a_slow_verification_does_not_hold_up_others)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	struct gate gate = GATE;
	struct slow slow = {.f = f, .gate = &gate, .shard = damaged(f, 3 * BLOCK, 5)};
	pthread_t thread;

	ck_assert_int_eq(pthread_create(&thread, NULL, verify_slowly, &slow), 0);
	/* The thread is in the source callback of its damaged shard, and stays there. */
	gate_wait(&gate, &gate.inside);
	ck_works(f);
	ck_assert_uint_eq(metrics_of(f).shards_now, 1);
	gate_set(&gate, &gate.open);
	pthread_join(thread, NULL);
	ck_assert_int_eq(slow.status, VRES_E_SEAL_VERIFICATION_FAILED);
	release_shard(&slow.shard);
}
END_TEST

START_TEST(a_slow_seal_does_not_hold_up_others_and_is_not_found_before_it_is_sealed)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	struct gate gate = GATE;
	struct slow slow = {.f = f, .gate = &gate};
	vres_seal_params p = vres_seal_params_init();
	vres_shard *found = NULL;
	pthread_t thread;
	vres_error err;

	ck_assert_int_eq(pthread_create(&thread, NULL, seal_slowly, &slow), 0);
	gate_wait(&gate, &gate.inside);
	ck_works(f);
	ck_status(vres_manager_find(f->manager, "slow", &found, &err), VRES_E_NOT_FOUND);
	p.shard_id = "slow";
	ck_status(vres_seal_memory(f->manager, &p, "x", 1, &found, &err), VRES_E_STATE);
	ck_assert_uint_eq(metrics_of(f).shards_now, 0);
	ck_assert_uint_eq(device_of(f, 0).used_bytes, 0);
	ck_assert_uint_eq(device_of(f, 0).reserved_bytes, BLOCK);
	ck_ok(vres_enforce_vram_only(f->manager, 0, NULL, &err));
	gate_set(&gate, &gate.open);
	pthread_join(thread, NULL);
	ck_assert_int_eq(slow.status, VRES_OK);
	ck_assert_uint_eq(device_of(f, 0).used_bytes, BLOCK);
	release_shard(&slow.shard);
}
END_TEST

/* Callbacks that use the manager they are told of. */
struct nosy {
	struct fixture *f;
	atomic_uint calls, wrong;
	bool is_asking; /* what it asks is told of too */
};

static void ask(struct nosy *nosy)
{
	vres_device_info device = vres_device_info_init();
	vres_metrics metrics = vres_metrics_init();
	vres_shard *shard = NULL;

	if (nosy->f->manager == NULL || nosy->is_asking)
		return;
	nosy->is_asking = true;
	atomic_fetch_add(&nosy->calls, 1);
	if (vres_device_describe(nosy->f->manager, 0, &device, NULL) != VRES_OK ||
	    vres_manager_metrics(nosy->f->manager, &metrics, NULL) != VRES_OK)
		atomic_fetch_add(&nosy->wrong, 1);
	if (vres_manager_find(nosy->f->manager, "bystander", &shard, NULL) == VRES_OK &&
	    vres_shard_verify(shard,
	                      &(vres_verify_params){.struct_size = sizeof(vres_verify_params),
	                                            .mode = VRES_VERIFY_SIGNATURE},
	                      NULL, NULL) != VRES_OK)
		atomic_fetch_add(&nosy->wrong, 1);
	vres_shard_release(shard);
	nosy->is_asking = false;
}

static vres_status nosy_event(void *ctx, const vres_event *event)
{
	(void)event;
	ask(ctx);
	return VRES_OK;
}

static void nosy_incident(void *ctx, const vres_event *event)
{
	(void)event;
	ask(ctx);
}

static void nosy_log(void *ctx, int level, const char *event, const char *const *keys,
                     const char *const *values, size_t n)
{
	(void)level;
	(void)event;
	(void)keys;
	(void)values;
	if (n > 0)
		ask(ctx);
}

START_TEST(callbacks_may_use_the_library)
{
	struct setup s = setup_init();
	CLEANUP(finish) struct fixture *f = NULL;
	struct nosy nosy = {.f = NULL};
	CLEANUP(release_shard) vres_shard *bystander = NULL;
	vres_shard *bad;
	vres_config config;
	vres_error err;

	s.no_manager = true;
	f = begin(&s);
	nosy.f = f;
	config = config_of(f);
	config.audit = (vres_audit_sink){nosy_event, &nosy};
	config.on_incident = nosy_incident;
	config.incident_ctx = &nosy;
	config.log = nosy_log;
	config.log_ctx = &nosy;
	ck_ok(manager_create(f, &config, &f->manager, &err));
	bystander = sealed_as(f, "bystander", BLOCK, 1);
	bad = damaged(f, BLOCK, 5);
	ck_refused(vres_shard_verify(bad, NULL, NULL, &err), VRES_REASON_DIGEST);
	release_shard(&bad);
	ck_assert_uint_ge(atomic_load(&nosy.calls), 6);
	ck_assert_uint_eq(atomic_load(&nosy.wrong), 0);
}
END_TEST

/* Who is told, and on which thread. */
struct told {
	pthread_t caller;
	unsigned here, elsewhere;
};

static void note_thread(struct told *t)
{
	if (pthread_equal(t->caller, pthread_self()))
		t->here++;
	else
		t->elsewhere++;
}

static vres_status told_event(void *ctx, const vres_event *event)
{
	(void)event;
	note_thread(ctx);
	return VRES_OK;
}

static void told_incident(void *ctx, const vres_event *event)
{
	(void)event;
	note_thread(ctx);
}

static void told_log(void *ctx, int level, const char *event, const char *const *keys,
                     const char *const *values, size_t n)
{
	(void)level;
	(void)event;
	(void)keys;
	(void)values;
	(void)n;
	note_thread(ctx);
}

static bool told_progress(void *ctx, uint64_t done, uint64_t total)
{
	(void)done;
	(void)total;
	note_thread(ctx);
	return true;
}

START_TEST(callbacks_run_on_the_calling_thread_though_devices_work_in_parallel)
{
	struct setup s = setup_init();
	CLEANUP(finish) struct fixture *f = NULL;
	struct told told = {.caller = pthread_self()};
	vres_seal_params p = vres_seal_params_init();
	vres_shard *shards[4];
	vres_config config;
	vres_error err;

	s.no_manager = true;
	s.mock.devices = 4;
	f = begin(&s);
	config = config_of(f);
	config.audit = (vres_audit_sink){told_event, &told};
	config.on_incident = told_incident;
	config.incident_ctx = &told;
	config.log = told_log;
	config.log_ctx = &told;
	ck_ok(manager_create(f, &config, &f->manager, &err));
	p.progress = told_progress;
	p.progress_ctx = &told;
	for (uint32_t i = 0; i < 4; i++) {
		p.gpu_device = i;
		shards[i] = sealed_with(f, &p, 3 * BLOCK, i);
	}
	ck_ok(vres_verify_many(f->manager, shards, 4, NULL, NULL, &err));
	flip(f, shards[2], 5, 0);
	ck_refused(vres_verify_many(f->manager, shards, 4, NULL, NULL, &err), VRES_REASON_DIGEST);
	for (uint32_t i = 0; i < 4; i++)
		release_shard(&shards[i]);
	ck_assert_uint_ge(told.here, 4 * 3 + 4 + 4);
	ck_assert_uint_eq(told.elsewhere, 0);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE(a_slow_verification_does_not_hold_up_others, "VR-008 WORKER-4121",
	             "availability", "lock held during a hash or callback"),
		CASE(a_slow_seal_does_not_hold_up_others_and_is_not_found_before_it_is_sealed,
	             "VR-008 WORKER-4112", "integrity", "shard used before it is sealed"),
		CASE(callbacks_may_use_the_library, "VR-008", "availability",
	             "deadlock in a callback"),
		CASE(callbacks_run_on_the_calling_thread_though_devices_work_in_parallel, "VR-008",
	             "availability", "race in a callback"),
	};

	return suite_run("concurrent_callback", "concurrent", cases, COUNT(cases));
}
