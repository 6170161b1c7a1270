/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a refused configuration is told: which field it is and what would do, so that whoever reads
 * it need not read the source.
 */
#include "support/fixture/support.h"

struct mistake {
	const char *says[2]; /* the field, and what would do */
	vres_status status;
	void (*make)(vres_config *config, vres_policy *policy);
};

static void no_backend(vres_config *config, vres_policy *policy)
{
	(void)policy;
	config->backend = NULL;
}

static void no_key(vres_config *config, vres_policy *policy)
{
	(void)policy;
	config->key = NULL;
}

static void worker_with_a_space(vres_config *config, vres_policy *policy)
{
	(void)policy;
	config->worker_id = "worker 7";
}

static void odd_block_size(vres_config *config, vres_policy *policy)
{
	(void)policy;
	config->block_size = 4097;
}

static void many_threads(vres_config *config, vres_policy *policy)
{
	(void)policy;
	config->threads = 1025;
}

static void leaves_kept_twice(vres_config *config, vres_policy *policy)
{
	(void)policy;
	config->keep_leaves = 2;
}

static void reserved_set(vres_config *config, vres_policy *policy)
{
	(void)policy;
	config->reserved = 1;
}

static void unknown_permission(vres_config *config, vres_policy *policy)
{
	(void)config;
	policy->allow |= UINT64_C(1) << 63;
}

static void unknown_demand(vres_config *config, vres_policy *policy)
{
	(void)config;
	policy->require |= UINT64_C(1) << 63;
}

static void ecc_both_ways(vres_config *config, vres_policy *policy)
{
	(void)config;
	policy->allow |= VRES_ALLOW_NO_ECC;
	policy->require |= VRES_REQUIRE_ECC;
}

static void unknown_mode(vres_config *config, vres_policy *policy)
{
	(void)config;
	policy->lease_verify = VRES_VERIFY_READBACK + 1;
}

static void weak_lease(vres_config *config, vres_policy *policy)
{
	(void)config;
	policy->lease_verify = VRES_VERIFY_SIGNATURE;
}

static void readback_lease(vres_config *config, vres_policy *policy)
{
	(void)config;
	policy->lease_verify = VRES_VERIFY_READBACK;
}

static void many_samples(vres_config *config, vres_policy *policy)
{
	(void)config;
	policy->sample_units = UINT32_MAX;
}

static void no_sink(vres_config *config, vres_policy *policy)
{
	policy->require |= VRES_REQUIRE_AUDIT;
	config->audit.record = NULL;
}

static void nothing_allowed(vres_config *config, vres_policy *policy)
{
	(void)config;
	policy->allow &= ~(uint64_t)VRES_ALLOW_SIMULATED;
}

static const struct mistake mistakes[] = {
	{{"config.backend", "NULL"}, VRES_E_INVALID_INPUT, no_backend},
	{{"config.key", "NULL"}, VRES_E_INVALID_INPUT, no_key},
	{{"config.worker_id", "byte 6"}, VRES_E_INVALID_INPUT, worker_with_a_space},
	{{"config.block_size 4097", "power of two from 1024 to 65536"},
         VRES_E_CONFIG,
         odd_block_size},
	{{"config.threads 1025", "1024"}, VRES_E_CONFIG, many_threads},
	{{"config.keep_leaves", "out of range"}, VRES_E_CONFIG, leaves_kept_twice},
	{{"config.reserved", "out of range"}, VRES_E_CONFIG, reserved_set},
	{{"policy allow", "a bit this library does not know"}, VRES_E_CONFIG, unknown_permission},
	{{"policy require", "a bit this library does not know"}, VRES_E_CONFIG, unknown_demand},
	{{"requires ECC", "allows to be without"}, VRES_E_CONFIG, ecc_both_ways},
	{{"lease_verify", "not a verification mode"}, VRES_E_CONFIG, unknown_mode},
	{{"lease_verify is weaker than FULL", "VRES_ALLOW_WEAK_LEASE"}, VRES_E_CONFIG, weak_lease},
	{{"lease_verify is READBACK", "VRES_ALLOW_READBACK"}, VRES_E_CONFIG, readback_lease},
	{{"sample_units", "above"}, VRES_E_CONFIG, many_samples},
	{{"requires an audit sink", "config.audit"}, VRES_E_CONFIG, no_sink},
	{{"simulated", "VRES_ALLOW_SIMULATED"}, VRES_E_POLICY_VIOLATION, nothing_allowed},
};

START_TEST(each_refused_configuration_names_its_field_and_what_would_do)
{
	const struct mistake *m = &mistakes[_i];
	struct setup s = setup_init();
	CLEANUP(finish) struct fixture *f = NULL;
	vres_manager *manager = NULL;
	vres_policy policy = s.policy;
	vres_config config;
	vres_error err;

	if (m->make == nothing_allowed && !test_device_is_simulated())
		return;
	s.no_manager = true;
	f = begin(&s);
	config = config_of(f);
	config.policy = &policy;
	m->make(&config, &policy);
	ck_status(vres_manager_create(&config, &manager, &err), m->status);
	ck_assert_ptr_null(manager);
	for (size_t i = 0; i < COUNT(m->says); i++)
		ck_assert_msg(strstr(err.message, m->says[i]) != NULL, "'%s' does not say '%s'",
		              err.message, m->says[i]);
}
END_TEST

/* A shortage is of the same kind: the worker's configuration asks for more than there is. */
START_TEST(shortage_names_the_device_and_both_numbers)
{
	struct setup s = setup_init();
	CLEANUP(finish) struct fixture *f = NULL;
	CLEANUP(free_bytes) uint8_t *data = content(MIB(8) + 1, 2);
	vres_shard *shard = NULL;
	vres_error err;

	s.mock.bytes_per_device = MIB(8);
	f = begin(&s);
	ck_status(vres_seal_memory(f->manager, PLAIN, data, MIB(8) + 1, &shard, &err),
	          VRES_E_INSUFFICIENT_VRAM);
	ck_assert_msg(strstr(err.message, "8388608") != NULL && strstr(err.message, "device 0"),
	              "'%s' lacks the device or what is available", err.message);
	ck_assert_msg(strstr(err.message, "8388609") != NULL ||
	                      strstr(err.message, "8392704") != NULL,
	              "'%s' lacks what is needed", err.message);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE_LOOP(each_refused_configuration_names_its_field_and_what_would_do,
	                  COUNT(mistakes), "WORKER-4172 WORKER-4171", "availability",
	                  "a refusal that nobody understands"),
		CASE(shortage_names_the_device_and_both_numbers, "M0-W-1020 WORKER-4103",
	             "availability", "out of memory without a diagnosis"),
	};

	return suite_run("policy_words", "policy", cases, COUNT(cases));
}
