/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From a wrong root to the damaged nodes and, with a source, to the damaged blocks. */
#include "verify/locate.h"

/* Buffers to compare one node with the source. */
struct locating {
	struct verification *v;
	struct vram_digest *vram;
	uint8_t *block;  /* of the source */
	uint8_t *leaves; /* digests of the node's blocks, by the source */
};

static void locating_close(struct locating *l)
{
	if (l->block)
		vres_crypto_wipe(l->block, l->v->shard->shape.block_size);
	vres_os_free(l->block);
	vres_os_free(l->leaves);
}

static void note_damage(struct verification *v, uint64_t offset, uint64_t bytes)
{
	if (v->report.bad_blocks == 0 || offset < v->report.first_bad_offset) {
		v->report.first_bad_offset = offset;
		v->report.first_bad_bytes = bytes;
	}
	v->report.bad_blocks++;
}

/* Digests of a node's blocks, by the source; false unless they hash to the node's kept digest. */
static bool source_leaves(struct locating *l, uint64_t node, uint64_t offset, uint64_t bytes)
{
	const struct vres_shard *s = l->v->shard;
	const vres_verify_params *p = &l->v->params;
	CLEANUP(tree_close) struct tree_builder tree = {0};
	uint8_t digest[VRES_SHA256_BYTES];

	if (tree_open(&tree, s->shape.block_size, NULL) != VRES_OK)
		return false;
	tree_capture(&tree, 0, l->leaves, s->shape.fanout);
	for (uint64_t at = 0; at < bytes; at += s->shape.block_size) {
		const size_t n = (size_t)min_u64(bytes - at, s->shape.block_size);

		if (p->source(p->source_ctx, offset + at, l->block, n) != VRES_OK ||
		    tree_add(&tree, l->block, n, NULL) != VRES_OK)
			return false;
	}
	return tree_finish(&tree, s->kept_level, digest, NULL) == VRES_OK &&
	       vres_crypto_equal(digest, s->kept + node * VRES_SHA256_BYTES, VRES_SHA256_BYTES);
}

/* Compare the blocks of a damaged node with the source; false if that could not be done. */
static bool locate_blocks(struct locating *l, uint64_t node, uint64_t offset, uint64_t bytes)
{
	const struct tree_shape *shape = &l->v->shard->shape;
	const uint64_t first = offset / shape->block_size,
		       count = div_up_u64(bytes, shape->block_size), bad = l->v->report.bad_blocks;
	uint8_t found[RANGES_MAX * VRES_SHA256_BYTES];
	uint64_t index[RANGES_MAX];

	if (l->block == NULL || l->leaves == NULL || !source_leaves(l, node, offset, bytes))
		return false;
	for (uint64_t done = 0; done < count;) {
		const size_t n = (size_t)min_u64(count - done, RANGES_MAX);

		for (size_t i = 0; i < n; i++)
			index[i] = first + done + i;
		if (vres_vram_digest_nodes(l->vram, 0, index, n, found, NULL) != VRES_OK)
			return false;
		for (size_t i = 0; i < n; i++) {
			uint64_t at, length;

			tree_node_range(shape, 0, index[i], &at, &length);
			if (!vres_crypto_equal(found + i * VRES_SHA256_BYTES,
			                       l->leaves + (done + i) * VRES_SHA256_BYTES,
			                       VRES_SHA256_BYTES))
				note_damage(l->v, at, length);
		}
		done += n;
	}
	return l->v->report.bad_blocks > bad;
}

static void locate_in_node(struct verification *v, struct vram_digest *vram, uint64_t node)
{
	const struct vres_shard *s = v->shard;
	CLEANUP(locating_close) struct locating l = {.v = v, .vram = vram};
	uint64_t offset, bytes;

	if (v->params.source && s->kept_level > 0) {
		l.block = vres_os_alloc(s->shape.block_size);
		l.leaves = vres_os_alloc((size_t)s->shape.fanout * VRES_SHA256_BYTES);
	}
	tree_node_range(&s->shape, s->kept_level, node, &offset, &bytes);
	if (!locate_blocks(&l, node, offset, bytes))
		note_damage(v, offset, bytes);
}

void vres_verify_compare(struct verification *v, struct vram_digest *vram, uint64_t first,
                         uint64_t count, const uint8_t *digests)
{
	const uint8_t *kept = v->shard->kept + first * VRES_SHA256_BYTES;

	for (uint64_t i = 0; i < count; i++)
		if (!vres_crypto_equal(digests + i * VRES_SHA256_BYTES,
		                       kept + i * VRES_SHA256_BYTES, VRES_SHA256_BYTES))
			locate_in_node(v, vram, first + i);
}

vres_status vres_verify_kept(const struct vres_shard *s, vres_error *err)
{
	uint8_t root[VRES_SHA256_BYTES];

	TRY(tree_root_of(&s->shape, s->kept_level, s->kept, root, err));
	return vres_crypto_equal(root, s->record.verity_root, sizeof(root))
	               ? VRES_OK
	               : vres_verify_fail(
				 s, VRES_REASON_DIGEST,
				 "the kept level of the digest tree does not match the signed root",
				 err);
}

void vres_verify_locate(struct verification *v, struct vram_digest *vram)
{
	const struct vres_shard *s = v->shard;
	const uint64_t count = s->shape.count[s->kept_level];
	CLEANUP(vres_os_freep) uint8_t *found = NULL;

	if (vres_verify_kept(s, NULL) != VRES_OK)
		return;
	found = vres_os_alloc((size_t)count * VRES_SHA256_BYTES);
	if (found && vres_vram_digest_level(vram, s->kept_level, found, NULL) == VRES_OK)
		vres_verify_compare(v, vram, 0, count, found);
}
