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
 * Adds the notes that any GPU has about what host and device memory may share.  The three are what
 * the driver says; none of them says where a buffer is.
 */
void gpu_note_sharing(vres_device_props *props, bool has_unified_addressing,
                      bool has_managed_memory, bool can_map_host_memory);

/*
 * Is this a guest of WSL?  There, the host's memory manager can move device memory out, and nothing
 * in the guest can tell.
 */
bool gpu_host_is_unverifiable(void);

#endif
