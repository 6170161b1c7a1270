/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A verification has two halves.  The check looks; it may run on any thread.  It is admitted and
 * counted under the manager's lock, and its verdict is in the shard before it stops counting: who
 * has waited for the count to become 0 has every verdict.  The conclusion (verify.h) makes fresh
 * what was good, and reports, on the caller's thread.
 *
 * This is the check of all but the bytes in VRAM, which are in content.h.
 */
#ifndef VRES_CORE_VERIFY_CHECK_H
#define VRES_CORE_VERIFY_CHECK_H

#include "manager/shard.h"

struct verification {
	struct vres_shard *shard;       /* held */
	struct vres_contents *contents; /* used */
	vres_verify_params params;      /* defaults filled in; mode is the one really used */
	vres_verify_report report;
	vres_error error;           /* when report.status is not VRES_OK */
	uint64_t began;             /* monotonic */
	bool was_refused;           /* it was not admitted: no effect, no event */
	bool is_counted;            /* admitted, and its verdict is not yet in the shard */
	bool is_first;              /* it has quarantined the shard: nobody else had */
	bool has_bytes_to_check;    /* all but the bytes is good, and the mode looks at bytes */
	bool is_old_trouble;        /* the same trouble was reported before: no event */
	char wanted[65], found[65]; /* the digests that differ */
	bool is_kept_bad;           /* the kept level is not the signed one */
	uint32_t first_bad;         /* the first damaged tensor, where there is one */
	vres_damage last;           /* the last damaged range; no room is needed to join it */
	struct mend *mend;          /* a repair's list of what is to be written; else NULL */
};

/* Copy and check the caller's parameters; NULL means FULL. */
vres_status vres_verify_params_in(const vres_verify_params *p, vres_verify_params *out,
                                  vres_error *err);

/* How a verification is begun. */
enum verify_start {
	VERIFY_AS_ASKED,
	VERIFY_AT_ANY_AGE, /* also a seal that is older than policy allows */
	VERIFY_TO_REPAIR,  /* at any age too, and also a shard that is quarantined for its bytes */
	VERIFY_FOR_LEASE   /* in mode SIGNATURE where an earlier verification is recent enough */
};

/*
 * Start a verification: hold the shard, unless v->shard says that it is held already, and its
 * contents; admit it, check age, signature and residency.  The outcome so far is in
 * v->report.status and v->error.
 */
void vres_verify_begin(struct verification *v, struct vres_shard *s, const vres_verify_params *p,
                       enum verify_start start);

/*
 * A failure that was found outside of a check, to be concluded as one: it quarantines the shard.
 */
void vres_verify_found(struct verification *v, struct vres_shard *s, vres_reason reason,
                       const char *what);

/* Complete the report once its status is final, and bring the verdict into the shard. */
void vres_verify_end(struct verification *v);

/* Let go of shard and contents; for CLEANUP.  One that was never begun is left alone. */
void vres_verify_close(struct verification *v);

/* Is the shard not what it should be?  Else it is good, or could not be checked. */
bool vres_verify_is_bad(const struct verification *v);

/* Of a bad shard: is it wrong for good, or are there bytes that can be loaded again? */
bool vres_verify_is_final(const struct verification *v);

/* VRES_E_SEAL_VERIFICATION_FAILED for @reason. */
vres_status vres_verify_fail(const struct vres_contents *c, vres_reason reason, const char *what,
                             vres_error *err);

/* Of several statuses one is returned: damage before trouble, and the first before later ones. */
bool vres_verify_outranks(vres_status later, vres_status earlier);

#endif
