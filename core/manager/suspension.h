/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The ways from one state of a shard to another.  To be suspended, a shard is closed to new checks,
 * and those in progress are waited for; then its memory is its owner's.  To be repaired, it is
 * quarantined, and the library itself writes to its own memory.  docs/DESIGN.md has the table of
 * states.
 */
#ifndef VRES_CORE_MANAGER_SUSPENSION_H
#define VRES_CORE_MANAGER_SUSPENSION_H

#include "manager/shard.h"

/* Fails with VRES_E_STATE, reason SUSPENDED. */
vres_status vres_shard_fail_suspended(const struct vres_shard *s, vres_error *err);

/*
 * Close the shard, which is held, to new checks and leases, and wait for those in progress.
 * VRES_E_STATE if it is suspended; VRES_E_BUSY, and open as before, with leases, while a source is
 * read, or after @deadline.
 */
vres_status vres_suspension_begin(struct vres_shard *s, uint64_t deadline, vres_error *err);

/* With @is_suspended the shard is suspended from now on.  Otherwise it is open again. */
void vres_suspension_end(struct vres_shard *s, bool is_suspended);

/* Until vres_resumption_end() nobody else can resume the shard.  *out: its contents, with a use. */
vres_status vres_resumption_begin(struct vres_shard *s, struct vres_contents **out,
                                  vres_error *err);

enum resumption {
	RESUMPTION_FAILED, /* still suspended */
	RESUMPTION_GOOD,   /* sealed, with the new contents; a quarantine that is not for good is
	                      lifted */
	RESUMPTION_BAD,    /* quarantined, with the new contents */
	RESUMPTION_LOST    /* quarantined for good, with the new contents */
};

/* @next: the new contents, which the shard takes over unless @how is RESUMPTION_FAILED. */
void vres_resumption_end(struct vres_shard *s, enum resumption how, struct vres_contents *next);

/*
 * The caller is about to give back the only reference.  Wait until no other call is in progress.
 * VRES_E_BUSY if there are other references or leases, or after @deadline.
 */
vres_status vres_closing_begin(struct vres_shard *s, uint64_t deadline, vres_error *err);

/*
 * Nobody else repairs the shard, which is held, until vres_repair_end(), and enforcement passes it
 * by.  VRES_E_SEAL_VERIFICATION_FAILED if it is quarantined for good; VRES_E_STATE if it is
 * suspended; VRES_E_UNSUPPORTED if its memory is adopted; VRES_E_BUSY with leases, or while another
 * thread repairs or closes it.
 */
vres_status vres_repair_begin(struct vres_shard *s, vres_error *err);

/*
 * It is quarantined, so no check and no lease begins any more; wait for those in progress.
 * VRES_E_BUSY with leases, while a source is read, or after @deadline;
 * VRES_E_SEAL_VERIFICATION_FAILED if it is quarantined for good by now.
 */
vres_status vres_repair_wait(struct vres_shard *s, uint64_t deadline, vres_error *err);

/*
 * @next: the contents that it has from now on, with which its quarantine is lifted; NULL: it stays
 * as it is.  False if it was quarantined for good meanwhile: then nothing is lifted, and @next is
 * let go.
 */
bool vres_repair_end(struct vres_shard *s, struct vres_contents *next);

#endif
