/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Workers: threads that do the tasks of a job side by side, the calling thread among them.
 *
 * The first job that has work for them starts the threads; workers_close() ends them.  A job of one
 * task starts none.  If the system gives fewer threads, or none, the others do the work.
 */
#ifndef VRES_CORE_OS_WORKERS_H
#define VRES_CORE_OS_WORKERS_H

#include "os/os.h"

/* 128 cores hash as fast as any memory that they share can be read. */
#define WORKERS_MAX 128u

/*
 * Do task @index of @job.  Tasks begin in the order of their index, and several run at once.
 * @worker tells the threads apart: 0 is the calling one, and it is below workers.threads.
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

/* Begin a job and return while the other threads work.  workers_end() comes before the next job. */
void workers_begin(struct workers *c, worker_task task, void *job, size_t tasks);

/* Work on the job until it is done.  After a task has failed no other begins; its error returns. */
vres_status workers_end(struct workers *c, vres_error *err);

/* Give up the job, if there is one: wait for the tasks that have begun and drop the others. */
void workers_stop(struct workers *c);

#endif
