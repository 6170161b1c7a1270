/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lines that the log must have, so that its end is not missing: checkpoint, head kept elsewhere. */
#ifndef VRES_CORE_AUDIT_CHECK_MARKS_H
#define VRES_CORE_AUDIT_CHECK_MARKS_H

#include "audit/check/state.h"

/* Read the checkpoint.  What is wrong with it becomes a finding at the end. */
vres_status audit_marks_checkpoint(struct vres_audit_checker *c, const char *text, size_t n,
                                   vres_error *err);

/* Compare them with a line that proved itself; @epoch is that of its key. */
void audit_marks_meet(struct vres_audit_checker *c, const struct audit_line *line, uint64_t epoch);

/* The log is over: does it have them? */
void audit_marks_end(struct vres_audit_checker *c);

#endif
