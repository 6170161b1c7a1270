/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Where tensors are: extents of memory that the driver is asked about once each.
 *
 * An engine has thousands of tensors in a few dozen allocations.  In the order of addresses, a
 * range joins the extent before it when it begins inside a mapping that the driver named for that
 * one, so what lies between two tensors of an extent belongs to their mappings.
 */
#ifndef VRES_CORE_MANAGER_TENSOR_MEMORY_H
#define VRES_CORE_MANAGER_TENSOR_MEMORY_H

#include "manager/contents.h"

/*
 * Adopt all ranges, @addresses having one for each: the contents get extents, what the driver says
 * of each, and the place of each range.  VRES_E_INVALID_INPUT, with the tensor's index, for a range
 * that the driver does not know.
 */
vres_status vres_tensor_memory_open(struct vres_device *d, const uint64_t *addresses,
                                    struct vres_contents *c, vres_error *err);

/*
 * Judge every extent; @report is that of the first with violations.  *assurance, that of the
 * device, becomes the lowest of any extent.  VRES_E_POLICY_VIOLATION, with the index of a tensor.
 */
vres_status vres_tensor_memory_judge(const struct vres_contents *c, uint32_t gpu_device,
                                     vres_policy_report *report, uint32_t *assurance,
                                     vres_error *err);

#endif
