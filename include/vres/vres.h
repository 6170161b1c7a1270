/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * vram-residency: are the weights in this GPU still there, and still the bytes that were loaded?
 *
 * Read in this order: key, manager, seal, shard, lease, evidence; the value structs they use stand
 * before them.
 *
 * Rules stated once
 *   Lifetime    Children keep their manager alive; destroy in any order.  Destroying NULL does
 *   nothing.  Destroying cannot fail.
 *   References  vres_manager_find(), vres_receipt_open() and vres_seal_*() each return a reference
 *   that vres_shard_release() gives back.
 *               VRAM goes with the last reference and lease.
 *   Threads     Any function, any thread, any object, unless said otherwise.  Only giving back the
 *   same reference twice is an error.
 *               Callbacks run on the calling thread with no lock held; they may call the library,
 *               and give back what the call under way
 *               was given, which then goes when the call has ended.
 *   Structs     Start from vres_X_init().  Zero in a field means its default; for policy the
 *   default is the strictest.
 *   Outputs     Written only on success; *err (always last, may be NULL) only on failure.  Two
 *   exceptions: reports of verify and enforce
 *               are filled on failure too, and VRES_E_BUFFER sets *len.
 *   Input       Refused input changes nothing, emits no event, and is described by kind and
 *   position, never echoed.
 *   Units       Sizes are bytes, times nanoseconds (wall clock since 1970-01-01 UTC), devices are
 *   backend indices from 0.
 *   Fork        In a child process every call on what the parent has made is VRES_E_STATE, reason
 *   FORKED, but for the destroying ones, which
 *               free host memory only, and those of digesters, which go on.
 *
 * Errors that any function with an err parameter may return, and which are not repeated at each:
 * VRES_E_INVALID_INPUT for NULL where an object is required, VRES_E_ABI for a struct_size that is
 * too small or that brings unknown non-zero fields, VRES_E_NO_MEMORY, VRES_E_STATE with reason
 * FORKED, and, where a manager or shard is involved, VRES_E_POLICY_VIOLATION with reason STOPPED
 * after a violation that stopped the manager.
 *
 * Standards: SHA-256 is FIPS 180-4; HMAC is FIPS 198-1 and RFC 2104; HKDF is RFC 5869; the tree is
 * Linux fs-verity (fsverity.rst, "Merkle tree" and "fs-verity descriptor").
 */
#ifndef VRES_VRES_H
#define VRES_VRES_H

#include <stdbool.h>
#include <string.h>
#include <vres/backend.h>
#include <vres/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Keys
 * ----------------------------------------------------------------------------------------
 */

/**
 * A secret: 32 bytes in locked memory that is not dumped, not inherited by fork, and wiped when it
 * is destroyed.  It has no printer.
 */
typedef struct vres_key vres_key;

/**
 * vres_key_derive() - a key from a token in memory
 * @token:  the secret; the caller keeps it and should wipe it
 * @bytes:  its length, 1 to 1 MiB
 * @domain: what the key is for, at most 64 bytes of printable ASCII; NULL: "llorch-vram-seal-v1"
 * @out:    the key, to be given to vres_key_destroy()
 * @err:    why it failed, or NULL
 *
 * HKDF-SHA256 (RFC 5869), no salt, info = @domain, 32 bytes: the same token and domain give the
 * same key everywhere.
 *
 * Return: VRES_OK; VRES_E_INVALID_INPUT for an empty token or a bad domain.
 */
VRES_API VRES_MUST_CHECK vres_status vres_key_derive(const void *token, size_t bytes,
                                                     const char *domain, vres_key **out,
                                                     vres_error *err);

/**
 * vres_key_from_token_file() - a key from a token file
 * @path:   a regular file that its owner alone can read (mode & 077 == 0), owned by this user or
 *          root; symbolic links are refused
 * @domain: as for vres_key_derive()
 * @out:    the key, to be given to vres_key_destroy()
 * @err:    why it failed, or NULL
 *
 * The folder it is in may not be one that others can write to, unless it is sticky.  The file is
 * text of at most 1 MiB; white space at both ends (Unicode's) is not part of the token.
 *
 * Return: VRES_OK; VRES_E_NOT_FOUND; VRES_E_INVALID_INPUT for a link, a file that is not regular,
 *         empty, too large, not UTF-8, of another
 * owner, readable by others, or in a folder they can write to (the message says which); VRES_E_IO.
 */
VRES_API VRES_MUST_CHECK vres_status vres_key_from_token_file(const char *path, const char *domain,
                                                              vres_key **out, vres_error *err);

/**
 * vres_key_from_credential() - a key from a systemd credential
 * @name:   [A-Za-z0-9_.-], at most 255 bytes, not starting with a dot: a file in
 *          $CREDENTIALS_DIRECTORY
 * @domain: as for vres_key_derive()
 * @out:    the key, to be given to vres_key_destroy()
 * @err:    why it failed, or NULL
 *
 * As vres_key_from_token_file(); systemd may deliver the file readable by its group, which is
 * accepted when root owns it.
 *
 * Return: as vres_key_from_token_file(); VRES_E_NOT_FOUND also when the environment has no
 *         $CREDENTIALS_DIRECTORY, VRES_E_INVALID_INPUT
 * also when it is not an absolute path.
 */
VRES_API VRES_MUST_CHECK vres_status vres_key_from_credential(const char *name, const char *domain,
                                                              vres_key **out, vres_error *err);

/**
 * vres_key_destroy() - wipe and free a key
 * @key: NULL is allowed.  Managers made with it keep working: they hold subkeys of their own.
 */
VRES_API void vres_key_destroy(vres_key *key);

