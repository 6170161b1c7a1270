/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The part of the HIP runtime's binary interface that is used here: types, numbers, prototypes.  It
 * is written out so that building needs no ROCm; abi_check.c compares it with hip_runtime_api.h
 * where there is one.
 *
 * ROCm 6 renumbered the types of memory and moved the fields of the device properties.  Both forms
 * are here; the version of the loaded runtime says which of them applies.
 */
#ifndef VRES_BACKENDS_HIP_HIP_ABI_H
#define VRES_BACKENDS_HIP_HIP_ABI_H

#include <stddef.h>
#include <stdint.h>

struct hip_uuid {
	char bytes[16];
};

struct hip_pointer_facts {
	int type; /* HIP5_MEMORY_x or HIP6_MEMORY_x */
	int device;
	void *device_pointer, *host_pointer;
	int is_managed;
	unsigned int flags;
};

/* Names for the prototypes below.  abi_check.c gives them AMD's types instead. */
#ifndef HIP_ABI_FOREIGN_TYPES
typedef int hip_result;
typedef int hip_device_attribute;
typedef int hip_pointer_attribute;
typedef int hip_copy_kind;
typedef int hip_capture_mode;
typedef void *hip_pointer;
typedef void *hip_stream;
typedef void *hip_module;
typedef void *hip_function;
typedef void hip_properties;
typedef struct hip_uuid hip_uuid;
typedef struct hip_pointer_facts hip_pointer_facts;
#endif

/* X(result, name, parameters) */
#define HIP_FUNCTIONS(X)                                                                           \
	X(hip_result, hipInit, (unsigned int flags))                                               \
	X(hip_result, hipRuntimeGetVersion, (int *version))                                        \
	X(const char *, hipGetErrorName, (hip_result error))                                       \
	X(hip_result, hipPeekAtLastError, (void))                                                  \
	X(hip_result, hipGetLastError, (void))                                                     \
	X(hip_result, hipGetDeviceCount, (int *count))                                             \
	X(hip_result, hipGetDevice, (int *device))                                                 \
	X(hip_result, hipSetDevice, (int device))                                                  \
	X(hip_result, hipDeviceGetName, (char *name, int len, int device))                         \
	X(hip_result, hipDeviceGetUuid, (hip_uuid * uuid, int device))                             \
	X(hip_result, hipDeviceGetPCIBusId, (char *id, int len, int device))                       \
	X(hip_result, hipDeviceTotalMem, (size_t * bytes, int device))                             \
	X(hip_result, hipDeviceGetAttribute,                                                       \
	  (int *value, hip_device_attribute attribute, int device))                                \
	X(hip_result, hipDeviceGetStreamPriorityRange, (int *least, int *greatest))                \
	X(hip_result, hipGetDeviceProperties, (hip_properties * out, int device))                  \
	X(hip_result, hipMemGetInfo, (size_t * available, size_t * total))                         \
	X(hip_result, hipMalloc, (void **pointer, size_t bytes))                                   \
	X(hip_result, hipFree, (void *pointer))                                                    \
	X(hip_result, hipHostMalloc, (void **block, size_t bytes, unsigned int flags))             \
	X(hip_result, hipHostFree, (void *block))                                                  \
	X(hip_result, hipPointerGetAttributes, (hip_pointer_facts * out, const void *pointer))     \
	X(hip_result, hipPointerGetAttribute,                                                      \
	  (void *value, hip_pointer_attribute attribute, hip_pointer pointer))                     \
	X(hip_result, hipMemGetAddressRange,                                                       \
	  (hip_pointer * base, size_t * bytes, hip_pointer pointer))                               \
	X(hip_result, hipMemcpyAsync,                                                              \
	  (void *to, const void *from, size_t bytes, hip_copy_kind kind, hip_stream stream))       \
	X(hip_result, hipMemsetAsync, (void *to, int value, size_t bytes, hip_stream stream))      \
	X(hip_result, hipStreamCreateWithFlags, (hip_stream * stream, unsigned int flags))         \
	X(hip_result, hipStreamCreateWithPriority,                                                 \
	  (hip_stream * stream, unsigned int flags, int priority))                                 \
	X(hip_result, hipStreamDestroy, (hip_stream stream))                                       \
	X(hip_result, hipStreamQuery, (hip_stream stream))                                         \
	X(hip_result, hipStreamSynchronize, (hip_stream stream))                                   \
	X(hip_result, hipModuleLoadData, (hip_module * module, const void *image))                 \
	X(hip_result, hipModuleUnload, (hip_module module))                                        \
	X(hip_result, hipModuleGetFunction,                                                        \
	  (hip_function * function, hip_module module, const char *name))                          \
	X(hip_result, hipModuleLaunchKernel,                                                       \
	  (hip_function function, unsigned int grid_x, unsigned int grid_y, unsigned int grid_z,   \
	   unsigned int block_x, unsigned int block_y, unsigned int block_z,                       \
	   unsigned int shared_bytes, hip_stream stream, void **parameters, void **extra))

