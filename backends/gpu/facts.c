/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Facts that any vendor's device may have: notes for people, and whether the host itself can be
 * believed.
 */
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

bool gpu_host_is_unverifiable(void)
{
	struct utsname system;

	return access("/dev/dxg", F_OK) == 0 ||
	       (uname(&system) == 0 && strcasestr(system.release, "microsoft") != NULL);
}
