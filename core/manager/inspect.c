/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Describing a device, and enforcing the VRAM-only policy on it and on every shard there. */
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
	PUBLIC_CALL;
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

/* A walk through the table; the shard it has come to is held, and so stays linked. */
struct walk {
	size_t bucket;
	struct vres_shard *at;
};

static void walk_end(struct walk *w)
{
	vres_shard_unhold(&w->at);
}

/* On to the next shard on the device that can still be reached; false: there is none. */
static bool walk_on(struct walk *w, vres_manager *m, uint32_t gpu_device)
{
	CLEANUP(vres_shard_unhold) struct vres_shard *last = w->at;
	struct vres_shard *s;

	vres_manager_lock(m);
	s = last ? last->next : m->buckets[0];
	while (w->bucket < BUCKETS) {
		if (s == NULL)
			s = ++w->bucket < BUCKETS ? m->buckets[w->bucket] : NULL;
		else if (s->is_published && vres_shard_device(s) == gpu_device &&
		         (s->references > 0 || s->leased > 0))
			break;
		else
			s = s->next;
	}
	w->at = s ? vres_shard_hold_locked(s) : NULL;
	vres_manager_unlock(m);
	return s != NULL;
}

/* Asking about a shard counts as a check: nobody changes its memory meanwhile. */
struct verdict {
	struct vres_shard *shard;
	struct vres_contents *contents; /* NULL: it is suspended, or being repaired */
	bool is_repairing;
};

static bool judge_begin(struct verdict *v)
{
	vres_manager *m = v->shard->manager;

	vres_manager_lock(m);
	v->is_repairing = v->shard->is_repairing;
	if (!v->is_repairing && !vres_shard_is_closed_locked(v->shard)) {
		v->contents = vres_contents_use_locked(v->shard->contents);
		v->shard->checks++;
	}
	vres_manager_unlock(m);
	return v->contents != NULL;
}

static void judged(struct verdict *v)
{
	if (v->contents == NULL)
		return;
	vres_manager_lock(v->shard->manager);
	v->shard->checks--;
	vres_shard_changed_locked(v->shard);
	vres_manager_unlock(v->shard->manager);
	vres_contents_unuse(&v->contents);
}

/* Ask the driver about every shard again; one line of the report says how many are good. */
static vres_status judge_shards(vres_manager *m, uint32_t gpu_device, vres_policy_report *report,
                                vres_error *err)
{
	CLEANUP(walk_end) struct walk w = {.at = NULL};
	uint64_t good = 0, all = 0, suspended = 0;
	char value[64];

	while (walk_on(&w, m, gpu_device)) {
		CLEANUP(judged) struct verdict v = {.shard = w.at};
		vres_policy_report own = vres_policy_report_init();

		if (!judge_begin(&v)) {
			suspended += !v.is_repairing;
			continue;
		}
		TRY(vres_contents_judge_memory(v.contents, gpu_device, &own, err));
		report->violations |= own.violations;
		good += own.violations == 0;
		all++;
	}
	if (suspended)
		(void)snprintf(value, sizeof(value),
		               "%" PRIu64 " of %" PRIu64 ", %" PRIu64 " suspended", good, all,
		               suspended);
	else
		(void)snprintf(value, sizeof(value), "%" PRIu64 " of %" PRIu64, good, all);
	vres_policy_add(report, "resident_shards", value,
	                good == all ? VRES_FACT_GOOD : VRES_FACT_VIOLATION, 0);
	return VRES_OK;
}

static vres_status enforce(vres_manager *m, uint32_t gpu_device, vres_policy_report *out,
                           vres_error *err)
{
	vres_policy_report report = vres_policy_report_init();
	vres_device_status status;
	struct vres_device *d;

	TRY(vres_manager_device(m, gpu_device, &d, err));
	TRY(vres_device_ask(d, &status, err)); /* no answer is no approval */
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
	PUBLIC_CALL;
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
