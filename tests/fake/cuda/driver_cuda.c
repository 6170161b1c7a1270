/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What tests have to know of the fake CUDA driver's functions. */
#include "fake/driver/model.h"

const enum fake_lie fake_lie_of_bit[4] = {FAKE_MANAGED, FAKE_HOST_ACCESS, FAKE_EXPORTABLE,
                                          FAKE_MOVED};

/*
 * cuGetProcAddress fails harmlessly for an optional function only; unit.cuda lets each needed one
 * be missing.  An image that cannot be loaded leaves the other one.
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
                                     "cuCoredumpGetAttributeGlobal",
                                     "cuGetProcAddress",
                                     NULL};

const char *const fake_takers[] = {"cuMemCreate", "cuMemAlloc",     "cuMemAddressReserve",
                                   "cuMemMap",    "cuMemHostAlloc", NULL};
