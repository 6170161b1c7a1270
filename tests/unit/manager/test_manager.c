/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A manager: devices are opened on first use, who may call a stopped one, and its end. */
#include "manager/shard.h"

#include <errno.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit/fixture/fake_backend.h"
#include "support/fixture/support.h"

START_TEST(stopped_manager_lets_in_only_who_may_still_look)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	vres_error err;

	ck_ok(vres_manager_enter(f->manager, &err));
	vres_manager_stop(f->manager);
	ck_status_reason(vres_manager_enter(f->manager, &err), VRES_E_POLICY_VIOLATION,
	                 VRES_REASON_STOPPED);
	ck_ok(vres_manager_enter_stopped(f->manager, &err));
	ck_status(vres_manager_enter(NULL, &err), VRES_E_INVALID_INPUT);
	ck_status(vres_manager_enter_stopped(NULL, &err), VRES_E_INVALID_INPUT);
}
END_TEST

/* Runs in the child.  Returns the number of calls that were not refused. */
static int look_from_a_child(vres_manager *m)
{
	vres_error err;
	int bad = 0;

	bad += !vres_manager_is_forked(m);
	bad += vres_manager_enter(m, &err) != VRES_E_STATE || err.reason != VRES_REASON_FORKED;
	bad += vres_manager_enter_stopped(m, &err) != VRES_E_STATE ||
	       err.reason != VRES_REASON_FORKED;
	return bad;
}

START_TEST(forked_child_is_let_in_nowhere_and_does_not_wait_for_a_lock)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	int status;
	pid_t child;

	/* When a process forks, another thread may hold the lock. */
	vres_manager_lock(f->manager);
	child = fork();
	if (child == 0) {
		const int bad = look_from_a_child(f->manager);

		vres_manager_lock(f->manager);
		vres_manager_unlock(f->manager);
		/* It is still that of the thread of the parent. */
		_exit(bad + (pthread_mutex_trylock(&f->manager->lock) != EBUSY));
	}
	vres_manager_unlock(f->manager);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
	ck_assert(!vres_manager_is_forked(f->manager));
}
END_TEST

/* A manager over a fake backend with three devices, none of them open. */
static vres_manager *over(struct fake_backend *p, void (*closed)(void *), void *closed_ctx)
{
	vres_policy policy = vres_policy_init();
	vres_config config = vres_config_init();
	vres_manager *m = NULL;
	vres_key *key = NULL;
	vres_error err;

	p->devices = 3;
	policy.allow = VRES_ALLOW_SIMULATED;
	ck_ok(vres_key_derive("token", 5, NULL, &key, &err));
	config.backend = &p->table;
	config.backend_arg = p;
	config.key = key;
	config.worker_id = "worker";
	config.policy = &policy;
	config.closed = closed;
	config.closed_ctx = closed_ctx;
	ck_ok(vres_manager_create(&config, &m, &err));
	vres_key_destroy(key);
	return m;
}

START_TEST(device_is_opened_when_first_used_and_once)
{
	CLEANUP(fake_backend_destroy) struct fake_backend *p = fake_backend_create();
	CLEANUP(destroy_manager) vres_manager *m = over(p, NULL, NULL);
	struct vres_device *first, *again, *none = NULL;
	vres_error err;

	ck_assert_uint_eq(atomic_load(&p->calls[FAKE_DEVICE_OPEN]), 0);
	ck_assert_ptr_null(vres_manager_open_device(m, 1));
	ck_ok(vres_manager_device(m, 1, &first, &err));
	ck_ok(vres_manager_device(m, 1, &again, &err));
	ck_assert_ptr_eq(first, again);
	ck_assert_ptr_eq(vres_manager_open_device(m, 1), first);
	ck_assert_uint_eq(first->index, 1);
	ck_assert_uint_eq(atomic_load(&p->calls[FAKE_DEVICE_OPEN]), 1);
	ck_status(vres_manager_device(m, 3, &none, &err), VRES_E_INVALID_INPUT);
	ck_status(vres_manager_device(m, UINT32_MAX, &none, &err), VRES_E_INVALID_INPUT);
	ck_assert_ptr_null(none);
}
END_TEST

