/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The caller's params of a resume: where tensors are now, and which of them have changed. */
#include "verify/resume.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/abi.h"
#include "base/validate.h"

#define LABEL_MAX 128u

/* Treats a shard of one range as one tensor without a name. */
static vres_status as_tensors(struct resume *r, vres_error *err)
{
	const struct vres_contents *c = r->v.contents;
	struct tensors *t;

	if (c->tensors) {
		r->tensors = c->tensors;
		return VRES_OK;
	}
	r->tensors = r->own = t = vres_os_alloc(sizeof(*t));
	if (t == NULL || (t->list = vres_os_alloc(sizeof(*t->list))) == NULL ||
	    (t->order = vres_os_alloc(sizeof(*t->order))) == NULL ||
	    (t->ranges = vres_os_alloc(sizeof(*t->ranges))) == NULL)
		return vres_fail(err, VRES_E_NO_MEMORY, "no memory to resume a shard");
	t->n = t->ranges_n = 1;
	t->block_size = c->shape->block_size;
	t->ranges[0].bytes = c->shape->bytes;
	vres_tensors_number(t, c->manager->keep_leaves != 0);
	return VRES_OK;
}

static uint64_t address_now(const struct resume *r, uint32_t range)
{
	const struct vres_contents *c = r->v.contents;

	return c->tensors ? c->extents[c->places[range].extent].mem.addr + c->places[range].offset
	                  : c->memory.mem.addr;
}

static vres_status place(struct resume *r, const vres_resume_params *p, vres_error *err)
{
	const struct tensors *t = r->tensors;

	for (uint32_t i = 0; i < t->ranges_n; i++)
		r->news[i] =
			(struct range_news){.address = address_now(r, i), .wanted = NOTHING_WANTED};
	if (p->device_ptrs_n == 0)
		return VRES_OK;
	if (p->device_ptrs == NULL || p->device_ptrs_n != t->n)
		return vres_fail(err, VRES_E_INVALID_INPUT,
		                 p->device_ptrs ? "device_ptrs_n is %zu, expected 0 or %" PRIu32
		                                : "device_ptrs is NULL",
		                 p->device_ptrs_n, t->n);
	for (uint32_t i = 0; i < t->n; i++) {
		const uint32_t range = t->list[i].range;
		const uint64_t to = p->device_ptrs[i];
		uint64_t end;

		if (range == NO_RANGE)
			continue;
		if (to == 0 || ckd_add_u64(&end, to, t->ranges[range].bytes))
			return vres_fail(err, VRES_E_INVALID_INPUT,
			                 "device_ptrs[%" PRIu32 "] does not begin a range", i);
		r->moved_tensors += to != address_now(r, range);
		if (t->ranges[range].tensor == i)
			r->news[range].address = to;
		else if (r->news[range].address != to)
			return vres_fail(err, VRES_E_INVALID_INPUT,
			                 "tensors %" PRIu32 " and %" PRIu32
			                 " are one range, and their device_ptrs differ",
			                 t->ranges[range].tensor, i);
	}
	return VRES_OK;
}

static vres_status get(const vres_resume_params *p, size_t i, vres_change *out, vres_error *err)
{
	const unsigned char *from = (const unsigned char *)p->changes + i * p->changes->struct_size;
	char what[48];
	size_t size;

	memcpy(&size, from, sizeof(size));
	if (size != p->changes->struct_size)
		return vres_fail(err, VRES_E_ABI,
		                 "change %zu has another struct_size than the first", i);
	(void)snprintf(what, sizeof(what), "change %zu", i);
	return vres_abi_in(out, sizeof(*out), from, sizeof(*out), what, err);
}

static vres_status add_wanted(struct range_news *news, size_t i, const char *digest,
                              vres_error *err)
{
	uint8_t wanted[VRES_SHA256_BYTES];
	char what[64];

	(void)snprintf(what, sizeof(what), "change %zu's expected_digest", i);
	TRY(vres_check_digest(digest, wanted, what, err));
	if (news->wanted != NOTHING_WANTED &&
	    !vres_crypto_equal(news->digest, wanted, sizeof(wanted)))
		return vres_fail(err, VRES_E_INVALID_INPUT,
		                 "changes %" PRIu32
		                 " and %zu are of one range and have different expected digests",
		                 news->wanted, i);
	if (news->wanted == NOTHING_WANTED)
		news->wanted = (uint32_t)i;
	memcpy(news->digest, wanted, sizeof(wanted));
	return VRES_OK;
}

