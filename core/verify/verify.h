/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Verifying, in two halves: the check, which looks and changes nothing and may run on any thread,
 * and the conclusion, which changes the shard's state and tells others, on the caller's thread.
 */
#ifndef VRES_CORE_VERIFY_VERIFY_H
#define VRES_CORE_VERIFY_VERIFY_H

#include "manager/shard.h"
#include "device/vram_digest.h"

struct verification {
	struct vres_shard *shard;
	vres_verify_params params; /* with defaults filled in; mode is what will really be done */
	vres_verify_report report;
	vres_error error;           /* when report.status is not VRES_OK */
	uint64_t began;             /* monotonic */
	bool was_refused;           /* not accepted: no effect, no event */
	bool has_bytes_to_check;    /* all but the bytes is good, and they are wanted */
	char wanted[65], found[65]; /* the roots that differ */
};

/* The caller's parameters, checked; NULL: FULL. */
vres_status vres_verify_params_in(const vres_verify_params *p, vres_verify_params *out,
                                  vres_error *err);

/* Check @s; the outcome is in v->report.status and v->error. */
void vres_verify_check(struct verification *v, struct vres_shard *s, const vres_verify_params *p);

/*
 * The same in pieces: all but the bytes, of a seal @at_any_age or of one that policy finds young
 * enough; then, if v->has_bytes_to_check, the bytes, by whatever sets v->report.status and
 * v->error; the end.
 */
void vres_verify_begin(struct verification *v, struct vres_shard *s, const vres_verify_params *p,
                       bool at_any_age);
void vres_verify_end(struct verification *v);

/* Act on the outcome: freshness or quarantine, counters, event, incident. */
vres_status vres_verify_conclude(struct verification *v, vres_error *err);

/* The bytes against the signed root, by v->params.mode, which is not SIGNATURE. */
vres_status vres_verify_content(struct verification *v, vres_error *err);

/*
 * @count nodes of the kept level, from node @first on, against that level, which is checked against
 * the root with the first and last of them.
 */
vres_status vres_verify_part(struct verification *v, uint64_t first, uint64_t count,
                             vres_error *err);

/* What measures the shard's bytes, as v->params says. */
vres_status vres_verify_measure(const struct verification *v, struct vram_digest *ms,
                                vres_error *err);

/*
 * Is @root, measured, the signed one?  If not, @ms, unless it is NULL, is used to say where the
 * damage is.
 */
vres_status vres_verify_root(struct verification *v, struct vram_digest *ms,
                             const uint8_t root[VRES_SHA256_BYTES], vres_error *err);

/*
 * Verify the shards of one device, those that are to be hashed there many at a time; @done has one
 * for each of the @n shards, and names it.
 */
void vres_verify_batches(struct verification *done, vres_shard *const *shards, size_t n,
                         uint32_t device, const vres_verify_params *p);

/* The root is wrong: which blocks?  Fills the report as far as it can be told; never fails. */
void vres_verify_locate(struct verification *v, struct vram_digest *ms);

/*
 * The data under this node of the kept level is damaged: report it, by the block where the source
 * is at hand.
 */
void vres_verify_locate_node(struct verification *v, struct vram_digest *ms, uint64_t index);

/* Does the kept level hash to the signed root? */
vres_status vres_verify_kept(const struct vres_shard *s, bool *is_good, vres_error *err);

#endif
