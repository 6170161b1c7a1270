/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Assertions, made by the compiler, of how large a public structure is and where its fields lie. */
#ifndef TESTS_ABI_LAYOUT_H
#define TESTS_ABI_LAYOUT_H

#include <stddef.h>

#define SIZE(type, size) _Static_assert(sizeof(type) == (size), "size of " #type)
#define FIELD(type, field, offset, size)                                                           \
	_Static_assert(offsetof(type, field) == (offset) && sizeof(((type *)0)->field) == (size),  \
	               #type "." #field)

#endif
