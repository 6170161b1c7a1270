/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a resume finds in memory.  The memory is judged anew and every byte is hashed.  Tensors that
 * have not changed are compared with the kept level, those that have with their expected digests.
 */
#include "verify/resume.h"

#include <inttypes.h>

#include "base/validate.h"
#include "device/policy.h"
#include "device/vram_spans.h"
#include "manager/tensor_memory.h"
#include "verify/locate.h"
#include "verify/tensor_content.h"

/* What differs or was not expected, and so has to be hashed again. */
struct findings {
	uint64_t *nodes; /* kept nodes of unchanged ranges that differ */
	uint64_t nodes_n;
	uint32_t unwanted_n, first_unwanted; /* changed tensors that are not as expected */
	struct vram_span *spans;
	size_t spans_n; /* the ranges to hash once more */
};

static void findings_close(struct findings *f)
{
	vres_os_free(f->nodes);
	vres_os_free(f->spans);
}

static vres_status find_memory(struct resume *r, vres_error *err)
{
	const uint32_t n = r->tensors->ranges_n;
	CLEANUP(vres_os_freep) uint64_t *addresses = vres_os_alloc(n * sizeof(*addresses));
	struct vres_device *d = r->shard->device;
	uint32_t assurance =
		vres_policy_assurance(&d->props, r->shard->manager->driver.is_simulated);
	struct vres_contents *c;

	if (addresses == NULL)
		return vres_fail(err, VRES_E_NO_MEMORY, "no memory to resume a shard");
	for (uint32_t i = 0; i < n; i++)
		addresses[i] = r->news[i].address;
	c = r->next = vres_contents_create(r->shard->manager, &r->v.contents->record,
	                                   r->v.contents->shape, r->tensors);
	if (c == NULL)
		return vres_fail(err, VRES_E_NO_MEMORY, "no memory to resume a shard");
	TRY(vres_tensor_memory_open(d, addresses, c, err));
	TRY(vres_tensor_memory_judge(c, vres_shard_device(r->shard), &r->report, &assurance, err));
	if (!r->has_changed && assurance < c->record.assurance)
		return vres_fail_at(err, VRES_E_POLICY_VIOLATION, VRES_REASON_RESIDENCY,
		                    vres_shard_device(r->shard),
		                    "the memory assures less than the record says");
	c->record.assurance = r->has_changed ? assurance : c->record.assurance;
	return VRES_OK;
}

static struct vram_span span_of(const struct resume *r, uint32_t range)
{
	const struct tensor_range *t = &r->tensors->ranges[range];
	const struct tensor_place *place = &r->next->places[range];

	return (struct vram_span){.mem = &r->next->extents[place->extent].mem,
	                          .offset = place->offset,
	                          .bytes = t->bytes,
	                          .at = t->first,
	                          .level = t->level};
}

static uint64_t end_of(const struct resume *r, uint32_t range)
{
	return range + 1 < r->tensors->ranges_n ? r->tensors->ranges[range + 1].first
	                                        : r->tensors->nodes;
}

static vres_status make_room(const struct tensors *t, struct vres_contents *c, vres_error *err)
{
	c->kept = vres_os_alloc((size_t)t->nodes * VRES_SHA256_BYTES);
	c->digests = vres_os_alloc((size_t)t->ranges_n * VRES_SHA256_BYTES);
	return c->kept && c->digests ? VRES_OK
	                             : vres_fail(err, VRES_E_NO_MEMORY,
	                                         "no memory for %" PRIu64 " digests", t->nodes);
}

static vres_status hash_all(struct resume *r, struct vram_digest *vram, struct findings *f,
                            vres_error *err)
{
	const struct tensors *t = r->tensors;
	struct vres_contents *c = r->next;

	f->spans = vres_os_alloc(t->ranges_n * sizeof(*f->spans));
	f->nodes = vres_os_alloc((size_t)t->nodes * sizeof(*f->nodes));
	if (f->spans == NULL || f->nodes == NULL)
		return vres_fail(err, VRES_E_NO_MEMORY, "no memory for %" PRIu64 " digests",
		                 t->nodes);
	for (uint32_t i = 0; i < t->ranges_n; i++)
		f->spans[i] = span_of(r, i);
	return vres_vram_digest_spans(vram, f->spans, t->ranges_n, false, c->kept, err);
}

