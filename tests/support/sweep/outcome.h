/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The outcome of a run of a scenario, as the sweeps compare it: the run's notes (sweep_note()) and
 * the events.
 */
#ifndef TESTS_SUPPORT_SWEEP_OUTCOME_H
#define TESTS_SUPPORT_SWEEP_OUTCOME_H

#include "support/sweep/sweep.h"

#define OUTCOME_BYTES sizeof(((struct fixture *)NULL)->outcome)

/* A fixture whose manager the run makes, and in which the nth call is the same one each time. */
struct fixture *sweep_fresh(const struct scenario *s);

/* Asserts that an undisturbed run succeeds after a run in which the nth @after failed. */
void sweep_run_well(const struct scenario *s, struct fixture *f, const char *after, uint64_t n);

/* The outcome of a run in which nothing fails. */
void sweep_wanted(const struct scenario *s, char outcome[OUTCOME_BYTES]);

/*
 * A wipe that failed, or could not be checked, is not a failure of the call, but there is an event.
 * Returns it, or NULL.
 */
const vres_event *sweep_told_unwiped(struct fixture *f);

/*
 * A run succeeded although the nth @what failed: asserts that its outcome is the wanted one, except
 * for an event about unwiped memory.
 */
void sweep_ck_outcome(const struct scenario *s, struct fixture *f, const char *what, uint64_t n,
                      const char *wanted);

/* Asserts that a run, failed or not, left nothing behind and reported no incident. */
void sweep_ck_nothing_left(struct fixture *f, const char *what, uint64_t n);
void sweep_ck_nobody_accused(struct fixture *f, const char *what, uint64_t n);

#endif
