/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a manager insists on, as it is configured: strict by default, refused when it contradicts
 * itself, and signed into every seal.
 */
#include <stdio.h>

#include "support/fixture/support.h"

/* A manager of @config cannot be made, and the attempt leaves nothing. */
static void ck_no_manager(struct fixture *f, const vres_config *config, vres_status want)
{
	vres_manager *manager = (void *)f;
	vres_error err;

	ck_status(manager_create(f, config, &manager, &err), want);
	ck_assert_ptr_eq(manager, (void *)f);
	ck_assert_uint_eq(test_device_live_handles(f->test_device), 0);
	ck_assert_uint_eq(atomic_load(&f->closed), 0);
}

static struct fixture *without_manager(void)
{
	struct setup s = setup_init();

	s.no_manager = true;
	return begin(&s);
}

START_TEST(the_strictest_policy_refuses_the_mock_and_tells_so)
{
	CLEANUP(finish) struct fixture *f = without_manager();
	vres_policy zero = vres_policy_init();
	vres_config config = config_of(f);

	config.policy = _i == 0 ? NULL : &zero;
	ck_no_manager(f, &config, VRES_E_POLICY_VIOLATION);
	ck_assert_uint_eq(record_count(&f->record, VRES_EVENT_POLICY_VIOLATION), 1);
	ck_assert_uint_eq(record_last(&f->record, 0)->critical, 1);
	ck_assert_uint_eq(f->record.incidents_count, 1);
}
END_TEST

START_TEST(contradictions_and_unknown_bits_are_refused)
{
	static const struct {
		uint64_t allow, require;
		uint32_t lease_verify;
	} cases[] = {
		{SIMULATED, VRES_REQUIRE_ECC, 0},      /* ALLOW_NO_ECC with REQUIRE_ECC */
		{SIMULATED, 0, VRES_VERIFY_SIGNATURE}, /* weak without WEAK_LEASE */
		{SIMULATED, 0, VRES_VERIFY_SAMPLED},   /* weak without WEAK_LEASE */
		{SIMULATED, 0, VRES_VERIFY_READBACK},  /* without READBACK */
		{VRES_ALLOW_ALL, 0, 4},                /* no such mode */
		{VRES_ALLOW_ALL, 0, UINT32_MAX},
		{SIMULATED | 256, 0, 0}, /* no such bit */
		{SIMULATED | UINT64_C(1) << 63, 0, 0},
		{SIMULATED, 64, 0},
		{SIMULATED, UINT64_C(1) << 63, 0},
	};
	CLEANUP(finish) struct fixture *f = without_manager();
	vres_policy policy = vres_policy_init();
	vres_config config = config_of(f);

	policy.allow = cases[_i].allow;
	policy.require = cases[_i].require;
	policy.lease_verify = cases[_i].lease_verify;
	config.policy = &policy;
	ck_no_manager(f, &config, VRES_E_CONFIG);
	ck_assert_uint_eq(record_count(&f->record, 0), 0);
}
END_TEST

START_TEST(an_audit_sink_that_is_required_must_be_given)
{
	CLEANUP(finish) struct fixture *f = without_manager();
	vres_policy policy = vres_policy_init();
	vres_config config = config_of(f);
	vres_error err;

	policy.allow = needed();
	policy.require = VRES_REQUIRE_AUDIT;
	config.policy = &policy;
	config.audit.record = NULL;
	ck_no_manager(f, &config, VRES_E_CONFIG);
	config.audit.record = record_event;
	ck_ok(manager_create(f, &config, &f->manager, &err));
	ck_works(f);
}
END_TEST