static bool node_differs(const struct resume *r, uint64_t node)
{
	return !vres_crypto_equal(r->next->kept + node * VRES_SHA256_BYTES,
	                          r->v.contents->kept + node * VRES_SHA256_BYTES,
	                          VRES_SHA256_BYTES);
}

/* Are there nodes of this unchanged range that differ?  Adds them to @f. */
static bool find_bad_nodes(const struct resume *r, uint32_t range, struct findings *f)
{
	const uint64_t before = f->nodes_n;

	for (uint64_t node = r->tensors->ranges[range].first; node < end_of(r, range); node++)
		if (node_differs(r, node))
			f->nodes[f->nodes_n++] = node;
	return f->nodes_n > before;
}

static bool is_as_wanted(const struct resume *r, uint32_t range)
{
	return r->news[range].wanted != NOTHING_WANTED &&
	       vres_crypto_equal(r->news[range].digest,
	                         r->next->digests + (size_t)range * VRES_SHA256_BYTES,
	                         VRES_SHA256_BYTES);
}

static void compare(const struct resume *r, struct findings *f)
{
	for (uint32_t i = 0; i < r->tensors->ranges_n; i++) {
		const bool is_changed = r->news[i].change != UNCHANGED,
			   is_good = is_changed ? is_as_wanted(r, i) : !find_bad_nodes(r, i, f);

		if (!is_good)
			f->spans[f->spans_n++] = span_of(r, i);
		if (is_changed && !is_good && r->news[i].wanted != NOTHING_WANTED &&
		    f->unwanted_n++ == 0)
			f->first_unwanted = r->tensors->ranges[i].tensor;
	}
}

/* Whatever no earlier digest confirms is hashed once more, and must come out the same. */
static vres_status confirm(struct resume *r, struct vram_digest *vram, const struct findings *f,
                           vres_error *err)
{
	CLEANUP(vres_os_freep) uint8_t *again = NULL;

	if (f->spans_n == 0)
		return VRES_OK;
	again = vres_os_alloc((size_t)r->tensors->nodes * VRES_SHA256_BYTES);
	if (again == NULL)
		return vres_fail(err, VRES_E_NO_MEMORY, "no memory for %" PRIu64 " digests",
		                 r->tensors->nodes);
	TRY(vres_vram_digest_spans(vram, f->spans, f->spans_n, false, again, err));
	for (size_t i = 0; i < f->spans_n; i++) {
		const struct vram_span *s = &f->spans[i];
		const size_t at = (size_t)s->at * VRES_SHA256_BYTES;

		TRY(vres_vram_digest_agree(
			vram, r->next->kept + at, again + at,
			(size_t)vres_vram_span_nodes(s->bytes, r->tensors->block_size, s->level) *
				VRES_SHA256_BYTES,
			err));
	}
	return VRES_OK;
}

static vres_status judge(struct resume *r, const struct findings *f, vres_error *err)
{
	if (f->nodes_n > 0) {
		vres_verify_note_nodes(&r->v, r->tensors, r->own == NULL, f->nodes, f->nodes_n);
		return vres_verify_fail(r->v.contents, VRES_REASON_DIGEST,
		                        "bytes that were not said to change are not the ones that "
		                        "were sealed",
		                        err);
	}
	if (f->unwanted_n > 1)
		return vres_fail_at(err, VRES_E_INTEGRITY_VIOLATION, VRES_REASON_DIGEST,
		                    vres_shard_device(r->shard),
		                    "tensor %" PRIu32 " and %" PRIu32
		                    " more that have changed are not as expected",
		                    f->first_unwanted, f->unwanted_n - 1);
	if (f->unwanted_n == 1)
		return vres_fail_at(err, VRES_E_INTEGRITY_VIOLATION, VRES_REASON_DIGEST,
		                    vres_shard_device(r->shard),
		                    "tensor %" PRIu32 " has changed and is not as expected",
		                    f->first_unwanted);
	return VRES_OK;
}

/*
 * The signed root does not cover names.  The next record signs the names that the host keeps, so
 * they must still be those of the old one.
 */
