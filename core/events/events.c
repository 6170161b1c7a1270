/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Building and delivering events. */
#include "events/events.h"

#include "events/log.h"

static const char *const event_names[] = {
	[VRES_EVENT_VRAM_SEALED] = "vram_sealed",
	[VRES_EVENT_SEAL_VERIFIED] = "seal_verified",
	[VRES_EVENT_SEAL_VERIFICATION_FAILED] = "seal_verification_failed",
	[VRES_EVENT_VRAM_ALLOCATED] = "vram_allocated",
	[VRES_EVENT_VRAM_ALLOCATION_FAILED] = "vram_allocation_failed",
	[VRES_EVENT_VRAM_DEALLOCATED] = "vram_deallocated",
	[VRES_EVENT_VRAM_DEALLOCATION_FAILED] = "vram_deallocation_failed",
	[VRES_EVENT_POLICY_VIOLATION] = "policy_violation",
};

vres_event vres_audit_event(const vres_manager *m, vres_event_type type, uint32_t gpu_device)
{
	return (vres_event){
		.struct_size = sizeof(vres_event),
		.type = type,
		.name = event_names[type],
		.critical = type == VRES_EVENT_SEAL_VERIFICATION_FAILED ||
	                    type == VRES_EVENT_POLICY_VIOLATION,
		.gpu_device = gpu_device,
		.simulated = m->driver.is_simulated,
		.time = vres_os_wall(),
		.worker_id = m->worker_id,
	};
}

static void log_event(const vres_manager *m, const vres_event *e)
{
	const uint64_t bytes = e->allocated_bytes ? e->allocated_bytes
	                       : e->freed_bytes   ? e->freed_bytes
	                                          : e->requested_bytes;
	struct vres_log_line line = {.n = 0};

	if (m->log == NULL)
		return;
	vres_log_add(&line, "shard_id", e->shard ? e->shard->shard_id : NULL);
	if (e->gpu_device != VRES_NO_DEVICE)
		vres_log_add_u64(&line, "gpu_device", e->gpu_device);
	if (bytes || e->shard)
		vres_log_add_u64(&line, "bytes", e->shard ? e->shard->vram_bytes : bytes);
	vres_log_add(&line, "status", vres_status_name(e->status));
	vres_log_add(&line, "reason", e->reason ? vres_audit_reason(e->reason) : NULL);
	vres_log_add(&line, "mode", e->mode);
	vres_log_add(&line, "violation", e->violation);
	vres_log_add(&line, "action_taken", e->action_taken);
	vres_log_put(m,
	             e->critical            ? VRES_LOG_ERROR
	             : e->status != VRES_OK ? VRES_LOG_WARN
	                                    : VRES_LOG_INFO,
	             e->name, &line);
}

vres_status vres_audit_emit(vres_manager *m, const vres_event *event, bool is_incident,
                            vres_error *err)
{
	vres_status status = VRES_OK;

	log_event(m, event);
	if (m->audit.record) {
		atomic_fetch_add(&m->counters.audit_events, 1);
		status = m->audit.record(m->audit.ctx, event);
	}
	if (status != VRES_OK)
		atomic_fetch_add(&m->counters.audit_lost, 1);
	if (is_incident && m->on_incident)
		m->on_incident(m->incident_ctx, event);
	if (status != VRES_OK)
		return vres_fail_at(err, VRES_E_AUDIT, VRES_REASON_NONE, event->gpu_device,
		                    "the audit sink refused the record %s", event->name);
	return VRES_OK;
}

void vres_audit_violation(vres_manager *m, uint32_t gpu_device, const char *violation,
                          const char *action, const char *detail)
{
	vres_event e = vres_audit_event(m, VRES_EVENT_POLICY_VIOLATION, gpu_device);

	e.status = VRES_E_POLICY_VIOLATION;
	e.violation = violation;
	e.action_taken = action;
	e.detail = detail;
	atomic_fetch_add(&m->counters.policy_violations, 1);
	/* The violation itself is what the caller returns. */
	(void)vres_audit_emit(m, &e, true, NULL);
}

const char *vres_audit_reason(uint32_t reason)
{
	switch (reason) {
	case VRES_REASON_SIGNATURE: return "signature_invalid";
	case VRES_REASON_DIGEST: return "digest_mismatch";
	case VRES_REASON_RESIDENCY: return "residency_lost";
	default: return vres_reason_name(reason);
	}
}
