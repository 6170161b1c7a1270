/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Looking at devices: describing one, and enforcing the VRAM-only policy on it and on all that is
 * sealed there.
 */
#include <inttypes.h>
#include <stdio.h>

#include "base/abi.h"
#include "events/events.h"
#include "device/capacity.h"
#include "events/log.h"
#include "manager/shard.h"
#include "device/policy.h"

vres_status vres_device_describe(vres_manager *m, uint32_t gpu_device, vres_device_info *out,
                                 vres_error *err)
{
	vres_device_info info = vres_device_info_init();
	struct vres_capacity now;
	vres_device_status status;
	struct vres_device *d;

	TRY(vres_manager_enter_stopped(m, err));
	TRY(ABI_OUT_CHECK(out, "vres_device_info", err));
	TRY(vres_manager_device(m, gpu_device, &d, err));
	TRY(vres_capacity_look(d, m->policy.headroom_bytes, &now, &status, err));
	memcpy(info.name, d->props.name, sizeof(info.name));
	memcpy(info.uuid, d->props.uuid, sizeof(info.uuid));
	memcpy(info.backend, m->driver.name, sizeof(info.backend));
	info.gpu_device = gpu_device;
	info.simulated = m->driver.is_simulated;
	info.integrated = (d->props.facts & VRES_DEVICE_INTEGRATED) != 0;
	info.ecc = d->props.ecc;
	info.assurance = vres_policy_assurance(&d->props, m->driver.is_simulated);
	info.healthy = status.healthy;
	info.total_bytes = now.total;
	info.free_bytes = now.free;
	info.used_bytes = now.used;
	info.reserved_bytes = now.reserved;
	info.available_bytes = min_u64(now.available, m->policy.max_model_bytes);
	ABI_OUT(out, &info);
	return VRES_OK;
}

/* Every shard on a device, held so that none goes while it is looked at. */
struct collection {
	struct vres_shard **shards;
	size_t n, room;
};

static void collection_close(struct collection *c)
{
	for (size_t i = 0; i < c->n; i++)
		vres_shard_unhold(&c->shards[i]);
	vres_os_free(c->shards);
}

/* Hold every shard on the device, as far as there is room; how many there are. */
static size_t hold(vres_manager *m, uint32_t gpu_device, struct collection *c)
{
	size_t found = 0;

	vres_manager_lock(m);
	for (size_t i = 0; i < BUCKETS; i++)
		for (struct vres_shard *s = m->buckets[i]; s; s = s->next) {
			if (!s->is_published || vres_shard_device(s) != gpu_device ||
			    (s->references == 0 && s->leased == 0))
				continue;
			if (found++ < c->room)
				c->shards[c->n++] = vres_shard_hold_locked(s);
		}
	vres_manager_unlock(m);
	return found;
}

/*
 * Memory is not allocated under the lock, so there may be more by the time it is there: then again,
 * with more room.
 */
static vres_status collect(vres_manager *m, uint32_t gpu_device, struct collection *c,
                           vres_error *err)
{
	for (size_t found = hold(m, gpu_device, c); found > c->room;
	     found = hold(m, gpu_device, c)) {
		collection_close(c);
		*c = (struct collection){.room = found + found / 8};
		c->shards = vres_os_alloc(c->room * sizeof(struct vres_shard *));
		if (c->shards == NULL)
			return vres_fail(err, VRES_E_NO_MEMORY, "no memory to look at %zu shards",
			                 found);
	}
	return VRES_OK;
}

/*
 * Ask the driver about every shard again; one line of the report says how many are as they should
 * be.
 */
static vres_status judge_shards(vres_manager *m, uint32_t gpu_device, vres_policy_report *report,
                                vres_error *err)
{
	CLEANUP(collection_close) struct collection c = {0};
	char value[64];
	size_t good = 0;

	TRY(collect(m, gpu_device, &c, err));
	for (size_t i = 0; i < c.n; i++) {
		vres_policy_report own = vres_policy_report_init();
		vres_residency now;

		TRY(vres_mem_residency(&c.shards[i]->mem, &now, err));
		vres_policy_judge_memory(&m->policy, &now, gpu_device, &own);
		vres_policy_judge_change(&c.shards[i]->residency, &now, &own);
		report->violations |= own.violations;
		good += own.violations == 0;
	}
	(void)snprintf(value, sizeof(value), "%zu of %zu", good, c.n);
	vres_policy_add(report, "resident_shards", value,
	                good == c.n ? VRES_FACT_GOOD : VRES_FACT_VIOLATION, 0);
	return VRES_OK;
}

static vres_status enforce(vres_manager *m, uint32_t gpu_device, vres_policy_report *out,
                           vres_error *err)
{
	vres_policy_report report = vres_policy_report_init();
	vres_device_status status;
	struct vres_device *d;

	TRY(vres_manager_device(m, gpu_device, &d, err));
	TRY(vres_device_ask(d, &status, err)); /* a device that does not answer is not found good */
	vres_policy_judge_device(&m->policy, &d->props, m->driver.is_simulated, &report);
	TRY(judge_shards(m, gpu_device, &report, err));
	if (out)
		ABI_OUT(out, &report);
	if (report.violations == 0)
		return VRES_OK;
	vres_manager_stop(m);
	vres_event_violation(&m->listeners, gpu_device, vres_policy_first_violation(&report),
	                     "manager_stopped", "enforce");
	return vres_fail_at(err, VRES_E_POLICY_VIOLATION, VRES_REASON_RESIDENCY, gpu_device,
	                    "device %" PRIu32 " violates the VRAM-only policy: %s", gpu_device,
	                    vres_policy_first_violation(&report));
}

vres_status vres_enforce_vram_only(vres_manager *m, uint32_t gpu_device, vres_policy_report *out,
                                   vres_error *err)
{
	struct vres_operation op = {.action = "enforce", .gpu_device = gpu_device};
	vres_error detail = {0};
	vres_status status;

	TRY(vres_manager_enter(m, err));
	if (out)
		TRY(ABI_OUT_CHECK(out, "vres_policy_report", err));
	TRY(vres_manager_has_device(m, gpu_device, err));
	CLEANUP(vres_manager_let_go) vres_manager *kept = vres_manager_keep(m);
	op.began = vres_log_clock(&m->listeners);
	status = enforce(m, gpu_device, out, &detail);
	vres_log_operation(&m->listeners, &op, status, detail.reason);
	return status == VRES_OK ? VRES_OK : vres_fail_with(err, &detail);
}
