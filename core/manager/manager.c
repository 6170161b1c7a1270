/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Making and ending a manager, and opening devices on first use. */
#include "manager/manager.h"

#include <inttypes.h>

#include "base/abi.h"
#include "events/events.h"
#include "events/log.h"
#include "device/policy.h"
#include "base/validate.h"
#include "hash/tree.h"

#define THREADS_MAX 1024u

/* The name of a worker that was given none. */
#define WORKER_DEFAULT "worker"

bool vres_manager_is_forked(const vres_manager *m)
{
	return !vres_os_home_is_here(&m->home);
}

vres_status vres_manager_enter_stopped(const vres_manager *m, vres_error *err)
{
	if (m == NULL)
		return vres_fail(err, VRES_E_INVALID_INPUT, "manager is NULL");
	if (vres_manager_is_forked(m))
		return vres_fail_at(err, VRES_E_STATE, VRES_REASON_FORKED, VRES_NO_DEVICE,
		                    "the manager belongs to the parent process; a forked child may "
		                    "only destroy");
	return VRES_OK;
}

vres_status vres_manager_enter(const vres_manager *m, vres_error *err)
{
	TRY(vres_manager_enter_stopped(m, err));
	if (atomic_load(&m->is_stopped))
		return vres_fail_at(err, VRES_E_POLICY_VIOLATION, VRES_REASON_STOPPED,
		                    VRES_NO_DEVICE, "the manager has stopped after a violation");
	return VRES_OK;
}

void vres_manager_stop(vres_manager *m)
{
	atomic_store(&m->is_stopped, true);
}

void vres_manager_lock(vres_manager *m)
{
	if (!vres_manager_is_forked(m))
		(void)pthread_mutex_lock(&m->lock);
}

void vres_manager_unlock(vres_manager *m)
{
	/*
	 * Whoever does not hold it, as in a forked child, is refused.  Asking for the process once
	 * more would be a system call, and there are four of these in the shortest verification.
	 */
	(void)pthread_mutex_unlock(&m->lock);
}

struct vres_device *vres_manager_open_device(const vres_manager *m, uint32_t index)
{
	return atomic_load(&m->devices[index]);
}

static void device_destroy(struct vres_device **slot)
{
	vres_device_destroy(*slot, true);
}

vres_status vres_manager_has_device(const vres_manager *m, uint32_t index, vres_error *err)
{
	return index < m->driver.device_count
	               ? VRES_OK
	               : vres_fail(err, VRES_E_INVALID_INPUT,
	                           "gpu_device %" PRIu32
	                           " does not exist: the backend has %" PRIu32,
	                           index, m->driver.device_count);
}

/* Two threads may open a device at once, which backends allow; the loser closes its own again. */
vres_status vres_manager_device(vres_manager *m, uint32_t index, struct vres_device **out,
                                vres_error *err)
{
	CLEANUP(device_destroy) struct vres_device *mine = NULL;
	struct vres_device *open = NULL;

	TRY(vres_manager_has_device(m, index, err));
	open = vres_manager_open_device(m, index);
	if (open == NULL) {
		TRY(vres_device_create(&m->driver, index, &mine, err));
		if (atomic_compare_exchange_strong(&m->devices[index], &open, mine))
			open = TAKE(mine);
	}
	*out = open;
	return VRES_OK;
}

vres_manager *vres_manager_keep(vres_manager *m)
{
	atomic_fetch_add(&m->references, 1);
	return m;
}

static void destroy(vres_manager *m)
{
	const bool touch = !vres_manager_is_forked(m);
	void (*closed)(void *) = touch ? m->closed : NULL;
	void *closed_ctx = m->closed_ctx;

	for (uint32_t i = 0; m->devices && i < m->driver.device_count; i++)
		vres_device_destroy(vres_manager_open_device(m, i), touch);
	vres_os_free((void *)m->devices);
	if (touch)
		vres_driver_close(&m->driver);
	vres_subkeys_destroy(&m->keys);
	/* A child may have come by waiters of the parent's, for whom this waits for ever. */
	if (touch)
		(void)pthread_cond_destroy(&m->changed);
	(void)pthread_mutex_destroy(&m->lock);
	vres_os_home_close(&m->home);
	vres_os_free(m);
	if (closed)
		closed(closed_ctx);
}

void vres_manager_drop(vres_manager *m)
{
	if (atomic_fetch_sub(&m->references, 1) == 1)
		destroy(m);
}

void vres_manager_let_go(vres_manager **slot)
{
	if (*slot)
		vres_manager_drop(*slot);
}

/* Logged first, while the callback is still valid.  The manager itself ends with its last shard. */
void vres_manager_destroy(vres_manager *m)
{
	PUBLIC_RELEASE;
	static const struct vres_operation op = {.action = "destroy", .gpu_device = VRES_NO_DEVICE};

	if (m == NULL)
		return;
	if (!vres_manager_is_forked(m))
		vres_log_operation(&m->listeners, &op, VRES_OK, VRES_REASON_NONE);
	vres_manager_drop(m);
}

