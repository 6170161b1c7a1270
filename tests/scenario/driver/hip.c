/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Sealing and verifying with the HIP backend over the fake runtime, and memory that is not plainly
 * VRAM.  HIP does not report access by other devices, or another physical block behind an
 * allocation, so these are not tested.
 */
#include <string.h>
#include "fake/hip/control_hip.h"
#include "driver_fixture.h"

#define BYTES (MIB(2) - 77) /* the tail of its only granule has bytes of it, too */

static const struct fake_params two = {.devices = 2};

static const enum fake_lie at_once[] = {FAKE_MANAGED, FAKE_HOST_TAIL, FAKE_WRONG_ORDINAL};
static const enum fake_lie later[] = {FAKE_MANAGED, FAKE_HOST_TAIL, FAKE_WRONG_ORDINAL,
                                      FAKE_REMAPPED};
static const uint32_t modes[] = {VRES_VERIFY_SIGNATURE, VRES_VERIFY_SAMPLED, VRES_VERIFY_FULL};

START_TEST(sealed_bytes_verify_in_every_mode_and_can_be_leased)
{
	CLEANUP(driver_fixture_finish)
	struct fixture *f = driver_fixture_begin(&two, VRES_ALLOW_READBACK, 0, true);
	CLEANUP(release_shard) vres_shard *shard = sealed(f, BYTES, 1);
	CLEANUP(free_bytes) uint8_t *data = content(BYTES, 1);
	vres_shard_info info = info_of(shard);
	char digest[65];
	vres_error err;

	for (uint32_t mode = VRES_VERIFY_FULL; mode <= VRES_VERIFY_READBACK; mode++) {
		const vres_verify_params p = mode_of(mode);

		ck_ok(vres_shard_verify(shard, &p, NULL, &err));
		ck_context_restored();
	}
	ck_assert_uint_ne(address_of(shard), 0);
	verity_hex(data, BYTES, 4096, digest);
	ck_assert_str_eq(info.verity_digest, digest);
	ck_assert_str_eq(info.backend, "hip");
	ck_assert_uint_eq(info.simulated, 1);
}
END_TEST

START_TEST(flipped_bit_is_found)
{
	CLEANUP(driver_fixture_finish) struct fixture *f = driver_fixture_begin(&two, 0, 0, true);
	CLEANUP(release_shard) vres_shard *shard = sealed(f, BYTES, 1);
	vres_error err;

	ck_assert(fake_flip(address_of(shard) + GROUP + 5, 2));
	ck_refused(vres_shard_verify(shard, NULL, NULL, &err), VRES_REASON_DIGEST);
}
END_TEST

START_TEST(memory_that_can_be_exported_needs_leave_and_so_does_ecc_that_is_not_known)
{
	const uint64_t lacking[] = {VRES_ALLOW_EXPORTABLE, VRES_ALLOW_NO_ECC};
	struct setup s = setup_init();
	struct fixture *f;
	CLEANUP(free_bytes) uint8_t *data = content(BYTES, 1);
	const vres_seal_params p = vres_seal_params_init();
	vres_shard *shard = NULL;
	vres_error err;

	fake_reset(&two);
	s.backend = vres_backend_hip();
	s.no_manager = true;
	s.policy.allow = (VRES_ALLOW_SIMULATED | FAKE_ALLOW) & ~lacking[_i];
	f = begin(&s);
	ck_ok(driver_fixture_manager(f, &err));
	ck_status(vres_seal_memory(f->manager, &p, data, BYTES, &shard, &err),
	          VRES_E_POLICY_VIOLATION);
	ck_assert_ptr_null(shard);
	finish(&f);
	ck_assert_uint_eq(fake_live(), 0);
}
END_TEST

START_TEST(what_hip_cannot_do_is_refused_where_policy_requires_it)
{
	const uint64_t required[] = {VRES_REQUIRE_VMM, VRES_REQUIRE_READONLY};
	CLEANUP(driver_fixture_finish)
	struct fixture *f = driver_fixture_begin(&two, 0, required[_i], true);
	CLEANUP(free_bytes) uint8_t *data = content(BYTES, 1);
	const vres_seal_params p = vres_seal_params_init();
	vres_shard *shard = NULL;
	vres_error err;

	ck_status(vres_seal_memory(f->manager, &p, data, BYTES, &shard, &err),
	          VRES_E_POLICY_VIOLATION);
}
END_TEST

