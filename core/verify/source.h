/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The bytes as they were sealed, as the caller of a verification or a repair has them. */
#ifndef VRES_CORE_VERIFY_SOURCE_H
#define VRES_CORE_VERIFY_SOURCE_H

#include "verify/check.h"

/*
 * @n bytes of the source of @v from byte @at on.  VRES_E_CANCELLED if it says so; VRES_E_IO for
 * whatever else it returns.  Meanwhile who waits for this check from within the source, and so
 * would wait for ever, is refused.
 */
vres_status vres_verify_read_source(const struct verification *v, uint64_t at, void *buffer,
                                    size_t n, vres_error *err);

#endif
