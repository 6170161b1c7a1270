/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Counting: what verbs report when they conclude, and a snapshot of it all. */
#ifndef VRES_CORE_MANAGER_METRICS_H
#define VRES_CORE_MANAGER_METRICS_H

#include "manager/manager.h"

void vres_metrics_sealed(vres_manager *m, vres_status status);

/* A verification that was not refused; its status is in the report. */
void vres_metrics_verified(vres_manager *m, const vres_verify_report *report);

/*
 * A bucket of durations: the longest it takes, in nanoseconds, and in seconds as Prometheus writes
 * it.
 */
struct vres_limit {
	uint64_t ns;
	const char *text;
};

extern const struct vres_limit vres_verify_limits[VERIFY_BUCKETS]; /* ascending */

/* All counters at one moment. */
struct vres_figures {
	uint64_t seals[OUTCOMES], verifies[OUTCOMES][VERIFY_MODES];
	/* Verifications that took no longer than the bucket's limit; the last: all. */
	uint64_t durations[VERIFY_BUCKETS + 1];
	uint64_t verify_ns, last_verify, no_room, allocation_failures, verified_bytes, leases,
		shards, quarantined, policy_violations, audit_events, audit_lost, is_stopped,
		is_simulated;
};

void vres_metrics_read(vres_manager *m, struct vres_figures *out);

/* A device that was used. */
struct vres_device_figures {
	uint32_t index;
	const char *uuid; /* the device's own */
	uint64_t total, used, available;
};

/* Ask a device, if it was used so far; one that does not answer has nothing available. */
bool vres_metrics_device(const vres_manager *m, uint32_t index, struct vres_device_figures *out);

#endif
