/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Metrics: what a manager has counted.
 */
#ifndef VRES_METRICS_H
#define VRES_METRICS_H

#include <vres/manager.h>
#include <vres/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Counts since the manager was made; those named _now are of the moment.  The byte figures are sums
 * over the devices used so far.
 */
typedef struct vres_metrics {
	size_t struct_size;
	uint64_t seals_ok, seals_failed, verifies_ok, verifies_failed, verified_bytes, leases_now,
		shards_now, quarantined_now, total_bytes_now, used_bytes_now, available_bytes_now,
		allocation_failures, policy_violations, audit_events, audit_lost;
} vres_metrics;

VRES_DEFINE_INIT(vres_metrics)

/**
 * vres_manager_metrics() - a snapshot of the counters; answers when STOPPED too, and asks every
 * device used so far for its free memory
 * @m:   the manager
 * @out: from vres_metrics_init()
 *
 * Return: VRES_OK.  A device that does not answer counts with 0 available bytes.
 */
VRES_API VRES_MUST_CHECK vres_status vres_manager_metrics(vres_manager *m, vres_metrics *out,
                                                          vres_error *err);

/**
 * vres_metrics_prometheus() - the same and more as Prometheus text (exposition format 0.0.4);
 * docs/OPERATIONS.md says what each metric means
 * @m:   the manager; answers when STOPPED too
 * @buf: where to, or NULL with @cap 0 to ask for the size
 * @cap: bytes at @buf, the NUL included
 * @len: bytes of text, without the NUL that is written too; with VRES_E_BUFFER, what the text will
 *       not pass however the counters grow, so
 *       that a buffer of *len + 1 bytes is large enough for this manager for good
 *
 * The figures of one text are of one moment, but for those that a call under way is changing;
 * devices that were not used so far have none.
 *
 * Return: VRES_OK; VRES_E_BUFFER when the text and its NUL do not fit @cap.
 */
VRES_API VRES_MUST_CHECK vres_status vres_metrics_prometheus(vres_manager *m, char *buf, size_t cap,
                                                             size_t *len, vres_error *err);

#ifdef __cplusplus
}
#endif

#endif
