/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Stands in for the backends that this build does not have: asking for one answers NULL, as vres.h says. */
#include <vres/vres.h>

const vres_backend *vres_backend_hip(void)
{
	return NULL;
}
