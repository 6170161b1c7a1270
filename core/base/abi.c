/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The rule for structures that cross the ABI, in and out. */
#include "base/abi.h"

/* More than any structure of ours will ever be: a larger size is a field that was never set. */
#define STRUCT_MAX ((size_t)1 << 20)

/*
 * struct_size is the first field of every such structure; it may not be aligned in an array that a
 * caller strides by hand.
 */
static size_t struct_size_of(const void *object)
{
	size_t size;

	memcpy(&size, object, sizeof(size));
	return size;
}

static vres_status size_check(size_t theirs, size_t first, const char *what, vres_error *err)
{
	if (theirs < first || theirs > STRUCT_MAX)
		return vres_fail(
			err, VRES_E_ABI,
			"struct_size of %s is %zu, expected at least %zu: start from its _init()",
			what, theirs, first);
	return VRES_OK;
}

vres_status vres_abi_in(void *dst, size_t size, const void *src, size_t first, const char *what,
                        vres_error *err)
{
	const size_t theirs = struct_size_of(src);
	const size_t known = theirs < size ? theirs : size;
	const unsigned char *bytes = src;

	TRY(size_check(theirs, first, what, err));
	for (size_t i = known; i < theirs; i++)
		if (bytes[i] != 0)
			return vres_fail(
				err, VRES_E_ABI,
				"%s sets a field at byte %zu that this library does not know", what,
				i);
	memset(dst, 0, size);
	memcpy(dst, src, known);
	memcpy(dst, &size, sizeof(size));
	return VRES_OK;
}

vres_status vres_abi_out_check(const void *dst, size_t first, const char *what, vres_error *err)
{
	if (dst == NULL)
		return vres_fail(err, VRES_E_INVALID_INPUT, "%s is NULL", what);
	return size_check(struct_size_of(dst), first, what, err);
}

void vres_abi_out(void *dst, const void *src, size_t size)
{
	const size_t theirs = struct_size_of(dst);

	memcpy(dst, src, theirs < size ? theirs : size);
	memcpy(dst, &theirs, sizeof(theirs));
}
