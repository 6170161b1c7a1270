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

#include "manager/manager.h"
#include "manager/tensors.h"

/* A range of device memory, and what the driver said of it when it was sealed. */
struct vres_extent {
	struct vres_mem mem;
	vres_residency residency;
	uint32_t tensor; /* the one that comes first in it */
};

struct vres_contents {
	vres_manager *manager;
	uint32_t uses; /* under the manager's lock */
	uint64_t generation;

	struct vres_record record;
	uint8_t mac[MAC_BYTES];
	/* What is asked of the driver at each check: all of it. */
	struct vres_extent *extents;
	uint32_t extents_n;
	/* The digests of the kept level; they must hash to the signed root before each use. */
	uint8_t *kept;

	/* Of a shard that is one range: its only extent, its tree, and the level that is kept. */
	struct vres_extent memory;
	const struct tree_shape *shape; /* the shard's */
	uint32_t kept_level;

	/* Of a shard of tensors. */
	const struct tensors *tensors; /* the shard's; NULL: it is one range */
	struct tensor_place *places;   /* of each range */
	uint8_t *digests;              /* of each range; what the manifest says */

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
                                           const struct tree_shape *shape,
                                           const struct tensors *tensors);

/* Blocks of the digest trees, and nodes of the kept level: what a sample is taken from. */
uint64_t vres_contents_blocks(const struct vres_contents *c);
uint64_t vres_contents_nodes(const struct vres_contents *c);

/*
 * Ask the driver where the memory is, every extent of it, and judge that and what has changed since
 * the seal.  @report, initialised, is that of the first extent with violations.
 */
vres_status vres_contents_judge_memory(const struct vres_contents *c, uint32_t gpu_device,
                                       vres_policy_report *report, vres_error *err);

/* Give what is registered with the driver back.  The first failure, if any. */
vres_status vres_contents_forget_memory(struct vres_contents *c);

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
