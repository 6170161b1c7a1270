/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The arithmetic of the fs-verity tree, its builder, and the descriptor that makes a digest of a
 * root.
 */
#include "hash/tree.h"

#include "os/os.h"
#include "base/wire.h"

bool tree_block_size_is_valid(uint32_t block_size)
{
	return block_size >= TREE_BLOCK_MIN && block_size <= TREE_BLOCK_MAX &&
	       (block_size & (block_size - 1)) == 0;
}

void tree_shape_init(struct tree_shape *shape, uint64_t bytes, uint32_t block_size)
{
	*shape = (struct tree_shape){
		.bytes = bytes, .block_size = block_size, .fanout = block_size / VRES_SHA256_BYTES};
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

void tree_node_range(const struct tree_shape *shape, uint32_t level, uint64_t index,
                     uint64_t *offset, uint64_t *bytes)
{
	const uint64_t span = tree_span(shape, level);

	/*
	 * index < count[level], so the product is at most bytes; a span above 64 bits has index 0
	 * only.
	 */
	*offset = index * span;
	*bytes = min_u64(span, shape->bytes - *offset);
}

vres_status tree_open(struct tree_builder *t, uint32_t block_size, vres_error *err)
{
	*t = (struct tree_builder){.block_size = block_size,
	                           .fanout = block_size / VRES_SHA256_BYTES};
	return blocks_open(&t->blocks, NULL, block_size, err);
}

void tree_close(struct tree_builder *t)
{
	blocks_close(&t->blocks);
	if (t->open[0])
		vres_crypto_wipe(t->open[0], t->block_size);
	for (uint32_t i = 0; i < COUNT_OF(t->open); i++)
		vres_os_free(t->open[i]);
	memset(t, 0, sizeof(*t));
}

void tree_capture(struct tree_builder *t, uint32_t level, uint8_t *digests, uint64_t room)
{
	t->captured_level = level;
	t->captured = digests;
	t->captured_room = room;
}

static vres_status stream_add(struct tree_builder *t, uint32_t stream, const uint8_t *bytes,
                              size_t n, vres_error *err);

/* Add @n digests of @level: they are the next bytes of the stream above. */
static vres_status level_add(struct tree_builder *t, uint32_t level, const uint8_t *digests,
                             size_t n, vres_error *err)
{
	if (level >= TREE_LEVELS_MAX)
		return vres_fail(err, VRES_E_INTERNAL, "tree deeper than %d levels",
		                 TREE_LEVELS_MAX);
	t->count[level] += n;
	if (t->captured && level == t->captured_level) {
		const uint64_t fit = min_u64(n, t->captured_room - t->captured_count);

		memcpy(t->captured + t->captured_count * VRES_SHA256_BYTES, digests,
		       (size_t)fit * VRES_SHA256_BYTES);
		t->captured_count += fit;
	}
	return stream_add(t, level + 1, digests, n * VRES_SHA256_BYTES, err);
}

/*
 * Hash whole blocks, 64 at a time: enough for the widest kernel, and the digests of a few levels
 * fit any stack.
 */
static vres_status hash(struct tree_builder *t, uint32_t stream, const uint8_t *bytes, size_t n,
                        vres_error *err)
{
	uint8_t digests[64 * VRES_SHA256_BYTES];

	while (n > 0) {
		const size_t step = (size_t)min_u64(n, sizeof(digests) / VRES_SHA256_BYTES);

		TRY(blocks_hash(&t->blocks, bytes, step, digests, err));
		TRY(level_add(t, stream, digests, step, err));
		bytes += step * t->block_size;
		n -= step;
	}
	return VRES_OK;
}

/* Hash the open block of a stream, its end padded with zeros. */
static vres_status stream_close(struct tree_builder *t, uint32_t stream, vres_error *err)
{
	if (t->filled[stream] == 0)
		return VRES_OK;
	memset(t->open[stream] + t->filled[stream], 0, t->block_size - t->filled[stream]);
	t->filled[stream] = 0;
	return hash(t, stream, t->open[stream], 1, err);
}

/* Keep bytes that make no whole block until more come. */
static vres_status stream_wait(struct tree_builder *t, uint32_t stream, const uint8_t *bytes,
                               size_t n, vres_error *err)
{
	if (n == 0)
		return VRES_OK;
	if (t->open[stream] == NULL && (t->open[stream] = vres_os_alloc(t->block_size)) == NULL)
		return vres_fail(err, VRES_E_NO_MEMORY, "no memory for a tree block of %u bytes",
		                 t->block_size);
	memcpy(t->open[stream] + t->filled[stream], bytes, n);
	t->filled[stream] += n;
	return t->filled[stream] == t->block_size ? stream_close(t, stream, err) : VRES_OK;
}

static vres_status stream_add(struct tree_builder *t, uint32_t stream, const uint8_t *bytes,
                              size_t n, vres_error *err)
{
	const size_t missing = t->filled[stream] ? t->block_size - t->filled[stream] : 0;
	const size_t first = missing < n ? missing : n, whole = (n - first) / t->block_size,
		     done = first + whole * t->block_size;

	TRY(stream_wait(t, stream, bytes, first, err));
	TRY(hash(t, stream, bytes + first, whole, err));
	return stream_wait(t, stream, bytes + done, n - done, err);
}

vres_status tree_push(struct tree_builder *t, uint32_t level,
                      const uint8_t digest[VRES_SHA256_BYTES], vres_error *err)
{
	return level_add(t, level, digest, 1, err);
}

size_t tree_missing(const struct tree_builder *t)
{
	return t->filled[0] ? t->block_size - t->filled[0] : 0;
}

static vres_status grow(struct tree_builder *t, uint64_t n, vres_error *err)
{
	if (ckd_add_u64(&t->bytes, t->bytes, n))
		return vres_fail(err, VRES_E_INVALID_INPUT, "more than 2^64 bytes");
	return VRES_OK;
}

vres_status tree_add(struct tree_builder *t, const void *bytes, size_t n, vres_error *err)
{
	TRY(grow(t, n, err));
	return n > 0 ? stream_add(t, 0, bytes, n, err) : VRES_OK;
}

vres_status tree_add_digests(struct tree_builder *t, const uint8_t *digests, size_t n,
                             vres_error *err)
{
	if (tree_missing(t) != 0)
		return vres_fail(err, VRES_E_INTERNAL,
		                 "digests of blocks after a block that is not full");
	TRY(grow(t, (uint64_t)n * t->block_size, err));
	return level_add(t, 0, digests, n, err);
}

vres_status tree_finish(struct tree_builder *t, uint32_t least, uint8_t root[VRES_SHA256_BYTES],
                        vres_error *err)
{
	uint32_t level = 0;

	TRY(stream_close(t, 0, err));
	while (level < TREE_LEVELS_MAX && t->count[level] == 0)
		level++;
	if (level == TREE_LEVELS_MAX) { /* no data at all: fs-verity's root is zeros */
		memset(root, 0, VRES_SHA256_BYTES);
		return VRES_OK;
	}
	for (; t->count[level] > 1 || level < least; level++)
		TRY(stream_close(t, level + 1, err));
	/* The only digest of its level waits in the stream above. */
	memcpy(root, t->open[level + 1], VRES_SHA256_BYTES);
	return VRES_OK;
}

vres_status tree_root_of(const struct tree_shape *shape, uint32_t level, const uint8_t *digests,
                         uint8_t root[VRES_SHA256_BYTES], vres_error *err)
{
	CLEANUP(tree_close) struct tree_builder t = {0};

	TRY(tree_open(&t, shape->block_size, err));
	TRY(level_add(&t, level, digests, (size_t)shape->count[level], err));
	return tree_finish(&t, 0, root, err);
}

vres_status tree_digest(uint64_t bytes, uint32_t block_size, const uint8_t root[VRES_SHA256_BYTES],
                        uint8_t digest[VRES_SHA256_BYTES], vres_error *err)
{
	/*
	 * struct fsverity_descriptor: version 1, algorithm 1 (SHA-256), log2 of the block size, no
	 * salt, 32 bits reserved, size, root; the rest zero
	 */
	uint8_t descriptor[256] = {1, 1, (uint8_t)__builtin_ctz(block_size)};
	struct wire_writer w = {.bytes = descriptor, .capacity = sizeof(descriptor), .length = 8};
	CLEANUP(vres_sha256_close) struct sha256 h = {0};

	wire_put_u64(&w, bytes);
	wire_put_raw(&w, root, VRES_SHA256_BYTES);
	TRY(vres_sha256_open(&h, err));
	return vres_sha256_whole(&h, descriptor, sizeof(descriptor), digest, err);
}
