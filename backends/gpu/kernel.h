/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Loading the hash kernel on a device. */
#ifndef VRES_BACKENDS_GPU_KERNEL_H
#define VRES_BACKENDS_GPU_KERNEL_H

#include "gpu/objects.h"

/*
 * Loads the best kernel image that the device and its driver accept.  *image is the image's name,
 * or NULL if there is none, which is no failure: such a device cannot hash.
 */
vres_status gpu_kernel_load(vres_bdev *dev, const char **image, vres_error *err);
void gpu_kernel_unload(vres_bdev *dev);

#endif
