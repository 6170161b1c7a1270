/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What fuzz_tree.c expects of the arithmetic of a tree: every level covers the whole, node by node,
 * in order.
 */
#ifndef FUZZ_SHAPE_H
#define FUZZ_SHAPE_H

#include "hash/tree.h"

/* Checks each level at its first node, at node @where (modulo their number), and at its last. */
void shape_claim(uint64_t bytes, uint32_t block_size, uint64_t where);

#endif