START_TEST(device_that_could_not_be_opened_is_tried_again)
{
	CLEANUP(fake_backend_destroy) struct fake_backend *p = fake_backend_create();
	CLEANUP(destroy_manager) vres_manager *m = over(p, NULL, NULL);
	struct vres_device *device;
	vres_error err;

	p->answer[FAKE_DEVICE_OPEN] = VRES_E_BACKEND;
	ck_status(vres_manager_device(m, 0, &device, &err), VRES_E_BACKEND);
	p->answer[FAKE_DEVICE_OPEN] = VRES_OK;
	ck_ok(vres_manager_device(m, 0, &device, &err));
}
END_TEST

static void *open_device(void *arg)
{
	struct vres_device *device = NULL;

	return vres_manager_device(arg, 0, &device, NULL) == VRES_OK ? device : NULL;
}

START_TEST(threads_that_open_a_device_at_once_get_the_same_and_leave_one)
{
	CLEANUP(fake_backend_destroy) struct fake_backend *p = fake_backend_create();
	CLEANUP(destroy_manager) vres_manager *m = over(p, NULL, NULL);
	const int live = atomic_load(&p->live);
	pthread_t threads[8];
	void *device[8];

	for (size_t i = 0; i < COUNT(threads); i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, open_device, m), 0);
	for (size_t i = 0; i < COUNT(threads); i++) {
		ck_assert_int_eq(pthread_join(threads[i], &device[i]), 0);
		ck_assert_ptr_nonnull(device[i]);
		ck_assert_ptr_eq(device[i], device[0]);
	}
	ck_assert_int_eq(atomic_load(&p->live), live + 1);
}
END_TEST

struct closing {
	struct fake_backend *fake;
	unsigned times;
	int live;
};

static void on_closed(void *ctx)
{
	struct closing *c = ctx;

	c->times++;
	c->live = atomic_load(&c->fake->live);
}

START_TEST(closed_is_called_once_when_nothing_of_the_backend_is_open)
{
	CLEANUP(fake_backend_destroy) struct fake_backend *p = fake_backend_create();
	struct closing closing = {.fake = p, .live = -1};
	vres_manager *m = over(p, on_closed, &closing);
	struct vres_device *device;
	vres_error err;

	ck_ok(vres_manager_device(m, 0, &device, &err));
	vres_manager_keep(m);
	vres_manager_destroy(m);
	ck_assert_uint_eq(closing.times, 0);
	vres_manager_drop(m);
	ck_assert_uint_eq(closing.times, 1);
	ck_assert_int_eq(closing.live, 0);
	vres_manager_destroy(NULL);
}
END_TEST

START_TEST(manager_that_was_refused_closes_nothing)
{
	CLEANUP(fake_backend_destroy) struct fake_backend *p = fake_backend_create();
	struct closing closing = {.fake = p};
	vres_config config = vres_config_init();
	vres_manager *m = NULL;
	vres_key *key = NULL;
	vres_error err;

	ck_ok(vres_key_derive("token", 5, NULL, &key, &err));
	config.backend = &p->table;
	config.backend_arg = p;
	config.key = key;
	config.worker_id = "worker";
	config.closed = on_closed;
	config.closed_ctx = &closing;
	/* refused for being simulated */
	ck_status(vres_manager_create(&config, &m, &err), VRES_E_POLICY_VIOLATION);
	p->table.flags = 0;
	p->answer[FAKE_DEVICE_COUNT] = VRES_E_BACKEND;
	ck_status(vres_manager_create(&config, &m, &err), VRES_E_BACKEND);
	ck_assert_ptr_null(m);
	ck_assert_uint_eq(closing.times, 0);
	ck_assert_int_eq(atomic_load(&p->live), 0);
	vres_key_destroy(key);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE(stopped_manager_lets_in_only_who_may_still_look, "WORKER-4122 WORKER-4163",
	             "integrity", "work after a violation"),
		CASE(forked_child_is_let_in_nowhere_and_does_not_wait_for_a_lock, "WORKER-4150",
	             "availability", "a child that hangs"),
		CASE(device_is_opened_when_first_used_and_once, "IV-002 WORKER-4171", "", ""),
		CASE(device_that_could_not_be_opened_is_tried_again, "WORKER-4150", "availability",
	             ""),
		CASE(threads_that_open_a_device_at_once_get_the_same_and_leave_one, "VR-008 MS-004",
	             "availability", "a device that leaks"),
		CASE(closed_is_called_once_when_nothing_of_the_backend_is_open,
	             "WORKER-4972 MS-005", "integrity", "use after free"),
		CASE(manager_that_was_refused_closes_nothing, "WORKER-4172 VR-001", "", ""),
	};

	return suite_run("unit.manager", "unit", cases, COUNT(cases));
}
