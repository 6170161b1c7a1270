/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A driver's own wait has no deadline, so the stream is polled. */
#include "gpu/wait.h"

#include <time.h>

#include "gpu/context.h"

#define SECOND UINT64_C(1000000000)

/*
 * For the first EAGER ns a wait polls without sleeping: a small shard is done within that time, and
 * a sleep ends tens of microseconds late.  Then it sleeps NAP ns between polls, after every eight
 * naps twice as long, so that a long job does not occupy a core.  It never yields the core instead:
 * on a busy machine that gives away a time slice of milliseconds.
 */
#define EAGER       UINT64_C(200000) /* ns */
#define NAP         UINT64_C(20000)
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

static void nap(unsigned naps)
{
	const unsigned doubles = naps / 8;
	const struct timespec time = {
		.tv_nsec = (long)(NAP << (doubles < NAP_DOUBLES ? doubles : NAP_DOUBLES))};

	(void)nanosleep(&time, NULL);
}

vres_status gpu_stream_wait(vres_bdev *dev, void *stream, uint64_t until, bool *missed,
                            vres_error *err)
{
	const uint64_t eager = gpu_until(EAGER);

	*missed = false;
	for (unsigned naps = 0;;) {
		/* Read before the poll: a process that was stopped in between polls again. */
		const uint64_t time = gpu_now();
		bool done = false;

		TRY(gpu_outcome(dev, dev->driver->stream_done(dev->binding, stream, &done),
		                "waiting for the device", err));
		if (done)
			return VRES_OK;
		if (time >= until)
			break;
		if (time >= eager)
			nap(naps++);
	}
	*missed = true;
	(void)gpu_error(err, VRES_E_BACKEND, 0, dev->index,
	                "the device did not finish by the deadline");
	err->reason = VRES_REASON_DEADLINE;
	return VRES_E_BACKEND;
}
