/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A verification has two halves.  The check looks and changes nothing; it may run on any thread.
 * The conclusion (verify.h) changes the shard's state and reports, on the caller's thread.
 *
 * This is the check of all but the bytes in VRAM, which are in content.h.
 */
#ifndef VRES_CORE_VERIFY_CHECK_H
#define VRES_CORE_VERIFY_CHECK_H

#include "manager/shard.h"

struct verification {
	struct vres_shard *shard;
	vres_verify_params params; /* defaults filled in; mode is the one really used */
	vres_verify_report report;
	vres_error error;           /* when report.status is not VRES_OK */
	uint64_t began;             /* monotonic */
	bool was_refused;           /* it was not admitted: no effect, no event */
	bool has_bytes_to_check;    /* all but the bytes is good, and the mode looks at bytes */
	bool is_old_trouble;        /* the same trouble was reported before: no event */
	char wanted[65], found[65]; /* the digests that differ */
	vres_damage last;           /* the last damaged range; no room is needed to join it */
};

/* Copy and check the caller's parameters; NULL means FULL. */
vres_status vres_verify_params_in(const vres_verify_params *p, vres_verify_params *out,
                                  vres_error *err);

/*
 * Start a verification: admit it, check age (unless @at_any_age), signature and residency.  The
 * outcome so far is in v->report.status and v->error.
 */
void vres_verify_begin(struct verification *v, struct vres_shard *s, const vres_verify_params *p,
                       bool at_any_age);

/* Complete the report once its status is final. */
void vres_verify_end(struct verification *v);

/* VRES_E_SEAL_VERIFICATION_FAILED for @reason. */
vres_status vres_verify_fail(const struct vres_shard *s, vres_reason reason, const char *what,
                             vres_error *err);

/* Of several statuses one is returned: damage before trouble, and the first before later ones. */
bool vres_verify_outranks(vres_status later, vres_status earlier);

#endif
