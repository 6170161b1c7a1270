/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Events in their order, and what the summary counts of them. */
#include "audit/check/order.h"

/* What the line says of itself. */
static const char *own_flaw(const struct vres_audit_checker *c, const struct audit_line *line,
                            uint64_t epoch)
{
	const bool is_header = line->event == AUDIT_HEADER;

	if ((is_header || line->event == AUDIT_OPENED) &&
	    !vres_crypto_equal(line->session, line->event_session, AUDIT_SESSION))
		return "it names another session than its audit_id";
	if (c->keys == NULL)
		return NULL;
	if (is_header && line->is_forward != c->keys->is_forward)
		return "the header's key_mode is not that of the key its MAC is made with";
	if (is_header && line->is_forward && line->number != epoch)
		return "the header names another epoch than that of its key";
	if (line->event == AUDIT_EPOCH && (!c->keys->is_forward || line->number != epoch + 1))
		return "log_epoch does not name the next epoch";
	return NULL;
}

/* Its place in its file. */
static const char *file_flaw(const struct vres_audit_checker *c, const struct audit_line *line)
{
	const bool is_first = c->line == 1;
	const bool is_rotated = c->last.is_known && c->last.event == AUDIT_ROTATED;

	if (line->event == AUDIT_HEADER && !is_first)
		return "a log_header inside a file: files were joined";
	if (line->event != AUDIT_HEADER && is_first)
		return "a file that does not begin with a log_header";
	if (is_first && c->last.is_known && !is_rotated)
		return "the file before does not end with log_rotated";
	if (!is_first && is_rotated)
		return "a line after log_rotated in the same file";
	return NULL;
}

/* Its place after the line before it. */
static const char *session_flaw(const struct audit_last *last, const struct audit_line *line)
{
	const bool is_header = line->event == AUDIT_HEADER, is_opened = line->event == AUDIT_OPENED;
	const bool is_same = vres_crypto_equal(line->session, last->session, AUDIT_SESSION);

	if (last->event == AUDIT_CLOSED && !is_opened)
		return "a line after log_closed that is not log_opened";
	if (line->event == AUDIT_REPAIRED && last->event != AUDIT_OPENED &&
	    last->event != AUDIT_HEADER)
		return "log_repaired, and the log was not opened just before";
	if (is_opened && is_same)
		return "log_opened without a new session";
	if (!is_header && !is_opened && !is_same)
		return "another session than the line before, and the log was not opened again";
	return NULL;
}

const char *audit_order_flaw(const struct vres_audit_checker *c, const struct audit_line *line,
                             uint64_t epoch, bool follows)
{
	const char *flaw = own_flaw(c, line, epoch);

	if (flaw == NULL && follows)
		flaw = file_flaw(c, line);
	if (flaw == NULL && follows && c->last.is_known)
		flaw = session_flaw(&c->last, line);
	return flaw;
}

/*
 * Seconds since the year 0, as if all months had 31 days: enough to compare two times that are
 * close together.
 */
static uint64_t seconds_of(const char *time)
{
	static const struct {
		unsigned char at, digits, base;
	} parts[] = {{0, 4, 1}, {5, 2, 12}, {8, 2, 31}, {11, 2, 24}, {14, 2, 60}, {17, 2, 60}};
	uint64_t sum = 0;

	for (size_t i = 0; i < COUNT_OF(parts); i++) {
		unsigned value = 0;

		for (size_t j = 0; j < parts[i].digits; j++)
			value = value * 10 + (unsigned)(time[parts[i].at + j] - '0');
		sum = sum * parts[i].base + value;
	}
	return sum;
}

void audit_order_advance(struct vres_audit_checker *c, const struct audit_line *line,
                         uint64_t epoch)
{
	struct audit_last *last = &c->last;
	vres_audit_summary *s = &c->sum;
	const bool is_first = !last->is_known;
	const bool is_other = !vres_crypto_equal(line->session, last->session, AUDIT_SESSION);

	s->simulated |= line->is_simulated;
	s->repairs += line->event == AUDIT_REPAIRED;
	if (line->event == AUDIT_LOST && ckd_add_u64(&s->lost_events, s->lost_events, line->number))
		s->lost_events = UINT64_MAX;
	s->sessions += is_first || line->event == AUDIT_OPENED ||
	               (line->event == AUDIT_HEADER && is_other);
	s->epochs += is_first || epoch != last->epoch;
	/* Less than two seconds do not count: threads may change places in the queue. */
	s->backward_clock_steps += !is_first && memcmp(line->timestamp, s->last_time, 19) < 0 &&
	                           seconds_of(s->last_time) > seconds_of(line->timestamp) + 1;
	if (is_first) {
		s->first_seq = line->seq;
		memcpy(s->first_time, line->timestamp, AUDIT_TIME);
	}
	s->last_seq = line->seq;
	memcpy(s->last_time, line->timestamp, AUDIT_TIME);
	memcpy(s->last_hash, line->hash, AUDIT_HEX);
	last->is_known = true;
	last->seq = line->seq;
	last->epoch = epoch;
	last->event = line->event;
	memcpy(last->hash, line->hash, AUDIT_HEX);
	memcpy(last->session, line->session, AUDIT_SESSION);
}
