/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Devices of the fake HIP runtime, and the state of each thread: its current device and last error.
 */
#include <stdio.h>
#include <string.h>
#include "fake/hip/control_hip.h"
#include "fake/hip/hip.h"

#define VERSION (FAKE_HIP == 5 ? 50221153 : FAKE_HIP == 6 ? 60342134 : 70051831)

struct fake fake = FAKE_JUST_LOADED(VERSION);

const int fake_front_version = VERSION;

const char *const fake_function_names[] = {
#define FAKE_FUNCTION_NAME(result, name, parameters) #name,
	HIP_FUNCTIONS(FAKE_FUNCTION_NAME) HIP_OPTIONAL_FUNCTIONS(FAKE_FUNCTION_NAME)
#undef FAKE_FUNCTION_NAME
		HIP6_PROPERTIES_NAME,
	NULL};

static unsigned resets;

/* Each thread begins on the last device, as if an engine had chosen it. */
static _Thread_local struct {
	unsigned reset; /* the reset that the fields below belong to */
	int device, home;
	int error, home_error;
	bool has_engine;
} thread;

static void meet_thread(void)
{
	if (thread.reset == resets)
		return;
	memset(&thread, 0, sizeof(thread));
	thread.reset = resets;
	thread.device = thread.home = fake.params.devices > 0 ? fake.params.devices - 1 : 0;
}

void fake_front_reset(void)
{
	resets++;
}

/* Before ROCm 7, a call that succeeds overwrites an earlier error. */
hip_result fake_heard(hip_result code)
{
	meet_thread();
	if (code != HIP_OK || FAKE_HIP < 7)
		thread.error = code;
	return code;
}

cuda_result fake_here(int *device)
{
	meet_thread();
	if (fake.params.devices == 0)
		return HIP_NO_DEVICE;
	*device = thread.device;
	return fake.devices[thread.device].sticky;
}

bool fake_is_inside(int device)
{
	meet_thread();
	return thread.device == device;
}

/*
 * Counts like the depth of a stack of contexts: one for an engine, and one each for a device and an
 * error that were not restored.
 */
unsigned fake_depth(void)
{
	meet_thread();
	return (thread.has_engine ? 1u : 0u) + (thread.device != thread.home ? 1u : 0u) +
	       (thread.error != thread.home_error ? 1u : 0u);
}

const void *fake_current(void)
{
	meet_thread();
	return thread.has_engine ? &fake.devices[thread.device] : NULL;
}

void fake_engine_enter(void)
{
	meet_thread();
	thread.has_engine = true;
}

void fake_hip_engine_error(int code)
{
	meet_thread();
	thread.error = thread.home_error = code;
}

const char *fake_arch(void)
{
	return fake.params.arch ? fake.params.arch : "gfx90a:sramecc+:xnack-";
}

static bool is_device(int device)
{
	return device >= 0 && device < fake.params.devices;
}

/* Without a GPU, ROCm 5 says "invalid device". */
hip_result fake_hipInit(unsigned int flags)
{
	FAKE_TRY_ENTER(hipInit);
	if (fake.params.devices == 0)
		return FAKE_HIP == 5 ? HIP_INVALID_DEVICE : HIP_NO_DEVICE;
	return flags == 0 ? HIP_OK : HIP_INVALID_VALUE;
}

hip_result fake_hipRuntimeGetVersion(int *version)
{
	FAKE_TRY_ENTER(hipRuntimeGetVersion);
	*version = fake.params.version;
	return HIP_OK;
}

const char *fake_hipGetErrorName(hip_result error)
{
	switch (error) {
	case HIP_OUT_OF_MEMORY: return "hipErrorOutOfMemory";
	case HIP_NO_DEVICE: return "hipErrorNoDevice";
	case HIP_ILLEGAL_ADDRESS: return "hipErrorIllegalAddress";
	case HIP_UNKNOWN: return "hipErrorUnknown";
	default: return NULL;
	}
}

hip_result fake_hipPeekAtLastError(void)
{
	FAKE_TRY_ENTER(hipPeekAtLastError);
	meet_thread();
	return thread.error;
}

hip_result fake_hipGetLastError(void)
{
	int error;
	FAKE_ENTER(hipGetLastError);
	meet_thread();
	error = thread.error;
	thread.error = HIP_OK;
	return call.code != HIP_OK ? call.code : error;
}

