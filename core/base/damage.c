/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An array of the caller's, whose elements may be of an older and smaller version. */
#include "base/damage.h"

#include <string.h>

#include "base/abi.h"

vres_status vres_damage_check(const vres_damage *damage, size_t cap, vres_error *err)
{
	if (damage == NULL && cap > 0)
		return vres_fail(err, VRES_E_INVALID_INPUT, "params.damage is NULL");
	return cap > 0 ? ABI_OUT_CHECK(damage, "vres_damage", err) : VRES_OK;
}

void vres_damage_put(vres_damage *damage, size_t cap, uint64_t i, const vres_damage *range)
{
	unsigned char *to = (unsigned char *)damage;
	size_t stride;

	if (i >= cap)
		return;
	stride = damage->struct_size;
	to += i * stride;
	memcpy(to, &stride, sizeof(stride));
	ABI_OUT((vres_damage *)(void *)to, range);
}
