/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Nodes of the kept level, of whichever tensors they are: hashed together, compared with what was
 * kept, and, where one differs, hashed once more before it is called damaged.
 *
 * The kept level says which node differs, so there is nothing left to search for.  It must hash to
 * the signed root before any byte is compared with it.
 */
#include "verify/tensor_content.h"

#include <inttypes.h>

#include "base/validate.h"
#include "device/policy.h"
#include "device/vram_spans.h"
#include "verify/locate.h"
#include "verify/sample.h"

/* Nodes in ascending order: those listed, or @count from @first on. */
struct nodes {
	const uint64_t *list;
	uint64_t first, count;
};

struct looking {
	struct verification *v;
	const struct tensors *tensors;
	struct vram_digest vram;
	const char *what; /* how the bytes are called that differ */
};

static void looking_close(struct looking *l)
{
	vres_vram_digest_close(&l->vram);
}

static vres_status looking_open(struct looking *l, struct verification *v, const char *what,
                                vres_error *err)
{
	const vres_policy *policy = &v->contents->manager->policy;
	const bool by_readback = v->params.mode == VRES_VERIFY_READBACK ||
	                         !vres_device_can(v->shard->device, VRES_DEVICE_CAN_HASH);
	const uint32_t priority = v->params.background ? VRES_LANE_LOW_PRIORITY : 0;

	l->v = v;
	l->tensors = v->contents->tensors;
	l->what = what;
	return vres_vram_spans_open(&l->vram, v->shard->device, TENSORS_BLOCK_SIZE,
	                            l->tensors->longest, by_readback,
	                            vres_policy_lane_flags(policy) | priority,
	                            v->contents->manager->threads, policy->deadline, err);
}

static uint64_t node_at(const struct nodes *nodes, uint64_t i)
{
	return nodes->list ? nodes->list[i] : nodes->first + i;
}

/* The nodes from @node on, up to @end, that are of one range; @at: where their digests go. */
static struct vram_span span_of(const struct looking *l, uint64_t node, uint64_t end, uint64_t at,
                                uint64_t *next)
{
	const uint32_t range = vres_tensors_range_of(l->tensors, node);
	const struct tensor_range *r = &l->tensors->ranges[range];
	const struct tensor_place *place = &l->v->contents->places[range];
	const uint64_t last =
		min_u64(end, range + 1 < l->tensors->ranges_n ? r[1].first : l->tensors->nodes);
	uint64_t from, to, bytes;

	vres_tensors_node(l->tensors, range, node, &from, &bytes);
	vres_tensors_node(l->tensors, range, last - 1, &to, &bytes);
	*next = last;
	return (struct vram_span){.mem = &l->v->contents->extents[place->extent].mem,
	                          .offset = place->offset + from,
	                          .bytes = to + bytes - from,
	                          .at = at,
	                          .level = r->level};
}

static vres_status hash(struct looking *l, const struct nodes *nodes, uint8_t *digests,
                        vres_error *err)
{
	const uint64_t most =
		nodes->list ? nodes->count : min_u64(nodes->count, l->tensors->ranges_n);
	CLEANUP(vres_os_freep)
	struct vram_span *spans = vres_os_alloc((size_t)most * sizeof(*spans));
	size_t n = 0;

	if (spans == NULL)
		return vres_fail(err, VRES_E_NO_MEMORY, "no memory for %" PRIu64 " ranges", most);
	for (uint64_t i = 0, next; i < nodes->count; n++) {
		const uint64_t node = node_at(nodes, i);

		spans[n] = span_of(l, node, nodes->list ? node + 1 : nodes->first + nodes->count, i,
		                   &next);
		i += next - node;
	}
	return vres_vram_digest_spans(&l->vram, spans, n, l->v->params.background != 0, digests,
	                              err);
}

static bool differs(const struct looking *l, uint64_t node, const uint8_t *digest)
{
	return !vres_crypto_equal(digest, l->v->contents->kept + node * VRES_SHA256_BYTES,
	                          VRES_SHA256_BYTES);
}

