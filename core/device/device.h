/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The only door to a backend, with lane.h: drivers, devices, memory.  Bounds of device memory are
 * checked here and nowhere else; what a backend returns is checked here too, and its statuses are
 * kept from passing judgement (backend_call.h).
 */
#ifndef VRES_CORE_DEVICE_DEVICE_H
#define VRES_CORE_DEVICE_DEVICE_H

#include "device/objects.h"

vres_status vres_driver_open(const vres_backend *backend, void *arg, const char *library_path,
                             struct vres_driver *out, vres_error *err);
void vres_driver_close(struct vres_driver *driver);

vres_status vres_device_create(const struct vres_driver *driver, uint32_t index,
                               struct vres_device **out, vres_error *err);
void vres_device_destroy(struct vres_device *d, bool touch); /* @touch: false in a forked child */
vres_status vres_device_ask(struct vres_device *d, vres_device_status *out, vres_error *err);

bool vres_device_can(const struct vres_device *d, uint32_t fact);

vres_status vres_mem_alloc(struct vres_device *d, uint64_t bytes, struct vres_mem *out,
                           vres_error *err);
vres_status vres_mem_adopt(struct vres_device *d, uint64_t addr, uint64_t bytes,
                           struct vres_mem *out, vres_error *err);
vres_status vres_mem_residency(const struct vres_mem *mem, vres_residency *out, vres_error *err);
vres_status vres_mem_wipe(const struct vres_mem *mem, vres_error *err);
vres_status vres_mem_protect(const struct vres_mem *mem, bool read_only, vres_error *err);
/* The memory is given up whatever it returns. */
vres_status vres_mem_release(struct vres_mem *mem, vres_error *err);

#endif
