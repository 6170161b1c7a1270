/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A snapshot of the counters, and of the devices used so far. */
#include "abi.h"
#include "capacity.h"
#include "manager.h"

static void add_devices(vres_manager *m, vres_metrics *out)
{
	for (uint32_t i = 0; i < m->driver.device_count; i++) {
		struct vres_device *d = vres_manager_open_device(m, i);
		struct vres_capacity_now now;
		vres_device_status status;

		if (d == NULL)
			continue;
		out->total_bytes_now += d->props.total_bytes;
		if (vres_capacity_look(d, m->policy.headroom_bytes, &now, &status, NULL) == VRES_OK)
			out->available_bytes_now += now.available;
		(void)pthread_mutex_lock(&d->capacity.lock);
		out->used_bytes_now += d->capacity.used;
		(void)pthread_mutex_unlock(&d->capacity.lock);
	}
}

vres_status vres_manager_metrics(vres_manager *m, vres_metrics *out, vres_error *err)
{
	vres_metrics now = vres_metrics_init();
	struct vres_counters *c;

	TRY(vres_manager_enter_stopped(m, err));
	TRY(ABI_OUT_CHECK(out, "vres_metrics", err));
	c = &m->counters;
	now.seals_ok = atomic_load(&c->seals_ok);
	now.seals_failed = atomic_load(&c->seals_failed);
	now.verifies_ok = atomic_load(&c->verifies_ok);
	now.verifies_failed = atomic_load(&c->verifies_failed);
	now.verified_bytes = atomic_load(&c->verified_bytes);
	now.leases_now = atomic_load(&c->leases);
	now.shards_now = atomic_load(&c->shards);
	now.quarantined_now = atomic_load(&c->quarantined);
	now.allocation_failures = atomic_load(&c->allocation_failures);
	now.policy_violations = atomic_load(&c->policy_violations);
	now.audit_events = atomic_load(&c->audit_events);
	now.audit_lost = atomic_load(&c->audit_lost);
	add_devices(m, &now);
	ABI_OUT(out, &now);
	return VRES_OK;
}
