/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What may stand where (docs/FORMAT.md, "What a checker holds a log to"), and what the summary
 * counts.
 */
#include "audit/check/checker.h"

#include <inttypes.h>

/* NULL: @fact may follow the line before it. */
static const char *file_flaw(const struct vres_audit_checker *c, const struct fact *fact)
{
	const bool is_first = fact->place.line == 1;

	if (fact->event == AUDIT_HEADER && !is_first)
		return "a log_header inside a file: files were joined";
	if (fact->event != AUDIT_HEADER && is_first)
		return "a file that does not begin with a log_header";
	if (is_first && fact->place.file > 0 && c->has_last && c->last_event != AUDIT_ROTATED)
		return "the file before does not end with log_rotated";
	if (!is_first && c->last_event == AUDIT_ROTATED)
		return "a line after log_rotated in the same file";
	return NULL;
}

static bool has_session(const char *a, const char *b)
{
	return vres_crypto_equal(a, b, AUDIT_SESSION);
}

static const char *session_flaw(const struct vres_audit_checker *c, const struct fact *fact)
{
	const bool is_first = fact->event == AUDIT_HEADER, is_opened = fact->event == AUDIT_OPENED;

	if ((is_first || is_opened) && !has_session(fact->session, fact->event_session))
		return "it names another session than its audit_id";
	if (!c->has_last)
		return NULL;
	if (c->last_event == AUDIT_CLOSED && !is_opened)
		return "a line after log_closed that is not log_opened";
	if (fact->event == AUDIT_REPAIRED && c->last_event != AUDIT_OPENED &&
	    c->last_event != AUDIT_HEADER)
		return "log_repaired, and the log was not opened just before";
	if (is_opened && has_session(fact->session, c->session))
		return "log_opened without a new session";
	if (!is_first && !is_opened && !has_session(fact->session, c->session))
		return "another session than the line before, and the log was not opened again";
	return NULL;
}

static const char *epoch_flaw(const struct vres_audit_checker *c, const struct fact *fact)
{
	if (fact->event == AUDIT_HEADER && fact->is_forward != c->now.is_forward)
		return "the header's key_mode is not that of the key its MAC is made with";
	if (fact->event == AUDIT_HEADER && fact->is_forward && fact->number != fact->epoch)
		return "the header names another epoch than that of its key";
	if (fact->event == AUDIT_EPOCH && (!c->now.is_forward || fact->number != fact->epoch + 1))
		return "log_epoch does not name the next epoch";
	return NULL;
}

void audit_order_check(struct vres_audit_checker *c, const struct fact *fact)
{
	/*
	 * A first line that is no header, and not seq 1, has lines missing before it, which was
	 * said.
	 */
	const bool is_begin = c->sum.first_seq == 0 && fact->place.line == 1 &&
	                      (fact->event == AUDIT_HEADER || fact->seq == 1);
	const char *flaw = NULL;

	if (fact->is_clean && fact->epoch > c->now.epoch) {
		(void)audit_find(c, VRES_AUDIT_FORGED, fact->place, fact->seq, 1,
		                 "under the key of epoch %" PRIu64
		                 ", and no log_epoch ends epoch %" PRIu64
		                 ": by somebody who came later",
		                 fact->epoch, c->now.epoch);
		return;
	}
	/*
	 * Each epoch before this line's has a line at least.  Else whoever has a later key could
	 * put a log of his own, from seq 1 on, in place of all.
	 */
	if (c->sum.first_seq == 0 && fact->epoch >= fact->seq) {
		(void)audit_find(c, VRES_AUDIT_FORGED, fact->place, fact->seq, 1,
		                 "under the key of epoch %" PRIu64
		                 ", to which no log comes so early: by somebody who came later",
		                 fact->epoch);
		return;
	}
	if (fact->is_clean || is_begin)
		flaw = file_flaw(c, fact);
	if (flaw) {
		(void)audit_find(c,
		                 fact->place.line == 1 && fact->place.file > 0 ? VRES_AUDIT_ROTATION
		                                                               : VRES_AUDIT_ORDER,
		                 fact->place, fact->seq, 1, "%s", flaw);
		return;
	}
	if (fact->is_clean || is_begin)
		flaw = session_flaw(c, fact);
	if (flaw == NULL && c->is_keyed)
		flaw = epoch_flaw(c, fact);
	if (flaw)
		(void)audit_find(c, VRES_AUDIT_ORDER, fact->place, fact->seq, 1, "%s", flaw);
}

static uint64_t digits(const char *text, size_t n)
{
	uint64_t value = 0;

	for (size_t i = 0; i < n; i++)
		value = value * 10 + (uint64_t)(text[i] - '0');
	return value;
}

/*
 * Seconds since the year 0, if all months had 31 days: enough to see how far apart two times are
 * that are close.
 */
static uint64_t seconds(const char time[30])
{
	const uint64_t days =
		(digits(time, 4) * 12 + digits(time + 5, 2)) * 31 + digits(time + 8, 2);

	return ((days * 24 + digits(time + 11, 2)) * 60 + digits(time + 14, 2)) * 60 +
	       digits(time + 17, 2);
}

/*
 * Did the clock go backwards between these?  Events of several threads may change places in the
 * queue, and the log's own lines are between them, so less than two seconds are nothing.
 */
static bool is_step_back(const char before[30], const char time[30])
{
	return memcmp(time, before, 30) < 0 && seconds(before) > seconds(time) + 1;
}

static void add_to(uint64_t *sum, uint64_t n)
{
	if (ckd_add_u64(sum, *sum, n))
		*sum = UINT64_MAX;
}

/* A line of the chain, or one in a wrong place; the latter does not become the last one. */
void audit_summary_add(struct vres_audit_checker *c, const struct fact *fact)
{
	const bool is_last = fact->seq + 1 == c->main.next && !c->is_aside;
	const bool is_new_session =
		!c->sum.first_seq || fact->event == AUDIT_OPENED ||
		(fact->event == AUDIT_HEADER && !has_session(fact->session, c->session));

	c->sum.simulated |= fact->is_simulated;
	c->sum.repairs += fact->event == AUDIT_REPAIRED;
	if (fact->event == AUDIT_LOST)
		add_to(&c->sum.lost_events, fact->number);
	if (!is_last)
		return;
	c->sum.sessions += is_new_session;
	c->sum.epochs +=
		!c->sum.first_seq || fact->epoch > c->now.epoch || c->last_event == AUDIT_EPOCH;
	c->sum.backward_clock_steps +=
		c->sum.first_seq != 0 && is_step_back(c->sum.last_time, fact->time);
	if (c->sum.first_seq == 0) {
		c->sum.first_seq = fact->seq;
		memcpy(c->sum.first_time, fact->time, sizeof(fact->time));
	}
	memcpy(c->sum.last_time, fact->time, sizeof(fact->time));
	memcpy(c->sum.last_hash, fact->hash, AUDIT_HEX);
	c->sum.last_seq = fact->seq;
	memcpy(c->session, fact->session, AUDIT_SESSION);
	c->last_event = fact->event;
	c->has_last = true;
}
