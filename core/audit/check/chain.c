/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The pass over the lines.
 *
 * Lines that do not prove themselves are one finding, however many stand side by side, and what
 * they say is not used for anything.  A line that proves itself is compared with the last one that
 * did: its seq is one more, its prev_hash is that line's hash, its key is that of the same epoch
 * unless the last line was log_epoch.
 */
#include "audit/check/chain.h"

#include <inttypes.h>
#include <stdio.h>

#include "audit/check/marks.h"
#include "audit/check/order.h"
#include "audit/check/proof.h"

static vres_audit_finding *add_finding(struct vres_audit_checker *c, uint32_t fault, uint64_t seq,
                                       const char *why)
{
	return audit_finding_add(c, fault, seq, 1, "seq %" PRIu64 " is expected here: %s",
	                         c->last.seq + 1, why);
}

static void add_unproven(struct vres_audit_checker *c, uint32_t fault, uint64_t seq,
                         const char *why)
{
	if (c->unproven++ == 0)
		c->unproven_finding = add_finding(c, fault, seq, why);
	else
		c->unproven_finding->lines++;
}

void audit_chain_unreadable(struct vres_audit_checker *c, uint32_t fault, const char *what,
                            size_t at)
{
	char why[112];

	(void)snprintf(why, sizeof(why), "%s at byte %zu of the line", what, at);
	add_unproven(c, fault, 0, why);
}

/* A canonical line whose MAC is not good. */
static void add_bad_mac(struct vres_audit_checker *c, const struct audit_line *l)
{
	c->bad_macs++;
	if (!c->last.is_known && l->is_forward && l->number < c->keys->epoch)
		add_unproven(c, VRES_AUDIT_KEY, l->seq,
		             "its epoch is before that of the key, which says nothing of it");
	else if (c->is_exhausted)
		add_unproven(c, VRES_AUDIT_UNCHECKED, l->seq,
		             "not checked: its epoch takes too many steps from the key");
	else
		add_unproven(c, VRES_AUDIT_BAD_MAC, l->seq,
		             "its MAC is not good: changed, or not written with the key");
}

/*
 * Is the line's MAC good?  Under the key of the current epoch, of the next, or of the epoch that
 * the line names, which is how the check goes on after epochs are missing.
 */
static vres_status prove(struct vres_audit_checker *c, const struct audit_line *l, bool *is_good,
                         uint64_t *epoch, vres_error *err)
{
	const uint64_t named = l->event == AUDIT_HEADER                   ? l->number
	                       : l->event == AUDIT_EPOCH && l->number > 0 ? l->number - 1
	                                                                  : 0;

	*epoch = c->keys->epoch;
	TRY(audit_proof_check(c, *epoch, l->text, l->bytes, l->hash_at, is_good, err));
	if (*is_good || !c->keys->is_forward)
		return VRES_OK;
	*epoch = c->keys->epoch + 1;
	TRY(audit_proof_check(c, *epoch, l->text, l->bytes, l->hash_at, is_good, err));
	if (*is_good || named <= *epoch)
		return VRES_OK;
	*epoch = named;
	c->is_exhausted = c->is_exhausted || !audit_proof_reaches(c, named);
	return audit_proof_check(c, named, l->text, l->bytes, l->hash_at, is_good, err);
}

/* Why a line that proves itself does not follow the last one that did, or NULL. */
static const char *misfit(const struct vres_audit_checker *c, const struct audit_line *l,
                          uint64_t epoch, uint32_t *fault)
{
	const bool is_first = !c->last.is_known, follows = c->unproven == 0;
	const uint64_t next = c->last.seq + 1;
	/* Somebody with a later key could begin a log of their own anywhere, but not reach a head.
	 */
	const bool may_begin_later =
		c->keys == NULL || !c->keys->is_forward || c->is_from_later || c->head.is_given;

	*fault = VRES_AUDIT_LINK;
	if (l->seq == next && !vres_crypto_equal(l->prev_hash, c->last.hash, AUDIT_HEX))
		return "its prev_hash is not the hash of the line before it";
	*fault = VRES_AUDIT_MISSING;
	if (l->seq > next && follows && (!is_first || l->event != AUDIT_HEADER || !may_begin_later))
		return "lines are missing";
	*fault = VRES_AUDIT_ORDER;
	if (l->seq < next)
		return "it belongs before the line before it";
	/*
	 * Each epoch before this line's has at least one line.  Otherwise somebody with a later key
	 * could put a log of their own, from seq 1 on, in place of all.
	 */
	if (is_first && epoch >= l->seq)
		return "no log comes to its epoch so early: by somebody who came later";
	if (!is_first && follows && epoch > c->last.epoch + (c->last.event == AUDIT_EPOCH))
		return "no log_epoch ends the epoch before its own: by somebody who came later";
	return audit_order_flaw(c, l, epoch, follows);
}

static void compare(struct vres_audit_checker *c, const struct audit_line *l, uint64_t epoch)
{
	uint32_t fault;
	const char *why = misfit(c, l, epoch, &fault);
	vres_audit_finding *f;

	if (c->unproven > 0)
		audit_finding_append(c->unproven_finding, "; the log goes on with", l->seq);
	if (why == NULL)
		return;
	f = add_finding(c, fault, l->seq, why);
	if (fault == VRES_AUDIT_MISSING) {
		f->seq = c->last.seq + 1;
		f->lines = l->seq - f->seq;
	}
	if (l->seq != c->last.seq + 1)
		audit_finding_append(f, ", and this is", l->seq);
}

vres_status audit_chain_line(struct vres_audit_checker *c, const char *text, size_t n,
                             vres_error *err)
{
	bool is_good = true;
	uint64_t epoch = 0;
	struct audit_line l;

	if (!audit_line_scan(text, n, &l)) {
		audit_chain_unreadable(c, VRES_AUDIT_MALFORMED, l.fault, l.fault_at);
		return VRES_OK;
	}
	c->names_forward |= l.event == AUDIT_HEADER && l.is_forward;
	c->names_token |= l.event == AUDIT_HEADER && !l.is_forward;
	if (c->keys)
		TRY(prove(c, &l, &is_good, &epoch, err));
	if (!is_good) {
		add_bad_mac(c, &l);
		return VRES_OK;
	}
	compare(c, &l, epoch);
	audit_marks_meet(c, &l, epoch);
	audit_order_advance(c, &l, epoch);
	c->unproven = 0;
	epoch += l.event == AUDIT_EPOCH;
	if (c->keys == NULL || !c->keys->is_forward || epoch <= c->keys->epoch)
		return VRES_OK;
	vres_hmac_close(&c->hmac);
	return vres_audit_keys_move(c->keys, epoch, err);
}

void audit_chain_end(struct vres_audit_checker *c)
{
	const char *why = ": it is another key, or nothing here is genuine";

	if (c->last.is_known || c->bad_macs == 0 || c->is_exhausted)
		return;
	if (c->keys->is_forward && c->names_token && !c->names_forward)
		why = ": the log says that it is in mode token";
	if (!c->keys->is_forward && c->names_forward && !c->names_token)
		why = ": the log says that it is in mode forward";
	c->unproven_finding->fault = VRES_AUDIT_KEY;
	(void)snprintf(c->unproven_finding->message, sizeof(c->unproven_finding->message),
	               "no line has a MAC of this key%s", why);
}
