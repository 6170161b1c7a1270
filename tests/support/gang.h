/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Threads that all begin at once and do the same work.  They count what went wrong; the test asserts when they have ended. */
#ifndef TESTS_GANG_H
#define TESTS_GANG_H

#include <pthread.h>
#include "support.h"

#define GANG 20 /* threads at most */

struct gang {
	struct fixture *f;
	void (*work)(struct gang *gang, unsigned me);
	void *shared;
	pthread_barrier_t start;
	atomic_uint wrong; /* calls that did not do what they should */
	atomic_uint done;  /* what the work counts */
};

/* Run @work in @n threads at once; nothing may go wrong.  What it counted. */
unsigned gang_run(struct fixture *f, unsigned n, void (*work)(struct gang *gang, unsigned me), void *shared);

/* In a thread of a gang: this must hold. */
void gang_expect(struct gang *gang, bool condition);

#endif
