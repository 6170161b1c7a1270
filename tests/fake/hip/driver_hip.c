/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What tests have to know of the fake HIP runtime's functions, and how it tells of what the mock
 * tells of.
 */
#include "fake/driver/model.h"

/*
 * HIP cannot say that the host has access to device memory, nor that another block stands behind an
 * allocation.
 */
const enum fake_lie fake_lie_of_bit[4] = {FAKE_MANAGED, FAKE_HOST, FAKE_EXPORTABLE, FAKE_REMAPPED};

/*
 * hipGetDevice and hipSetDevice: on the way into a device that is being closed, and back, which is
 * tried again.
 */
const char *const fake_harmless[] = {"hipPeekAtLastError",
                                     "hipGetLastError",
                                     "hipGetDevice",
                                     "hipSetDevice",
                                     "hipFree",
                                     "hipHostFree",
                                     "hipHostMalloc",
                                     "hipStreamDestroy",
                                     "hipStreamSynchronize",
                                     "hipModuleUnload",
                                     NULL};

const char *const fake_takers[] = {"hipMalloc", "hipHostMalloc", NULL};
