/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Fault sweeps: a scenario is run again and again, each time with one more thing going wrong, until
 * nothing is left that could.  After each run the failure must have the right class, no handle, no
 * memory and no shard may be left, and the same scenario must succeed on the same manager, unless
 * its device is lost.
 */
#ifndef TESTS_SUPPORT_SWEEP_SWEEP_H
#define TESTS_SUPPORT_SWEEP_SWEEP_H

#include "support/fixture/support.h"

struct scenario {
	struct setup setup;

	/*
	 * The whole use: makes f->manager if there is none, and gives back everything but that.
	 * Returns what failed first.  Asserts nothing, since the heap may be refusing.
	 */
	vres_status (*run)(struct fixture *f, vres_error *err);

	/* Repeats one by one what failed for several at once, so one failure may fail no shard. */
	bool tries_again;
	/* Releases adopted memory: a failure there leaves nothing allocated and is not reported. */
	bool adopts;
	/* Its shards are much smaller than their allocations, whose rest holds old bytes. */
	bool is_small;
	bool is_bare; /* there is no injector in between */

	/* What must hold when a run that began with an empty record has succeeded; may be NULL. */
	void (*check)(struct fixture *f);

	/*
	 * Why a run with a failure may succeed with another outcome than a run without one; NULL:
	 * it may not.  The outcome is what sweep_note() was given during the run, and the recorded
	 * events.
	 */
	const char *tolerates;
};

/* In a run: add to its outcome.  Allocates nothing. */
__attribute__((format(printf, 2, 3))) void sweep_note(struct fixture *f, const char *format, ...);

/* Let each call of each backend operation fail in turn, in each way that fits it. */
void sweep_backend(const struct scenario *s);

/*
 * Let each call of the driver below the backend fail in turn, in each of three ways.  Needs
 * test_device_fake(), and there is no injector in between.  No driver object may be left, and the
 * engine's context must be current again.  Returns how many failures there were.
 */
uint64_t sweep_driver(const struct scenario *s, const char *name);

/* Let each host allocation fail in turn: once alone, and once with all that follow. */
void sweep_heap(const struct scenario *s);

#endif
