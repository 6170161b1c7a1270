/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The part of the CUDA driver's binary interface that is used here: types, numbers, and each
 * function with the version of its prototype.  It is written out so that building needs no NVIDIA
 * header; abi_check.c compares it with cuda.h where there is one.
 */
#ifndef VRES_BACKENDS_CUDA_CUDA_ABI_H
#define VRES_BACKENDS_CUDA_CUDA_ABI_H

#include <stddef.h>
#include <stdint.h>

struct cuda_location {
	int type; /* CUDA_LOCATION_x */
	int id;
};

struct cuda_alloc_prop {
	int type; /* CUDA_ALLOC_x */
	int handle_types;
	struct cuda_location location;
	void *win32_metadata;
	unsigned char compression;
	unsigned char rdma_capable;
	unsigned short usage;
	unsigned char reserved[4];
};

struct cuda_access {
	struct cuda_location location;
	int flags; /* CUDA_ACCESS_x */
};

struct cuda_uuid {
	char bytes[16];
};

/* Names for the prototypes below.  abi_check.c gives them NVIDIA's types instead. */
#ifndef CUDA_ABI_FOREIGN_TYPES
typedef int cuda_result;
typedef int cuda_device;
typedef int cuda_device_attribute;
typedef int cuda_pointer_attribute;
typedef int cuda_granularity_option;
typedef int cuda_coredump_setting;
typedef int cuda_access_rights;
typedef int cuda_capture_mode;
typedef unsigned long long cuda_pointer;
typedef unsigned long long cuda_handle;
typedef void *cuda_context;
typedef void *cuda_stream;
typedef void *cuda_module;
typedef void *cuda_function;
typedef void *cuda_pool;
typedef struct cuda_uuid cuda_uuid;
typedef struct cuda_location cuda_location;
typedef struct cuda_alloc_prop cuda_alloc_prop;
typedef struct cuda_access cuda_access;
#endif

