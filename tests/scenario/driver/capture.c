/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A graph is captured while the library works: in CUDA's global mode, calls of any other thread
 * that may be unsafe fail and spoil the capture, unless that thread has made its mode relaxed.
 */
#include <pthread.h>
#include <vres/backend.h>
#include "cuda/cuda_abi.h"
#include "driver_fixture.h"

#define BYTES    (MIB(2) - 77)
#define SPOILED  901
#define REFUSED  900
#define ENOUGH_S UINT64_C(10000000)

#ifdef FAKE_HIP
#define MODE_FUNCTION "hipThreadExchangeStreamCaptureMode"
#else
#define MODE_FUNCTION "cuThreadExchangeStreamCaptureMode"
#endif

/* What an engine's thread asks of the library; the last of it is what failed. */
struct work {
	struct fixture *f;
	vres_shard *shard;
	uint64_t address; /* of memory to adopt */
	vres_status status;
	vres_error err;
	int mode; /* of the thread, behind it */
};

static vres_status adopt_and_sleep(struct work *w)
{
	CLEANUP(release_shard) vres_shard *adopted = NULL;
	vres_seal_params p = vres_seal_params_init();
	vres_status status;

	p.digest_alg = VRES_DIGEST_VERITY;
	status = vres_seal_adopt(w->f->manager, &p, w->address, GROUP, &adopted, &w->err);
	if (status == VRES_OK)
		status = vres_shard_suspend(adopted, &w->err);
	return status == VRES_OK ? vres_shard_resume(adopted, NULL, NULL, &w->err) : status;
}

static vres_status use(struct work *w)
{
	static const char fresh[] = "sealed while a graph is captured";
	const vres_seal_params p = vres_seal_params_init();
	CLEANUP(release_shard) vres_shard *other = NULL;
	CLEANUP(release_lease) vres_lease *lease = NULL;
	vres_status status = vres_shard_verify(w->shard, NULL, NULL, &w->err);

	if (status == VRES_OK)
		status = vres_lease_acquire(w->shard, &lease, &w->err);
	if (status == VRES_OK)
		status = vres_scrub_step(w->f->manager, ENOUGH_S, NULL, &w->err);
	if (status == VRES_OK)
		status = vres_seal_memory(w->f->manager, &p, fresh, sizeof(fresh), &other, &w->err);
	return status == VRES_OK && w->address ? adopt_and_sleep(w) : status;
}

static void *work(void *arg)
{
	struct work *w = arg;

	(void)fake_engine_capture_mode(w->mode);
	w->status = use(w);
	w->mode = fake_engine_capture_mode(w->mode);
	return NULL;
}

/* In another thread, whose mode is w->mode before. */
static void work_elsewhere(struct work *w)
{
	pthread_t thread;

	ck_assert_int_eq(pthread_create(&thread, NULL, work, w), 0);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
}

START_TEST(library_works_while_another_thread_captures_a_graph_and_does_not_spoil_it)
{
	CLEANUP(driver_fixture_finish) struct fixture *f = driver_fixture_begin(NULL, 0, 0, true);
	CLEANUP(release_shard) vres_shard *shard = sealed(f, BYTES, 1);
	struct work w = {.f = f, .shard = shard, .mode = _i};
	void *capture;

	w.address = fake_engine_alloc(0, BYTES, true);
	capture = fake_engine_capture(CUDA_CAPTURE_GLOBAL);
	ck_assert_ptr_nonnull(capture);
	work_elsewhere(&w);
	ck_assert_int_eq(fake_engine_captured(capture), 0);
	ck_assert_msg(w.status == VRES_OK, "%s", w.err.message);
	ck_assert_int_eq(w.mode, _i); /* as it was */
	fake_engine_free(w.address);
}
END_TEST

START_TEST(thread_that_captures_itself_may_verify)
{
	CLEANUP(driver_fixture_finish) struct fixture *f = driver_fixture_begin(NULL, 0, 0, true);
	CLEANUP(release_shard) vres_shard *shard = sealed(f, BYTES, 1);
	struct work w = {.f = f, .shard = shard};
	void *capture = fake_engine_capture(_i);

	w.status = use(&w);
	ck_assert_int_eq(w.status, VRES_OK);
	ck_assert_int_eq(fake_engine_captured(capture), 0);
	ck_context_restored();
}
END_TEST

