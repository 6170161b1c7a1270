/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The private dialect: four macros and checked arithmetic.  Nothing else is a macro with a control
 * flow of its own.
 *
 * TRY passes a failure on; CLEANUP releases what a scope holds; TAKE moves it out of the scope.
 * TRY is the only macro that hides a return, and is safe because of CLEANUP: whatever the scope
 * holds is released on the way out.
 */
#ifndef VRES_CORE_BASE_DIALECT_H
#define VRES_CORE_BASE_DIALECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <vres/status.h>

#define TRY(call)                                                                                  \
	do {                                                                                       \
		const vres_status try_status = (call);                                             \
		if (try_status != VRES_OK)                                                         \
			return try_status;                                                         \
	} while (0)

#define CLEANUP(function) __attribute__((cleanup(function), unused))

#define TAKE(object)                                                                               \
	({                                                                                         \
		__typeof__(object) taken = (object);                                               \
		memset(&(object), 0, sizeof(object));                                              \
		taken;                                                                             \
	})

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

#define VRES_SHA256_BYTES 32u

/* *sum = a + b; true if that does not fit. */
static inline bool ckd_add_u64(uint64_t *sum, uint64_t a, uint64_t b)
{
	return __builtin_add_overflow(a, b, sum);
}

/* *product = a * b; true if that does not fit. */
static inline bool ckd_mul_u64(uint64_t *product, uint64_t a, uint64_t b)
{
	return __builtin_mul_overflow(a, b, product);
}

/* How many times b goes into a, rounded up, without overflow. */
static inline uint64_t div_up_u64(uint64_t a, uint64_t b)
{
	return a / b + (a % b != 0);
}

static inline uint64_t min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

#endif
