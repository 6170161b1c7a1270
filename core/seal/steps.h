/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A seal under way: what the caller asked for, checked, and the steps that fill the shard. */
#ifndef VRES_CORE_SEAL_STEPS_H
#define VRES_CORE_SEAL_STEPS_H

#include "manager/shard.h"
#include "seal/source.h"
#include "seal/tensor_input.h"

struct seal {
	vres_manager *manager;
	struct vres_record record; /* filled step by step */
	bool has_expected;
	uint8_t expected[VRES_SHA256_BYTES];
	vres_progress_fn progress;
	void *progress_ctx;
	struct source *source;      /* NULL: adopt */
	uint64_t device_ptr;        /* to adopt */
	struct tensor_input *input; /* to adopt as tensors */
	struct vres_device *device;
	vres_policy_report report;  /* why policy refused */
	char wanted[65], found[65]; /* the digests that differ */
	/* What is not as expected: the caller's room for it, and what there is. */
	vres_damage *damage;
	size_t damage_cap;
	uint64_t *damage_count, damaged;
	char first_bad[TENSOR_NAME_MAX + 1]; /* the name of the first such tensor */
};

/*
 * Put the bytes into VRAM, digest them there, compare, and fill shard and record.  Discarding the
 * shard releases what it then holds.
 */
vres_status vres_seal_fill(struct seal *seal, struct vres_shard *s, vres_error *err);

/* The first and the last step of every seal: judge the device; date and sign the record. */
vres_status vres_seal_judge_device(struct seal *seal, vres_error *err);
vres_status vres_seal_sign(struct seal *seal, struct vres_contents *c, uint64_t began,
                           vres_error *err);

/*
 * Something is not as expected: a tensor of so many bytes or, with NO_TENSOR, all that was to be
 * sealed.
 */
void vres_seal_note(struct seal *seal, uint32_t tensor, uint64_t bytes);

/* What is in VRAM is not what was wanted. */
vres_status vres_seal_mismatch(struct seal *seal, const uint8_t *wanted, const uint8_t *found,
                               const char *what, vres_error *err);

#endif
