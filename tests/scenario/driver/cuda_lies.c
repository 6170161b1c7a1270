/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Memory that is not plainly VRAM: refused when it is sealed, noticed when it becomes so later. */
#include "driver_fixture.h"

#define BYTES (GROUP + 77) /* more than one granule, so that its tail can be host memory */

static const struct fake_params two = {.devices = 2};

/* What the driver says about memory as soon as it is allocated. */
static const enum fake_lie at_once[] = {FAKE_MANAGED, FAKE_HOST_TAIL,   FAKE_WRONG_ORDINAL,
                                        FAKE_PEER,    FAKE_HOST_ACCESS, FAKE_EXPORTABLE};

/* What the driver says about memory that has changed since the seal. */
static const enum fake_lie later[] = {FAKE_MANAGED,    FAKE_HOST_TAIL, FAKE_WRONG_ORDINAL,
                                      FAKE_PEER,       FAKE_MOVED,     FAKE_HOST_ACCESS,
                                      FAKE_EXPORTABLE, FAKE_REMAPPED};

static const uint32_t modes[] = {VRES_VERIFY_SIGNATURE, VRES_VERIFY_SAMPLED, VRES_VERIFY_FULL};

START_TEST(memory_that_is_not_plainly_vram_is_refused_at_seal)
{
	CLEANUP(driver_fixture_finish) struct fixture *f = driver_fixture_begin(&two, 0, 0, true);
	CLEANUP(free_bytes) uint8_t *data = content(BYTES, 1);
	const vres_device_info before = device_of(f, 0);
	const vres_seal_params p = vres_seal_params_init();
	vres_device_info after;
	vres_shard *shard = NULL;
	vres_error err;

	fake_lie_always(at_once[_i]);
	ck_status(vres_seal_memory(f->manager, &p, data, BYTES, &shard, &err),
	          VRES_E_POLICY_VIOLATION);
	ck_assert_ptr_null(shard);
	after = device_of(f, 0);
	ck_same_device(&before, &after);
}
END_TEST

START_TEST(engine_memory_that_is_not_plainly_vram_is_refused_at_adopt)
{
	CLEANUP(driver_fixture_finish) struct fixture *f = driver_fixture_begin(&two, 0, 0, true);
	const uint64_t address = fake_engine_alloc(0, BYTES, true);
	vres_seal_params p = vres_seal_params_init();
	vres_shard *shard = NULL;
	vres_error err;

	p.digest_alg = VRES_DIGEST_VERITY;
	/* Only one of many mappings, in the middle. */
	ck_assert(fake_lie_at(address + 3 * 65536, at_once[_i]));
	ck_status(vres_seal_adopt(f->manager, &p, address, BYTES, &shard, &err),
	          VRES_E_POLICY_VIOLATION);
	ck_assert_ptr_null(shard);
	fake_engine_free(address);
}
END_TEST

START_TEST(memory_that_changes_after_the_seal_is_caught_at_verify_in_every_mode)
{
	for (size_t i = 0; i < COUNT(modes); i++) {
		CLEANUP(driver_fixture_finish)
		struct fixture *f = driver_fixture_begin(&two, 0, 0, true);
		CLEANUP(release_shard) vres_shard *shard = sealed(f, BYTES, 1);
		const vres_verify_params mode = mode_of(modes[i]);
		vres_error err;

		ck_ok(vres_shard_verify(shard, &mode, NULL, &err));
		ck_assert(fake_lie_at(address_of(shard), later[_i]));
		ck_refused(vres_shard_verify(shard, &mode, NULL, &err), VRES_REASON_RESIDENCY);
		ck_refused(vres_shard_verify(shard, &mode, NULL, &err), VRES_REASON_QUARANTINED);
	}
}
END_TEST

START_TEST(memory_that_changes_after_the_seal_gets_no_lease)
{
	CLEANUP(driver_fixture_finish) struct fixture *f = driver_fixture_begin(&two, 0, 0, true);
	CLEANUP(release_shard) vres_shard *shard = sealed(f, BYTES, 1);
	vres_lease *lease = NULL;
	vres_error err;

	ck_assert(fake_lie_at(address_of(shard), later[_i]));
	ck_refused(vres_lease_acquire(shard, &lease, &err), VRES_REASON_RESIDENCY);
	ck_assert_ptr_null(lease);
}
END_TEST

