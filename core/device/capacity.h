/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Reserving device memory before it is allocated, so that seals that run at once never promise the
 * same bytes.
 */
#ifndef VRES_CORE_DEVICE_CAPACITY_H
#define VRES_CORE_DEVICE_CAPACITY_H

#include "device/device.h"

struct vres_capacity_now {
	uint64_t total, free, used, reserved, available;
};

vres_status vres_capacity_open(struct vres_capacity *c, vres_error *err);
void vres_capacity_close(struct vres_capacity *c);

/*
 * What an allocation of @bytes takes on the device; UINT64_MAX, which no device has, if that does
 * not fit 64 bits.
 */
uint64_t vres_capacity_padded(const struct vres_device *d, uint64_t bytes);

/* Reserve @padded bytes, leaving @headroom, or VRES_E_INSUFFICIENT_VRAM with both numbers. */
vres_status vres_capacity_reserve(struct vres_device *d, uint64_t padded, uint64_t headroom,
                                  vres_error *err);

/* The reservation became an allocation of @taken bytes, or, when 0, came to nothing. */
void vres_capacity_allocated(struct vres_device *d, uint64_t padded, uint64_t taken);

/* What was being filled is sealed now. */
void vres_capacity_sealed(struct vres_device *d, uint64_t taken);

/* Memory is being released: bracket the backend's call with these two. */
void vres_capacity_releasing(struct vres_device *d);
void vres_capacity_released(struct vres_device *d, uint64_t taken, bool was_sealed);

/* A picture of the device, with the driver's free bytes. */
vres_status vres_capacity_look(struct vres_device *d, uint64_t headroom,
                               struct vres_capacity_now *out, vres_device_status *status,
                               vres_error *err);

#endif
