/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Comparing the bytes of tensors with their kept levels. */
#ifndef VRES_CORE_VERIFY_TENSOR_CONTENT_H
#define VRES_CORE_VERIFY_TENSOR_CONTENT_H

#include "verify/check.h"

/* The bytes of a shard of tensors, in the mode of the verification. */
vres_status vres_verify_tensors(struct verification *v, vres_error *err);

/* As vres_verify_part(): @count nodes of the kept level, from node @first of all tensors on. */
vres_status vres_verify_tensor_part(struct verification *v, uint64_t first, uint64_t count,
                                    vres_error *err);

/*
 * The @n nodes of the ascending @list are damaged: noted by tensor, then by place; a range of
 * several names in each of them.  Without names it is a shard of one range.
 */
void vres_verify_note_nodes(struct verification *v, const struct tensors *t, bool has_names,
                            const uint64_t *list, uint64_t n);

#endif
