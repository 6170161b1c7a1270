/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Managers: a manager opens a backend, applies one policy, and owns a table of sealed shards.
 */
#ifndef VRES_MANAGER_H
#define VRES_MANAGER_H

#include <stdbool.h>
#include <vres/event.h>
#include <vres/key.h>
#include <vres/policy.h>
#include <vres/status.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct vres_manager vres_manager;
typedef struct vres_shard vres_shard;

/** What works with a kind of device.  Applications pass it on; vres/backend.h has its contents. */
typedef struct vres_backend vres_backend;

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

/**
 * struct vres_config - what a manager is made of
 * @backend:      required
 * @backend_arg:  passed to the backend; the mock takes its vres_mock
 * @key:          required; copied, so that the caller may destroy it at once
 * @worker_id:    [A-Za-z0-9_-], 1 to 64 bytes; NULL: "worker"; copied.  It is signed into seals and
 *                stands in every event, so that workers with a key in common are told apart by it
 * @policy:       NULL: the strictest; copied
 * @audit:        where audit events go; all zero: nowhere
 * @log:          receives log lines; may be NULL
 * @log_ctx:      passed to @log
 * @on_incident:  called for critical events; may be NULL
 * @incident_ctx: passed to @on_incident
 * @closed:       called when nothing uses backend, backend_arg and the callbacks any more; may be
 *                NULL
 * @closed_ctx:   passed to @closed
 * @library_path: the driver library to load; NULL: that of the system.  Anything else needs
 *                VRES_ALLOW_SIMULATED and marks everything as simulated
 * @threads:      how many host threads one call may use, the caller's included; 0: one for each CPU
 *                on which the calling thread may run; at most 1024, of which at most 128 are used.
 *                Calls start them when they have more than 1 MiB to hash, or to read while sealing
 *                (from memory and regular files), or more than 32 shards of a device to verify (as
 *                many threads for each device).  The threads take no signals, run no callback, and
 *                end before the call returns
 * @block_size:   bytes in a block of the digest tree: a power of two, 1024 to 65536; 0: 4096
 * @keep_leaves:  1: keep the digest of every block in host memory (1/128 of the bytes with blocks
 *                of 4096), so that damage is located to the block
 * @reserved:     0
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

VRES_DEFINE_INIT(vres_config)

/**
 * vres_manager_create() - open a backend and prepare to seal
 * @config: what the manager is made of.  It is not needed after the call; what it points to is
 *          copied where the description of a field says so, and must otherwise live until @closed
 * @out:    the manager, to be given to vres_manager_destroy()
 *
 * Each device is opened and judged when it is first used, so an unsuitable device does not prevent
 * the use of the others.
 *
 * Return: VRES_OK; VRES_E_INVALID_INPUT (backend or key missing, worker_id malformed);
 *         VRES_E_CONFIG (policy bits, block_size or threads unknown, out of range or contradictory;
 *         VRES_REQUIRE_AUDIT without a sink); VRES_E_ABI (backend table); VRES_E_POLICY_VIOLATION
 *         (a simulated backend or a library_path without VRES_ALLOW_SIMULATED); VRES_E_NO_BACKEND;
 *         VRES_E_NO_DEVICE; VRES_E_BACKEND.
 */
VRES_API VRES_MUST_CHECK vres_status vres_manager_create(const vres_config *config,
                                                         vres_manager **out, vres_error *err);

/**
 * vres_manager_destroy() - give the manager back
 * @m: NULL does nothing
 *
 * Shards and leases that still exist keep working, and keep the manager alive.
 */
VRES_API void vres_manager_destroy(vres_manager *m);

/**
 * vres_manager_find() - find a live shard by its id
 * @m:        the manager
 * @shard_id: the id that it was sealed with
 * @out:      a new reference, to be given to vres_shard_release()
 *
 * Return: VRES_OK; VRES_E_INVALID_INPUT (malformed id); VRES_E_NOT_FOUND.
 */
VRES_API VRES_MUST_CHECK vres_status vres_manager_find(vres_manager *m, const char *shard_id,
                                                       vres_shard **out, vres_error *err);

/**
 * Is called with one live shard, in the thread of vres_manager_each(), without a lock: it may call
 * any function.  The reference to @shard is that of the call: not to be released, and not to be
 * used afterwards.  False: no more.
 */
typedef bool (*vres_each_fn)(void *ctx, vres_shard *shard);

/**
 * vres_manager_each() - look at every live shard
 * @m:   the manager
 * @fn:  called once for each that vres_manager_find() finds, quarantined ones too, in no order
 * @ctx: passed to @fn
 *
 * The shards are those of the moment of the call.  None of them ends before the call does, whoever
 * releases it meanwhile; one that is sealed meanwhile is left out.  Answers after a stop, too.
 *
 * Return: VRES_OK, also when @fn stopped it; VRES_E_INVALID_INPUT (a NULL); VRES_E_STATE, reason
 *         FORKED; VRES_E_NO_MEMORY, and @fn was not called.
 */
VRES_API VRES_MUST_CHECK vres_status vres_manager_each(vres_manager *m, vres_each_fn fn, void *ctx,
                                                       vres_error *err);

#ifdef __cplusplus
}
#endif

#endif
