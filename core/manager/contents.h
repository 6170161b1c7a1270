/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What was sealed: record, signature, digests, and the memory with its facts.
 *
 * One object, counted and immutable once its shard is published, but for the times of the last good
 * verifications.  A call takes it under the manager's lock and works with it to the end, whatever
 * becomes of the shard meanwhile.  What may change of a sealed shard changes as a whole: other
 * contents, of the next generation, take the place of these.
 */
#ifndef VRES_CORE_MANAGER_CONTENTS_H
#define VRES_CORE_MANAGER_CONTENTS_H

#include "hash/tree.h"
#include "manager/manager.h"

/* A range of device memory, and what the driver said of it when it was sealed. */
struct vres_extent {
	struct vres_mem mem;
	vres_residency residency;
};

struct vres_contents {
	vres_manager *manager;
	uint32_t uses; /* under the manager's lock */
	uint64_t generation;

	struct vres_record record;
	uint8_t mac[MAC_BYTES];
	struct vres_extent memory;
	const struct tree_shape *shape; /* the shard's */
	uint32_t kept_level;
	/* The digests of kept_level; they must hash to the signed root before each use. */
	uint8_t *kept;
	uint64_t sealed_monotonic;

	/*
	 * Here and not in the shard, so that the outcome of a check of earlier contents makes
	 * nothing else fresh.
	 */
	atomic_uint_fast64_t verified_at;
	/* By strength: when the last good verification of that strength began; 0: never. */
	atomic_uint_fast64_t fresh[4];
};

/* Contents of @record without digests and memory, used once; NULL: no memory. */
struct vres_contents *vres_contents_create(vres_manager *m, const struct vres_record *record,
                                           const struct tree_shape *shape);

/* Use them once more.  With the manager's lock held. */
struct vres_contents *vres_contents_use_locked(struct vres_contents *c);

/* One use less; with the manager's lock held.  True: it was the last, so destroy them. */
bool vres_contents_unuse_locked(struct vres_contents *c);

/* One use less, and after the last one they are destroyed.  For CLEANUP. */
void vres_contents_unuse(struct vres_contents **slot);

/* What is registered with the driver is given back; memory of our own must have been freed. */
void vres_contents_destroy(struct vres_contents *c);

/* Is the seal older than policy allows? */
bool vres_contents_are_expired(const struct vres_contents *c);

#endif