START_TEST(engine_that_frees_or_replaces_adopted_memory_is_caught)
{
	CLEANUP(driver_fixture_finish) struct fixture *f = driver_fixture_begin(&two, 0, 0, true);
	const uint64_t address = fake_engine_alloc(0, BYTES, true);
	CLEANUP(release_shard) vres_shard *shard = NULL;
	vres_seal_params p = vres_seal_params_init();
	vres_error err;

	p.digest_alg = VRES_DIGEST_VERITY;
	ck_ok(vres_seal_adopt(f->manager, &p, address, BYTES, &shard, &err));
	ck_ok(vres_shard_verify(shard, NULL, NULL, &err));
	if (_i == 0)
		fake_engine_free(address);
	else
		ck_assert(fake_lie_at(address + 2 * 65536, FAKE_REMAPPED));
	ck_refused(vres_shard_verify(shard, NULL, NULL, &err), VRES_REASON_RESIDENCY);
	if (_i != 0)
		fake_engine_free(address);
}
END_TEST

static vres_status adopt(struct fixture *f, uint64_t address, vres_shard **out, vres_error *err)
{
	vres_seal_params p = vres_seal_params_init();

	p.digest_alg = VRES_DIGEST_VERITY;
	return vres_seal_adopt(f->manager, &p, address, BYTES, out, err);
}

/*
 * cuMemAlloc's, a pool's, a pool's that another device has access to, another process's; but for
 * the first only one of many mappings.
 */
START_TEST(adopted_memory_that_cuMemCreate_did_not_make_counts_as_exportable)
{
	static const enum fake_lie kinds[] = {FAKE_TRUTH, FAKE_POOL, FAKE_POOL_PEER, FAKE_IMPORTED};

	for (int is_allowed = 0; is_allowed < 2; is_allowed++) {
		CLEANUP(driver_fixture_finish)
		struct fixture *f =
			driver_fixture_begin(&two, is_allowed ? VRES_ALLOW_EXPORTABLE : 0, 0, true);
		const bool is_plain = kinds[_i] == FAKE_TRUTH;
		const uint64_t address = fake_engine_alloc(0, BYTES, !is_plain);
		CLEANUP(release_shard) vres_shard *shard = NULL;
		vres_error err;

		ck_assert(fake_lie_at(address + (is_plain ? 0 : 3 * KIB(64)), kinds[_i]));
		ck_status(adopt(f, address, &shard, &err),
		          is_allowed ? VRES_OK : VRES_E_POLICY_VIOLATION);
		if (is_allowed)
			ck_ok(vres_shard_verify(shard, NULL, NULL, &err));
		release_shard(&shard);
		fake_engine_free(address);
	}
}
END_TEST

/* Sealed as nobody else's; then a block of it is exchanged for one that was imported. */
START_TEST(adopted_memory_that_is_imported_later_is_caught)
{
	CLEANUP(driver_fixture_finish) struct fixture *f = driver_fixture_begin(&two, 0, 0, true);
	const uint64_t address = fake_engine_alloc(0, BYTES, true);
	CLEANUP(release_shard) vres_shard *shard = NULL;
	vres_error err;

	ck_ok(adopt(f, address, &shard, &err));
	ck_assert(fake_lie_at(address + 3 * KIB(64), FAKE_IMPORTED));
	ck_refused(vres_shard_verify(shard, NULL, NULL, &err), VRES_REASON_RESIDENCY);
	release_shard(&shard);
	fake_engine_free(address);
}
END_TEST

START_TEST(read_only_mapping_that_was_opened_is_caught)
{
	CLEANUP(driver_fixture_finish)
	struct fixture *f = driver_fixture_begin(&two, 0, VRES_REQUIRE_READONLY, true);
	CLEANUP(release_shard) vres_shard *shard = sealed(f, BYTES, 1);
	vres_error err;

	ck_ok(vres_shard_verify(shard, NULL, NULL, &err));
	ck_assert(fake_lie_at(address_of(shard), FAKE_OPENED));
	ck_refused(vres_shard_verify(shard, NULL, NULL, &err), VRES_REASON_RESIDENCY);
}
END_TEST

