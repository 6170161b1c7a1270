/* SPDX-License-Identifier: GPL-3.0-or-later */
/* MACs under the key of the current epoch or a later one. */
#ifndef VRES_CORE_AUDIT_CHECK_PROOF_H
#define VRES_CORE_AUDIT_CHECK_PROOF_H

#include "audit/check/state.h"

/* Can the key of @epoch be had?  An earlier one cannot, nor one that takes too many steps. */
bool audit_proof_reaches(const struct vres_audit_checker *c, uint64_t epoch);

/* Are the 64 digits at @at the MAC of the rest of @text under the key of @epoch? */
vres_status audit_proof_check(struct vres_audit_checker *c, uint64_t epoch, const char *text,
                              size_t n, size_t at, bool *is_good, vres_error *err);

#endif
