/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sealing and verifying through the public headers, with the CUDA backend over the fake driver. */
#include <string.h>
#include "driver_fixture.h"

#define BYTES (2 * GROUP + 77)

START_TEST(sealed_bytes_verify_in_every_mode_and_can_be_leased)
{
	CLEANUP(driver_fixture_finish)
	struct fixture *f = driver_fixture_begin(NULL, VRES_ALLOW_READBACK, 0, true);
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
	sha256_hex(data, BYTES, digest);
	ck_assert_str_eq(info.digest, digest);
	verity_hex(data, BYTES, 4096, digest);
	ck_assert_str_eq(info.verity_digest, digest);
	ck_assert_str_eq(info.backend, "cuda");
	ck_assert_uint_eq(info.simulated, 1);
}
END_TEST

START_TEST(flipped_bit_is_found_and_its_place_is_told)
{
	CLEANUP(driver_fixture_finish)
	struct fixture *f = driver_fixture_begin(NULL, VRES_ALLOW_READBACK, 0, true);
	CLEANUP(release_shard) vres_shard *shard = sealed(f, BYTES, 1);
	const vres_verify_params p = mode_of(_i == 0 ? VRES_VERIFY_FULL : VRES_VERIFY_READBACK);
	vres_verify_report report = vres_verify_report_init();
	vres_error err;

	ck_assert(fake_flip(address_of(shard) + GROUP + 5, 2));
	ck_refused(vres_shard_verify(shard, &p, &report, &err), VRES_REASON_DIGEST);
	ck_assert_uint_le(report.first_bad_offset, GROUP + 5);
	ck_assert_uint_gt(report.first_bad_offset + report.first_bad_bytes, GROUP + 5);
}
END_TEST

START_TEST(lost_device_is_not_called_tampering_and_leaves_other_devices_alone)
{
	const struct fake_params params = {.devices = 2};
	CLEANUP(driver_fixture_finish)
	struct fixture *f = driver_fixture_begin(&params, 0, 0, true);
	CLEANUP(release_shard) vres_shard *lost = sealed(f, BYTES, 1);
	CLEANUP(release_shard) vres_shard *good = NULL;
	vres_seal_params p = vres_seal_params_init();
	vres_error err;

	p.gpu_device = 1;
	good = sealed_with(f, &p, BYTES, 2);
	fake_lose(0, 700);
	ck_status(vres_shard_verify(lost, NULL, NULL, &err), VRES_E_DEVICE_LOST);
	ck_status(vres_shard_verify(lost, NULL, NULL, &err), VRES_E_DEVICE_LOST);
	ck_assert_uint_eq(info_of(lost).state, VRES_SHARD_SEALED);
	ck_ok(vres_shard_verify(good, NULL, NULL, &err));
	ck_assert_uint_eq(record_critical(&f->record), 0);
}
END_TEST

START_TEST(more_than_there_is_room_for_is_refused_with_its_numbers)
{
	CLEANUP(driver_fixture_finish) struct fixture *f = driver_fixture_begin(NULL, 0, 0, true);
	CLEANUP(free_bytes) uint8_t *data = content(MIB(65), 1);
	const vres_seal_params p = vres_seal_params_init();
	vres_shard *shard = NULL;
	vres_error err;

	ck_status(vres_seal_memory(f->manager, &p, data, MIB(65), &shard, &err),
	          VRES_E_INSUFFICIENT_VRAM);
	ck_assert_uint_ge(err.needed_bytes, MIB(65));
	ck_assert_uint_lt(err.available_bytes, MIB(64));
	fake_fail("cuMemCreate", 1, 2);
	ck_status(vres_seal_memory(f->manager, &p, data, BYTES, &shard, &err),
	          VRES_E_ALLOCATION_FAILED);
	ck_ok(vres_seal_memory(f->manager, &p, data, BYTES, &shard, &err));
	release_shard(&shard);
}
END_TEST

START_TEST(released_memory_is_overwritten_before_the_driver_has_it_back)
{
	CLEANUP(driver_fixture_finish)
	struct fixture *f = driver_fixture_begin(NULL, VRES_ALLOW_PINNED_STAGING,
	                                         _i ? VRES_REQUIRE_READONLY : 0, true);
	vres_shard *shard = sealed(f, BYTES, 1);
	const uint64_t zeroed = fake_calls("cuMemsetD8Async");

	ck_assert_uint_eq(fake_unwiped(), 0); /* page-locked staging was wiped, too */
	release_shard(&shard);
	ck_assert_uint_eq(fake_calls("cuMemsetD8Async"), zeroed + 1);
	ck_assert_uint_eq(fake_unwiped(), 0);
}
END_TEST

