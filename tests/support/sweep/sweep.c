/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One failure at a time, at every place. */
#include <string.h>
#include "support/sweep/sweep.h"

static const char *const OPS[VRES_MOCK_OP_COUNT] = {
	"any",       "open",          "device_count", "device_open", "device_status", "mem_alloc",
	"mem_adopt", "mem_residency", "mem_wipe",     "mem_release", "lane_open",     "lane_push",
	"lane_pull", "lane_wait",     "hash_blocks",  "mem_protect"};

static struct fixture *fresh(const struct scenario *s)
{
	struct setup setup = s->setup;

	setup.no_manager = true;
	setup.threads = 1; /* the nth call must be the same one in every run */
	return begin(&setup);
}

/* A run that nothing disturbs. */
static void run_well(const struct scenario *s, struct fixture *f, const char *after, uint64_t n)
{
	vres_status got;
	vres_error err;

	status_poison(&err);
	record_clear(&f->record);
	got = s->run(f, &err);
	ck_assert_msg(got == VRES_OK, "after %s %lu failed, the next run gives %s: %s", after,
	              (unsigned long)n, vres_status_name(got), got != VRES_OK ? err.message : "");
	if (s->check != NULL)
		s->check(f);
}

/* Nothing is left behind by a run, whatever came of it. */
static void ck_nothing_left(struct fixture *f, const char *what, uint64_t n)
{
	vres_metrics m;

	if (f->manager == NULL)
		return;
	m = metrics_of(f);
	ck_assert_msg(m.shards_now == 0 && m.leases_now == 0 && m.used_bytes_now == 0,
	              "%s %lu leaves %lu shards, %lu leases, %lu bytes", what, (unsigned long)n,
	              (unsigned long)m.shards_now, (unsigned long)m.leases_now,
	              (unsigned long)m.used_bytes_now);
	ck_assert_msg(record_critical(&f->record) == 0 && f->record.incidents_count == 0,
	              "%s %lu is called an incident", what, (unsigned long)n);
}

/* Operations that releasing takes: making memory writable, wiping it, freeing it. */
static bool frees(vres_mock_op op)
{
	return op == VRES_MOCK_OP_MEM_PROTECT || op == VRES_MOCK_OP_MEM_WIPE ||
	       op == VRES_MOCK_OP_MEM_RELEASE;
}

/* Memory that could not be freed or wiped is not the caller's failure, but it is told. */
static void judge(const struct scenario *s, struct fixture *f, vres_mock_op op, uint64_t n,
                  vres_status injected, vres_status got, const vres_error *err)
{
	const char *flaw = status_flaw(got, err);

	ck_assert_msg(flaw == NULL, "%s %lu: %s, but %s", OPS[op], (unsigned long)n,
	              vres_status_name(got), flaw);
	if (frees(op) && got == VRES_OK) {
		const vres_event *e = record_last(&f->record, VRES_EVENT_VRAM_DEALLOCATION_FAILED);

		ck_assert_msg(s->adopts || (e != NULL && e->status == VRES_E_DEALLOCATION_FAILED),
		              "%s %lu fails and nothing tells", OPS[op], (unsigned long)n);
	} else if (got != VRES_OK || !s->tries_again) {
		ck_assert_msg(got == injected, "%s %lu gives %s, not %s: %s", OPS[op],
		              (unsigned long)n, vres_status_name(got), vres_status_name(injected),
		              got != VRES_OK ? err->message : "");
	}
	ck_nothing_left(f, OPS[op], n);
}

/* One run with the nth call of @op failing; false: there is no nth. */
static bool fail_nth(const struct scenario *s, vres_mock_op op, uint64_t n, vres_status how)
{
	CLEANUP(finish) struct fixture *f = fresh(s);
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
	judge(s, f, op, n, how, got, &err);
	if (how != VRES_E_DEVICE_LOST)
		run_well(s, f, OPS[op], n);
	return true;
}

static uint64_t sweep_op(const struct scenario *s, vres_mock_op op, vres_status how)
{
	uint64_t n = 1;

	while (fail_nth(s, op, n, how))
		n++;
	return n - 1;
}

void sweep_backend(const struct scenario *s)
{
	uint64_t injections = 0;

	for (vres_mock_op op = VRES_MOCK_OP_OPEN; op < VRES_MOCK_OP_COUNT; op++) {
		injections += sweep_op(s, op, VRES_E_BACKEND);
		injections += sweep_op(s, op, VRES_E_DEVICE_LOST);
		if (op != VRES_MOCK_OP_MEM_ALLOC)
			continue;
		injections += sweep_op(s, op, VRES_E_INSUFFICIENT_VRAM);
		injections += sweep_op(s, op, VRES_E_ALLOCATION_FAILED);
	}
	ck_assert_uint_gt(injections, 0);
	suite_add("backend_injections", (double)injections);
}

static bool fail_nth_allocation(const struct scenario *s, uint64_t n, bool all_after)
{
	CLEANUP(finish) struct fixture *f = fresh(s);
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
	ck_nothing_left(f, "allocation", n);
	if (got == VRES_OK && s->check != NULL)
		s->check(f);
	if (fired)
		run_well(s, f, "allocation", n);
	return fired;
}

void sweep_heap(const struct scenario *s)
{
	uint64_t injections = 0;

	for (unsigned all_after = 0; all_after < 2; all_after++)
		for (uint64_t n = 1; fail_nth_allocation(s, n, all_after != 0); n++)
			injections++;
	ck_assert_uint_gt(injections, 0);
	suite_add("heap_injections", (double)injections);
}
