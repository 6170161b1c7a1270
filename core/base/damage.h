/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The caller's room for damaged ranges. */
#ifndef VRES_CORE_BASE_DAMAGE_H
#define VRES_CORE_BASE_DAMAGE_H

#include <vres/damage.h>

#include "base/error.h"

/* Can it be used?  The array strides by the struct_size of its first element. */
vres_status vres_damage_check(const vres_damage *damage, size_t cap, vres_error *err);

/* Give out @range as number @i, where there is room. */
void vres_damage_put(vres_damage *damage, size_t cap, uint64_t i, const vres_damage *range);

#endif
