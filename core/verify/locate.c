/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From a wrong root to the damaged nodes and, with a source, to the damaged blocks. */
#include "verify/locate.h"

#include "base/damage.h"
#include "device/vram_digest_many.h"
#include "verify/mend.h"
#include "verify/source.h"

/* Buffers to compare one node with the source. */
struct locating {
	struct verification *v;
	struct vram_digest *vram;
	uint8_t *block;          /* of the source */
	uint8_t *leaves, *found; /* digests of the node's blocks: by the source, and in VRAM */
	bool has_leaves;         /* which hash to the node's kept digest */
};

static void locating_close(struct locating *l)
{
	if (l->block)
		vres_crypto_wipe(l->block, l->v->contents->shape->block_size);
	vres_os_free(l->block);
	vres_os_free(l->leaves);
	vres_os_free(l->found);
}

void vres_verify_note(struct verification *v, uint32_t tensor, uint64_t offset, uint64_t bytes)
{
	vres_verify_report *r = &v->report;
	const bool is_known = r->damage_count > 0 && v->last.tensor == tensor,
		   joins = is_known && offset == v->last.offset + v->last.bytes;

	if (joins) {
		v->last.bytes += bytes;
	} else {
		v->last = vres_damage_init();
		v->last.offset = offset;
		v->last.bytes = bytes;
		v->last.tensor = tensor;
		r->damage_count++;
	}
	if (r->damage_count == 1) {
		r->first_bad_offset = v->last.offset;
		r->first_bad_bytes = v->last.bytes;
	}
	vres_damage_put(v->params.damage, v->params.damage_cap, r->damage_count - 1, &v->last);
	if (tensor != UINT32_MAX && r->bad_tensors == 0)
		v->first_bad = tensor;
	r->bad_tensors += tensor != UINT32_MAX && !is_known;
	r->bad_blocks++;
}

/* Digests of a node's blocks, by the source; has_leaves if they hash to the node's kept digest. */
static vres_status source_leaves(struct locating *l, uint64_t node, uint64_t offset, uint64_t bytes,
                                 vres_error *err)
{
	const struct vres_contents *c = l->v->contents;
	CLEANUP(tree_close) struct tree_builder tree = {0};
	uint8_t digest[VRES_SHA256_BYTES];

	if (l->block == NULL || l->leaves == NULL || l->found == NULL)
		return vres_fail(err, VRES_E_NO_MEMORY, "no memory to look for damaged blocks");
	TRY(tree_open(&tree, c->shape->block_size, err));
	tree_capture(&tree, 0, l->leaves, c->shape->fanout);
	for (uint64_t at = 0; at < bytes; at += c->shape->block_size) {
		const size_t n = (size_t)min_u64(bytes - at, c->shape->block_size);

		TRY(vres_verify_read_source(l->v, offset + at, l->block, n, err));
		TRY(tree_add(&tree, l->block, n, err));
	}
	TRY(tree_finish(&tree, c->kept_level, digest, err));
	l->has_leaves =
		vres_crypto_equal(digest, c->kept + node * VRES_SHA256_BYTES, VRES_SHA256_BYTES);
	return VRES_OK;
}

/* Compare the blocks of a damaged node with the source; false if that could not be done. */
static bool locate_blocks(struct locating *l, uint64_t offset, uint64_t bytes)
{
	const struct tree_shape *shape = l->v->contents->shape;
	const uint64_t first = offset / shape->block_size,
		       count = div_up_u64(bytes, shape->block_size), bad = l->v->report.bad_blocks;

	if (!l->has_leaves ||
	    vres_vram_digest_part(l->vram, 0, first, count, l->found, NULL) != VRES_OK)
		return false;
	for (uint64_t i = 0; i < count; i++) {
		const uint8_t *leaf = l->leaves + i * VRES_SHA256_BYTES;
		uint64_t at, length;

		if (vres_crypto_equal(l->found + i * VRES_SHA256_BYTES, leaf, VRES_SHA256_BYTES))
			continue;
		tree_node_range(shape, 0, first + i, &at, &length);
		vres_verify_note(l->v, UINT32_MAX, at, length);
		vres_mend_add(l->v->mend, first + i, length, leaf);
	}
	return l->v->report.bad_blocks > bad;
}

