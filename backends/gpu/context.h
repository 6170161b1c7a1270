/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What every slot does before and after its work: make the device's context current, turn driver
 * codes into errors, copy answers out.
 */
#ifndef VRES_BACKENDS_GPU_CONTEXT_H
#define VRES_BACKENDS_GPU_CONTEXT_H

#include "gpu/dialect.h"
#include "gpu/objects.h"

/* Fills *err.  Returns @status. */
__attribute__((format(printf, 5, 6))) vres_status
gpu_error(vres_error *err, vres_status status, int code, uint32_t device, const char *format, ...);

/*
 * Turns a driver's code into a status.  @what names the work that returned it.  A code that means
 * that the device is lost marks the device as lost for good.
 */
vres_status gpu_outcome(vres_bdev *dev, int code, const char *what, vres_error *err);

/* Has the device not been lost? */
vres_status gpu_alive(const vres_bdev *dev, vres_error *err);

/*
 * The device's context is current from gpu_enter() to gpu_leave(), which puts back what the thread
 * had before.
 */
struct gpu_visit {
	vres_bdev *dev; /* NULL: not entered */
	struct gpu_before before;
};

vres_status gpu_enter(vres_bdev *dev, struct gpu_visit *visit, vres_error *err);
/* For closing: tries twice, also on a lost device, and cannot fail. */
void gpu_enter_to_close(vres_bdev *dev, struct gpu_visit *visit);
void gpu_leave(struct gpu_visit *visit);

/*
 * Copies an answer into the caller's structure, which may be of another version.  Both begin with
 * their size, and the caller's is the limit.
 */
void gpu_answer(void *to, const void *from, size_t size);

#endif
