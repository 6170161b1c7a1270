/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A GPU backend over its fake driver, without the core: an opened device, memory, a lane.  The
 * build says which backend.
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

/* The names of the functions that suites for any vendor let fail. */
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

/* Resets the fake driver to @params (NULL: an ordinary one) and opens everything. */
struct gpu_fixture gpu_fixture_open(const struct fake_params *params, uint64_t bytes,
                                    size_t staging, uint32_t flags);

/* Closes everything.  Asserts that the driver has no object left and the thread no context. */
void gpu_fixture_close(struct gpu_fixture *b);

/* Opens the driver library at @path; NULL: the system's. */
vres_status driver_open(const char *path, vres_bself **self, vres_error *err);

/* Asserts that opening it fails with @want and a message that contains @word. */
void ck_no_open(const char *path, vres_status want, const char *word);

#endif
