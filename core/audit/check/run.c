/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Bad lines.  Nothing such a line says can be relied on, its seq neither; but the genuine lines on
 * either side say how many lines ought to stand between them, and the next one says which hash the
 * last of them had.
 */
#include "audit/check/checker.h"

/* What a key that is tried costs, in steps from one epoch to the next. */
#define TRY_STEPS 8u

void audit_check_garbage(struct vres_audit_checker *c, uint32_t fault, uint64_t room, size_t at,
                         const char *what)
{
	struct run *r = &c->run;

	if (r->bad == 0 && r->garbage == 0)
		r->expected = c->main.next;
	r->garbage += room;
	r->expected += room;
	r->ends_bad = false;
	if (fault == VRES_AUDIT_MALFORMED && c->garbage_finding != NOT_KEPT) {
		audit_find_more(c, c->garbage_finding);
		return;
	}
	c->garbage_finding =
		audit_find(c, fault, c->where, 0, 1, "%s at byte %zu of the line", what, at);
}

/* A canonical line whose MAC is not good; @mac is the one it ought to have. */
static void add_bad(struct vres_audit_checker *c, const struct audit_line *l, const char *mac)
{
	struct run *r = &c->run;

	if (r->bad == 0 && r->garbage == 0)
		r->expected = c->main.is_known ? c->main.next : l->seq;
	if (r->bad++ == 0) {
		r->first = c->where;
		r->first_seq = l->seq;
	}
	if (l->seq == r->expected) {
		if (r->in_place++ == 0) {
			r->first_in = c->where;
			r->in_seq = l->seq;
		}
		r->expected++;
	} else if (r->bad - r->in_place == 1) {
		r->first_out = c->where;
		r->out_seq = l->seq;
	}
	r->is_before_key |= !c->main.is_known && l->event == AUDIT_HEADER && l->is_forward &&
	                    c->base.is_forward && l->number < c->base.epoch;
	r->ends_bad = true;
	r->last_seq = l->seq;
	memcpy(r->last_hash, l->hash, AUDIT_HEX);
	memcpy(r->last_mac, mac, AUDIT_HEX);
}

static void fact_of(struct fact *f, const struct vres_audit_checker *c, const struct audit_line *l,
                    uint64_t epoch)
{
	*f = (struct fact){
		.place = c->where,
		.seq = l->seq,
		.epoch = epoch,
		.number = l->number,
		.event = l->event,
		.is_forward = l->is_forward,
		.is_simulated = l->is_simulated,
	};
	memcpy(f->hash, l->hash, AUDIT_HEX);
	memcpy(f->prev_hash, l->prev_hash, AUDIT_HEX);
	memcpy(f->session, l->session, AUDIT_SESSION);
	if (l->event_session)
		memcpy(f->event_session, l->event_session, AUDIT_SESSION);
	memcpy(f->time, l->timestamp, sizeof(f->time));
}

/* Is the line's MAC good under @k?  If so, *epoch is that of the key. */
static vres_status try_key(struct audit_key *k, const struct audit_line *l, bool *is_good,
                           uint64_t *epoch, vres_error *err)
{
	char mac[65];

	TRY(audit_key_mac(k, l->text, l->bytes, l->hash_at, mac, err));
	*is_good = audit_same_hash(mac, l->hash);
	*epoch = *is_good ? k->epoch : *epoch;
	return VRES_OK;
}

/*
 * The same with the key of @target, which is that of @from or later, as long as there are steps
 * left to go there.
 */
static vres_status try_epoch(struct vres_audit_checker *c, const struct audit_key *from,
                             uint64_t target, const struct audit_line *l, bool *is_good,
                             uint64_t *epoch, vres_error *err)
{
	if (*is_good || target < from->epoch || target - from->epoch > c->steps_left)
		return VRES_OK;
	c->steps_left -= target - from->epoch;
	TRY(audit_key_at(&c->trial, from, target, err));
	return try_key(&c->trial, l, is_good, epoch, err);
}

/*
 * With that of the next epoch, and of so many after it: a try costs more than a step does, and the
 * first one is free.
 */
static vres_status try_next_epochs(struct vres_audit_checker *c, uint64_t most,
                                   const struct audit_line *l, bool *is_good, uint64_t *epoch,
                                   vres_error *err)
{
	TRY(audit_key_at(&c->trial, &c->now, c->now.epoch + 1, err));
	TRY(try_key(&c->trial, l, is_good, epoch, err));
	for (uint64_t i = 1; !*is_good && i < most && c->steps_left >= TRY_STEPS; i++) {
		c->steps_left -= TRY_STEPS;
		TRY(audit_key_at(&c->trial, &c->trial, c->trial.epoch + 1, err));
		TRY(try_key(&c->trial, l, is_good, epoch, err));
	}
	return VRES_OK;
}

/*
 * Where lines are missing or bad, an epoch may have ended among them; a line in a wrong place may
 * be of an earlier one.  Epochs have at least a line each, so what the line says of its place tells
 * how many are worth a try.
 */
