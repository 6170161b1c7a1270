/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Capacity that changes while the driver is being asked for it. */
#include "device/capacity.h"
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "unit/fixture/fake_backend.h"
#include "support/suite/status.h"
#include "support/suite/suite.h"

#define FREE (UINT64_C(1) << 30) /* of the fake backend's device */

/*
 * Called while the driver is being asked: another seal's allocation fails, so its reservation ends.
 */
static void give_back(void *ctx)
{
	struct device_fixture *fixture = ctx;

	fixture->fake->meanwhile = NULL;
	vres_ledger_allocated(&fixture->device->ledger, FREE, 0);
}

START_TEST(figure_that_grew_old_while_it_was_asked_for_is_asked_for_again)
{
	CLEANUP(device_fixture_close) struct device_fixture *fixture = device_fixture_open();
	vres_error err;

	ck_ok(vres_capacity_reserve(fixture->device, FREE, 0, &err));
	fixture->fake->meanwhile = give_back;
	fixture->fake->meanwhile_ctx = fixture;
	ck_ok(vres_capacity_reserve(fixture->device, FREE, 0, &err));
	ck_assert_uint_eq(atomic_load(&fixture->fake->calls[FAKE_DEVICE_STATUS]), 3);
	vres_ledger_allocated(&fixture->device->ledger, FREE, 0);
}
END_TEST

/*
 * Called while the driver is being asked: another seal allocates.  The driver's answer still counts
 * those bytes as free, while the ledger no longer counts them as promised.
 */
static void allocate_meanwhile(void *ctx)
{
	struct device_fixture *fixture = ctx;

	fixture->fake->meanwhile = NULL;
	fixture->fake->status.free_bytes = 0;
	vres_ledger_allocated(&fixture->device->ledger, FREE, FREE);
}

START_TEST(bytes_allocated_while_the_figure_was_asked_for_are_not_promised_again)
{
	CLEANUP(device_fixture_close) struct device_fixture *fixture = device_fixture_open();
	vres_error err;

	ck_ok(vres_capacity_reserve(fixture->device, FREE, 0, &err));
	fixture->fake->meanwhile = allocate_meanwhile;
	fixture->fake->meanwhile_ctx = fixture;
	ck_status(vres_capacity_reserve(fixture->device, 4096, 0, &err), VRES_E_INSUFFICIENT_VRAM);
	ck_assert_uint_eq(err.available_bytes, 0);
}
END_TEST

/*
 * Calls of pthread_cond_wait(), which the linker's --wrap counts: somebody waits for a reservation
 * of another.
 */
static atomic_uint waits;

int __real_pthread_cond_wait(pthread_cond_t *condition, pthread_mutex_t *lock);

int __wrap_pthread_cond_wait(pthread_cond_t *condition, pthread_mutex_t *lock);

int __wrap_pthread_cond_wait(pthread_cond_t *condition, pthread_mutex_t *lock)
{
	atomic_fetch_add(&waits, 1);
	return __real_pthread_cond_wait(condition, lock);
}

struct reserver {
	struct device_fixture *fixture;
	vres_status status;
	atomic_bool has_decided;
};

static void *reserve_all(void *arg)
{
	struct reserver *r = arg;

	r->status = vres_capacity_reserve(r->fixture->device, FREE, 0, NULL);
	atomic_store(&r->has_decided, true);
	return NULL;
}

/* Starts the other thread and returns when it waits.  Fails the test if it decides at once. */
static pthread_t start_waiting(struct reserver *r)
{
	const struct timespec moment = {.tv_nsec = 1000000};
	pthread_t thread;

	atomic_store(&waits, 0);
	ck_assert_int_eq(pthread_create(&thread, NULL, reserve_all, r), 0);
	while (atomic_load(&waits) == 0 && !atomic_load(&r->has_decided))
		(void)nanosleep(&moment, NULL);
	ck_assert_msg(!atomic_load(&r->has_decided), "it did not wait");
	return thread;
}

/*
 * Before a refusal, the call waits for reservations that are not allocated yet.  Here the first one
 * fails, so the second fits.
 */
START_TEST(two_that_both_fit_are_not_refused_because_they_came_together)
{
	CLEANUP(device_fixture_close) struct device_fixture *fixture = device_fixture_open();
	struct reserver second = {.fixture = fixture};
	pthread_t thread;
	vres_error err;

	ck_ok(vres_capacity_reserve(fixture->device, FREE, 0, &err));
	thread = start_waiting(&second);
	vres_ledger_allocated(&fixture->device->ledger, FREE, 0);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	ck_assert_int_eq(second.status, VRES_OK);
	vres_ledger_allocated(&fixture->device->ledger, FREE, 0);
}
END_TEST

