/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a run of a scenario came to, as the sweeps compare it: what the run noted (sweep_note()),
 * and the events.
 */
#ifndef TESTS_SUPPORT_SWEEP_OUTCOME_H
#define TESTS_SUPPORT_SWEEP_OUTCOME_H

#include "support/sweep/sweep.h"

#define OUTCOME_BYTES sizeof(((struct fixture *)NULL)->outcome)

/* A fixture whose manager the run makes, and in which the nth call is the same one each time. */
struct fixture *sweep_fresh(const struct scenario *s);

/* A run that nothing disturbs, after the nth @after went wrong. */
void sweep_run_well(const struct scenario *s, struct fixture *f, const char *after, uint64_t n);

/* What a run comes to in which nothing goes wrong. */
void sweep_wanted(const struct scenario *s, char outcome[OUTCOME_BYTES]);

/*
 * Memory whose wipe failed, or could not be checked, is not the caller's failure, but it is told:
 * the event, or NULL.
 */
const vres_event *sweep_told_unwiped(struct fixture *f);

/*
 * A run succeeded although the nth @what went wrong: it came to what was wanted, but for memory
 * that was told to be unwiped.
 */
void sweep_ck_outcome(const struct scenario *s, struct fixture *f, const char *what, uint64_t n,
                      const char *wanted);

/* Nothing is left behind by a run, whatever came of it.  Nothing was called an incident. */
void sweep_ck_nothing_left(struct fixture *f, const char *what, uint64_t n);
void sweep_ck_nobody_accused(struct fixture *f, const char *what, uint64_t n);

#endif
