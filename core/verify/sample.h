/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which units a sample consists of. */
#ifndef VRES_CORE_VERIFY_SAMPLE_H
#define VRES_CORE_VERIFY_SAMPLE_H

#include "base/error.h"

/*
 * The i-th of @k samples of @n units: one from each of k runs of nearly equal length.  So no unit
 * comes twice, and earlier ones need not be remembered.  Nobody can predict which units are left
 * out.
 */
vres_status vres_verify_sample(uint64_t n, uint64_t k, uint64_t i, uint64_t *unit, vres_error *err);

#endif
