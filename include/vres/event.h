/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Events: what a manager reports to the audit sink, to the incident callback and to the log.
 */
#ifndef VRES_EVENT_H
#define VRES_EVENT_H

#include <vres/status.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct vres_shard_info vres_shard_info;

/** vres_event.type; vres_event.name is the same in snake_case. */
typedef enum vres_event_type {
	VRES_EVENT_VRAM_SEALED = 1,
	VRES_EVENT_SEAL_VERIFIED = 2,
	VRES_EVENT_SEAL_VERIFICATION_FAILED = 3,
	VRES_EVENT_VRAM_ALLOCATED = 4,
	VRES_EVENT_VRAM_ALLOCATION_FAILED = 5,
	VRES_EVENT_VRAM_DEALLOCATED = 6,
	VRES_EVENT_VRAM_DEALLOCATION_FAILED = 7,
	VRES_EVENT_POLICY_VIOLATION = 8,
	VRES_EVENT_VRAM_RESEALED = 9,   /* a suspended shard was resumed with other bytes */
	VRES_EVENT_VRAM_SUSPENDED = 10, /* an adopted shard is its owner's to change and to move */
	VRES_EVENT_VRAM_RESUMED = 11,   /* a suspended shard was resumed with the same bytes */
	VRES_EVENT_VRAM_REPAIRED = 12,  /* damaged bytes were loaded again, and all is good */
	VRES_EVENT_SEAL_VERIFICATION_ERROR = 13, /* a verification or a lease could not be made */
	VRES_EVENT_SEAL_FAILED = 14,             /* a seal could not be made */
	VRES_EVENT_VRAM_RELEASED = 15            /* an adopted shard ended; its memory stays */
} vres_event_type;

/**
 * struct vres_event - one event of the audit trail
 *
 * Valid only during the callback.  Strings that do not apply are NULL, numbers are 0, gpu_device is
 * VRES_NO_DEVICE; name and worker_id are always present.  used_bytes is what is still in use after
 * the event.  No event contains an address, a key, a token or weights.  docs/FORMAT.md says which
 * fields each type has.
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
	uint64_t damage_count; /* as in the report of the verification that failed */
	uint64_t bad_tensors;  /* the same */
	/* Of a resume: tensors that were said to change, that were expected to be something, and
	 * that are at another address. */
	uint64_t changed_tensors, expected_tensors, moved_tensors;
	const char *tensor;          /* name of the first damaged one */
	const char *previous_digest; /* of the shard, before it was resealed */
	const char *label;           /* as given to vres_shard_resume() */
	uint32_t lifted;             /* 1: a quarantine has ended */
	uint32_t reserved;
	/* Of a repair: damaged ranges, and bytes of them, that were written. */
	uint64_t ranges, repaired_bytes;
} vres_event;

/**
 * Where audit events go.  When record() returns anything but VRES_OK, the operation that the event
 * is about fails with VRES_E_AUDIT.  A sink that only does its best returns VRES_OK always.
 */
typedef struct vres_audit_sink {
	vres_status (*record)(void *ctx, const vres_event *event);
	void *ctx;
} vres_audit_sink;

/**
 * Called once for each shard that is quarantined, for each seal whose bytes are not the expected
 * ones, and for each policy violation, with the critical event.
 */
typedef void (*vres_incident_fn)(void *ctx, const vres_event *event);

#define VRES_LOG_ERROR 1
#define VRES_LOG_WARN  2
#define VRES_LOG_INFO  3
#define VRES_LOG_DEBUG 4

/**
 * Receives a structured log line: a name and @n pairs of key and value.  All strings are
 * NUL-terminated and valid only during the call.
 *
 * Every audit event is a line that has the name of the event.  Every operation is a line named
 * "operation" with action (seal, digest, verify, lease, release, enforce, receipt_open, suspend,
 * resume, repair, create, destroy),
 * shard_id, gpu_device, bytes, duration_ns and status, and, where they apply, reason, mode,
 * worker_id and token_fingerprint.  While the wall clock is not usable, every line has a key clock.
 * The fingerprint is the first 6 hex digits of the SHA-256 of the token; for a token of more than
 * 8192 bytes, of its first 8192 bytes and "[truncated]".  A seal that looks at its device also
 * writes a line named "capacity" with gpu_device, requested_bytes, used_bytes and available_bytes.
 *
 * The level is ERROR for a status of 4xx; WARN for any other failure; DEBUG for "capacity" and for
 * a successful verify, lease or receipt_open; INFO for everything else.  Refused input is not an
 * operation and writes no line.
 */
typedef void (*vres_log_fn)(void *ctx, int level, const char *event, const char *const *keys,
                            const char *const *values, size_t n);

#ifdef __cplusplus
}
#endif

#endif
