/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Asserts that hip_abi.h says what AMD's hip_runtime_api.h says.  Compiled where ROCm's headers are
 * found, and never linked.
 */
#include <hip/hip_runtime_api.h>
#include <hip/hip_version.h>

#define HIP_ABI_FOREIGN_TYPES
typedef hipError_t hip_result;
typedef hipDeviceAttribute_t hip_device_attribute;
typedef hipPointer_attribute hip_pointer_attribute;
typedef hipMemcpyKind hip_copy_kind;
typedef hipStreamCaptureMode hip_capture_mode;
typedef hipDeviceptr_t hip_pointer;
typedef hipStream_t hip_stream;
typedef hipModule_t hip_module;
typedef hipFunction_t hip_function;
typedef hipDeviceProp_t hip_properties;
typedef hipUUID hip_uuid;
typedef hipPointerAttribute_t hip_pointer_facts;
#include "hip/hip_abi.h"
#include "gpu/abi_check.h"

/* With AMD's types, each of our prototypes is AMD's. */
#define SAME_FUNCTION(result, name, parameters) SAME_PROTOTYPE(hip_fn_##name, __typeof__(&name));
HIP_FUNCTIONS(SAME_FUNCTION)
HIP_OPTIONAL_FUNCTIONS(SAME_FUNCTION)

/* Our types have the size of theirs. */
SAME_SIZE(int, hipError_t);
SAME_SIZE(int, hipDevice_t);
SAME_SIZE(int, hipDeviceAttribute_t);
SAME_SIZE(int, hipPointer_attribute);
SAME_SIZE(int, hipMemcpyKind);
SAME_SIZE(int, hipStreamCaptureMode);
SAME_SIZE(void *, hipDeviceptr_t);
SAME_SIZE(struct hip_uuid, hipUUID);
SAME_SIZE(struct hip_pointer_facts, hipPointerAttribute_t);
_Static_assert(sizeof(hipDeviceProp_t) <= HIP_PROPERTIES_BYTES,
               "more properties than there is room for");

SAME_FIELD(struct hip_pointer_facts, device, hipPointerAttribute_t, device);
SAME_FIELD(struct hip_pointer_facts, device_pointer, hipPointerAttribute_t, devicePointer);
SAME_FIELD(struct hip_pointer_facts, host_pointer, hipPointerAttribute_t, hostPointer);
SAME_FIELD(struct hip_pointer_facts, is_managed, hipPointerAttribute_t, isManaged);
SAME_FIELD(struct hip_pointer_facts, flags, hipPointerAttribute_t, allocationFlags);

SAME_NUMBER(HIP_OK, hipSuccess);
SAME_NUMBER(HIP_INVALID_VALUE, hipErrorInvalidValue);
SAME_NUMBER(HIP_OUT_OF_MEMORY, hipErrorOutOfMemory);
SAME_NUMBER(HIP_INVALID_DEVICE_POINTER, hipErrorInvalidDevicePointer);
SAME_NUMBER(HIP_NO_DEVICE, hipErrorNoDevice);
SAME_NUMBER(HIP_INVALID_DEVICE, hipErrorInvalidDevice);
SAME_NUMBER(HIP_INVALID_IMAGE, hipErrorInvalidImage);
SAME_NUMBER(HIP_INVALID_CONTEXT, hipErrorInvalidContext);
SAME_NUMBER(HIP_NO_BINARY_FOR_GPU, hipErrorNoBinaryForGpu);
SAME_NUMBER(HIP_INVALID_KERNEL_FILE, hipErrorInvalidKernelFile);
SAME_NUMBER(HIP_INVALID_HANDLE, hipErrorInvalidHandle);
SAME_NUMBER(HIP_NOT_FOUND, hipErrorNotFound);
SAME_NUMBER(HIP_NOT_READY, hipErrorNotReady);
SAME_NUMBER(HIP_ILLEGAL_ADDRESS, hipErrorIllegalAddress);
SAME_NUMBER(HIP_CONTEXT_IS_DESTROYED, hipErrorContextIsDestroyed);
SAME_NUMBER(HIP_LAUNCH_FAILURE, hipErrorLaunchFailure);
SAME_NUMBER(HIP_NOT_SUPPORTED, hipErrorNotSupported);
SAME_NUMBER(HIP_UNKNOWN, hipErrorUnknown);
SAME_NUMBER(HIP_DEVICE_ECC_ENABLED, hipDeviceAttributeEccEnabled);
SAME_NUMBER(HIP_DEVICE_CAN_MAP_HOST_MEMORY, hipDeviceAttributeCanMapHostMemory);
SAME_NUMBER(HIP_DEVICE_INTEGRATED, hipDeviceAttributeIntegrated);
SAME_NUMBER(HIP_DEVICE_MANAGED_MEMORY, hipDeviceAttributeManagedMemory);
SAME_NUMBER(HIP_DEVICE_PROCESSORS, hipDeviceAttributeMultiprocessorCount);
SAME_NUMBER(HIP_DEVICE_UNIFIED_ADDRESSING, hipDeviceAttributeUnifiedAddressing);
SAME_NUMBER(HIP_DEVICE_LARGE_BAR, hipDeviceAttributeIsLargeBar);
SAME_NUMBER(HIP_POINTER_BUFFER_ID, HIP_POINTER_ATTRIBUTE_BUFFER_ID);
SAME_NUMBER(HIP_HOST_TO_DEVICE, hipMemcpyHostToDevice);
SAME_NUMBER(HIP_DEVICE_TO_HOST, hipMemcpyDeviceToHost);
SAME_NUMBER(HIP_CAPTURE_GLOBAL, hipStreamCaptureModeGlobal);
SAME_NUMBER(HIP_CAPTURE_THREAD_LOCAL, hipStreamCaptureModeThreadLocal);
SAME_NUMBER(HIP_CAPTURE_RELAXED, hipStreamCaptureModeRelaxed);
SAME_NUMBER(HIP_STREAM_NON_BLOCKING, hipStreamNonBlocking);
SAME_NUMBER(0, hipHostMallocDefault);

/* What ROCm 6 changed.  Headers of one version can check only that version. */
#if HIP_VERSION >= HIP_VERSION_6
SAME_NUMBER(HIP6_MEMORY_UNREGISTERED, hipMemoryTypeUnregistered);
SAME_NUMBER(HIP6_MEMORY_HOST, hipMemoryTypeHost);
SAME_NUMBER(HIP6_MEMORY_DEVICE, hipMemoryTypeDevice);
SAME_NUMBER(HIP6_MEMORY_MANAGED, hipMemoryTypeManaged);
SAME_NUMBER(HIP6_PROPERTIES_ARCH, offsetof(hipDeviceProp_t, gcnArchName));
SAME_PROTOTYPE(hip_fn_hipGetDeviceProperties, __typeof__(&hipGetDevicePropertiesR0600));
#else
SAME_NUMBER(HIP5_MEMORY_HOST, hipMemoryTypeHost);
SAME_NUMBER(HIP5_MEMORY_DEVICE, hipMemoryTypeDevice);
SAME_NUMBER(HIP5_PROPERTIES_ARCH, offsetof(hipDeviceProp_t, gcnArchName));
#endif
_Static_assert(sizeof(((hipDeviceProp_t *)0)->gcnArchName) == HIP_ARCH_BYTES,
               "gcnArchName has another size");
