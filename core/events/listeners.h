/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Whom a manager tells what happens: the audit sink, the incident callback and the log, and what
 * each event says about its origin.  The manager owns this and hands it down.
 */
#ifndef VRES_CORE_EVENTS_LISTENERS_H
#define VRES_CORE_EVENTS_LISTENERS_H

#include <stdatomic.h>
#include <vres/vres.h>

#include "base/validate.h"

struct vres_listeners {
	/* Set when the manager is made; a callback that is NULL is not called. */
	vres_audit_sink audit;
	vres_log_fn log;
	void *log_ctx;
	vres_incident_fn on_incident;
	void *incident_ctx;
	char worker_id[WORKER_ID_MAX + 1];
	bool is_simulated;

	atomic_uint_fast64_t audit_events; /* offered to the sink */
	atomic_uint_fast64_t audit_lost;   /* of which it refused, or which were not offered */
	atomic_uint_fast64_t policy_violations;
};

#endif
