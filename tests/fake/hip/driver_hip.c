/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What tests need to know about the fake HIP runtime's functions, and its lie for each VRES_MOCK_x
 * bit.
 */
#include "fake/driver/model.h"

/*
 * HIP cannot report that the host has access to device memory, nor that other physical memory is
 * behind an allocation.  So other lies stand for these bits.
 */
const enum fake_lie fake_lie_of_bit[4] = {FAKE_MANAGED, FAKE_HOST, FAKE_EXPORTABLE, FAKE_REMAPPED};

/*
 * hipGetDevice and hipSetDevice are tried again where a device is closed and where a call returns.
 * So is the call for the thread's capture mode.
 */
const char *const fake_harmless[] = {"hipPeekAtLastError",
                                     "hipGetLastError",
                                     "hipGetDevice",
                                     "hipSetDevice",
                                     "hipThreadExchangeStreamCaptureMode",
                                     "hipFree",
                                     "hipHostFree",
                                     "hipHostMalloc",
                                     "hipStreamDestroy",
                                     "hipStreamSynchronize",
                                     "hipModuleUnload",
                                     NULL};

const char *const fake_takers[] = {"hipMalloc", "hipHostMalloc", NULL};
