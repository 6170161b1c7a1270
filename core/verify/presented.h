/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Evidence that somebody presents of a live shard: a receipt, or a description. */
#ifndef VRES_CORE_VERIFY_PRESENTED_H
#define VRES_CORE_VERIFY_PRESENTED_H

#include "manager/shard.h"

/* VRES_E_STATE, reason SUSPENDED, if the shard is suspended or about to be. */
vres_status vres_presented_check_suspended(const struct vres_shard *s, vres_error *err);

/*
 * Report evidence that is not genuine as an event of this @mode.  It changes no shard.  The number
 * of events a second is limited, so forgeries cannot flood the log.
 */
void vres_presented_tell(vres_manager *m, const char *mode, const vres_error *failure);

#endif
