/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Hash in VRAM, compare with the signed root or with the kept level, and name what differs. */
#include "verify/content.h"

#include <inttypes.h>

#include "base/validate.h"
#include "device/policy.h"
#include "device/vram_digest_many.h"
#include "verify/locate.h"
#include "verify/sample.h"
#include "verify/tensor_content.h"

static vres_status open_vram(const struct verification *v, struct vram_digest *vram,
                             vres_error *err)
{
	const struct vres_contents *c = v->contents;
	const vres_policy *policy = &c->manager->policy;
	const bool by_readback = v->params.mode == VRES_VERIFY_READBACK ||
	                         !vres_device_can(c->memory.mem.device, VRES_DEVICE_CAN_HASH);
	const uint32_t priority = v->params.background ? VRES_LANE_LOW_PRIORITY : 0;

	return vres_vram_digest_open(vram, &c->memory.mem, c->shape, by_readback,
	                             vres_policy_lane_flags(policy) | priority, c->manager->threads,
	                             policy->deadline, err);
}

/* @found: the kept level as it is now, or NULL. */
static vres_status differs(struct verification *v, struct vram_digest *vram, const uint8_t *found,
                           vres_error *err)
{
	vres_verify_locate(v, vram, found);
	return vres_verify_fail(v->contents, VRES_REASON_DIGEST,
	                        "the bytes in VRAM are not the ones that were sealed", err);
}

static vres_status digest_root(struct verification *v, struct vram_digest *vram,
                               uint8_t root[VRES_SHA256_BYTES], uint8_t *flat, vres_error *err)
{
	if (v->params.background && !vram->by_readback) /* a readback comes in pieces anyway */
		return vres_vram_digest_root_in_slices(vram, root, err);
	return vres_vram_digest_root(vram, root, flat, err);
}

/* Auditors can compute the digest of a tree, not a bare root, so the digest is reported. */
static void name_digests(struct verification *v, const uint8_t root[VRES_SHA256_BYTES])
{
	const struct vres_record *r = &v->contents->record;
	uint8_t wanted[VRES_SHA256_BYTES], found[VRES_SHA256_BYTES];

	if (tree_digest(r->vram_bytes, r->block_size, r->verity_root, wanted, NULL) != VRES_OK ||
	    tree_digest(r->vram_bytes, r->block_size, root, found, NULL) != VRES_OK)
		return;
	vres_hex(wanted, v->wanted);
	vres_hex(found, v->found);
}

/*
 * A wrong root is damage only if it comes out again.  The second time all of the kept level is
 * digested, so that it also says where the damage is; without memory for that, the root alone.
 */
static vres_status check_root(struct verification *v, struct vram_digest *vram,
                              const uint8_t root[VRES_SHA256_BYTES], vres_error *err)
{
	const struct vres_contents *c = v->contents;
	CLEANUP(vres_os_freep) uint8_t *found = NULL;
	uint8_t again[VRES_SHA256_BYTES];

	if (vres_crypto_equal(root, c->record.verity_root, VRES_SHA256_BYTES))
		return VRES_OK;
	found = vres_os_alloc((size_t)c->shape->count[c->kept_level] * VRES_SHA256_BYTES);
	if (found) {
		TRY(vres_vram_digest_level(vram, c->kept_level, found, err));
		TRY(tree_root_of(c->shape, c->kept_level, found, again, err));
	} else {
		TRY(digest_root(v, vram, again, NULL, err));
	}
	TRY(vres_vram_digest_agree(vram, root, again, sizeof(again), err));
	name_digests(v, root);
	return differs(v, vram, found, err);
}

vres_status vres_verify_root(struct verification *v, const uint8_t root[VRES_SHA256_BYTES],
                             vres_error *err)
{
	CLEANUP(vres_vram_digest_close) struct vram_digest vram = {0};
	vres_status status;

	if (vres_crypto_equal(root, v->contents->record.verity_root, VRES_SHA256_BYTES))
		return VRES_OK;
	TRY(open_vram(v, &vram, err));
	status = check_root(v, &vram, root, err);
	v->report.bytes_hashed += vram.bytes_hashed;
	return status;
}

