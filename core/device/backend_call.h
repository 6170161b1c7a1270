/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What device.c and lane.c, the two halves of the door to a backend, share: the checks before and
 * after each call.
 */
#ifndef VRES_CORE_DEVICE_BACKEND_CALL_H
#define VRES_CORE_DEVICE_BACKEND_CALL_H

#include "device/device.h"

/*
 * Turn what a backend returned into what the core returns: no judgement, a NUL-terminated message,
 * and a lost device stays lost.
 */
vres_status vres_call_outcome(struct vres_device *d, vres_status status, const vres_error *detail,
                              const char *what, vres_error *err);

/* Is [offset, offset + n) inside the memory?  The only bounds check on device memory. */
vres_status vres_call_range(const struct vres_mem *mem, uint64_t offset, uint64_t n,
                            vres_error *err);

/* Has the device been lost? */
vres_status vres_call_alive(const struct vres_device *d, vres_error *err);

#endif
