/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Success without work: one effort of the driver is reported as done and is not, or only in part.
 * Below a real backend the fake driver leaves it out, before the mock or on a real GPU the backend
 * table does.
 */
#ifndef TESTS_SUPPORT_SWEEP_UNDONE_H
#define TESTS_SUPPORT_SWEEP_UNDONE_H

#include "support/sweep/sweep.h"

/* What is left out: the @nth effort of a kind, all or a share of it, alone or with those behind. */
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
 * Runs a scenario once for each.  The bytes are good, so nothing is ever called tampering, unless
 * weights were not copied; then the run does not succeed.  Where it succeeds, it came to what it
 * comes to when nothing is left out.  How often something was.
 */
uint64_t sweep_undone(const struct scenario *s, const char *name);

#endif