static vres_status config_check(const vres_config *c, const vres_policy *policy, vres_error *err)
{
	if (c->backend == NULL || c->key == NULL)
		return vres_fail(err, VRES_E_INVALID_INPUT, "config.%s is NULL",
		                 c->backend ? "key" : "backend");
	if (c->worker_id)
		TRY(vres_check_identifier(c->worker_id, WORKER_ID_MAX, "config.worker_id", err));
	if (c->block_size != 0 && !tree_block_size_is_valid(c->block_size))
		return vres_fail(err, VRES_E_CONFIG,
		                 "config.block_size %" PRIu32
		                 " is not a power of two from 1024 to 65536",
		                 c->block_size);
	if (c->threads > THREADS_MAX)
		return vres_fail(err, VRES_E_CONFIG, "config.threads %" PRIu32 " is above %u",
		                 c->threads, THREADS_MAX);
	if (c->keep_leaves > 1 || c->reserved != 0)
		return vres_fail(err, VRES_E_CONFIG, "config.%s is out of range",
		                 c->reserved ? "reserved" : "keep_leaves");
	if ((policy->require & VRES_REQUIRE_AUDIT) && c->audit.record == NULL)
		return vres_fail(err, VRES_E_CONFIG,
		                 "policy requires an audit sink and config.audit has none");
	return VRES_OK;
}

static void manager_init(vres_manager *m, const vres_config *c)
{
	const char *worker_id = c->worker_id ? c->worker_id : WORKER_DEFAULT;

	atomic_init(&m->references, 1);
	vres_os_home_open(&m->home);
	m->block_size = c->block_size ? c->block_size : TREE_BLOCK_DEFAULT;
	m->keep_leaves = c->keep_leaves;
	m->threads = c->threads;
	m->listeners.audit = c->audit;
	m->listeners.log = c->log;
	m->listeners.log_ctx = c->log_ctx;
	m->listeners.on_incident = c->on_incident;
	m->listeners.incident_ctx = c->incident_ctx;
	memcpy(m->listeners.worker_id, worker_id, strlen(worker_id) + 1);
	m->listeners.is_simulated = (c->backend->flags & VRES_BACKEND_SIMULATED) || c->library_path;
}

static vres_status manager_fill(vres_manager *m, const vres_config *c, vres_error *err)
{
	if (c->backend->abi == VRES_BACKEND_ABI && m->listeners.is_simulated &&
	    !(m->policy.allow & VRES_ALLOW_SIMULATED)) {
		vres_event_violation(&m->listeners, VRES_NO_DEVICE, "simulated", "create_refused",
		                     "a simulated backend without VRES_ALLOW_SIMULATED");
		return vres_fail(err, VRES_E_POLICY_VIOLATION,
		                 "%s is simulated, which needs VRES_ALLOW_SIMULATED",
		                 c->library_path ? "a driver library from a given path"
		                                 : "this backend");
	}
	TRY(vres_os_random(m->session, sizeof(m->session), err));
	TRY(vres_os_random(&m->bucket_seed, sizeof(m->bucket_seed), err));
	TRY(vres_subkeys_create(c->key, &m->keys, err));
	TRY(vres_driver_open(c->backend, c->backend_arg, c->library_path, &m->driver, err));
	m->devices = vres_os_alloc(m->driver.device_count * sizeof(*m->devices));
	if (m->devices == NULL)
		return vres_fail(err, VRES_E_NO_MEMORY, "no memory for %" PRIu32 " devices",
		                 m->driver.device_count);
	return VRES_OK;
}

static bool locks_open(vres_manager *m)
{
	if (!vres_os_mutex_init(&m->lock))
		return false;
	if (vres_os_cond_init(&m->changed))
		return true;
	(void)pthread_mutex_destroy(&m->lock);
	return false;
}

vres_status vres_manager_create(const vres_config *config, vres_manager **out, vres_error *err)
{
	PUBLIC_CALL;
	CLEANUP(vres_manager_let_go) vres_manager *m = NULL;
	struct vres_operation op = {.action = "create", .gpu_device = VRES_NO_DEVICE};
	vres_policy given = vres_policy_init(), policy;
	vres_error detail = {0};
	vres_status status;
	vres_config c;

	if (config == NULL || out == NULL)
		return vres_fail(err, VRES_E_INVALID_INPUT, "%s is NULL",
		                 config ? "out" : "config");
	TRY(ABI_IN(&c, config, "vres_config", err));
	if (c.policy)
		TRY(ABI_IN(&given, c.policy, "vres_policy", err));
	TRY(vres_policy_resolve(&given, &policy, err));
	TRY(config_check(&c, &policy, err));

	m = vres_os_alloc(sizeof(*m));
	if (m == NULL || !locks_open(m)) {
		vres_os_free(TAKE(m));
		return vres_fail(err, VRES_E_NO_MEMORY, "no memory for a manager");
	}
	m->policy = policy;
	manager_init(m, &c);
	TRY(vres_key_check(c.key, err));
	op.fingerprint = c.key->fingerprint;
	op.began = vres_log_clock(&m->listeners);
	status = manager_fill(m, &c, &detail);
	vres_log_operation(&m->listeners, &op, status, detail.reason);
	if (status != VRES_OK)
		return vres_fail_with(err, &detail);
	m->closed = c.closed; /* only now: a refused config closes nothing */
	m->closed_ctx = c.closed_ctx;
	*out = TAKE(m);
	return VRES_OK;
}

vres_status vres_device_count(vres_manager *m, uint32_t *out, vres_error *err)
{
	TRY(vres_manager_enter(m, err));
	if (out == NULL)
		return vres_fail(err, VRES_E_INVALID_INPUT, "out is NULL");
	*out = m->driver.device_count;
	return VRES_OK;
}