/**
 * struct vres_self_report - what this library runs on, and how well this process can keep a secret
 * @crypto:             name and version of the libcrypto in use
 * @secret_memory:      1: keys lie in memory of memfd_secret(2), which only this process can read
 * @locked:             1: their pages are never written to a swap device; 0: RLIMIT_MEMLOCK forbids
 *           it
 * @undumped:           1: they are left out of core files
 * @kept_from_children: 1: a forked child has no copy of them
 */
typedef struct vres_self_report {
	size_t struct_size;
	char crypto[64];
	uint32_t secret_memory, locked, undumped, kept_from_children;
} vres_self_report;

static inline vres_self_report vres_self_report_init(void)
{
	vres_self_report v;

	memset(&v, 0, sizeof(v));
	v.struct_size = sizeof(v);
	return v;
}

/**
 * vres_self_check() - look at the libraries, and try what the system grants to the pages of a key
 * @out: from vres_self_report_init()
 * @err: why it failed, or NULL
 *
 * Return: VRES_OK.
 */
VRES_API VRES_MUST_CHECK vres_status vres_self_check(vres_self_report *out, vres_error *err);

/*
 * Backends
 * ----------------------------------------------------------------------------------------
 */

/**
 * vres_backend_cuda() - NVIDIA GPUs
 *
 * Return: a static table, or NULL when this build has no CUDA backend.
 */
VRES_API const vres_backend *vres_backend_cuda(void);

/**
 * vres_backend_hip() - AMD GPUs, experimental
 *
 * Return: a static table, or NULL when this build has no HIP backend.
 */
VRES_API const vres_backend *vres_backend_hip(void);

/*
 * Policy
 * ----------------------------------------------------------------------------------------
 */

/** vres_policy.allow: what is tolerated; each bit is signed into every record. */
#define VRES_ALLOW_SIMULATED  1u /* a backend without VRAM behind it */
#define VRES_ALLOW_INTEGRATED 2u /* a GPU whose memory is the host's */
/* memory without error correction, or of which that is not known */
#define VRES_ALLOW_NO_ECC 4u
/* memory that another process or device could be given access to */
#define VRES_ALLOW_EXPORTABLE 8u
/* weights travel back to host memory, through the staging buffers, to be checked */
#define VRES_ALLOW_READBACK          16u
#define VRES_ALLOW_UNVERIFIABLE_HOST 32u  /* a host that may move device memory unseen (WSL) */
#define VRES_ALLOW_WEAK_LEASE        64u  /* leases on less than a FULL verification */
#define VRES_ALLOW_PINNED_STAGING    128u /* page-locked staging buffers */
#define VRES_ALLOW_ALL               255u

/** vres_policy.require: what is demanded beyond the default. */
#define VRES_REQUIRE_VMM 1u /* allocations with an explicit location that cannot migrate */
/* sealed memory is mapped read-only: a stray write then kills the context it happens in */
#define VRES_REQUIRE_READONLY 2u
#define VRES_REQUIRE_ECC      4u  /* ECC known to be on; contradicts VRES_ALLOW_NO_ECC */
#define VRES_REQUIRE_AUDIT    8u  /* an audit sink must be given */
#define VRES_REQUIRE_STOP     16u /* any failed verification stops the manager */
#define VRES_REQUIRE_ALL      31u

/** vres_policy_report.violations: something no VRES_ALLOW_x permits */
#define VRES_VIOLATION_NEVER (UINT64_C(1) << 63)

/** vres_verify_params.mode, by strength: SIGNATURE, SAMPLED, FULL, READBACK */
typedef enum vres_verify_mode {
	VRES_VERIFY_FULL = 0, /* signature, residency, and every block hashed on the device */
	/* HMAC over the kept record, and residency asked of the driver again. */
	VRES_VERIFY_SIGNATURE = 1,
	VRES_VERIFY_SAMPLED = 2, /* that, and units chosen by the CSPRNG hashed on the device */
	/*
	 * That, and every block pulled back and hashed on the host: tree, and flat digest where
	 * there is one.
	 */
	VRES_VERIFY_READBACK = 3
} vres_verify_mode;

#define VRES_DIGEST_SHA256 0u /* flat SHA-256 of the bytes: what sha256sum prints */
/* fs-verity digest, SHA-256, no salt: what `fsverity digest` prints */
#define VRES_DIGEST_VERITY 1u

#define VRES_SHARD_SEALED      1u
#define VRES_SHARD_QUARANTINED 2u

/** vres_device_info.assurance and vres_shard_info.assurance: how the memory is held */
#define VRES_ASSURANCE_NONE  0u /* simulated */
#define VRES_ASSURANCE_PLAIN 1u /* an ordinary device allocation */
#define VRES_ASSURANCE_VMM   2u /* an explicit, pinned, unexportable device location */

/**
 * struct vres_policy - what the manager insists on; all zero is the strictest
 * @allow:           VRES_ALLOW_x
 * @require:         VRES_REQUIRE_x
 * @headroom_bytes:  device memory to leave free
 * @max_model_bytes: largest shard; 0: 100 GiB
 * @max_seal_age:    how long a seal is good, on the monotonic clock; 0: no limit
 * @lease_max_age:   how long a verification stays good for leases; 0: verify at every lease
 * @deadline:        for one backend operation to complete; 0: 60 s.  What missed it has failed, but
 *           the call does not return before the device
 *                   is through with it, since until then the device may write to host memory
 * @lease_verify:    vres_verify_mode; 0: FULL; weaker needs VRES_ALLOW_WEAK_LEASE, READBACK needs
 *           VRES_ALLOW_READBACK
 * @sample_units:    for SAMPLED; 0: 64
 */