hip_result fake_hipGetDeviceCount(int *count)
{
	FAKE_TRY_ENTER(hipGetDeviceCount);
	*count = fake.params.devices;
	return fake.params.devices == 0 ? HIP_NO_DEVICE : HIP_OK;
}

hip_result fake_hipGetDevice(int *device)
{
	FAKE_TRY_ENTER(hipGetDevice);
	meet_thread();
	*device = thread.device;
	return fake.params.devices == 0 ? HIP_NO_DEVICE : HIP_OK;
}

hip_result fake_hipSetDevice(int device)
{
	FAKE_TRY_ENTER(hipSetDevice);
	if (!is_device(device))
		return HIP_INVALID_DEVICE;
	meet_thread();
	thread.device = device;
	return HIP_OK;
}

/* The runtime's table of names lacks some devices. */
hip_result fake_hipDeviceGetName(char *name, int len, int device)
{
	FAKE_TRY_ENTER(hipDeviceGetName);
	if (!is_device(device))
		return HIP_INVALID_DEVICE;
	(void)snprintf(name, (size_t)len, "%s", fake.params.no_number ? "" : "Fake AMD GPU");
	return HIP_OK;
}

hip_result fake_hipDeviceGetUuid(hip_uuid *uuid, int device)
{
	char digits[17];
	FAKE_TRY_ENTER(hipDeviceGetUuid);
	if (!is_device(device))
		return HIP_INVALID_DEVICE;
	(void)snprintf(digits, sizeof(digits), "fa0000000000000%x", (unsigned)device % 16);
	memset(uuid->bytes, 0, sizeof(uuid->bytes));
	memcpy(uuid->bytes, fake.params.no_number ? "XX" : digits, fake.params.no_number ? 2 : 16);
	return HIP_OK;
}

hip_result fake_hipDeviceGetPCIBusId(char *id, int len, int device)
{
	FAKE_TRY_ENTER(hipDeviceGetPCIBusId);
	if (!is_device(device))
		return HIP_INVALID_DEVICE;
	(void)snprintf(id, (size_t)len, "0000:%02x:00.0", (unsigned)device + 1);
	return HIP_OK;
}

hip_result fake_hipDeviceTotalMem(size_t *bytes, int device)
{
	FAKE_TRY_ENTER(hipDeviceTotalMem);
	if (!is_device(device))
		return HIP_INVALID_DEVICE;
	*bytes = fake.params.bytes_per_device;
	return HIP_OK;
}

/* ECC is never reported, and APUs are not reported before ROCm 6.2. */
hip_result fake_hipDeviceGetAttribute(int *value, hip_device_attribute attribute, int device)
{
	FAKE_TRY_ENTER(hipDeviceGetAttribute);
	if (!is_device(device))
		return HIP_INVALID_DEVICE;
	switch (attribute) {
	case HIP_DEVICE_PROCESSORS:
		*value = fake.params.processors ? fake.params.processors : 4;
		return fake.params.processors < 0 ? HIP_INVALID_VALUE : HIP_OK;
	case HIP_DEVICE_INTEGRATED:
		*value = fake.params.integrated && fake.params.version >= HIP_VERSION_KNOWS_APUS;
		return HIP_OK;
	case HIP_DEVICE_ECC_ENABLED: *value = 0; return HIP_OK;
	case HIP_DEVICE_UNIFIED_ADDRESSING:
	case HIP_DEVICE_MANAGED_MEMORY:
	case HIP_DEVICE_LARGE_BAR: *value = 1; return HIP_OK;
	default: return HIP_INVALID_VALUE;
	}
}

/* Fills the whole structure, so that a read at a wrong offset finds rubbish. */
static hip_result properties(void *out, int device, size_t bytes, size_t arch)
{
	if (!is_device(device))
		return HIP_INVALID_DEVICE;
	memset(out, 0x55, bytes);
	(void)snprintf((char *)out + arch, HIP_ARCH_BYTES, "%s", fake_arch());
	return HIP_OK;
}

hip_result fake_hipGetDeviceProperties(hip_properties *out, int device)
{
	FAKE_TRY_ENTER(hipGetDeviceProperties);
	return properties(out, device, 792, HIP5_PROPERTIES_ARCH);
}

hip_result fake_hipGetDevicePropertiesR0600(hip_properties *out, int device)
{
	FAKE_TRY_ENTER(hipGetDevicePropertiesR0600);
	return properties(out, device, 1472, HIP6_PROPERTIES_ARCH);
}
