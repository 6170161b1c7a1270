/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Facts about a device that do not depend on the vendor. */
#ifndef VRES_BACKENDS_GPU_FACTS_H
#define VRES_BACKENDS_GPU_FACTS_H

#include "gpu/dialect.h"
#include "gpu/objects.h"

/* Adds a note for people to read; does nothing if there is no room for it. */
__attribute__((format(printf, 3, 4))) void gpu_note(vres_device_props *props, const char *name,
                                                    const char *format, ...);

/*
 * Is this a guest of WSL?  There, the host's memory manager can move device memory out, and nothing
 * in the guest can tell.
 */
bool gpu_host_is_unverifiable(void);

#endif
