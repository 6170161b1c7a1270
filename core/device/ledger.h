/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The bookkeeping of a device's memory: what was promised to seals, what they have allocated, and
 * what is sealed.  It asks no driver; capacity.h does.
 */
#ifndef VRES_CORE_DEVICE_LEDGER_H
#define VRES_CORE_DEVICE_LEDGER_H

#include "os/os.h"

/* In bytes. */
struct vres_ledger_sums {
	uint64_t pending; /* promised, not allocated yet */
	uint64_t filling; /* allocated, not sealed yet */
	uint64_t used;    /* sealed */
};

struct vres_ledger {
	pthread_mutex_t lock;
	pthread_cond_t settled;
	struct vres_ledger_sums sums;
	/* Grows whenever an allocation or a release has taken effect at the driver. */
	uint64_t changes;
	uint32_t unsettled; /* allocations and releases that the driver is working on */
};

vres_status vres_ledger_open(struct vres_ledger *l, vres_error *err);
void vres_ledger_close(struct vres_ledger *l);

struct vres_ledger_sums vres_ledger_read(struct vres_ledger *l);

/* How many changes there were.  Read this, then ask the driver, then call vres_ledger_promise(). */
uint64_t vres_ledger_changes(struct vres_ledger *l);

enum vres_promise { PROMISE_MADE, PROMISE_REFUSED, PROMISE_ASK_AGAIN };

/*
 * Promise @bytes out of @available, which the driver stated after @changes was read.  ASK_AGAIN:
 * the driver's figure may be older than the books, so ask for a new one.  *pending: what was
 * promised to others.
 */
enum vres_promise vres_ledger_promise(struct vres_ledger *l, uint64_t changes, uint64_t bytes,
                                      uint64_t available, uint64_t *pending);

/* A promise of @promised bytes became an allocation of @taken bytes; 0: it came to nothing. */
void vres_ledger_allocated(struct vres_ledger *l, uint64_t promised, uint64_t taken);

/* What was being filled is sealed now. */
void vres_ledger_sealed(struct vres_ledger *l, uint64_t taken);

/* Call these before and after memory is given back to the driver. */
void vres_ledger_releasing(struct vres_ledger *l);
void vres_ledger_released(struct vres_ledger *l, uint64_t taken, bool was_sealed);

#endif
