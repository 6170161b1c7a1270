/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The manager: configuration, subkeys, devices, the table of shards, and the counters.
 *
 * Locks: one mutex for the table, the counts of shards in it and whose turn it is to be scrubbed;
 * one per device for its capacity.  The order is that one; nobody holds both, and no lock is held
 * across a backend call, a callback or a hash.
 */
#ifndef VRES_CORE_MANAGER_MANAGER_H
#define VRES_CORE_MANAGER_MANAGER_H

#include "events/listeners.h"
#include "manager/shard.h"

/*
 * Buckets of the table: finding one of 10,000 shards looks at one or two.  A fixed array needs no
 * growing, and so no allocation under the lock; of its 128 KiB only the pages that are used take
 * memory.
 */
#define BUCKETS 16384u

/* How an operation ended: well; with something that is not what it should be; without an answer. */
enum vres_outcome { OUTCOME_OK, OUTCOME_FAILED, OUTCOME_ERROR, OUTCOMES };

#define VERIFY_MODES   4u
#define VERIFY_BUCKETS 22u /* of durations; longer ones are in one more; see metrics.c */

struct vres_counters {
	atomic_uint_fast64_t seals[OUTCOMES], verifies[OUTCOMES][VERIFY_MODES],
		verify_durations[VERIFY_BUCKETS + 1], verify_ns, last_verify;
	atomic_uint_fast64_t no_room, allocation_failures; /* the second: although there was room */
	atomic_uint_fast64_t verified_bytes, leases, shards, quarantined;
};

struct vres_manager {
	atomic_uint_fast64_t references;
	struct os_home home;
	atomic_bool is_stopped;

	/* Immutable after create. */
	struct vres_driver driver;
	vres_policy policy;
	struct vres_subkeys *keys;
	uint8_t session[SESSION_BYTES];
	uint32_t block_size, keep_leaves, threads;
	void (*closed)(void *ctx);
	void *closed_ctx;
	uint64_t bucket_seed;

	_Atomic(struct vres_device *) *devices; /* opened when first used */
	pthread_mutex_t lock;
	struct vres_shard *buckets[BUCKETS];
	struct scrub scrub;
	struct vres_listeners listeners;
	struct vres_counters counters;
	/* Audited so far in the present second; see receipt_open.c. */
	atomic_uint_fast64_t bad_receipts;
	atomic_uint_fast64_t bad_receipt_second;
};

/* May this call proceed?  VRES_E_STATE in a forked child, VRES_E_POLICY_VIOLATION when stopped. */
vres_status vres_manager_enter(const vres_manager *m, vres_error *err);

/* As vres_manager_enter(), for calls that answer when stopped too. */
vres_status vres_manager_enter_stopped(const vres_manager *m, vres_error *err);

bool vres_manager_is_forked(const vres_manager *m);

/*
 * A reference: a shard's, or, for CLEANUP, that of a call which may call back, since callbacks may
 * give the caller's back.
 */
vres_manager *vres_manager_keep(vres_manager *m);
void vres_manager_drop(vres_manager *m);
void vres_manager_let_go(vres_manager **slot);

/*
 * The table's lock; not taken in a forked child, which has one thread and may find the lock held by
 * one that does not exist there.
 */
void vres_manager_lock(vres_manager *m);
void vres_manager_unlock(vres_manager *m);

/* Where in the table a shard of that id is, or would be linked.  Under the lock. */
struct vres_shard **vres_manager_slot(vres_manager *m, const char *shard_id);

/* VRES_E_INVALID_INPUT if there is no such device. */
vres_status vres_manager_has_device(const vres_manager *m, uint32_t index, vres_error *err);

/* A device by index, opened if this is its first use. */
vres_status vres_manager_device(vres_manager *m, uint32_t index, struct vres_device **out,
                                vres_error *err);

/* A device by index if it is open; NULL otherwise. */
struct vres_device *vres_manager_open_device(const vres_manager *m, uint32_t index);

/* No call but describe, metrics, release and destroy answers from now on. */
void vres_manager_stop(vres_manager *m);

#endif
