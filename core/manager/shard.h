/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A shard: sealed memory with its record, and the counts that decide how long it lives.
 *
 * It is in the manager's table from the moment its id is taken to the moment its memory is freed,
 * and can be found only while it is published and somebody holds a reference.
 */
#ifndef VRES_CORE_MANAGER_SHARD_H
#define VRES_CORE_MANAGER_SHARD_H

#include "device/device.h"
#include "sign/record.h"
#include "manager/scrub_queue.h"
#include "hash/tree.h"

struct vres_shard {
	/* What finding one of many looks at comes first, so that it is in one line of the cache. */
	struct vres_shard *next; /* in its bucket; under the manager's lock */
	vres_manager *manager;
	uint32_t references, leased; /* under the manager's lock */
	uint32_t held;               /* under the manager's lock: by calls under way */
	bool is_published;           /* under the manager's lock until set, then for good */
	/*
	 * The table's key: never written again once linked, unlike the record, which a seal
	 * completes.
	 */
	char id[SHARD_ID_MAX + 1];
	struct scrub_place scrub; /* under the manager's lock */

	/* Immutable once published. */
	struct vres_mem mem;
	struct vres_record record;
	uint8_t mac[MAC_BYTES];
	struct tree_shape shape;
	uint32_t kept_level;
	/* The digests of kept_level; must hash to the signed root before it is used. */
	uint8_t *kept;
	vres_residency residency;
	uint64_t sealed_monotonic;

	atomic_uint state; /* VRES_SHARD_x */
	atomic_uint_fast64_t verified_at;
	/* By strength: when the last good verification at least so strong began; 0: never. */
	atomic_uint_fast64_t fresh[4];
};

struct vres_lease {
	struct vres_shard *shard;
};

/*
 * Take @record's id in the table: the shard has one reference and is not published.  VRES_E_STATE
 * if the id is taken.
 */
vres_status vres_shard_create(vres_manager *m, const struct vres_record *record,
                              struct vres_shard **out, vres_error *err);

/* Let it be found, and counted. */
void vres_shard_publish(struct vres_shard *s);

/* Give up one that was never published: wipe, free, forget. */
void vres_shard_discard(struct vres_shard **slot);

/*
 * For the time of a call, for CLEANUP: callbacks and other threads may give back meanwhile what the
 * caller has of the shard, which goes when the call has ended.  As a lease, that does not let it be
 * found.
 */
struct vres_shard *vres_shard_hold(struct vres_shard *s);
void vres_shard_unhold(struct vres_shard **slot);

/* A lease holds the memory as a reference does, but does not let the shard be found. */
void vres_shard_lease(struct vres_shard *s);
void vres_shard_unlease(struct vres_shard *s);

/* The public view, now. */
vres_status vres_shard_view(const struct vres_shard *s, vres_shard_info *out, vres_error *err);

/*
 * The device it is on: asked of what is used to reach it, not of the record, which a check has yet
 * to find unchanged.
 */
uint32_t vres_shard_device(const struct vres_shard *s);

/* Is it older than policy allows? */
bool vres_shard_is_expired(const struct vres_shard *s);

#endif
