/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Events: building them, and delivering them to all listeners.  Called with no lock held. */
#ifndef VRES_CORE_EVENTS_EVENTS_H
#define VRES_CORE_EVENTS_EVENTS_H

#include "events/listeners.h"

/* "seal_verified", ...; NULL for a type that does not exist. */
const char *vres_event_name(uint32_t type);

/* An event with the fields that every event has; the caller adds the others. */
vres_event vres_event_make(const struct vres_listeners *l, vres_event_type type,
                           uint32_t gpu_device);

/*
 * Deliver the event to the log, to the audit sink, and, if @is_incident, to the incident callback.
 * VRES_E_AUDIT if the sink refuses it.  The loss is counted here, so a caller that already fails
 * for a graver reason ignores the result.
 */
vres_status vres_event_emit(struct vres_listeners *l, const vres_event *event, bool is_incident,
                            vres_error *err);

/* Count an event that is not offered to the sink. */
void vres_event_lost(struct vres_listeners *l);

/* Report a policy violation: count it, and deliver its event as an incident. */
void vres_event_violation(struct vres_listeners *l, uint32_t gpu_device, const char *violation,
                          const char *action, const char *detail);

#endif