static vres_status add_change(struct resume *r, const vres_resume_params *p, size_t i,
                              vres_error *err)
{
	const struct tensors *t = r->tensors;
	vres_change change;
	uint32_t range;

	TRY(get(p, i, &change, err));
	if (change.tensor >= t->n || change.reserved != 0)
		return vres_fail(err, VRES_E_INVALID_INPUT,
		                 change.reserved ? "change %zu's reserved is not 0"
		                                 : "change %zu is of tensor %" PRIu32
		                                   ", and there are %" PRIu32,
		                 i, change.tensor, t->n);
	range = t->list[change.tensor].range;
	if (range == NO_RANGE)
		return vres_fail(err, VRES_E_INVALID_INPUT,
		                 "change %zu is of tensor %" PRIu32 ", which has no bytes", i,
		                 change.tensor);
	r->news[range].change = CHANGED;
	return change.expected_digest ? add_wanted(&r->news[range], i, change.expected_digest, err)
	                              : VRES_OK;
}

static int by_address(const void *left, const void *right, void *arg)
{
	const struct range_news *news = arg;
	const uint64_t a = news[*(const uint32_t *)left].address,
		       b = news[*(const uint32_t *)right].address;

	return (a > b) - (a < b);
}

/*
 * In ascending order, a range overlaps an earlier one that has changed if it begins before the end
 * of one.  In descending order, it overlaps a later one if it ends behind the beginning of one.
 */
static vres_status find_overlaps(struct resume *r, vres_error *err)
{
	const struct tensors *t = r->tensors;
	CLEANUP(vres_os_freep) uint32_t *order = vres_os_alloc(t->ranges_n * sizeof(*order));
	uint64_t changed_end = 0, changed_begin = UINT64_MAX;

	if (order == NULL)
		return vres_fail(err, VRES_E_NO_MEMORY, "no memory to resume a shard");
	for (uint32_t i = 0; i < t->ranges_n; i++)
		order[i] = i;
	vres_os_sort(order, t->ranges_n, sizeof(*order), by_address, r->news);
	for (uint32_t i = 0; i < t->ranges_n; i++) {
		struct range_news *news = &r->news[order[i]];
		const uint64_t end = news->address + t->ranges[order[i]].bytes;

		if (news->change == UNCHANGED && news->address < changed_end)
			news->change = OVERLAPPED;
		if (news->change == CHANGED && end > changed_end)
			changed_end = end;
	}
	for (uint32_t i = t->ranges_n; i-- > 0;) {
		struct range_news *news = &r->news[order[i]];

		if (news->change == UNCHANGED &&
		    news->address + t->ranges[order[i]].bytes > changed_begin)
			news->change = OVERLAPPED;
		if (news->change == CHANGED)
			changed_begin = news->address;
	}
	return VRES_OK;
}

static vres_status count(struct resume *r, vres_error *err)
{
	const struct tensors *t = r->tensors;
	const bool must_expect = (r->shard->manager->policy.require & VRES_REQUIRE_EXPECTED) != 0;

	for (uint32_t i = 0; i < t->n; i++) {
		const uint32_t range = t->list[i].range;
		const struct range_news *news = range == NO_RANGE ? NULL : &r->news[range];

		if (news == NULL || news->change == UNCHANGED)
			continue;
		r->changed_tensors++;
		r->expected_tensors += news->wanted != NOTHING_WANTED;
		if (must_expect && news->wanted == NOTHING_WANTED)
			return vres_fail(
				err, VRES_E_INVALID_INPUT,
				"policy requires an expected digest of what has changed, and "
				"tensor %" PRIu32 " has none",
				i);
	}
	r->has_changed = r->changed_tensors > 0;
	return VRES_OK;
}

static vres_status check(const vres_resume_params *p, vres_error *err)
{
	if (p->all_changed > 1 || p->reserved != 0)
		return vres_fail(err, VRES_E_INVALID_INPUT, "params.%s is out of range",
		                 p->reserved ? "reserved" : "all_changed");
	if (p->changes == NULL && p->changes_n > 0)
		return vres_fail(err, VRES_E_INVALID_INPUT, "params.changes is NULL");
	return p->label ? vres_check_text(p->label, LABEL_MAX, "label", err) : VRES_OK;
}

vres_status vres_resume_read(struct resume *r, const vres_resume_params *given, vres_error *err)
{
	vres_resume_params p = vres_resume_params_init();

	if (given)
		TRY(ABI_IN(&p, given, "vres_resume_params", err));
	TRY(check(&p, err));
	if (p.label)
		memcpy(r->label, p.label, strlen(p.label) + 1);
	TRY(as_tensors(r, err));
	r->news = vres_os_alloc(r->tensors->ranges_n * sizeof(*r->news));
	if (r->news == NULL)
		return vres_fail(err, VRES_E_NO_MEMORY, "no memory to resume a shard");
	TRY(place(r, &p, err));
	for (size_t i = 0; i < p.changes_n; i++)
		TRY(add_change(r, &p, i, err));
	for (uint32_t i = 0; p.all_changed && i < r->tensors->ranges_n; i++)
		r->news[i].change = CHANGED;
	TRY(find_overlaps(r, err));
	return count(r, err);
}

void vres_resume_close(struct resume *r)
{
	vres_contents_unuse(&r->next);
	vres_verify_close(&r->v);
	vres_os_free(r->news);
	vres_tensors_destroy(r->own);
}
