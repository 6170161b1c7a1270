/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a seal call asked for, checked; and the path that all four public ones take. */
#ifndef VRES_CORE_SEAL_SEAL_H
#define VRES_CORE_SEAL_SEAL_H

#include "manager/shard.h"
#include "seal/source.h"

struct seal {
	vres_manager *manager;
	struct vres_record record; /* filled as the seal proceeds */
	bool has_expected, has_id;
	uint8_t expected[VRES_SHA256_BYTES];
	vres_progress_fn progress;
	void *progress_ctx;
	struct source *source; /* NULL: adopt */
	uint64_t device_ptr;   /* adopt */
	struct vres_device *device;
	vres_policy_report report;  /* why policy refused */
	char wanted[65], found[65]; /* the digests that differ */
};

/* Check what the caller asked for and start a record; refused input has no effect. */
vres_status vres_seal_order(struct seal *seal, vres_manager *m, const vres_seal_params *p,
                            uint64_t bytes, vres_error *err);

/* Take the id, do it, publish. */
vres_status vres_seal_perform(struct seal *seal, vres_shard **out, vres_error *err);

/*
 * Put the bytes into VRAM, digest them there, compare, and fill shard and record.  What the shard
 * then holds is released by discarding it.
 */
vres_status vres_seal_fill(struct seal *seal, struct vres_shard *s, vres_error *err);

#endif
