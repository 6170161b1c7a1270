/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <vres/mock.h>
#include <vres/vres.h>

int main(void)
{
	static const char weights[] = "stands for a few gigabytes of weights";
	vres_config config = vres_config_init();
	vres_policy policy = vres_policy_init();
	vres_seal_params params = vres_seal_params_init();
	vres_mock *mock = NULL;
	vres_key *key = NULL;
	vres_manager *manager = NULL;
	vres_shard *shard = NULL;
	vres_lease *lease = NULL;
	vres_error err = {0};

	policy.allow = VRES_ALLOW_SIMULATED | VRES_ALLOW_NO_ECC; /* the mock; with a real GPU: none of this */
	params.shard_id = "layer-0";
	config.worker_id = "worker-0";
	config.backend = vres_backend_mock();
	config.policy = &policy;
	if (vres_mock_create(NULL, &mock, &err) == VRES_OK && (config.backend_arg = mock) != NULL &&
	    vres_key_derive("test-token-42", 13, NULL, &key, &err) == VRES_OK && (config.key = key) != NULL &&
	    vres_manager_create(&config, &manager, &err) == VRES_OK &&
	    vres_seal_memory(manager, &params, weights, sizeof(weights), &shard, &err) == VRES_OK &&
	    vres_lease_acquire(shard, &lease, &err) == VRES_OK) /* verifies every block first */
		printf("%zu bytes are in VRAM, and are the ones that were sealed\n", (size_t)vres_lease_bytes(lease));
	else
		fprintf(stderr, "%s: %s\n", vres_status_name(err.status), err.message);

	vres_lease_release(lease); /* any order will do, and NULL is fine */
	vres_shard_release(shard); /* the memory is wiped and freed with the last reference and lease */
	vres_manager_destroy(manager);
	vres_key_destroy(key);
	vres_mock_destroy(mock);
	return err.status != VRES_OK;
}
