/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The arithmetic of the fs-verity tree, its builder, and the descriptor that makes a digest of a root. */
#include "tree.h"

#include "host.h"
#include "wire.h"

bool tree_block_size_is_valid(uint32_t block_size)
{
	return block_size >= TREE_BLOCK_MIN && block_size <= TREE_BLOCK_MAX && (block_size & (block_size - 1)) == 0;
}

void tree_shape_init(struct tree_shape *shape, uint64_t bytes, uint32_t block_size)
{
	*shape = (struct tree_shape){.bytes = bytes, .block_size = block_size, .fanout = block_size / VRES_SHA256_BYTES};
	shape->count[0] = div_up_u64(bytes, block_size);
	for (shape->top = 0; shape->count[shape->top] > 1; shape->top++)
		shape->count[shape->top + 1] = div_up_u64(shape->count[shape->top], shape->fanout);
}

uint64_t tree_span(const struct tree_shape *shape, uint32_t level)
{
	uint64_t span = shape->block_size;

	for (uint32_t i = 0; i < level; i++)
		if (ckd_mul_u64(&span, span, shape->fanout))
			return UINT64_MAX;
	return span;
}

uint32_t tree_level_within(const struct tree_shape *shape, uint64_t most)
{
	uint32_t level = 0;

	while (level < shape->top && shape->count[level] > most)
		level++;
	return level;
}

void tree_node_range(const struct tree_shape *shape, uint32_t level, uint64_t index, uint64_t *offset, uint64_t *bytes)
{
	const uint64_t span = tree_span(shape, level);

	/* index < count[level], so the product is at most bytes; a span above 64 bits has index 0 only. */
	*offset = index * span;
	*bytes = min_u64(span, shape->bytes - *offset);
}

vres_status tree_open(struct tree_builder *t, uint32_t block_size, vres_error *err)
{
	*t = (struct tree_builder){.block_size = block_size, .fanout = block_size / VRES_SHA256_BYTES};
	return vres_sha256_open(&t->hash, err);
}

void tree_close(struct tree_builder *t)
{
	vres_sha256_close(&t->hash);
	if (t->partial)
		vres_crypto_wipe(t->partial, t->block_size);
	vres_host_free(t->partial);
	for (uint32_t i = 0; i < TREE_LEVELS_MAX; i++)
		vres_host_free(t->block[i]);
	memset(t, 0, sizeof(*t));
}

void tree_capture(struct tree_builder *t, uint32_t level, uint8_t *digests, uint64_t room)
{
	t->captured_level = level;
	t->captured = digests;
	t->captured_room = room;
}

static vres_status block_get(struct tree_builder *t, uint8_t **slot, vres_error *err)
{
	if (*slot == NULL && (*slot = vres_host_alloc(t->block_size)) == NULL)
		return vres_fail(err, VRES_E_NO_MEMORY, "no memory for a tree block of %u bytes", t->block_size);
	return VRES_OK;
}

/* Hash what waits at @level, and let the digest wait one level up. */
static vres_status level_close(struct tree_builder *t, uint32_t level, vres_error *err)
{
	uint8_t digest[VRES_SHA256_BYTES];

	TRY(vres_sha256_padded(&t->hash, t->block[level], (size_t)t->waiting[level] * VRES_SHA256_BYTES, t->block_size, digest, err));
	t->waiting[level] = 0;
	return tree_push(t, level + 1, digest, err);
}

/* A full block is hashed when the next digest comes, so that a level that ends with it stays open for tree_finish(). */
vres_status tree_push(struct tree_builder *t, uint32_t level, const uint8_t digest[VRES_SHA256_BYTES], vres_error *err)
{
	if (level >= TREE_LEVELS_MAX)
		return vres_fail(err, VRES_E_INTERNAL, "tree deeper than %d levels", TREE_LEVELS_MAX);
	if (t->waiting[level] == t->fanout)
		TRY(level_close(t, level, err));
	TRY(block_get(t, &t->block[level], err));
	memcpy(t->block[level] + (size_t)t->waiting[level] * VRES_SHA256_BYTES, digest, VRES_SHA256_BYTES);
	t->waiting[level]++;
	t->count[level]++;
	if (t->captured && level == t->captured_level && t->captured_count < t->captured_room)
		memcpy(t->captured + t->captured_count++ * VRES_SHA256_BYTES, digest, VRES_SHA256_BYTES);
	return VRES_OK;
}

