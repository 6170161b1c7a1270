/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Between the threads that have events and the one that writes them: a bounded ring of slots.
 *
 * A routine event is copied into a slot and left; a full ring is counted.  A critical one waits
 * until it is on disk.  The writer sleeps while there is nothing to do, and lets a few milliseconds
 * of routine events gather, so that most of them cost their thread no system call.
 */
#ifndef VRES_CORE_AUDIT_LOG_QUEUE_H
#define VRES_CORE_AUDIT_LOG_QUEUE_H

#include <pthread.h>

#include "audit/log/log.h"

struct audit_waiter {
	bool is_done;
	vres_status status;
	vres_error error;
};

struct audit_entry {
	struct audit_slot slot;
	struct audit_waiter *waiter; /* of a critical event or a flush; or NULL */
	bool is_flush;               /* no event: only somebody who waits */
};

struct audit_queue {
	struct audit_log *log; /* the writer's */
	bool is_required;

	pthread_mutex_t lock;
	pthread_cond_t work; /* for the writer */
	pthread_cond_t done; /* for who waits: for his event, or for room */
	pthread_t writer;
	bool has_writer;

	/* Under the lock. */
	struct audit_entry *ring;
	uint64_t capacity, head, tail; /* head and tail count up; the writer alone moves tail */
	/* Events that found no room, or no log that can be written. */
	uint64_t dropped;
	uint64_t refused;            /* losses that record() told its caller of */
	uint64_t told_dropped;       /* dropped events that the writer knows of */
	uint64_t lost;               /* what the writer knows to be lost */
	bool is_sleeping;            /* the writer waits for a first event */
	bool is_urgent;              /* somebody waits for the writer */
	bool is_stopping, is_broken; /* broken: the last attempt to write failed */
	struct audit_point synced;   /* a copy for vres_audit_file_head() */
	struct sha256 hash;

	/* The writer's: when what is in the file and not on disk began to be. */
	uint64_t unsynced_since;
};

vres_status vres_audit_queue_open(struct audit_queue *q, struct audit_log *log, uint64_t capacity,
                                  bool is_required, vres_error *err);

/* Write what is queued, end the thread. */
void vres_audit_queue_close(struct audit_queue *q);

/* In a forked child: the memory alone. */
void vres_audit_queue_abandon(struct audit_queue *q);

vres_status vres_audit_queue_record(struct audit_queue *q, const vres_event *event,
                                    vres_error *err);
vres_status vres_audit_queue_flush(struct audit_queue *q, vres_error *err);

/* Events that are not in the log; of those, the ones whose record() said VRES_OK. */
uint64_t vres_audit_queue_lost(struct audit_queue *q, bool silent_ones);

#endif
