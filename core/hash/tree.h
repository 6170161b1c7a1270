/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The digest tree: Linux fs-verity's, SHA-256, no salt (Documentation/filesystems/fsverity.rst).
 *
 * Level 0 holds one digest per data block; level n + 1 one digest per block of level n digests; the
 * root is the first level with one digest. Data blocks and digest blocks have the same size; a last
 * block that is not full is zero-padded.  The content digest is the SHA-256 of a 256-byte
 * descriptor that holds block size, data size and root.
 */
#ifndef VRES_CORE_HASH_TREE_H
#define VRES_CORE_HASH_TREE_H

#include "hash/blocks.h"

#define TREE_BLOCK_MIN     UINT32_C(1024)
#define TREE_BLOCK_MAX     UINT32_C(65536)
#define TREE_BLOCK_DEFAULT UINT32_C(4096)

/* 2^64 bytes in 1 KiB blocks of 32 digests: 54 bits of blocks, 5 bits a level, and the leaves. */
#define TREE_LEVELS_MAX 12

/*
 * What follows from size and block size alone.  Pure arithmetic: good for any size up to 2^64 - 1.
 */
struct tree_shape {
	uint64_t bytes;
	uint32_t block_size, fanout, top; /* top: the level of the root */
	uint64_t count[TREE_LEVELS_MAX];  /* digests at each level up to top */
};

bool tree_block_size_is_valid(uint32_t block_size);

/* @bytes above 0, @block_size valid. */
void tree_shape_init(struct tree_shape *shape, uint64_t bytes, uint32_t block_size);

/* Data bytes under one digest of @level; UINT64_MAX if that is more than 64 bits hold. */
uint64_t tree_span(const struct tree_shape *shape, uint32_t level);

/* The lowest level with at most @most digests. */
uint32_t tree_level_within(const struct tree_shape *shape, uint64_t most);

/*
 * Where node @index of @level lies in the data: @offset and @bytes, the last one being cut at the
 * end.
 */
void tree_node_range(const struct tree_shape *shape, uint32_t level, uint64_t index,
                     uint64_t *offset, uint64_t *bytes);

/*
 * Computes a tree from left to right in memory that does not grow with the data, but for one level
 * that may be captured.  Fed with data by tree_add() and tree_add_digests(), or with the digests of
 * one level by tree_push(), not both.
 *
 * Data and levels are hashed alike: each is a stream of bytes that is cut into blocks.  Stream 0 is
 * the data, stream n + 1 the digests of level n; a block of stream n makes a digest of level n.
 */
struct tree_builder {
	struct blocks blocks;
	uint32_t block_size, fanout;
	uint64_t bytes;
	/* Of each stream the block that is not full yet; made when one is begun. */
	uint8_t *open[TREE_LEVELS_MAX + 1];
	size_t filled[TREE_LEVELS_MAX + 1];
	uint64_t count[TREE_LEVELS_MAX]; /* digests made so far */
	uint8_t *captured;               /* room for the digests of captured_level, or NULL */
	uint32_t captured_level;
	uint64_t captured_count, captured_room;
};

vres_status tree_open(struct tree_builder *t, uint32_t block_size, vres_error *err);
void tree_close(struct tree_builder *t);

/* From now on copy the digests of @level to @digests, which has room for @room of them. */
void tree_capture(struct tree_builder *t, uint32_t level, uint8_t *digests, uint64_t room);

vres_status tree_add(struct tree_builder *t, const void *bytes, size_t n, vres_error *err);
vres_status tree_push(struct tree_builder *t, uint32_t level,
                      const uint8_t digest[VRES_SHA256_BYTES], vres_error *err);

/* Bytes that are missing until the data added so far are whole blocks: 0 to block_size - 1. */
size_t tree_missing(const struct tree_builder *t);

/* Add the digests of the next @n whole blocks of data; tree_missing() must be 0. */
vres_status tree_add_digests(struct tree_builder *t, const uint8_t *digests, size_t n,
                             vres_error *err);

/* Pad, finish, and give the only digest of the lowest level that has one, but not below @least. */
vres_status tree_finish(struct tree_builder *t, uint32_t least, uint8_t root[VRES_SHA256_BYTES],
                        vres_error *err);

/* The root above @count digests of @level, @shape being that of the whole tree. */
vres_status tree_root_of(const struct tree_shape *shape, uint32_t level, const uint8_t *digests,
                         uint8_t root[VRES_SHA256_BYTES], vres_error *err);

/* The content digest: what `fsverity digest` prints. */
vres_status tree_digest(uint64_t bytes, uint32_t block_size, const uint8_t root[VRES_SHA256_BYTES],
                        uint8_t digest[VRES_SHA256_BYTES], vres_error *err);

#endif