static vres_status check_all(struct verification *v, struct vram_digest *vram, vres_error *err)
{
	const struct vres_record *r = &v->contents->record;
	const bool wants_flat = vram->by_readback && r->digest_alg == VRES_DIGEST_SHA256;
	uint8_t root[VRES_SHA256_BYTES], flat[VRES_SHA256_BYTES];

	TRY(digest_root(v, vram, root, wants_flat ? flat : NULL, err));
	v->report.blocks_checked = v->contents->shape->count[0];
	TRY(check_root(v, vram, root, err));
	if (!wants_flat || vres_crypto_equal(flat, r->digest, sizeof(flat)))
		return VRES_OK;
	vres_hex(r->digest, v->wanted);
	vres_hex(flat, v->found);
	return differs(v, vram, NULL, err);
}

static bool node_differs(const struct vres_contents *c, uint64_t node, const uint8_t *digests)
{
	return !vres_crypto_equal(digests + node * VRES_SHA256_BYTES,
	                          c->kept + node * VRES_SHA256_BYTES, VRES_SHA256_BYTES);
}

/* Whatever differs has to come out twice; only that is hashed once more. */
static vres_status confirm(const struct verification *v, struct vram_digest *vram,
                           const uint8_t *digests, vres_error *err)
{
	const struct vres_contents *c = v->contents;
	const uint64_t count = c->shape->count[c->kept_level];
	uint8_t before[RANGES_MAX * VRES_SHA256_BYTES], again[RANGES_MAX * VRES_SHA256_BYTES];
	uint64_t nodes[RANGES_MAX];
	size_t n = 0;

	for (uint64_t node = 0; node < count; node++) {
		if (node_differs(c, node, digests)) {
			memcpy(before + n * VRES_SHA256_BYTES, digests + node * VRES_SHA256_BYTES,
			       VRES_SHA256_BYTES);
			nodes[n++] = node;
		}
		if (n == 0 || (n < RANGES_MAX && node + 1 < count))
			continue;
		TRY(vres_vram_digest_nodes(vram, c->kept_level, nodes, n, again, err));
		TRY(vres_vram_digest_agree(vram, before, again, n * VRES_SHA256_BYTES, err));
		n = 0;
	}
	return VRES_OK;
}

/*
 * Every node of the kept level is compared with the kept one, so what is damaged is known without a
 * second pass over all bytes.
 */
static vres_status check_kept_level(struct verification *v, struct vram_digest *vram,
                                    vres_error *err)
{
	const struct vres_contents *c = v->contents;
	const uint64_t count = c->shape->count[c->kept_level];
	const size_t bytes = (size_t)count * VRES_SHA256_BYTES;
	CLEANUP(vres_os_freep) uint8_t *digests = vres_os_alloc(bytes);
	uint8_t root[VRES_SHA256_BYTES];

	if (digests == NULL)
		return vres_fail(err, VRES_E_NO_MEMORY, "no memory for %" PRIu64 " digests", count);
	TRY(vres_verify_kept_of(v, err));
	TRY(vres_vram_digest_level(vram, c->kept_level, digests, err));
	v->report.blocks_checked = c->shape->count[0];
	if (vres_crypto_equal(digests, c->kept, bytes))
		return VRES_OK;
	TRY(confirm(v, vram, digests, err));
	TRY(tree_root_of(c->shape, c->kept_level, digests, root, err));
	name_digests(v, root);
	vres_verify_compare(v, vram, 0, count, digests);
	return vres_verify_fail(c, VRES_REASON_DIGEST,
	                        "the bytes in VRAM are not the ones that were sealed", err);
}

/* Is one of these nodes of the kept level not what was kept? */
static bool any_differs(const struct vres_contents *c, const uint64_t *nodes, size_t n,
                        const uint8_t *digests)
{
	bool differs = false;

	for (size_t i = 0; i < n; i++)
		differs |= !vres_crypto_equal(digests + i * VRES_SHA256_BYTES,
		                              c->kept + nodes[i] * VRES_SHA256_BYTES,
		                              VRES_SHA256_BYTES);
	return differs;
}

static vres_status check_nodes(struct verification *v, struct vram_digest *vram,
                               const uint64_t *nodes, size_t n, vres_error *err)
{
	const struct vres_contents *c = v->contents;
	uint8_t digests[RANGES_MAX * VRES_SHA256_BYTES], again[RANGES_MAX * VRES_SHA256_BYTES];

	TRY(vres_vram_digest_nodes(vram, c->kept_level, nodes, n, digests, err));
	if (any_differs(c, nodes, n, digests)) {
		TRY(vres_vram_digest_nodes(vram, c->kept_level, nodes, n, again, err));
		TRY(vres_vram_digest_agree(vram, digests, again, n * VRES_SHA256_BYTES, err));
	}
	for (size_t i = 0; i < n; i++) {
		uint64_t offset, bytes;

		tree_node_range(c->shape, c->kept_level, nodes[i], &offset, &bytes);
		v->report.blocks_checked += div_up_u64(bytes, c->shape->block_size);
		vres_verify_compare(v, vram, nodes[i], 1, digests + i * VRES_SHA256_BYTES);
	}
	return VRES_OK;
}