typedef struct vres_policy {
	size_t struct_size;
	uint64_t allow;
	uint64_t require;
	uint64_t headroom_bytes;
	uint64_t max_model_bytes;
	uint64_t max_seal_age;
	uint64_t lease_max_age;
	uint64_t deadline;
	uint32_t lease_verify;
	uint32_t sample_units;
} vres_policy;

static inline vres_policy vres_policy_init(void)
{
	vres_policy v;

	memset(&v, 0, sizeof(v));
	v.struct_size = sizeof(v);
	return v;
}

/*
 * Values that come out
 * ----------------------------------------------------------------------------------------
 */

/**
 * struct vres_shard_info - ModelShardHandle: all there is to know of a shard, as a value without
 * pointer or address
 *
 * Strings are NUL-terminated; digests are 64 lower-case hex digits; model_ref and group_id are
 * empty when none was given; total_shards is 0 when the shard is not part of a set.  adopted and
 * simulated are 0 or 1.  sealed_at and verified_at are wall-clock times; verified_at is that of the
 * last successful verification of any mode, sealing included.
 */
typedef struct vres_shard_info {
	size_t struct_size;
	char shard_id[257], model_ref[513], group_id[65], digest[65], verity_digest[65],
		device_uuid[48], backend[16];
	uint32_t gpu_device, shard_index, total_shards, digest_alg, state, adopted, leases,
		simulated, assurance;
	uint64_t vram_bytes, sealed_at, verified_at, allow, require;
} vres_shard_info;

static inline vres_shard_info vres_shard_info_init(void)
{
	vres_shard_info v;

	memset(&v, 0, sizeof(v));
	v.struct_size = sizeof(v);
	return v;
}

/**
 * struct vres_device_info - a device, now
 * @ecc:             0 off, 1 on, 2 unknown
 * @healthy:         0: it reports a memory error or asks to be reset
 * @free_bytes:      by the driver, whoever uses the rest
 * @used_bytes:      sealed by this manager, padding included
 * @reserved_bytes:  held by seals under way, and the backend's fixed scratch
 * @available_bytes: the largest seal allowed now
 */
typedef struct vres_device_info {
	size_t struct_size;
	char name[128], uuid[48], backend[16];
	uint32_t gpu_device, simulated, integrated, ecc, assurance, healthy;
	uint64_t total_bytes, free_bytes, used_bytes, reserved_bytes, available_bytes;
} vres_device_info;

static inline vres_device_info vres_device_info_init(void)
{
	vres_device_info v;

	memset(&v, 0, sizeof(v));
	v.struct_size = sizeof(v);
	return v;
}

#define VRES_FACT_GOOD      0u
#define VRES_FACT_NOTED     1u
#define VRES_FACT_VIOLATION 2u

/** One fact the driver stated, and what policy makes of it: verdict is VRES_FACT_x. */
typedef struct vres_policy_fact {
	char name[32];
	char value[64];
	uint32_t verdict;
} vres_policy_fact;

/**
 * violations: the VRES_ALLOW_x bits that would be needed, | VRES_VIOLATION_NEVER where none would
 * do.
 */
typedef struct vres_policy_report {
	size_t struct_size;
	uint64_t violations;
	uint32_t facts_count, reserved;
	vres_policy_fact facts[32];
} vres_policy_report;

static inline vres_policy_report vres_policy_report_init(void)
{
	vres_policy_report v;

	memset(&v, 0, sizeof(v));
	v.struct_size = sizeof(v);
	return v;
}

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

static inline vres_metrics vres_metrics_init(void)
{
	vres_metrics v;

	memset(&v, 0, sizeof(v));
	v.struct_size = sizeof(v);
	return v;
}

/*
 * Callbacks
 * ----------------------------------------------------------------------------------------
 */

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

/**
 * Fill all @n bytes of @buf with what comes next, or fail; VRES_E_CANCELLED is passed on, anything
 * else becomes VRES_E_IO.
 */
typedef vres_status (*vres_read_fn)(void *ctx, void *buf, size_t n);

/** Fill all @n bytes of @buf with what stands at @offset, or fail. */
typedef vres_status (*vres_read_at_fn)(void *ctx, uint64_t offset, void *buf, size_t n);

/** false: stop, which makes the operation return VRES_E_CANCELLED. */
typedef bool (*vres_progress_fn)(void *ctx, uint64_t done, uint64_t total);

/*
 * Manager
 * ----------------------------------------------------------------------------------------
 */

typedef struct vres_manager vres_manager;
typedef struct vres_shard vres_shard;
typedef struct vres_lease vres_lease;

/**
 * struct vres_config - what a manager is made of
 * @backend:      required
 * @backend_arg:  passed to the backend's open (the mock's vres_mock)
 * @key:          required; subkeys are copied, the caller may destroy it at once
 * @worker_id:    required; identifier ([A-Za-z0-9_-]), at most 64 bytes; copied
 * @policy:       NULL: strictest; copied
 * @audit:        zero: none
 * @log:          may be NULL
 * @on_incident:  may be NULL
 * @closed:       called when nothing uses backend, backend_arg and the callback contexts any more;
 *           may be NULL
 * @library_path: NULL: the system's driver library; anything else needs VRES_ALLOW_SIMULATED and
 *           marks everything as simulated
 * @threads:      of the host that hash in one call, the caller's included; 0: as many as the
 *           calling thread may run on cores; at most 1024, of
 *                which no more than 128 are used.  They are started by calls that have more than 1
 *                MiB to hash, or to seal where the host
 *                hashes nothing, which they then read together (memory and regular files), or more
 *                than 32 shards to verify, there for each
 *                device as many; they take no signals, run no callback and end with the call
 * @block_size:   of the tree; 0: 4096; power of two, 1024 to 65536
 * @keep_leaves:  1: keep the leaf level on the host (1/128 of the bytes), which names damage to the
 *           block
 */
