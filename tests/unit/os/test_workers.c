/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Workers: each task is done once, tasks run side by side on no more threads than asked for, needed
 * or available, and no thread is left.
 */
#include "os/workers.h"
#include "os/cores.h"

#include <dirent.h>
#include <errno.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/suite/status.h"
#include "support/suite/suite.h"

#define MOST 300u

/* The number of threads that can still be started, through the linker's --wrap; -1: any number. */
static _Atomic int threads_to_be_had = -1;

int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *),
                          void *arg);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *),
                          void *arg);

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *),
                          void *arg)
{
	if (threads_to_be_had == 0)
		return EAGAIN;
	if (threads_to_be_had > 0)
		threads_to_be_had--;
	return __real_pthread_create(thread, attr, run, arg);
}

static unsigned threads_now(void)
{
	DIR *folder = opendir("/proc/self/task");
	unsigned n = 0;

	ck_assert_ptr_nonnull(folder);
	for (const struct dirent *entry; (entry = readdir(folder)) != NULL;)
		n += entry->d_name[0] != '.';
	closedir(folder);
	return n;
}

/* The system lists a joined thread until it has cleared it away. */
static void ck_threads_become(unsigned want)
{
	for (unsigned tries = 0; threads_now() != want && tries < 5000; tries++)
		(void)usleep(1000);
	ck_assert_uint_eq(threads_now(), want);
}

struct job {
	atomic_uint done[MOST];
	atomic_bool is_busy[WORKERS_MAX];
	atomic_uint workers, clashes; /* a worker that has two tasks at once */
	pthread_t caller;
	atomic_uint elsewhere; /* tasks of worker 0 on a thread that is not the caller's */
	size_t fails_at;
	/* If not NULL, tasks after fails_at wait until these know of the failure. */
	struct workers *failing;
	uint32_t threads;
};

static bool knows_failure(struct workers *c)
{
	bool has_failed;

	pthread_mutex_lock(&c->lock);
	has_failed = c->status != VRES_OK;
	pthread_mutex_unlock(&c->lock);
	return has_failed;
}

static vres_status task(void *arg, uint32_t worker, size_t index, vres_error *err)
{
	struct job *job = arg;

	if (worker >= job->threads || atomic_exchange(&job->is_busy[worker], true))
		atomic_fetch_add(&job->clashes, 1);
	if ((worker == 0) != (pthread_equal(pthread_self(), job->caller) != 0))
		atomic_fetch_add(&job->elsewhere, 1);
	atomic_fetch_add(&job->done[index], 1);
	while (job->failing && index > job->fails_at && !knows_failure(job->failing))
		sched_yield();
	for (volatile unsigned i = 0; i < 2000; i++)
		;
	atomic_store(&job->is_busy[worker], false);
	return index == job->fails_at ? vres_fail(err, VRES_E_BUSY, "task %zu failed", index)
	                              : VRES_OK;
}

static void job_init(struct job *job, uint32_t threads)
{
	memset(job, 0, sizeof(*job));
	job->caller = pthread_self();
	job->fails_at = SIZE_MAX;
	job->threads = threads;
}

static void ck_job(struct workers *c, size_t tasks)
{
	struct job job;
	vres_error err;

	job_init(&job, c->threads);
	workers_begin(c, task, &job, tasks);
	ck_ok(workers_end(c, &err));
	for (size_t i = 0; i < MOST; i++)
		if (atomic_load(&job.done[i]) != (i < tasks))
			ck_abort_msg("task %zu of %zu was done %u times by %u threads", i, tasks,
			             atomic_load(&job.done[i]), c->threads);
	ck_assert_uint_eq(atomic_load(&job.clashes), 0);
	ck_assert_uint_eq(atomic_load(&job.elsewhere), 0);
}

START_TEST(every_task_is_done_once_by_any_number_of_threads)
{
	static const uint32_t threads[] = {1, 2, 3, 7, 0};

	for (size_t t = 0; t < COUNT(threads); t++) {
		CLEANUP(workers_close) struct workers c = {0};
		vres_error err;

		ck_ok(workers_open(&c, threads[t], &err));
		for (unsigned round = 0; round < suite_scaled(200, 10); round++)
			ck_job(&c, round * 37 % MOST);
	}
}
END_TEST

START_TEST(no_more_threads_than_asked_for_or_needed)
{
	CLEANUP(workers_close) struct workers c = {0};
	CLEANUP(workers_close) struct workers huge = {0};
	vres_error err;

	ck_ok(workers_open(&c, 4, &err));
	ck_job(&c, 0);
	ck_assert_uint_eq(c.started, 0);
	ck_job(&c, 1);
	ck_assert_uint_eq(c.started, 0);
	ck_job(&c, 2);
	ck_assert_uint_eq(c.started, 1);
	ck_job(&c, 100);
	ck_assert_uint_eq(c.started, 3);
	ck_job(&c, 100);
	ck_assert_uint_eq(c.started, 3);
	ck_ok(workers_open(&huge, UINT32_MAX, &err));
	ck_assert_uint_eq(huge.threads, WORKERS_MAX);
}
END_TEST

