/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A worker's flow: Plan, Commit, Ready, Execute, and Stopped when a verification fails.
 *
 * The device is simulated; where it says so, a worker for a GPU does something else.  One bit is
 * flipped at the end, to show what a worker does about it.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <vres/mock.h>
#include <vres/vres.h>

enum state { STARTING, COMMITTED, READY, STOPPED };

struct worker {
	vres_mock *mock; /* a GPU needs none */
	vres_manager *manager;
	vres_shard *shard;
	enum state state;
};

/* What the worker replies, by what the library says: see docs/MAPPING.md. */
static const char *code(const vres_error *err)
{
	if (err->status == VRES_E_INSUFFICIENT_VRAM || err->status == VRES_E_ALLOCATION_FAILED)
		return "VRAM_OOM";
	switch (vres_error_class(err)) {
	case 1: return "INVALID_PARAMS";
	case 4:
	case 5: return "SEAL_VERIFICATION_FAILED";
	case 9: return "INTERNAL";
	default: return "CUDA_ERROR";
	}
}

static bool refuse(struct worker *w, const char *what, const vres_error *err)
{
	const int class = vres_error_class(err);

	if (class == 4 || class == 9)
		w->state = STOPPED;
	printf("%s: %s: %s", what, code(err), err->message);
	if (err->status == VRES_E_INSUFFICIENT_VRAM)
		printf(" (%" PRIu64 " needed, %" PRIu64 " available)", err->needed_bytes,
		       err->available_bytes);
	putchar('\n');
	return false;
}

static void on_incident(void *ctx, const vres_event *event)
{
	struct worker *w = ctx;

	w->state = STOPPED;
	printf("incident: %s, %s\n", event->name, vres_reason_name(event->reason));
}

static bool start(struct worker *w, const char *token)
{
	vres_policy policy = vres_policy_init();
	vres_config config = vres_config_init();
	vres_key *key = NULL;
	vres_error err = {0};

	/* What the mock needs; a GPU with ECC needs nothing.  REQUIRE_STOP: all shards stop. */
	policy.allow = VRES_ALLOW_SIMULATED | VRES_ALLOW_NO_ECC;
	policy.require = VRES_REQUIRE_STOP;
	config.policy = &policy;
	config.on_incident = on_incident;
	config.incident_ctx = w;
	if (vres_key_derive(token, strlen(token), NULL, &key, &err) ||
	    vres_mock_create(NULL, &w->mock, &err)) {
		vres_key_destroy(key);
		return refuse(w, "start", &err);
	}
	config.backend = vres_backend_mock(); /* or vres_backend_cuda(), without the next line */
	config.backend_arg = w->mock;
	config.key = key;
	if (vres_manager_create(&config, &w->manager, &err) == VRES_OK &&
	    vres_enforce_vram_only(w->manager, 0, NULL, &err) == VRES_OK)
		printf("start: device 0 is VRAM only\n");
	vres_key_destroy(key); /* the manager has keys of its own */
	return err.status == VRES_OK || refuse(w, "start", &err);
}

static bool plan(struct worker *w, uint64_t bytes)
{
	vres_device_info device = vres_device_info_init();
	vres_error err = {0};

	if (vres_device_describe(w->manager, 0, &device, &err))
		return refuse(w, "plan", &err);
	printf("plan: %" PRIu64 " bytes %s\n", bytes,
	       bytes <= device.available_bytes ? "fit" : "do not fit");
	return bytes <= device.available_bytes;
}

static bool commit(struct worker *w, const void *model, size_t bytes)
{
	vres_seal_params params = vres_seal_params_init();
	vres_error err = {0};

	params.shard_id = "model-0";
	if (w->state != STARTING)
		return false;
	if (vres_seal_memory(w->manager, &params, model, bytes, &w->shard, &err))
		return refuse(w, "commit", &err);
	w->state = COMMITTED;
	printf("commit: sealed\n");
	return true;
}

static bool ready(struct worker *w)
{
	vres_error err = {0};

	if (w->state != COMMITTED)
		return false;
	if (vres_shard_verify(w->shard, NULL, NULL, &err))
		return refuse(w, "ready", &err);
	w->state = READY;
	printf("ready: verified\n");
	return true;
}

static bool execute(struct worker *w)
{
	vres_lease *lease = NULL;
	vres_error err = {0};

	if (w->state != READY) {
		printf("execute: refused, the worker is %s\n",
		       w->state == STOPPED ? "stopped" : "not ready");
		return false;
	}
	if (vres_lease_acquire(w->shard, &lease, &err)) /* verifies every block first */
		return refuse(w, "execute", &err);
	/* Here the kernel runs, with vres_lease_device_ptr(lease), and is waited for. */
	printf("execute: done over %" PRIu64 " bytes\n", vres_lease_bytes(lease));
	if (vres_lease_check(lease, &err)) /* was it found damaged meanwhile? */
		(void)refuse(w, "execute", &err);
	vres_lease_release(lease);
	return err.status == VRES_OK;
}

/* What a cosmic ray does. */
static bool flip(struct worker *w)
{
	vres_lease *lease = NULL;
	vres_status status = vres_lease_acquire(w->shard, &lease, NULL);

	if (status == VRES_OK)
		status = vres_mock_flip(w->mock, vres_lease_device_ptr(lease) + 1234, 5);
	vres_lease_release(lease);
	return status == VRES_OK;
}

int main(void)
{
	static const char model[100000] = "stands for a few gigabytes of weights";
	struct worker w = {.state = STARTING};
	/* The worker answers three requests, and the one after the flipped bit not. */
	const bool good = start(&w, "test-token-42") && !plan(&w, UINT64_C(1) << 40) &&
	                  plan(&w, sizeof(model)) && commit(&w, model, sizeof(model)) &&
	                  ready(&w) && execute(&w) && flip(&w) && !execute(&w) &&
	                  w.state == STOPPED && !execute(&w);

	vres_shard_release(w.shard);
	vres_manager_destroy(w.manager);
	vres_mock_destroy(w.mock);
	return good ? 0 : 1;
}
