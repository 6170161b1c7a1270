/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The ring, its writer, and the threads that use it. */
#include "audit/log/queue.h"

#include "audit/log/checkpoint.h"

/* How long routine events gather before they are written. */
#define GATHER UINT64_C(5000000)

/*
 * How long a line may be in the file and not on disk, and how long to wait before writing to a log
 * again after a failure.
 */
#define SETTLE UINT64_C(1000000000)

/* Entries written at once.  More would keep threads that wait for a free slot waiting longer. */
#define ENTRIES_AT_ONCE 256u

static struct audit_entry *entry_at(struct audit_queue *q, uint64_t i)
{
	return &q->ring[i % q->capacity];
}

/*
 * The writer
 * ----------------------------------------------------------------------------------------
 */

/* Entries that are written at once, and the first failure. */
struct audit_round {
	uint64_t first, n;
	bool must_sync;
	vres_status status;
	vres_error error;
};

static void note(struct audit_round *r, vres_status status, const vres_error *error)
{
	if (status == VRES_OK || r->status != VRES_OK)
		return;
	r->status = status;
	r->error = *error;
}

static bool is_overdue(const struct audit_queue *q)
{
	return q->log->synced.seq != q->log->written.seq &&
	       vres_os_monotonic() - q->unsynced_since >= SETTLE;
}

static void write_entries(struct audit_queue *q, struct audit_round *r)
{
	vres_error error;

	if (q->log->synced.seq == q->log->written.seq)
		q->unsynced_since = vres_os_monotonic();
	for (uint64_t i = 0; i < r->n; i++) {
		const struct audit_entry *e = entry_at(q, r->first + i);

		r->must_sync = r->must_sync || e->waiter;
		if (!e->is_flush)
			note(r, vres_audit_log_event(q->log, &e->slot, &error), &error);
	}
	note(r, vres_audit_log_settle(q->log, &error), &error);
	note(r, vres_audit_batch_commit(q->log, &error), &error);
	if (r->must_sync || is_overdue(q) || vres_audit_log_epoch_ended(q->log))
		note(r, vres_audit_batch_sync(q->log, &error), &error);
}

/* Wake the threads that wait for their event or, with @flushes, for a flush. */
static void answer(struct audit_queue *q, const struct audit_round *r, bool flushes)
{
	for (uint64_t i = 0; i < r->n; i++) {
		struct audit_entry *e = entry_at(q, r->first + i);

		if (e->waiter == NULL || e->is_flush != flushes)
			continue;
		e->waiter->status = r->status;
		if (r->status != VRES_OK)
			e->waiter->error = r->error;
		e->waiter->is_done = true;
		e->waiter = NULL;
	}
	q->lost = vres_audit_log_lost(q->log);
	q->synced = q->log->synced;
	(void)pthread_cond_broadcast(&q->done);
}

/*
 * Write one round.  The lock is held on entry and released while files are written.  The thread of
 * an event is woken when it is on disk, that of a flush after the checkpoint.
 */
static void write_round(struct audit_queue *q, bool must_sync)
{
	struct audit_round r = {.first = q->tail,
	                        .n = min_u64(q->head - q->tail, ENTRIES_AT_ONCE),
	                        .must_sync = must_sync};
	vres_error error;

	q->log->attempted += q->dropped - q->told_dropped;
	q->told_dropped = q->dropped;
	q->is_urgent = q->head - q->tail > ENTRIES_AT_ONCE; /* one that is left may be waited for */
	(void)pthread_mutex_unlock(&q->lock);
	write_entries(q, &r);
	(void)pthread_mutex_lock(&q->lock);
	q->is_broken = r.status != VRES_OK;
	answer(q, &r, false);
	(void)pthread_mutex_unlock(&q->lock);
	note(&r, vres_audit_checkpoint_write(q->log, &error), &error);
	(void)pthread_mutex_lock(&q->lock);
	q->is_broken = r.status != VRES_OK;
	q->tail += r.n;
	answer(q, &r, true);
}

/* Is there something to sync, or something that could not be written and may be now? */
static bool is_unfinished(const struct audit_queue *q)
{
	return !q->log->is_replaced && (q->is_broken || q->log->synced.seq != q->log->written.seq);
}

static bool has_work(const struct audit_queue *q)
{
	return q->head != q->tail || q->is_stopping ||
	       (q->dropped != q->told_dropped && !q->is_broken);
}

static void *run_writer(void *arg)
{
	struct audit_queue *q = arg;

	(void)pthread_mutex_lock(&q->lock);
	while (!q->has_begun && !q->is_stopping)
		(void)pthread_cond_wait(&q->work, &q->lock);
	while (q->head != q->tail || !q->is_stopping) {
		const uint64_t patience = is_unfinished(q) ? SETTLE : 0;
		bool is_late = false;

		while (!has_work(q) && !is_late) {
			q->is_sleeping = true;
			is_late = !vres_os_cond_wait(&q->work, &q->lock, patience);
		}
		q->is_sleeping = false;
		if (!q->is_urgent && !q->is_stopping && !is_late &&
		    q->head - q->tail < ENTRIES_AT_ONCE)
			(void)vres_os_cond_wait(&q->work, &q->lock, GATHER);
		write_round(q, is_late);
	}
	(void)pthread_mutex_unlock(&q->lock);
	return NULL;
}

/*
 * Callers
 * ----------------------------------------------------------------------------------------
 */

static void wake(struct audit_queue *q, bool urgently)
{
	const bool is_full = q->head - q->tail >= q->capacity / 2;

	if (!q->is_sleeping && (!urgently || q->is_urgent) && (!is_full || q->is_urgent))
		return;
	q->is_sleeping = false;
	q->is_urgent = q->is_urgent || urgently || is_full;
	(void)pthread_cond_signal(&q->work);
}

