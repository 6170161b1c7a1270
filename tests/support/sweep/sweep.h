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

	/*
	 * Does over, one by one, what failed for several at once, so that one failure may be
	 * nobody's.
	 */
	bool tries_again;
	/*
	 * Releases memory of somebody else's, where a failure frees nothing less and is not told.
	 */
	bool adopts;
	/* Its shards are small beside their memory, most of which holds what the driver left. */
	bool is_small;
	bool is_bare; /* nobody's injector stands between */

	/* What must hold when a run that began with an empty record has succeeded; may be NULL. */
	void (*check)(struct fixture *f);

	/*
	 * Why a run in which something failed may succeed with another outcome than one in which
	 * nothing did; NULL: it may not.  The outcome is what sweep_note() says during the run,
	 * and the events that are recorded.
	 */
	const char *tolerates;
};

/* In a run: add to its outcome.  Allocates nothing. */
__attribute__((format(printf, 2, 3))) void sweep_note(struct fixture *f, const char *format, ...);

/* Let each call of each backend operation fail in turn, in each way that fits it. */
void sweep_backend(const struct scenario *s);

/*
 * Let each call of the driver below the backend fail in turn, in each of three ways;
 * test_device_fake() must be there.  Nobody's injector stands between, no driver object may be
 * left, and the engine's context must be current again.  How often something failed.
 */
uint64_t sweep_driver(const struct scenario *s, const char *name);

/* Let each host allocation fail in turn: once alone, and once with all that follow. */
void sweep_heap(const struct scenario *s);

#endif
