/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The shipped kernel, with the shifts of the schedule on the pipe for multiplication: a source of
 * its own, since it differs deep inside of what all kernels include.
 */
#define LEAF_HASH_SHIFTS_MULTIPLY 1
#include "kernels/entry.h"
#include "kernels/leaf_hash.h"

LEAF_HASH_KERNEL vres_leaf_hash_shifts(const vres_leaf_hash_args args)
{
	leaf_hash_thread(&args, args.one, LEAF_HASH_THREAD);
}
