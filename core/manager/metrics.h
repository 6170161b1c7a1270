/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Counters: a function for each thing that is counted, and a snapshot of all. */
#ifndef VRES_CORE_MANAGER_METRICS_H
#define VRES_CORE_MANAGER_METRICS_H

#include "manager/manager.h"

void vres_count_seal(vres_manager *m, vres_status status);

/* A seal that got no device memory, although enough was free if @has_room. */
void vres_count_no_memory(vres_manager *m, bool has_room);

/* A verification that was not refused; its status is in the report. */
void vres_count_verify(vres_manager *m, const vres_verify_report *report);

/* A resume of bytes that had changed. */
void vres_count_reseal(vres_manager *m, vres_status status);

/* Bytes that a repair has written. */
void vres_count_repaired(vres_manager *m, uint64_t bytes);

/* Bytes that the scrub found good. */
void vres_count_scrubbed(vres_manager *m, uint64_t bytes);

/* Upper limits of the buckets of durations, ascending: nanoseconds, and seconds for Prometheus. */
extern const uint64_t vres_verify_limit[VERIFY_BUCKETS];
extern const char *const vres_verify_limit_text[VERIFY_BUCKETS];

/* All counters. */
struct vres_figures {
	uint64_t seals[OUTCOMES], verifies[OUTCOMES][VERIFY_MODES];
	/* Cumulative: verifications that took no longer than the bucket's limit; last, all. */
	uint64_t durations[VERIFY_BUCKETS + 1];
	uint64_t verify_ns, last_verify, no_room, allocation_failures, verified_bytes, leases,
		shards, quarantined, suspended, tensors, reseals[OUTCOMES], repaired_bytes,
		policy_violations, audit_events, audit_lost, is_stopped, is_simulated;
};

void vres_metrics_read(vres_manager *m, struct vres_figures *out);

/* A device that is open. */
struct vres_device_figures {
	uint32_t index;
	const char *uuid; /* the device's own */
	uint64_t total, used, available, adopted;
};

/* False if the device is not open.  One that does not answer has 0 bytes available. */
bool vres_metrics_device(const vres_manager *m, uint32_t index, struct vres_device_figures *out);

#endif
