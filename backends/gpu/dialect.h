/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The few macros that the GPU backends are written with. */
#ifndef VRES_BACKENDS_GPU_DIALECT_H
#define VRES_BACKENDS_GPU_DIALECT_H

/*
 * Returns the code of a call that failed.  Success is 0 in every kind of code used here:
 * vres_status, and the codes of CUDA and HIP.
 */
#define TRY(call)                                                                                  \
	do {                                                                                       \
		const __typeof__(call) try_code = (call);                                          \
		if (try_code != 0)                                                                 \
			return try_code;                                                           \
	} while (0)

/* Calls @function with the variable's address when its scope ends. */
#define CLEANUP(function) __attribute__((cleanup(function), unused))

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

#endif
