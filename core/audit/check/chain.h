/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One line after the other: does it prove itself, and does it follow the last that did? */
#ifndef VRES_CORE_AUDIT_CHECK_CHAIN_H
#define VRES_CORE_AUDIT_CHECK_CHAIN_H

#include "audit/check/state.h"

/* The next line, without its newline. */
vres_status audit_chain_line(struct vres_audit_checker *c, const char *text, size_t n,
                             vres_error *err);

/* A line that cannot be read as one; @what says why, up to byte @at. */
void audit_chain_unreadable(struct vres_audit_checker *c, uint32_t fault, const char *what,
                            size_t at);

/* The log is over: was the key the right one at all? */
void audit_chain_end(struct vres_audit_checker *c);

#endif
