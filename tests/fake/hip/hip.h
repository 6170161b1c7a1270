/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The functions of the fake HIP runtime. hip_state.c has devices and the state of each thread;
 * hip_memory.c memory and addresses; hip_module.c code objects; hip_queue.c streams; hip_exports.c
 * what dlsym() finds.  FAKE_HIP is the version of ROCm that it imitates.
 */
#ifndef TESTS_FAKE_HIP_HIP_H
#define TESTS_FAKE_HIP_HIP_H

#include "hip/hip_abi.h"
#include "fake/driver/model.h"

_Static_assert(HIP_OK == (int)CUDA_OK && HIP_INVALID_VALUE == (int)CUDA_INVALID_VALUE &&
                       HIP_OUT_OF_MEMORY == (int)CUDA_OUT_OF_MEMORY &&
                       HIP_INVALID_CONTEXT == (int)CUDA_INVALID_CONTEXT &&
                       HIP_INVALID_HANDLE == CUDA_INVALID_HANDLE &&
                       HIP_NOT_READY == (int)CUDA_NOT_READY &&
                       HIP_ILLEGAL_ADDRESS == (int)CUDA_ILLEGAL_ADDRESS &&
                       HIP_NOT_SUPPORTED == (int)CUDA_NOT_SUPPORTED &&
                       HIP_CAPTURE_RELAXED == (int)CUDA_CAPTURE_RELAXED &&
                       HIP_CAPTURE_GLOBAL == (int)CUDA_CAPTURE_GLOBAL,
               "the model's codes are HIP's, too");

/* Functions by number. */
enum fake_function {
#define FAKE_FUNCTION_NUMBER(result, name, parameters) FAKE_##name,
	HIP_FUNCTIONS(FAKE_FUNCTION_NUMBER) HIP_OPTIONAL_FUNCTIONS(FAKE_FUNCTION_NUMBER)
#undef FAKE_FUNCTION_NUMBER
		FAKE_hipGetDevicePropertiesR0600,
	FAKE_FUNCTIONS
};
_Static_assert((int)FAKE_FUNCTIONS < FAKE_FUNCTIONS_MAX, "fake.calls has a place for each");

/* Every function of the runtime. hip_exports.c wraps each to keep its answer as the last error. */
#define FAKE_DECLARE(result, name, parameters) result fake_##name parameters;
HIP_FUNCTIONS(FAKE_DECLARE)
HIP_OPTIONAL_FUNCTIONS(FAKE_DECLARE)
#undef FAKE_DECLARE
hip_result fake_hipGetDevicePropertiesR0600(hip_properties *out, int device);

/* Keeps a call's answer for hipGetLastError().  Returns @code. */
hip_result fake_heard(hip_result code);

const char *fake_arch(void);

#endif