START_TEST(as_many_threads_as_cores_when_nothing_is_said)
{
	CLEANUP(workers_close) struct workers c = {0};
	vres_error err;

	ck_ok(workers_open(&c, 0, &err));
	ck_assert_uint_eq(c.threads, vres_os_cores() < WORKERS_MAX ? vres_os_cores() : WORKERS_MAX);
	ck_assert_uint_ge(c.threads, 1);
}
END_TEST

START_TEST(threads_that_cannot_be_had_mean_fewer_and_no_failure)
{
	for (int had = 0; had <= 2; had++) {
		CLEANUP(workers_close) struct workers c = {0};
		vres_error err;

		ck_ok(workers_open(&c, 6, &err));
		threads_to_be_had = had;
		ck_job(&c, 50);
		ck_assert_int_eq((int)c.started, had);
		threads_to_be_had = -1;
	}
}
END_TEST

START_TEST(no_thread_is_left_when_the_workers_are_closed)
{
	const unsigned before = threads_now();
	struct workers c = {0};
	vres_error err;

	ck_ok(workers_open(&c, 5, &err));
	ck_job(&c, 100);
	ck_assert_uint_ge(threads_now(), before + 4);
	workers_close(&c);
	ck_threads_become(before);
	workers_close(&c);
}
END_TEST

START_TEST(first_failure_is_told_and_nothing_is_begun_after_it)
{
	for (uint32_t threads = 1; threads <= 3; threads++) {
		CLEANUP(workers_close) struct workers c = {0};
		unsigned done = 0;
		struct job job;
		vres_error err;

		ck_ok(workers_open(&c, threads, &err));
		job_init(&job, threads);
		job.fails_at = 5;
		job.failing = &c;
		workers_begin(&c, task, &job, MOST);
		ck_status(workers_end(&c, &err), VRES_E_BUSY);
		ck_assert_str_eq(err.message, "task 5 failed");
		for (size_t i = 0; i < MOST; i++)
			done += atomic_load(&job.done[i]);
		/* Each other thread may have begun one task before the failure was known. */
		ck_assert_uint_ge(done, 6);
		ck_assert_uint_le(done, 6 + threads - 1);
		ck_job(&c, 100); /* the next job is not affected */
	}
}
END_TEST

START_TEST(stopping_gives_up_what_was_not_begun)
{
	CLEANUP(workers_close) struct workers c = {0};
	unsigned done = 0;
	struct job job;
	vres_error err;

	ck_ok(workers_open(&c, 1, &err));
	workers_stop(&c); /* closing twice does nothing */
	job_init(&job, 1);
	workers_begin(&c, task, &job, MOST);
	workers_stop(&c);
	for (size_t i = 0; i < MOST; i++)
		done += atomic_load(&job.done[i]);
	ck_assert_uint_eq(done, 0);
	ck_job(&c, 10);
}
END_TEST

START_TEST(forked_child_works_without_the_threads_of_its_parent)
{
	CLEANUP(workers_close) struct workers c = {0};
	int status = 0;
	vres_error err;
	pid_t child;

	ck_ok(workers_open(&c, 3, &err));
	ck_job(&c, 50);
	child = fork();
	if (child == 0) {
		threads_to_be_had = 0; /* sanitizers allow no new threads in such a child */
		ck_job(&c, 50);
		workers_close(&c);
		_exit(7);
	}
	ck_assert_int_gt(child, 0);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(WIFEXITED(status) ? WEXITSTATUS(status) : -1, 7);
	ck_job(&c, 50);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE(every_task_is_done_once_by_any_number_of_threads, "WORKER-4400", "integrity",
	             "bytes that nobody hashes"),
		CASE(no_more_threads_than_asked_for_or_needed, "MS-004", "availability", ""),
		CASE(as_many_threads_as_cores_when_nothing_is_said, "VR-005", "", ""),
		CASE(threads_that_cannot_be_had_mean_fewer_and_no_failure, "WORKER-4150",
	             "availability", "a limit on threads"),
		CASE(no_thread_is_left_when_the_workers_are_closed, "MS-004 MS-005", "availability",
	             ""),
		CASE(first_failure_is_told_and_nothing_is_begun_after_it, "WORKER-4150",
	             "integrity", "a failure that nobody hears of"),
		CASE(stopping_gives_up_what_was_not_begun, "WORKER-4150", "availability", ""),
		CASE(forked_child_works_without_the_threads_of_its_parent, "WORKER-4150",
	             "availability", "a child that waits for ever"),
	};

	return suite_run("unit.workers", "unit", cases, COUNT(cases));
}
