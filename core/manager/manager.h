/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The manager: configuration, subkeys, devices, the table of shards, and the counters.
 *
 * Its one lock guards the table, the reference counts of shards, and the scrub queue.  Each device
 * has a lock for its capacity.  No thread holds both, and no lock is held across a backend call, a
 * callback or a hash.
 */
#ifndef VRES_CORE_MANAGER_MANAGER_H
#define VRES_CORE_MANAGER_MANAGER_H

#include "device/device.h"
#include "events/listeners.h"
#include "manager/scrub_queue.h"
#include "sign/record.h"

/*
 * Buckets of the table: a search among 10,000 shards compares one or two.  The array never grows,
 * so nothing is allocated under the lock; of its 128 KiB only the pages in use take memory.
 */
#define BUCKETS 16384u

/* How an operation ended: good; damage found; it could not be done. */
enum vres_outcome { OUTCOME_OK, OUTCOME_FAILED, OUTCOME_ERROR, OUTCOMES };

#define VERIFY_MODES   4u
#define VERIFY_BUCKETS 22u /* of durations, and one more for longer ones; see metrics.c */

struct vres_counters {
	/* Written by metrics.c. */
	atomic_uint_fast64_t seals[OUTCOMES], verifies[OUTCOMES][VERIFY_MODES],
		verify_durations[VERIFY_BUCKETS + 1], verify_ns, last_verify, verified_bytes;
	/* Seals that found too little free memory; seals that got none although it was free. */
	atomic_uint_fast64_t no_room, allocation_failures;
	/* Written by shard.c. */
	atomic_uint_fast64_t leases, shards, quarantined, tensors;
	/* Written by suspension.c, and by metrics.c. */
	atomic_uint_fast64_t suspended, reseals[OUTCOMES];
	atomic_uint_fast64_t repaired_bytes; /* written by metrics.c */
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
	pthread_cond_t changed; /* who waits for checks of a shard waits here */
	struct vres_shard *buckets[BUCKETS];
	struct scrub_queue scrub;
	struct vres_listeners listeners;
	struct vres_counters counters;
	/* Bad receipts audited in the current second; see receipt_open.c. */
	atomic_uint_fast64_t bad_receipts, bad_receipt_second;
};

/* May this call proceed?  VRES_E_STATE in a forked child, VRES_E_POLICY_VIOLATION when stopped. */
vres_status vres_manager_enter(const vres_manager *m, vres_error *err);

/* The same for calls that a stopped manager still answers. */
vres_status vres_manager_enter_stopped(const vres_manager *m, vres_error *err);

bool vres_manager_is_forked(const vres_manager *m);

/*
 * References.  Every shard has one.  A call that runs callbacks takes one for its own duration,
 * since a callback may destroy the manager.
 */
vres_manager *vres_manager_keep(vres_manager *m);
void vres_manager_drop(vres_manager *m);
void vres_manager_let_go(vres_manager **slot); /* for CLEANUP */

/*
 * Not taken in a forked child: a thread that exists only in the parent may hold it.
 */
void vres_manager_lock(vres_manager *m);
void vres_manager_unlock(vres_manager *m);

/* VRES_E_INVALID_INPUT if there is no such device. */
vres_status vres_manager_has_device(const vres_manager *m, uint32_t index, vres_error *err);

/* A device by index, opened on first use. */
vres_status vres_manager_device(vres_manager *m, uint32_t index, struct vres_device **out,
                                vres_error *err);

/* A device by index, or NULL if it is not open. */
struct vres_device *vres_manager_open_device(const vres_manager *m, uint32_t index);

/* From now on only describe, metrics, release and destroy answer. */
void vres_manager_stop(vres_manager *m);

#endif