static uint64_t count_bad(const struct looking *l, const struct nodes *nodes,
                          const uint8_t *digests)
{
	uint64_t bad = 0;

	for (uint64_t i = 0; i < nodes->count; i++)
		bad += differs(l, node_at(nodes, i), digests + i * VRES_SHA256_BYTES);
	return bad;
}

/* The nodes that differ, and what was found instead. */
struct bad {
	uint64_t *list;
	uint8_t *found, *again;
};

static void bad_close(struct bad *bad)
{
	vres_os_free(bad->list);
	vres_os_free(bad->found);
	vres_os_free(bad->again);
}

static vres_status bad_open(struct bad *bad, uint64_t n, vres_error *err)
{
	bad->list = vres_os_alloc((size_t)n * sizeof(*bad->list));
	bad->found = vres_os_alloc((size_t)n * VRES_SHA256_BYTES);
	bad->again = vres_os_alloc((size_t)n * VRES_SHA256_BYTES);
	return bad->list && bad->found && bad->again
	               ? VRES_OK
	               : vres_fail(err, VRES_E_NO_MEMORY, "no memory for %" PRIu64 " digests", n);
}

/* The first of the ascending @list that is not below @node. */
static uint64_t not_below(const uint64_t *list, uint64_t n, uint64_t node)
{
	uint64_t low = 0, high = n;

	while (low < high) {
		const uint64_t middle = low + (high - low) / 2;

		*(list[middle] < node ? &low : &high) = list[middle] < node ? middle + 1 : middle;
	}
	return low;
}

void vres_verify_note_nodes(struct verification *v, const struct tensors *t, bool has_names,
                            const uint64_t *list, uint64_t n)
{
	for (uint32_t i = 0; i < t->n; i++) {
		const uint32_t range = t->list[i].range;
		uint64_t offset, bytes, end;

		if (range == NO_RANGE)
			continue;
		end = range + 1 < t->ranges_n ? t->ranges[range + 1].first : t->nodes;
		for (uint64_t at = not_below(list, n, t->ranges[range].first);
		     at < n && list[at] < end; at++) {
			vres_tensors_node(t, range, list[at], &offset, &bytes);
			vres_verify_note(v, has_names ? i : UINT32_MAX, offset, bytes);
		}
	}
}

/* The digest of the manifest that all tensors would have as they are. */
static void digest_found(const struct looking *l, const uint8_t *digests)
{
	const struct tensors *t = l->tensors;
	CLEANUP(vres_os_freep)
	uint8_t *ranges = vres_os_alloc((size_t)t->ranges_n * VRES_SHA256_BYTES);
	uint8_t root[VRES_SHA256_BYTES], digest[VRES_SHA256_BYTES];

	if (ranges == NULL || vres_tensors_digests(t, digests, ranges, root, NULL) != VRES_OK ||
	    vres_tensors_manifest_digest(t, ranges, digest, NULL) != VRES_OK)
		return;
	vres_hex(l->v->contents->record.digest, l->v->wanted);
	vres_hex(digest, l->v->found);
}

static vres_status report_bad(struct looking *l, const struct nodes *nodes, const uint8_t *digests,
                              uint64_t n, vres_error *err)
{
	CLEANUP(bad_close) struct bad bad = {.list = NULL};
	const struct nodes listed = {.list = NULL, .count = n};
	struct nodes again = listed;
	uint64_t next = 0;

	TRY(bad_open(&bad, n, err));
	for (uint64_t i = 0; i < nodes->count; i++) {
		const uint8_t *digest = digests + i * VRES_SHA256_BYTES;

		if (!differs(l, node_at(nodes, i), digest))
			continue;
		bad.list[next] = node_at(nodes, i);
		memcpy(bad.found + next++ * VRES_SHA256_BYTES, digest, VRES_SHA256_BYTES);
	}
	again.list = bad.list;
	TRY(hash(l, &again, bad.again, err));
	TRY(vres_vram_digest_agree(&l->vram, bad.found, bad.again, (size_t)n * VRES_SHA256_BYTES,
	                           err));
	vres_verify_note_nodes(l->v, l->tensors, true, bad.list, n);
	if (nodes->count == l->tensors->nodes)
		digest_found(l, digests);
	return vres_verify_fail(l->v->contents, VRES_REASON_DIGEST, l->what, err);
}