/* The node could not be narrowed down: all of it is damaged, and all its blocks are to be written.
 */
static void note_node(struct locating *l, uint64_t node, uint64_t offset, uint64_t bytes)
{
	const struct vres_contents *c = l->v->contents;
	const uint32_t block_size = c->shape->block_size;
	const uint8_t *leaves = c->kept_level == 0 ? c->kept + node * VRES_SHA256_BYTES : l->leaves;

	vres_verify_note(l->v, UINT32_MAX, offset, bytes);
	if (c->kept_level > 0 && !l->has_leaves) {
		vres_mend_without(l->v->mend, bytes);
		return;
	}
	for (uint64_t at = 0; l->v->mend && at < bytes; at += block_size)
		vres_mend_add(l->v->mend, (offset + at) / block_size,
		              min_u64(bytes - at, block_size),
		              leaves + at / block_size * VRES_SHA256_BYTES);
}

/* A source that has failed a repair is not asked again. */
static void ask_source(struct locating *l, uint64_t node, uint64_t offset, uint64_t bytes)
{
	struct verification *v = l->v;
	vres_error detail = {0};
	vres_status status;

	if (v->params.source == NULL || v->contents->kept_level == 0 || vres_mend_is_over(v->mend))
		return;
	status = source_leaves(l, node, offset, bytes, &detail);
	if (status != VRES_OK)
		vres_mend_fail(v->mend, &detail);
}

static void locate_in_node(struct verification *v, struct vram_digest *vram, uint64_t node)
{
	const struct vres_contents *c = v->contents;
	const size_t digests = (size_t)c->shape->fanout * VRES_SHA256_BYTES;
	CLEANUP(locating_close) struct locating l = {.v = v, .vram = vram};
	uint64_t offset, bytes;

	if (v->params.source && c->kept_level > 0) {
		l.block = vres_os_alloc(c->shape->block_size);
		l.leaves = vres_os_alloc(digests);
		l.found = vres_os_alloc(digests);
	}
	/* A driver that leaves out work while this goes on is not to make good blocks look bad. */
	vram->is_twofold = true;
	tree_node_range(c->shape, c->kept_level, node, &offset, &bytes);
	ask_source(&l, node, offset, bytes);
	if (!locate_blocks(&l, offset, bytes))
		note_node(&l, node, offset, bytes);
}

void vres_verify_compare(struct verification *v, struct vram_digest *vram, uint64_t first,
                         uint64_t count, const uint8_t *digests)
{
	const uint8_t *kept = v->contents->kept + first * VRES_SHA256_BYTES;

	for (uint64_t i = 0; i < count; i++)
		if (!vres_crypto_equal(digests + i * VRES_SHA256_BYTES,
		                       kept + i * VRES_SHA256_BYTES, VRES_SHA256_BYTES))
			locate_in_node(v, vram, first + i);
}

vres_status vres_verify_kept(const struct vres_contents *c, vres_error *err)
{
	uint8_t root[VRES_SHA256_BYTES];

	TRY(c->tensors ? vres_tensors_digests(c->tensors, c->kept, NULL, root, err)
	               : tree_root_of(c->shape, c->kept_level, c->kept, root, err));
	return vres_crypto_equal(root, c->record.verity_root, sizeof(root))
	               ? VRES_OK
	               : vres_verify_fail(
				 c, VRES_REASON_DIGEST,
				 "the kept level of the digest tree does not match the signed root",
				 err);
}

vres_status vres_verify_kept_of(struct verification *v, vres_error *err)
{
	const vres_status status = vres_verify_kept(v->contents, err);

	v->is_kept_bad |= status == VRES_E_SEAL_VERIFICATION_FAILED;
	return status;
}

void vres_verify_locate(struct verification *v, struct vram_digest *vram, const uint8_t *found)
{
	const struct vres_contents *c = v->contents;

	if (vres_verify_kept_of(v, NULL) == VRES_OK && found)
		vres_verify_compare(v, vram, 0, c->shape->count[c->kept_level], found);
}
