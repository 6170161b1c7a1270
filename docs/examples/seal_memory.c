/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <vres/mock.h>
#include <vres/vres.h>

int main(void)
{
	static const char weights[] = "stands for a few gigabytes of weights";
	vres_seal_params params = vres_seal_params_init();
	vres_policy policy = vres_policy_init();
	vres_config config = vres_config_init();
	vres_mock *mock = NULL;
	vres_key *key = NULL;
	vres_manager *manager = NULL;
	vres_shard *shard = NULL;
	vres_lease *lease = NULL;
	vres_error err = {0};

	if (vres_mock_create(NULL, &mock, &err) ||
	    vres_key_derive("test-token-42", 13, NULL, &key, &err))
		return 1;
	/* What the mock needs; a GPU with ECC needs nothing. */
	policy.allow = VRES_ALLOW_SIMULATED | VRES_ALLOW_NO_ECC;
	config.policy = &policy;
	config.backend = vres_backend_mock(); /* or vres_backend_cuda(), without the next line */
	config.backend_arg = mock;
	config.key = key;
	config.worker_id = "worker-0";
	if (vres_manager_create(&config, &manager, &err) ||
	    vres_seal_memory(manager, &params, weights, sizeof(weights), &shard, &err) ||
	    vres_lease_acquire(shard, &lease, &err)) /* verifies every block first */
		fprintf(stderr, "%s: %s\n", vres_status_name(err.status), err.message);
	else
		printf("%zu bytes are in VRAM, and are the ones that were sealed\n",
		       (size_t)vres_lease_bytes(lease));
	vres_lease_release(lease); /* any order will do, and NULL is fine */
	/* With the last reference and lease the memory is wiped and freed. */
	vres_shard_release(shard);
	vres_manager_destroy(manager);
	vres_key_destroy(key);
	vres_mock_destroy(mock);
	return err.status != VRES_OK;
}
