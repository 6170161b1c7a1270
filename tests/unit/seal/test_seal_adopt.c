/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Sealing memory that somebody else has allocated: ranges that cannot be right, and the assurance
 * on a device whose own allocations have an explicit location.
 */
#include <vres/vres.h>

#include "support/suite/alloc.h"
#include "unit/fixture/fake_backend.h"
#include "support/suite/status.h"
#include "support/suite/suite.h"

#define BYTES ((size_t)5000)

struct adopt_fixture {
	struct fake_backend *fake;
	vres_manager *manager;
	uint8_t *foreign;
};

static struct adopt_fixture *begin(uint64_t require)
{
	struct adopt_fixture *fixture = test_alloc(sizeof(*fixture));
	vres_config config = vres_config_init();
	vres_policy policy = vres_policy_init();
	vres_key *key = NULL;
	vres_error err;

	fixture->foreign = test_alloc(BYTES);
	fixture->fake = fake_backend_create();
	fixture->fake->table.flags = 0; /* the assurance of a simulated backend is always none */
	fixture->fake->props.facts |= VRES_DEVICE_VMM;
	policy.allow = VRES_ALLOW_EXPORTABLE;
	policy.require = require;
	config.backend = &fixture->fake->table;
	config.backend_arg = fixture->fake;
	config.worker_id = "worker";
	config.policy = &policy;
	ck_ok(vres_key_derive("token", 5, NULL, &key, &err));
	config.key = key;
	ck_ok(vres_manager_create(&config, &fixture->manager, &err));
	vres_key_destroy(key);
	return fixture;
}

static void end(struct adopt_fixture **fixture)
{
	vres_manager_destroy((*fixture)->manager);
	fake_backend_destroy(&(*fixture)->fake);
	test_free((*fixture)->foreign);
	test_free(*fixture);
}

static vres_status adopt(struct adopt_fixture *fixture, uint32_t *assurance, vres_error *err)
{
	vres_seal_params params = vres_seal_params_init();
	vres_shard_info info = vres_shard_info_init();
	vres_shard *shard = NULL;
	vres_status status;

	params.digest_alg = VRES_DIGEST_VERITY;
	status = vres_seal_adopt(fixture->manager, &params, (uint64_t)(uintptr_t)fixture->foreign,
	                         BYTES, &shard, err);
	if (status != VRES_OK)
		return status;
	status = vres_shard_describe(shard, &info, err);
	*assurance = info.assurance;
	vres_shard_release(shard);
	return status;
}

START_TEST(adopted_memory_that_may_be_exported_is_plain)
{
	CLEANUP(end) struct adopt_fixture *fixture = begin(0);
	vres_device_info device = vres_device_info_init();
	uint32_t assurance = 0;
	vres_error err;

	ck_ok(vres_device_describe(fixture->manager, 0, &device, &err));
	ck_assert_uint_eq(device.assurance, VRES_ASSURANCE_VMM);
	fixture->fake->residency = VRES_MEM_DEVICE;
	ck_ok(adopt(fixture, &assurance, &err));
	ck_assert_uint_eq(assurance, VRES_ASSURANCE_VMM);
	fixture->fake->residency = VRES_MEM_DEVICE | VRES_MEM_EXPORTABLE;
	ck_ok(adopt(fixture, &assurance, &err));
	ck_assert_uint_eq(assurance, VRES_ASSURANCE_PLAIN);
}
END_TEST

START_TEST(adopted_memory_that_may_be_exported_is_refused_where_policy_requires_explicit_locations)
{
	CLEANUP(end) struct adopt_fixture *fixture = begin(VRES_REQUIRE_VMM);
	uint32_t assurance = 0;
	vres_error err;

	fixture->fake->residency = VRES_MEM_DEVICE | VRES_MEM_EXPORTABLE;
	ck_status_reason(adopt(fixture, &assurance, &err), VRES_E_POLICY_VIOLATION,
	                 VRES_REASON_RESIDENCY);
	fixture->fake->residency = VRES_MEM_DEVICE;
	ck_ok(adopt(fixture, &assurance, &err));
	ck_assert_uint_eq(assurance, VRES_ASSURANCE_VMM);
}
END_TEST

/* Such a range can be refused without a backend, which need not check it. */
START_TEST(range_that_is_none_never_reaches_the_backend)
{
	static const uint64_t bad[] = {0, UINT64_MAX, UINT64_MAX - BYTES + 1};
	CLEANUP(end) struct adopt_fixture *fixture = begin(0);
	vres_seal_params params = vres_seal_params_init();
	vres_shard *shard = NULL;
	vres_error err;

	params.digest_alg = VRES_DIGEST_VERITY;
	for (size_t i = 0; i < COUNT(bad); i++)
		ck_status(vres_seal_adopt(fixture->manager, &params, bad[i], BYTES, &shard, &err),
		          VRES_E_INVALID_INPUT);
	ck_assert_uint_eq(atomic_load(&fixture->fake->calls[FAKE_MEM_ADOPT]), 0);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE(range_that_is_none_never_reaches_the_backend, "MS-006 MS-007", "integrity",
	             "an address that overflows"),
		CASE(adopted_memory_that_may_be_exported_is_plain, "VP-006 WORKER-4010",
	             "residency", "plain memory taken for pinned"),
		CASE(adopted_memory_that_may_be_exported_is_refused_where_policy_requires_explicit_locations,
	             "VP-006 VR-001", "residency", "plain memory taken for pinned"),
	};

	return suite_run("unit.seal_adopt", "unit", cases, COUNT(cases));
}
