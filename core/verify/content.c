/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Comparing bytes in VRAM with the signed root: all of them on the device, all of them by readback,
 * or a sample.
 */
#include "verify/verify.h"

#include <inttypes.h>

#include "device/vram_digest_many.h"
#include "device/policy.h"
#include "base/validate.h"

static vres_status damaged(struct verification *v, const char *what, vres_error *err)
{
	return vres_fail_at(err, VRES_E_SEAL_VERIFICATION_FAILED, VRES_REASON_DIGEST,
	                    v->shard->record.gpu_device, "seal verification failed: %s", what);
}

vres_status vres_verify_kept(const struct vres_shard *s, bool *is_good, vres_error *err)
{
	uint8_t root[VRES_SHA256_BYTES];

	TRY(tree_root_of(&s->shape, s->kept_level, s->kept, root, err));
	*is_good = vres_crypto_equal(root, s->record.verity_root, sizeof(root));
	return VRES_OK;
}

static vres_status differs(struct verification *v, struct vram_digest *ms, vres_error *err)
{
	if (ms)
		vres_verify_locate(v, ms);
	return damaged(v, "the bytes in VRAM are not the ones that were sealed", err);
}

/*
 * Auditors compare digests that they can compute themselves, so what is told is the digest of a
 * root, not the root.
 */
static vres_status root_differs(struct verification *v, struct vram_digest *ms,
                                const uint8_t root[VRES_SHA256_BYTES], vres_error *err)
{
	const struct vres_record *r = &v->shard->record;
	uint8_t wanted[VRES_SHA256_BYTES], found[VRES_SHA256_BYTES];

	if (tree_digest(r->vram_bytes, r->block_size, r->verity_root, wanted, NULL) == VRES_OK &&
	    tree_digest(r->vram_bytes, r->block_size, root, found, NULL) == VRES_OK) {
		vres_hex(wanted, v->wanted);
		vres_hex(found, v->found);
	}
	return differs(v, ms, err);
}

vres_status vres_verify_root(struct verification *v, struct vram_digest *ms,
                             const uint8_t root[VRES_SHA256_BYTES], vres_error *err)
{
	return vres_crypto_equal(root, v->shard->record.verity_root, VRES_SHA256_BYTES)
	               ? VRES_OK
	               : root_differs(v, ms, root, err);
}

static vres_status check_all(struct verification *v, struct vram_digest *ms, vres_error *err)
{
	const struct vres_record *r = &v->shard->record;
	const bool wants_flat = ms->by_readback && r->digest_alg == VRES_DIGEST_SHA256;
	uint8_t root[VRES_SHA256_BYTES], flat[VRES_SHA256_BYTES];

	if (v->params.background && !ms->by_readback) /* a readback comes in pieces anyway */
		TRY(vres_vram_digest_root_in_slices(ms, root, err));
	else
		TRY(vres_vram_digest_root(ms, root, wants_flat ? flat : NULL, err));
	v->report.blocks_checked = v->shard->shape.count[0];
	TRY(vres_verify_root(v, ms, root, err));
	if (wants_flat && !vres_crypto_equal(flat, r->digest, sizeof(flat))) {
		vres_hex(r->digest, v->wanted);
		vres_hex(flat, v->found);
		return differs(v, ms, err);
	}
	return VRES_OK;
}

/* A number below @n from the CSPRNG, every one equally likely. */
static vres_status random_below(uint64_t n, uint64_t *out, vres_error *err)
{
	const uint64_t unfair = UINT64_MAX - UINT64_MAX % n;

	do {
		TRY(vres_os_random(out, sizeof(*out), err));
	} while (*out >= unfair);
	*out %= n;
	return VRES_OK;
}

/*
 * The i-th of @k samples of @n units: one from each of k runs of units of nearly equal length, so
 * that no unit comes twice and no memory of earlier ones is needed.  An attacker who does not know
 * the random numbers cannot tell which units are left out.
 */
static vres_status sample(uint64_t n, uint64_t k, uint64_t i, uint64_t *unit, vres_error *err)
{
	const uint64_t whole = n / k, rest = n % k;
	const uint64_t start = i * whole + min_u64(i, rest), length = whole + (i < rest);
	uint64_t within;

	TRY(random_below(length, &within, err));
	*unit = start + within;
	return VRES_OK;
}

static vres_status check_kept(struct verification *v, vres_error *err)
{
	bool is_good;

	TRY(vres_verify_kept(v->shard, &is_good, err));
	return is_good ? VRES_OK
	               : damaged(v,
	                         "the kept level of the digest tree does not match the signed root",
	                         err);
}

static uint64_t blocks_in(const struct tree_shape *shape, uint64_t bytes)
{
	return div_up_u64(bytes, shape->block_size);
}

