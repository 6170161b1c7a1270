/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How much memory a device has left.  The driver's figure and the ledger's together decide, so that
 * seals that run at once never get the same bytes.
 */
#ifndef VRES_CORE_DEVICE_CAPACITY_H
#define VRES_CORE_DEVICE_CAPACITY_H

#include "device/device.h"

/* In bytes. */
struct vres_capacity {
	uint64_t total, free, used, reserved, available;
};

/*
 * What an allocation of @bytes takes on the device; UINT64_MAX, which no device has, if that does
 * not fit 64 bits.
 */
uint64_t vres_capacity_padded(const struct vres_device *d, uint64_t bytes);

/*
 * Promise @padded bytes and leave @headroom, or VRES_E_INSUFFICIENT_VRAM with both numbers.
 * vres_ledger_allocated() ends the promise.
 */
vres_status vres_capacity_reserve(struct vres_device *d, uint64_t padded, uint64_t headroom,
                                  vres_error *err);

/* The present figures, and the driver's answer that they rest on. */
vres_status vres_capacity_look(struct vres_device *d, uint64_t headroom, struct vres_capacity *out,
                               vres_device_status *status, vres_error *err);

#endif
