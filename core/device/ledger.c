/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The driver's figure of free memory already lacks what is allocated, so only what was promised and
 * is not allocated yet (pending) is subtracted from it.  No lock is held across a backend call, so
 * that figure may be older than the books.  Two numbers repair that.  `changes` tells that
 * something took effect since the driver was asked; then it is asked again.  `unsettled` tells that
 * an allocation or a release is between the driver and the books; then a refusal waits for it, so
 * that two seals that both fit are never refused because they came together.
 */
#include "device/ledger.h"

vres_status vres_ledger_open(struct vres_ledger *l, vres_error *err)
{
	if (pthread_mutex_init(&l->lock, NULL) != 0)
		return vres_fail(err, VRES_E_NO_MEMORY, "no memory for a lock");
	if (pthread_cond_init(&l->settled, NULL) != 0) {
		(void)pthread_mutex_destroy(&l->lock);
		return vres_fail(err, VRES_E_NO_MEMORY, "no memory for a condition");
	}
	return VRES_OK;
}

void vres_ledger_close(struct vres_ledger *l)
{
	/* With glibc both do nothing to objects that are not in use, also to zeroed ones. */
	(void)pthread_cond_destroy(&l->settled);
	(void)pthread_mutex_destroy(&l->lock);
}

struct vres_ledger_sums vres_ledger_read(struct vres_ledger *l)
{
	struct vres_ledger_sums sums;

	(void)pthread_mutex_lock(&l->lock);
	sums = l->sums;
	(void)pthread_mutex_unlock(&l->lock);
	return sums;
}

uint64_t vres_ledger_changes(struct vres_ledger *l)
{
	uint64_t changes;

	(void)pthread_mutex_lock(&l->lock);
	changes = l->changes;
	(void)pthread_mutex_unlock(&l->lock);
	return changes;
}

enum vres_promise vres_ledger_promise(struct vres_ledger *l, uint64_t changes, uint64_t bytes,
                                      uint64_t available, uint64_t *pending)
{
	enum vres_promise outcome = PROMISE_ASK_AGAIN;

	(void)pthread_mutex_lock(&l->lock);
	*pending = l->sums.pending;
	if (l->changes != changes) {
		/* The figure is out of date. */
	} else if (*pending <= available && bytes <= available - *pending) {
		l->sums.pending += bytes; /* cannot overflow: it is at most @available */
		l->unsettled++;
		outcome = PROMISE_MADE;
	} else if (l->unsettled == 0) {
		outcome = PROMISE_REFUSED;
	} else {
		(void)pthread_cond_wait(&l->settled, &l->lock);
	}
	(void)pthread_mutex_unlock(&l->lock);
	return outcome;
}

/* Something took effect at the driver: wake the threads that wait, so that they ask again. */
static void settle(struct vres_ledger *l)
{
	l->unsettled--;
	l->changes++;
	(void)pthread_cond_broadcast(&l->settled);
}

void vres_ledger_allocated(struct vres_ledger *l, uint64_t promised, uint64_t taken)
{
	(void)pthread_mutex_lock(&l->lock);
	l->sums.pending -= promised;
	l->sums.filling += taken;
	settle(l);
	(void)pthread_mutex_unlock(&l->lock);
}

void vres_ledger_sealed(struct vres_ledger *l, uint64_t taken)
{
	(void)pthread_mutex_lock(&l->lock);
	l->sums.filling -= taken;
	l->sums.used += taken;
	(void)pthread_mutex_unlock(&l->lock);
}

void vres_ledger_releasing(struct vres_ledger *l)
{
	(void)pthread_mutex_lock(&l->lock);
	l->unsettled++;
	(void)pthread_mutex_unlock(&l->lock);
}

void vres_ledger_released(struct vres_ledger *l, uint64_t taken, bool was_sealed)
{
	(void)pthread_mutex_lock(&l->lock);
	*(was_sealed ? &l->sums.used : &l->sums.filling) -= taken;
	settle(l);
	(void)pthread_mutex_unlock(&l->lock);
}
