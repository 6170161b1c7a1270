/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Whose turn it is to be scrubbed, and how far the scrub is with each shard.
 *
 * A pass over a shard checks each of its units once, in order.  A unit is the data under one node
 * of level 1.  Shards take turns by pass; the shard whose last complete pass began longest ago is
 * first. So every byte is checked as often as any other, however large its shard, and the head of
 * the queue says how old the oldest check is.
 *
 * A caller claims the next units of a pass, checks them without the lock, and reports the outcome.
 * Any number of callers can share the work that way.
 *
 * This file knows neither shards nor managers.  All functions are called with the manager's lock
 * held.
 */
#ifndef VRES_CORE_MANAGER_SCRUB_QUEUE_H
#define VRES_CORE_MANAGER_SCRUB_QUEUE_H

#include "base/dialect.h"

struct scrub_list {
	struct scrub_place *first, *last;
};

/* A manager has one. */
struct scrub_queue {
	struct scrub_list due;      /* by checked_since, oldest first */
	struct scrub_list troubled; /* could not be checked; one is tried again at each step */
	uint64_t bytes;             /* of all shards in both lists */
	uint32_t shards;
};

/* A shard has one. */
struct scrub_place {
	struct vres_shard *shard;
	uint64_t bytes, units, unit_bytes;
	struct scrub_list *list; /* NULL: unpublished, quarantined, or about to be freed */
	struct scrub_place *before, *after;
	uint64_t pass; /* number of the current pass; outcomes of earlier ones are ignored */
	uint64_t pass_began;
	uint64_t claimed, checked; /* units of this pass */
	bool is_troubled;          /* the last part that was concluded could not be checked */
	/* Monotonic clock: every byte has been checked at this time or later. */
	uint64_t checked_since;
	/*
	 * The units from `first` on were claimed at `since` or later: in the current pass, and in
	 * the last complete one.
	 */
	struct scrub_tail {
		uint64_t first, since;
	} tail, last_tail;
};

/* Units of a shard that one caller checks. */
struct scrub_part {
	struct scrub_place *place;
	uint64_t pass, first, units;
};

enum scrub_outcome {
	SCRUB_GOOD,
	SCRUB_UNCHECKED,
	SCRUB_OVER /* found damaged, by this caller or another: the shard has left the queue */
};

/* @place has its shard, bytes, units and unit_bytes set. */
void vres_scrub_enter(struct scrub_queue *q, struct scrub_place *place, uint64_t checked_since);
void vres_scrub_leave(struct scrub_queue *q, struct scrub_place *place);

/* Age of the oldest check of any byte in the queue. */
uint64_t vres_scrub_oldest_age(const struct scrub_queue *q, uint64_t now);

/* Give one shard that could not be checked another chance. */
void vres_scrub_retry(struct scrub_queue *q);

/*
 * Claim the next units, about @bytes of them and at least one.  False if every unit has been
 * claimed or checked since @since.  The caller holds the shard while it works, then concludes.
 */
bool vres_scrub_claim(struct scrub_queue *q, uint64_t bytes, uint64_t now, uint64_t since,
                      struct scrub_part *out);
void vres_scrub_conclude(struct scrub_queue *q, const struct scrub_part *part,
                         enum scrub_outcome outcome);

#endif
