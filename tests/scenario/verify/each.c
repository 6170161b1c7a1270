/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Looking at every live shard, whatever the callback and other threads do meanwhile. */
#include <stdio.h>
#include "support/fixture/support.h"
#include "support/suite/alloc.h"

#define SHARDS 4

/* What a callback saw, and what it does. */
struct seen {
	struct fixture *f;
	vres_shard **own; /* released at the first call, and *others too */
	vres_shard **others;
	char ids[SHARDS + 1][257];
	unsigned count, most;
	bool seals;
};

static bool look(void *ctx, vres_shard *shard)
{
	struct seen *seen = ctx;

	ck_assert_uint_lt(seen->count, COUNT(seen->ids));
	(void)snprintf(seen->ids[seen->count++], sizeof(seen->ids[0]), "%s",
	               info_of(shard).shard_id);
	if (seen->own) {
		release_shard(seen->own);
		release_shard(seen->others);
		seen->own = NULL;
	}
	if (seen->seals)
		release_shard(&(vres_shard *){sealed(seen->f, BLOCK, 9)});
	return seen->most == 0 || seen->count < seen->most;
}

static unsigned times(const struct seen *seen, const char *id)
{
	unsigned n = 0;

	for (unsigned i = 0; i < seen->count; i++)
		n += strcmp(seen->ids[i], id) == 0;
	return n;
}

START_TEST(each_live_shard_is_seen_once_a_quarantined_one_too)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(release_shard) vres_shard *good = sealed_as(f, "good", BLOCK, 1);
	CLEANUP(release_shard) vres_shard *bad = sealed_as(f, "bad", BLOCK, 2);
	CLEANUP(release_lease) vres_lease *lease = NULL;
	vres_shard *gone = sealed_as(f, "gone", BLOCK, 3), *leased = sealed_as(f, "leased", 1, 4);
	struct seen seen = {.f = f};
	vres_error err;

	flip(f, bad, 17, 3);
	ck_assert_int_ne(vres_shard_verify(bad, NULL, NULL, NULL), VRES_OK);
	release_shard(&gone);
	ck_ok(vres_lease_acquire(leased, &lease, &err));
	release_shard(&leased); /* lives, and nobody can find it any more */
	ck_ok(vres_manager_each(f->manager, look, &seen, &err));
	ck_assert_uint_eq(seen.count, 2);
	ck_assert_uint_eq(times(&seen, "good"), 1);
	ck_assert_uint_eq(times(&seen, "bad"), 1);
}
END_TEST

START_TEST(a_callback_may_release_and_seal_and_sees_the_shards_there_were)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	vres_shard *one = sealed_as(f, "one", BLOCK, 1), *two = sealed_as(f, "two", BLOCK, 2);
	struct seen seen = {.f = f, .own = &one, .others = &two, .seals = true};
	vres_error err;

	ck_ok(vres_manager_each(f->manager, look, &seen, &err));
	ck_assert_uint_eq(seen.count, 2);
	ck_assert_uint_eq(times(&seen, "one"), 1);
	ck_assert_uint_eq(times(&seen, "two"), 1);
	ck_assert_uint_eq(metrics_of(f).shards_now, 0);
	ck_assert_uint_eq(device_of(f, 0).used_bytes, 0);
}
END_TEST

START_TEST(false_ends_it_and_keeps_nothing)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	vres_shard *shards[SHARDS];
	struct seen seen = {.f = f, .most = 2};
	vres_error err;

	for (unsigned i = 0; i < SHARDS; i++)
		shards[i] = sealed(f, BLOCK, i);
	ck_ok(vres_manager_each(f->manager, look, &seen, &err));
	ck_assert_uint_eq(seen.count, 2);
	for (unsigned i = 0; i < SHARDS; i++)
		release_shard(&shards[i]);
	ck_assert_uint_eq(metrics_of(f).shards_now, 0);
	ck_ok(vres_manager_each(f->manager, look, &seen, &err));
	ck_assert_uint_eq(seen.count, 2);
}
END_TEST

START_TEST(what_cannot_be_looked_at_is_a_status)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(release_shard) vres_shard *shard = sealed(f, BLOCK, 1);
	struct seen seen = {.f = f};
	vres_error err;

	ck_status(vres_manager_each(NULL, look, &seen, &err), VRES_E_INVALID_INPUT);
	ck_status(vres_manager_each(f->manager, NULL, &seen, &err), VRES_E_INVALID_INPUT);
	alloc_fail(1, false);
	ck_status(vres_manager_each(f->manager, look, &seen, &err), VRES_E_NO_MEMORY);
	ck_assert(alloc_disarm());
	ck_assert_uint_eq(seen.count, 0);
	ck_works(f);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE(each_live_shard_is_seen_once_a_quarantined_one_too, "", "integrity", ""),
		CASE(a_callback_may_release_and_seal_and_sees_the_shards_there_were, "",
	             "availability", "a shard that ends while it is looked at"),
		CASE(false_ends_it_and_keeps_nothing, "", "availability", "leaked memory"),
		CASE(what_cannot_be_looked_at_is_a_status, "", "availability", ""),
	};

	return suite_run("each", "multi_shard", cases, COUNT(cases));
}
