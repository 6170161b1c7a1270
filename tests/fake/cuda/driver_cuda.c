/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What tests need to know about the fake CUDA driver's functions. */
#include "fake/driver/model.h"

const enum fake_lie fake_lie_of_bit[4] = {FAKE_MANAGED, FAKE_HOST_ACCESS, FAKE_EXPORTABLE,
                                          FAKE_MOVED};

/*
 * cuGetProcAddress may fail for an optional function only; unit.cuda tests each required one.  If
 * one kernel image cannot be loaded, the backend takes the other.
 */
const char *const fake_harmless[] = {"cuCtxPopCurrent",
                                     "cuDevicePrimaryCtxRelease",
                                     "cuMemUnmap",
                                     "cuMemRelease",
                                     "cuMemAddressFree",
                                     "cuMemFree",
                                     "cuMemFreeHost",
                                     "cuStreamDestroy",
                                     "cuStreamSynchronize",
                                     "cuModuleUnload",
                                     "cuModuleLoadData",
                                     "cuModuleGetFunction",
                                     "cuMemHostAlloc",
                                     "cuDeviceGet",
                                     "cuDeviceGetPCIBusId",
                                     "cuCtxPushCurrent",
                                     "cuThreadExchangeStreamCaptureMode",
                                     "cuCoredumpGetAttributeGlobal",
                                     "cuGetProcAddress",
                                     NULL};

const char *const fake_takers[] = {"cuMemCreate", "cuMemAlloc",     "cuMemAddressReserve",
                                   "cuMemMap",    "cuMemHostAlloc", NULL};
