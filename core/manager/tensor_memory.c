/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Finding extents, one mapping after the other. */
#include "manager/tensor_memory.h"

#include <inttypes.h>

#include "device/policy.h"

#define EXTENTS_FIRST 16u

/* Ranges in the order of their addresses, and the extent that is growing. */
struct placing {
	struct vres_device *device;
	const struct tensors *tensors;
	const uint64_t *addresses;
	struct vres_contents *contents;
	uint32_t *order;
	uint32_t room;
	uint64_t begin, end, known; /* of the extent, and of the mappings named for it */
};

static void placing_close(struct placing *p)
{
	vres_os_free(p->order);
}

static int by_address(const void *left, const void *right, void *arg)
{
	const uint64_t *addresses = arg, a = addresses[*(const uint32_t *)left],
		       b = addresses[*(const uint32_t *)right];

	return (a > b) - (a < b);
}

static vres_status sort_ranges(struct placing *p, vres_error *err)
{
	const uint32_t n = p->tensors->ranges_n;

	p->order = vres_os_alloc(n * sizeof(*p->order));
	if (p->order == NULL)
		return vres_fail(err, VRES_E_NO_MEMORY, "no memory to place %" PRIu32 " ranges", n);
	for (uint32_t i = 0; i < n; i++)
		p->order[i] = i;
	vres_os_sort(p->order, n, sizeof(*p->order), by_address, (void *)(uintptr_t)p->addresses);
	return VRES_OK;
}

/* A refusal of the driver, with the tensor whose range it refused. */
static vres_status name_tensor(uint32_t tensor, const vres_error *detail, vres_error *err)
{
	(void)vres_fail_at(err, detail->status, (vres_reason)detail->reason, detail->gpu_device,
	                   "tensor %" PRIu32 ": %.180s", tensor, detail->message);
	if (err)
		err->backend_code = detail->backend_code;
	return detail->status;
}

static vres_status adopt(struct placing *p, uint64_t addr, uint64_t bytes, uint32_t tensor,
                         struct vres_extent *out, vres_error *err)
{
	struct vres_extent extent = {.tensor = tensor};
	vres_error detail = {0};
	vres_status status = vres_mem_adopt(p->device, addr, bytes, &extent.mem, &detail);

	if (status == VRES_OK)
		status = vres_mem_residency(&extent.mem, &extent.residency, &detail);
	if (status != VRES_OK) {
		(void)vres_mem_release(&extent.mem, NULL);
		return name_tensor(tensor, &detail, err);
	}
	*out = extent;
	return VRES_OK;
}

/* The end of the mappings that the driver named, which are at least the range's own. */
static uint64_t known_end(const struct vres_extent *extent)
{
	const uint64_t named = extent->residency.base + extent->residency.bytes,
		       own = extent->mem.addr + extent->mem.bytes;

	return named > own ? named : own;
}

static vres_status extents_grow(struct placing *p, vres_error *err)
{
	struct vres_contents *c = p->contents;
	const uint32_t room = p->room ? 2 * p->room : EXTENTS_FIRST;
	struct vres_extent *extents;

	if (c->extents_n < p->room)
		return VRES_OK;
	extents = vres_os_alloc(room * sizeof(*extents));
	if (extents == NULL)
		return vres_fail(err, VRES_E_NO_MEMORY, "no memory for %" PRIu32 " extents", room);
	if (c->extents_n > 0)
		memcpy(extents, c->extents, c->extents_n * sizeof(*extents));
	vres_os_free(c->extents);
	c->extents = extents;
	p->room = room;
	return VRES_OK;
}

/* What has grown since it was adopted is adopted anew as a whole, to be asked once from now on. */
static vres_status extent_end(struct placing *p, vres_error *err)
{
	struct vres_contents *c = p->contents;
	struct vres_extent *last;

	if (c->extents_n == 0)
		return VRES_OK;
	last = &c->extents[c->extents_n - 1];
	if (last->mem.bytes == p->end - p->begin)
		return VRES_OK;
	(void)vres_mem_release(&last->mem, NULL);
	return adopt(p, p->begin, p->end - p->begin, last->tensor, last, err);
}