typedef struct vres_config {
	size_t struct_size;
	const vres_backend *backend;
	void *backend_arg;
	const vres_key *key;
	const char *worker_id;
	const vres_policy *policy;
	vres_audit_sink audit;
	vres_log_fn log;
	void *log_ctx;
	vres_incident_fn on_incident;
	void *incident_ctx;
	void (*closed)(void *ctx);
	void *closed_ctx;
	const char *library_path;
	uint32_t threads;
	uint32_t block_size;
	uint32_t keep_leaves;
	uint32_t reserved;
} vres_config;

static inline vres_config vres_config_init(void)
{
	vres_config v;

	memset(&v, 0, sizeof(v));
	v.struct_size = sizeof(v);
	return v;
}

/**
 * vres_manager_create() - open a backend and get ready to seal
 * @config: what it is made of; not needed after the call, but for what it points to as its fields
 *          say
 * @out:    the manager, to be given to vres_manager_destroy()
 * @err:    why it failed, or NULL
 *
 * Devices are opened and judged when they are used first, so an unsuitable one beside a good one is
 * no obstacle.
 *
 * Return: VRES_OK; VRES_E_INVALID_INPUT (backend, key or worker_id missing or malformed);
 *         VRES_E_CONFIG (policy bits or values that are
 * unknown, out of range or contradict each other; VRES_REQUIRE_AUDIT without a sink; block_size;
 * threads); VRES_E_ABI (backend table); VRES_E_POLICY_VIOLATION (simulated backend or library_path
 * without VRES_ALLOW_SIMULATED); VRES_E_NO_BACKEND; VRES_E_BACKEND.
 */
VRES_API VRES_MUST_CHECK vres_status vres_manager_create(const vres_config *config,
                                                         vres_manager **out, vres_error *err);

/**
 * vres_manager_destroy() - give the caller's reference back
 * @m: NULL is allowed
 *
 * Shards and leases that still exist keep working, and keep the manager.
 */
VRES_API void vres_manager_destroy(vres_manager *m);

/**
 * vres_manager_find() - a live shard by its id
 * @m:        the manager
 * @shard_id: as it was sealed
 * @out:      a new reference, to be given to vres_shard_release()
 * @err:      why it failed, or NULL
 *
 * Return: VRES_OK; VRES_E_INVALID_INPUT (not an identifier); VRES_E_NOT_FOUND.
 */
VRES_API VRES_MUST_CHECK vres_status vres_manager_find(vres_manager *m, const char *shard_id,
                                                       vres_shard **out, vres_error *err);

/**
 * vres_manager_metrics() - a snapshot of the counters; answers when STOPPED too, and asks every
 * device used so far for its free memory
 * @m:   the manager
 * @out: from vres_metrics_init()
 * @err: why it failed, or NULL
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
 * @err: why it failed, or NULL
 *
 * The figures of one text are of one moment, but for those that a call under way is changing;
 * devices that were not used so far have none.
 *
 * Return: VRES_OK; VRES_E_BUFFER when the text and its NUL do not fit @cap.
 */
VRES_API VRES_MUST_CHECK vres_status vres_metrics_prometheus(vres_manager *m, char *buf, size_t cap,
                                                             size_t *len, vres_error *err);

/**
 * vres_device_count() - how many devices the backend has
 * @m:   the manager
 * @out: the count, which may be 0
 * @err: why it failed, or NULL
 *
 * Return: VRES_OK.
 */
VRES_API VRES_MUST_CHECK vres_status vres_device_count(vres_manager *m, uint32_t *out,
                                                       vres_error *err);

/**
 * vres_device_describe() - a device, now; answers when STOPPED too
 * @m:          the manager
 * @gpu_device: which one
 * @out:        from vres_device_info_init()
 * @err:        why it failed, or NULL
 *
 * Return: VRES_OK; VRES_E_INVALID_INPUT (no such device); VRES_E_BACKEND; VRES_E_DEVICE_LOST.
 */
VRES_API VRES_MUST_CHECK vres_status vres_device_describe(vres_manager *m, uint32_t gpu_device,
                                                          vres_device_info *out, vres_error *err);

/**
 * vres_enforce_vram_only() - judge a device and all that is sealed on it, now
 * @m:          the manager
 * @gpu_device: which one
 * @out:        from vres_policy_report_init(), or NULL; filled on VRES_E_POLICY_VIOLATION too
 * @err:        why it failed, or NULL
 *
 * A violation stops the manager.
 *
 * Return: VRES_OK; VRES_E_POLICY_VIOLATION; VRES_E_INVALID_INPUT (no such device); VRES_E_BACKEND;
 *         VRES_E_DEVICE_LOST.
 */
VRES_API VRES_MUST_CHECK vres_status vres_enforce_vram_only(vres_manager *m, uint32_t gpu_device,
                                                            vres_policy_report *out,
                                                            vres_error *err);

/*
 * Sealing
 * ----------------------------------------------------------------------------------------
 */

/**
 * struct vres_seal_params - what is being sealed
 * @shard_id:        [A-Za-z0-9_-]{1,256}; NULL: "shard-" and 32 hex digits from the CSPRNG; a live
 *           duplicate is VRES_E_STATE
 * @model_ref:       NULL: none; UTF-8 without control characters, at most 512 bytes
 * @group_id:        NULL: none; identifier of at most 64 bytes: which set of shards this one
 *           belongs to
 * @gpu_device:      where to
 * @shard_index:     below total_shards
 * @total_shards:    0: not part of a set
 * @digest_alg:      VRES_DIGEST_SHA256 or VRES_DIGEST_VERITY
 * @expected_digest: 64 hex digits, either case, of digest_alg; NULL: none
 * @progress:        called after every 16 MiB or less and at the end, but not by vres_seal_adopt();
 *           NULL: none
 */
