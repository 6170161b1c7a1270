/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Waiting for a stream, with a deadline. */
#ifndef VRES_BACKENDS_GPU_WAIT_H
#define VRES_BACKENDS_GPU_WAIT_H

#include "gpu/objects.h"

/* For operations whose slot has no deadline of its own, in ns. */
#define TIME_LIMIT (UINT64_C(60) * 1000 * 1000 * 1000)

/* The monotonic clock, and the moment @ns from now. */
uint64_t gpu_now(void);
uint64_t gpu_until(uint64_t ns);

/* Waits until all work on a stream is done.  *missed: the deadline passed first. */
vres_status gpu_stream_wait(vres_bdev *dev, void *stream, uint64_t until, bool *missed,
                            vres_error *err);

#endif
