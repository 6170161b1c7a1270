/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The life of a shard: its place in the table, its counts, its end. */
#include "manager/shard.h"

#include "events/events.h"
#include "device/capacity.h"
#include "events/log.h"
#include "manager/manager.h"
#include "device/policy.h"

static void free_host_side(struct vres_shard *s)
{
	vres_os_free(s->kept);
	vres_os_free(s);
}

vres_status vres_shard_create(vres_manager *m, const struct vres_record *record,
                              struct vres_shard **out, vres_error *err)
{
	struct vres_shard *s = vres_os_alloc(sizeof(*s)), **slot;
	bool is_taken;

	if (s == NULL)
		return vres_fail(err, VRES_E_NO_MEMORY, "no memory for a shard");
	s->manager = m;
	s->record = *record;
	memcpy(s->id, record->shard_id, sizeof(s->id));
	s->references = 1;
	atomic_init(&s->state, VRES_SHARD_SEALED);
	tree_shape_init(&s->shape, record->vram_bytes, record->block_size);
	s->kept_level = m->keep_leaves || s->shape.top == 0 ? 0 : 1;

	vres_manager_lock(m);
	slot = vres_manager_slot(m, s->id);
	is_taken = *slot != NULL;
	if (!is_taken)
		*slot = s;
	vres_manager_unlock(m);
	if (is_taken) {
		free_host_side(s);
		return vres_fail(err, VRES_E_STATE, "a live shard has this shard_id");
	}
	(void)vres_manager_keep(m);
	*out = s;
	return VRES_OK;
}

static void forget(struct vres_shard *s)
{
	vres_manager *m = s->manager;
	struct vres_shard **slot;

	vres_manager_lock(m);
	vres_scrub_leave(s);
	slot = vres_manager_slot(m, s->id);
	*slot = s->next;
	vres_manager_unlock(m);
	free_host_side(s);
	vres_manager_drop(m);
}

static void tell_deallocated(struct vres_shard *s, uint64_t freed, const vres_error *failure)
{
	const bool failed = failure->status != VRES_OK;
	vres_event e = vres_event_make(&s->manager->listeners,
	                               failed ? VRES_EVENT_VRAM_DEALLOCATION_FAILED
	                                      : VRES_EVENT_VRAM_DEALLOCATED,
	                               s->record.gpu_device);
	struct vres_capacity *c = &s->mem.device->capacity;
	vres_shard_info info;

	/* An unsealed shard has no root yet; what is told of it is its id. */
	if (vres_record_describe(&s->record, &info, NULL) == VRES_OK)
		e.shard = &info;
	e.status = failed ? VRES_E_DEALLOCATION_FAILED : VRES_OK;
	e.freed_bytes = freed;
	e.detail = failed ? failure->message : NULL;
	(void)pthread_mutex_lock(&c->lock);
	e.used_bytes = c->used + c->filling;
	(void)pthread_mutex_unlock(&c->lock);
	/* Releasing cannot fail; a loss is counted. */
	(void)vres_event_emit(&s->manager->listeners, &e, false, NULL);
}

/* Overwrite the memory with zeros; a mapping that may be read-only is made writable first. */
static vres_status wipe(struct vres_shard *s, vres_error *err)
{
	if (s->manager->policy.require & VRES_REQUIRE_READONLY)
		TRY(vres_mem_protect(&s->mem, false, err));
	return vres_mem_wipe(&s->mem, err);
}

/* How it went; VRES_OK when there was nothing to free. */
static vres_status free_device_side(struct vres_shard *s)
{
	struct vres_device *d = s->mem.device;
	const uint64_t taken = s->mem.capacity;
	vres_error wiping = {0}, freeing = {0};

	if (s->mem.handle == NULL)
		return VRES_OK;
	if (s->mem.is_adopted)
		return vres_mem_release(&s->mem, NULL); /* the memory stays its owner's */
	(void)wipe(s, &wiping);
	vres_capacity_releasing(d);
	(void)vres_mem_release(&s->mem, &freeing);
	vres_capacity_released(d, taken, s->is_published);
	tell_deallocated(s, taken, wiping.status != VRES_OK ? &wiping : &freeing);
	return wiping.status == VRES_OK && freeing.status == VRES_OK ? VRES_OK
	                                                             : VRES_E_DEALLOCATION_FAILED;
}

/* Nothing is told of a shard that never was one; its seal is told of. */
static void release_device_side(struct vres_shard *s)
{
	const struct vres_operation op = {
		.action = "release",
		.shard_id = s->id,
		.gpu_device = s->record.gpu_device,
		.bytes = s->record.vram_bytes,
		.began = vres_log_clock(&s->manager->listeners),
	};
	const vres_status status = free_device_side(s);

	if (s->is_published)
		vres_log_operation(&s->manager->listeners, &op, status, VRES_REASON_NONE);
}

static void destroy(struct vres_shard *s)
{
	vres_manager *m = s->manager;

	if (!vres_manager_is_forked(m))
		release_device_side(s);
	if (s->is_published) {
		atomic_fetch_sub(&m->counters.shards, 1);
		if (atomic_load(&s->state) == VRES_SHARD_QUARANTINED)
			atomic_fetch_sub(&m->counters.quarantined, 1);
	}
	forget(s);
}

void vres_shard_publish(struct vres_shard *s)
{
	atomic_fetch_add(&s->manager->counters.shards, 1);
	if (!s->mem.is_adopted)
		vres_capacity_sealed(s->mem.device, s->mem.capacity);
	vres_manager_lock(s->manager);
	s->is_published = true;
	/* Sealing has looked at every byte. */
	vres_scrub_enter(s, atomic_load(&s->fresh[vres_policy_strength(VRES_VERIFY_FULL)]));
	vres_manager_unlock(s->manager);
}

void vres_shard_discard(struct vres_shard **slot)
{
	if (*slot)
		destroy(TAKE(*slot));
}

void vres_shard_lease(struct vres_shard *s)
{
	vres_manager_lock(s->manager);
	s->leased++;
	vres_manager_unlock(s->manager);
	atomic_fetch_add(&s->manager->counters.leases, 1);
}

static void let_go(struct vres_shard *s, uint32_t *count)
{
	bool is_last;

	vres_manager_lock(s->manager);
	--*count;
	is_last = s->references == 0 && s->leased == 0 && s->held == 0;
	vres_manager_unlock(s->manager);
	if (is_last)
		destroy(s);
}

void vres_shard_unlease(struct vres_shard *s)
{
	atomic_fetch_sub(&s->manager->counters.leases, 1);
	let_go(s, &s->leased);
}

struct vres_shard *vres_shard_hold(struct vres_shard *s)
{
	vres_manager_lock(s->manager);
	s->held++;
	vres_manager_unlock(s->manager);
	return s;
}

void vres_shard_unhold(struct vres_shard **slot)
{
	if (*slot)
		let_go(*slot, &(*slot)->held);
}

void vres_shard_release(vres_shard *s)
{
	if (s)
		let_go(s, &s->references);
}

uint32_t vres_shard_device(const struct vres_shard *s)
{
	return s->mem.device->index;
}

bool vres_shard_is_expired(const struct vres_shard *s)
{
	const uint64_t limit = s->manager->policy.max_seal_age;

	return limit > 0 && vres_os_monotonic() - s->sealed_monotonic > limit;
}
