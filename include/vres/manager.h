/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Managers: what they are made of, and the backends they use.
 */
#ifndef VRES_MANAGER_H
#define VRES_MANAGER_H

#include <vres/event.h>
#include <vres/key.h>
#include <vres/policy.h>
#include <vres/status.h>

#ifdef __cplusplus
extern "C" {
#endif

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

typedef struct vres_manager vres_manager;
typedef struct vres_shard vres_shard;

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

VRES_DEFINE_INIT(vres_config)

/**
 * vres_manager_create() - open a backend and get ready to seal
 * @config: what it is made of; not needed after the call, but for what it points to as its fields
 *          say
 * @out:    the manager, to be given to vres_manager_destroy()
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
 *
 * Return: VRES_OK; VRES_E_INVALID_INPUT (not an identifier); VRES_E_NOT_FOUND.
 */
VRES_API VRES_MUST_CHECK vres_status vres_manager_find(vres_manager *m, const char *shard_id,
                                                       vres_shard **out, vres_error *err);

#ifdef __cplusplus
}
#endif

#endif
