/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The slots for the driver and its devices; vres/backend.h says what each promises. */
#ifndef VRES_BACKENDS_GPU_DEVICE_H
#define VRES_BACKENDS_GPU_DEVICE_H

#include "gpu/objects.h"

vres_status gpu_open(const struct gpu_driver *driver, const vres_backend_open *params,
                     vres_bself **out, vres_error *err);
void gpu_close(vres_bself *self);
vres_status gpu_device_count(vres_bself *self, uint32_t *out, vres_error *err);
vres_status gpu_device_open(vres_bself *self, uint32_t index, vres_device_props *props,
                            vres_bdev **out, vres_error *err);
vres_status gpu_device_status(vres_bdev *dev, vres_device_status *out, vres_error *err);
void gpu_device_close(vres_bdev *dev);

#endif