static vres_status try_other_epochs(struct vres_audit_checker *c, const struct audit_line *l,
                                    bool *is_good, uint64_t *epoch, vres_error *err)
{
	const struct gap *gap = audit_gap_find(c, l->seq);

	if (l->event == AUDIT_HEADER && l->number != c->now.epoch)
		return try_epoch(c, l->number > c->now.epoch ? &c->now : &c->base, l->number, l,
		                 is_good, epoch, err);
	if (gap) {
		TRY(try_epoch(c, &c->base, gap->epoch, l, is_good, epoch, err));
		return try_epoch(c, &c->base, gap->epoch_after, l, is_good, epoch, err);
	}
	return try_next_epochs(c, l->seq >= c->main.next ? l->seq - c->main.next + 1 : 1, l,
	                       is_good, epoch, err);
}

/* @mac: under the key that is in force, whatever the outcome. */
static vres_status authenticate(struct vres_audit_checker *c, const struct audit_line *l,
                                char mac[65], bool *is_good, uint64_t *epoch, vres_error *err)
{
	*epoch = c->now.epoch;
	TRY(audit_key_mac(&c->now, l->text, l->bytes, l->hash_at, mac, err));
	*is_good = audit_same_hash(mac, l->hash);
	*epoch = c->now.epoch;
	if (*is_good || !c->now.is_forward)
		return VRES_OK;
	if (c->has_doubt && c->doubt.epoch > c->now.epoch)
		TRY(try_key(&c->ahead, l, is_good, epoch, err));
	if (!*is_good && c->is_aside && c->aside.chain)
		TRY(try_key(&c->aside, l, is_good, epoch, err));
	return *is_good ? VRES_OK : try_other_epochs(c, l, is_good, epoch, err);
}

vres_status audit_check_line(struct vres_audit_checker *c, const char *text, size_t n,
                             vres_error *err)
{
	bool is_good = true;
	struct audit_line l;
	uint64_t epoch = 0;
	struct fact fact;
	char mac[65];

	if (!audit_line_scan(text, n, &l)) {
		TRY(audit_chain_settle(c, NULL, err));
		audit_check_garbage(c, VRES_AUDIT_MALFORMED, l.has_tail ? 2 : 1, l.fault_at,
		                    l.fault);
		return VRES_OK;
	}
	c->garbage_finding = NOT_KEPT;
	c->claims_forward |= l.event == AUDIT_HEADER && l.is_forward;
	c->claims_token |= l.event == AUDIT_HEADER && !l.is_forward;
	if (c->is_keyed)
		TRY(authenticate(c, &l, mac, &is_good, &epoch, err));
	if (!is_good) {
		TRY(audit_chain_settle(c, NULL, err));
		add_bad(c, &l, mac);
		return VRES_OK;
	}
	c->any_genuine = true;
	fact_of(&fact, c, &l, epoch);
	return audit_chain_add(c, &fact, err);
}

uint64_t audit_run_room(const struct vres_audit_checker *c)
{
	return c->run.bad + c->run.garbage;
}

/*
 * Bad lines in the places of genuine ones.  What tells an edited line from a forged one is whether
 * anything genuine speaks for its hash.
 */
static void tell_replaced(struct vres_audit_checker *c, struct place place, uint64_t seq,
                          uint64_t lines, bool is_vouched)
{
	if (is_vouched)
		(void)audit_find(c, VRES_AUDIT_EDITED, place, seq, lines,
		                 "the MAC is not good, and what follows knows this hash: %s was "
		                 "changed after it was written",
		                 lines == 1 ? "the line" : "at least one of these lines");
	else
		(void)audit_find(c, VRES_AUDIT_FORGED, place, seq, lines,
		                 "the MAC is not good, and nothing genuine knows this hash: not "
		                 "written with the key");
}

static void tell_inserted(struct vres_audit_checker *c, struct place place, uint64_t seq,
                          uint64_t lines)
{
	(void)audit_find(c, VRES_AUDIT_INSERTED, place, seq, lines,
	                 "not written with the key, between lines that follow each other");
}

/*
 * @missing: how many genuine lines ought to have stood where the run stands.  @vouching_hash: of
 *           its last line, as a genuine line says it, or
 * NULL.  How many are missing still.
 */
uint64_t audit_run_close(struct vres_audit_checker *c, uint64_t missing, const char *vouching_hash)
{
	const struct run r = c->run;
	const uint64_t room = r.bad + r.garbage,
		       places = missing > r.garbage ? missing - r.garbage : 0;
	bool is_vouched = vouching_hash && r.ends_bad;

	if (is_vouched)
		is_vouched = audit_same_hash(vouching_hash, r.last_hash) ||
		             audit_same_hash(vouching_hash, r.last_mac);
	c->run = (struct run){0};
	if (r.is_before_key) {
		(void)audit_find(c, VRES_AUDIT_KEY, r.first, r.first_seq, r.bad,
		                 "of epochs before that of the key, which can say nothing of them");
	} else if (r.bad > 0 && r.bad <= places) {
		tell_replaced(c, r.first, r.first_seq, r.bad, is_vouched);
	} else if (r.bad > 0 && (places == 0 || r.in_place == 0)) {
		tell_inserted(c, r.first, r.first_seq, r.bad);
	} else if (r.bad > 0) {
		tell_replaced(c, r.first_in, r.in_seq, r.in_place,
		              is_vouched || r.bad > r.in_place);
		if (r.bad > r.in_place)
			tell_inserted(c, r.first_out, r.out_seq, r.bad - r.in_place);
	}
	return missing > room ? missing - room : 0;
}
