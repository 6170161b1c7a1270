/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Checking the shards of one device, many in one hash job. */
#ifndef VRES_CORE_VERIFY_BATCH_H
#define VRES_CORE_VERIFY_BATCH_H

#include "verify/check.h"

/*
 * Check those of the @n shards that are on @device, which are @here.  @done has one for each of the
 * @n shards, and names it.
 */
void vres_verify_batches(struct verification *done, vres_shard *const *shards, size_t n,
                         uint32_t device, size_t here, const vres_verify_params *p);

#endif