static vres_status check_manifest(struct resume *r, vres_error *err)
{
	const struct vres_contents *old = r->v.contents;
	uint8_t digest[VRES_SHA256_BYTES];

	if (old->tensors == NULL || !r->has_changed)
		return VRES_OK;
	TRY(vres_tensors_manifest_digest(old->tensors, old->digests, digest, err));
	return vres_crypto_equal(digest, old->record.digest, sizeof(digest))
	               ? VRES_OK
	               : vres_verify_fail(old, VRES_REASON_SIGNATURE,
	                                  "the manifest does not have the signed digest", err);
}

/* Gives r->next the old record and its digests, so that they hold for the memory as it is now. */
static void keep_old(struct resume *r)
{
	const struct vres_contents *old = r->v.contents;
	struct vres_contents *c = r->next;

	c->record = old->record;
	memcpy(c->mac, old->mac, sizeof(c->mac));
	c->sealed_monotonic = old->sealed_monotonic;
	memcpy(c->kept, old->kept, (size_t)r->tensors->nodes * VRES_SHA256_BYTES);
	if (old->digests)
		memcpy(c->digests, old->digests, (size_t)r->tensors->ranges_n * VRES_SHA256_BYTES);
	atomic_store(&c->verified_at, atomic_load(&old->verified_at));
}

static vres_status sign_anew(struct resume *r, vres_error *err)
{
	struct vres_contents *c = r->next;
	struct vres_record *record = &c->record;

	if (r->own) {
		TRY(vres_tensors_range_root(r->tensors, 0, c->kept, record->verity_root, err));
		memcpy(record->digest, c->digests, VRES_SHA256_BYTES);
	} else {
		TRY(vres_tensors_manifest_digest(r->tensors, c->digests, record->digest, err));
	}
	record->epoch++;
	record->sealed_at = vres_os_wall();
	c->sealed_monotonic = vres_os_monotonic();
	return vres_record_sign(record, c->manager->keys, c->mac, err);
}

/* A resume treats a shard of one range as one tensor.  Turns its contents back into one range. */
static void as_one_range(struct vres_contents *c)
{
	c->memory = c->extents[0];
	vres_os_free(c->extents);
	vres_os_free(c->places);
	vres_os_free(c->digests);
	c->extents = &c->memory;
	c->places = NULL;
	c->digests = NULL;
	c->tensors = NULL;
}

static vres_status look(struct resume *r, vres_error *err)
{
	const vres_policy *policy = &r->shard->manager->policy;
	CLEANUP(vres_vram_digest_close) struct vram_digest vram = {0};
	CLEANUP(findings_close) struct findings f = {.nodes = NULL};
	struct vres_contents *c = r->next;
	vres_status status;

	TRY(vres_vram_spans_open(&vram, r->shard->device, r->tensors->block_size,
	                         r->tensors->longest, r->v.report.mode == VRES_VERIFY_READBACK,
	                         vres_policy_lane_flags(policy), c->manager->threads,
	                         policy->deadline, err));
	status = hash_all(r, &vram, &f, err);
	if (status == VRES_OK)
		status = vres_tensors_digests(r->tensors, c->kept, c->digests,
		                              c->record.verity_root, err);
	if (status == VRES_OK) {
		compare(r, &f);
		status = confirm(r, &vram, &f, err);
	}
	r->v.report.bytes_hashed = vram.bytes_hashed;
	r->v.report.blocks_checked = r->tensors->blocks;
	TRY(status);
	return judge(r, &f, err);
}

vres_status vres_resume_look(struct resume *r, vres_error *err)
{
	struct vres_contents *old = r->v.contents;
	vres_status status;

	TRY(find_memory(r, err));
	TRY(make_room(r->tensors, r->next, err));
	status = vres_record_authenticate(&old->record, old->manager->keys, old->mac, err);
	if (status == VRES_OK)
		status = vres_verify_kept_of(&r->v, err);
	if (status == VRES_OK)
		status = check_manifest(r, err);
	if (status == VRES_OK)
		status = look(r, err);
	if (status == VRES_OK && r->has_changed)
		status = sign_anew(r, err);
	else
		keep_old(r);
	if (r->own)
		as_one_range(r->next);
	r->next->kept_level = old->kept_level;
	return status;
}