static vres_status check_batch(struct verification *v, struct vram_digest *ms,
                               const uint64_t *units, size_t n, vres_error *err)
{
	const struct vres_shard *s = v->shard;
	uint8_t digests[RANGES_MAX * VRES_SHA256_BYTES];

	TRY(vres_vram_digest_nodes(ms, s->kept_level, units, n, digests, err));
	for (size_t i = 0; i < n; i++) {
		uint64_t offset, bytes;

		tree_node_range(&s->shape, s->kept_level, units[i], &offset, &bytes);
		v->report.blocks_checked += blocks_in(&s->shape, bytes);
		if (!vres_crypto_equal(digests + i * VRES_SHA256_BYTES,
		                       s->kept + units[i] * VRES_SHA256_BYTES, VRES_SHA256_BYTES))
			vres_verify_locate_node(v, ms, units[i]);
	}
	return VRES_OK;
}

static vres_status check_sample(struct verification *v, struct vram_digest *ms, vres_error *err)
{
	const struct vres_shard *s = v->shard;
	const uint64_t n = s->shape.count[s->kept_level], k = min_u64(v->params.sample_units, n);
	uint64_t units[RANGES_MAX];

	TRY(check_kept(v, err));
	for (uint64_t done = 0; done < k;) {
		const size_t batch = (size_t)min_u64(k - done, RANGES_MAX);

		for (size_t i = 0; i < batch; i++)
			TRY(sample(n, k, done + i, &units[i], err));
		TRY(check_batch(v, ms, units, batch, err));
		done += batch;
	}
	return v->report.bad_blocks
	               ? damaged(v, "sampled bytes in VRAM are not the ones that were sealed", err)
	               : VRES_OK;
}

vres_status vres_verify_measure(const struct verification *v, struct vram_digest *ms,
                                vres_error *err)
{
	const struct vres_shard *s = v->shard;
	const vres_policy *policy = &s->manager->policy;
	const bool by_readback = v->params.mode == VRES_VERIFY_READBACK ||
	                         !vres_device_can(s->mem.device, VRES_DEVICE_CAN_HASH);
	const uint32_t priority = v->params.background ? VRES_LANE_LOW_PRIORITY : 0;

	return vres_vram_digest_open(ms, &s->mem, &s->shape, by_readback,
	                             vres_policy_lane_flags(policy) | priority, s->manager->threads,
	                             policy->deadline, err);
}

vres_status vres_verify_content(struct verification *v, vres_error *err)
{
	CLEANUP(vres_vram_digest_close) struct vram_digest ms = {0};
	vres_status status;

	TRY(vres_verify_measure(v, &ms, err));
	status = v->params.mode == VRES_VERIFY_SAMPLED ? check_sample(v, &ms, err)
	                                               : check_all(v, &ms, err);
	v->report.bytes_hashed = ms.bytes_hashed;
	return status;
}

static void free_digests(uint8_t **slot)
{
	vres_os_free(*slot);
}

static vres_status compare_part(struct verification *v, struct vram_digest *ms, uint64_t first,
                                uint64_t count, const uint8_t *digests, vres_error *err)
{
	const struct vres_shard *s = v->shard;
	const uint8_t *kept = s->kept + first * VRES_SHA256_BYTES;

	if (vres_crypto_equal(digests, kept, (size_t)count * VRES_SHA256_BYTES))
		return VRES_OK;
	TRY(check_kept(v, err)); /* it was good when the pass began; is it still? */
	for (uint64_t i = 0; i < count; i++)
		if (!vres_crypto_equal(digests + i * VRES_SHA256_BYTES,
		                       kept + i * VRES_SHA256_BYTES, VRES_SHA256_BYTES))
			vres_verify_locate_node(v, ms, first + i);
	return damaged(v, "scrubbed bytes in VRAM are not the ones that were sealed", err);
}

vres_status vres_verify_part(struct verification *v, uint64_t first, uint64_t count,
                             vres_error *err)
{
	CLEANUP(free_digests) uint8_t *digests = vres_os_alloc((size_t)count * VRES_SHA256_BYTES);
	CLEANUP(vres_vram_digest_close) struct vram_digest ms = {0};
	vres_status status;

	if (digests == NULL)
		return vres_fail(err, VRES_E_NO_MEMORY, "no memory for %" PRIu64 " digests", count);
	if (first == 0)
		TRY(check_kept(v, err));
	TRY(vres_verify_measure(v, &ms, err));
	status = vres_vram_digest_part(&ms, v->shard->kept_level, first, count, digests, err);
	if (status == VRES_OK)
		status = compare_part(v, &ms, first, count, digests, err);
	v->report.bytes_hashed = ms.bytes_hashed;
	if (status == VRES_OK && first > 0 &&
	    first + count == v->shard->shape.count[v->shard->kept_level])
		status = check_kept(v, err); /* what the whole pass rests on */
	return status;
}