START_TEST(driver_that_ignores_read_only_is_not_believed)
{
	CLEANUP(driver_fixture_finish)
	struct fixture *f = driver_fixture_begin(&(const struct fake_params){.no_read_only = true},
	                                         0, VRES_REQUIRE_READONLY, true);
	CLEANUP(free_bytes) uint8_t *data = content(BYTES, 1);
	const vres_seal_params p = vres_seal_params_init();
	vres_shard *shard = NULL;
	vres_error err;

	ck_status(vres_seal_memory(f->manager, &p, data, BYTES, &shard, &err),
	          VRES_E_POLICY_VIOLATION);
}
END_TEST

START_TEST(kernel_that_did_not_run_is_trouble_and_not_tampering)
{
	CLEANUP(driver_fixture_finish) struct fixture *f = driver_fixture_begin(NULL, 0, 0, true);
	CLEANUP(release_shard) vres_shard *shard = sealed(f, 8 * GROUP, 1);
	vres_error err;

	/*
	 * The job has two launches: the leaves, and the eight nodes above, which are too many for
	 * the host.  The loop index chooses which is skipped.
	 */
	fake_leave_out(
		&(const struct fake_omission){.nth = (uint64_t)_i + 1, .effort = FAKE_LAUNCHES});
	ck_status(vres_shard_verify(shard, NULL, NULL, &err), VRES_E_BACKEND);
	ck_ok(vres_shard_verify(shard, NULL, NULL, &err));
}
END_TEST

START_TEST(ordinary_allocations_need_leave_since_they_can_be_exported)
{
	const struct fake_params kinds[] = {{.no_vmm = true}, {.vmm_unsupported = true}};
	CLEANUP(driver_fixture_finish)
	struct fixture *f =
		driver_fixture_begin(&kinds[_i % 2], _i < 2 ? 0 : VRES_ALLOW_EXPORTABLE, 0, true);
	CLEANUP(free_bytes) uint8_t *data = content(BYTES, 1);
	CLEANUP(release_shard) vres_shard *shard = NULL;
	const vres_seal_params p = vres_seal_params_init();
	vres_error err;

	ck_status(vres_seal_memory(f->manager, &p, data, BYTES, &shard, &err),
	          _i < 2 ? VRES_E_POLICY_VIOLATION : VRES_OK);
	if (shard)
		ck_ok(vres_shard_verify(shard, NULL, NULL, &err));
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE_LOOP(memory_that_is_not_plainly_vram_is_refused_at_seal, 6,
	                  "VP-001 VP-005 VP-006 M0-W-1012", "residency",
	                  "a driver or shim that puts weights elsewhere"),
		CASE_LOOP(engine_memory_that_is_not_plainly_vram_is_refused_at_adopt, 6,
	                  "VP-005 MS-006", "residency", "one range that is VRAM only in part"),
		CASE_LOOP(memory_that_changes_after_the_seal_is_caught_at_verify_in_every_mode, 8,
	                  "VP-006 VR-004", "residency", "memory replaced behind one address"),
		CASE_LOOP(memory_that_changes_after_the_seal_gets_no_lease, 8, "VP-006 VR-004",
	                  "residency", "inference on moved weights"),
		CASE_LOOP(engine_that_frees_or_replaces_adopted_memory_is_caught, 2,
	                  "VP-006 MS-004", "residency", "use after free on the device"),
		CASE_LOOP(adopted_memory_that_cuMemCreate_did_not_make_counts_as_exportable, 4,
	                  "VP-005 MS-006", "residency", "weights shared with another process"),
		CASE(adopted_memory_that_is_imported_later_is_caught, "VP-006", "residency",
	             "weights shared with another process"),
		CASE(read_only_mapping_that_was_opened_is_caught, "WORKER-4112", "integrity",
	             "a protection taken off"),
		CASE(driver_that_ignores_read_only_is_not_believed, "WORKER-4112", "integrity",
	             "a protection that is none"),
		CASE_LOOP(kernel_that_did_not_run_is_trouble_and_not_tampering, 2, "WORKER-4150",
	                  "integrity", "a driver that reports work it did not do"),
		CASE_LOOP(ordinary_allocations_need_leave_since_they_can_be_exported, 4, "VP-005",
	                  "residency", "memory open to other processes"),
	};

	suite_backend("cuda");
	return suite_run("cuda_lies", "policy", cases, COUNT(cases));
}
