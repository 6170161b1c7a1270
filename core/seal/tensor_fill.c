/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Digesting tensors where they lie, and comparing each with what it is expected to hold.
 *
 * A digest that nothing is expected of would be signed whatever it is, and one that is not the
 * expected one would be called damage: both have to come out twice (vram_digest.h).
 */
#include "seal/tensor_fill.h"

#include <inttypes.h>

#include "device/policy.h"
#include "device/vram_spans.h"
#include "manager/tensor_memory.h"

static struct vram_span span_of(const struct vres_contents *c, uint32_t range)
{
	const struct tensor_range *r = &c->tensors->ranges[range];
	const struct tensor_place *place = &c->places[range];

	return (struct vram_span){.mem = &c->extents[place->extent].mem,
	                          .offset = place->offset,
	                          .bytes = r->bytes,
	                          .at = r->first,
	                          .level = r->level};
}

static vres_status open_vram(const struct seal *seal, const struct vres_contents *c,
                             struct vram_digest *vram, vres_error *err)
{
	const vres_policy *policy = &seal->manager->policy;

	return vres_vram_spans_open(vram, seal->device, TENSORS_BLOCK_SIZE, c->tensors->longest,
	                            !vres_device_can(seal->device, VRES_DEVICE_CAN_HASH),
	                            vres_policy_lane_flags(policy), seal->manager->threads,
	                            policy->deadline, err);
}

/* Is the range what it is expected to be, so that its digest is right? */
static bool is_as_wanted(const struct seal *seal, const struct vres_contents *c, uint32_t range)
{
	const struct tensor_want *wanted = seal->input->wanted;

	return wanted && wanted[range].tensor != NO_TENSOR &&
	       vres_crypto_equal(wanted[range].digest,
	                         c->digests + (size_t)range * VRES_SHA256_BYTES, VRES_SHA256_BYTES);
}

/* Does the manifest as a whole have the expected digest? */
static bool is_as_expected(const struct seal *seal)
{
	return seal->has_expected &&
	       vres_crypto_equal(seal->expected, seal->record.digest, VRES_SHA256_BYTES);
}

/* Digest once more what nothing has confirmed. */
static vres_status confirm(struct seal *seal, struct vres_contents *c, struct vram_digest *vram,
                           struct vram_span *spans, vres_error *err)
{
	const struct tensors *t = c->tensors;
	CLEANUP(vres_os_freep) uint8_t *again = NULL;
	size_t n = 0;

	if (is_as_expected(seal))
		return VRES_OK;
	for (uint32_t i = 0; i < t->ranges_n; i++)
		if (!is_as_wanted(seal, c, i))
			spans[n++] = span_of(c, i);
	if (n == 0)
		return VRES_OK;
	again = vres_os_alloc((size_t)t->nodes * VRES_SHA256_BYTES);
	if (again == NULL)
		return vres_fail(err, VRES_E_NO_MEMORY, "no memory for %" PRIu64 " digests",
		                 t->nodes);
	TRY(vres_vram_digest_spans(vram, spans, n, false, again, err));
	for (size_t i = 0; i < n; i++) {
		const size_t at = (size_t)spans[i].at * VRES_SHA256_BYTES;

		TRY(vres_vram_digest_agree(vram, c->kept + at, again + at,
		                           (size_t)vres_vram_span_nodes(spans[i].bytes,
		                                                        TENSORS_BLOCK_SIZE,
		                                                        spans[i].level) *
		                                   VRES_SHA256_BYTES,
		                           err));
	}
	return VRES_OK;
}

