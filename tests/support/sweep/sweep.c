/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One failure at a time, at every place. */
#include "support/sweep/outcome.h"

static const char *const OPS[VRES_MOCK_OP_COUNT] = {
	"any",       "open",          "device_count", "device_open", "device_status", "mem_alloc",
	"mem_adopt", "mem_residency", "mem_wipe",     "mem_release", "lane_open",     "lane_push",
	"lane_pull", "lane_wait",     "hash_blocks",  "mem_protect"};

/* Operations that releasing takes: making memory writable, wiping it, freeing it. */
static bool frees(vres_mock_op op)
{
	return op == VRES_MOCK_OP_MEM_PROTECT || op == VRES_MOCK_OP_MEM_WIPE ||
	       op == VRES_MOCK_OP_MEM_RELEASE;
}

static void judge(const struct scenario *s, struct fixture *f, vres_mock_op op, uint64_t n,
                  vres_status injected, vres_status got, const vres_error *err, const char *wanted)
{
	const char *flaw = status_flaw(got, err);
	const bool is_told = sweep_told_unwiped(f) != NULL;

	ck_assert_msg(flaw == NULL, "%s %lu: %s, but %s", OPS[op], (unsigned long)n,
	              vres_status_name(got), flaw);
	if (frees(op) && got == VRES_OK)
		ck_assert_msg(s->adopts || is_told, "%s %lu fails and nothing tells", OPS[op],
		              (unsigned long)n);
	else if (got != VRES_OK || (!s->tries_again && !is_told))
		ck_assert_msg(got == injected, "%s %lu gives %s, not %s: %s", OPS[op],
		              (unsigned long)n, vres_status_name(got), vres_status_name(injected),
		              got != VRES_OK ? err->message : "");
	sweep_ck_nothing_left(f, OPS[op], n);
	sweep_ck_nobody_accused(f, OPS[op], n);
	if (got == VRES_OK && !frees(op))
		sweep_ck_outcome(s, f, OPS[op], n, wanted);
}

/* One run with the nth call of @op failing; false: there is no nth. */
static bool fail_nth(const struct scenario *s, vres_mock_op op, uint64_t n, vres_status how,
                     const char *wanted)
{
	CLEANUP(finish) struct fixture *f = sweep_fresh(s);
	const uint64_t before = test_device_calls(f->test_device, op);
	vres_status got;
	vres_error err;
	bool fired;

	status_poison(&err);
	test_device_fail(f->test_device, op, n, how);
	got = s->run(f, &err);
	fired = test_device_calls(f->test_device, op) - before >= n;
	test_device_fail(f->test_device, op, 0, VRES_OK);
	if (!fired) {
		ck_assert_msg(got == VRES_OK, "undisturbed, the scenario gives %s: %s",
		              vres_status_name(got), got != VRES_OK ? err.message : "");
		if (s->check != NULL)
			s->check(f);
		return false;
	}
	f->wipe_may_fail = op == VRES_MOCK_OP_MEM_WIPE || op == VRES_MOCK_OP_MEM_PROTECT ||
	                   how == VRES_E_DEVICE_LOST;
	judge(s, f, op, n, how, got, &err, wanted);
	if (how != VRES_E_DEVICE_LOST)
		sweep_run_well(s, f, OPS[op], n);
	return true;
}

static uint64_t sweep_op(const struct scenario *s, vres_mock_op op, vres_status how,
                         const char *wanted)
{
	uint64_t n = 1;

	while (fail_nth(s, op, n, how, wanted))
		n++;
	return n - 1;
}

void sweep_backend(const struct scenario *s)
{
	char wanted[OUTCOME_BYTES];
	uint64_t injections = 0;

	sweep_wanted(s, wanted);

	for (vres_mock_op op = VRES_MOCK_OP_OPEN; op < VRES_MOCK_OP_COUNT; op++) {
		injections += sweep_op(s, op, VRES_E_BACKEND, wanted);
		injections += sweep_op(s, op, VRES_E_DEVICE_LOST, wanted);
		if (op != VRES_MOCK_OP_MEM_ALLOC)
			continue;
		injections += sweep_op(s, op, VRES_E_INSUFFICIENT_VRAM, wanted);
		injections += sweep_op(s, op, VRES_E_ALLOCATION_FAILED, wanted);
	}
	ck_assert_uint_gt(injections, 0);
	suite_add("backend_injections", (double)injections);
}

static bool fail_nth_allocation(const struct scenario *s, uint64_t n, bool all_after,
                                const char *wanted)
{
	CLEANUP(finish) struct fixture *f = sweep_fresh(s);
	vres_status got;
	vres_error err;
	const char *flaw;
	bool fired;

	status_poison(&err);
	alloc_fail(n, all_after);
	got = s->run(f, &err);
	fired = alloc_disarm();
	flaw = status_flaw(got, &err);
	ck_assert_msg(flaw == NULL, "allocation %lu: %s, but %s", (unsigned long)n,
	              vres_status_name(got), flaw);
	ck_assert_msg(got == VRES_OK || (fired && got == VRES_E_NO_MEMORY),
	              "allocation %lu gives %s: %s", (unsigned long)n, vres_status_name(got),
	              err.message);
	sweep_ck_nothing_left(f, "allocation", n);
	sweep_ck_nobody_accused(f, "allocation", n);
	if (got == VRES_OK && s->check != NULL && sweep_told_unwiped(f) == NULL)
		s->check(f);
	if (got == VRES_OK)
		sweep_ck_outcome(s, f, "allocation", n, wanted);
	if (fired)
		sweep_run_well(s, f, "allocation", n);
	return fired;
}

void sweep_heap(const struct scenario *s)
{
	char wanted[OUTCOME_BYTES];
	uint64_t injections = 0;

	sweep_wanted(s, wanted);
	for (unsigned all_after = 0; all_after < 2; all_after++)
		for (uint64_t n = 1; fail_nth_allocation(s, n, all_after != 0, wanted); n++)
			injections++;
	ck_assert_uint_gt(injections, 0);
	suite_add("heap_injections", (double)injections);
}
