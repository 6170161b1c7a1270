/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A mutex, two conditions and a counter.  Tasks take tens of microseconds or more, beside which a
 * lock is nothing.
 */
#include "os/workers.h"

#include "os/cores.h"

vres_status workers_open(struct workers *c, uint32_t threads, vres_error *err)
{
	*c = (struct workers){.threads = threads ? threads : vres_os_cores(),
	                      .process = vres_os_process()};
	if (c->threads > WORKERS_MAX)
		c->threads = WORKERS_MAX;
	if (pthread_mutex_init(&c->lock, NULL) != 0 || pthread_cond_init(&c->wake, NULL) != 0 ||
	    pthread_cond_init(&c->idle, NULL) != 0)
		return vres_fail(err, VRES_E_NO_MEMORY, "no memory for threads");
	c->is_open = true;
	return VRES_OK;
}

/* The lock is held, and there is a task to begin. */
static void do_one(struct workers *c, uint32_t worker)
{
	const size_t index = c->next++;
	vres_error error = {0};
	vres_status status;

	(void)pthread_mutex_unlock(&c->lock);
	status = c->task(c->job, worker, index, &error);
	(void)pthread_mutex_lock(&c->lock);
	if (status != VRES_OK && c->status == VRES_OK) {
		c->status = status;
		c->error = error;
		c->tasks = c->next;
	}
	if (++c->done == c->tasks)
		(void)pthread_cond_signal(&c->idle);
}

static void *work(void *arg)
{
	struct workers *c = arg;
	uint32_t worker;

	(void)pthread_mutex_lock(&c->lock);
	worker = ++c->numbered;
	while (!c->is_closing)
		if (c->next < c->tasks)
			do_one(c, worker);
		else
			(void)pthread_cond_wait(&c->wake, &c->lock);
	(void)pthread_mutex_unlock(&c->lock);
	return NULL;
}

/* A forked child has none of the threads, nor what they were doing, and forgets both. */
static void forget_if_forked(struct workers *c)
{
	if (c->process == vres_os_process())
		return;
	c->process = vres_os_process();
	c->started = c->numbered = 0;
	c->next = c->tasks = c->done = 0;
	(void)pthread_mutex_init(&c->lock, NULL);
	(void)pthread_cond_init(&c->wake, NULL);
	(void)pthread_cond_init(&c->idle, NULL);
}

void workers_begin(struct workers *c, worker_task task, void *job, size_t tasks)
{
	forget_if_forked(c);
	(void)pthread_mutex_lock(&c->lock);
	c->task = task;
	c->job = job;
	c->tasks = tasks;
	c->next = c->done = 0;
	c->status = VRES_OK;
	if (tasks > 1 && c->started > 0)
		(void)pthread_cond_broadcast(&c->wake);
	(void)pthread_mutex_unlock(&c->lock);
	/* The caller does a task too, so one fewer is needed. */
	while (c->started + 1 < c->threads && c->started + 1 < tasks &&
	       vres_os_thread_start(&c->thread[c->started], work, c))
		c->started++;
}

vres_status workers_end(struct workers *c, vres_error *err)
{
	vres_status status;

	(void)pthread_mutex_lock(&c->lock);
	while (c->next < c->tasks)
		do_one(c, 0);
	while (c->done < c->tasks)
		(void)pthread_cond_wait(&c->idle, &c->lock);
	c->next = c->tasks = c->done = 0;
	status = c->status;
	c->status = VRES_OK;
	(void)pthread_mutex_unlock(&c->lock);
	return status == VRES_OK ? VRES_OK : vres_fail_with(err, &c->error);
}

void workers_stop(struct workers *c)
{
	forget_if_forked(c);
	(void)pthread_mutex_lock(&c->lock);
	c->tasks = c->next;
	(void)pthread_mutex_unlock(&c->lock);
	(void)workers_end(c, NULL);
}

void workers_close(struct workers *c)
{
	if (!c->is_open)
		return;
	workers_stop(c);
	(void)pthread_mutex_lock(&c->lock);
	c->is_closing = true;
	(void)pthread_cond_broadcast(&c->wake);
	(void)pthread_mutex_unlock(&c->lock);
	for (uint32_t i = 0; i < c->started; i++)
		vres_os_thread_join(c->thread[i]);
	(void)pthread_cond_destroy(&c->idle);
	(void)pthread_cond_destroy(&c->wake);
	(void)pthread_mutex_destroy(&c->lock);
	c->is_open = false;
}