/* Without this rule the tests above would show nothing. */
START_TEST(fake_driver_refuses_unsafe_calls_that_are_not_relaxed_and_spoils_the_capture)
{
	static const struct {
		int capture, thread;
		bool is_own, is_refused;
	} kinds[] = {
		{CUDA_CAPTURE_GLOBAL, CUDA_CAPTURE_GLOBAL, true, true},
		{CUDA_CAPTURE_GLOBAL, CUDA_CAPTURE_THREAD_LOCAL, true, true},
		{CUDA_CAPTURE_GLOBAL, CUDA_CAPTURE_RELAXED, true, false},
		{CUDA_CAPTURE_THREAD_LOCAL, CUDA_CAPTURE_GLOBAL, true, true},
		{CUDA_CAPTURE_RELAXED, CUDA_CAPTURE_GLOBAL, true, false},
	};
	CLEANUP(driver_fixture_finish) struct fixture *f = driver_fixture_begin(NULL, 0, 0, false);

	ck_assert_ptr_nonnull(f);
	for (size_t i = 0; i < COUNT(kinds); i++) {
		void *capture = fake_engine_capture(kinds[i].capture);
		const int before = fake_engine_capture_mode(kinds[i].thread);

		ck_assert_int_eq(fake_engine_unsafe_call(), kinds[i].is_refused ? REFUSED : 0);
		ck_assert_int_eq(fake_engine_capture_mode(before), kinds[i].thread);
		ck_assert_int_eq(fake_engine_captured(capture), kinds[i].is_refused ? SPOILED : 0);
	}
}
END_TEST

/* Also where the mode cannot be put back at the first try. */
START_TEST(mode_that_the_driver_does_not_set_is_no_reason_to_refuse_work)
{
	CLEANUP(driver_fixture_finish) struct fixture *f = driver_fixture_begin(NULL, 0, 0, true);
	CLEANUP(release_shard) vres_shard *shard = sealed(f, BYTES, 1);
	vres_error err;

	fake_fail(MODE_FUNCTION, (uint64_t)_i + 1, CUDA_UNKNOWN);
	ck_ok(vres_shard_verify(shard, NULL, NULL, &err));
	ck_assert_ptr_nonnull(fake_failed());
	ck_context_restored();
	ck_assert_int_eq(fake_engine_capture_mode(CUDA_CAPTURE_GLOBAL), CUDA_CAPTURE_GLOBAL);
}
END_TEST

#ifndef FAKE_HIP
/* HIP's missing functions are those that dlsym() does not find: tests/unit/gpu/hip_library.c. */
START_TEST(driver_without_capture_modes_works_and_then_a_check_spoils_a_capture)
{
	const struct fake_params params = {.missing = "cuThreadExchangeStreamCaptureMode"};
	CLEANUP(driver_fixture_finish)
	struct fixture *f = driver_fixture_begin(&params, 0, 0, true);
	CLEANUP(release_shard) vres_shard *shard = sealed(f, BYTES, 1);
	struct work w = {.f = f, .shard = shard};
	void *capture = fake_engine_capture(CUDA_CAPTURE_GLOBAL);
	vres_error err;

	work_elsewhere(&w);
	ck_assert_int_eq(w.status, VRES_E_BACKEND);
	ck_assert_int_eq(w.err.backend_code, REFUSED);
	ck_assert_int_eq(fake_engine_captured(capture), SPOILED);
	ck_assert_uint_eq(info_of(shard).state, VRES_SHARD_SEALED);
	ck_ok(vres_shard_verify(shard, NULL, NULL, &err));
	ck_assert_uint_eq(record_critical(&f->record), 0);
}
END_TEST
#endif

int main(void)
{
	static const struct suite_case cases[] = {
		CASE_LOOP(library_works_while_another_thread_captures_a_graph_and_does_not_spoil_it,
	                  3, "WORKER-4032 CI-007", "availability",
	                  "an engine whose graph cannot be captured while it is checked"),
		CASE_LOOP(thread_that_captures_itself_may_verify, 3, "WORKER-4032 CI-007",
	                  "availability", ""),
		CASE(fake_driver_refuses_unsafe_calls_that_are_not_relaxed_and_spoils_the_capture,
	             "WORKER-4032", "", ""),
		CASE_LOOP(mode_that_the_driver_does_not_set_is_no_reason_to_refuse_work, 2,
	                  "WORKER-4032", "availability", ""),
#ifndef FAKE_HIP
		CASE(driver_without_capture_modes_works_and_then_a_check_spoils_a_capture,
	             "WORKER-4032 CI-007", "availability", "a refused call taken for tampering"),
#endif
	};

	suite_backend(FAKE_BACKEND()->name);
	return suite_run(FAKE_NAME "_capture", "verify", cases, COUNT(cases));
}