static vres_status digest(struct seal *seal, struct vres_contents *c, vres_error *err)
{
	const struct tensors *t = c->tensors;
	CLEANUP(vres_vram_digest_close) struct vram_digest vram = {0};
	CLEANUP(vres_os_freep)
	struct vram_span *spans = vres_os_alloc(t->ranges_n * sizeof(*spans));

	c->kept = vres_os_alloc((size_t)t->nodes * VRES_SHA256_BYTES);
	c->digests = vres_os_alloc((size_t)t->ranges_n * VRES_SHA256_BYTES);
	if (spans == NULL || c->kept == NULL || c->digests == NULL)
		return vres_fail(err, VRES_E_NO_MEMORY, "no memory for %" PRIu64 " digests",
		                 t->nodes);
	for (uint32_t i = 0; i < t->ranges_n; i++)
		spans[i] = span_of(c, i);
	TRY(open_vram(seal, c, &vram, err));
	TRY(vres_vram_digest_spans(&vram, spans, t->ranges_n, false, c->kept, err));
	TRY(vres_tensors_digests(t, c->kept, c->digests, seal->record.verity_root, err));
	TRY(vres_tensors_manifest_digest(t, c->digests, seal->record.digest, err));
	return confirm(seal, c, &vram, spans, err);
}

vres_status vres_tensors_look(struct seal *seal, struct vres_contents *c, vres_error *err)
{
	TRY(vres_seal_judge_device(seal, err));
	TRY(vres_tensor_memory_open(seal->device, seal->input->addresses, c, err));
	TRY(vres_tensor_memory_judge(c, seal->record.gpu_device, &seal->report,
	                             &seal->record.assurance, err));
	return digest(seal, c, err);
}

static bool is_wrong(const struct seal *seal, const struct vres_contents *c, uint32_t range)
{
	const struct tensor_want *wanted = seal->input->wanted;

	return wanted && wanted[range].tensor != NO_TENSOR && !is_as_wanted(seal, c, range);
}

/* Which tensors are not as expected?  All of them, under each name that a range has. */
static void note_wrong(struct seal *seal, const struct vres_contents *c, uint32_t *first)
{
	const struct tensor_input *in = seal->input;
	const struct tensors *t = c->tensors;
	uint32_t empties = 0;

	*first = NO_TENSOR;
	for (uint32_t i = 0; i < t->n; i++) {
		const uint32_t range = t->list[i].range;
		const bool is_empty = empties < in->wrong_empty_n && in->wrong_empty[empties] == i;

		empties += is_empty;
		if (!is_empty && (range == NO_RANGE || !is_wrong(seal, c, range)))
			continue;
		vres_seal_note(seal, i, is_empty ? 0 : t->ranges[range].bytes);
		if (*first == NO_TENSOR)
			*first = i;
	}
}

static vres_status compare(struct seal *seal, const struct vres_contents *c, vres_error *err)
{
	uint32_t first;

	note_wrong(seal, c, &first);
	if (first != NO_TENSOR) /* the shard is discarded before the failure is told */
		memcpy(seal->first_bad, c->tensors->list[first].name,
		       c->tensors->list[first].name_bytes + 1);
	if (seal->damaged > 1)
		return vres_fail_at(err, VRES_E_INTEGRITY_VIOLATION, VRES_REASON_DIGEST,
		                    seal->record.gpu_device,
		                    "tensor %" PRIu32 " and %" PRIu64
		                    " more do not have their expected digests",
		                    first, seal->damaged - 1);
	if (seal->damaged == 1)
		return vres_fail_at(err, VRES_E_INTEGRITY_VIOLATION, VRES_REASON_DIGEST,
		                    seal->record.gpu_device,
		                    "tensor %" PRIu32 " does not have its expected digest", first);
	if (seal->has_expected && !is_as_expected(seal))
		return vres_seal_mismatch(seal, seal->expected, seal->record.digest,
		                          "the manifest does not have the expected digest", err);
	return VRES_OK;
}

vres_status vres_seal_fill_tensors(struct seal *seal, struct vres_shard *s, vres_error *err)
{
	struct vres_contents *c = s->contents;
	const uint64_t began = vres_os_monotonic();

	TRY(vres_tensors_look(seal, c, err));
	s->device = seal->device;
	TRY(compare(seal, c, err));
	return vres_seal_sign(seal, c, began, err);
}
