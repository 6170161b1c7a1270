/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Whose turn it is to be scrubbed, and how far the scrub is with it.
 *
 * A pass over a shard checks each of its units once, in order; a unit is a group of blocks under
 * one node of level 1.  Shards take turns by pass, the one whose bytes were checked longest ago
 * first: so every byte is checked as often as any other, however large its shard, and the first in
 * the queue says how long ago that was.
 *
 * A caller claims the next units of a pass, under the manager's lock, checks them without it, and
 * says what came of it.  So any number of callers share the work, and none looks at what another
 * one does.
 */
#ifndef VRES_CORE_MANAGER_SCRUB_QUEUE_H
#define VRES_CORE_MANAGER_SCRUB_QUEUE_H

#include "base/dialect.h"
#include <vres/vres.h>

struct scrub_queue {
	struct vres_shard *first, *last;
};

/* A manager's.  Under its lock. */
struct scrub {
	struct scrub_queue due;      /* by checked_since, oldest first */
	struct scrub_queue troubled; /* could not be checked; one is tried again at each step */
	uint64_t bytes;              /* of all shards in both */
	uint32_t shards;
};

/* A shard's.  Under the lock of its manager. */
struct scrub_place {
	struct scrub_queue *queue; /* NULL: not published, quarantined, or gone */
	struct vres_shard *before, *after;
	uint64_t pass; /* grows with each; what is said of an earlier one is not listened to */
	uint64_t pass_began;
	uint64_t claimed, checked; /* units of this pass */
	/* Monotonic: every byte has been checked at this time or later. */
	uint64_t checked_since;
	/*
	 * The units from `first` on were claimed at `since` or later: of this pass, as far as it
	 * is, and of the last one that was completed.
	 */
	struct scrub_tail {
		uint64_t first, since;
	} tail, last_tail;
};

/* Units of a shard that one caller checks. */
struct scrub_part {
	struct vres_shard *shard; /* held; given back by vres_scrub_release() */
	uint64_t pass, first, units;
};

enum scrub_outcome {
	SCRUB_GOOD,
	SCRUB_UNCHECKED,
	SCRUB_OVER /* damaged, or quarantined by others: it has left the queue */
};

/* The following two are called with the manager's lock held. */
void vres_scrub_enter(struct vres_shard *s, uint64_t checked_since);
void vres_scrub_leave(struct vres_shard *s);

/*
 * How many shards take turns, and their bytes; how long ago the oldest check of any of their bytes
 * was.
 */
void vres_scrub_look(vres_manager *m, uint64_t now, uint64_t *bytes, uint32_t *shards,
                     uint64_t *oldest_age);

/* Give one shard that could not be checked another chance. */
void vres_scrub_retry(vres_manager *m);

/*
 * The next units, of about @bytes bytes; false: all that there is has been checked, or is being
 * checked, since @since.
 */
bool vres_scrub_claim(vres_manager *m, uint64_t bytes, uint64_t since, struct scrub_part *out);
void vres_scrub_release(struct scrub_part *part, enum scrub_outcome outcome);

#endif