START_TEST(apu_is_refused_unless_policy_allows_it)
{
	const struct fake_params apu = {.integrated = true, .arch = "gfx1103"};
	CLEANUP(driver_fixture_finish)
	struct fixture *f = driver_fixture_begin(
		&apu, (_i ? VRES_ALLOW_INTEGRATED : 0) | VRES_ALLOW_READBACK, 0, true);
	CLEANUP(free_bytes) uint8_t *data = content(BYTES, 1);
	CLEANUP(release_shard) vres_shard *shard = NULL;
	const vres_seal_params p = vres_seal_params_init();
	vres_error err;

	ck_status(vres_seal_memory(f->manager, &p, data, BYTES, &shard, &err),
	          _i ? VRES_OK : VRES_E_POLICY_VIOLATION);
}
END_TEST

START_TEST(device_without_a_code_object_is_verified_by_readback_where_policy_allows)
{
	const struct fake_params params = {.arch = "gfx803"};
	CLEANUP(driver_fixture_finish)
	struct fixture *f = driver_fixture_begin(&params, _i ? VRES_ALLOW_READBACK : 0, 0, true);
	CLEANUP(free_bytes) uint8_t *data = content(BYTES, 1);
	CLEANUP(release_shard) vres_shard *shard = NULL;
	const vres_seal_params p = vres_seal_params_init();
	const vres_verify_params mode = mode_of(VRES_VERIFY_READBACK);
	vres_error err;

	ck_status(vres_seal_memory(f->manager, &p, data, BYTES, &shard, &err),
	          _i ? VRES_OK : VRES_E_UNSUPPORTED);
	if (shard)
		ck_ok(vres_shard_verify(shard, &mode, NULL, &err));
}
END_TEST

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

START_TEST(host_memory_is_never_adopted)
{
	CLEANUP(driver_fixture_finish) struct fixture *f = driver_fixture_begin(&two, 0, 0, true);
	CLEANUP(free_bytes) uint8_t *unregistered = content(BYTES, 1);
	void *pinned = fake_hip_engine_pinned(BYTES);
	vres_seal_params p = vres_seal_params_init();
	vres_shard *shard = NULL;
	vres_error err;

	p.digest_alg = VRES_DIGEST_VERITY;
	ck_status(vres_seal_adopt(f->manager, &p, (uint64_t)(uintptr_t)pinned, BYTES, &shard, &err),
	          VRES_E_POLICY_VIOLATION);
	ck_status(vres_seal_adopt(f->manager, &p, (uint64_t)(uintptr_t)unregistered, BYTES, &shard,
	                          &err),
	          VRES_E_INVALID_INPUT);
	ck_assert_ptr_null(shard);
	fake_hip_engine_unpin(pinned);
}
END_TEST

START_TEST(memory_that_changes_after_the_seal_is_caught_at_verify_in_every_mode_and_gets_no_lease)
{
	vres_lease *lease = NULL;

	for (size_t i = 0; i <= COUNT(modes); i++) {
		CLEANUP(driver_fixture_finish)
		struct fixture *f = driver_fixture_begin(&two, 0, 0, true);
		CLEANUP(release_shard) vres_shard *shard = sealed(f, BYTES, 1);
		const vres_verify_params mode = mode_of(modes[i % COUNT(modes)]);
		vres_error err;

		ck_ok(vres_shard_verify(shard, &mode, NULL, &err));
		ck_assert(fake_lie_at(address_of(shard), later[_i]));
		if (i == COUNT(modes))
			ck_refused(vres_lease_acquire(shard, &lease, &err), VRES_REASON_RESIDENCY);
		else
			ck_refused(vres_shard_verify(shard, &mode, NULL, &err),
			           VRES_REASON_RESIDENCY);
		ck_refused(vres_shard_verify(shard, &mode, NULL, &err), VRES_REASON_QUARANTINED);
	}
	ck_assert_ptr_null(lease);
}
END_TEST

START_TEST(engine_that_frees_or_replaces_adopted_memory_is_caught)
{
	CLEANUP(driver_fixture_finish) struct fixture *f = driver_fixture_begin(&two, 0, 0, true);
	const uint64_t address = fake_engine_alloc(0, BYTES, false);
	CLEANUP(release_shard) vres_shard *shard = NULL;
	vres_seal_params p = vres_seal_params_init();
	vres_error err;

	p.digest_alg = VRES_DIGEST_VERITY;
	ck_ok(vres_seal_adopt(f->manager, &p, address + 13, BYTES - 13, &shard, &err));
	ck_ok(vres_shard_verify(shard, NULL, NULL, &err));
	if (_i == 0)
		fake_engine_free(address);
	else
		ck_assert(fake_lie_at(address, FAKE_REMAPPED));
	ck_refused(vres_shard_verify(shard, NULL, NULL, &err), VRES_REASON_RESIDENCY);
	if (_i != 0)
		fake_engine_free(address);
}
END_TEST