typedef struct vres_seal_params {
	size_t struct_size;
	const char *shard_id;
	const char *model_ref;
	const char *group_id;
	uint32_t gpu_device, shard_index, total_shards, digest_alg;
	const char *expected_digest;
	vres_progress_fn progress;
	void *progress_ctx;
} vres_seal_params;

static inline vres_seal_params vres_seal_params_init(void)
{
	vres_seal_params v;

	memset(&v, 0, sizeof(v));
	v.struct_size = sizeof(v);
	return v;
}

/**
 * vres_seal_memory() - copy bytes to VRAM and seal them there
 * @m:     the manager
 * @p:     what is being sealed
 * @data:  the bytes; not needed after the call
 * @bytes: how many; 1 to max_model_bytes
 * @out:   a reference to the shard, to be given to vres_shard_release()
 * @err:   why it failed, or NULL
 *
 * The source is read once.  The digest tree is computed again from VRAM, after the copy, and
 * compared before anything is signed.  Every failure leaves nothing resident, nothing reserved,
 * nothing allocated.
 *
 * Return: VRES_OK; VRES_E_INVALID_INPUT; VRES_E_STATE (the id is taken); VRES_E_INSUFFICIENT_VRAM;
 *         VRES_E_ALLOCATION_FAILED;
 * VRES_E_INTEGRITY_VIOLATION (VRAM or source is not what was read or expected);
 * VRES_E_POLICY_VIOLATION (device or memory); VRES_E_UNSUPPORTED (the device cannot hash and
 * VRES_ALLOW_READBACK is not given); VRES_E_CANCELLED; VRES_E_AUDIT; VRES_E_DEVICE_LOST;
 * VRES_E_BACKEND.
 */
VRES_API VRES_MUST_CHECK vres_status vres_seal_memory(vres_manager *m, const vres_seal_params *p,
                                                      const void *data, uint64_t bytes,
                                                      vres_shard **out, vres_error *err);

/**
 * vres_seal_fd() - as vres_seal_memory(), from a file descriptor
 * @m:      the manager
 * @p:      what is being sealed
 * @fd:     open for reading; a regular file is read at @offset and its position is left alone,
 *          anything else from where it is
 * @offset: where to start in a regular file; 0 for anything else
 * @bytes:  how many; 1 to max_model_bytes
 * @out:    a reference to the shard
 * @err:    why it failed, or NULL
 *
 * Return: as vres_seal_memory(); VRES_E_INVALID_INPUT also for a directory, a descriptor that
 *         cannot be read, a file shorter than @offset +
 * @bytes; VRES_E_IO when reading fails, a pipe ends early, or a regular file was changed while it
 * was read.
 */
VRES_API VRES_MUST_CHECK vres_status vres_seal_fd(vres_manager *m, const vres_seal_params *p,
                                                  int fd, uint64_t offset, uint64_t bytes,
                                                  vres_shard **out, vres_error *err);

/**
 * vres_seal_stream() - as vres_seal_memory(), from a callback
 * @m:     the manager
 * @p:     what is being sealed
 * @read:  asked for at most 16 MiB at a time, in order, until @bytes have come
 * @ctx:   given to @read
 * @bytes: how many; 1 to max_model_bytes
 * @out:   a reference to the shard
 * @err:   why it failed, or NULL
 *
 * Return: as vres_seal_memory(); VRES_E_IO, with the position, when @read fails.
 */
VRES_API VRES_MUST_CHECK vres_status vres_seal_stream(vres_manager *m, const vres_seal_params *p,
                                                      vres_read_fn read, void *ctx, uint64_t bytes,
                                                      vres_shard **out, vres_error *err);

/**
 * vres_seal_adopt() - seal bytes that are in VRAM already, in memory that somebody else owns
 * @m:          the manager
 * @p:          what is being sealed; digest_alg must be VRES_DIGEST_VERITY
 * @device_ptr: where they are; the caller's pending writes have completed
 * @bytes:      how many; 1 to max_model_bytes
 * @out:        a reference to the shard
 * @err:        why it failed, or NULL
 *
 * Memory that may be exported has assurance PLAIN, and is refused where policy has
 * VRES_REQUIRE_VMM, whatever the device can do.
 *
 * The caller keeps the memory alive and unwritten until the last reference and lease are gone; it
 * is never freed or wiped here.
 *
 * Return: as vres_seal_memory(); VRES_E_INVALID_INPUT also for a range the driver does not know;
 *         VRES_E_UNSUPPORTED also for
 * VRES_REQUIRE_READONLY, since the mapping is not ours.
 */
VRES_API VRES_MUST_CHECK vres_status vres_seal_adopt(vres_manager *m, const vres_seal_params *p,
                                                     uint64_t device_ptr, uint64_t bytes,
                                                     vres_shard **out, vres_error *err);

/*
 * Verifying
 * ----------------------------------------------------------------------------------------
 */

/**
 * struct vres_verify_params - how to verify
 * @mode:         vres_verify_mode
 * @sample_units: for SAMPLED; 0: as policy says; fewer than policy says serve no lease
 * @source:       the bytes as they were sealed, if at hand: names damage to the block; NULL: none
 * @source_ctx:   given to @source
 * @background:   1: give way to other work on the device.  Low-priority lanes, and FULL hashes at
 *           most 64 MiB at a time, so that work that
 *                comes meanwhile waits for no more than that; the outcome is the same, later
 * @reserved:     0
 */