static vres_status extent_begin(struct placing *p, uint32_t range, vres_error *err)
{
	const struct tensor_range *r = &p->tensors->ranges[range];
	struct vres_extent *next;

	TRY(extent_end(p, err));
	TRY(extents_grow(p, err));
	next = &p->contents->extents[p->contents->extents_n];
	TRY(adopt(p, p->addresses[range], r->bytes, r->tensor, next, err));
	p->contents->extents_n++;
	p->begin = p->addresses[range];
	p->end = p->begin + r->bytes;
	p->known = known_end(next);
	return VRES_OK;
}

/* The range begins in a known mapping; where it leaves that, the driver is asked how it goes on. */
static vres_status extent_extend(struct placing *p, uint32_t range, vres_error *err)
{
	const struct tensor_range *r = &p->tensors->ranges[range];
	const uint64_t end = p->addresses[range] + r->bytes;
	struct vres_extent probe;

	if (end > p->known) {
		TRY(adopt(p, p->addresses[range], r->bytes, r->tensor, &probe, err));
		p->known = known_end(&probe);
		(void)vres_mem_release(&probe.mem, NULL);
	}
	if (end > p->end)
		p->end = end;
	return VRES_OK;
}

static vres_status place_all(struct placing *p, vres_error *err)
{
	struct vres_contents *c = p->contents;

	for (uint32_t i = 0; i < p->tensors->ranges_n; i++) {
		const uint32_t range = p->order[i];

		TRY(i > 0 && p->addresses[range] < p->known ? extent_extend(p, range, err)
		                                            : extent_begin(p, range, err));
		c->places[range] = (struct tensor_place){.extent = c->extents_n - 1,
		                                         .offset = p->addresses[range] - p->begin};
	}
	return extent_end(p, err);
}

vres_status vres_tensor_memory_open(struct vres_device *d, const uint64_t *addresses,
                                    struct vres_contents *c, vres_error *err)
{
	CLEANUP(placing_close)
	struct placing p = {
		.device = d, .tensors = c->tensors, .addresses = addresses, .contents = c};

	c->places = vres_os_alloc(c->tensors->ranges_n * sizeof(*c->places));
	if (c->places == NULL)
		return vres_fail(err, VRES_E_NO_MEMORY, "no memory to place %" PRIu32 " ranges",
		                 c->tensors->ranges_n);
	TRY(sort_ranges(&p, err));
	return place_all(&p, err);
}

vres_status vres_tensor_memory_judge(const struct vres_contents *c, uint32_t gpu_device,
                                     vres_policy_report *report, uint32_t *assurance,
                                     vres_error *err)
{
	const vres_policy *policy = &c->manager->policy;
	const uint32_t of_device = *assurance;

	for (uint32_t i = 0; i < c->extents_n; i++) {
		const struct vres_extent *extent = &c->extents[i];
		const uint32_t own = vres_policy_adopted_assurance(of_device, &extent->residency);

		*report = vres_policy_report_init();
		vres_policy_judge_memory(policy, &extent->residency, gpu_device, report);
		if (own != of_device && (policy->require & VRES_REQUIRE_VMM))
			vres_policy_add(report, "vmm", "no", VRES_FACT_VIOLATION,
			                VRES_VIOLATION_NEVER);
		if (report->violations)
			return vres_fail_at(err, VRES_E_POLICY_VIOLATION, VRES_REASON_RESIDENCY,
			                    gpu_device,
			                    "the memory of tensor %" PRIu32
			                    " violates the VRAM-only policy: %s",
			                    extent->tensor, vres_policy_first_violation(report));
		*assurance = own < *assurance ? own : *assurance;
	}
	return VRES_OK;
}
