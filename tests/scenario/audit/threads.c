/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One audit log and many threads: every event is in the log or counted, each thread's in the order
 * in which it recorded them.
 */
#include <stdio.h>

#include "support/fixture/threads.h"
#include "support/audit/temp_log.h"
#include "support/fixture/support.h"

#define THREADS 8u

struct crowd {
	vres_audit_file *log;
	unsigned events;
	atomic_uint refused;
};

static void write_and_look(struct test_threads *threads, unsigned me)
{
	struct crowd *crowd = threads->shared;
	uint64_t seq = 0, before = 0;
	char id[64], hash[65];

	for (unsigned i = 1; i <= crowd->events; i++) {
		const bool critical = (i + me) % 16 == 0;

		(void)snprintf(id, sizeof(id), "thread-%u-%u", me, i);
		if (temp_log_record(crowd->log,
		                    critical ? VRES_EVENT_SEAL_VERIFICATION_FAILED
		                             : VRES_EVENT_SEAL_VERIFIED,
		                    id) != VRES_OK)
			atomic_fetch_add(&crowd->refused, 1);
		if (i % 50 == 0)
			threads_expect(threads, vres_audit_file_flush(crowd->log, NULL) == VRES_OK);
		threads_expect(threads,
		               vres_audit_file_head(crowd->log, &seq, hash, NULL) == VRES_OK &&
		                       seq >= before && strlen(hash) == 64);
		threads_expect(threads, vres_audit_file_lost(crowd->log) <=
		                                (uint64_t)THREADS * crowd->events);
		before = seq;
	}
}

struct order {
	unsigned last[THREADS];
	bool is_wrong;
};

static void look(void *ctx, const char *line)
{
	struct order *order = ctx;
	unsigned thread, i;
	char id[64];

	if (!chain_string(line, "shard_id", id, sizeof(id)) ||
	    sscanf(id, "thread-%u-%u", &thread, &i) != 2)
		return;
	order->is_wrong |= thread >= THREADS || i <= order->last[thread];
	if (thread < THREADS)
		order->last[thread] = i;
}

START_TEST(events_of_many_threads_are_recorded_or_counted_each_in_its_threads_order)
{
	const bool forward = _i & 1, required = _i & 2;
	CLEANUP(temp_log_end) struct temp_log p = temp_log_begin(NULL);
	CLEANUP(finish) struct fixture *f = begin(NULL);
	vres_audit_file_options o = temp_log_options(&p, forward);
	struct crowd crowd = {.events = suite_scaled(400, 60)};
	struct order order = {.is_wrong = false};
	struct chain c;

	o.rotate_bytes = KIB(64);
	o.queue_events = 16;
	o.epoch_lines = 100;
	o.required = required;
	crowd.log = temp_log_open(&p, &o);
	(void)threads_run(f, THREADS, write_and_look, &crowd);
	vres_audit_file_close(crowd.log);
	c = temp_log_chain(&p, forward, look, &order);
	ck_assert(!order.is_wrong);
	ck_assert_uint_eq(c.events + c.lost, THREADS * crowd.events);
	ck_assert_uint_eq(atomic_load(&crowd.refused), required ? c.lost : 0);
	ck_assert_uint_ge(c.events, THREADS * crowd.events / 16);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE_LOOP(events_of_many_threads_are_recorded_or_counted_each_in_its_threads_order,
	                  4, "SEC-AUDIT-023", "accountability", "events that overtake each other"),
	};
	return suite_run("audit_threads", "audit_threads", cases, COUNT(cases));
}
