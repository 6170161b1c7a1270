/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Between sealed and suspended: a shard is closed to new checks, those in progress are waited for,
 * and then its memory is its owner's.  docs/DESIGN.md has the table of states.
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

#endif
