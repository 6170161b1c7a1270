/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The checks before and after each call of a backend, which device.c and lane.c share. */
#ifndef VRES_CORE_DEVICE_BACKEND_CALL_H
#define VRES_CORE_DEVICE_BACKEND_CALL_H

#include "device/objects.h"

/*
 * Turn what a backend returned into what the core returns.  A status that passes judgement becomes
 * VRES_E_BACKEND, the message is printable and terminated, and a lost device is remembered.
 */
vres_status vres_call_outcome(struct vres_device *d, vres_status status, const vres_error *detail,
                              const char *what, vres_error *err);

/* Is [offset, offset + n) inside the memory?  The only bounds check on device memory. */
vres_status vres_call_range(const struct vres_mem *mem, uint64_t offset, uint64_t n,
                            vres_error *err);

/* Has the device been lost? */
vres_status vres_call_alive(const struct vres_device *d, vres_error *err);

/*
 * A driver's words, which end up in logs and on terminals, as printable ASCII.  Both buffers have
 * @capacity bytes and may be the same.
 */
void vres_call_text(const char *words, size_t capacity, char *text);

#endif