START_TEST(adopted_memory_of_many_mappings_is_verified_where_it_lies)
{
	CLEANUP(driver_fixture_finish) struct fixture *f = driver_fixture_begin(NULL, 0, 0, true);
	const uint64_t address = fake_engine_alloc(0, BYTES + 1000, true);
	CLEANUP(release_shard) vres_shard *shard = NULL;
	vres_seal_params p = vres_seal_params_init();
	vres_error err;

	p.digest_alg = VRES_DIGEST_VERITY;
	ck_ok(vres_seal_adopt(f->manager, &p, address + 13, BYTES, &shard, &err));
	ck_ok(vres_shard_verify(shard, NULL, NULL, &err));
	ck_assert(fake_flip(address + 12, 0)); /* beside it */
	ck_ok(vres_shard_verify(shard, NULL, NULL, &err));
	ck_assert(fake_flip(address + 13, 0));
	ck_refused(vres_shard_verify(shard, NULL, NULL, &err), VRES_REASON_DIGEST);
	release_shard(&shard);
	fake_engine_free(address);
}
END_TEST

static const vres_policy_fact *fact_of(const vres_policy_report *report, const char *name)
{
	for (uint32_t i = 0; i < report->facts_count; i++)
		if (strcmp(report->facts[i].name, name) == 0)
			return &report->facts[i];
	ck_abort_msg("no fact %s", name);
	return NULL;
}

START_TEST(what_every_gpu_has_is_noted_and_no_violation)
{
	static const char *const noted[] = {"unified_addressing",
	                                    "unified_memory",
	                                    "zero_copy",
	                                    "pinned_staging",
	                                    "driver",
	                                    "kernel",
	                                    "allocation",
	                                    "coherent",
	                                    "mps",
	                                    "mig",
	                                    "virtual_gpu",
	                                    "confidential_computing"};
	CLEANUP(driver_fixture_finish) struct fixture *f = driver_fixture_begin(NULL, 0, 0, true);
	CLEANUP(release_shard) vres_shard *shard = sealed(f, BYTES, 1);
	vres_policy_report report = vres_policy_report_init();
	vres_error err;

	ck_ok(vres_enforce_vram_only(f->manager, 0, &report, &err));
	ck_assert_uint_eq(report.violations, 0);
	for (size_t i = 0; i < COUNT(noted); i++)
		ck_assert_uint_eq(fact_of(&report, noted[i])->verdict, VRES_FACT_NOTED);
	ck_assert_uint_eq(info_of(shard).assurance, VRES_ASSURANCE_NONE); /* simulated */
	ck_assert_uint_eq(fact_of(&report, "vmm")->verdict, VRES_FACT_GOOD);
	ck_assert_uint_eq(fact_of(&report, "read_only_mapping")->verdict, VRES_FACT_GOOD);
	ck_assert_uint_eq(fact_of(&report, "device_hash")->verdict, VRES_FACT_GOOD);
}
END_TEST

START_TEST(gpu_core_dumps_are_noted_and_decide_nothing)
{
	static const struct {
		struct fake_params params;
		const char *value;
	} kinds[] = {
		{{.core_dump = false}, "off"},
		{{.core_dump = true}, "on: a dump would write device memory to a file"},
		{{.core_dump = true, .core_dump_flags = 2}, "on, without device memory"},
		{{.core_dump = true, .core_dump_light = true, .version = 12010},
	         "on, without device memory"},
		{{.core_dump = true, .core_dump_flags = 2, .version = 12010},
	         "on: a dump would write device memory to a file"},
		{{.core_dump = true, .missing = "cuCoredumpGetAttributeGlobal"}, "unknown"},
		{{.core_dump = true, .version = 12000}, "unknown"},
	};
	CLEANUP(driver_fixture_finish)
	struct fixture *f = driver_fixture_begin(&kinds[_i].params, 0, 0, true);
	vres_policy_report report = vres_policy_report_init();
	vres_error err;

	ck_ok(vres_enforce_vram_only(f->manager, 0, &report, &err));
	ck_assert_uint_eq(fact_of(&report, "gpu_core_dump")->verdict, VRES_FACT_NOTED);
	ck_assert_str_eq(fact_of(&report, "gpu_core_dump")->value, kinds[_i].value);
}
END_TEST

