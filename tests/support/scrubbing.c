/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A step, a set and a clock. */
#include "scrubbing.h"

#include <time.h>

vres_status scrub_step(struct fixture *f, uint64_t budget, vres_scrub_report *out, vres_error *err)
{
	*out = vres_scrub_report_init();
	return vres_scrub_step(f->manager, budget, out, err);
}

vres_scrub_report scrub_good(struct fixture *f, uint64_t budget)
{
	vres_scrub_report r;
	vres_error err;

	ck_ok(scrub_step(f, budget, &r, &err));
	ck_assert_uint_eq(r.failed, 0);
	return r;
}

const uint64_t set_sizes[SET_SHARDS] = {1, 3 * BLOCK, GROUP, GROUP + 1, MIB(1), MIB(5) + 13};

struct shard_set seal_set(struct fixture *f)
{
	struct shard_set s;

	for (size_t i = 0; i < SET_SHARDS; i++)
		s.at[i] = sealed(f, set_sizes[i], i);
	return s;
}

void release_set(struct shard_set *s)
{
	for (size_t i = 0; i < SET_SHARDS; i++)
		release_shard(&s->at[i]);
}

uint64_t clock_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return (uint64_t)t.tv_sec * UINT64_C(1000000000) + (uint64_t)t.tv_nsec;
}

void pause_for(long ns)
{
	const struct timespec moment = {.tv_nsec = ns};

	nanosleep(&moment, NULL);
}
