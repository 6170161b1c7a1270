/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What somebody presents as evidence of a live shard: a receipt, or a description. */
#ifndef VRES_CORE_VERIFY_PRESENTED_H
#define VRES_CORE_VERIFY_PRESENTED_H

#include "manager/shard.h"

/* VRES_E_STATE with reason SUSPENDED if it is suspended, or about to be. */
vres_status vres_presented_check_suspended(const struct vres_shard *s, vres_error *err);

/*
 * Evidence that is bad becomes an event of this mode and nothing else: it never harms a shard.
 * A flood of forgeries does not become a flood of events.
 */
void vres_presented_tell(vres_manager *m, const char *mode, const vres_error *failure);

#endif
