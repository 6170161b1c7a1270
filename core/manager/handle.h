/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The public view of a shard. */
#ifndef VRES_CORE_MANAGER_HANDLE_H
#define VRES_CORE_MANAGER_HANDLE_H

#include "manager/shard.h"

/* As it is now, and as it is with these contents. */
vres_status vres_shard_view(const struct vres_shard *s, vres_shard_info *out, vres_error *err);
vres_status vres_contents_view(const struct vres_shard *s, const struct vres_contents *c,
                               vres_shard_info *out, vres_error *err);

#endif
