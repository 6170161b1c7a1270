/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Where tensors are: extents of memory that the driver is asked about once each.
 *
 * An engine has thousands of tensors in a few dozen allocations.  In the order of addresses, a
 * range joins the extent before it when it begins inside a mapping that the driver named for that
 * one, so what lies between two tensors of an extent belongs to their mappings.
 */
#ifndef VRES_CORE_SEAL_TENSOR_MEMORY_H
#define VRES_CORE_SEAL_TENSOR_MEMORY_H

#include "seal/steps.h"

/*
 * Adopt all ranges: the contents get extents, what the driver says of each, and the place of each
 * range.  VRES_E_INVALID_INPUT, with the tensor's index, for a range that the driver does not know.
 */
vres_status vres_tensor_memory_open(struct seal *seal, struct vres_contents *c, vres_error *err);

/* Judge every extent: the lowest assurance counts for all.  VRES_E_POLICY_VIOLATION, with an index.
 */
vres_status vres_tensor_memory_judge(struct seal *seal, struct vres_contents *c, vres_error *err);

#endif
