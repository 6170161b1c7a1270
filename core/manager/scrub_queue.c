/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Two lists of shards, and the units of each that are claimed and checked. */
#include "manager/scrub_queue.h"

static void take_out(struct scrub_place *p)
{
	*(p->before ? &p->before->after : &p->list->first) = p->after;
	*(p->after ? &p->after->before : &p->list->last) = p->before;
	p->list = NULL;
}

/* Behind @before; NULL: first of all. */
static void put_behind(struct scrub_list *list, struct scrub_place *before, struct scrub_place *p)
{
	p->list = list;
	p->before = before;
	p->after = before ? before->after : list->first;
	*(p->before ? &p->before->after : &list->first) = p;
	*(p->after ? &p->after->before : &list->last) = p;
}

/* Passes end roughly in the order in which they began, so search from the end. */
static void put_by_age(struct scrub_list *list, struct scrub_place *p)
{
	struct scrub_place *before = list->last;

	while (before && before->checked_since > p->checked_since)
		before = before->before;
	put_behind(list, before, p);
}

static void restart_pass(struct scrub_place *p)
{
	p->pass++;
	p->claimed = 0;
	p->checked = 0;
}

void vres_scrub_enter(struct scrub_queue *q, struct scrub_place *place, uint64_t checked_since)
{
	/* What was claimed before it left is about bytes that may be others now. */
	restart_pass(place);
	place->tail = place->last_tail = (struct scrub_tail){0};
	place->is_troubled = false;
	place->checked_since = checked_since;
	put_by_age(&q->due, place);
	q->bytes += place->bytes;
	q->shards++;
}

void vres_scrub_leave(struct scrub_queue *q, struct scrub_place *place)
{
	if (place->list == NULL)
		return;
	take_out(place);
	q->bytes -= place->bytes;
	q->shards--;
}

uint64_t vres_scrub_oldest_age(const struct scrub_queue *q, uint64_t now)
{
	uint64_t since = q->due.first ? min_u64(now, q->due.first->checked_since) : now;

	for (const struct scrub_place *p = q->troubled.first; p; p = p->after)
		since = min_u64(since, p->checked_since);
	return now - since;
}

/* The shard retried is one of the oldest, so search from the start. */
void vres_scrub_retry(struct scrub_queue *q)
{
	struct scrub_place *p = q->troubled.first, *before = NULL, *next = q->due.first;

	if (p == NULL)
		return;
	take_out(p);
	for (; next && next->checked_since <= p->checked_since; next = next->after)
		before = next;
	put_behind(&q->due, before, p);
}

/*
 * Units of this pass that were neither claimed nor checked since @since.  The previous pass may
 * have checked the last of them.
 */
static uint64_t units_due(const struct scrub_place *p, uint64_t since)
{
	const uint64_t end = p->last_tail.since >= since ? p->last_tail.first : p->units;

	return p->claimed >= end ? 0 : end - p->claimed;
}

/* As many shards are skipped, at most, as there are callers at work. */
bool vres_scrub_claim(struct scrub_queue *q, uint64_t bytes, uint64_t now, uint64_t since,
                      struct scrub_part *out)
{
	struct scrub_place *p = q->due.first;
	uint64_t most;

	while (p && p->checked_since < since && units_due(p, since) == 0)
		p = p->after;
	if (p == NULL || p->checked_since >= since)
		return false;
	most = bytes / p->unit_bytes;
	if (p->claimed == 0)
		p->pass_began = now;
	if (p->claimed == 0 || p->tail.since < since)
		p->tail = (struct scrub_tail){.first = p->claimed, .since = since};
	*out = (struct scrub_part){.place = p,
	                           .pass = p->pass,
	                           .first = p->claimed,
	                           .units = min_u64(units_due(p, since), most ? most : 1)};
	p->claimed += out->units;
	return true;
}

void vres_scrub_conclude(struct scrub_queue *q, const struct scrub_part *part,
                         enum scrub_outcome outcome)
{
	struct scrub_place *p = part->place;

	if (p->list == NULL || p->pass != part->pass || outcome == SCRUB_OVER)
		return;
	p->is_troubled = outcome == SCRUB_UNCHECKED;
	if (outcome == SCRUB_UNCHECKED) {
		restart_pass(p);
		take_out(p);
		put_behind(&q->troubled, q->troubled.last, p);
		return;
	}
	p->checked += part->units;
	if (p->checked < p->units)
		return;
	p->last_tail = p->tail;
	restart_pass(p);
	p->checked_since = p->pass_began;
	take_out(p);
	put_by_age(&q->due, p);
}