typedef struct vres_verify_params {
	size_t struct_size;
	uint32_t mode, sample_units;
	vres_read_at_fn source;
	void *source_ctx;
	uint32_t background, reserved;
} vres_verify_params;

static inline vres_verify_params vres_verify_params_init(void)
{
	vres_verify_params v;

	memset(&v, 0, sizeof(v));
	v.struct_size = sizeof(v);
	return v;
}

/**
 * struct vres_verify_report - what a verification did and found @status, @reason:  as returned for
 * this shard
 * @mode:             what was really done
 * @blocks_total:     blocks of the tree in the shard
 * @blocks_checked:   of them, hashed this time
 * @bytes_hashed:     shard bytes hashed this time
 * @bad_blocks:       at least so many are damaged
 * @first_bad_offset: where the first damaged range starts in the shard
 * @first_bad_bytes:  how long it is: one block when the leaf level or the source is at hand, else
 *           one group of blocks; 0: none is known
 * @duration:         wall time it took
 */
typedef struct vres_verify_report {
	size_t struct_size;
	vres_status status;
	uint32_t reason, mode, reserved;
	uint64_t blocks_total, blocks_checked, bytes_hashed, bad_blocks, first_bad_offset,
		first_bad_bytes, duration;
} vres_verify_report;

static inline vres_verify_report vres_verify_report_init(void)
{
	vres_verify_report v;

	memset(&v, 0, sizeof(v));
	v.struct_size = sizeof(v);
	return v;
}

/** first_failed: index into the shards that were given, or -1 */
typedef struct vres_set_report {
	size_t struct_size;
	uint32_t verified, failed;
	int32_t first_failed;
	uint32_t reserved;
} vres_set_report;

static inline vres_set_report vres_set_report_init(void)
{
	vres_set_report v;

	memset(&v, 0, sizeof(v));
	v.struct_size = sizeof(v);
	return v;
}

/**
 * vres_shard_verify() - are the bytes still there, and still the same?
 * @s:   the shard
 * @p:   how; NULL: FULL
 * @out: from vres_verify_report_init(), or NULL; filled on failure too
 * @err: why it failed, or NULL
 *
 * A failed check quarantines this shard for good, and no other; one that is too old (EXPIRED) is
 * only refused.  Trouble that keeps the check from being made is 3xx, is never success and is never
 * called tampering.  Allocates no device memory; with SIGNATURE no host memory either, on success,
 * but what libcrypto takes for an HMAC.
 *
 * Return: VRES_OK; VRES_E_SEAL_VERIFICATION_FAILED with reason SIGNATURE, DIGEST, RESIDENCY,
 *         EXPIRED or QUARANTINED; VRES_E_INVALID_INPUT
 * (mode); VRES_E_UNSUPPORTED (the device cannot hash, or READBACK without VRES_ALLOW_READBACK);
 * VRES_E_AUDIT; VRES_E_DEVICE_LOST; VRES_E_BACKEND.
 */
VRES_API VRES_MUST_CHECK vres_status vres_shard_verify(vres_shard *s, const vres_verify_params *p,
                                                       vres_verify_report *out, vres_error *err);

/**
 * vres_verify_many() - verify several shards in one call, devices in parallel
 * @m:       the manager; all shards must be of it
 * @shards:  @n references
 * @n:       1 to 2^20
 * @p:       how; NULL: FULL; source must be NULL
 * @reports: @n reports, strided by the first one's struct_size, which all share; or NULL; filled on
 *           failure too
 * @err:     why the first that failed did, or NULL
 *
 * Every shard is verified, whatever happens to the others, and comes out as vres_shard_verify() has
 * it; events come in the order of the shards, after the last check.  With FULL, shards of a device
 * share jobs of up to 1,024, so that many small ones cost little more than a large one of their
 * size; a job that misses policy's deadline leaves all of its shards unchecked.
 *
 * Return: VRES_OK when every shard is good; else the status of the first that is damaged or, if
 *         none is, of the first that could not be
 * checked: as vres_shard_verify().
 */
VRES_API VRES_MUST_CHECK vres_status vres_verify_many(vres_manager *m, vres_shard *const *shards,
                                                      size_t n, const vres_verify_params *p,
                                                      vres_verify_report *reports, vres_error *err);

/**
 * vres_set_verify() - verify the shards of one model
 * @m:      the manager
 * @shards: @n references, in any order
 * @n:      how many
 * @p:      as for vres_verify_many()
 * @out:    from vres_set_report_init(), or NULL; filled on failure too
 * @err:    why it failed, or NULL
 *
 * They must form exactly one complete set: every index once, one model_ref, one group_id, one
 * total; devices are verified in parallel.
 *
 * Return: as vres_verify_many(); VRES_E_INVALID_INPUT when they are not one complete set
 *         (first_failed names the offender).
 */
VRES_API VRES_MUST_CHECK vres_status vres_set_verify(vres_manager *m, vres_shard *const *shards,
                                                     size_t n, const vres_verify_params *p,
                                                     vres_set_report *out, vres_error *err);

/**
 * struct vres_scrub_report - what a step of the scrub did, and how far it is
 * @bytes_hashed:     shard bytes hashed in this step
 * @bytes_total:      bytes of all shards that are scrubbed: those that were sealed and not
 *           quarantined when the step began
 * @oldest_check_age: at the end of the step, how long ago the least recent check of any byte of
 *           them was.  A shard's bytes count as checked when
 *                    the last pass over it that has completed began, or, before the first has, when
 *                    they were measured to be sealed; other
 *                    verifications do not count.  0 when there is no shard
 * @shards:           how many such shards there were
 * @failed:           of them, found damaged in this step
 */
