/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Limits and names that reading and writing a line share (docs/FORMAT.md, "Audit log"). */
#ifndef VRES_CORE_AUDIT_FORMAT_FORMAT_H
#define VRES_CORE_AUDIT_FORMAT_FORMAT_H

#include "base/dialect.h"

#define AUDIT_LINE_MAX   8192u /* with the newline */
#define AUDIT_HEX        64u   /* digits of a hash */
#define AUDIT_SESSION    32u   /* digits of a session */
#define AUDIT_TIME       30u   /* characters of a timestamp */
#define AUDIT_NUMBER_MAX ((UINT64_C(1) << 53) - 1)

/* Events that the log records about itself.  The numbers lie above those of vres_event_type. */
enum audit_event {
	AUDIT_OTHER, /* when reading: an event of the library, which is only carried */
	AUDIT_HEADER = 100,
	AUDIT_OPENED,
	AUDIT_REPAIRED,
	AUDIT_LOST,
	AUDIT_EPOCH,
	AUDIT_ROTATED,
	AUDIT_CLOSED
};

#endif
