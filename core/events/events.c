/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Building events and delivering them. */
#include "events/events.h"

#include "events/log.h"
#include "os/os.h"

static const char *const event_names[] = {
	[VRES_EVENT_VRAM_SEALED] = "vram_sealed",
	[VRES_EVENT_SEAL_VERIFIED] = "seal_verified",
	[VRES_EVENT_SEAL_VERIFICATION_FAILED] = "seal_verification_failed",
	[VRES_EVENT_VRAM_ALLOCATED] = "vram_allocated",
	[VRES_EVENT_VRAM_ALLOCATION_FAILED] = "vram_allocation_failed",
	[VRES_EVENT_VRAM_DEALLOCATED] = "vram_deallocated",
	[VRES_EVENT_VRAM_DEALLOCATION_FAILED] = "vram_deallocation_failed",
	[VRES_EVENT_POLICY_VIOLATION] = "policy_violation",
	[VRES_EVENT_VRAM_RESEALED] = "vram_resealed",
	[VRES_EVENT_VRAM_SUSPENDED] = "vram_suspended",
	[VRES_EVENT_VRAM_RESUMED] = "vram_resumed",
	[VRES_EVENT_VRAM_REPAIRED] = "vram_repaired",
	[VRES_EVENT_SEAL_VERIFICATION_ERROR] = "seal_verification_error",
	[VRES_EVENT_SEAL_FAILED] = "seal_failed",
	[VRES_EVENT_VRAM_RELEASED] = "vram_released",
};

const char *vres_event_name(uint32_t type)
{
	return type < COUNT_OF(event_names) ? event_names[type] : NULL;
}

vres_event vres_event_make(const struct vres_listeners *l, vres_event_type type,
                           uint32_t gpu_device)
{
	const uint64_t now = vres_os_wall();

	return (vres_event){
		.struct_size = sizeof(vres_event),
		.type = type,
		.name = vres_event_name(type),
		.critical = type == VRES_EVENT_SEAL_VERIFICATION_FAILED ||
	                    type == VRES_EVENT_POLICY_VIOLATION,
		.gpu_device = gpu_device,
		.simulated = l->is_simulated,
		.time = now,
		.worker_id = l->worker_id,
		.detail = vres_os_wall_fault(now),
	};
}

static void log_event(const struct vres_listeners *l, const vres_event *e)
{
	const uint64_t bytes = e->allocated_bytes ? e->allocated_bytes
	                       : e->freed_bytes   ? e->freed_bytes
	                                          : e->requested_bytes;
	struct vres_log_line line = {.n = 0};

	if (l->log == NULL)
		return;
	vres_log_add(&line, "shard_id", e->shard ? e->shard->shard_id : NULL);
	if (e->gpu_device != VRES_NO_DEVICE)
		vres_log_add_u64(&line, "gpu_device", e->gpu_device);
	if (bytes || e->shard)
		vres_log_add_u64(&line, "bytes", e->shard ? e->shard->vram_bytes : bytes);
	vres_log_add(&line, "status", vres_status_name(e->status));
	vres_log_add(&line, "reason", e->reason ? vres_reason_word(e->reason) : NULL);
	vres_log_add(&line, "mode", e->mode);
	vres_log_add(&line, "violation", e->violation);
	vres_log_add(&line, "action_taken", e->action_taken);
	vres_log_put(l,
	             e->critical            ? VRES_LOG_ERROR
	             : e->status != VRES_OK ? VRES_LOG_WARN
	                                    : VRES_LOG_INFO,
	             e->name, &line);
}

void vres_event_lost(struct vres_listeners *l)
{
	atomic_fetch_add(&l->audit_lost, 1);
}

vres_status vres_event_emit(struct vres_listeners *l, const vres_event *event, bool is_incident,
                            vres_error *err)
{
	vres_status status = VRES_OK;

	log_event(l, event);
	if (l->audit.record) {
		atomic_fetch_add(&l->audit_events, 1);
		status = l->audit.record(l->audit.ctx, event);
	}
	if (status != VRES_OK)
		vres_event_lost(l);
	if (is_incident && l->on_incident)
		l->on_incident(l->incident_ctx, event);
	if (status != VRES_OK)
		return vres_fail_at(err, VRES_E_AUDIT, VRES_REASON_NONE, event->gpu_device,
		                    "the audit sink refused the record %s", event->name);
	return VRES_OK;
}

void vres_event_violation(struct vres_listeners *l, uint32_t gpu_device, const char *violation,
                          const char *action, const char *detail)
{
	vres_event e = vres_event_make(l, VRES_EVENT_POLICY_VIOLATION, gpu_device);

	e.status = VRES_E_POLICY_VIOLATION;
	e.violation = violation;
	e.action_taken = action;
	e.detail = detail;
	atomic_fetch_add(&l->policy_violations, 1);
	/* Whatever the sink says, the caller returns the violation. */
	(void)vres_event_emit(l, &e, true, NULL);
}
