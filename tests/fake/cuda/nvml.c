/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * libnvidia-ml.so.1 beside the fake driver: the functions that the backend calls.  They answer what
 * the fake's parameters say.
 */
#include <string.h>
#include "fake/driver/model.h"

#define VISIBLE __attribute__((visibility("default")))

int nvmlInit_v2(void);
int nvmlShutdown(void);
int nvmlDeviceGetHandleByPciBusId_v2(const char *bus_id, void **handle);
int nvmlDeviceGetTotalEccErrors(void *handle, int type, int counter, unsigned long long *out);
int nvmlDeviceGetRemappedRows(void *handle, unsigned *corrected, unsigned *uncorrected,
                              unsigned *pending, unsigned *failed);
int nvmlSystemGetConfComputeState(unsigned *state);

VISIBLE int nvmlInit_v2(void)
{
	return fake_params_now()->no_nvml;
}

VISIBLE int nvmlShutdown(void)
{
	return 0;
}

VISIBLE int nvmlDeviceGetHandleByPciBusId_v2(const char *bus_id, void **handle)
{
	if (strncmp(bus_id, "0000:0", 6) != 0)
		return 2;
	*handle = (void *)(uintptr_t)fake_params_now();
	return 0;
}

VISIBLE int nvmlDeviceGetTotalEccErrors(void *handle, int type, int counter,
                                        unsigned long long *out)
{
	if (handle == NULL || type != 1 || counter != 0)
		return 2;
	*out = fake_params_now()->ecc_errors;
	return 0;
}

VISIBLE int nvmlDeviceGetRemappedRows(void *handle, unsigned *corrected, unsigned *uncorrected,
                                      unsigned *pending, unsigned *failed)
{
	*corrected = 0;
	*uncorrected = 0;
	*failed = 0;
	*pending = handle != NULL && fake_params_now()->reset_wanted;
	return 0;
}

VISIBLE int nvmlSystemGetConfComputeState(unsigned *state)
{
	memset(state, 0, 3 * sizeof(*state));
	return 0;
}
