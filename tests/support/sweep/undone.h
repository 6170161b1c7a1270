/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Success without work: the driver reports one piece of its work (a copy, a launch, a wait) as done
 * although it did none of it, or only a part.  Below a real backend the fake driver leaves it out;
 * with the mock, or on a real GPU, a backend table in front does.
 */
#ifndef TESTS_SUPPORT_SWEEP_UNDONE_H
#define TESTS_SUPPORT_SWEEP_UNDONE_H

#include "support/sweep/sweep.h"

/*
 * What is left out: the @nth piece of work of a kind, all or a share of it, alone or with all that
 * follow.
 */
struct undone {
	uint64_t nth; /* from 1 */
	unsigned kind, share;
	bool goes_on;
	uint64_t before;      /* calls, when it was armed */
	bool weights;         /* it was a copy of weights to the device */
	bool perhaps_weights; /* the mock does no work but in a wait */
	bool perhaps_late;    /* what was waited for may happen after that */
};

/* Begins with the first one.  The next one: false, there is none. */
struct undone undone_first(void);
bool undone_next(struct undone *u, bool has_fired);

void undone_arm(struct undone *u, struct fixture *f);
bool undone_disarm(struct undone *u, struct fixture *f); /* has it fired? */
const char *undone_name(const struct undone *u);

/*
 * Runs a scenario once for each.  The bytes are good, so nothing may be called tampering, unless
 * weights were not copied; then the run must not succeed.  A run that succeeds must have the same
 * outcome as one in which nothing was left out.  Returns how often something was left out.
 */
uint64_t sweep_undone(const struct scenario *s, const char *name);

#endif
