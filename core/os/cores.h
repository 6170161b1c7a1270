/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How many threads can compute at the same time. */
#ifndef VRES_OS_CORES_H
#define VRES_OS_CORES_H

#include <stdint.h>

/*
 * The cores that this thread may use, at least 1: those it may run on, and no more than the quota
 * of its control group, which a container's limit on CPU time sets.
 */
uint32_t vres_os_cores(void);

/*
 * The quota alone, in cores, rounded up; UINT32_MAX: none.  The files are looked for below @root,
 * which is "" but in tests.
 */
uint32_t vres_os_cores_quota(const char *root);

#endif
