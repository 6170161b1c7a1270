/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Device memory that hashing works in, shared by the lanes of a device. */
#ifndef VRES_BACKENDS_GPU_SCRATCH_H
#define VRES_BACKENDS_GPU_SCRATCH_H

#include "gpu/objects.h"

vres_status gpu_scratch_open(vres_bdev *dev, vres_error *err);
void gpu_scratch_close(vres_bdev *dev);

/* Takes a free slot; waits for one until @until. */
vres_status gpu_scratch_take(vres_bdev *dev, uint64_t until, uint32_t *slot, vres_error *err);
/* Sets *slot to NO_SLOT; does nothing if it is that already. */
void gpu_scratch_give_back(vres_bdev *dev, uint32_t *slot);

#endif
