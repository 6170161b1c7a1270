/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A whole check, and the conclusion drawn from it. */
#ifndef VRES_CORE_VERIFY_VERIFY_H
#define VRES_CORE_VERIFY_VERIFY_H

#include "verify/check.h"

/* Check @s; the outcome is in v->report.status and v->error. */
void vres_verify_check(struct verification *v, struct vres_shard *s, const vres_verify_params *p);

/* Act on the outcome: freshness or quarantine, counters, event, incident. */
vres_status vres_verify_conclude(struct verification *v, vres_error *err);

#endif