START_TEST(values_out_of_range_are_refused)
{
	CLEANUP(finish) struct fixture *f = without_manager();
	static const uint32_t blocks[] = {1, 512, 1000, 1023, 4097, 65535, 131072, UINT32_MAX};
	vres_config config;

	for (size_t i = 0; i < COUNT(blocks); i++) {
		config = config_of(f);
		config.block_size = blocks[i];
		ck_no_manager(f, &config, VRES_E_CONFIG);
	}
	config = config_of(f);
	config.threads = 1025;
	ck_no_manager(f, &config, VRES_E_CONFIG);
	config = config_of(f);
	config.keep_leaves = 2;
	ck_no_manager(f, &config, VRES_E_CONFIG);
	config = config_of(f);
	config.reserved = 1;
	ck_no_manager(f, &config, VRES_E_CONFIG);
}
END_TEST

START_TEST(what_is_required_must_be_given_and_well_formed)
{
	static const char *const workers[] = {"",         "worker 7",      "worker/7",
	                                      "worker.7", "w\xc3\xb6rker", "worker\n"};
	CLEANUP(finish) struct fixture *f = without_manager();
	char long_name[66];
	vres_config config = config_of(f);
	vres_manager *manager = NULL;
	vres_error err;

	config.backend = NULL;
	ck_no_manager(f, &config, VRES_E_INVALID_INPUT);
	config = config_of(f);
	config.key = NULL;
	ck_no_manager(f, &config, VRES_E_INVALID_INPUT);
	config = config_of(f);
	for (size_t i = 0; i < COUNT(workers); i++) {
		config.worker_id = workers[i];
		ck_no_manager(f, &config, VRES_E_INVALID_INPUT);
	}
	memset(long_name, 'w', 65);
	long_name[65] = '\0';
	config.worker_id = long_name;
	ck_no_manager(f, &config, VRES_E_INVALID_INPUT);
	long_name[64] = '\0';
	config.audit.record = NULL; /* the record expects its own worker */
	ck_ok(manager_create(f, &config, &manager, &err));
	destroy_manager(&manager);
	atomic_store(&f->closed, f->created);
	ck_status(vres_manager_create(NULL, &manager, &err), VRES_E_INVALID_INPUT);
	ck_status(vres_manager_create(&config, NULL, &err), VRES_E_INVALID_INPUT);
}
END_TEST

static vres_status note_worker(void *ctx, const vres_event *event)
{
	(void)snprintf(ctx, 80, "%s", event->worker_id);
	return VRES_OK;
}

START_TEST(a_worker_without_a_name_is_called_worker)
{
	CLEANUP(finish) struct fixture *f = without_manager();
	vres_config config = config_of(f);
	char worker[80] = "";
	vres_shard *shard = NULL;
	vres_error err;

	config.worker_id = NULL;
	config.audit = (vres_audit_sink){.record = note_worker, .ctx = worker};
	config.on_incident = NULL;
	ck_ok(manager_create(f, &config, &f->manager, &err));
	ck_ok(vres_seal_memory(f->manager, PLAIN, "weights", 7, &shard, &err));
	release_shard(&shard);
	ck_assert_str_eq(worker, "worker");
}
END_TEST

START_TEST(policy_and_worker_are_copied)
{
	CLEANUP(finish) struct fixture *f = without_manager();
	vres_policy policy = vres_policy_init();
	char worker[] = WORKER;
	vres_config config = config_of(f);
	vres_error err;

	policy.allow = needed();
	config.policy = &policy;
	config.worker_id = worker;
	ck_ok(manager_create(f, &config, &f->manager, &err));
	memset(&policy, 0, sizeof(policy));
	memset(worker, 'x', sizeof(worker) - 1);
	memset(&config, 0, sizeof(config));
	ck_works(f); /* the record still sees events of worker-7 */
}
END_TEST

static void ck_signed(uint64_t allow, uint64_t require)
{
	struct setup s = setup_init();
	CLEANUP(finish) struct fixture *f = NULL;
	CLEANUP(release_shard) vres_shard *shard = NULL;
	CLEANUP(free_bytes) uint8_t *receipt = NULL;
	vres_shard_info info = vres_shard_info_init();
	size_t len;
	vres_error err;

	s.policy.allow = allow;
	s.policy.require = require;
	f = begin(&s);
	shard = sealed(f, BLOCK, 1);
	receipt = receipt_of(shard, &len);
	ck_ok(vres_receipt_check(receipt, len, f->key, &info, &err));
	ck_assert_uint_eq(info.allow, allow);
	ck_assert_uint_eq(info.require, require);
}

