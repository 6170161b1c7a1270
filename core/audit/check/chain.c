/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Genuine lines and their places.  A line that does not fit is held in doubt until the next one: if
 * that one fits where the chain stood before, the line in doubt was the stranger, else something is
 * missing before it.  What is missing stays a gap that later lines may fill.
 */
#include "audit/check/checker.h"

#include <inttypes.h>

bool audit_same_hash(const char *a, const char *b)
{
	return vres_crypto_equal(a, b, AUDIT_HEX);
}

/* The chain goes on with @fact. */
static vres_status advance(struct vres_audit_checker *c, const struct fact *fact, vres_error *err)
{
	c->main = (struct point){.is_known = true, .has_hash = true, .next = fact->seq + 1};
	memcpy(c->main.hash, fact->hash, AUDIT_HEX);
	c->is_aside = false;
	if (c->sum.first_seq == 0)
		audit_mark_before(c, fact);
	audit_order_check(c, fact);
	audit_mark_meet(c, fact);
	audit_summary_add(c, fact);
	if (fact->epoch > c->now.epoch)
		TRY(audit_key_at(&c->now, &c->now, fact->epoch, err));
	if (c->now.is_forward && fact->event == AUDIT_EPOCH)
		TRY(audit_key_at(&c->now, &c->now, c->now.epoch + 1, err));
	return VRES_OK;
}

/* Lines that came before their time are not missing now. */
static void skip_early(struct vres_audit_checker *c, uint64_t seq)
{
	struct early *e;

	while (c->main.next < seq && (e = audit_early_find(c, c->main.next)) != NULL) {
		c->main.next++;
		memcpy(c->main.hash, e->hash, AUDIT_HEX);
		audit_early_drop(c, e);
		c->has_last = false; /* nothing is known of what the line before was */
	}
}

/* Does the line after the one in doubt show that it was the stranger? */
static bool is_stranger(const struct vres_audit_checker *c, const struct fact *next)
{
	if (next == NULL || c->run.bad + c->run.garbage > 0)
		return false;
	if (c->doubt_is_jump)
		return next->seq >= c->main.next && next->seq < c->doubt.seq;
	return next->seq == c->main.next && audit_same_hash(next->prev_hash, c->main.hash);
}

/* The prev_hash of a line is not what it ought to be. */
static uint32_t link_fault(const struct vres_audit_checker *c, const struct fact *fact)
{
	if (fact->place.line == 1 && fact->place.file > 0)
		return VRES_AUDIT_ROTATION;
	return c->is_keyed ? VRES_AUDIT_LINK : VRES_AUDIT_EDITED;
}

vres_status audit_chain_settle(struct vres_audit_checker *c, const struct fact *next,
                               vres_error *err)
{
	const struct fact *d = &c->doubt;

	if (!c->has_doubt)
		return VRES_OK;
	c->has_doubt = false;
	if (!is_stranger(c, next)) {
		if (c->doubt_is_jump)
			audit_gap_before(c, c->main.next, d);
		else
			(void)audit_find(c, link_fault(c, d), d->place, d->seq, 1,
			                 "its prev_hash is not the hash of the line before: %s",
			                 c->is_keyed ? "two histories of one log"
			                             : "one of the two was changed");
		return advance(c, d, err);
	}
	c->has_last = false; /* what is next to a stranger is not held to an order */
	if (!c->doubt_is_jump) {
		(void)audit_find(c, VRES_AUDIT_INSERTED, d->place, d->seq, 1,
		                 "a line of another log, or of another history of this one");
		return VRES_OK;
	}
	audit_summary_add(c, d);
	audit_early_add(c, d,
	                audit_find(c, VRES_AUDIT_REORDERED, d->place, d->seq, 1,
	                           "stands where seq %" PRIu64 " belongs", c->main.next));
	return VRES_OK;
}

/* The line does not fit; whether the fault lies with it or before it, the next one tells. */
static vres_status put_in_doubt(struct vres_audit_checker *c, const struct fact *fact, bool is_jump,
                                vres_error *err)
{
	c->has_doubt = true;
	c->doubt_is_jump = is_jump;
	c->doubt = *fact;
	c->doubt.is_clean = false;
	return fact->epoch > c->now.epoch ? audit_key_at(&c->ahead, &c->now, fact->epoch, err)
	                                  : VRES_OK;
}

/* Lines of an earlier epoch in a later one's place: the key that those after it will be under. */
static vres_status follow_aside(struct vres_audit_checker *c, const struct fact *fact,
                                vres_error *err)
{
	const uint64_t epoch = fact->epoch + (fact->event == AUDIT_EPOCH);

	if (!c->now.is_forward || epoch >= c->now.epoch || epoch - c->base.epoch > c->steps_left)
		return VRES_OK;
	if (c->aside.chain && c->aside.epoch == epoch)
		return VRES_OK;
	c->steps_left -= epoch - c->base.epoch;
	return audit_key_at(&c->aside, &c->base, epoch, err);
}

