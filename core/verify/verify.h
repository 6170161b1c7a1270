/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A whole check, and the conclusion drawn from it. */
#ifndef VRES_CORE_VERIFY_VERIFY_H
#define VRES_CORE_VERIFY_VERIFY_H

#include "verify/check.h"

/* Check @s; the outcome is in v->report.status and v->error. */
void vres_verify_check(struct verification *v, struct vres_shard *s, const vres_verify_params *p);

/*
 * Act on the outcome: freshness, counters, event, incident.  A shard that could not be checked gets
 * an event too.
 */
vres_status vres_verify_conclude(struct verification *v, vres_error *err);

/*
 * Another thread may have found damage while this check ran, or while its event was recorded: then
 * it is refused although all was good.
 */
vres_status vres_verify_still_accepted(const struct verification *v, vres_error *err);

/* Record that a verification in @mode, or the lease that needs it, could not be made. */
void vres_verify_tell_error(const struct vres_shard *s, const struct vres_contents *c,
                            uint32_t mode, vres_status status);

#endif