/* X(name, version of the interface, parameters) */
#define CUDA_FUNCTIONS(X)                                                                          \
	X(cuInit, 2000, (unsigned int flags))                                                      \
	X(cuDriverGetVersion, 2020, (int *version))                                                \
	X(cuGetErrorName, 6000, (cuda_result error, const char **name))                            \
	X(cuDeviceGetCount, 2000, (int *count))                                                    \
	X(cuDeviceGet, 2000, (cuda_device * device, int ordinal))                                  \
	X(cuDeviceGetName, 2000, (char *name, int len, cuda_device device))                        \
	X(cuDeviceGetUuid, 11040, (cuda_uuid * uuid, cuda_device device))                          \
	X(cuDeviceTotalMem, 3020, (size_t * bytes, cuda_device device))                            \
	X(cuDeviceGetAttribute, 2000,                                                              \
	  (int *value, cuda_device_attribute attribute, cuda_device device))                       \
	X(cuDeviceGetPCIBusId, 4010, (char *id, int len, cuda_device device))                      \
	X(cuDevicePrimaryCtxRetain, 7000, (cuda_context * context, cuda_device device))            \
	X(cuDevicePrimaryCtxRelease, 11000, (cuda_device device))                                  \
	X(cuCtxPushCurrent, 4000, (cuda_context context))                                          \
	X(cuCtxPopCurrent, 4000, (cuda_context * context))                                         \
	X(cuCtxGetStreamPriorityRange, 5050, (int *least, int *greatest))                          \
	X(cuMemGetInfo, 3020, (size_t * available, size_t * total))                                \
	X(cuMemAlloc, 3020, (cuda_pointer * pointer, size_t bytes))                                \
	X(cuMemFree, 3020, (cuda_pointer pointer))                                                 \
	X(cuMemGetAddressRange, 3020, (cuda_pointer * base, size_t * bytes, cuda_pointer pointer)) \
	X(cuMemHostAlloc, 2020, (void **block, size_t bytes, unsigned int flags))                  \
	X(cuMemFreeHost, 2000, (void *block))                                                      \
	X(cuMemcpyHtoDAsync, 3020,                                                                 \
	  (cuda_pointer to, const void *from, size_t bytes, cuda_stream stream))                   \
	X(cuMemcpyDtoHAsync, 3020,                                                                 \
	  (void *to, cuda_pointer from, size_t bytes, cuda_stream stream))                         \
	X(cuMemsetD8Async, 3020,                                                                   \
	  (cuda_pointer to, unsigned char value, size_t bytes, cuda_stream stream))                \
	X(cuStreamCreate, 2000, (cuda_stream * stream, unsigned int flags))                        \
	X(cuStreamCreateWithPriority, 5050,                                                        \
	  (cuda_stream * stream, unsigned int flags, int priority))                                \
	X(cuStreamDestroy, 4000, (cuda_stream stream))                                             \
	X(cuStreamQuery, 2000, (cuda_stream stream))                                               \
	X(cuStreamSynchronize, 2000, (cuda_stream stream))                                         \
	X(cuModuleLoadData, 2000, (cuda_module * module, const void *image))                       \
	X(cuModuleUnload, 2000, (cuda_module module))                                              \
	X(cuModuleGetFunction, 2000,                                                               \
	  (cuda_function * function, cuda_module module, const char *name))                        \
	X(cuLaunchKernel, 4000,                                                                    \
	  (cuda_function function, unsigned int grid_x, unsigned int grid_y, unsigned int grid_z,  \
	   unsigned int block_x, unsigned int block_y, unsigned int block_z,                       \
	   unsigned int shared_bytes, cuda_stream stream, void **parameters, void **extra))        \
	X(cuPointerGetAttribute, 4000,                                                             \
	  (void *value, cuda_pointer_attribute attribute, cuda_pointer pointer))                   \
	X(cuPointerGetAttributes, 7000,                                                            \
	  (unsigned int count, cuda_pointer_attribute *attributes, void **values,                  \
	   cuda_pointer pointer))                                                                  \
	X(cuMemAddressReserve, 10020,                                                              \
	  (cuda_pointer * pointer, size_t bytes, size_t alignment, cuda_pointer address,           \
	   unsigned long long flags))                                                              \
	X(cuMemAddressFree, 10020, (cuda_pointer pointer, size_t bytes))                           \
	X(cuMemCreate, 10020,                                                                      \
	  (cuda_handle * handle, size_t bytes, const cuda_alloc_prop *prop,                        \
	   unsigned long long flags))                                                              \
	X(cuMemRelease, 10020, (cuda_handle handle))                                               \
	X(cuMemMap, 10020,                                                                         \
	  (cuda_pointer pointer, size_t bytes, size_t offset, cuda_handle handle,                  \
	   unsigned long long flags))                                                              \
	X(cuMemUnmap, 10020, (cuda_pointer pointer, size_t bytes))                                 \
	X(cuMemSetAccess, 10020,                                                                   \
	  (cuda_pointer pointer, size_t bytes, const cuda_access *access, size_t count))           \
	X(cuMemGetAccess, 10020,                                                                   \
	  (unsigned long long *flags, const cuda_location *location, cuda_pointer pointer))        \
	X(cuMemGetAllocationGranularity, 10020,                                                    \
	  (size_t * bytes, const cuda_alloc_prop *prop, cuda_granularity_option option))           \
	X(cuMemRetainAllocationHandle, 11000, (cuda_handle * handle, void *address))               \
	X(cuMemGetAllocationPropertiesFromHandle, 10020,                                           \
	  (cuda_alloc_prop * prop, cuda_handle handle))

/* Functions that may be missing (NULL), because older drivers lack them. */
#define CUDA_OPTIONAL_FUNCTIONS(X)                                                                 \
	X(cuThreadExchangeStreamCaptureMode, 10010, (cuda_capture_mode * mode))                    \
	X(cuMemPoolGetAccess, 11020,                                                               \
	  (cuda_access_rights * rights, cuda_pool pool, cuda_location * location))                 \
	X(cuCoredumpGetAttributeGlobal, 12010,                                                     \
	  (cuda_coredump_setting setting, void *value, size_t *bytes))

/* Codes that the code names; errors.c has others as numbers. */
enum cuda_code {
	CUDA_OK = 0,
	CUDA_INVALID_VALUE = 1,
	CUDA_OUT_OF_MEMORY = 2,
	CUDA_STUB_LIBRARY = 34,
	CUDA_NO_DEVICE = 100,
	CUDA_INVALID_DEVICE = 101,
	CUDA_INVALID_IMAGE = 200,
	CUDA_INVALID_CONTEXT = 201,
	CUDA_NO_BINARY_FOR_GPU = 209,
	CUDA_INVALID_PTX = 218,
	CUDA_JIT_COMPILER_NOT_FOUND = 221,
	CUDA_UNSUPPORTED_PTX_VERSION = 222,
	CUDA_JIT_COMPILATION_DISABLED = 223,
	CUDA_NOT_FOUND = 500,
	CUDA_NOT_READY = 600,
	CUDA_ILLEGAL_ADDRESS = 700,
	CUDA_NOT_SUPPORTED = 801,
	CUDA_SYSTEM_NOT_READY = 802,
	CUDA_DRIVER_MISMATCH = 803,
	CUDA_COMPAT_NOT_SUPPORTED = 804,
	CUDA_MPS_CONNECTION_FAILED = 805,
	CUDA_UNKNOWN = 999
};

