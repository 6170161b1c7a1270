/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Leases: the only way to a device address, so this is where no caller can skip verification. */
#include "events/log.h"
#include "manager/suspension.h"
#include "verify/content.h"
#include "verify/verify.h"

/* Signature and residency are checked also where the bytes were checked recently. */
static vres_status verify_for_lease(struct verification *v, struct vres_shard *s, vres_error *err)
{
	vres_verify_params params = vres_verify_params_init();

	params.mode = s->manager->policy.lease_verify;
	vres_verify_begin(v, s, &params, VERIFY_FOR_LEASE);
	vres_verify_finish(v);
	return vres_verify_conclude(v, err);
}

static vres_status no_memory(const struct vres_shard *s, vres_error *err)
{
	CLEANUP(vres_contents_unuse) struct vres_contents *c = vres_contents_of(s);

	vres_verify_tell_error(s, c, s->manager->policy.lease_verify, VRES_E_NO_MEMORY);
	return vres_fail(err, VRES_E_NO_MEMORY, "no memory for a lease");
}

/* It was good when it was checked; then it was damaged, suspended, or both damaged and repaired. */
static vres_status not_granted(const struct verification *v, vres_error *err)
{
	CLEANUP(vres_contents_unuse) struct vres_contents *now = vres_contents_of(v->shard);
	const bool was_repaired = now != v->contents && !v->shard->is_adopted;

	return atomic_load(&v->shard->state) == VRES_SHARD_QUARANTINED || was_repaired
	               ? vres_verify_fail(v->contents, VRES_REASON_QUARANTINED,
	                                  "the shard was quarantined meanwhile", err)
	               : vres_shard_fail_suspended(v->shard, err);
}

static vres_status acquire(vres_shard *s, vres_lease **out, vres_error *err)
{
	CLEANUP(vres_os_freep) struct vres_lease *lease = vres_os_alloc(sizeof(*lease));
	CLEANUP(vres_verify_close) struct verification v = {.shard = NULL};

	if (lease == NULL)
		return no_memory(s, err);
	TRY(verify_for_lease(&v, s, err));
	/* Another thread may have stopped the manager meanwhile. */
	TRY(vres_manager_enter(s->manager, err));
	lease->shard = s;
	lease->device_ptr = v.contents->memory.mem.addr;
	if (!vres_shard_lease(s, v.contents->generation))
		return not_granted(&v, err);
	*out = TAKE(lease);
	return VRES_OK;
}

vres_status vres_lease_acquire(vres_shard *s, vres_lease **out, vres_error *err)
{
	PUBLIC_CALL;
	struct vres_operation op = {.action = "lease", .is_routine = true};
	vres_error detail = {0};
	vres_status status;

	if (s == NULL || out == NULL)
		return vres_fail(err, VRES_E_INVALID_INPUT, "%s is NULL", s ? "out" : "shard");
	TRY(vres_manager_enter(s->manager, err));
	CLEANUP(vres_shard_unhold) struct vres_shard *held = vres_shard_hold(s);
	op.shard_id = s->id;
	op.gpu_device = vres_shard_device(s);
	op.bytes = s->bytes;
	op.began = vres_log_clock(&s->manager->listeners);
	status = acquire(s, out, &detail);
	vres_log_operation(&s->manager->listeners, &op, status, detail.reason);
	return status == VRES_OK ? VRES_OK : vres_fail_with(err, &detail);
}

vres_status vres_lease_check(const vres_lease *l, vres_error *err)
{
	if (l == NULL)
		return vres_fail(err, VRES_E_INVALID_INPUT, "lease is NULL");
	TRY(vres_manager_enter(l->shard->manager, err));
	if (atomic_load(&l->shard->state) == VRES_SHARD_QUARANTINED)
		return vres_fail_at(err, VRES_E_SEAL_VERIFICATION_FAILED, VRES_REASON_QUARANTINED,
		                    vres_shard_device(l->shard),
		                    "the leased shard has been quarantined");
	if (atomic_load(&l->shard->device->is_lost))
		return vres_fail_at(err, VRES_E_DEVICE_LOST, VRES_REASON_DEVICE,
		                    vres_shard_device(l->shard),
		                    "the device of the leased shard was lost");
	return VRES_OK;
}

uint64_t vres_lease_device_ptr(const vres_lease *l)
{
	return l && !vres_manager_is_forked(l->shard->manager) ? l->device_ptr : 0;
}

uint64_t vres_lease_bytes(const vres_lease *l)
{
	return l ? l->shard->bytes : 0;
}

void vres_lease_release(vres_lease *l)
{
	PUBLIC_RELEASE;

	if (l == NULL)
		return;
	vres_shard_unlease(l->shard);
	vres_os_free(l);
}
