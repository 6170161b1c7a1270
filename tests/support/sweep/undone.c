/* SPDX-License-Identifier: GPL-3.0-or-later */
/* See undone.h. */
#include "support/sweep/undone.h"

#include "support/sweep/outcome.h"

/* Operations of a backend that move or compute bytes; waiting is left out by the mock alone. */
static const struct {
	vres_mock_op op;
	const char *name;
} ops[] = {{VRES_MOCK_OP_LANE_PUSH, "a copy to the device"},
           {VRES_MOCK_OP_LANE_PULL, "a copy from the device"},
           {VRES_MOCK_OP_MEM_WIPE, "zeros"},
           {VRES_MOCK_OP_HASH_BLOCKS, "a hash"},
           {VRES_MOCK_OP_LANE_WAIT, "a wait"}};

static const char *const efforts[FAKE_EFFORTS] = {
	[FAKE_PUSHES] = "a copy to the device",
	[FAKE_PULLS] = "a copy from the device",
	[FAKE_ZEROS] = "zeros",
	[FAKE_LAUNCHES] = "a launch",
	[FAKE_WAITS] = "a wait",
};

/* The most calls that a script takes; they stand for all that follow. */
#define GOES_ON 8

static unsigned kinds(void)
{
	return test_device_fake() ? FAKE_EFFORTS : COUNT(ops) - !test_device_is_mock();
}

/* A wait cannot be left out in part; nor can a table leave out part of a call. */
static unsigned shares(const struct undone *u)
{
	return test_device_fake() && u->kind != FAKE_WAITS ? FAKE_SHARES : 1;
}

const char *undone_name(const struct undone *u)
{
	return test_device_fake() ? efforts[u->kind] : ops[u->kind].name;
}

struct undone undone_first(void)
{
	return (struct undone){.nth = 1};
}

bool undone_next(struct undone *u, bool has_fired)
{
	u->nth = has_fired ? u->nth + 1 : 1;
	if (!has_fired) {
		u->goes_on = !u->goes_on;
		u->share += !u->goes_on;
	}
	if (u->share >= shares(u)) {
		u->share = 0;
		u->kind++;
	}
	return u->kind < kinds();
}

void undone_arm(struct undone *u, struct fixture *f)
{
	const struct fake_omission omission = {u->nth, (enum fake_effort)u->kind,
	                                       (enum fake_share)u->share, u->goes_on};

	if (test_device_fake()) {
		test_device_fake()->leave_out(&omission);
		return;
	}
	u->before = test_device_calls(f->test_device, ops[u->kind].op);
	for (uint64_t i = 0; i < (u->goes_on ? GOES_ON : 1); i++)
		test_device_fail(f->test_device, ops[u->kind].op, u->nth + i, VRES_OK);
}

bool undone_disarm(struct undone *u, struct fixture *f)
{
	bool has_fired;

	if (test_device_fake()) {
		has_fired = test_device_fake()->left_out(&u->weights) != NULL;
		u->perhaps_late = u->kind == FAKE_WAITS;
		test_device_fake()->leave_out(&(const struct fake_omission){.nth = 0});
		return has_fired;
	}
	has_fired = test_device_calls(f->test_device, ops[u->kind].op) - u->before >= u->nth;
	test_device_fail(f->test_device, ops[u->kind].op, 0, VRES_OK);
	u->weights = has_fired && ops[u->kind].op == VRES_MOCK_OP_LANE_PUSH;
	u->perhaps_weights = has_fired && ops[u->kind].op == VRES_MOCK_OP_LANE_WAIT;
	return has_fired;
}

static uint64_t unwiped(const struct fixture *f)
{
	return test_device_fake() ? test_device_fake()->unwiped()
	                          : test_device_unwiped(f->test_device);
}

/*
 * May what is left in freed memory be something other than a shard's bytes? Half of a plain
 * allocation is larger than a shard.
 */
static bool is_beside_weights(const struct scenario *s, const struct undone *u)
{
	return s->is_small || (test_device_kind()->is_plain && u->share == FAKE_BEGINNING);
}

static void judge(const struct scenario *s, struct fixture *f, const struct undone *u,
                  vres_status got, const vres_error *err, const char *wanted)
{
	const char *flaw = status_flaw(got, err), *what = undone_name(u);
	const unsigned long n = (unsigned long)u->nth;
	const int class = vres_status_class(got);

	ck_assert_msg(flaw == NULL, "%s %lu is left out: %s", what, n, flaw);
	ck_assert_msg(class == 0 || class == 3 ||
	                      ((u->weights || u->perhaps_weights) && class == 4),
	              "%s %lu is left out, share %u, which becomes %s: %s", what, n, u->share,
	              vres_status_name(got), err->message);
	ck_assert_msg(got != VRES_OK || !u->weights,
	              "%s %lu is left out, share %u, and what is in VRAM passes for the weights",
	              what, n, u->share);
	ck_assert_msg(unwiped(f) == 0 || sweep_told_unwiped(f) != NULL || s->adopts ||
	                      is_beside_weights(s, u),
	              "%s %lu is left out, share %u, and nobody is told of unwiped memory", what, n,
	              u->share);
	sweep_ck_nothing_left(f, what, n);
	if (class != 4)
		sweep_ck_nobody_accused(f, what, n);
	if (got == VRES_OK)
		sweep_ck_outcome(s, f, what, n, wanted);
}

static bool leave_out(const struct scenario *s, struct undone *u, const char *wanted)
{
	CLEANUP(finish) struct fixture *f = sweep_fresh(s);
	vres_status got;
	vres_error err;
	bool has_fired;

	f->wipe_may_fail = true; /* checked above */
	status_poison(&err);
	undone_arm(u, f);
	got = s->run(f, &err);
	has_fired = undone_disarm(u, f);
	ck_assert_msg(has_fired || got == VRES_OK, "undisturbed, it gives %s: %s",
	              vres_status_name(got), got != VRES_OK ? err.message : "");
	judge(s, f, u, got, &err, wanted);
	/* A driver whose waits wait for nothing may write to memory that was freed meanwhile. */
	if (has_fired && !(u->perhaps_late && u->goes_on))
		sweep_run_well(s, f, undone_name(u), u->nth);
	return has_fired;
}

uint64_t sweep_undone(const struct scenario *with, const char *name)
{
	struct scenario own = *with, *s = &own;
	struct undone u = undone_first();
	char wanted[OUTCOME_BYTES];
	uint64_t injections = 0;
	bool has_fired;

	own.is_bare = test_device_fake() != NULL;
	sweep_wanted(s, wanted);
	do {
		has_fired = leave_out(s, &u, wanted);
		injections += has_fired;
	} while (undone_next(&u, has_fired));
	ck_assert_msg(injections > 0, "%s: nothing was left out", name);
	return injections;
}
