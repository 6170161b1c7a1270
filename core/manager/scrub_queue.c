/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Turns and passes: nothing here looks at a byte of a shard, or at a device. */
#include "manager/scrub_queue.h"

#include "manager/manager.h"

static uint32_t unit_level(const struct vres_shard *s)
{
	return s->shape.top > 0 ? 1 : 0;
}

static void take_out(struct vres_shard *s)
{
	struct scrub_place *p = &s->scrub;

	*(p->before ? &p->before->scrub.after : &p->queue->first) = p->after;
	*(p->after ? &p->after->scrub.before : &p->queue->last) = p->before;
	p->queue = NULL;
}

/* Behind @before; NULL: first of all. */
static void put_behind(struct scrub_queue *q, struct vres_shard *before, struct vres_shard *s)
{
	struct scrub_place *p = &s->scrub;

	p->queue = q;
	p->before = before;
	p->after = before ? before->scrub.after : q->first;
	*(p->before ? &p->before->scrub.after : &q->first) = s;
	*(p->after ? &p->after->scrub.before : &q->last) = s;
}

/* Passes end about in the order in which they began, so the place is near the end. */
static void put_by_age(struct scrub_queue *q, struct vres_shard *s)
{
	struct vres_shard *before = q->last;

	while (before && before->scrub.checked_since > s->scrub.checked_since)
		before = before->scrub.before;
	put_behind(q, before, s);
}

/* What is known of the pass so far is forgotten. */
static void pass_over(struct vres_shard *s)
{
	s->scrub.pass++;
	s->scrub.claimed = 0;
	s->scrub.checked = 0;
}

void vres_scrub_enter(struct vres_shard *s, uint64_t checked_since)
{
	struct scrub *scrub = &s->manager->scrub;

	s->scrub.checked_since = checked_since;
	put_by_age(&scrub->due, s);
	scrub->bytes += s->shape.bytes;
	scrub->shards++;
}

void vres_scrub_leave(struct vres_shard *s)
{
	struct scrub *scrub = &s->manager->scrub;

	if (s->scrub.queue == NULL)
		return;
	take_out(s);
	scrub->bytes -= s->shape.bytes;
	scrub->shards--;
}

/* Nobody can reach it any more; its memory is being freed. */
static bool is_going(const struct vres_shard *s)
{
	return s->references == 0 && s->leased == 0;
}

static uint64_t oldest(const struct scrub_queue *q, bool is_by_age, uint64_t now)
{
	uint64_t since = now;

	for (const struct vres_shard *s = q->first; s && (since == now || !is_by_age);
	     s = s->scrub.after)
		if (!is_going(s))
			since = min_u64(since, s->scrub.checked_since);
	return since;
}

void vres_scrub_look(vres_manager *m, uint64_t now, uint64_t *bytes, uint32_t *shards,
                     uint64_t *oldest_age)
{
	vres_manager_lock(m);
	*bytes = m->scrub.bytes;
	*shards = m->scrub.shards;
	*oldest_age = now - min_u64(oldest(&m->scrub.due, true, now),
	                            oldest(&m->scrub.troubled, false, now));
	vres_manager_unlock(m);
}

void vres_scrub_retry(vres_manager *m)
{
	struct vres_shard *s, *before = NULL;

	vres_manager_lock(m);
	s = m->scrub.troubled.first;
	if (s) {
		take_out(s);
		/* It is about the oldest of all, so its place is near the beginning. */
		for (struct vres_shard *next = m->scrub.due.first;
		     next && next->scrub.checked_since <= s->scrub.checked_since;
		     next = next->scrub.after)
			before = next;
		put_behind(&m->scrub.due, before, s);
	}
	vres_manager_unlock(m);
}

/*
 * Units of this pass that were not checked since @since, nor are being checked: its end may have
 * been, in the pass before.
 */
static uint64_t units_due(const struct vres_shard *s, uint64_t since)
{
	const struct scrub_place *p = &s->scrub;
	const uint64_t end =
		p->last_tail.since >= since ? p->last_tail.first : s->shape.count[unit_level(s)];

	return is_going(s) || p->claimed >= end ? 0 : end - p->claimed;
}

static void claim(struct vres_shard *s, uint64_t bytes, uint64_t since, struct scrub_part *out)
{
	const uint64_t most = bytes / tree_span(&s->shape, unit_level(s));
	struct scrub_place *p = &s->scrub;

	if (p->claimed == 0)
		p->pass_began = vres_os_monotonic();
	if (p->claimed == 0 || p->tail.since < since)
		p->tail = (struct scrub_tail){.first = p->claimed, .since = since};
	*out = (struct scrub_part){.shard = s,
	                           .pass = p->pass,
	                           .first = p->claimed,
	                           .units = min_u64(units_due(s, since), most ? most : 1)};
	p->claimed += out->units;
	s->held++;
}

/*
 * Those of which nothing is due that were not checked since either, and so come first, are about as
 * many as there are callers at once.
 */
bool vres_scrub_claim(vres_manager *m, uint64_t bytes, uint64_t since, struct scrub_part *out)
{
	struct vres_shard *s;
	bool is_found;

	vres_manager_lock(m);
	s = m->scrub.due.first;
	while (s && s->scrub.checked_since < since && units_due(s, since) == 0)
		s = s->scrub.after;
	is_found = s && s->scrub.checked_since < since;
	if (is_found)
		claim(s, bytes, since, out);
	vres_manager_unlock(m);
	return is_found;
}

static void conclude(struct scrub_part *part, enum scrub_outcome outcome)
{
	struct vres_shard *s = part->shard;
	struct scrub *scrub = &s->manager->scrub;

	if (s->scrub.queue == NULL || s->scrub.pass != part->pass || outcome == SCRUB_OVER)
		return;
	if (outcome == SCRUB_UNCHECKED) {
		pass_over(s);
		take_out(s);
		put_behind(&scrub->troubled, scrub->troubled.last, s);
		return;
	}
	s->scrub.checked += part->units;
	if (s->scrub.checked < s->shape.count[unit_level(s)])
		return;
	s->scrub.last_tail = s->scrub.tail;
	pass_over(s);
	s->scrub.checked_since = s->scrub.pass_began;
	take_out(s);
	put_by_age(&scrub->due, s);
}

void vres_scrub_release(struct scrub_part *part, enum scrub_outcome outcome)
{
	vres_manager *m = part->shard->manager;

	vres_manager_lock(m);
	conclude(part, outcome);
	vres_manager_unlock(m);
	vres_shard_unhold(&part->shard);
}
