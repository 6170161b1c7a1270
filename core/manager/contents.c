/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What was sealed: counting its uses, judging its memory, and destroying it. */
#include "manager/contents.h"

#include "device/policy.h"

struct vres_contents *vres_contents_create(vres_manager *m, const struct vres_record *record,
                                           const struct tree_shape *shape,
                                           const struct tensors *tensors)
{
	struct vres_contents *c = vres_os_alloc(sizeof(*c));

	if (c == NULL)
		return NULL;
	c->manager = m;
	c->uses = 1;
	c->record = *record;
	c->shape = shape;
	c->tensors = tensors;
	c->extents = tensors ? NULL : &c->memory;
	c->extents_n = tensors ? 0 : 1;
	return c;
}

struct vres_contents *vres_contents_use_locked(struct vres_contents *c)
{
	c->uses++;
	return c;
}

bool vres_contents_unuse_locked(struct vres_contents *c)
{
	return --c->uses == 0;
}

uint64_t vres_contents_blocks(const struct vres_contents *c)
{
	return c->tensors ? c->tensors->blocks : c->shape->count[0];
}

uint64_t vres_contents_nodes(const struct vres_contents *c)
{
	return c->tensors ? c->tensors->nodes : c->shape->count[c->kept_level];
}

vres_status vres_contents_judge_memory(const struct vres_contents *c, uint32_t gpu_device,
                                       vres_policy_report *report, vres_error *err)
{
	for (uint32_t i = 0; i < c->extents_n && report->violations == 0; i++) {
		const struct vres_extent *extent = &c->extents[i];
		vres_residency now;

		if (i > 0)
			*report = vres_policy_report_init();
		TRY(vres_mem_residency(&extent->mem, &now, err));
		vres_policy_judge_memory(&c->manager->policy, &now, gpu_device, report);
		vres_policy_judge_change(&extent->residency, &now, extent->mem.is_adopted, report);
	}
	return VRES_OK;
}

vres_status vres_contents_forget_memory(struct vres_contents *c)
{
	vres_status first = VRES_OK;

	for (uint32_t i = 0; i < c->extents_n; i++) {
		const vres_status status = vres_mem_release(&c->extents[i].mem, NULL);

		first = first == VRES_OK ? status : first;
	}
	return first;
}

static bool is_adopted(const struct vres_contents *c)
{
	return c->tensors || c->memory.mem.is_adopted;
}

void vres_contents_destroy(struct vres_contents *c)
{
	if (is_adopted(c) && !vres_manager_is_forked(c->manager))
		(void)vres_contents_forget_memory(c);
	if (c->extents != &c->memory)
		vres_os_free(c->extents);
	vres_os_free(c->places);
	vres_os_free(c->digests);
	vres_os_free(c->kept);
	vres_os_free(c);
}

void vres_contents_unuse(struct vres_contents **slot)
{
	struct vres_contents *c = *slot;
	vres_manager *m = c ? c->manager : NULL;
	bool is_last;

	if (c == NULL)
		return;
	vres_manager_lock(m);
	is_last = vres_contents_unuse_locked(c);
	vres_manager_unlock(m);
	if (is_last)
		vres_contents_destroy(c);
}

bool vres_contents_are_expired(const struct vres_contents *c)
{
	const uint64_t limit = c->manager->policy.max_seal_age;

	return limit > 0 && vres_os_monotonic() - c->sealed_monotonic > limit;
}
