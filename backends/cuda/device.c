/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Describing a device: the facts that policy judges, and notes for people.  No note says where a
 * buffer is.
 */
#include "cuda/driver.h"
#include "gpu/facts.h"

#include <stdio.h>
#include <string.h>

/* The granularity of cuMemAlloc, for which the driver has no query. */
#define PLAIN_GRANULARITY (UINT64_C(2) << 20)

/* An attribute of the device; 0 if the driver does not know it. */
static int attribute_get(const struct gpu_binding *b, int attribute, cuda_device device, int *out)
{
	int value = 0;
	const int code = b->api.cuDeviceGetAttribute(&value, attribute, device);

	*out = code == CUDA_OK ? value : 0;
	return code == CUDA_INVALID_VALUE ? CUDA_OK : code;
}

/* The UUID as nvidia-smi prints it: "GPU-..." for a GPU, "MIG-..." for a part of one. */
static int find_names(const struct gpu_binding *b, cuda_device device, vres_device_props *props)
{
	struct cuda_uuid uuid;
	unsigned char u[16];

	TRY(b->api.cuDeviceGetName(props->name, (int)sizeof(props->name) - 1, device));
	TRY(b->api.cuDeviceGetUuid(&uuid, device));
	memcpy(u, uuid.bytes, sizeof(u));
	(void)snprintf(props->uuid, sizeof(props->uuid),
	               "%s-%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
	               strstr(props->name, " MIG ") ? "MIG" : "GPU", u[0], u[1], u[2], u[3], u[4],
	               u[5], u[6], u[7], u[8], u[9], u[10], u[11], u[12], u[13], u[14], u[15]);
	return CUDA_OK;
}

/* Does the device allocate with an explicit location?  Some virtual GPUs say so and cannot. */
static int find_vmm(const struct gpu_binding *b, cuda_device device, uint32_t index,
                    vres_device_props *props)
{
	const struct cuda_alloc_prop prop = cuda_wanted(index);
	size_t bytes = 0;
	int has_it, code;

	props->granularity = PLAIN_GRANULARITY;
	TRY(attribute_get(b, CUDA_DEVICE_VMM, device, &has_it));
	if (!has_it)
		return CUDA_OK;
	code = b->api.cuMemGetAllocationGranularity(&bytes, &prop, CUDA_GRANULARITY_MINIMUM);
	if (code == CUDA_NOT_SUPPORTED)
		return CUDA_OK;
	TRY(code);
	props->granularity = bytes;
	props->facts |= VRES_DEVICE_VMM;
	return CUDA_OK;
}

static int find_facts(const struct gpu_binding *b, cuda_device device, vres_device_props *props)
{
	int integrated, ecc;

	TRY(attribute_get(b, CUDA_DEVICE_INTEGRATED, device, &integrated));
	TRY(attribute_get(b, CUDA_DEVICE_ECC_ENABLED, device, &ecc));
	props->facts |= (integrated ? VRES_DEVICE_INTEGRATED : 0) |
	                (gpu_host_is_unverifiable() ? VRES_DEVICE_UNVERIFIABLE_HOST : 0);
	props->ecc = ecc ? VRES_ECC_ON : VRES_ECC_OFF;
	return CUDA_OK;
}

/*
 * A setting of the process's GPU core dumps; -1 if the driver does not say.  The flags are an int,
 * the other settings one byte, 0 or 1.
 */
static int coredump_setting(const struct gpu_binding *b, int setting)
{
	unsigned char truth = 0;
	int flags = 0;
	size_t bytes = setting == CUDA_COREDUMP_FLAGS ? sizeof(flags) : sizeof(truth);
	void *value = setting == CUDA_COREDUMP_FLAGS ? (void *)&flags : (void *)&truth;

	if (b->api.cuCoredumpGetAttributeGlobal == NULL ||
	    b->api.cuCoredumpGetAttributeGlobal(setting, value, &bytes) != CUDA_OK)
		return -1;
	return setting == CUDA_COREDUMP_FLAGS ? flags : truth != 0;
}

/*
 * A GPU core dump writes device memory to a file.  The setting is only a note, because any code in
 * the process can change it at any time.
 */