/* Functions that may be missing (NULL). */
#define HIP_OPTIONAL_FUNCTIONS(X)                                                                  \
	X(hip_result, hipThreadExchangeStreamCaptureMode, (hip_capture_mode * mode))

/* hipGetDeviceProperties with the layout of ROCm 6; older runtimes do not have it. */
#define HIP6_PROPERTIES_NAME "hipGetDevicePropertiesR0600"

/* Codes that the code names; errors.c has others as numbers. */
enum hip_code {
	HIP_OK = 0,
	HIP_INVALID_VALUE = 1,
	HIP_OUT_OF_MEMORY = 2,
	HIP_INVALID_DEVICE_POINTER = 17,
	HIP_NO_DEVICE = 100,
	HIP_INVALID_DEVICE = 101,
	HIP_INVALID_IMAGE = 200,
	HIP_INVALID_CONTEXT = 201,
	HIP_NO_BINARY_FOR_GPU = 209,
	HIP_INVALID_KERNEL_FILE = 218,
	HIP_INVALID_HANDLE = 400,
	HIP_NOT_FOUND = 500,
	HIP_NOT_READY = 600,
	HIP_ILLEGAL_ADDRESS = 700,
	HIP_CONTEXT_IS_DESTROYED = 709,
	HIP_LAUNCH_FAILURE = 719,
	HIP_NOT_SUPPORTED = 801,
	HIP_UNKNOWN = 999
};

enum hip_device_attribute_number {
	HIP_DEVICE_ECC_ENABLED = 0,
	HIP_DEVICE_CAN_MAP_HOST_MEMORY = 3,
	HIP_DEVICE_INTEGRATED = 16,
	HIP_DEVICE_MANAGED_MEMORY = 24,
	HIP_DEVICE_PROCESSORS = 63,
	HIP_DEVICE_UNIFIED_ADDRESSING = 85,
	HIP_DEVICE_LARGE_BAR = 10011
};

enum hip_pointer_attribute_number { HIP_POINTER_BUFFER_ID = 7 /* of four bytes, unlike CUDA's */ };
enum hip_copy_kind_number { HIP_HOST_TO_DEVICE = 1, HIP_DEVICE_TO_HOST = 2 };

/* As CUDA's: docs/BACKENDS.md, "Graph capture". */
enum hip_capture_mode_number {
	HIP_CAPTURE_GLOBAL = 0,
	HIP_CAPTURE_THREAD_LOCAL = 1,
	HIP_CAPTURE_RELAXED = 2
};

/* The number for device memory in one is the number for host memory in the other. */
enum hip5_memory_type { HIP5_MEMORY_HOST = 0, HIP5_MEMORY_DEVICE = 1 };
enum hip6_memory_type {
	HIP6_MEMORY_UNREGISTERED = 0,
	HIP6_MEMORY_HOST = 1,
	HIP6_MEMORY_DEVICE = 2,
	HIP6_MEMORY_MANAGED = 3
};

/*
 * Where the name of the architecture is in the properties, and room for the properties, which is
 * several times what the layouts so far need.
 */
#define HIP5_PROPERTIES_ARCH 396
#define HIP6_PROPERTIES_ARCH 1160
#define HIP_ARCH_BYTES       256
#define HIP_PROPERTIES_BYTES 8192

#define HIP_STREAM_NON_BLOCKING 1u

/* Versions are major * 10000000 + minor * 100000 + patch. */
#define HIP_VERSION_NEEDED 50100000
#define HIP_VERSION_6      60000000
/* older runtimes report no device as integrated */
#define HIP_VERSION_KNOWS_APUS 60200000

/* Each function's type: hip_fn_hipInit and so on. */
#define HIP_FUNCTION_TYPE(result, name, parameters) typedef result(*hip_fn_##name) parameters;
HIP_FUNCTIONS(HIP_FUNCTION_TYPE)
HIP_OPTIONAL_FUNCTIONS(HIP_FUNCTION_TYPE)
#undef HIP_FUNCTION_TYPE

#endif
