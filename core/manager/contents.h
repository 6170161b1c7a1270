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

/* A range of device memory, and what the driver said of it when it was sealed or resumed. */
struct vres_extent {
	struct vres_mem mem;
	vres_residency residency;
	uint32_t tensor; /* the first tensor in it, which messages name */
};

struct vres_contents {
	vres_manager *manager;
	uint32_t uses; /* the manager's lock must be held */
	uint64_t generation;

	struct vres_record record;
	uint8_t mac[MAC_BYTES];
	/* All memory of the shard.  The driver is asked about each extent at every check. */
	struct vres_extent *extents;
	uint32_t extents_n;
	/* The digests of the kept level.  They must hash to the signed root before each use. */
	uint8_t *kept;

	/*
	 * For a shard that is one range: its only extent, its tree's shape, and which level is
	 * kept.
	 */
	struct vres_extent memory;
	const struct tree_shape *shape; /* belongs to the shard */
	uint32_t kept_level;

	/* For a shard of tensors. */
	const struct tensors *tensors; /* belongs to the shard; NULL: the shard is one range */
	struct tensor_place *places;   /* where each range is */
	uint8_t *digests;              /* the digest of each range, as in the manifest */

	uint64_t sealed_monotonic;

	/*
	 * These are not in the shard, so that a check of earlier contents makes only these fresh.
	 */
	atomic_uint_fast64_t verified_at;
	/* When the last good verification began, for each strength (policy.h); 0: never. */
	atomic_uint_fast64_t fresh[4];
};

/* Contents of @record, without digests and memory, with one use.  NULL: no memory. */
struct vres_contents *vres_contents_create(vres_manager *m, const struct vres_record *record,
                                           const struct tree_shape *shape,
                                           const struct tensors *tensors);

/*
 * The number of blocks of the digest trees, and of nodes of the kept level, from which samples are
 * taken.
 */
uint64_t vres_contents_blocks(const struct vres_contents *c);
uint64_t vres_contents_nodes(const struct vres_contents *c);

/*
 * Ask the driver about every extent, and judge the answers and what has changed since the seal.
 * @report, initialised by the caller, is about the first extent with violations, or else about the
 * last.
 */
vres_status vres_contents_judge_memory(const struct vres_contents *c, uint32_t gpu_device,
                                       vres_policy_report *report, vres_error *err);

/* Deregister the memory with the driver.  Returns the first failure, if any. */
vres_status vres_contents_forget_memory(struct vres_contents *c);

/* Add a use.  The manager's lock must be held. */
struct vres_contents *vres_contents_use_locked(struct vres_contents *c);

/*
 * Drop a use.  The manager's lock must be held.  True: that was the last one, and the caller must
 * destroy the contents.
 */
bool vres_contents_unuse_locked(struct vres_contents *c);

/* Drop a use, and destroy the contents after the last one.  For CLEANUP. */
void vres_contents_unuse(struct vres_contents **slot);

/*
 * Also deregisters adopted memory with the driver.  Memory that the library allocated must have
 * been freed before.
 */
void vres_contents_destroy(struct vres_contents *c);

/* Is the seal older than policy allows? */
bool vres_contents_are_expired(const struct vres_contents *c);

#endif