static vres_status leaf(struct tree_builder *t, const uint8_t *bytes, size_t n, vres_error *err)
{
	uint8_t digest[VRES_SHA256_BYTES];

	TRY(vres_sha256_padded(&t->hash, bytes, n, t->block_size, digest, err));
	return tree_push(t, 0, digest, err);
}

vres_status tree_add(struct tree_builder *t, const void *bytes, size_t n, vres_error *err)
{
	const uint8_t *next = bytes;

	if (ckd_add_u64(&t->bytes, t->bytes, n))
		return vres_fail(err, VRES_E_INVALID_INPUT, "more than 2^64 bytes");
	while (n > 0) {
		size_t step = t->block_size - t->partial_bytes;

		if (t->partial_bytes == 0 && n >= t->block_size) {
			TRY(leaf(t, next, step, err));
		} else {
			step = step < n ? step : n;
			TRY(block_get(t, &t->partial, err));
			memcpy(t->partial + t->partial_bytes, next, step);
			t->partial_bytes += step;
			if (t->partial_bytes == t->block_size) {
				t->partial_bytes = 0;
				TRY(leaf(t, t->partial, t->block_size, err));
			}
		}
		next += step;
		n -= step;
	}
	return VRES_OK;
}

vres_status tree_finish(struct tree_builder *t, uint32_t least, uint8_t root[VRES_SHA256_BYTES], vres_error *err)
{
	uint32_t level = 0;

	if (t->partial_bytes > 0) {
		const size_t n = t->partial_bytes;

		t->partial_bytes = 0;
		TRY(leaf(t, t->partial, n, err));
	}
	while (level < TREE_LEVELS_MAX && t->count[level] == 0)
		level++;
	if (level == TREE_LEVELS_MAX) { /* no data at all: fs-verity's root is zeros */
		memset(root, 0, VRES_SHA256_BYTES);
		return VRES_OK;
	}
	for (; t->count[level] > 1 || level < least; level++)
		TRY(level_close(t, level, err));
	memcpy(root, t->block[level], VRES_SHA256_BYTES);
	return VRES_OK;
}

vres_status tree_root_of(const struct tree_shape *shape, uint32_t level, const uint8_t *digests, uint8_t root[VRES_SHA256_BYTES],
                         vres_error *err)
{
	CLEANUP(tree_close) struct tree_builder t = {0};

	TRY(tree_open(&t, shape->block_size, err));
	for (uint64_t i = 0; i < shape->count[level]; i++)
		TRY(tree_push(&t, level, digests + i * VRES_SHA256_BYTES, err));
	return tree_finish(&t, 0, root, err);
}

vres_status tree_digest(uint64_t bytes, uint32_t block_size, const uint8_t root[VRES_SHA256_BYTES], uint8_t digest[VRES_SHA256_BYTES],
                        vres_error *err)
{
	/* struct fsverity_descriptor: version 1, algorithm 1 (SHA-256), log2 of the block size, no salt, 32 bits reserved, size, root; the rest zero */
	uint8_t descriptor[256] = {1, 1, (uint8_t)__builtin_ctz(block_size)};
	struct wire_writer w = {.bytes = descriptor, .capacity = sizeof(descriptor), .length = 8};
	CLEANUP(vres_sha256_close) struct sha256 h = {0};

	wire_put_u64(&w, bytes);
	wire_put_raw(&w, root, VRES_SHA256_BYTES);
	TRY(vres_sha256_open(&h, err));
	return vres_sha256_padded(&h, descriptor, sizeof(descriptor), sizeof(descriptor), digest, err);
}