/*
 * A condition variable may not be destroyed while somebody waits on it.  In the child nobody does,
 * since the waiting thread exists in the parent only.
 */
START_TEST(child_of_a_process_where_somebody_waits_can_destroy_the_device)
{
	CLEANUP(device_fixture_close) struct device_fixture *fixture = device_fixture_open();
	struct reserver second = {.fixture = fixture};
	pthread_t thread;
	pid_t child;
	vres_error err;
	int status;

	ck_ok(vres_capacity_reserve(fixture->device, FREE, 0, &err));
	thread = start_waiting(&second);
	/* taken only if the other thread has released it, as it does by waiting */
	(void)pthread_mutex_lock(&fixture->device->ledger.lock);
	(void)pthread_mutex_unlock(&fixture->device->ledger.lock);
	child = fork();
	ck_assert_int_ge(child, 0);
	if (child == 0) {
		/* Keeps Valgrind from calling the backend's device, which a child leaves alone, a
		 * leak. */
		void *volatile theirs = fixture->device->handle;

		(void)theirs;
		alarm(20);
		vres_device_destroy(fixture->device, false);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
	vres_ledger_allocated(&fixture->device->ledger, FREE, 0);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	ck_assert_int_eq(second.status, VRES_OK);
	vres_ledger_allocated(&fixture->device->ledger, FREE, 0);
}
END_TEST

/* Threads that seal and release again and again.  The driver's free figure follows each of them. */
struct crowd {
	struct device_fixture *fixture;
	atomic_uint refused_by_the_driver;
	unsigned rounds;
};

static void *seal_and_release(void *arg)
{
	struct crowd *c = arg;
	struct vres_device *d = c->fixture->device;

	for (unsigned i = 0; i < c->rounds; i++) {
		const uint64_t bytes = (i % 3 + 1) * FREE / 8;

		if (vres_capacity_reserve(d, bytes, 0, NULL) != VRES_OK)
			continue;
		if (!fake_backend_take(c->fixture->fake, bytes))
			atomic_fetch_add(&c->refused_by_the_driver, 1);
		vres_ledger_allocated(&d->ledger, bytes, bytes);
		vres_ledger_sealed(&d->ledger, bytes);
		vres_ledger_releasing(&d->ledger);
		fake_backend_give(c->fixture->fake, bytes);
		vres_ledger_released(&d->ledger, bytes, true);
	}
	return NULL;
}

START_TEST(threads_never_promise_the_same_bytes_twice)
{
	CLEANUP(device_fixture_close) struct device_fixture *fixture = device_fixture_open();
	struct crowd crowd = {.fixture = fixture, .rounds = suite_scaled(2000, 50)};
	pthread_t threads[4];

	for (size_t i = 0; i < COUNT(threads); i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, seal_and_release, &crowd), 0);
	for (size_t i = 0; i < COUNT(threads); i++)
		ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
	ck_assert_uint_eq(atomic_load(&crowd.refused_by_the_driver), 0);
	ck_assert_uint_eq(fixture->device->ledger.sums.pending, 0);
	ck_assert_uint_eq(fixture->device->ledger.sums.used, 0);
	ck_assert_uint_eq(fixture->device->ledger.sums.filling, 0);
	ck_assert_uint_eq(fixture->device->ledger.unsettled, 0);
	ck_assert_uint_eq(fixture->fake->status.free_bytes, FREE);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE(figure_that_grew_old_while_it_was_asked_for_is_asked_for_again,
	             "VR-008 RP-001", "availability", "a stale figure"),
		CASE(bytes_allocated_while_the_figure_was_asked_for_are_not_promised_again,
	             "VR-008 RP-001", "availability", "over-commitment"),
		CASE(two_that_both_fit_are_not_refused_because_they_came_together, "VR-008",
	             "availability", ""),
		CASE(child_of_a_process_where_somebody_waits_can_destroy_the_device, "MS-005",
	             "availability", "a child that hangs when it destroys"),
		CASE(threads_never_promise_the_same_bytes_twice, "VR-008 RP-001", "availability",
	             "over-commitment"),
	};
	return suite_run("unit.capacity_races", "unit", cases, COUNT(cases));
}