typedef struct vres_scrub_report {
	size_t struct_size;
	uint64_t bytes_hashed, bytes_total, oldest_check_age;
	uint32_t shards, failed;
} vres_scrub_report;

static inline vres_scrub_report vres_scrub_report_init(void)
{
	vres_scrub_report v;

	memset(&v, 0, sizeof(v));
	v.struct_size = sizeof(v);
	return v;
}

/**
 * vres_scrub_step() - verify the next part of all shards, in the background
 * @m:         the manager
 * @budget_ns: how long the step may take: the part that is under way then is finished, and one part
 *           is always checked; not 0
 * @out:       from vres_scrub_report_init(), or NULL; filled on failure too
 * @err:       why the first shard that failed did, or NULL
 *
 * Shards take turns, the one whose last check is the oldest first; in a shard, groups of blocks
 * (128 of 4 KiB) do.  The next step goes on where this one stopped, and steps that run at once
 * share the work.  A step checks nothing that was checked since it began, so it ends early when all
 * has been.  What it checks of a shard is its signature, its residency, and the bytes of the part
 * against the kept level of the digest tree, itself checked against the signed root when a pass
 * begins and ends; by the device where it can hash, else by readback where policy allows that.  It
 * gives way to other work (vres_verify_params.background) and allocates no device memory.
 * max_seal_age does not matter here.
 *
 * A damaged part quarantines its shard, with the event and the incident of a failed verification of
 * mode SAMPLED.  What is good is not told, and does not make a shard fresh for leases, not even a
 * whole pass: it never says that all bytes were good at one moment.  A shard released meanwhile is
 * freed when its part is done.
 *
 * Return: VRES_OK when all that was checked is good, or there was nothing; VRES_E_INVALID_INPUT
 *         (@budget_ns is 0); else the status of the first
 * shard that is damaged or, if none is, of the first that could not be checked: as
 * vres_shard_verify().
 */
VRES_API VRES_MUST_CHECK vres_status vres_scrub_step(vres_manager *m, uint64_t budget_ns,
                                                     vres_scrub_report *out, vres_error *err);

/*
 * Shard
 * ----------------------------------------------------------------------------------------
 */

/**
 * vres_shard_describe() - the handle as a value; answers when QUARANTINED or STOPPED too
 * @s:   the shard
 * @out: from vres_shard_info_init()
 * @err: why it failed, or NULL
 *
 * Return: VRES_OK.
 */
VRES_API VRES_MUST_CHECK vres_status vres_shard_describe(const vres_shard *s, vres_shard_info *out,
                                                         vres_error *err);

/**
 * vres_shard_release() - give one reference back
 * @s: NULL is allowed
 *
 * With the last reference and lease the memory is overwritten with zeros and freed.  A failure to
 * do so is the event vram_deallocation_failed; it cannot be returned here.
 */
VRES_API void vres_shard_release(vres_shard *s);

/**
 * vres_shard_to_json() - the handle as one compact JSON object, public fields only (docs/FORMAT.md)
 * @s:   the shard
 * @buf: where to, or NULL with @cap 0 to ask for the size
 * @cap: bytes at @buf, the NUL included
 * @len: bytes of JSON, without the NUL that is written too; also set by VRES_E_BUFFER
 * @err: why it failed, or NULL
 *
 * Return: VRES_OK; VRES_E_BUFFER when @cap is not above *len.
 */
VRES_API VRES_MUST_CHECK vres_status vres_shard_to_json(const vres_shard *s, char *buf, size_t cap,
                                                        size_t *len, vres_error *err);

/*
 * Lease
 * ----------------------------------------------------------------------------------------
 */

/**
 * vres_lease_acquire() - get the right to use a shard's memory; the only way to a device address
 * @s:   the shard
 * @out: the lease, to be given to vres_lease_release()
 * @err: why it failed, or NULL
 *
 * Verifies as policy's lease_verify says, unless a verification at least as strong and no older
 * than lease_max_age exists; a sample is as strong as it has units.  Until the lease is released
 * the memory stays at one address and is not freed, even if shard and manager are given back
 * meanwhile.
 *
 * Return: as vres_shard_verify().
 */
VRES_API VRES_MUST_CHECK vres_status vres_lease_acquire(vres_shard *s, vres_lease **out,
                                                        vres_error *err);

/**
 * vres_lease_check() - has the shard been quarantined or lost since?  Cheap: asks no driver.
 * @l:   the lease
 * @err: why it failed, or NULL
 *
 * Return: VRES_OK; VRES_E_SEAL_VERIFICATION_FAILED, reason QUARANTINED; VRES_E_DEVICE_LOST.
 */
VRES_API VRES_MUST_CHECK vres_status vres_lease_check(const vres_lease *l, vres_error *err);

/**
 * vres_lease_device_ptr() - the device address of the first byte
 * @l: the lease
 *
 * Read-only by contract: what writes there is found by the next verification.
 *
 * Return: the address; 0 for NULL and in a forked child.
 */
VRES_API uint64_t vres_lease_device_ptr(const vres_lease *l);

/**
 * vres_lease_bytes() - how many bytes may be read there
 * @l: the lease
 *
 * Return: the count; 0 for NULL.
 */
VRES_API uint64_t vres_lease_bytes(const vres_lease *l);

/**
 * vres_lease_release() - give the right back
 * @l: NULL is allowed; all device work that uses the address has completed
 */
VRES_API void vres_lease_release(vres_lease *l);

/*
 * Evidence
 * ----------------------------------------------------------------------------------------
 */

