/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Counting the uses of contents. */
#include "manager/contents.h"

struct vres_contents *vres_contents_create(vres_manager *m, const struct vres_record *record,
                                           const struct tree_shape *shape)
{
	struct vres_contents *c = vres_os_alloc(sizeof(*c));

	if (c == NULL)
		return NULL;
	c->manager = m;
	c->uses = 1;
	c->record = *record;
	c->shape = shape;
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

void vres_contents_destroy(struct vres_contents *c)
{
	if (c->memory.mem.is_adopted && !vres_manager_is_forked(c->manager))
		(void)vres_mem_release(&c->memory.mem, NULL);
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
