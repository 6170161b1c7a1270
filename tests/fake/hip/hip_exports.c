/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What dlsym() finds in the fake HIP runtime: a wrapper of each function, which keeps its answer as
 * the thread's last error.
 */
#include "fake/hip/hip.h"

#define EXPORT(result, name, parameters)                                                           \
	__attribute__((visibility("default"))) result name parameters
#define DECLARE(result, name, parameters) EXPORT(result, name, parameters);
HIP_FUNCTIONS(DECLARE)
HIP_OPTIONAL_FUNCTIONS(DECLARE)

EXPORT(const char *, hipGetErrorName, (hip_result error))
{
	return fake_hipGetErrorName(error);
}

/* These two read the last error and do not set it. */
EXPORT(hip_result, hipPeekAtLastError, (void))
{
	return fake_hipPeekAtLastError();
}

EXPORT(hip_result, hipGetLastError, (void))
{
	return fake_hipGetLastError();
}

EXPORT(hip_result, hipInit, (unsigned int flags))
{
	return fake_heard(fake_hipInit(flags));
}

EXPORT(hip_result, hipRuntimeGetVersion, (int *version))
{
	return fake_heard(fake_hipRuntimeGetVersion(version));
}

EXPORT(hip_result, hipGetDeviceCount, (int *count))
{
	return fake_heard(fake_hipGetDeviceCount(count));
}

EXPORT(hip_result, hipGetDevice, (int *device))
{
	return fake_heard(fake_hipGetDevice(device));
}

EXPORT(hip_result, hipSetDevice, (int device))
{
	return fake_heard(fake_hipSetDevice(device));
}

EXPORT(hip_result, hipDeviceGetName, (char *name, int len, int device))
{
	return fake_heard(fake_hipDeviceGetName(name, len, device));
}

EXPORT(hip_result, hipDeviceGetUuid, (hip_uuid * uuid, int device))
{
	return fake_heard(fake_hipDeviceGetUuid(uuid, device));
}

EXPORT(hip_result, hipDeviceGetPCIBusId, (char *id, int len, int device))
{
	return fake_heard(fake_hipDeviceGetPCIBusId(id, len, device));
}

EXPORT(hip_result, hipDeviceTotalMem, (size_t * bytes, int device))
{
	return fake_heard(fake_hipDeviceTotalMem(bytes, device));
}

EXPORT(hip_result, hipDeviceGetAttribute, (int *value, hip_device_attribute attribute, int device))
{
	return fake_heard(fake_hipDeviceGetAttribute(value, attribute, device));
}

EXPORT(hip_result, hipGetDeviceProperties, (hip_properties * out, int device))
{
	return fake_heard(fake_hipGetDeviceProperties(out, device));
}

EXPORT(hip_result, hipMemGetInfo, (size_t * available, size_t *total))
{
	return fake_heard(fake_hipMemGetInfo(available, total));
}

EXPORT(hip_result, hipMalloc, (void **pointer, size_t bytes))
{
	return fake_heard(fake_hipMalloc(pointer, bytes));
}

EXPORT(hip_result, hipFree, (void *pointer))
{
	return fake_heard(fake_hipFree(pointer));
}

EXPORT(hip_result, hipHostMalloc, (void **block, size_t bytes, unsigned int flags))
{
	return fake_heard(fake_hipHostMalloc(block, bytes, flags));
}

EXPORT(hip_result, hipHostFree, (void *block))
{
	return fake_heard(fake_hipHostFree(block));
}

EXPORT(hip_result, hipPointerGetAttributes, (hip_pointer_facts * out, const void *pointer))
{
	return fake_heard(fake_hipPointerGetAttributes(out, pointer));
}

EXPORT(hip_result, hipPointerGetAttribute,
       (void *value, hip_pointer_attribute attribute, hip_pointer pointer))
{
	return fake_heard(fake_hipPointerGetAttribute(value, attribute, pointer));
}

EXPORT(hip_result, hipMemGetAddressRange, (hip_pointer * base, size_t *bytes, hip_pointer pointer))
{
	return fake_heard(fake_hipMemGetAddressRange(base, bytes, pointer));
}

EXPORT(hip_result, hipMemcpyAsync,
       (void *to, const void *from, size_t bytes, hip_copy_kind kind, hip_stream stream))
{
	return fake_heard(fake_hipMemcpyAsync(to, from, bytes, kind, stream));
}

EXPORT(hip_result, hipMemsetAsync, (void *to, int value, size_t bytes, hip_stream stream))
{
	return fake_heard(fake_hipMemsetAsync(to, value, bytes, stream));
}

EXPORT(hip_result, hipStreamCreateWithFlags, (hip_stream * stream, unsigned int flags))
{
	return fake_heard(fake_hipStreamCreateWithFlags(stream, flags));
}

EXPORT(hip_result, hipDeviceGetStreamPriorityRange, (int *least, int *greatest))
{
	return fake_heard(fake_hipDeviceGetStreamPriorityRange(least, greatest));
}

EXPORT(hip_result, hipStreamCreateWithPriority,
       (hip_stream * stream, unsigned int flags, int priority))
{
	return fake_heard(fake_hipStreamCreateWithPriority(stream, flags, priority));
}

EXPORT(hip_result, hipStreamDestroy, (hip_stream stream))
{
	return fake_heard(fake_hipStreamDestroy(stream));
}

EXPORT(hip_result, hipStreamQuery, (hip_stream stream))
{
	return fake_heard(fake_hipStreamQuery(stream));
}

EXPORT(hip_result, hipStreamSynchronize, (hip_stream stream))
{
	return fake_heard(fake_hipStreamSynchronize(stream));
}

EXPORT(hip_result, hipThreadExchangeStreamCaptureMode, (hip_capture_mode * mode))
{
	return fake_heard(fake_hipThreadExchangeStreamCaptureMode(mode));
}

EXPORT(hip_result, hipModuleLoadData, (hip_module * module, const void *image))
{
	return fake_heard(fake_hipModuleLoadData(module, image));
}

EXPORT(hip_result, hipModuleUnload, (hip_module module))
{
	return fake_heard(fake_hipModuleUnload(module));
}

EXPORT(hip_result, hipModuleGetFunction,
       (hip_function * function, hip_module module, const char *name))
{
	return fake_heard(fake_hipModuleGetFunction(function, module, name));
}

EXPORT(hip_result, hipModuleLaunchKernel,
       (hip_function function, unsigned int grid_x, unsigned int grid_y, unsigned int grid_z,
        unsigned int block_x, unsigned int block_y, unsigned int block_z, unsigned int shared_bytes,
        hip_stream stream, void **parameters, void **extra))
{
	return fake_heard(fake_hipModuleLaunchKernel(function, grid_x, grid_y, grid_z, block_x,
	                                             block_y, block_z, shared_bytes, stream,
	                                             parameters, extra));
}

#if FAKE_HIP >= 6
EXPORT(hip_result, hipGetDevicePropertiesR0600, (hip_properties * out, int device));
EXPORT(hip_result, hipGetDevicePropertiesR0600, (hip_properties * out, int device))
{
	return fake_heard(fake_hipGetDevicePropertiesR0600(out, device));
}
#endif
