/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A repair in which something goes wrong: every backend call, every host allocation, every piece of
 * work that a driver reports and leaves out.  Wrong bytes are never VRES_OK, only VRES_OK ends the
 * quarantine, damage that can be repaired does not become final, and no memory is left over.
 */
#include <stdio.h>
#include "support/fixture/repairing.h"
#include "support/sweep/undone.h"

/* Two groups of blocks of 1 KiB and a bit; damage in two blocks that lie apart, and the last. */
#define SMALL (2 * 32 * 1024 + 5)

/* Ways of repairing. */
static const struct way {
	const char *name;
	bool keeps_leaves, no_hash, is_read_only, was_reported;
} ways[] = {{.name = "by node"},
            {.name = "by node, reported before", .was_reported = true},
            {.name = "by leaf", .keeps_leaves = true},
            {.name = "by readback", .no_hash = true},
            {.name = "read-only", .is_read_only = true, .keeps_leaves = true}};

static bool is_here(const struct way *way)
{
	const bool is = !(way->is_read_only && test_device_kind()->is_plain) &&
	                !(way->no_hash && test_device_fake());

	if (!is)
		printf("not run here: a repair, %s\n", way->name);
	return is;
}

struct stage {
	const struct way *way;
	struct fixture *f;
	vres_shard *shard;
	vres_error err;
	vres_status got;
};

static vres_shard *small_damaged(struct fixture *f)
{
	vres_shard *shard = sealed(f, SMALL, REPAIR_SEED);
	const uint64_t address = address_of(shard);

	flip_at(f, address, 3000, 1);
	flip_at(f, address, 9000, 1);
	flip_at(f, address, SMALL - 1, 1);
	return shard;
}

static void stage_open(struct stage *s, const struct way *way)
{
	struct setup setup = setup_init();
	vres_error err;

	setup.threads = 1;
	setup.block_size = 1024;
	setup.keep_leaves = way->keeps_leaves;
	setup.mock.no_device_hash = way->no_hash;
	setup.policy.allow |= VRES_ALLOW_READBACK;
	setup.policy.require |= way->is_read_only ? VRES_REQUIRE_READONLY : 0;
	*s = (struct stage){.way = way, .f = begin(&setup)};
	s->shard = small_damaged(s->f);
	if (way->was_reported)
		ck_refused(vres_shard_verify(s->shard, NULL, NULL, &err), VRES_REASON_DIGEST);
	status_poison(&s->err);
}

static void stage_close(struct stage *s)
{
	release_shard(&s->shard);
	finish(&s->f);
}

static void run(struct stage *s)
{
	s->got = repair_from(s->shard, NULL, NULL, &s->err);
}

/* What may never be, whatever has gone wrong. */
static void judge(const struct stage *s, const char *what, uint64_t n)
{
	const char *flaw = status_flaw(s->got, &s->err);
	const uint32_t state = info_of(s->shard).state;
	const size_t told = record_count(&s->f->record, VRES_EVENT_VRAM_REPAIRED);

	ck_assert_msg(flaw == NULL, "%s: %s %lu: %s, but %s", s->way->name, what, (unsigned long)n,
	              vres_status_name(s->got), flaw);
	ck_assert_msg((s->got == VRES_OK) == (told == 1),
	              "%s: %s %lu gives %s, and it is said %zu times that all is repaired",
	              s->way->name, what, (unsigned long)n, vres_status_name(s->got), told);
	ck_assert_msg(s->got != VRES_OK || state == VRES_SHARD_SEALED,
	              "%s: %s %lu: repaired and not lifted", s->way->name, what, (unsigned long)n);
	ck_assert_msg(s->got == VRES_OK || state == VRES_SHARD_QUARANTINED ||
	                      record_critical(&s->f->record) == 0,
	              "%s: %s %lu gives %s, and lifts", s->way->name, what, (unsigned long)n,
	              vres_status_name(s->got));
}

/* Undisturbed, the next repair succeeds; with @may_be_lost the quarantine may be final instead. */
static void ck_recovers(struct stage *s, bool may_be_lost, const char *what, uint64_t n)
{
	vres_error err;
	vres_status status;

	if (s->got == VRES_OK) {
		ck_repaired(s->shard);
		return;
	}
	status = repair_from(s->shard, NULL, NULL, &err);
	ck_assert_msg(status == VRES_OK ||
	                      (may_be_lost && status == VRES_E_SEAL_VERIFICATION_FAILED),
	              "%s: %s %lu gave %s, and then: %s", s->way->name, what, (unsigned long)n,
	              vres_status_name(s->got), status == VRES_OK ? "" : err.message);
	if (status == VRES_OK)
		ck_repaired(s->shard);
}

