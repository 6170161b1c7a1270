/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The scratch memory is allocated once, when the device is opened, and divided into slots.  A hash
 * job has one slot to itself.
 */
#include "gpu/scratch.h"

#include <errno.h>
#include <time.h>

#include "gpu/context.h"

#define SLOT_MIN  (UINT64_C(1) << 20)
#define SLOT_MAX  (UINT64_C(16) << 20)
#define SLOT_PART 4096u /* a slot takes at most this fraction of the device's memory */

#define SECOND UINT64_C(1000000000)

/* A power of two between the bounds. */
static uint64_t slot_bytes(uint64_t total_bytes)
{
	uint64_t bytes = SLOT_MIN;

	while (bytes < SLOT_MAX && 2 * bytes <= total_bytes / SLOT_PART)
		bytes *= 2;
	return bytes;
}

/* A condition variable whose deadlines are on the monotonic clock. */
static bool cond_open(pthread_cond_t *cond)
{
	pthread_condattr_t attributes;
	bool good;

	if (pthread_condattr_init(&attributes) != 0)
		return false;
	good = pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0 &&
	       pthread_cond_init(cond, &attributes) == 0;
	(void)pthread_condattr_destroy(&attributes);
	return good;
}

vres_status gpu_scratch_open(vres_bdev *dev, vres_error *err)
{
	struct gpu_scratch *s = &dev->scratch;
	const uint64_t bytes = SCRATCH_SLOTS * slot_bytes(dev->total_bytes);
	const uint64_t capacity =
		(bytes + dev->granularity - 1) / dev->granularity * dev->granularity;

	if (pthread_mutex_init(&s->lock, NULL) != 0)
		return gpu_error(err, VRES_E_NO_MEMORY, 0, dev->index, "no memory for a lock");
	if (!cond_open(&s->given_back)) {
		(void)pthread_mutex_destroy(&s->lock);
		return gpu_error(err, VRES_E_NO_MEMORY, 0, dev->index, "no memory for a lock");
	}
	s->slot_bytes =
		bytes /
		SCRATCH_SLOTS; /* tells gpu_scratch_close() that there is something to close */
	return gpu_outcome(dev,
	                   dev->driver->chunk_make(dev->binding, dev->index, capacity, dev->has_vmm,
	                                           &s->chunk),
	                   "allocating scratch memory", err);
}

void gpu_scratch_close(vres_bdev *dev)
{
	struct gpu_scratch *s = &dev->scratch;

	if (s->slot_bytes == 0)
		return;
	if (s->chunk.capacity != 0)
		(void)dev->driver->chunk_free(dev->binding, &s->chunk);
	(void)pthread_cond_destroy(&s->given_back);
	(void)pthread_mutex_destroy(&s->lock);
}

static bool slot_take(struct gpu_scratch *s, uint32_t *slot)
{
	for (uint32_t i = 0; i < SCRATCH_SLOTS; i++) {
		if (s->is_taken[i])
			continue;
		s->is_taken[i] = true;
		*slot = i;
		return true;
	}
	return false;
}

vres_status gpu_scratch_take(vres_bdev *dev, uint64_t until, uint32_t *slot, vres_error *err)
{
	const struct timespec deadline = {.tv_sec = (time_t)(until / SECOND),
	                                  .tv_nsec = (long)(until % SECOND)};
	struct gpu_scratch *s = &dev->scratch;
	bool taken;
	int waited = 0;

	(void)pthread_mutex_lock(&s->lock);
	while (!(taken = slot_take(s, slot)) && waited == 0)
		waited = pthread_cond_timedwait(&s->given_back, &s->lock, &deadline);
	(void)pthread_mutex_unlock(&s->lock);
	if (taken)
		return VRES_OK;
	(void)gpu_error(err, VRES_E_BACKEND, 0, dev->index,
	                "other hashes kept the scratch memory past the deadline");
	err->reason = VRES_REASON_DEADLINE;
	return VRES_E_BACKEND;
}

void gpu_scratch_give_back(vres_bdev *dev, uint32_t *slot)
{
	struct gpu_scratch *s = &dev->scratch;

	if (*slot == NO_SLOT)
		return;
	(void)pthread_mutex_lock(&s->lock);
	s->is_taken[*slot] = false;
	(void)pthread_cond_signal(&s->given_back);
	(void)pthread_mutex_unlock(&s->lock);
	*slot = NO_SLOT;
}
