/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Hash jobs on a lane. */
#ifndef VRES_BACKENDS_GPU_HASH_H
#define VRES_BACKENDS_GPU_HASH_H

#include "gpu/objects.h"

/* Gets what a lane needs before its first hash job; released once its stream is idle. */
vres_status gpu_hash_prepare(vres_blane *lane, vres_error *err);
void gpu_hash_forget(vres_blane *lane);

/* Does all of a hash job on a lane, by @until. */
vres_status gpu_hash_run(vres_blane *lane, const vres_hash_job *job, uint64_t until,
                         vres_error *err);

#endif
