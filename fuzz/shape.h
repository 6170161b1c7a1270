/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What fuzz_tree.c expects of the arithmetic of a tree: every level covers the whole, node by node,
 * in order.
 */
#ifndef FUZZ_SHAPE_H
#define FUZZ_SHAPE_H

#include "hash/tree.h"

/* Looked at where each level begins, at node @where (modulo their number), and where it ends. */
void shape_claim(uint64_t bytes, uint32_t block_size, uint64_t where);

#endif
