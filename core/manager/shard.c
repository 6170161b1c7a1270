/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The life of a shard: its place in the table, its counts, its end. */
#include "manager/shard.h"

#include "base/validate.h"
#include "device/capacity.h"
#include "device/policy.h"
#include "device/wiped.h"
#include "events/events.h"
#include "events/log.h"

/* FNV-1a from a random start, so a caller who chooses ids cannot make them collide. */
struct vres_shard **vres_shard_slot(vres_manager *m, const char *shard_id)
{
	uint64_t hash = m->bucket_seed;
	struct vres_shard **slot;

	for (const char *c = shard_id; *c; c++)
		hash = (hash ^ (unsigned char)*c) * UINT64_C(0x100000001b3);
	slot = &m->buckets[(uint32_t)(hash >> 32) % BUCKETS];
	while (*slot && strcmp((*slot)->id, shard_id) != 0)
		slot = &(*slot)->next;
	return slot;
}

vres_status vres_manager_find(vres_manager *m, const char *shard_id, vres_shard **out,
                              vres_error *err)
{
	PUBLIC_CALL;
	struct vres_shard *found;

	TRY(vres_manager_enter(m, err));
	TRY(vres_check_identifier(shard_id, SHARD_ID_MAX, "shard_id", err));
	if (out == NULL)
		return vres_fail(err, VRES_E_INVALID_INPUT, "out is NULL");
	vres_manager_lock(m);
	found = *vres_shard_slot(m, shard_id);
	if (found && (!found->is_published || found->references == 0))
		found = NULL;
	if (found)
		found->references++;
	vres_manager_unlock(m);
	if (found == NULL)
		return vres_fail(err, VRES_E_NOT_FOUND, "no live shard has this shard_id");
	*out = found;
	return VRES_OK;
}

vres_status vres_shard_create(vres_manager *m, const struct vres_record *record,
                              struct tensors *tensors, struct vres_shard **out, vres_error *err)
{
	CLEANUP(vres_os_freep) struct vres_shard *s = vres_os_alloc(sizeof(*s));
	struct vres_shard **slot;
	bool is_taken;

	if (s == NULL ||
	    (s->contents = vres_contents_create(m, record, &s->shape, tensors)) == NULL)
		return vres_fail(err, VRES_E_NO_MEMORY, "no memory for a shard");
	tree_shape_init(&s->shape, record->vram_bytes, record->block_size);
	s->contents->kept_level = m->keep_leaves || s->shape.top == 0 ? 0 : 1;
	s->manager = m;
	memcpy(s->id, record->shard_id, sizeof(s->id));
	s->bytes = record->vram_bytes;
	s->references = 1;
	atomic_init(&s->state, VRES_SHARD_SEALED);

	vres_manager_lock(m);
	slot = vres_shard_slot(m, s->id);
	is_taken = *slot != NULL;
	if (!is_taken)
		*slot = s;
	vres_manager_unlock(m);
	if (is_taken) {
		vres_contents_unuse(&s->contents);
		return vres_fail(err, VRES_E_STATE, "a live shard has this shard_id");
	}
	s->tensors = tensors;
	(void)vres_manager_keep(m);
	*out = TAKE(s);
	return VRES_OK;
}

static void tell_deallocated(struct vres_shard *s, uint64_t freed, const vres_error *failure)
{
	const bool failed = failure->status != VRES_OK;
	const struct vres_record *record = &s->contents->record;
	vres_event e = vres_event_make(&s->manager->listeners,
	                               failed ? VRES_EVENT_VRAM_DEALLOCATION_FAILED
	                                      : VRES_EVENT_VRAM_DEALLOCATED,
	                               record->gpu_device);
	const struct vres_ledger_sums sums = vres_ledger_read(&s->device->ledger);
	vres_shard_info info;

	/* A shard whose seal failed has no root yet; the event then names no shard. */
	if (vres_record_describe(record, &info, NULL) == VRES_OK)
		e.shard = &info;
	e.status = failed ? VRES_E_DEALLOCATION_FAILED : VRES_OK;
	e.freed_bytes = freed;
	if (failed)
		e.detail = failure->message;
	e.used_bytes = sums.used + sums.filling;
	/* A release cannot fail; a lost event is counted. */
	(void)vres_event_emit(&s->manager->listeners, &e, false, NULL);
}

