/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gpu/facts.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

void gpu_note(vres_device_props *props, const char *name, const char *format, ...)
{
	vres_device_note *note = &props->notes[props->notes_count];
	va_list args;

	if (props->notes_count == COUNT_OF(props->notes))
		return;
	props->notes_count++;
	(void)snprintf(note->name, sizeof(note->name), "%s", name);
	va_start(args, format);
	(void)vsnprintf(note->value, sizeof(note->value), format, args);
	va_end(args);
}

void gpu_note_sharing(vres_device_props *props, bool has_unified_addressing,
                      bool has_managed_memory, bool can_map_host_memory)
{
	const char *by_allocation = "possible; asked of each allocation";

	gpu_note(props, "unified_addressing", "%s",
	         has_unified_addressing ? "yes, as on every 64-bit GPU: one address space" : "no");
	gpu_note(props, "unified_memory", "%s",
	         has_managed_memory ? by_allocation : "not supported");
	gpu_note(props, "zero_copy", "%s", can_map_host_memory ? by_allocation : "not supported");
	gpu_note(props, "pinned_staging", "only where policy allows it");
}

bool gpu_host_is_unverifiable(void)
{
	struct utsname system;

	return access("/dev/dxg", F_OK) == 0 ||
	       (uname(&system) == 0 && strcasestr(system.release, "microsoft") != NULL);
}
