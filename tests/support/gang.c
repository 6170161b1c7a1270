/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Starting a gang, and waiting for it. */
#include "gang.h"

struct member {
	struct gang *gang;
	unsigned me;
	pthread_t thread;
};

static void *run_member(void *arg)
{
	struct member *m = arg;

	pthread_barrier_wait(&m->gang->start); /* all begin at once, so that they meet */
	m->gang->work(m->gang, m->me);
	return NULL;
}

unsigned gang_run(struct fixture *f, unsigned n, void (*work)(struct gang *gang, unsigned me), void *shared)
{
	struct gang gang = {.f = f, .work = work, .shared = shared};
	struct member members[GANG];
	unsigned wrong;

	ck_assert_uint_le(n, GANG);
	ck_assert_int_eq(pthread_barrier_init(&gang.start, NULL, n), 0);
	for (unsigned i = 0; i < n; i++) {
		members[i] = (struct member){.gang = &gang, .me = i};
		ck_assert_int_eq(pthread_create(&members[i].thread, NULL, run_member, &members[i]), 0);
	}
	for (unsigned i = 0; i < n; i++)
		pthread_join(members[i].thread, NULL);
	pthread_barrier_destroy(&gang.start);
	wrong = atomic_load(&gang.wrong);
	ck_assert_msg(wrong == 0, "%u calls in %u threads did not do what they should", wrong, n);
	return atomic_load(&gang.done);
}

void gang_expect(struct gang *gang, bool condition)
{
	atomic_fetch_add(&gang->wrong, !condition);
}
