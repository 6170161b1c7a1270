/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which event may stand where (docs/FORMAT.md, "What a checker holds a log to"). */
#ifndef VRES_CORE_AUDIT_CHECK_ORDER_H
#define VRES_CORE_AUDIT_CHECK_ORDER_H

#include "audit/check/state.h"

/*
 * Why a line that proved itself cannot stand where it does, or NULL.  @follows: it comes directly
 * after the last line that proved itself, or is the first line of the log.
 */
const char *audit_order_flaw(const struct vres_audit_checker *c, const struct audit_line *line,
                             uint64_t epoch, bool follows);

/* Count the line in the summary, and make it the last one. */
void audit_order_advance(struct vres_audit_checker *c, const struct audit_line *line,
                         uint64_t epoch);

#endif