/* Is there a free slot?  Waits for one only if @may_wait. */
static bool has_room(struct audit_queue *q, bool may_wait)
{
	while (q->head - q->tail == q->capacity && may_wait) {
		wake(q, true);
		(void)pthread_cond_wait(&q->done, &q->lock);
	}
	return q->head - q->tail < q->capacity;
}

/* The lock is held. */
static void wait_for(struct audit_queue *q, struct audit_waiter *waiter)
{
	wake(q, true);
	while (!waiter->is_done)
		(void)pthread_cond_wait(&q->done, &q->lock);
}

static vres_status lose(struct audit_queue *q, const char *why, vres_error *err)
{
	q->dropped++;
	return vres_fail(err, VRES_E_AUDIT, "%s", why);
}

static vres_status record(struct audit_queue *q, const vres_event *event,
                          struct audit_waiter *waiter, vres_error *err)
{
	struct audit_entry *e;
	vres_status status;

	if (q->is_required && q->is_broken && waiter == NULL)
		return lose(q, "the audit log cannot be written", err);
	if (!has_room(q, waiter != NULL))
		return lose(q, "the audit log's queue is full", err);
	e = entry_at(q, q->head);
	status = vres_audit_slot_fill(&e->slot, event, &q->hash, err);
	if (status == VRES_E_NO_MEMORY)
		return lose(q, "no memory for the digest of a text", err);
	TRY(status);
	e->waiter = waiter;
	e->is_flush = false;
	q->head++;
	if (waiter == NULL) {
		wake(q, false);
		return VRES_OK;
	}
	wait_for(q, waiter);
	return waiter->status == VRES_OK
	               ? VRES_OK
	               : vres_fail(err, VRES_E_AUDIT, "%s", waiter->error.message);
}

vres_status vres_audit_queue_record(struct audit_queue *q, const vres_event *event, vres_error *err)
{
	struct audit_waiter waiter = {.is_done = false};
	vres_error detail;
	vres_status status;

	(void)pthread_mutex_lock(&q->lock);
	status = record(q, event, event->critical ? &waiter : NULL, &detail);
	if (status == VRES_E_AUDIT && q->is_required)
		q->refused++;
	else if (status == VRES_E_AUDIT)
		status = VRES_OK;
	(void)pthread_mutex_unlock(&q->lock);
	return status == VRES_OK ? VRES_OK : vres_fail_with(err, &detail);
}

vres_status vres_audit_queue_flush(struct audit_queue *q, vres_error *err)
{
	struct audit_waiter waiter = {.is_done = false};
	struct audit_entry *e;

	(void)pthread_mutex_lock(&q->lock);
	(void)has_room(q, true);
	e = entry_at(q, q->head);
	e->waiter = &waiter;
	e->is_flush = true;
	q->head++;
	wait_for(q, &waiter);
	(void)pthread_mutex_unlock(&q->lock);
	return waiter.status == VRES_OK ? VRES_OK
	                                : vres_fail(err, VRES_E_AUDIT, "%s", waiter.error.message);
}

uint64_t vres_audit_queue_lost(struct audit_queue *q, bool silent_ones)
{
	uint64_t lost;

	(void)pthread_mutex_lock(&q->lock);
	lost = q->lost + q->dropped - q->told_dropped;
	if (silent_ones)
		lost -= min_u64(lost, q->refused);
	(void)pthread_mutex_unlock(&q->lock);
	return lost;
}

vres_status vres_audit_queue_open(struct audit_queue *q, struct audit_log *log, uint64_t capacity,
                                  bool is_required, vres_error *err)
{
	q->log = log;
	q->capacity = capacity;
	q->is_required = is_required;
	TRY(vres_sha256_open(&q->hash, err));
	q->ring = vres_os_alloc(capacity * sizeof(*q->ring));
	if (q->ring == NULL)
		return vres_fail(err, VRES_E_NO_MEMORY, "no memory for a queue of %u events",
		                 (unsigned)capacity);
	/* Touch every page now, so that no event waits for a page fault. */
	memset(q->ring, 0xff, capacity * sizeof(*q->ring));
	if (pthread_mutex_init(&q->lock, NULL) != 0 || !vres_os_cond_init(&q->work) ||
	    !vres_os_cond_init(&q->done))
		return vres_fail(err, VRES_E_NO_MEMORY, "no lock for the audit log");
	q->has_writer = vres_os_thread_start(&q->writer, run_writer, q);
	if (!q->has_writer)
		return vres_fail(err, VRES_E_NO_MEMORY, "no thread for the audit log");
	return VRES_OK;
}

void vres_audit_queue_begin(struct audit_queue *q)
{
	(void)pthread_mutex_lock(&q->lock);
	q->synced = q->log->synced;
	q->has_begun = true;
	(void)pthread_cond_signal(&q->work);
	(void)pthread_mutex_unlock(&q->lock);
}

void vres_audit_queue_abandon(struct audit_queue *q)
{
	vres_sha256_close(&q->hash);
	vres_os_free(q->ring);
	q->ring = NULL;
}

void vres_audit_queue_close(struct audit_queue *q)
{
	if (q->has_writer) {
		(void)pthread_mutex_lock(&q->lock);
		q->is_stopping = true;
		(void)pthread_cond_signal(&q->work);
		(void)pthread_mutex_unlock(&q->lock);
		vres_os_thread_join(q->writer);
		q->log->attempted += q->dropped - q->told_dropped;
		(void)pthread_mutex_destroy(&q->lock);
		(void)pthread_cond_destroy(&q->work);
		(void)pthread_cond_destroy(&q->done);
	}
	vres_audit_queue_abandon(q);
}
