/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The bytes as they were sealed, as the caller of a verification or a repair has them. */
#ifndef VRES_CORE_VERIFY_SOURCE_H
#define VRES_CORE_VERIFY_SOURCE_H

#include "verify/check.h"

/*
 * Read @n bytes of the source of @v from byte @at on.  VRES_E_CANCELLED if the source returns it,
 * otherwise VRES_E_IO if it fails.  Meanwhile calls that would wait for this check return
 * VRES_E_BUSY, since the source itself may make one and would wait for ever.
 */
vres_status vres_verify_read_source(const struct verification *v, uint64_t at, void *buffer,
                                    size_t n, vres_error *err);

#endif
