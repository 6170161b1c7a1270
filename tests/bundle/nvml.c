/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * NVML, where the host has it: the driver's version, and the clock at which the multiprocessors run
 * just now.
 */
#include <dlfcn.h>
#include <string.h>
#include "bundle.h"

#define CLOCK_SM 1 /* of nvmlClockType_t */

/* The library, started; given up with the process. */
static void *nvml(void)
{
	void *library = dlopen("libnvidia-ml.so.1", RTLD_NOW | RTLD_LOCAL);
	void *symbol = library ? dlsym(library, "nvmlInit_v2") : NULL;
	int (*init)(void) = NULL;

	memcpy(&init, &symbol, sizeof(init));
	return init && init() == 0 ? library : NULL;
}

bool nvml_driver(char *text, size_t room)
{
	void *library = nvml();
	void *symbol = library ? dlsym(library, "nvmlSystemGetDriverVersion") : NULL;
	int (*version)(char *text, unsigned room) = NULL;

	memcpy(&version, &symbol, sizeof(version));
	return version && version(text, (unsigned)room) == 0;
}

bool nvml_sm_clock(unsigned *mhz)
{
	void *library = nvml();
	void *find_symbol = library ? dlsym(library, "nvmlDeviceGetHandleByIndex_v2") : NULL;
	void *clock_symbol = library ? dlsym(library, "nvmlDeviceGetClockInfo") : NULL;
	int (*find)(unsigned index, void **device) = NULL;
	int (*clock)(void *device, int which, unsigned *mhz) = NULL;
	void *device;

	memcpy(&find, &find_symbol, sizeof(find));
	memcpy(&clock, &clock_symbol, sizeof(clock));
	return find && clock && find(0, &device) == 0 && clock(device, CLOCK_SM, mhz) == 0;
}
