/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A driver that reports success and leaves out work, at every effort that it makes: whole copies,
 * zeros, launches and waits, or a part of them, once or from then on.  Damage never passes for
 * good, and good bytes never for damage (tests/support/sweep/undone.h).
 */
#include <stdio.h>
#include "support/sweep/undone.h"
#include "support/sweep/uses.h"

/* Two levels of the tree, and more blocks than a group of threads has. */
#define BYTES (200 * 1024 + 5)

START_TEST(nothing_that_a_driver_leaves_out_passes_for_tampering_or_for_weights)
{
	const enum use use = (enum use)_i;
	const struct scenario s = use_of(use);
	uint64_t n;

	/* Without guarantees nothing is read-only; and a fake driver has a kernel always. */
	if ((use == USE_READ_ONLY && test_device_kind()->is_plain) ||
	    (use == USE_NO_HASH && test_device_fake()))
		return;
	n = sweep_undone(&s, use_name(use));
	printf("%s %s: %lu times work was left out with good bytes\n", test_device_name(),
	       use_name(use), (unsigned long)n);
	suite_add("left_out_with_good_bytes", (double)n);
}
END_TEST

/* Ways to ask whether the bytes are good: not VRES_OK means that they were not called so. */
static vres_status look_by_mode(struct fixture *f, vres_shard *shard, uint32_t mode)
{
	vres_verify_params p = mode_of(mode);

	(void)f;
	p.sample_units = 1000; /* more than there are */
	return vres_shard_verify(shard, &p, NULL, NULL);
}

static vres_status look_full(struct fixture *f, vres_shard *shard)
{
	return look_by_mode(f, shard, VRES_VERIFY_FULL);
}

static vres_status look_sampled(struct fixture *f, vres_shard *shard)
{
	return look_by_mode(f, shard, VRES_VERIFY_SAMPLED);
}

static vres_status look_readback(struct fixture *f, vres_shard *shard)
{
	return look_by_mode(f, shard, VRES_VERIFY_READBACK);
}

static vres_status look_background(struct fixture *f, vres_shard *shard)
{
	vres_verify_params p = vres_verify_params_init();

	(void)f;
	p.background = 1;
	return vres_shard_verify(shard, &p, NULL, NULL);
}

static vres_status look_lease(struct fixture *f, vres_shard *shard)
{
	CLEANUP(release_lease) vres_lease *lease = NULL;

	(void)f;
	return vres_lease_acquire(shard, &lease, NULL);
}

static vres_status look_many(struct fixture *f, vres_shard *shard)
{
	CLEANUP(release_shard) vres_shard *other = NULL;
	vres_verify_report reports[2] = {vres_verify_report_init(), vres_verify_report_init()};
	vres_status status;

	ck_assert_int_eq(vres_manager_find(f->manager, "other", &other, NULL), VRES_OK);
	status = vres_verify_many(f->manager, (vres_shard *[]){other, shard}, 2, NULL, reports,
	                          NULL);
	ck_assert_int_ne(vres_status_class(reports[0].status), 4);
	return reports[1].status == VRES_OK ? VRES_OK : status;
}

static vres_status look_scrub(struct fixture *f, vres_shard *shard)
{
	(void)shard;
	return vres_scrub_step(f->manager, UINT64_C(600000000000), NULL, NULL);
}

static const struct {
	const char *name;
	vres_status (*look)(struct fixture *f, vres_shard *shard);
	bool no_hash; /* of a device that cannot */
} looks[] = {
	{"full", look_full, false},         {"sampled", look_sampled, false},
	{"readback", look_readback, false}, {"background", look_background, false},
	{"lease", look_lease, false},       {"many", look_many, false},
	{"scrub", look_scrub, false},       {"full by readback", look_full, true},
};

/* A shard that was verified in every way, and damaged since. */
static vres_shard *damaged_later(struct fixture *f)
{
	vres_shard *shard = sealed(f, BYTES, 1);

	for (size_t i = 0; i < COUNT(looks); i++)
		if (!looks[i].no_hash)
			ck_assert_int_eq(looks[i].look(f, shard), VRES_OK);
	flip(f, shard, BYTES / 2, 3);
	return shard;
}

/* One run in which the damage is looked for while work is left out. */
static bool look_while(int which, struct undone *u)
{
	struct setup s = setup_init();
	CLEANUP(finish) struct fixture *f = NULL;
	CLEANUP(release_shard) vres_shard *shard = NULL;
	CLEANUP(release_shard) vres_shard *other = NULL;
	vres_status got;
	bool has_fired;

	s.threads = 1;
	s.block_size = 1024;
	s.policy.allow |= VRES_ALLOW_READBACK;
	s.mock.no_device_hash = looks[which].no_hash;
	f = begin(&s);
	other = sealed_as(f, "other", BLOCK, 2);
	shard = damaged_later(f);
	undone_arm(u, f);
	got = looks[which].look(f, shard);
	has_fired = undone_disarm(u, f);
	ck_assert_msg(vres_status_class(got) == 4 || (has_fired && vres_status_class(got) == 3),
	              "%s: %s %lu is left out, share %u, and damage gives %s", looks[which].name,
	              undone_name(u), (unsigned long)u->nth, u->share, vres_status_name(got));
	got = vres_shard_verify(shard, NULL, NULL, NULL);
	ck_assert_msg(got != VRES_OK, "%s: damage is good afterwards", looks[which].name);
	ck_assert_int_eq(vres_shard_verify(other, NULL, NULL, NULL), VRES_OK);
	return has_fired;
}

START_TEST(damage_never_passes_for_good_whatever_a_driver_leaves_out)
{
	struct undone u = undone_first();
	uint64_t injections = 0;
	bool has_fired;

	do {
		has_fired = look_while(_i, &u);
		injections += has_fired;
	} while (undone_next(&u, has_fired));
	ck_assert_uint_gt(injections, 0);
	printf("%s %s: %lu times work was left out with damaged bytes\n", test_device_name(),
	       looks[_i].name, (unsigned long)injections);
	suite_add("left_out_with_damaged_bytes", (double)injections);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		{&nothing_that_a_driver_leaves_out_passes_for_tampering_or_for_weights,
	         "CI-007 WORKER-4150 WORKER-4151 WORKER-4032 WORKER-4922", "integrity",
	         "success without work: false alarms, unwiped memory", USES, 120},
		{&damage_never_passes_for_good_whatever_a_driver_leaves_out, "CI-007 VR-004",
	         "integrity", "success without work: stale and partial results", COUNT(looks), 120},
	};

	return suite_run("error_undone", "error_recovery", cases, COUNT(cases));
}