static const char *coredump(const struct gpu_binding *b)
{
	const int on_exception = coredump_setting(b, CUDA_COREDUMP_ON_EXCEPTION);
	const int on_demand = coredump_setting(b, CUDA_COREDUMP_USER_TRIGGER);
	const int flags = coredump_setting(b, CUDA_COREDUMP_FLAGS);

	if (on_exception < 0)
		return "unknown";
	if (on_exception == 0 && on_demand <= 0)
		return "off";
	if (coredump_setting(b, CUDA_COREDUMP_LIGHTWEIGHT) == 1 ||
	    (flags >= 0 && (flags & CUDA_COREDUMP_SKIP_GLOBAL_MEMORY)))
		return "on, without device memory";
	return "on: a dump would write device memory to a file";
}

static int add_notes(const struct gpu_binding *b, cuda_device device, uint32_t index,
                     vres_device_props *props)
{
	int major, minor, unified, managed, host_mapping, host_tables, dma_buf, numa, mps;

	TRY(attribute_get(b, CUDA_DEVICE_CC_MAJOR, device, &major));
	TRY(attribute_get(b, CUDA_DEVICE_CC_MINOR, device, &minor));
	TRY(attribute_get(b, CUDA_DEVICE_UNIFIED_ADDRESSING, device, &unified));
	TRY(attribute_get(b, CUDA_DEVICE_MANAGED_MEMORY, device, &managed));
	TRY(attribute_get(b, CUDA_DEVICE_CAN_MAP_HOST_MEMORY, device, &host_mapping));
	TRY(attribute_get(b, CUDA_DEVICE_PAGEABLE_HOST_TABLES, device, &host_tables));
	TRY(attribute_get(b, CUDA_DEVICE_DMA_BUF, device, &dma_buf));
	TRY(attribute_get(b, CUDA_DEVICE_NUMA_CONFIG, device, &numa));
	TRY(attribute_get(b, CUDA_DEVICE_MPS, device, &mps));
	gpu_note(props, "driver", "CUDA %d.%d", b->version / 1000, b->version % 1000 / 10);
	gpu_note(props, "compute_capability", "%d.%d", major, minor);
	gpu_note(props, "allocation", "%s",
	         props->facts & VRES_DEVICE_VMM ? "explicit location, no export handle"
	                                        : "cuMemAlloc, exportable by IPC");
	gpu_note_sharing(props, unified, managed, host_mapping);
	gpu_note(props, "dma_buf", "%s",
	         dma_buf ? "possible: code in this process can export device memory" : "no");
	gpu_note(props, "coherent", "%s",
	         host_tables || numa ? "shares page tables or NUMA nodes with the host" : "no");
	gpu_note(props, "mps", "%s",
	         mps ? "yes: another client's fault can end the context" : "no");
	gpu_note(props, "mig", "%s", strncmp(props->uuid, "MIG", 3) == 0 ? "yes" : "no");
	gpu_note(props, "virtual_gpu", "%s", cuda_nvml_virtualization(b, index));
	gpu_note(props, "confidential_computing", "%s", cuda_nvml_confidential(b));
	gpu_note(props, "gpu_core_dump", "%s", coredump(b));
	return CUDA_OK;
}

int cuda_describe(const struct gpu_binding *b, uint32_t index, vres_device_props *out)
{
	vres_device_props props = *out;
	cuda_device device;
	size_t total;

	TRY(b->api.cuDeviceGet(&device, (int)index));
	TRY(find_names(b, device, &props));
	TRY(b->api.cuDeviceTotalMem(&total, device));
	props.total_bytes = total;
	TRY(find_vmm(b, device, index, &props));
	TRY(find_facts(b, device, &props));
	TRY(add_notes(b, device, index, &props));
	*out = props;
	return CUDA_OK;
}

int cuda_processors(const struct gpu_binding *b, uint32_t index, uint32_t *out)
{
	cuda_device device;
	int count;

	TRY(b->api.cuDeviceGet(&device, (int)index));
	TRY(attribute_get(b, CUDA_DEVICE_PROCESSORS, device, &count));
	*out = count > 0 ? (uint32_t)count : 0;
	return CUDA_OK;
}