/* A genuine line whose seq is past. */
static vres_status put_aside(struct vres_audit_checker *c, const struct fact *fact, vres_error *err)
{
	const bool was_missing = audit_gap_fill(c, fact);
	const bool is_file = fact->place.line == 1 && fact->place.file > 0;

	(void)audit_run_close(c, 0, NULL);
	if (was_missing)
		audit_summary_add(c, fact);
	if (c->is_aside && fact->seq == c->side.next) {
		audit_find_more(c, c->side_finding);
	} else if (is_file) {
		c->side_finding = audit_find(c, VRES_AUDIT_ROTATION, fact->place, fact->seq, 1,
		                             "the file's lines come before some that were read "
		                             "already: another order, or given twice");
	} else {
		c->side_finding =
			audit_find(c, was_missing ? VRES_AUDIT_REORDERED : VRES_AUDIT_INSERTED,
		                   fact->place, fact->seq, 1,
		                   was_missing ? "stands where seq %" PRIu64 " belongs"
		                               : "a copy: this seq was before, and seq %" PRIu64
		                                 " is expected",
		                   c->main.next);
	}
	c->is_aside = true;
	c->side.next = fact->seq + 1;
	return follow_aside(c, fact, err);
}

/*
 * Where a log begins: with a header, unless its first lines are bad, gone or elsewhere.  Of how
 * many are gone nothing tells: the gap reaches down to seq 1, and counts as one line.
 */
static void begin(struct vres_audit_checker *c, const struct fact *fact)
{
	const uint64_t room = audit_run_room(c);

	c->main = (struct point){.is_known = true};
	if (fact->event == AUDIT_HEADER) {
		c->main.next = fact->seq;
		c->main.has_hash = room == 0;
		memcpy(c->main.hash, fact->prev_hash, AUDIT_HEX);
	} else {
		c->main.next = room > 0 && fact->seq > room ? fact->seq - room : 1;
	}
}

/* Seq 1 follows nothing. */
static bool is_first_link(const struct fact *fact)
{
	for (size_t i = 0; i < AUDIT_HEX; i++)
		if (fact->prev_hash[i] != '0')
			return false;
	return true;
}

/* @fact has the next seq, or a later one with bad lines before it. */
static vres_status go_on(struct vres_audit_checker *c, struct fact *fact, vres_error *err)
{
	struct early *e = audit_early_find(c, fact->seq);
	uint64_t missing = fact->seq - c->main.next;

	if (e) {
		audit_find_instead(c, e->finding, VRES_AUDIT_INSERTED,
		                   "a copy of a line that comes later");
		audit_early_drop(c, e);
	}
	fact->is_clean = audit_run_room(c) == 0 && c->has_last;
	if (audit_run_room(c) > 0) {
		const uint64_t room = audit_run_room(c),
			       first = c->main.next + (missing < room ? missing : room);

		missing = audit_run_close(c, missing, fact->prev_hash);
		if (missing > 0)
			audit_gap_before(c, first, fact);
		return advance(c, fact, err);
	}
	if (c->main.has_hash && !audit_same_hash(fact->prev_hash, c->main.hash))
		return put_in_doubt(c, fact, false, err);
	if (fact->seq == 1 && !is_first_link(fact))
		(void)audit_find(c, VRES_AUDIT_LINK, fact->place, 1, 1,
		                 "the prev_hash of seq 1 is not 64 zeros");
	return advance(c, fact, err);
}

vres_status audit_chain_add(struct vres_audit_checker *c, const struct fact *fact, vres_error *err)
{
	struct fact f = *fact;

	TRY(audit_chain_settle(c, fact, err));
	if (!c->main.is_known)
		begin(c, fact);
	/* Where hash and seq disagree, the hash is right: it is harder to make fit. */
	if (f.seq != c->main.next && audit_run_room(c) == 0 && c->main.has_hash &&
	    audit_same_hash(f.prev_hash, c->main.hash)) {
		(void)audit_find(
			c, c->is_keyed ? VRES_AUDIT_LINK : VRES_AUDIT_EDITED, f.place, f.seq, 1,
			"follows the line before it, but its seq is not %" PRIu64, c->main.next);
		f.seq = c->main.next;
	}
	if (f.seq > c->main.next)
		skip_early(c, f.seq);
	if (f.seq < c->main.next)
		return put_aside(c, &f, err);
	if (f.seq > c->main.next && audit_run_room(c) == 0)
		return put_in_doubt(c, &f, true, err);
	return go_on(c, &f, err);
}
