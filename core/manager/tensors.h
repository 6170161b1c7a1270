/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a shard of tensors is made of.
 *
 * A tensor is a name for a range of device memory.  Tied weights are several names of one range,
 * which is kept and hashed once; a tensor without bytes has no range.  Ranges come in the order in
 * which the first tensor of each does, and so do their nodes of the kept level.
 *
 * Names, sizes and which tensors share a range belong to the shard and never change; where the
 * ranges are and what they hold belongs to its contents.
 */
#ifndef VRES_CORE_MANAGER_TENSORS_H
#define VRES_CORE_MANAGER_TENSORS_H

#include "hash/tree.h"
#include "os/os.h"
#include "sign/record.h"

#define TENSOR_NAME_MAX 512u
#define NO_RANGE        UINT32_MAX

struct tensor {
	const char *name;
	uint32_t name_bytes;
	uint32_t range; /* NO_RANGE: it has no bytes */
};

struct tensor_range {
	uint64_t bytes;
	uint64_t first;  /* of its nodes of the kept level, among those of all */
	uint32_t level;  /* the kept one, of its own tree */
	uint32_t tensor; /* the first that names it */
};

struct tensors {
	uint32_t n, ranges_n, block_size;
	struct tensor *list;
	uint32_t *order; /* positions in the list, in the order of the manifest */
	struct tensor_range *ranges;
	char *names;
	uint64_t bytes, blocks, nodes; /* of all ranges */
	uint64_t longest;              /* range */
};

/* Where the range is. */
struct tensor_place {
	uint32_t extent;
	uint64_t offset;
};

void vres_tensors_destroy(struct tensors *t);

/* With sizes and levels in place: number the nodes, and add up. */
void vres_tensors_number(struct tensors *t, bool keep_leaves);

/* The range of node @node of the kept level. */
uint32_t vres_tensors_range_of(const struct tensors *t, uint64_t node);

/* Where node @node lies in range @range, and how long it is. */
void vres_tensors_node(const struct tensors *t, uint32_t range, uint64_t node, uint64_t *offset,
                       uint64_t *bytes);

/* The root of the tree of one range. */
vres_status vres_tensors_range_root(const struct tensors *t, uint32_t range, const uint8_t *kept,
                                    uint8_t root[VRES_SHA256_BYTES], vres_error *err);

/* The fs-verity digest of each range, and the root over all tensors, from the kept level. */
vres_status vres_tensors_digests(const struct tensors *t, const uint8_t *kept, uint8_t *digests,
                                 uint8_t root[VRES_SHA256_BYTES], vres_error *err);

/* A line of the manifest, with its newline; @line has room for TENSOR_LINE_MAX. */
#define TENSOR_LINE_MAX (7u + 64u + 1u + TENSOR_NAME_MAX + 1u)
vres_status vres_tensors_line(const struct tensors *t, uint32_t tensor, const uint8_t *digests,
                              char *line, size_t *n, vres_error *err);

/* The SHA-256 of the manifest that these digests of ranges make. */
vres_status vres_tensors_manifest_digest(const struct tensors *t, const uint8_t *digests,
                                         uint8_t digest[VRES_SHA256_BYTES], vres_error *err);

/* The digest of a tensor, from those of the ranges. */
vres_status vres_tensor_digest(const struct tensors *t, uint32_t tensor, const uint8_t *digests,
                               uint8_t digest[VRES_SHA256_BYTES], vres_error *err);

#endif
