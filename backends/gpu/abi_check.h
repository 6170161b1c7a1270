/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Assertions that our copy of a vendor's interface says what the vendor's header says. */
#ifndef VRES_BACKENDS_GPU_ABI_CHECK_H
#define VRES_BACKENDS_GPU_ABI_CHECK_H

#include <stddef.h>

#define SAME_SIZE(ours, theirs)                                                                    \
	_Static_assert(sizeof(ours) == sizeof(theirs), #theirs " has another size")

#define SAME_FIELD(ours, a, theirs, b)                                                             \
	_Static_assert(offsetof(ours, a) == offsetof(theirs, b), #theirs " has " #b " elsewhere")

#define SAME_NUMBER(ours, theirs)                                                                  \
	_Static_assert((int)(ours) == (int)(theirs), #theirs " has another value")

#define SAME_PROTOTYPE(ours, theirs)                                                               \
	_Static_assert(__builtin_types_compatible_p(ours, theirs), #ours " has another prototype")

#endif
