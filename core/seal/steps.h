/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A seal under way: what the caller asked for, checked, and the steps that fill the shard. */
#ifndef VRES_CORE_SEAL_STEPS_H
#define VRES_CORE_SEAL_STEPS_H

#include "manager/shard.h"
#include "seal/source.h"

struct seal {
	vres_manager *manager;
	struct vres_record record; /* filled step by step */
	bool has_expected;
	uint8_t expected[VRES_SHA256_BYTES];
	vres_progress_fn progress;
	void *progress_ctx;
	struct source *source; /* NULL: adopt */
	uint64_t device_ptr;   /* to adopt */
	struct vres_device *device;
	vres_policy_report report;  /* why policy refused */
	char wanted[65], found[65]; /* the digests that differ */
};

/*
 * Put the bytes into VRAM, digest them there, compare, and fill shard and record.  Discarding the
 * shard releases what it then holds.
 */
vres_status vres_seal_fill(struct seal *seal, struct vres_shard *s, vres_error *err);

#endif