static uint64_t blocks_of(const struct looking *l, const struct nodes *nodes)
{
	uint64_t blocks = 0, offset, bytes;

	if (nodes->count == l->tensors->nodes)
		return l->tensors->blocks;
	for (uint64_t i = 0; i < nodes->count; i++) {
		const uint64_t node = node_at(nodes, i);

		vres_tensors_node(l->tensors, vres_tensors_range_of(l->tensors, node), node,
		                  &offset, &bytes);
		blocks += div_up_u64(bytes, TENSORS_BLOCK_SIZE);
	}
	return blocks;
}

static vres_status check(struct looking *l, const struct nodes *nodes, vres_error *err)
{
	CLEANUP(vres_os_freep)
	uint8_t *digests = vres_os_alloc((size_t)nodes->count * VRES_SHA256_BYTES);
	uint64_t bad;

	if (digests == NULL)
		return vres_fail(err, VRES_E_NO_MEMORY, "no memory for %" PRIu64 " digests",
		                 nodes->count);
	TRY(hash(l, nodes, digests, err));
	l->v->report.blocks_checked += blocks_of(l, nodes);
	bad = count_bad(l, nodes, digests);
	return bad == 0 ? VRES_OK : report_bad(l, nodes, digests, bad, err);
}

static vres_status check_sample(struct looking *l, vres_error *err)
{
	const uint64_t n = l->tensors->nodes, k = min_u64(l->v->params.sample_units, n);
	CLEANUP(vres_os_freep) uint64_t *list = vres_os_alloc((size_t)k * sizeof(*list));

	if (list == NULL)
		return vres_fail(err, VRES_E_NO_MEMORY, "no memory for %" PRIu64 " samples", k);
	for (uint64_t i = 0; i < k; i++)
		TRY(vres_verify_sample(n, k, i, &list[i], err));
	return check(l, &(struct nodes){.list = list, .count = k}, err);
}

vres_status vres_verify_tensors(struct verification *v, vres_error *err)
{
	CLEANUP(looking_close) struct looking l = {.v = v};
	const bool is_sample = v->params.mode == VRES_VERIFY_SAMPLED;
	vres_status status;

	TRY(vres_verify_kept_of(v, err));
	TRY(looking_open(&l, v,
	                 is_sample ? "sampled bytes in VRAM are not the ones that were sealed"
	                           : "the bytes in VRAM are not the ones that were sealed",
	                 err));
	status = is_sample ? check_sample(&l, err)
	                   : check(&l, &(struct nodes){.count = l.tensors->nodes}, err);
	v->report.bytes_hashed = l.vram.bytes_hashed;
	return status;
}

vres_status vres_verify_tensor_part(struct verification *v, uint64_t first, uint64_t count,
                                    vres_error *err)
{
	CLEANUP(looking_close) struct looking l = {.v = v};
	const bool is_last = first + count == v->contents->tensors->nodes;
	vres_status status;

	/* It was good when the pass began; is it still, before it calls anything damaged? */
	TRY(vres_verify_kept_of(v, err));
	TRY(looking_open(&l, v, "scrubbed bytes in VRAM are not the ones that were sealed", err));
	status = check(&l, &(struct nodes){.first = first, .count = count}, err);
	v->report.bytes_hashed = l.vram.bytes_hashed;
	if (status == VRES_OK && is_last)
		status = vres_verify_kept_of(v, err); /* the whole pass rests on it */
	return status;
}