/* The memory of an adopted shard stays its owner's; a seal of it that failed was reported as such.
 */
static vres_status release_adopted(struct vres_shard *s)
{
	const struct vres_record *record = &s->contents->record;
	struct vres_listeners *l = &s->manager->listeners;
	vres_event e = vres_event_make(l, VRES_EVENT_VRAM_RELEASED, record->gpu_device);
	const vres_status status = vres_contents_forget_memory(s->contents);
	vres_shard_info info;

	if (s->is_published && vres_record_describe(record, &info, NULL) == VRES_OK) {
		e.shard = &info;
		e.status = status;
		(void)vres_event_emit(l, &e, false, NULL);
	}
	return status;
}

/* Through a mapping that is made writable; and not only in the words of the driver. */
static vres_status wipe(const struct vres_shard *s, vres_error *err)
{
	const struct vres_mem *mem = &s->contents->memory.mem;
	const vres_policy *policy = &s->manager->policy;
	vres_status status;

	if (policy->require & VRES_REQUIRE_READONLY)
		TRY(vres_mem_protect(mem, false, err));
	TRY(vres_mem_wipe(mem, err));
	status = vres_mem_check_wiped(mem, policy->deadline, err);
	if (status != VRES_OK)
		(void)vres_mem_wipe(mem, NULL); /* it failed, but may yet do some good */
	return status;
}

/* Memory that is ours is wiped before it is freed. */
static vres_status free_device_side(struct vres_shard *s)
{
	struct vres_mem *mem = &s->contents->memory.mem;
	const uint64_t taken = mem->capacity;
	vres_error wiping = {0}, freeing = {0};

	if (s->tensors || mem->is_adopted)
		return release_adopted(s);
	if (mem->handle == NULL)
		return VRES_OK;
	(void)wipe(s, &wiping);
	vres_ledger_releasing(&s->device->ledger);
	(void)vres_mem_release(mem, &freeing);
	vres_ledger_released(&s->device->ledger, taken, s->is_published);
	tell_deallocated(s, taken, wiping.status != VRES_OK ? &wiping : &freeing);
	return wiping.status == VRES_OK && freeing.status == VRES_OK ? VRES_OK
	                                                             : VRES_E_DEALLOCATION_FAILED;
}

static void uncount_adopted(struct vres_shard *s)
{
	vres_manager *m = s->manager;

	if (!s->is_published || !s->is_adopted)
		return;
	if (s->is_suspended)
		atomic_fetch_sub(&m->counters.suspended, 1);
	else
		atomic_fetch_sub(&s->device->adopted, s->bytes);
	if (s->tensors)
		atomic_fetch_sub(&m->counters.tensors, s->tensors->n);
}

/* An unpublished shard logs no release: its failed seal was logged instead. */
vres_status vres_shard_destroy(struct vres_shard *s)
{
	vres_manager *m = s->manager;
	vres_status status = VRES_OK;
	const struct vres_operation op = {
		.action = "release",
		.shard_id = s->id,
		.gpu_device = s->contents->record.gpu_device,
		.bytes = s->bytes,
		.began = vres_log_clock(&m->listeners),
	};

	if (!vres_manager_is_forked(m)) {
		status = free_device_side(s);
		if (s->is_published)
			vres_log_operation(&m->listeners, &op, status, VRES_REASON_NONE);
	}
	if (s->is_published)
		atomic_fetch_sub(&m->counters.shards, 1);
	if (s->is_published && atomic_load(&s->state) == VRES_SHARD_QUARANTINED)
		atomic_fetch_sub(&m->counters.quarantined, 1);
	uncount_adopted(s);
	vres_manager_lock(m);
	*vres_shard_slot(m, s->id) = s->next;
	vres_manager_unlock(m);
	vres_contents_unuse(&s->contents);
	vres_tensors_destroy(s->tensors);
	vres_os_free(s);
	vres_manager_drop(m);
	return status;
}

