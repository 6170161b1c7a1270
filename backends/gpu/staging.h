/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The staging buffer of a lane. */
#ifndef VRES_BACKENDS_GPU_STAGING_H
#define VRES_BACKENDS_GPU_STAGING_H

#include "gpu/objects.h"

vres_status gpu_staging_open(vres_bdev *dev, vres_error *err);
void gpu_staging_close(vres_bdev *dev);

/* @flags: VRES_LANE_x. */
vres_status gpu_staging_take(vres_blane *lane, uint32_t flags, vres_error *err);
/* @is_idle: no copy to or from the buffer is under way any more. */
void gpu_staging_give_back(vres_blane *lane, bool is_idle);

#endif
