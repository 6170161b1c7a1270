/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A workers: threads that do the tasks of a job side by side, the calling thread among them.
 *
 * Threads are started by the first job that has work for them and end with workers_close(), so none
 * outlives what owns the workers, and jobs of one task start none.  A thread that cannot be had
 * means fewer, down to the caller's alone, never a failure.
 */
#ifndef VRES_CORE_OS_WORKERS_H
#define VRES_CORE_OS_WORKERS_H

#include "os/os.h"

/* Hashing with so many cores is as fast as any memory they share can be read. */
#define WORKERS_MAX 128u

/*
 * One of the tasks of @job, numbered from 0.  Several run at once, in no order but that of their
 * beginning, on threads that are numbered too:
 * @worker is 0 for the calling thread, and below the workers's threads.
 */
typedef vres_status (*worker_task)(void *job, uint32_t worker, size_t index, vres_error *err);

/* Stays where it is opened. */
struct workers {
	bool is_open;
	uint32_t threads; /* that may work, the caller's included */
	uint32_t started, numbered;
	int64_t process; /* which they belong to */
	pthread_t thread[WORKERS_MAX - 1];
	pthread_mutex_t lock;
	pthread_cond_t wake, idle;

	/* The job; under the lock. */
	worker_task task;
	void *job;
	size_t tasks, next, done;
	vres_status status; /* of the first task that failed */
	vres_error error;
	bool is_closing;
};

/* @threads: 0 for every core this process may use. */
vres_status workers_open(struct workers *c, uint32_t threads, vres_error *err);

/* Ends all threads; with workers_stop() before. */
void workers_close(struct workers *c);

/*
 * Begin a job of @tasks tasks and return while the others do it.  One job at a time: workers_end()
 * before the next.
 */
void workers_begin(struct workers *c, worker_task task, void *job, size_t tasks);

/*
 * Help until the job is done.  After a task that failed no other is begun, and its error is
 * returned.
 */
vres_status workers_end(struct workers *c, vres_error *err);

/* Give a job up, if there is one: wait for the tasks that were begun and forget the others. */
void workers_stop(struct workers *c);

#endif
