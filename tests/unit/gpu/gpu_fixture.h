/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A backend over its fake driver with nothing of the core in between: one opened device, memory, a
 * lane.  The build says which backend.
 */
#ifndef TESTS_UNIT_GPU_GPU_FIXTURE_H
#define TESTS_UNIT_GPU_GPU_FIXTURE_H

#include <vres/backend.h>
#include <vres/vres.h>
#include "fake/driver/control.h"
#include "support/suite/status.h"
#include "support/suite/suite.h"

#define PATIENCE (UINT64_C(60) * 1000 * 1000 * 1000)
#define SOON     (UINT64_C(2) * 1000 * 1000)

/* What the driver calls the functions that suites for any vendor let fail. */
#ifdef FAKE_HIP
#define ENTER_FUNCTION  "hipSetDevice"
#define LAUNCH_FUNCTION "hipModuleLaunchKernel"
#define POLL_FUNCTION   "hipStreamQuery"
#define FINISH_FUNCTION "hipStreamSynchronize"
#else
#define ENTER_FUNCTION  "cuCtxPushCurrent"
#define LAUNCH_FUNCTION "cuLaunchKernel"
#define POLL_FUNCTION   "cuStreamQuery"
#define FINISH_FUNCTION "cuStreamSynchronize"
#endif

struct gpu_fixture {
	const vres_backend *ops;
	vres_bself *self;
	vres_bdev *dev;
	vres_bmem *mem;
	vres_mem_info info;
	vres_blane *lane;
	uint8_t *staging;
};

/* The fake driver is reset to @params (NULL: an ordinary one). */
struct gpu_fixture gpu_fixture_open(const struct fake_params *params, uint64_t bytes,
                                    size_t staging, uint32_t flags);

/*
 * Gives all of it back, and asserts that the driver has nothing left and no context on the thread's
 * stack.
 */
void gpu_fixture_close(struct gpu_fixture *b);

/* The backend's driver from a path, or the system's for NULL. */
vres_status driver_open(const char *path, vres_bself **self, vres_error *err);

/* Opening it fails with @want and a message that has @word in it. */
void ck_no_open(const char *path, vres_status want, const char *word);

#endif