enum cuda_device_attribute_number {
	CUDA_DEVICE_PROCESSORS = 16,
	CUDA_DEVICE_INTEGRATED = 18,
	CUDA_DEVICE_CAN_MAP_HOST_MEMORY = 19,
	CUDA_DEVICE_ECC_ENABLED = 32,
	CUDA_DEVICE_UNIFIED_ADDRESSING = 41,
	CUDA_DEVICE_CC_MAJOR = 75,
	CUDA_DEVICE_CC_MINOR = 76,
	CUDA_DEVICE_MANAGED_MEMORY = 83,
	CUDA_DEVICE_PAGEABLE_HOST_TABLES = 100,
	CUDA_DEVICE_VMM = 102,
	CUDA_DEVICE_DMA_BUF = 124,
	CUDA_DEVICE_NUMA_CONFIG = 130,
	CUDA_DEVICE_MPS = 133
};

enum cuda_pointer_attribute_number {
	CUDA_POINTER_MEMORY_TYPE = 2,
	CUDA_POINTER_BUFFER_ID = 7,
	CUDA_POINTER_IS_MANAGED = 8,
	CUDA_POINTER_DEVICE_ORDINAL = 9,
	CUDA_POINTER_IS_LEGACY_IPC_CAPABLE = 10,
	CUDA_POINTER_MAPPED = 13,
	CUDA_POINTER_ALLOWED_HANDLE_TYPES = 14,
	CUDA_POINTER_IS_RDMA_CAPABLE = 15,
	CUDA_POINTER_POOL = 17,
	CUDA_POINTER_MAPPING_SIZE = 18,
	CUDA_POINTER_MAPPING_BASE = 19,
	CUDA_POINTER_BLOCK_ID = 20
};

enum cuda_coredump_setting_number {
	CUDA_COREDUMP_ON_EXCEPTION = 1,
	CUDA_COREDUMP_LIGHTWEIGHT = 3,
	CUDA_COREDUMP_USER_TRIGGER = 4,
	CUDA_COREDUMP_FLAGS = 7 /* a driver older than 12.5 does not know it */
};

#define CUDA_COREDUMP_SKIP_GLOBAL_MEMORY 2 /* of the flags */

/* How a thread's calls and captures of graphs get along: docs/BACKENDS.md, "Graph capture". */
enum cuda_capture_mode_number {
	CUDA_CAPTURE_GLOBAL = 0,
	CUDA_CAPTURE_THREAD_LOCAL = 1,
	CUDA_CAPTURE_RELAXED = 2
};

enum cuda_memory_type { CUDA_MEMORY_HOST = 1, CUDA_MEMORY_DEVICE = 2 };
enum cuda_location_type {
	CUDA_LOCATION_DEVICE = 1,
	CUDA_LOCATION_HOST = 2,
	CUDA_LOCATION_HOST_NUMA = 3
};
enum cuda_alloc_type { CUDA_ALLOC_PINNED = 1 };
enum cuda_access_flags { CUDA_ACCESS_NONE = 0, CUDA_ACCESS_READ = 1, CUDA_ACCESS_READ_WRITE = 3 };

#define CUDA_STREAM_NON_BLOCKING   1u
#define CUDA_GRANULARITY_MINIMUM   0
#define CUDA_DRIVER_VERSION_NEEDED 12000

/* The one function that is looked up by name: cuGetProcAddress_v2. */
typedef cuda_result (*cuda_get_proc_address)(const char *symbol, void **function, int version,
                                             uint64_t flags, void *status);

/* Each function's type: cuda_fn_cuInit and so on. */
#define CUDA_FUNCTION_TYPE(name, version, parameters)                                              \
	typedef cuda_result(*cuda_fn_##name) parameters;
CUDA_FUNCTIONS(CUDA_FUNCTION_TYPE)
CUDA_OPTIONAL_FUNCTIONS(CUDA_FUNCTION_TYPE)
#undef CUDA_FUNCTION_TYPE

#endif
