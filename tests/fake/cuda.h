/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The fake CUDA driver's functions.  state.c has devices, contexts and modules; memory.c memory; pointer.c addresses; queue.c streams. */
#ifndef TESTS_FAKE_CUDA_FRONT_H
#define TESTS_FAKE_CUDA_FRONT_H

#include "model.h"

/* Functions by number. */
enum fake_function {
#define FAKE_FUNCTION_NUMBER(name, version, parameters) FAKE_##name,
	CUDA_FUNCTIONS(FAKE_FUNCTION_NUMBER) CUDA_OPTIONAL_FUNCTIONS(FAKE_FUNCTION_NUMBER)
#undef FAKE_FUNCTION_NUMBER
		FAKE_cuGetProcAddress,
	FAKE_FUNCTIONS
};

/* Every function of the driver. */
#define FAKE_DECLARE(name, version, parameters) cuda_result fake_##name parameters;
CUDA_FUNCTIONS(FAKE_DECLARE)
CUDA_OPTIONAL_FUNCTIONS(FAKE_DECLARE)
#undef FAKE_DECLARE

#endif
