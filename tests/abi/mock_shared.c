/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A program that uses the library and the mock as shared libraries, as other languages do. */
#include <dlfcn.h>
#include <string.h>
#include <vres/mock.h>
#include <vres/vres.h>

#include "support/suite/suite.h"

static uint8_t weights[10000];

static vres_manager *manager_over(vres_mock *mock, vres_key *key)
{
	vres_policy policy = vres_policy_init();
	vres_config config = vres_config_init();
	vres_manager *manager = NULL;
	vres_error err;

	policy.allow = VRES_ALLOW_SIMULATED | VRES_ALLOW_NO_ECC;
	config.policy = &policy;
	config.backend = vres_backend_mock();
	config.backend_arg = mock;
	config.key = key;
	config.worker_id = "worker-0";
	ck_assert_msg(vres_manager_create(&config, &manager, &err) == VRES_OK, "%s", err.message);
	return manager;
}

START_TEST(memory_of_a_program_is_sealed_over_the_shared_mock_and_its_change_noticed)
{
	vres_seal_params params = vres_seal_params_init();
	vres_manager *manager;
	vres_shard *shard = NULL;
	vres_mock *mock = NULL;
	vres_key *key = NULL;
	uint64_t address = 0;
	vres_error err;

	ck_assert_int_eq(vres_mock_create(NULL, &mock, &err), VRES_OK);
	ck_assert_int_eq(vres_key_derive("test-token-42", 13, NULL, &key, &err), VRES_OK);
	manager = manager_over(mock, key);
	ck_assert_int_eq(vres_mock_map(mock, 0, weights + 1, sizeof(weights) - 1, &address),
	                 VRES_OK);
	params.digest_alg = VRES_DIGEST_VERITY;
	ck_assert_msg(vres_seal_adopt(manager, &params, address, sizeof(weights) - 1, &shard,
	                              &err) == VRES_OK,
	              "%s", err.message);
	ck_assert_int_eq(vres_shard_verify(shard, NULL, NULL, &err), VRES_OK);
	weights[5000] ^= 1;
	ck_assert_int_eq(vres_shard_verify(shard, NULL, NULL, &err),
	                 VRES_E_SEAL_VERIFICATION_FAILED);
	vres_shard_release(shard);
	vres_manager_destroy(manager);
	vres_mock_unmap(mock, address);
	vres_key_destroy(key);
	ck_assert_uint_eq(vres_mock_live_handles(mock), 0);
	vres_mock_destroy(mock);
}
END_TEST

START_TEST(the_shared_mock_loads_by_its_soname_and_shows_nothing_but_its_functions)
{
	void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);

	ck_assert_msg(library != NULL, "%s", dlerror());
	ck_assert_ptr_nonnull(strstr(LIBRARY, "libvres-mock.so.0"));
	ck_assert_ptr_nonnull(dlsym(library, "vres_mock_create"));
	ck_assert_ptr_nonnull(dlsym(library, "vres_mock_unmap"));
	ck_assert_ptr_null(dlsym(library, "vres_mock_span_find"));
	ck_assert_ptr_null(dlsym(library, "vres_mock_error"));
	ck_assert_int_eq(dlclose(library), 0);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE(memory_of_a_program_is_sealed_over_the_shared_mock_and_its_change_noticed, "",
	             "integrity", "a binding's own memory"),
		CASE(the_shared_mock_loads_by_its_soname_and_shows_nothing_but_its_functions, "",
	             "", ""),
	};

	return suite_run("abi.mock_shared", "abi", cases, COUNT(cases));
}
