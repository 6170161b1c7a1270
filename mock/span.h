/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The pages behind device memory.  A span is one allocation. */
#ifndef VRES_MOCK_SPAN_H
#define VRES_MOCK_SPAN_H

#include "mock/model.h"

enum vres_mock_access { ACCESS_READ, ACCESS_WRITE };

/*
 * Allocates memory and fills it with @content or, if that is NULL, with zeros.
 * VRES_E_INSUFFICIENT_VRAM, VRES_E_ALLOCATION_FAILED, VRES_E_NO_MEMORY.
 */
vres_status vres_mock_span_make(vres_mock *mock, uint32_t device, uint64_t bytes,
                                enum vres_mock_origin origin, const void *content,
                                vres_mem_info *info, vres_error *err);

/*
 * Makes host memory device memory.  VRES_E_INVALID_INPUT if some of it is device memory already,
 * VRES_E_INSUFFICIENT_VRAM, VRES_E_NO_MEMORY.
 */
vres_status vres_mock_span_map(vres_mock *mock, uint32_t device, uint64_t addr, uint64_t bytes);

/* The allocation that contains all of the range, or NULL.  The caller holds the lock. */
struct vres_mock_span *vres_mock_span_find(const vres_mock *mock, uint64_t addr, uint64_t n);

/* The allocation that contains @mem, or NULL.  The caller holds the lock. */
struct vres_mock_span *vres_mock_span_of(vres_bmem *mem);

/*
 * Makes the range accessible until vres_mock_span_leave().  A write to read-only memory loses the
 * device.
 */
vres_status vres_mock_span_enter(vres_mock *mock, uint64_t addr, uint64_t n,
                                 enum vres_mock_access access, struct vres_mock_span **out,
                                 vres_error *err);
void vres_mock_span_leave(vres_mock *mock, struct vres_mock_span *span);

/*
 * Frees the allocation that begins at @addr, if there is one of that @origin.  Its capacity is
 * available at once.  Returns for host memory when no call works on it any more.
 */
vres_status vres_mock_span_drop(vres_mock *mock, uint64_t addr, enum vres_mock_origin origin,
                                vres_error *err);

/*
 * Makes the pages of a range accessible; makes all pages inaccessible.  The caller holds the lock.
 */
bool vres_mock_span_expose(struct vres_mock_span *span, uint64_t addr, uint64_t n);
void vres_mock_span_hide(struct vres_mock_span *span);

#endif
