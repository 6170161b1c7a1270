/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Devices, contexts and modules of the fake CUDA driver. */
#include <stdio.h>
#include <string.h>
#include "fake/cuda/cuda.h"

#define STACK_MAX 64

static _Thread_local struct {
	const struct fake_context *at[STACK_MAX];
	unsigned n;
} stack;

#define VERSION 13000

struct fake fake = FAKE_JUST_LOADED(VERSION);

const int fake_front_version = VERSION;

void fake_front_reset(void)
{
	stack.n = 0;
}

const char *const fake_function_names[] = {
#define FAKE_FUNCTION_NAME(name, version, parameters) #name,
	CUDA_FUNCTIONS(FAKE_FUNCTION_NAME) CUDA_OPTIONAL_FUNCTIONS(FAKE_FUNCTION_NAME)
		FAKE_GRAPH_FUNCTIONS(FAKE_FUNCTION_NAME)
#undef FAKE_FUNCTION_NAME
			"cuGetProcAddress",
	NULL};

static const struct fake_context engine_context = {.device = 0};

cuda_result fake_here(int *device)
{
	if (stack.n == 0)
		return CUDA_INVALID_CONTEXT;
	*device = stack.at[stack.n - 1]->device;
	if (fake.devices[*device].context.retained == 0 && stack.at[stack.n - 1] != &engine_context)
		return CUDA_INVALID_CONTEXT;
	return fake.devices[*device].sticky;
}

bool fake_is_inside(int device)
{
	return stack.n > 0 && stack.at[stack.n - 1] == &fake.devices[device].context;
}

unsigned fake_depth(void)
{
	return stack.n;
}

const void *fake_current(void)
{
	return stack.n > 0 ? stack.at[stack.n - 1] : NULL;
}

void fake_engine_enter(void)
{
	stack.at[stack.n++] = &engine_context;
}

cuda_result fake_cuInit(unsigned int flags)
{
	FAKE_TRY_ENTER(cuInit);
	(void)flags;
	if (fake.params.start_code)
		return fake.params.start_code;
	return fake.params.devices == 0 ? CUDA_NO_DEVICE : CUDA_OK;
}

cuda_result fake_cuDriverGetVersion(int *version)
{
	FAKE_TRY_ENTER(cuDriverGetVersion);
	*version = fake.params.version;
	return CUDA_OK;
}

cuda_result fake_cuGetErrorName(cuda_result error, const char **name)
{
	FAKE_TRY_ENTER(cuGetErrorName);
	switch (error) {
	case CUDA_OUT_OF_MEMORY: *name = "CUDA_ERROR_OUT_OF_MEMORY"; return CUDA_OK;
	case CUDA_ILLEGAL_ADDRESS: *name = "CUDA_ERROR_ILLEGAL_ADDRESS"; return CUDA_OK;
	case CUDA_UNKNOWN: *name = "CUDA_ERROR_UNKNOWN"; return CUDA_OK;
	default: return CUDA_INVALID_VALUE;
	}
}

cuda_result fake_cuDeviceGetCount(int *count)
{
	FAKE_TRY_ENTER(cuDeviceGetCount);
	*count = fake.params.devices;
	return CUDA_OK;
}

cuda_result fake_cuDeviceGet(cuda_device *device, int ordinal)
{
	FAKE_TRY_ENTER(cuDeviceGet);
	if (ordinal < 0 || ordinal >= fake.params.devices)
		return CUDA_INVALID_DEVICE;
	*device = ordinal;
	return CUDA_OK;
}

cuda_result fake_cuDeviceGetName(char *name, int len, cuda_device device)
{
	FAKE_TRY_ENTER(cuDeviceGetName);
	(void)snprintf(name, (size_t)len, "Fake GPU %d", device);
	return CUDA_OK;
}

cuda_result fake_cuDeviceGetUuid(cuda_uuid *uuid, cuda_device device)
{
	FAKE_TRY_ENTER(cuDeviceGetUuid);
	memset(uuid->bytes, 0xfa, sizeof(uuid->bytes));
	uuid->bytes[15] = (char)device;
	return CUDA_OK;
}

cuda_result fake_cuDeviceTotalMem(size_t *bytes, cuda_device device)
{
	FAKE_TRY_ENTER(cuDeviceTotalMem);
	(void)device;
	*bytes = fake.params.bytes_per_device;
	return CUDA_OK;
}

