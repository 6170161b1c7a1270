/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Telling others: the audit sink, the incident callback and the log.  Called with no lock held. */
#ifndef VRES_CORE_EVENTS_EVENTS_H
#define VRES_CORE_EVENTS_EVENTS_H

#include "manager/manager.h"

/* An event of this manager's, to be completed by the caller. */
vres_event vres_audit_event(const vres_manager *m, vres_event_type type, uint32_t gpu_device);

/*
 * Deliver it: to the log, to the sink, and, when @is_incident, to the incident callback.
 * VRES_E_AUDIT if the sink refuses; a caller that already fails for a graver reason ignores that,
 * the loss is counted here.
 */
vres_status vres_audit_emit(vres_manager *m, const vres_event *event, bool is_incident,
                            vres_error *err);

/* A policy violation: event, incident, counter. */
void vres_audit_violation(vres_manager *m, uint32_t gpu_device, const char *violation,
                          const char *action, const char *detail);

/* The word formats.md has for a reason: "digest_mismatch", ... */
const char *vres_audit_reason(uint32_t reason);

#endif
