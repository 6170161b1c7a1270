/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Naming damage.  The root says that something is wrong; the kept level of the tree, once it is
 * shown to hash to the signed root, says in which
 * group of blocks; the source, once its group is shown to hash to the kept digest, says in which
 * block.  What cannot be told is left out:
 * that the shard is damaged is certain already.
 */
#include "verify/verify.h"

struct locating {
	struct verification *v;
	struct vram_digest *ms;
	uint8_t *source; /* one block of the source */
	uint8_t *leaves; /* leaf digests of one group, by the source */
};

static void locating_close(struct locating *l)
{
	if (l->source)
		vres_crypto_wipe(l->source, l->v->shard->shape.block_size);
	vres_os_free(l->source);
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

/*
 * Leaf digests of a group, by the source; false unless they hash to the kept digest of the group.
 */
static bool source_leaves(struct locating *l, uint64_t group, uint64_t offset, uint64_t bytes)
{
	const struct vres_shard *s = l->v->shard;
	CLEANUP(tree_close) struct tree_builder tree = {0};
	uint8_t digest[VRES_SHA256_BYTES];

	if (tree_open(&tree, s->shape.block_size, NULL) != VRES_OK)
		return false;
	tree_capture(&tree, 0, l->leaves, s->shape.fanout);
	for (uint64_t at = 0; at < bytes; at += s->shape.block_size) {
		const size_t n = (size_t)min_u64(bytes - at, s->shape.block_size);

		if (l->v->params.source(l->v->params.source_ctx, offset + at, l->source, n) !=
		            VRES_OK ||
		    tree_add(&tree, l->source, n, NULL) != VRES_OK)
			return false;
	}
	return tree_finish(&tree, s->kept_level, digest, NULL) == VRES_OK &&
	       vres_crypto_equal(digest, s->kept + group * VRES_SHA256_BYTES, VRES_SHA256_BYTES);
}

/* Compare the blocks of a damaged group with the source; false if that could not be done. */
static bool locate_blocks(struct locating *l, uint64_t group, uint64_t offset, uint64_t bytes)
{
	const struct tree_shape *shape = &l->v->shard->shape;
	const uint64_t first = offset / shape->block_size,
		       count = div_up_u64(bytes, shape->block_size);
	uint8_t found[RANGES_MAX * VRES_SHA256_BYTES];
	uint64_t index[RANGES_MAX], bad = l->v->report.bad_blocks;

	if (l->source == NULL || l->leaves == NULL || !source_leaves(l, group, offset, bytes))
		return false;
	for (uint64_t done = 0; done < count;) {
		const size_t n = (size_t)min_u64(count - done, RANGES_MAX);

		for (size_t i = 0; i < n; i++)
			index[i] = first + done + i;
		if (vres_vram_digest_nodes(l->ms, 0, index, n, found, NULL) != VRES_OK)
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

void vres_verify_locate_node(struct verification *v, struct vram_digest *ms, uint64_t index)
{
	const struct vres_shard *s = v->shard;
	CLEANUP(locating_close) struct locating l = {.v = v, .ms = ms};
	uint64_t offset, bytes;

	if (v->params.source && s->kept_level > 0) {
		l.source = vres_os_alloc(s->shape.block_size);
		l.leaves = vres_os_alloc((size_t)s->shape.fanout * VRES_SHA256_BYTES);
	}
	tree_node_range(&s->shape, s->kept_level, index, &offset, &bytes);
	if (!locate_blocks(&l, index, offset, bytes))
		note_damage(v, offset, bytes);
}

static void free_digests(uint8_t **slot)
{
	vres_os_free(*slot);
}

void vres_verify_locate(struct verification *v, struct vram_digest *ms)
{
	const struct vres_shard *s = v->shard;
	const uint64_t count = s->shape.count[s->kept_level];
	CLEANUP(free_digests) uint8_t *found = NULL;
	bool is_good = false;

	if (vres_verify_kept(s, &is_good, NULL) != VRES_OK || !is_good)
		return;
	found = vres_os_alloc((size_t)count * VRES_SHA256_BYTES);
	if (found == NULL || vres_vram_digest_level(ms, s->kept_level, found, NULL) != VRES_OK)
		return;
	for (uint64_t i = 0; i < count; i++)
		if (!vres_crypto_equal(found + i * VRES_SHA256_BYTES,
		                       s->kept + i * VRES_SHA256_BYTES, VRES_SHA256_BYTES))
			vres_verify_locate_node(v, ms, i);
}
