/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A shard: an id, what is sealed under it, and the counts that decide how long it lives.
 *
 * It is in the manager's table from the moment its id is taken until its memory is freed.  It can
 * be found only while it is published and has a reference.
 */
#ifndef VRES_CORE_MANAGER_SHARD_H
#define VRES_CORE_MANAGER_SHARD_H

#include "manager/contents.h"

struct vres_shard {
	/* First what a search of the table reads, so that it shares a cache line. */
	struct vres_shard *next; /* in its bucket; under the manager's lock */
	vres_manager *manager;
	uint32_t references, leased; /* under the manager's lock */
	uint32_t held;               /* by calls in progress; under the manager's lock */
	/* Under the manager's lock. */
	uint32_t checks;  /* in progress */
	uint32_t sources; /* of the caller, that a check is reading */
	bool is_suspended, is_resuming;
	bool is_closing;   /* no new check or lease, and somebody waits for those in progress */
	bool is_repairing; /* a call loads damaged bytes again: nobody else asks about its memory */
	bool is_final;     /* it is quarantined for good */
	bool is_published; /* under the manager's lock until set, then for good */
	/* The table's key: constant once linked, unlike the record, which a seal completes. */
	char id[SHARD_ID_MAX + 1];
	struct scrub_place scrub; /* under the manager's lock */

	struct vres_contents *contents; /* under the manager's lock once published */

	/* Immutable once published. */
	struct vres_device *device;
	uint64_t bytes;
	bool is_adopted;
	struct tree_shape shape; /* of one range */
	struct tensors *tensors; /* NULL: it is one range */

	atomic_uint state; /* VRES_SHARD_x; changed under the manager's lock */
};

struct vres_lease {
	struct vres_shard *shard;
	uint64_t device_ptr;
};

/*
 * A shard with @record's id, one reference, not published.  VRES_E_STATE if the id is taken.
 * @tensors: taken over when it succeeds; NULL: it is one range.
 */
vres_status vres_shard_create(vres_manager *m, const struct vres_record *record,
                              struct tensors *tensors, struct vres_shard **out, vres_error *err);

/* From now on it can be found, is counted, and is scrubbed. */
void vres_shard_publish(struct vres_shard *s);

/* End a shard that was never published: wipe and free its memory, free its id. */
void vres_shard_discard(struct vres_shard **slot);

/*
 * A call holds the shard it works on, since a callback or another thread may give back its last
 * reference meanwhile; the shard then ends with the call.  A held shard without a reference cannot
 * be found.
 */
struct vres_shard *vres_shard_hold(struct vres_shard *s);
struct vres_shard *vres_shard_hold_locked(struct vres_shard *s); /* with the manager's lock held */
void vres_shard_unhold(struct vres_shard **slot);                /* for CLEANUP */

/* Free its memory, which nobody uses any more, and all else. */
vres_status vres_shard_destroy(struct vres_shard *s);

/*
 * A lease keeps the memory as a reference does, but the shard cannot be found by it.  It is granted
 * for contents of @generation, which were verified: false if the shard has others by now, or is
 * quarantined.
 */
bool vres_shard_lease(struct vres_shard *s, uint64_t generation);
void vres_shard_unlease(struct vres_shard *s);

/* Quarantine it; false if it was already.  With the manager's lock held. */
bool vres_shard_quarantine_locked(struct vres_shard *s);

/*
 * Is it suspended, or about to be, and so closed to whatever touches its memory?  With the
 * manager's lock held.
 */
bool vres_shard_is_closed_locked(const struct vres_shard *s);

/*
 * A check has ended or a call has let go: who waits for that looks again.  With the manager's lock
 * held.
 */
void vres_shard_changed_locked(struct vres_shard *s);

/* Where in the table a shard with this id is, or would be linked.  With the manager's lock held. */
struct vres_shard **vres_shard_slot(vres_manager *m, const char *shard_id);

/* The device whose memory it uses.  The record may name another one if it was tampered with. */
uint32_t vres_shard_device(const struct vres_shard *s);

/* The present contents of a shard to which the caller has a reference. */
struct vres_contents *vres_contents_of(const struct vres_shard *s);

#endif
