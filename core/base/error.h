/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Raising an error: one sentence that fills the caller's detail and returns the status. */
#ifndef VRES_CORE_BASE_ERROR_H
#define VRES_CORE_BASE_ERROR_H

#include "base/dialect.h"

/*
 * Fill *err, if there is one, and return @status.  The message names kind and position, never the
 * input, an address or a key.
 */
__attribute__((format(printf, 3, 4))) vres_status vres_fail(vres_error *err, vres_status status,
                                                            const char *format, ...);

/* The same with a reason and a device. */
__attribute__((format(printf, 5, 6))) vres_status vres_fail_at(vres_error *err, vres_status status,
                                                               vres_reason reason,
                                                               uint32_t gpu_device,
                                                               const char *format, ...);

/* An argument that must be given: VRES_E_INVALID_INPUT if @pointer is NULL. */
vres_status vres_check_given(const void *pointer, const char *what, vres_error *err);

/* VRES_E_INSUFFICIENT_VRAM, with its two numbers. */
vres_status vres_fail_vram(vres_error *err, uint32_t gpu_device, uint64_t needed,
                           uint64_t available);

/*
 * What a source of the caller's answered, asked for bytes from @at on: VRES_E_CANCELLED if it says
 * so, VRES_E_IO for whatever else it returns.
 */
vres_status vres_check_source(vres_status answer, uint64_t at, vres_error *err);

/* Hand a detail that was kept aside to the caller, if it wants one. */
vres_status vres_fail_with(vres_error *err, const vres_error *detail);

/* The word for a reason in events and log lines: "digest_mismatch", ... */
const char *vres_reason_word(uint32_t reason);

#endif