START_TEST(sharing_of_device_memory_by_dma_buf_is_noted_and_decides_nothing)
{
	const struct fake_params params = {.dma_buf = _i == 1};
	CLEANUP(driver_fixture_finish)
	struct fixture *f = driver_fixture_begin(&params, 0, 0, true);
	vres_policy_report report = vres_policy_report_init();
	vres_error err;

	ck_ok(vres_enforce_vram_only(f->manager, 0, &report, &err));
	ck_assert_uint_eq(fact_of(&report, "dma_buf")->verdict, VRES_FACT_NOTED);
	ck_assert_int_eq(strcmp(fact_of(&report, "dma_buf")->value, "no") == 0, _i == 0);
}
END_TEST

START_TEST(device_that_shares_the_hosts_memory_or_has_no_ecc_is_refused)
{
	const struct fake_params kinds[] = {{.integrated = true}, {.no_ecc = true}};
	CLEANUP(driver_fixture_finish)
	struct fixture *f = driver_fixture_begin(&kinds[_i], 0, 0, true);
	CLEANUP(free_bytes) uint8_t *data = content(BYTES, 1);
	const vres_seal_params p = vres_seal_params_init();
	vres_shard *shard = NULL;
	vres_error err;

	ck_status(vres_seal_memory(f->manager, &p, data, BYTES, &shard, &err),
	          VRES_E_POLICY_VIOLATION);
}
END_TEST

START_TEST(memory_errors_that_nvml_reports_are_told)
{
	const struct fake_params kinds[] = {{.ecc_errors = 3},
	                                    {.reset_wanted = true},
	                                    {.no_nvml = true, .ecc_errors = 3},
	                                    {.devices = 1}};
	CLEANUP(driver_fixture_finish)
	struct fixture *f = driver_fixture_begin(&kinds[_i], 0, 0, true);

	/* Without NVML nothing is known; that does not mean unhealthy. */
	ck_assert_uint_eq(device_of(f, 0).healthy, _i >= 2);
	ck_assert_uint_eq(device_of(f, 0).ecc, VRES_ECC_ON);
}
END_TEST

START_TEST(device_that_takes_no_kernel_is_verified_by_readback_where_policy_allows)
{
	const struct fake_params params = {.no_image = true};
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

int main(void)
{
	static const struct suite_case cases[] = {
		CASE(sealed_bytes_verify_in_every_mode_and_can_be_leased, "CI-001 VR-004",
	             "integrity", ""),
		CASE_LOOP(flipped_bit_is_found_and_its_place_is_told, 2, "CI-007 VR-004",
	                  "integrity", "a bit flip in VRAM"),
		CASE(lost_device_is_not_called_tampering_and_leaves_other_devices_alone,
	             "WORKER-4032", "availability", "a device that is gone"),
		CASE(more_than_there_is_room_for_is_refused_with_its_numbers,
	             "RP-001 RP-004 WORKER-4153", "availability", "over-commitment"),
		CASE_LOOP(released_memory_is_overwritten_before_the_driver_has_it_back, 2, "VR-007",
	                  "confidentiality", "weights left in freed memory"),
		CASE(adopted_memory_of_many_mappings_is_verified_where_it_lies, "VP-005 CI-007",
	             "integrity", "tensors across mappings"),
		CASE(what_every_gpu_has_is_noted_and_no_violation, "VP-001 VP-002", "residency",
	             "a policy that refuses every GPU"),
		CASE_LOOP(sharing_of_device_memory_by_dma_buf_is_noted_and_decides_nothing, 2,
	                  "VP-001", "residency", "memory open to other processes"),
		CASE_LOOP(gpu_core_dumps_are_noted_and_decide_nothing, 7, "VP-001",
	                  "confidentiality", "a core dump of weights"),
		CASE_LOOP(device_that_shares_the_hosts_memory_or_has_no_ecc_is_refused, 2, "VP-001",
	                  "residency", "weights in host memory"),
		CASE_LOOP(memory_errors_that_nvml_reports_are_told, 4,
	                  "WORKER-4032 WORKER-5000 WORKER-5002", "integrity",
	                  "a memory error taken for tampering"),
		CASE_LOOP(device_that_takes_no_kernel_is_verified_by_readback_where_policy_allows,
	                  2, "CI-007", "confidentiality", "weights that leave the device unasked"),
	};

	suite_backend("cuda");
	return suite_run("cuda", "verify", cases, COUNT(cases));
}