/* What it is scrubbed by: groups of blocks; of tensors nodes of the kept level, large and small. */
static struct scrub_place scrub_place_of(struct vres_shard *s)
{
	const uint32_t level = s->shape.top > 0 ? 1 : 0;

	if (s->tensors)
		return (struct scrub_place){.shard = s,
		                            .bytes = s->bytes,
		                            .units = s->tensors->nodes,
		                            .unit_bytes = div_up_u64(s->bytes, s->tensors->nodes)};
	return (struct scrub_place){.shard = s,
	                            .bytes = s->bytes,
	                            .units = s->shape.count[level],
	                            .unit_bytes = tree_span(&s->shape, level)};
}

void vres_shard_publish(struct vres_shard *s)
{
	const struct vres_contents *c = s->contents;
	vres_manager *m = s->manager;

	atomic_fetch_add(&m->counters.shards, 1);
	s->is_adopted = s->tensors || c->memory.mem.is_adopted;
	if (s->is_adopted)
		atomic_fetch_add(&s->device->adopted, s->bytes);
	else
		vres_ledger_sealed(&s->device->ledger, c->memory.mem.capacity);
	if (s->tensors)
		atomic_fetch_add(&m->counters.tensors, s->tensors->n);
	s->scrub = scrub_place_of(s);
	vres_manager_lock(m);
	s->is_published = true;
	/* Sealing has checked every byte. */
	vres_scrub_enter(&m->scrub, &s->scrub,
	                 atomic_load(&c->fresh[vres_policy_strength(VRES_VERIFY_FULL)]));
	vres_manager_unlock(m);
}

void vres_shard_discard(struct vres_shard **slot)
{
	if (*slot)
		(void)vres_shard_destroy(TAKE(*slot));
}

bool vres_shard_quarantine_locked(struct vres_shard *s)
{
	vres_manager *m = s->manager;

	if (atomic_load(&s->state) == VRES_SHARD_QUARANTINED)
		return false;
	atomic_store(&s->state, VRES_SHARD_QUARANTINED);
	atomic_fetch_add(&m->counters.quarantined, 1);
	vres_scrub_leave(&m->scrub, &s->scrub);
	return true;
}

bool vres_shard_is_closed_locked(const struct vres_shard *s)
{
	return s->is_suspended || s->is_closing;
}

void vres_shard_changed_locked(struct vres_shard *s)
{
	if (s->is_closing || s->is_repairing)
		(void)pthread_cond_broadcast(&s->manager->changed);
}

static void let_go(struct vres_shard *s, uint32_t *count)
{
	vres_manager *m = s->manager;
	bool is_reachable, is_last;

	vres_manager_lock(m);
	--*count;
	is_reachable = s->references > 0 || s->leased > 0;
	if (!is_reachable)
		vres_scrub_leave(&m->scrub, &s->scrub);
	is_last = !is_reachable && s->held == 0;
	vres_shard_changed_locked(s);
	vres_manager_unlock(m);
	if (is_last)
		(void)vres_shard_destroy(s);
}

bool vres_shard_lease(struct vres_shard *s, uint64_t generation)
{
	bool is_granted;

	vres_manager_lock(s->manager);
	is_granted = s->contents->generation == generation &&
	             atomic_load(&s->state) == VRES_SHARD_SEALED && !vres_shard_is_closed_locked(s);
	s->leased += is_granted;
	vres_manager_unlock(s->manager);
	if (is_granted)
		atomic_fetch_add(&s->manager->counters.leases, 1);
	return is_granted;
}

void vres_shard_unlease(struct vres_shard *s)
{
	atomic_fetch_sub(&s->manager->counters.leases, 1);
	let_go(s, &s->leased);
}

struct vres_shard *vres_shard_hold_locked(struct vres_shard *s)
{
	s->held++;
	return s;
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
	PUBLIC_RELEASE;

	if (s)
		let_go(s, &s->references);
}

uint32_t vres_shard_device(const struct vres_shard *s)
{
	return s->device->index;
}

struct vres_contents *vres_contents_of(const struct vres_shard *s)
{
	struct vres_contents *c;

	vres_manager_lock(s->manager);
	c = vres_contents_use_locked(s->contents);
	vres_manager_unlock(s->manager);
	return c;
}
