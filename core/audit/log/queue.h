/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A bounded ring of slots between the threads that have events and the one thread that writes them.
 *
 * The thread of a routine event copies it into a slot and goes on; if the ring is full, the event
 * is counted as lost.  The thread of a critical event waits until it is on disk.  The writer lets
 * routine events gather for a few milliseconds, so that most of them cost their thread no system
 * call, and sleeps while there are none.
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
	struct audit_waiter *waiter; /* of a critical event or a flush; else NULL */
	bool is_flush;               /* no event, only a thread that waits */
};

struct audit_queue {
	struct audit_log *log; /* only the writer uses it */
	bool is_required;

	pthread_mutex_t lock;
	pthread_cond_t work; /* the writer waits here */
	pthread_cond_t done; /* threads wait here for their event or for a free slot */
	pthread_t writer;
	bool has_writer, has_begun;

	/* Protected by the lock. */
	struct audit_entry *ring;
	uint64_t capacity, head, tail; /* head and tail count up; the writer alone moves tail */
	/* Events that found no free slot, or a log that cannot be written. */
	uint64_t dropped;
	uint64_t refused;            /* losses that record() reported to its caller */
	uint64_t told_dropped;       /* of @dropped: known to the writer */
	uint64_t lost;               /* lost events, as far as the writer knows */
	bool is_sleeping;            /* the writer waits for a first event */
	bool is_urgent;              /* a thread waits for the writer */
	bool is_stopping, is_broken; /* broken: the last attempt to write failed */
	struct audit_point synced;   /* a copy for vres_audit_file_head() */
	struct sha256 hash;

	/* Only the writer uses it: since when lines are in the file and not on disk. */
	uint64_t unsynced_since;
};

/* Allocate, and start the writer, which waits: @log is not looked at before the queue begins. */
vres_status vres_audit_queue_open(struct audit_queue *q, struct audit_log *log, uint64_t capacity,
                                  bool is_required, vres_error *err);

/* The log is open: write to it from now on.  Cannot fail. */
void vres_audit_queue_begin(struct audit_queue *q);

/* Write what is queued and end the thread. */
void vres_audit_queue_close(struct audit_queue *q);

/* In a forked child: free the memory and nothing else. */
void vres_audit_queue_abandon(struct audit_queue *q);

vres_status vres_audit_queue_record(struct audit_queue *q, const vres_event *event,
                                    vres_error *err);
vres_status vres_audit_queue_flush(struct audit_queue *q, vres_error *err);

/* Events that are not in the log.  With @silent_ones: only those whose record() said VRES_OK. */
uint64_t vres_audit_queue_lost(struct audit_queue *q, bool silent_ones);

#endif
