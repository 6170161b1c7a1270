/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Lines that the log must have: that of its checkpoint, and the head that somebody kept elsewhere.
 * Both show that an end is missing.
 */
#include "audit/check/checker.h"

#include <inttypes.h>
#include <stdio.h>

static void spoil(struct mark *m, const char *why)
{
	m->is_bad = true;
	(void)snprintf(m->fault, sizeof(m->fault), "%s", why);
}

/* The MAC, under the key of the epoch that the checkpoint names. */
static vres_status check_mac(struct vres_audit_checker *c, const struct audit_checkpoint *p,
                             vres_error *err)
{
	struct audit_key *key = &c->base;
	char mac[65];

	if (p->epoch < c->base.epoch || p->epoch - c->base.epoch > c->steps_left ||
	    (!c->base.is_forward && p->epoch != 0)) {
		spoil(&c->checkpoint, "the checkpoint is of an epoch for which the key is none");
		return VRES_OK;
	}
	if (p->epoch > c->base.epoch) {
		c->steps_left -= p->epoch - c->base.epoch;
		TRY(audit_key_at(&c->trial, &c->base, p->epoch, err));
		key = &c->trial;
	}
	TRY(audit_key_mac(key, p->text, p->bytes, p->mac_at, mac, err));
	if (!audit_same_hash(mac, p->text + p->mac_at))
		spoil(&c->checkpoint,
		      "the checkpoint's MAC is not good: changed, or not written with the key");
	return VRES_OK;
}

vres_status audit_mark_checkpoint(struct vres_audit_checker *c, const char *text, size_t n,
                                  vres_error *err)
{
	struct mark *m = &c->checkpoint;
	struct audit_checkpoint p;

	*m = (struct mark){.is_given = true};
	if (n == 0 || n > AUDIT_LINE_MAX || text[n - 1] != '\n') {
		spoil(m, n == 0 ? "the checkpoint is empty" : "the checkpoint is not one line");
		return VRES_OK;
	}
	if (!audit_checkpoint_scan(text, n - 1, &p)) {
		spoil(m, "");
		(void)snprintf(m->fault, sizeof(m->fault),
		               "the checkpoint is not canonical: %.48s at byte %zu", p.fault,
		               p.fault_at);
		return VRES_OK;
	}
	m->seq = p.seq;
	m->epoch = p.epoch;
	memcpy(m->hash, p.hash, AUDIT_HEX);
	return c->is_keyed ? check_mac(c, &p, err) : VRES_OK;
}

static void compare(struct mark *m, const char *hash, const char *what)
{
	m->verdict = VRES_AUDIT_MARK_MET;
	if (audit_same_hash(hash, m->hash))
		return;
	spoil(m, what);
}

/* The first line links to one that is not at hand; what a mark says of that one can be compared. */
void audit_mark_before(struct vres_audit_checker *c, const struct fact *first)
{
	struct mark *m = &c->checkpoint, *h = &c->head;

	if (m->is_given && !m->is_bad && m->seq + 1 == first->seq)
		compare(m, first->prev_hash,
		        "the checkpoint names another hash for its seq than the log has");
	else if (m->is_given && !m->is_bad && m->seq < first->seq)
		m->verdict = VRES_AUDIT_MARK_OLDER;
	if (m->is_given && !m->is_bad && m->seq < first->seq && m->epoch > first->epoch &&
	    c->is_keyed)
		spoil(m, "the checkpoint is of an earlier line than the first and of a later "
		         "epoch: by somebody who came later");
	if (h->is_given && h->seq + 1 == first->seq)
		compare(h, first->prev_hash,
		        "the log has another hash for the seq of the head: its history is another "
		        "one");
	else if (h->is_given && h->seq < first->seq)
		spoil(h, "the head is before the first line of the files that were given");
}

void audit_mark_meet(struct vres_audit_checker *c, const struct fact *fact)
{
	struct mark *m = &c->checkpoint, *h = &c->head;

	if (m->is_given && !m->is_bad && m->seq == fact->seq) {
		compare(m, fact->hash,
		        "the checkpoint names another hash for its seq than the log has");
		if (!m->is_bad && c->is_keyed && m->epoch != fact->epoch)
			spoil(m, "the checkpoint is of another epoch than its line");
	}
	if (h->is_given && !h->is_bad && h->seq == fact->seq)
		compare(h, fact->hash,
		        "the log has another hash for the seq of the head: its history is another "
		        "one");
}

bool audit_mark_vouches(const struct vres_audit_checker *c, uint64_t seq, const char *hash)
{
	const struct mark *const marks[] = {&c->head, &c->checkpoint};
	/* An earlier epoch's key is no witness for a later line. */
	const size_t count = c->checkpoint.epoch >= c->now.epoch ? 2 : 1;

	for (size_t i = 0; i < count; i++)
		if (marks[i]->is_given && !marks[i]->is_bad && marks[i]->seq == seq &&
		    audit_same_hash(marks[i]->hash, hash))
			return true;
	return false;
}

/*
 * Past the end?  How many lines are missing then; @end is the last seq that the log's lines can
 * make up.
 */
static uint64_t beyond(const struct mark *m, uint64_t end)
{
	return m->is_given && !m->is_bad && m->verdict == VRES_AUDIT_MARK_NONE && m->seq > end
	               ? m->seq - end
	               : 0;
}

void audit_mark_end(struct vres_audit_checker *c, uint64_t room)
{
	const uint64_t end = (c->main.is_known ? c->main.next - 1 : 0) + room;
	const uint64_t cut = beyond(&c->checkpoint, end), short_of_head = beyond(&c->head, end);
	const struct place after = {c->where.file, c->where.line + 1}, nowhere = {c->where.file, 0};

	if (cut > 0)
		(void)audit_find(c, VRES_AUDIT_TRUNCATED, after, end + 1, cut,
		                 "the log ends here, and its checkpoint is of seq %" PRIu64
		                 ": it was cut",
		                 c->checkpoint.seq);
	else if (short_of_head > 0)
		(void)audit_find(c, VRES_AUDIT_HEAD, after, end + 1, short_of_head,
		                 "the log ends here, before its head, seq %" PRIu64
		                 ": cut, or put back as it once was",
		                 c->head.seq);
	if (c->checkpoint.is_bad)
		(void)audit_find(c, VRES_AUDIT_CHECKPOINT, nowhere, c->checkpoint.seq, 0, "%s",
		                 c->checkpoint.fault);
	if (c->head.is_bad)
		(void)audit_find(c, VRES_AUDIT_HEAD, nowhere, c->head.seq, 0, "%s", c->head.fault);
	if (c->checkpoint.is_given &&
	    (c->checkpoint.is_bad || c->checkpoint.verdict == VRES_AUDIT_MARK_NONE))
		c->checkpoint.verdict = VRES_AUDIT_MARK_BAD;
	if (c->head.is_given && (c->head.is_bad || c->head.verdict == VRES_AUDIT_MARK_NONE))
		c->head.verdict = VRES_AUDIT_MARK_BAD;
}
