/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The public view of a shard. */
#ifndef VRES_CORE_MANAGER_HANDLE_H
#define VRES_CORE_MANAGER_HANDLE_H

#include "manager/shard.h"

vres_status vres_shard_view(const struct vres_shard *s, vres_shard_info *out, vres_error *err);

#endif
