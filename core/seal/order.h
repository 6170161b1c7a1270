/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the caller of a seal has asked for. */
#ifndef VRES_CORE_SEAL_ORDER_H
#define VRES_CORE_SEAL_ORDER_H

#include "seal/steps.h"

/*
 * Check the parameters and start a record of @bytes bytes; refused input has no effect.  Which
 * digests the kind of seal has is for the caller to check.
 */
vres_status vres_seal_order(struct seal *seal, vres_manager *m, const vres_seal_params *params,
                            uint64_t bytes, vres_shard **out, vres_error *err);

#endif