START_TEST(released_memory_is_overwritten_before_the_runtime_has_it_back)
{
	CLEANUP(driver_fixture_finish)
	struct fixture *f = driver_fixture_begin(&two, VRES_ALLOW_PINNED_STAGING, 0, true);
	vres_shard *shard = sealed(f, BYTES, 1);
	const uint64_t zeroed = fake_calls("hipMemsetAsync");

	ck_assert_uint_gt(fake_calls("hipHostMalloc"), 0);
	ck_assert_uint_eq(fake_unwiped(), 0); /* page-locked staging was wiped, too */
	release_shard(&shard);
	ck_assert_uint_eq(fake_calls("hipMemsetAsync"), zeroed + 1);
	ck_assert_uint_eq(fake_unwiped(), 0);
}
END_TEST

START_TEST(staging_is_page_locked_only_where_policy_allows_it_and_a_verification_takes_no_memory)
{
	CLEANUP(driver_fixture_finish)
	struct fixture *f = driver_fixture_begin(&two, VRES_ALLOW_READBACK, 0, true);
	CLEANUP(release_shard) vres_shard *shard = sealed(f, BYTES, 1);
	const uint64_t made = fake_calls("hipMalloc");
	vres_error err;

	for (uint32_t mode = VRES_VERIFY_FULL; mode <= VRES_VERIFY_READBACK; mode++) {
		const vres_verify_params p = mode_of(mode);

		ck_ok(vres_shard_verify(shard, &p, NULL, &err));
	}
	ck_assert_uint_eq(fake_calls("hipMalloc"), made);
	ck_assert_uint_eq(fake_calls("hipHostMalloc"), 0);
}
END_TEST

START_TEST(lost_device_is_not_called_tampering)
{
	CLEANUP(driver_fixture_finish) struct fixture *f = driver_fixture_begin(&two, 0, 0, true);
	CLEANUP(release_shard) vres_shard *lost = sealed(f, BYTES, 1);
	vres_error err;

	fake_lose(0, 719);
	ck_status(vres_shard_verify(lost, NULL, NULL, &err), VRES_E_DEVICE_LOST);
	ck_status(vres_shard_verify(lost, NULL, NULL, &err), VRES_E_DEVICE_LOST);
	ck_assert_uint_eq(info_of(lost).state, VRES_SHARD_SEALED);
	ck_assert_uint_eq(record_critical(&f->record), 0);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE(sealed_bytes_verify_in_every_mode_and_can_be_leased, "CI-001 VR-004",
	             "integrity", ""),
		CASE(flipped_bit_is_found, "CI-007 VR-004", "integrity", "a bit flip in VRAM"),
		CASE_LOOP(memory_that_can_be_exported_needs_leave_and_so_does_ecc_that_is_not_known,
	                  2, "VP-001 VP-005", "residency", "memory open to other processes"),
		CASE_LOOP(what_hip_cannot_do_is_refused_where_policy_requires_it, 2, "VP-001",
	                  "residency", "a guarantee that is none"),
		CASE_LOOP(apu_is_refused_unless_policy_allows_it, 2, "VP-001", "residency",
	                  "weights in host memory"),
		CASE_LOOP(device_without_a_code_object_is_verified_by_readback_where_policy_allows,
	                  2, "CI-007", "confidentiality", "weights that leave the device unasked"),
		CASE_LOOP(memory_that_is_not_plainly_vram_is_refused_at_seal, 3,
	                  "VP-001 VP-005 VP-006", "residency",
	                  "a driver or shim that puts weights elsewhere"),
		CASE_LOOP(engine_memory_that_is_not_plainly_vram_is_refused_at_adopt, 3,
	                  "VP-005 MS-006", "residency", "one range that is VRAM only in part"),
		CASE(host_memory_is_never_adopted, "VP-001 VP-005", "residency",
	             "host memory that an older numbering calls the device's"),
		CASE_LOOP(
			memory_that_changes_after_the_seal_is_caught_at_verify_in_every_mode_and_gets_no_lease,
			4, "VP-006 VR-004", "residency", "memory replaced behind one address"),
		CASE_LOOP(engine_that_frees_or_replaces_adopted_memory_is_caught, 2,
	                  "VP-006 MS-004", "residency", "use after free on the device"),
		CASE(released_memory_is_overwritten_before_the_runtime_has_it_back, "VR-007",
	             "confidentiality", "weights left in freed memory"),
		CASE(staging_is_page_locked_only_where_policy_allows_it_and_a_verification_takes_no_memory,
	             "RP-001 VP-003", "availability", "a verification that runs out of VRAM"),
		CASE(lost_device_is_not_called_tampering, "WORKER-4032", "availability",
	             "a device that is gone"),
	};

	suite_backend("hip");
	return suite_run("scenario_" FAKE_NAME, "verify", cases, COUNT(cases));
}