/**
 * vres_shard_receipt() - the signed record of a seal, to be carried elsewhere (docs/FORMAT.md)
 * @s:   the shard
 * @buf: where to, or NULL with @cap 0 to ask for the size
 * @cap: bytes at @buf
 * @len: bytes of the receipt; also set by VRES_E_BUFFER
 * @err: why it failed, or NULL
 *
 * Return: VRES_OK; VRES_E_BUFFER; VRES_E_SEAL_VERIFICATION_FAILED, reason QUARANTINED.
 */
VRES_API VRES_MUST_CHECK vres_status vres_shard_receipt(const vres_shard *s, void *buf, size_t cap,
                                                        size_t *len, vres_error *err);

/**
 * vres_receipt_check() - who signed this?  Origin, not liveness: needs no manager and says nothing
 * of VRAM now
 * @receipt: the bytes
 * @len:     how many
 * @key:     the key of the manager that signed it
 * @out:     from vres_shard_info_init(); state SEALED, leases 0, verified_at 0
 * @err:     why it failed, or NULL
 *
 * Return: VRES_OK; VRES_E_NOT_SEALED (too short to hold a MAC); VRES_E_SEAL_VERIFICATION_FAILED,
 *         reason SIGNATURE; VRES_E_INVALID_INPUT
 * (well signed, but not a record this library writes).
 */
VRES_API VRES_MUST_CHECK vres_status vres_receipt_check(const void *receipt, size_t len,
                                                        const vres_key *key, vres_shard_info *out,
                                                        vres_error *err);

/**
 * vres_receipt_open() - the live shard that a presented receipt speaks of
 * @m:       the manager
 * @receipt: the bytes
 * @len:     how many
 * @out:     a new reference, to be given to vres_shard_release()
 * @err:     why it failed, or NULL
 *
 * The MAC is checked over the bytes before anything is decoded, then the session, then a live shard
 * that matches every field.
 *
 * Return: VRES_OK; VRES_E_NOT_SEALED; VRES_E_SEAL_VERIFICATION_FAILED with reason SIGNATURE,
 *         STALE_SESSION, UNKNOWN_SHARD, EXPIRED or
 * QUARANTINED; VRES_E_AUDIT.  A bad receipt never quarantines a shard.
 */
VRES_API VRES_MUST_CHECK vres_status vres_receipt_open(vres_manager *m, const void *receipt,
                                                       size_t len, vres_shard **out,
                                                       vres_error *err);

/*
 * Digests without a device
 * ----------------------------------------------------------------------------------------
 */

/**
 * Computes a content digest piece by piece, in memory that does not grow with the data.  Not for
 * use from two threads at once.
 *
 * VRES_DIGEST_VERITY is computed on every core that the thread calling vres_digester_create() may
 * run on, up to 128: a call with more than 1 MiB starts the threads, which take no signals and wait
 * between calls until vres_digester_destroy().  VRES_DIGEST_SHA256 is one chain, and computed on
 * the caller's thread.
 */
typedef struct vres_digester vres_digester;

/**
 * vres_digester_create() - start a digest
 * @alg:        VRES_DIGEST_SHA256 or VRES_DIGEST_VERITY
 * @block_size: of the tree; 0: 4096; power of two, 1024 to 65536; ignored for SHA256
 * @out:        the digester, to be given to vres_digester_destroy()
 * @err:        why it failed, or NULL
 *
 * Return: VRES_OK; VRES_E_INVALID_INPUT.
 */
VRES_API VRES_MUST_CHECK vres_status vres_digester_create(uint32_t alg, uint32_t block_size,
                                                          vres_digester **out, vres_error *err);

/**
 * vres_digester_update() - add bytes
 * @d:    the digester
 * @data: the bytes, or NULL when @n is 0
 * @n:    how many
 * @err:  why it failed, or NULL
 *
 * Return: VRES_OK; VRES_E_INVALID_INPUT, and nothing has changed; VRES_E_NO_MEMORY, after which
 *         there is no digest: all but
 * vres_digester_destroy() answers VRES_E_STATE; VRES_E_STATE after that or after
 * vres_digester_final().
 */
VRES_API VRES_MUST_CHECK vres_status vres_digester_update(vres_digester *d, const void *data,
                                                          size_t n, vres_error *err);

/**
 * vres_digester_update_fd() - add bytes of a file
 * @d:      the digester
 * @fd:     open for reading, and of a kind that can be read at any position: a regular file or a
 *          block device; its position is left alone
 * @offset: where they begin
 * @bytes:  how many
 * @err:    why it failed, or NULL
 *
 * Faster than reading the file and adding what was read: each thread reads what it hashes.
 *
 * Return: VRES_OK; VRES_E_INVALID_INPUT (@offset + @bytes is above 2^63 - 1), and nothing has
 *         changed; VRES_E_IO when reading fails or the file
 * ends before, or VRES_E_NO_MEMORY, after which there is no digest, see vres_digester_update();
 * VRES_E_STATE after that or after vres_digester_final().
 */
VRES_API VRES_MUST_CHECK vres_status vres_digester_update_fd(vres_digester *d, int fd,
                                                             uint64_t offset, uint64_t bytes,
                                                             vres_error *err);

/**
 * vres_digester_final() - the digest of all that was added
 * @d:   the digester; may not be used again
 * @hex: 64 lower-case hex digits and a NUL
 * @err: why it failed, or NULL
 *
 * Return: VRES_OK; VRES_E_STATE when called twice, or after adding bytes has failed;
 *         VRES_E_NO_MEMORY.
 */
VRES_API VRES_MUST_CHECK vres_status vres_digester_final(vres_digester *d, char hex[65],
                                                         vres_error *err);

/**
 * vres_digester_destroy() - free a digester
 * @d: NULL is allowed
 */
VRES_API void vres_digester_destroy(vres_digester *d);

#ifdef __cplusplus
}
#endif

#endif
