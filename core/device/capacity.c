/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Capacity of a device.
 *
 * The driver's free figure already lacks what is allocated; what must be taken off it is what was
 * promised and is not allocated yet (pending). The figure cannot be asked for under the lock, since
 * no lock is held across a backend call, so it may be older than the bookkeeping.  Two numbers
 * repair that: `changes` tells that something took effect since it was asked, and then it is asked
 * again; `unsettled` tells that an allocation or a release is between the driver and the
 * bookkeeping, and then a refusal waits for it, so that two seals that both fit are never refused
 * because they came together.
 */
#include "device/capacity.h"

vres_status vres_capacity_open(struct vres_capacity *c, vres_error *err)
{
	if (pthread_mutex_init(&c->lock, NULL) != 0)
		return vres_fail(err, VRES_E_NO_MEMORY, "no memory for a lock");
	if (pthread_cond_init(&c->settled, NULL) != 0) {
		(void)pthread_mutex_destroy(&c->lock);
		return vres_fail(err, VRES_E_NO_MEMORY, "no memory for a condition");
	}
	return VRES_OK;
}

void vres_capacity_close(struct vres_capacity *c)
{
	/* With glibc both are no-ops on objects that nobody holds, also on zeroed ones. */
	(void)pthread_cond_destroy(&c->settled);
	(void)pthread_mutex_destroy(&c->lock);
}

uint64_t vres_capacity_padded(const struct vres_device *d, uint64_t bytes)
{
	uint64_t padded;

	return ckd_mul_u64(&padded, div_up_u64(bytes, d->props.granularity), d->props.granularity)
	               ? UINT64_MAX
	               : padded;
}

static uint64_t less(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

enum attempt { GRANTED, REFUSED, ASK_AGAIN };

static enum attempt attempt(struct vres_capacity *c, uint64_t seen, uint64_t padded,
                            uint64_t available)
{
	if (c->changes != seen)
		return ASK_AGAIN;
	if (padded <= less(available, c->pending)) {
		c->pending += padded; /* cannot overflow: it is at most what the device has */
		c->unsettled++;
		return GRANTED;
	}
	if (c->unsettled == 0)
		return REFUSED;
	(void)pthread_cond_wait(&c->settled, &c->lock);
	return ASK_AGAIN;
}

vres_status vres_capacity_reserve(struct vres_device *d, uint64_t padded, uint64_t headroom,
                                  vres_error *err)
{
	struct vres_capacity *c = &d->capacity;
	vres_device_status status;
	enum attempt outcome;
	uint64_t available, pending;

	do {
		(void)pthread_mutex_lock(&c->lock);
		const uint64_t seen = c->changes;
		(void)pthread_mutex_unlock(&c->lock);
		TRY(vres_device_ask(d, &status, err));
		available = less(status.free_bytes, headroom);
		(void)pthread_mutex_lock(&c->lock);
		outcome = attempt(c, seen, padded, available);
		pending = c->pending;
		(void)pthread_mutex_unlock(&c->lock);
	} while (outcome == ASK_AGAIN);
	available = less(available, pending);
	/* So that exactly so many bytes would be granted. */
	available -= available % d->props.granularity;
	return outcome == GRANTED ? VRES_OK : vres_fail_vram(err, d->index, padded, available);
}

/* Something took effect at the driver: who waits may look again. */
static void settle(struct vres_capacity *c)
{
	c->unsettled--;
	c->changes++;
	(void)pthread_cond_broadcast(&c->settled);
}

void vres_capacity_allocated(struct vres_device *d, uint64_t padded, uint64_t taken)
{
	struct vres_capacity *c = &d->capacity;

	(void)pthread_mutex_lock(&c->lock);
	c->pending -= padded;
	c->filling += taken;
	settle(c);
	(void)pthread_mutex_unlock(&c->lock);
}

void vres_capacity_sealed(struct vres_device *d, uint64_t taken)
{
	struct vres_capacity *c = &d->capacity;

	(void)pthread_mutex_lock(&c->lock);
	c->filling -= taken;
	c->used += taken;
	(void)pthread_mutex_unlock(&c->lock);
}

void vres_capacity_releasing(struct vres_device *d)
{
	(void)pthread_mutex_lock(&d->capacity.lock);
	d->capacity.unsettled++;
	(void)pthread_mutex_unlock(&d->capacity.lock);
}

void vres_capacity_released(struct vres_device *d, uint64_t taken, bool was_sealed)
{
	struct vres_capacity *c = &d->capacity;

	(void)pthread_mutex_lock(&c->lock);
	*(was_sealed ? &c->used : &c->filling) -= taken;
	settle(c);
	(void)pthread_mutex_unlock(&c->lock);
}

vres_status vres_capacity_look(struct vres_device *d, uint64_t headroom,
                               struct vres_capacity_now *out, vres_device_status *status,
                               vres_error *err)
{
	struct vres_capacity *c = &d->capacity;

	TRY(vres_device_ask(d, status, err));
	(void)pthread_mutex_lock(&c->lock);
	*out = (struct vres_capacity_now){
		.total = d->props.total_bytes,
		.free = status->free_bytes,
		.used = c->used,
		.reserved = c->pending + c->filling + d->props.scratch_bytes,
		.available = less(less(status->free_bytes, headroom), c->pending),
	};
	(void)pthread_mutex_unlock(&c->lock);
	out->available -= out->available % d->props.granularity;
	return VRES_OK;
}
