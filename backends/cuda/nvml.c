/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * NVML, the driver's management library.  It can say that a memory error, and not tampering,
 * changed a block.  Nothing depends on it: without the library, or one of its functions, less is
 * known.  Devices are found by PCI address, because NVML and CUDA number them differently.
 */
#include "cuda/driver.h"
#include "gpu/dialect.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#define SYSTEM_LIBRARY "libnvidia-ml.so.1"

enum { MEMORY_ERROR_UNCORRECTED = 1, ECC_VOLATILE = 0 };

/* By the values of nvmlGpuVirtualizationMode_t. */
static const char *const virtualization_names[] = {
	"no", "passed through to a guest", "vGPU in a guest", "host of vGPUs", "host of vGPUs"};

/*
 * The path of an NVML beside the given driver library.  A driver that is given may be a fake, and
 * the system's NVML would describe a real device.
 */
static bool library_beside(const char *driver, char *path, size_t room)
{
	const char *slash = strrchr(driver, '/');
	const int folder = slash ? (int)(slash - driver + 1) : 0;
	const int n = snprintf(path, room, "%.*s" SYSTEM_LIBRARY, folder, driver);

	return slash != NULL && n > 0 && (size_t)n < room;
}

static void symbol_find(void *library, const char *name, void *function)
{
	void *symbol = dlsym(library, name);

	memcpy(function, &symbol, sizeof(symbol));
}

void cuda_nvml_open(struct cuda_nvml *n, const char *library_path)
{
	char path[4096] = SYSTEM_LIBRARY;
	int (*start)(void) = NULL;

	if (library_path && !library_beside(library_path, path, sizeof(path)))
		return;
	n->library = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
	if (n->library == NULL)
		return;
	symbol_find(n->library, "nvmlInit_v2", &start);
	if (start == NULL || start() != 0) {
		(void)dlclose(n->library);
		n->library = NULL;
		return;
	}
	symbol_find(n->library, "nvmlShutdown", &n->shutdown);
	symbol_find(n->library, "nvmlDeviceGetHandleByPciBusId_v2", &n->handle_by_bus_id);
	symbol_find(n->library, "nvmlDeviceGetTotalEccErrors", &n->ecc_errors);
	symbol_find(n->library, "nvmlDeviceGetRemappedRows", &n->remapped_rows);
	symbol_find(n->library, "nvmlDeviceGetVirtualizationMode", &n->virtualization);
	symbol_find(n->library, "nvmlSystemGetConfComputeState", &n->confidential);
}

void cuda_nvml_close(struct cuda_nvml *n)
{
	if (n->library == NULL)
		return;
	if (n->shutdown)
		(void)n->shutdown();
	(void)dlclose(n->library);
	n->library = NULL;
}

static void *handle_of(const struct gpu_binding *b, uint32_t index)
{
	cuda_device device;
	void *handle = NULL;
	char bus_id[32];

	if (b->nvml.library == NULL || b->nvml.handle_by_bus_id == NULL ||
	    b->api.cuDeviceGet(&device, (int)index) != CUDA_OK ||
	    b->api.cuDeviceGetPCIBusId(bus_id, (int)sizeof(bus_id), device) != CUDA_OK ||
	    b->nvml.handle_by_bus_id(bus_id, &handle) != 0)
		return NULL;
	return handle;
}

void cuda_health(const struct gpu_binding *b, uint32_t device, vres_device_status *out)
{
	void *handle = handle_of(b, device);
	unsigned long long errors = 0;
	unsigned corrected, uncorrected, pending = 0, failed = 0;

	if (handle == NULL)
		return;
	if (b->nvml.ecc_errors &&
	    b->nvml.ecc_errors(handle, MEMORY_ERROR_UNCORRECTED, ECC_VOLATILE, &errors) == 0) {
		out->ecc_uncorrected = errors;
		out->healthy &= errors == 0;
	}
	if (b->nvml.remapped_rows &&
	    b->nvml.remapped_rows(handle, &corrected, &uncorrected, &pending, &failed) == 0)
		out->healthy &= pending == 0 && failed == 0;
}

const char *cuda_nvml_virtualization(const struct gpu_binding *b, uint32_t device)
{
	void *handle = handle_of(b, device);
	int mode = -1;

	if (handle == NULL || b->nvml.virtualization == NULL ||
	    b->nvml.virtualization(handle, &mode) != 0 || mode < 0 ||
	    (size_t)mode >= COUNT_OF(virtualization_names))
		return "unknown";
	return virtualization_names[mode];
}

const char *cuda_nvml_confidential(const struct gpu_binding *b)
{
	unsigned state[3] = {0}; /* environment, feature, development tools */

	if (b->nvml.library == NULL || b->nvml.confidential == NULL ||
	    b->nvml.confidential(state) != 0)
		return "unknown";
	return state[1] ? "on" : "off";
}
