/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Events: what a manager tells an auditor, an operator and a log.
 */
#ifndef VRES_EVENT_H
#define VRES_EVENT_H

#include <vres/status.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct vres_shard_info vres_shard_info;

/** vres_event.type; the name says the same in snake_case. */
typedef enum vres_event_type {
	VRES_EVENT_VRAM_SEALED = 1,
	VRES_EVENT_SEAL_VERIFIED = 2,
	VRES_EVENT_SEAL_VERIFICATION_FAILED = 3,
	VRES_EVENT_VRAM_ALLOCATED = 4,
	VRES_EVENT_VRAM_ALLOCATION_FAILED = 5,
	VRES_EVENT_VRAM_DEALLOCATED = 6,
	VRES_EVENT_VRAM_DEALLOCATION_FAILED = 7,
	VRES_EVENT_POLICY_VIOLATION = 8
} vres_event_type;

/**
 * struct vres_event - something happened that an auditor wants to know
 *
 * Valid during the call only.  Strings that do not apply are NULL, numbers 0, gpu_device
 * VRES_NO_DEVICE; name and worker_id are always there.  used_bytes is what remains in use after the
 * event.  No event carries an address, a key, a token or weights.
 */
typedef struct vres_event {
	size_t struct_size;
	uint32_t type; /* vres_event_type */
	const char *name;
	uint32_t critical;
	vres_status status;
	uint32_t reason, gpu_device, simulated;
	uint64_t time, requested_bytes, allocated_bytes, available_bytes, used_bytes, freed_bytes;
	const char *worker_id;
	const vres_shard_info *shard;
	const char *expected_digest, *actual_digest, *mode, *violation, *action_taken, *detail;
} vres_event;

/**
 * Anything but VRES_OK fails the operation the event is about with VRES_E_AUDIT.  A best-effort
 * sink returns VRES_OK.
 */
typedef struct vres_audit_sink {
	vres_status (*record)(void *ctx, const vres_event *event);
	void *ctx;
} vres_audit_sink;

/**
 * Once per shard that is quarantined, once per seal whose bytes are not the expected ones, and once
 * per policy violation; the event is the critical one.
 */
typedef void (*vres_incident_fn)(void *ctx, const vres_event *event);

#define VRES_LOG_ERROR 1
#define VRES_LOG_WARN  2
#define VRES_LOG_INFO  3
#define VRES_LOG_DEBUG 4

/**
 * A structured log line: an event name and @n keys with their values, all NUL-terminated and valid
 * during the call.
 *
 * Every audit event is a line under its name.  Every operation is a line "operation" with action
 * (seal, verify, lease, release, enforce, receipt_open, create, destroy), shard_id, gpu_device,
 * bytes, duration_ns, status, and where they apply reason, mode, worker_id and token_fingerprint:
 * the first 6 hex digits of SHA-256 of the token, above 8192 bytes of its first 8192 and
 * "[truncated]".  What a seal finds on its device is a line "capacity" with gpu_device,
 * requested_bytes, used_bytes, available_bytes.  Level ERROR: a status of 4xx; WARN: any other
 * failure; DEBUG: capacity, and verify, lease and receipt_open that went well; INFO: the rest.
 * Refused input is no operation.
 */
typedef void (*vres_log_fn)(void *ctx, int level, const char *event, const char *const *keys,
                            const char *const *values, size_t n);

#ifdef __cplusplus
}
#endif

#endif
