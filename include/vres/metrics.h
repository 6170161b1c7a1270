/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Metrics: what a manager has done and what it holds, as a structure and as Prometheus text.
 */
#ifndef VRES_METRICS_H
#define VRES_METRICS_H

#include <vres/manager.h>
#include <vres/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/** vres_metrics: the manager has not opened any device yet, so it does not know. */
#define VRES_BYTES_UNKNOWN UINT64_MAX

/**
 * struct vres_metrics - counts since the manager was created; names with _now are of this moment
 * @devices_now:        devices that the backend has
 * @opened_devices_now: of them, opened so far, because something was sealed on them or
 *                      vres_device_describe() was called
 *
 * total_bytes_now, used_bytes_now and available_bytes_now are sums over the devices opened so far.
 * While there is none, total_bytes_now and available_bytes_now are VRES_BYTES_UNKNOWN.  A metric
 * opens no device, since that makes a context, which takes time and memory of the device; to plan,
 * call vres_device_describe().
 */
typedef struct vres_metrics {
	size_t struct_size;
	uint64_t seals_ok, seals_failed, verifies_ok, verifies_failed, verified_bytes, leases_now,
		shards_now, quarantined_now, total_bytes_now, used_bytes_now, available_bytes_now,
		allocation_failures, policy_violations, audit_events, audit_lost, devices_now,
		opened_devices_now;
} vres_metrics;

VRES_DEFINE_INIT(vres_metrics)

/**
 * vres_manager_metrics() - a snapshot of the metrics
 * @m:   the manager; it answers also after it has STOPPED
 * @out: from vres_metrics_init()
 *
 * Asks every device that was opened so far how much of its memory is free.  One that does not
 * answer counts with 0 available bytes.
 *
 * Return: VRES_OK.
 */
VRES_API VRES_MUST_CHECK vres_status vres_manager_metrics(vres_manager *m, vres_metrics *out,
                                                          vres_error *err);

/**
 * vres_metrics_prometheus() - these metrics and more as Prometheus text (exposition format 0.0.4)
 * @m:   the manager; it answers also after it has STOPPED
 * @buf: receives the text; NULL, with @cap 0, to ask for the size
 * @cap: bytes at @buf, including the NUL
 * @len: bytes of text, not including the NUL that follows it.  With VRES_E_BUFFER, a size that the
 *       text never exceeds however far the counters go: a buffer of *len + 1 bytes is large enough
 *       for this manager from then on
 *
 * docs/OPERATIONS.md says what each metric means.  The figures of one text belong to the same
 * moment, except for those that a call in progress is changing.  A device that was not opened yet
 * has no figures; vram_opened_devices below vram_devices shows that there is one.
 *
 * Return: VRES_OK; VRES_E_BUFFER when the text and its NUL do not fit into @cap.
 */
VRES_API VRES_MUST_CHECK vres_status vres_metrics_prometheus(vres_manager *m, char *buf, size_t cap,
                                                             size_t *len, vres_error *err);

#ifdef __cplusplus
}
#endif

#endif
