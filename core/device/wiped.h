/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Was memory wiped?  A driver may report success for zeros that it did not write. */
#ifndef VRES_CORE_DEVICE_WIPED_H
#define VRES_CORE_DEVICE_WIPED_H

#include "device/device.h"

/*
 * Checks a sample of memory that was wiped, chosen only now: all of it if it is small, else a block
 * from each of RANGES_MAX parts of equal length.  The device hashes it; one that cannot is asked
 * for the bytes.
 *
 * VRES_E_BACKEND: a byte is not zero, or the driver did not do what it reported as done; other
 * errors: it could not be found out.
 */
vres_status vres_mem_check_wiped(const struct vres_mem *mem, uint64_t deadline, vres_error *err);

#endif