cuda_result fake_cuDeviceGetPCIBusId(char *id, int len, cuda_device device)
{
	FAKE_TRY_ENTER(cuDeviceGetPCIBusId);
	(void)snprintf(id, (size_t)len, "0000:%02x:00.0", device + 1);
	return CUDA_OK;
}

cuda_result fake_cuDeviceGetAttribute(int *value, cuda_device_attribute attribute,
                                      cuda_device device)
{
	FAKE_TRY_ENTER(cuDeviceGetAttribute);
	(void)device;
	switch (attribute) {
	case CUDA_DEVICE_PROCESSORS:
		*value = fake.params.processors ? fake.params.processors : 4;
		return fake.params.processors < 0 ? CUDA_INVALID_VALUE : CUDA_OK;
	case CUDA_DEVICE_INTEGRATED: *value = fake.params.integrated; return CUDA_OK;
	case CUDA_DEVICE_DMA_BUF: *value = fake.params.dma_buf; return CUDA_OK;
	case CUDA_DEVICE_ECC_ENABLED: *value = !fake.params.no_ecc; return CUDA_OK;
	case CUDA_DEVICE_VMM: *value = !fake.params.no_vmm; return CUDA_OK;
	case CUDA_DEVICE_CC_MAJOR: *value = FAKE_CAPABILITY; return CUDA_OK;
	case CUDA_DEVICE_CC_MINOR: *value = 0; return CUDA_OK;
	/* True of every 64-bit GPU, so the backend must not object. */
	case CUDA_DEVICE_UNIFIED_ADDRESSING:
	case CUDA_DEVICE_MANAGED_MEMORY:
	case CUDA_DEVICE_CAN_MAP_HOST_MEMORY: *value = 1; return CUDA_OK;
	case CUDA_DEVICE_PAGEABLE_HOST_TABLES:
	case CUDA_DEVICE_NUMA_CONFIG: *value = 0; return CUDA_OK;
	default: return CUDA_INVALID_VALUE; /* an older driver knows fewer */
	}
}

cuda_result fake_cuDevicePrimaryCtxRetain(cuda_context *context, cuda_device device)
{
	FAKE_TRY_ENTER(cuDevicePrimaryCtxRetain);
	if (device < 0 || device >= fake.params.devices)
		return CUDA_INVALID_DEVICE;
	fake.devices[device].context.retained++;
	*context = &fake.devices[device].context;
	return CUDA_OK;
}

cuda_result fake_cuDevicePrimaryCtxRelease(cuda_device device)
{
	FAKE_ENTER(cuDevicePrimaryCtxRelease);
	if (fake.devices[device].context.retained == 0)
		return CUDA_INVALID_CONTEXT;
	fake.devices[device].context.retained--;
	return call.code;
}

cuda_result fake_cuCtxPushCurrent(cuda_context context)
{
	FAKE_TRY_ENTER(cuCtxPushCurrent);
	if (stack.n == STACK_MAX || ((struct fake_context *)context)->retained == 0)
		return CUDA_INVALID_CONTEXT;
	stack.at[stack.n++] = context;
	return CUDA_OK;
}

cuda_result fake_cuCtxPopCurrent(cuda_context *context)
{
	FAKE_ENTER(cuCtxPopCurrent);
	if (stack.n == 0)
		return CUDA_INVALID_CONTEXT;
	*context = (void *)(uintptr_t)stack.at[--stack.n];
	return call.code;
}

static bool is_fatbin(const unsigned char *image)
{
	static const unsigned char magic[] = {0x50, 0xed, 0x55, 0xba};

	return memcmp(image, magic, sizeof(magic)) == 0;
}

/* Refuses nvcc's image as the test asks for. */
static cuda_result fatbin_code(int device)
{
	if (fake.params.image_breaks)
		fake.devices[device].sticky = fake.params.image_breaks;
	return fake.params.fatbin_code;
}

static bool is_module(const void *module)
{
	return fake.modules > 0 && (module == &fake.modules || module == &fake.fatbins);
}

