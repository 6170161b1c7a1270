/* SPDX-License-Identifier: GPL-3.0-or-later */
/* See outcome.h. */
#include "support/sweep/outcome.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct fixture *sweep_fresh(const struct scenario *s)
{
	struct setup setup = s->setup;
	struct fixture *f;

	setup.no_manager = true;
	setup.threads = 1; /* the nth call must be the same one in every run */
	f = begin(&setup);
	if (s->is_bare)
		test_device_bare(f->test_device);
	return f;
}

void sweep_note(struct fixture *f, const char *format, ...)
{
	const size_t used = strlen(f->outcome);
	va_list args;

	va_start(args, format);
	(void)vsnprintf(f->outcome + used, sizeof(f->outcome) - used, format, args);
	va_end(args);
}

const vres_event *sweep_told_unwiped(struct fixture *f)
{
	const vres_event *e = record_last(&f->record, VRES_EVENT_VRAM_DEALLOCATION_FAILED);

	ck_assert(e == NULL || e->status == VRES_E_DEALLOCATION_FAILED);
	return e;
}

/* The fields of each event that are the same in every run. */
static void note_events(struct fixture *f)
{
	for (size_t i = 0; i < f->record.events_count; i++) {
		const vres_event *e = &f->record.events[i]->event;
		const bool is_unwiped = e->type == VRES_EVENT_VRAM_DEALLOCATION_FAILED;

		sweep_note(f, "%s %s %s %lu %lu;", is_unwiped ? "vram_deallocated" : e->name,
		           vres_status_name(is_unwiped ? VRES_OK : e->status),
		           e->mode ? e->mode : "-", (unsigned long)e->allocated_bytes,
		           (unsigned long)e->freed_bytes);
	}
	ck_assert_uint_lt(strlen(f->outcome), sizeof(f->outcome) - 1);
}

void sweep_ck_outcome(const struct scenario *s, struct fixture *f, const char *what, uint64_t n,
                      const char *wanted)
{
	note_events(f);
	if (s->tolerates == NULL && strcmp(f->outcome, wanted) != 0)
		ck_abort_msg("%s %lu goes wrong, and the outcome is\n%s\nnot\n%s", what,
		             (unsigned long)n, f->outcome, wanted);
}

void sweep_run_well(const struct scenario *s, struct fixture *f, const char *after, uint64_t n)
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

void sweep_wanted(const struct scenario *s, char outcome[OUTCOME_BYTES])
{
	CLEANUP(finish) struct fixture *f = sweep_fresh(s);

	sweep_run_well(s, f, "nothing", 0);
	note_events(f);
	memcpy(outcome, f->outcome, sizeof(f->outcome));
}

void sweep_ck_nothing_left(struct fixture *f, const char *what, uint64_t n)
{
	vres_metrics m;

	if (f->manager == NULL)
		return;
	m = metrics_of(f);
	ck_assert_msg(m.shards_now == 0 && m.leases_now == 0 && m.used_bytes_now == 0,
	              "%s %lu leaves %lu shards, %lu leases, %lu bytes", what, (unsigned long)n,
	              (unsigned long)m.shards_now, (unsigned long)m.leases_now,
	              (unsigned long)m.used_bytes_now);
}

void sweep_ck_nobody_accused(struct fixture *f, const char *what, uint64_t n)
{
	ck_assert_msg(record_critical(&f->record) == 0 && f->record.incidents_count == 0,
	              "%s %lu is called an incident", what, (unsigned long)n);
}
