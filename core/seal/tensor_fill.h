/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The steps of a seal of tensors: judge, adopt, ask, judge, digest, compare, sign. */
#ifndef VRES_CORE_SEAL_TENSOR_FILL_H
#define VRES_CORE_SEAL_TENSOR_FILL_H

#include "seal/steps.h"

/*
 * All up to the comparison: the contents get their memory, their kept level, the digest of each
 * range, and the record its digest and root.
 */
vres_status vres_tensors_look(struct seal *seal, struct vres_contents *c, vres_error *err);

/* As vres_seal_fill(), of a shard of tensors. */
vres_status vres_seal_fill_tensors(struct seal *seal, struct vres_shard *s, vres_error *err);

#endif
