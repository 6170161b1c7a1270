/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A resume under way: what the caller says has changed, and what is found. */
#ifndef VRES_CORE_VERIFY_RESUME_H
#define VRES_CORE_VERIFY_RESUME_H

#include <vres/suspend.h>

#include "manager/suspension.h"
#include "verify/check.h"

/* Ranges as they are found; of a shard without tensors its only one. */
enum range_change { UNCHANGED, OVERLAPPED, CHANGED };
#define NOTHING_WANTED UINT32_MAX

struct range_news {
	uint64_t address;
	uint8_t change;  /* enum range_change */
	uint32_t wanted; /* the change that says what it should hold, or NOTHING_WANTED */
	uint8_t digest[VRES_SHA256_BYTES]; /* which is this */
};

struct resume {
	struct vres_shard *shard;
	const struct tensors *tensors; /* the shard's, or own */
	struct tensors *own;           /* of a shard that is one range */
	struct range_news *news;       /* of each range */
	char label[129];
	bool has_changed;
	uint64_t changed_tensors, expected_tensors, moved_tensors;

	struct verification v; /* of the contents there were */
	struct vres_contents *next;
	vres_policy_report report;
};

void vres_resume_close(struct resume *r);

/*
 * Read what the caller says.  r->shard and r->v.contents are set.  VRES_E_INVALID_INPUT, with the
 * index; VRES_E_ABI.
 */
vres_status vres_resume_read(struct resume *r, const vres_resume_params *p, vres_error *err);

/*
 * Ask, judge, hash and compare: r->next is what there is, signed anew if it has changed.  With
 * VRES_E_SEAL_VERIFICATION_FAILED, and VRES_E_INTEGRITY_VIOLATION, r->next has the old record.
 */
vres_status vres_resume_look(struct resume *r, vres_error *err);

#endif
