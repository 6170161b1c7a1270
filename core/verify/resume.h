/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A resume under way: what the caller says has changed, and what is found. */
#ifndef VRES_CORE_VERIFY_RESUME_H
#define VRES_CORE_VERIFY_RESUME_H

#include <vres/suspend.h>

#include "manager/suspension.h"
#include "verify/check.h"

/*
 * The state of each range, of which a shard without tensors has one.  OVERLAPPED: it shares bytes
 * with a range that has changed.
 */
enum range_change { UNCHANGED, OVERLAPPED, CHANGED };
#define NOTHING_WANTED UINT32_MAX

struct range_news {
	uint64_t address;
	uint8_t change;  /* enum range_change */
	uint32_t wanted; /* index of the change that gives its expected digest, or NOTHING_WANTED */
	uint8_t digest[VRES_SHA256_BYTES]; /* the expected digest */
};

struct resume {
	struct vres_shard *shard;
	const struct tensors *tensors; /* those of the shard, or @own */
	struct tensors *own;           /* one tensor, which stands for a shard of one range */
	struct range_news *news;       /* one for each range */
	char label[129];
	bool has_changed;
	uint64_t changed_tensors, expected_tensors, moved_tensors;

	struct verification v; /* the check of the shard's contents, and its report */
	struct vres_contents *next;
	vres_policy_report report;
};

void vres_resume_close(struct resume *r);

/*
 * Read the caller's params.  r->shard and r->v.contents must be set.  VRES_E_INVALID_INPUT, with
 * the index of the tensor or change; VRES_E_ABI.
 */
vres_status vres_resume_read(struct resume *r, const vres_resume_params *p, vres_error *err);

/*
 * Judge, hash and compare.  r->next gets what is in memory now, with a new record if something has
 * changed.  If bytes are wrong (VRES_E_SEAL_VERIFICATION_FAILED, VRES_E_INTEGRITY_VIOLATION),
 * r->next keeps the old record.
 */
vres_status vres_resume_look(struct resume *r, vres_error *err);

#endif
