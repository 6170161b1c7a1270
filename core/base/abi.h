/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Structures that cross the ABI carry the size the caller knows.  In: a shorter one is zero-filled,
 * down to the size of its first release; a longer one is accepted only if the bytes we do not know
 * are zero, because an unknown field of a security library may not be ignored. Out: as many bytes
 * are written as the caller has room for.
 */
#ifndef VRES_CORE_BASE_ABI_H
#define VRES_CORE_BASE_ABI_H

#include "base/error.h"

/*
 * Copy the caller's *@src, which starts with its struct_size, to *@dst of @size bytes; @first is
 * the size at the first release.
 */
vres_status vres_abi_in(void *dst, size_t size, const void *src, size_t first, const char *what,
                        vres_error *err);

/*
 * Is the caller's output structure usable?  Checked before the work, so that a failure has no
 * effect.
 */
vres_status vres_abi_out_check(const void *dst, size_t first, const char *what, vres_error *err);

/* Copy *@src of @size bytes to the caller's *@dst; its struct_size stays as it is. */
void vres_abi_out(void *dst, const void *src, size_t size);

#define ABI_IN(dst, src, what, err)                                                                \
	vres_abi_in((dst), sizeof(*(dst)), (src), sizeof(*(dst)), (what), (err))
#define ABI_OUT_CHECK(dst, what, err) vres_abi_out_check((dst), sizeof(*(dst)), (what), (err))
#define ABI_OUT(dst, src)             vres_abi_out((dst), (src), sizeof(*(src)))

#endif