START_TEST(the_policy_in_force_is_signed_into_every_seal)
{
	static const struct {
		uint64_t besides, require;
	} cases[] = {{0, 0},
	             {VRES_ALLOW_ALL, 0},
	             {VRES_ALLOW_READBACK, VRES_REQUIRE_AUDIT | VRES_REQUIRE_STOP}};

	ck_signed(needed() | cases[_i].besides, cases[_i].require);
}
END_TEST

START_TEST(that_memory_had_to_be_read_only_is_signed_too)
{
	ck_signed(needed(), VRES_REQUIRE_READONLY);
}
END_TEST

START_TEST(two_managers_over_one_mock_do_not_know_each_others_shards)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(destroy_manager) vres_manager *other = NULL;
	CLEANUP(release_shard) vres_shard *shard = sealed_as(f, "mine", BLOCK, 1);
	vres_device_info info = vres_device_info_init();
	vres_shard *found = NULL;
	vres_error err;

	ck_ok(manager_create(f, NULL, &other, &err));
	ck_status(vres_manager_find(other, "mine", &found, &err), VRES_E_NOT_FOUND);
	ck_ok(vres_device_describe(other, 0, &info, &err));
	ck_assert_uint_eq(info.used_bytes, 0);
	ck_assert_uint_eq(info.available_bytes, MIB(64) - BLOCK); /* but the memory is taken */
	ck_ok(vres_shard_verify(shard, NULL, NULL, &err));
}
END_TEST

START_TEST(a_backend_that_cannot_be_opened_leaves_nothing)
{
	static const vres_mock_op ops[] = {VRES_MOCK_OP_OPEN, VRES_MOCK_OP_DEVICE_COUNT};
	CLEANUP(finish) struct fixture *f = without_manager();
	const vres_config config = config_of(f);

	test_device_fail(f->test_device, ops[_i], 1, VRES_E_NO_BACKEND);
	ck_no_manager(f, &config, VRES_E_NO_BACKEND);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE_LOOP(the_strictest_policy_refuses_the_mock_and_tells_so, 2,
	                  "VR-001 VP-001 WORKER-4163", "residency", "mock in production"),
		CASE_LOOP(contradictions_and_unknown_bits_are_refused, 10,
	                  "WORKER-4171 WORKER-4172 VR-001", "integrity",
	                  "policy that is not what it seems"),
		CASE(an_audit_sink_that_is_required_must_be_given,
	             "WORKER-4170 WORKER-4171 WORKER-4172", "accountability", "no audit trail"),
		CASE(values_out_of_range_are_refused, "WORKER-4171 WORKER-4172 VR-005",
	             "availability", "bad configuration"),
		CASE(what_is_required_must_be_given_and_well_formed,
	             "WORKER-4170 WORKER-4171 WORKER-4172 IV-003 VR-005", "availability",
	             "bad configuration"),
		CASE(a_worker_without_a_name_is_called_worker, "WORKER-4150", "", ""),
		CASE(policy_and_worker_are_copied, "WORKER-4170", "integrity",
	             "policy changed afterwards"),
		CASE_LOOP(the_policy_in_force_is_signed_into_every_seal, 3, "VP-006 WORKER-4120",
	                  "accountability", "weak policy unseen"),
		CASE(that_memory_had_to_be_read_only_is_signed_too, "VP-006 WORKER-4120",
	             "accountability", "weak policy unseen"),
		CASE(two_managers_over_one_mock_do_not_know_each_others_shards,
	             "WORKER-4922 RP-001", "confidentiality", "shards of another worker"),
		CASE_LOOP(a_backend_that_cannot_be_opened_leaves_nothing, 2,
	                  "WORKER-4172 WORKER-4150 VR-001", "availability", ""),
	};

	return suite_run("policy", "policy", cases, COUNT(cases));
}