static vres_status check_sample(struct verification *v, struct vram_digest *vram, vres_error *err)
{
	const struct vres_contents *c = v->contents;
	const uint64_t n = c->shape->count[c->kept_level], k = min_u64(v->params.sample_units, n);
	uint64_t nodes[RANGES_MAX];

	TRY(vres_verify_kept_of(v, err));
	for (uint64_t done = 0; done < k;) {
		const size_t some = (size_t)min_u64(k - done, RANGES_MAX);

		for (size_t i = 0; i < some; i++)
			TRY(vres_verify_sample(n, k, done + i, &nodes[i], err));
		TRY(check_nodes(v, vram, nodes, some, err));
		done += some;
	}
	return v->report.bad_blocks
	               ? vres_verify_fail(c, VRES_REASON_DIGEST,
	                                  "sampled bytes in VRAM are not the ones that were sealed",
	                                  err)
	               : VRES_OK;
}

static vres_status check_bytes(struct verification *v, vres_error *err)
{
	CLEANUP(vres_vram_digest_close) struct vram_digest vram = {0};
	vres_status status;

	if (v->contents->tensors)
		return vres_verify_tensors(v, err);
	TRY(open_vram(v, &vram, err));
	status = v->mend                                 ? check_kept_level(v, &vram, err)
	         : v->params.mode == VRES_VERIFY_SAMPLED ? check_sample(v, &vram, err)
	                                                 : check_all(v, &vram, err);
	v->report.bytes_hashed = vram.bytes_hashed;
	return status;
}

void vres_verify_finish(struct verification *v)
{
	if (v->has_bytes_to_check)
		v->report.status = check_bytes(v, &v->error);
	vres_verify_end(v);
}

static vres_status compare_part(struct verification *v, struct vram_digest *vram, uint64_t first,
                                uint64_t count, const uint8_t *digests, vres_error *err)
{
	const struct vres_contents *c = v->contents;
	const size_t bytes = (size_t)count * VRES_SHA256_BYTES;
	CLEANUP(vres_os_freep) uint8_t *again = NULL;

	if (vres_crypto_equal(digests, c->kept + first * VRES_SHA256_BYTES, bytes))
		return VRES_OK;
	TRY(vres_verify_kept_of(v, err)); /* it was good when the pass began; is it still? */
	again = vres_os_alloc(bytes);
	if (again == NULL)
		return vres_fail(err, VRES_E_NO_MEMORY, "no memory for %" PRIu64 " digests", count);
	TRY(vres_vram_digest_part(vram, c->kept_level, first, count, again, err));
	TRY(vres_vram_digest_agree(vram, digests, again, bytes, err));
	vres_verify_compare(v, vram, first, count, digests);
	return vres_verify_fail(c, VRES_REASON_DIGEST,
	                        "scrubbed bytes in VRAM are not the ones that were sealed", err);
}

vres_status vres_verify_part(struct verification *v, uint64_t first, uint64_t count,
                             vres_error *err)
{
	const struct vres_contents *c = v->contents;
	CLEANUP(vres_os_freep) uint8_t *digests = vres_os_alloc((size_t)count * VRES_SHA256_BYTES);
	CLEANUP(vres_vram_digest_close) struct vram_digest vram = {0};
	vres_status status;

	if (digests == NULL)
		return vres_fail(err, VRES_E_NO_MEMORY, "no memory for %" PRIu64 " digests", count);
	if (first == 0)
		TRY(vres_verify_kept_of(v, err));
	TRY(open_vram(v, &vram, err));
	status = vres_vram_digest_part(&vram, c->kept_level, first, count, digests, err);
	if (status == VRES_OK)
		status = compare_part(v, &vram, first, count, digests, err);
	v->report.bytes_hashed = vram.bytes_hashed;
	if (status == VRES_OK && first > 0 && first + count == c->shape->count[c->kept_level])
		status = vres_verify_kept_of(v, err); /* the whole pass rests on it */
	return status;
}
