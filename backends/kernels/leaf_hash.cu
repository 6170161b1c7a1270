/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The kernel's entry point, for nvcc and for clang (CUDA and HIP) without a toolkit: one thread for
 * each block of all pieces.
 */
#include "kernels/entry.h"
#include "kernels/leaf_hash.h"

static_assert(sizeof(vres_leaf_hash_piece) == 32,
              "read from memory that host code wrote which does not see this compiler");
static_assert(sizeof(vres_leaf_hash_args) == 312, "passed by value from such host code");

LEAF_HASH_KERNEL vres_leaf_hash(const vres_leaf_hash_args args)
{
	leaf_hash_thread(&args, args.one, LEAF_HASH_THREAD);
}