cuda_result fake_cuModuleLoadData(cuda_module *module, const void *image)
{
	int device;
	FAKE_TRY_ENTER(cuModuleLoadData);
	TRY(fake_capture_allows());
	TRY(fake_here(&device));
	if (fake.params.no_image) {
		fake.devices[device].sticky = fake.params.image_breaks;
		return CUDA_NO_BINARY_FOR_GPU;
	}
	if (is_fatbin(image) ? fake.params.no_fatbin
	                     : strstr(image, ".entry vres_leaf_hash") == NULL)
		return is_fatbin(image) ? CUDA_UNSUPPORTED_PTX_VERSION : CUDA_INVALID_IMAGE;
	if (fake_judge_is_wanted() && (is_fatbin(image) || !fake_judge_load(image)))
		return is_fatbin(image) ? CUDA_NO_BINARY_FOR_GPU : CUDA_INVALID_PTX;
	if (is_fatbin(image) && !fake.params.lazy)
		TRY(fatbin_code(device));
	*module = is_fatbin(image) ? &fake.fatbins : &fake.modules;
	fake.modules++;
	fake.fatbins += is_fatbin(image);
	return CUDA_OK;
}

cuda_result fake_cuModuleUnload(cuda_module module)
{
	FAKE_ENTER(cuModuleUnload);
	TRY(fake_capture_allows());
	if (stack.n == 0 || !fake_is_inside(stack.at[stack.n - 1]->device))
		return CUDA_INVALID_CONTEXT;
	if (!is_module(module))
		return CUDA_INVALID_HANDLE;
	fake.modules--;
	fake.fatbins -= module == &fake.fatbins;
	return call.code;
}

cuda_result fake_cuModuleGetFunction(cuda_function *function, cuda_module module, const char *name)
{
	int device;
	FAKE_TRY_ENTER(cuModuleGetFunction);
	TRY(fake_here(&device));
	if (!is_module(module))
		return CUDA_NOT_FOUND;
	if (module == &fake.fatbins && fake.params.lazy)
		TRY(fatbin_code(device));
	*function = strncmp(name, "vres_leaf_hash", 14) == 0 ? FAKE_KERNEL_HASH
	            : strcmp(name, "vres_stamp") == 0        ? FAKE_KERNEL_STAMP
	                                                     : NULL;
	return *function ? CUDA_OK : CUDA_NOT_FOUND;
}

/* These settings belong to the process, so no context is needed.  Each has a size of its own. */
cuda_result fake_cuCoredumpGetAttributeGlobal(cuda_coredump_setting setting, void *value,
                                              size_t *bytes)
{
	FAKE_TRY_ENTER(cuCoredumpGetAttributeGlobal);
	switch (setting) {
	case CUDA_COREDUMP_ON_EXCEPTION:
	case CUDA_COREDUMP_USER_TRIGGER:
	case CUDA_COREDUMP_LIGHTWEIGHT:
		if (*bytes != 1)
			return CUDA_INVALID_VALUE;
		*(unsigned char *)value =
			setting == CUDA_COREDUMP_LIGHTWEIGHT    ? fake.params.core_dump_light
			: setting == CUDA_COREDUMP_ON_EXCEPTION ? fake.params.core_dump
								: false;
		return CUDA_OK;
	case CUDA_COREDUMP_FLAGS:
		if (*bytes != sizeof(int) || fake.params.version < 12050)
			return CUDA_INVALID_VALUE;
		*(int *)value = fake.params.core_dump_flags;
		return CUDA_OK;
	default: return CUDA_INVALID_VALUE;
	}
}

struct symbol {
	const char *name;
	int version;
	void (*function)(void);
};

#define SYMBOL(name, version, parameters) {#name, version, (void (*)(void))fake_##name},
static const struct symbol symbols[] = {CUDA_FUNCTIONS(SYMBOL) CUDA_OPTIONAL_FUNCTIONS(SYMBOL)
                                                FAKE_GRAPH_FUNCTIONS(SYMBOL)};
#undef SYMBOL

cuda_result cuGetProcAddress_v2(const char *symbol, void **function, int version, uint64_t flags,
                                void *status);

/* The only symbol that the backend looks up by name. */
__attribute__((visibility("default"))) cuda_result
cuGetProcAddress_v2(const char *symbol, void **function, int version, uint64_t flags, void *status)
{
	FAKE_TRY_ENTER(cuGetProcAddress);
	(void)flags;
	(void)status;
	if (version > fake.params.version && fake.params.version != 0)
		return CUDA_INVALID_VALUE;
	*function = NULL;
	for (size_t i = 0; i < sizeof(symbols) / sizeof(symbols[0]); i++) {
		const bool missing =
			fake.params.missing && strcmp(symbol, fake.params.missing) == 0;

		if (strcmp(symbols[i].name, symbol) == 0 && symbols[i].version == version &&
		    !missing)
			memcpy(function, &symbols[i].function, sizeof(*function));
	}
	return CUDA_OK;
}
