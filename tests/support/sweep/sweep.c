/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One failure at a time, at every place. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "support/sweep/sweep.h"

#define OUTCOME_BYTES sizeof(((struct fixture *)NULL)->outcome)

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

void sweep_note(struct fixture *f, const char *format, ...)
{
	const size_t used = strlen(f->outcome);
	va_list args;

	va_start(args, format);
	(void)vsnprintf(f->outcome + used, sizeof(f->outcome) - used, format, args);
	va_end(args);
}

/* What was noted, and the events: what each says that does not change from run to run. */
static void note_events(struct fixture *f)
{
	for (size_t i = 0; i < f->record.events_count; i++) {
		const vres_event *e = &f->record.events[i]->event;

		sweep_note(f, "%s %s %s %lu %lu;", e->name, vres_status_name(e->status),
		           e->mode ? e->mode : "-", (unsigned long)e->allocated_bytes,
		           (unsigned long)e->freed_bytes);
	}
	ck_assert_uint_lt(strlen(f->outcome), sizeof(f->outcome) - 1);
}

static void ck_outcome(const struct scenario *s, const struct fixture *f, const char *what,
                       uint64_t n, const char *wanted)
{
	if (s->tolerates == NULL && strcmp(f->outcome, wanted) != 0)
		ck_abort_msg("%s %lu fails, and the outcome is\n%s\nnot\n%s", what,
		             (unsigned long)n, f->outcome, wanted);
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

/* What a run comes to in which nothing fails. */
static void wanted_outcome(const struct scenario *s, char outcome[OUTCOME_BYTES])
{
	CLEANUP(finish) struct fixture *f = fresh(s);

	run_well(s, f, "nothing", 0);
	note_events(f);
	memcpy(outcome, f->outcome, sizeof(f->outcome));
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
                  vres_status injected, vres_status got, const vres_error *err, const char *wanted)
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
	note_events(f);
	if (got == VRES_OK && !frees(op))
		ck_outcome(s, f, OPS[op], n, wanted);
}

/* One run with the nth call of @op failing; false: there is no nth. */
static bool fail_nth(const struct scenario *s, vres_mock_op op, uint64_t n, vres_status how,
                     const char *wanted)
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
	judge(s, f, op, n, how, got, &err, wanted);
	if (how != VRES_E_DEVICE_LOST)
		run_well(s, f, OPS[op], n);
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

	wanted_outcome(s, wanted);

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
	note_events(f);
	if (got == VRES_OK)
		ck_outcome(s, f, "allocation", n, wanted);
	if (fired)
		run_well(s, f, "allocation", n);
	return fired;
}

void sweep_heap(const struct scenario *s)
{
	char wanted[OUTCOME_BYTES];
	uint64_t injections = 0;

	wanted_outcome(s, wanted);
	for (unsigned all_after = 0; all_after < 2; all_after++)
		for (uint64_t n = 1; fail_nth_allocation(s, n, all_after != 0, wanted); n++)
			injections++;
	ck_assert_uint_gt(injections, 0);
	suite_add("heap_injections", (double)injections);
}
