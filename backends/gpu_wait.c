/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Waiting for a stream, by polling: a driver's own wait has no deadline. */
#include "gpu.h"

#include <time.h>

#define SECOND UINT64_C(1000000000)

/*
 * Polls before sleeping, and the longest sleep as a power of two of the shortest: a short job ends in the first, a long one does not need a core.
 * Between the first ones the core is not yielded: on a busy machine that gives away a time slice of milliseconds for a poll of a microsecond.
 */
#define EAGER_POLLS 64u
#define NAP         UINT64_C(20000) /* ns */
#define NAP_DOUBLES 5u

uint64_t gpu_now(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * SECOND + (uint64_t)now.tv_nsec;
}

uint64_t gpu_until(uint64_t ns)
{
	const uint64_t now = gpu_now();

	return ns < (uint64_t)INT64_MAX - now ? now + ns : (uint64_t)INT64_MAX;
}

static void rest(unsigned polls)
{
	unsigned doubles;
	struct timespec nap = {0};

	if (polls < EAGER_POLLS)
		return;
	doubles = (polls - EAGER_POLLS) / 8;
	nap.tv_nsec = (long)(NAP << (doubles < NAP_DOUBLES ? doubles : NAP_DOUBLES));
	(void)nanosleep(&nap, NULL);
}

vres_status gpu_stream_wait(vres_bdev *dev, void *stream, uint64_t until, bool *missed, vres_error *err)
{
	*missed = false;
	for (unsigned polls = 0;; polls++) {
		bool done = false;

		TRY(gpu_outcome(dev, dev->driver->stream_done(dev->binding, stream, &done), "waiting for the device", err));
		if (done)
			return VRES_OK;
		if (gpu_now() >= until)
			break;
		rest(polls);
	}
	*missed = true;
	(void)gpu_error(err, VRES_E_BACKEND, 0, dev->index, "the device did not finish by the deadline");
	err->reason = VRES_REASON_DEADLINE;
	return VRES_E_BACKEND;
}