/* One repair with the nth call of @op failing; false: there is no nth. */
static bool fail_nth(const struct way *way, vres_mock_op op, uint64_t n, vres_status how)
{
	CLEANUP(stage_close) struct stage s;
	uint64_t before;
	bool has_fired;

	stage_open(&s, way);
	before = test_device_calls(s.f->test_device, op);
	test_device_fail(s.f->test_device, op, n, how);
	run(&s);
	has_fired = test_device_calls(s.f->test_device, op) - before >= n;
	test_device_fail(s.f->test_device, op, 0, VRES_OK);
	judge(&s, "backend call", 100 * (uint64_t)op + n);
	ck_assert_msg(has_fired || s.got == VRES_OK, "undisturbed it gives %s: %s",
	              vres_status_name(s.got), s.err.message);
	s.f->wipe_may_fail = how == VRES_E_DEVICE_LOST;
	if (how != VRES_E_DEVICE_LOST)
		ck_recovers(&s, way->is_read_only, "backend call", 100 * (uint64_t)op + n);
	/* The failure is returned as it is.  Memory that stays writable is a finding of its own. */
	if (has_fired && !way->is_read_only && s.got != VRES_OK)
		ck_assert_int_eq(s.got, how);
	return has_fired;
}

START_TEST(no_backend_failure_during_a_repair_passes_for_success)
{
	const struct way *way = &ways[_i];
	uint64_t injections = 0;

	if (!is_here(way))
		return;
	for (vres_mock_op op = VRES_MOCK_OP_OPEN; op < VRES_MOCK_OP_COUNT; op++)
		for (unsigned lost = 0; lost < 2; lost++)
			for (uint64_t n = 1;
			     fail_nth(way, op, n, lost ? VRES_E_DEVICE_LOST : VRES_E_BACKEND); n++)
				injections++;
	ck_assert_uint_gt(injections, 0);
	suite_add("backend_injections", (double)injections);
}
END_TEST

static bool fail_allocation(const struct way *way, uint64_t n, bool all_after)
{
	CLEANUP(stage_close) struct stage s;
	bool has_fired;

	stage_open(&s, way);
	alloc_fail(n, all_after);
	run(&s);
	has_fired = alloc_disarm();
	judge(&s, "allocation", n);
	ck_assert_msg(s.got == VRES_OK || (has_fired && s.got == VRES_E_NO_MEMORY),
	              "%s: allocation %lu gives %s", way->name, (unsigned long)n,
	              vres_status_name(s.got));
	ck_recovers(&s, false, "allocation", n);
	return has_fired;
}

START_TEST(no_shortage_of_host_memory_during_a_repair_passes_for_anything_else)
{
	const struct way *way = &ways[_i];
	uint64_t injections = 0;

	if (!is_here(way))
		return;
	for (unsigned all_after = 0; all_after < 2; all_after++)
		for (uint64_t n = 1; fail_allocation(way, n, all_after != 0); n++)
			injections++;
	ck_assert_uint_gt(injections, 0);
	suite_add("heap_injections", (double)injections);
}
END_TEST

static bool leave_out(const struct way *way, struct undone *u)
{
	CLEANUP(stage_close) struct stage s;
	bool has_fired;

	stage_open(&s, way);
	undone_arm(u, s.f);
	run(&s);
	has_fired = undone_disarm(u, s.f);
	judge(&s, undone_name(u), u->nth);
	ck_recovers(&s, way->is_read_only, undone_name(u), u->nth);
	return has_fired;
}

START_TEST(nothing_that_a_driver_leaves_out_during_a_repair_passes_for_repaired)
{
	const struct way *way = &ways[_i];
	struct undone u = undone_first();
	uint64_t injections = 0;
	bool has_fired;

	if (!is_here(way))
		return;
	do {
		has_fired = leave_out(way, &u);
		injections += has_fired;
	} while (undone_next(&u, has_fired));
	ck_assert_uint_gt(injections, 0);
	printf("%s %s: %lu times work was left out of a repair\n", test_device_name(), way->name,
	       (unsigned long)injections);
	suite_add("left_out_of_repairs", (double)injections);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		{&no_backend_failure_during_a_repair_passes_for_success,
	         "WORKER-4150 WORKER-4151 CI-007", "integrity",
	         "driver failure at any call of a repair", COUNT(ways), 120},
		{&no_shortage_of_host_memory_during_a_repair_passes_for_anything_else,
	         "WORKER-4150 CI-007", "integrity",
	         "host memory exhausted at any allocation of a repair", COUNT(ways), 120},
		{&nothing_that_a_driver_leaves_out_during_a_repair_passes_for_repaired,
	         "WORKER-4150 CI-007", "integrity",
	         "success without work: a repair that wrote nothing", COUNT(ways), 120},
	};

	return suite_run("error_repair", "error_recovery", cases, COUNT(cases));
}
