/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Between sealed and suspended: a shard is closed to new checks, those in progress are waited for,
 * and then its memory is its owner's; and between quarantined and sealed, where the library itself
 * writes to its own.  docs/DESIGN.md has the table of states.
 */
#ifndef VRES_CORE_MANAGER_SUSPENSION_H
#define VRES_CORE_MANAGER_SUSPENSION_H

#include "manager/shard.h"

/* VRES_E_STATE, reason SUSPENDED. */
vres_status vres_shard_fail_suspended(const struct vres_shard *s, vres_error *err);

/*
 * Close the shard, which is held, to new checks and leases, and wait for those in progress.
 * VRES_E_STATE if it is suspended; VRES_E_BUSY, and open as before, with leases, while a source is
 * read, or after @deadline.
 */
vres_status vres_suspension_begin(struct vres_shard *s, uint64_t deadline, vres_error *err);

/* It is suspended from now on, or, if not @is_suspended, open again. */
void vres_suspension_end(struct vres_shard *s, bool is_suspended);

/* Nobody else resumes it until vres_resumption_end().  *out: its contents, used. */
vres_status vres_resumption_begin(struct vres_shard *s, struct vres_contents **out,
                                  vres_error *err);

enum resumption {
	RESUMPTION_FAILED, /* still suspended */
	RESUMPTION_GOOD,   /* sealed, with the new contents; a quarantine that is not for good is
	                      lifted */
	RESUMPTION_BAD,    /* quarantined, with the new contents */
	RESUMPTION_LOST    /* the same, for good */
};

/* @next: the contents that it has from now on; they are taken over unless it FAILED. */
void vres_resumption_end(struct vres_shard *s, enum resumption how, struct vres_contents *next);

/* The only reference is to be given back: wait until the caller's call is the only one in progress.
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
 * VRES_E_BUSY with leases, or after @deadline; VRES_E_SEAL_VERIFICATION_FAILED if it is quarantined
 * for good by now.
 */
vres_status vres_repair_wait(struct vres_shard *s, uint64_t deadline, vres_error *err);

/*
 * @next: the contents that it has from now on, with which its quarantine is lifted; NULL: it stays
 * as it is.  False if it was quarantined for good meanwhile: then nothing is lifted, and @next is
 * let go.
 */
bool vres_repair_end(struct vres_shard *s, struct vres_contents *next);

#endif
