/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Comparing the bytes in VRAM with what was signed: all on the device, all by readback, a sample,
 * or a part. */
#ifndef VRES_CORE_VERIFY_CONTENT_H
#define VRES_CORE_VERIFY_CONTENT_H

#include "device/vram_digest.h"
#include "verify/check.h"

/* The second half of a check that vres_verify_begin() started: the bytes, if wanted, and the end.
 */
void vres_verify_finish(struct verification *v);

/*
 * Check @count nodes of the kept level, from node @first on, against that level.  The level itself
 * is checked against the signed root with the first node of the shard and with the last.
 */
vres_status vres_verify_part(struct verification *v, uint64_t first, uint64_t count,
                             vres_error *err);

/*
 * The device has hashed the shard in a job with others: is @root the signed one?  If not, the shard
 * is hashed again to say where the damage is.
 */
vres_status vres_verify_root(struct verification *v, const uint8_t root[VRES_SHA256_BYTES],
                             vres_error *err);

#endif
