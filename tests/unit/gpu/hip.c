/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What only the HIP backend does: speak two generations of the runtime's interface, and restore the
 * thread's device and last error.
 */
#include <stdio.h>
#include <string.h>
#include "gpu_fixture.h"
#include "fake/hip/control_hip.h"
#include "hip/driver.h"

START_TEST(every_code_of_the_runtime_has_a_meaning)
{
	for (int code = -10; code < 1100; code++) {
		const vres_status status = hip_meaning(code);

		ck_assert_int_eq(status == VRES_OK, code == 0);
		ck_assert(code == 0 ||
		          (vres_status_class(status) >= 1 && vres_status_class(status) <= 3));
	}
	ck_assert_int_eq(hip_meaning(HIP_ILLEGAL_ADDRESS), VRES_E_DEVICE_LOST);
	ck_assert_int_eq(hip_meaning(HIP_CONTEXT_IS_DESTROYED), VRES_E_DEVICE_LOST);
	ck_assert_int_eq(hip_meaning(HIP_OUT_OF_MEMORY), VRES_E_ALLOCATION_FAILED);
}
END_TEST

static vres_device_props props_of(const struct fake_params *params)
{
	const vres_backend *ops = vres_backend_hip();
	vres_device_props props = {.struct_size = sizeof(props)};
	vres_bself *self;
	vres_bdev *dev;
	vres_error err;

	fake_reset(params);
	ck_ok(driver_open(FAKE_LIBRARY, &self, &err));
	ck_ok(ops->device_open(self, 0, &props, &dev, &err));
	ops->device_close(dev);
	ops->close(self);
	ck_assert_uint_eq(fake_live(), 0);
	ck_assert_uint_eq(fake_depth(), 0);
	return props;
}

static const char *note_of(const vres_device_props *props, const char *name)
{
	for (uint32_t i = 0; i < props->notes_count; i++)
		if (strcmp(props->notes[i].name, name) == 0)
			return props->notes[i].value;
	ck_abort_msg("no note %s", name);
	return NULL;
}

START_TEST(code_object_is_the_one_of_the_architecture)
{
#define IMAGE(arch, file) #arch,
	static const char *const built[] = {
#include "images.inc"
		NULL};
#undef IMAGE

	if (built[0] == NULL)
		printf("NOT CHECKED: this build has no code object\n");
	/* The fake takes only a code object for its own architecture. */
	for (size_t i = 0; built[i]; i++) {
		char arch[64];
		vres_device_props props;

		(void)snprintf(arch, sizeof(arch), "%s%s", built[i], i % 2 ? ":xnack-" : "");
		props = props_of(&(const struct fake_params){.devices = 2, .arch = arch});
		ck_assert_uint_ne(props.facts & VRES_DEVICE_CAN_HASH, 0);
		ck_assert_str_eq(note_of(&props, "kernel"), built[i]);
		ck_assert_str_eq(note_of(&props, "architecture"), arch);
	}
}
END_TEST

START_TEST(device_without_a_code_object_cannot_hash_and_says_so)
{
	const struct fake_params kinds[] = {
		{.arch = "gfx90"}, {.arch = "gfx90a1"}, {.arch = "nonsense"}, {.no_image = true}};
	const vres_device_props props = props_of(&kinds[_i]);

	ck_assert_uint_eq(props.facts & VRES_DEVICE_CAN_HASH, 0);
	ck_assert_msg(strstr(note_of(&props, "kernel"), "no image") != NULL, "%s",
	              note_of(&props, "kernel"));
}
END_TEST

START_TEST(apu_is_integrated_though_older_runtimes_do_not_say_so)
{
	/* versions before 6.2 do not report it; the fake of version 6 is a 6.3 */
	const bool is_told = FAKE_HIP >= 6;
	const struct fake_params discrete = {.arch = "gfx1100"},
				 apu = {.arch = "gfx1103", .integrated = true};
	const struct fake_params either = {.arch = "gfx942:sramecc+:xnack-"},
				 older = {.arch = "gfx90c:xnack-", .version = 60134093};

	ck_assert_uint_eq(props_of(&discrete).facts & VRES_DEVICE_INTEGRATED, 0);
	ck_assert_uint_ne(props_of(&apu).facts & VRES_DEVICE_INTEGRATED, 0);
	ck_assert_uint_eq((props_of(&either).facts & VRES_DEVICE_INTEGRATED) == 0, is_told);
	if (is_told)
		ck_assert_uint_ne(props_of(&older).facts & VRES_DEVICE_INTEGRATED, 0);
}
END_TEST

START_TEST(device_is_told_by_its_number_or_by_its_place_on_the_bus)
{
	const vres_device_props named = props_of(NULL),
				nameless = props_of(&(const struct fake_params){.no_number = true});

	ck_assert_str_eq(named.uuid, "GPU-fa00000000000000");
	ck_assert_str_eq(named.name, "Fake AMD GPU");
	ck_assert_str_eq(nameless.uuid, "PCI-0000:01:00.0");
	ck_assert_str_eq(nameless.name, "AMD GPU gfx90a:sramecc+:xnack-");
	/* HIP does not report ECC, which must not be read as off. */
	ck_assert_uint_eq(named.ecc, VRES_ECC_UNKNOWN);
}
END_TEST

static vres_residency residency_of(struct gpu_fixture *b, uint64_t addr, uint64_t bytes)
{
	vres_residency residency = {.struct_size = sizeof(residency)};
	vres_bmem *adopted = NULL;
	vres_error err;

	ck_ok(b->ops->mem_adopt(b->dev, addr, bytes, &adopted, &err));
	ck_ok(b->ops->mem_residency(adopted, &residency, &err));
	ck_ok(b->ops->mem_release(adopted, &err));
	return residency;
}

START_TEST(host_memory_is_no_device_memory_in_either_numbering)
{
	struct gpu_fixture b =
		gpu_fixture_open(&(const struct fake_params){.devices = 2}, 4096, 0, 0);
	void *pinned = fake_hip_engine_pinned(8192);
	const uint64_t theirs = (uint64_t)(uintptr_t)pinned;
	char own[64];
	vres_bmem *adopted = NULL;
	vres_error err;

	ck_assert_uint_eq(residency_of(&b, b.info.addr, 4096).facts,
	                  VRES_MEM_DEVICE | VRES_MEM_EXPORTABLE);
	ck_assert_uint_eq(residency_of(&b, theirs, 8192).facts,
	                  VRES_MEM_HOST_MAPPED | VRES_MEM_EXPORTABLE);
	ck_status(b.ops->mem_adopt(b.dev, (uint64_t)(uintptr_t)own, sizeof(own), &adopted, &err),
	          VRES_E_INVALID_INPUT);
	ck_status(b.ops->mem_adopt(b.dev, theirs, 8193, &adopted, &err), VRES_E_INVALID_INPUT);
	fake_hip_engine_unpin(pinned);
	gpu_fixture_close(&b);
}
END_TEST

START_TEST(managed_memory_and_that_of_another_device_is_not_this_ones)
{
	struct gpu_fixture b =
		gpu_fixture_open(&(const struct fake_params){.devices = 2}, 4096, 0, 0);
	const uint64_t other = fake_engine_alloc(1, 65536, false);
	vres_residency residency = residency_of(&b, other, 65536);

	ck_assert_uint_eq(residency.facts, VRES_MEM_EXPORTABLE);
	ck_assert_uint_eq(residency.device, 1);
	ck_assert(fake_lie_at(b.info.addr, FAKE_MANAGED));
	residency = residency_of(&b, b.info.addr, 4096);
	ck_assert_uint_eq(residency.facts, VRES_MEM_MANAGED | VRES_MEM_EXPORTABLE);
	fake_engine_free(other);
	gpu_fixture_close(&b);
}
END_TEST

START_TEST(allocation_has_a_number_where_the_runtime_has_one)
{
	struct gpu_fixture b =
		gpu_fixture_open(&(const struct fake_params){.no_buffer_id = _i}, 4096, 0, 0);
	const vres_residency residency = residency_of(&b, b.info.addr, 4096);

	ck_assert_int_eq(residency.identity[0] != 0, _i == 0);
	ck_assert_uint_le(residency.identity[0], UINT32_MAX);
	ck_assert_uint_eq(residency.identity[1], 0);
	gpu_fixture_close(&b);
}
END_TEST

START_TEST(call_that_fails_leaves_the_engine_no_error_and_its_own_device)
{
	static const char *const functions[] = {"hipMemGetInfo", "hipSetDevice", "hipGetDevice"};
	struct gpu_fixture b =
		gpu_fixture_open(&(const struct fake_params){.devices = 3}, 4096, 4096, 0);
	vres_device_status status = {.struct_size = sizeof(status)};
	vres_error err;

	for (size_t i = 0; i < COUNT(functions); i++) {
		fake_fail(functions[i], 1, 999);
		ck_status(b.ops->device_status(b.dev, &status, &err), VRES_E_BACKEND);
		ck_assert_uint_eq(fake_depth(), 0);
	}
	/* The failing call is the one that restores the device, whose failure is not reported. */
	fake_fail("hipSetDevice", 2, 999);
	ck_ok(b.ops->device_status(b.dev, &status, &err));
	ck_assert_str_eq(fake_failed(), "hipSetDevice");
	ck_assert_uint_eq(fake_depth(), 0);
	/* The runtime keeps "not ready", the answer to polling, as the last error too. */
	ck_ok(b.ops->lane_push(b.lane, b.mem, 0, 4096, &err));
	ck_ok(b.ops->lane_wait(b.lane, PATIENCE, &err));
	ck_assert_uint_eq(fake_depth(), 0);
	gpu_fixture_close(&b);
}
END_TEST

#if FAKE_HIP >= 7
START_TEST(error_of_the_engine_is_still_there_afterwards)
{
	struct gpu_fixture b =
		gpu_fixture_open(&(const struct fake_params){.devices = 2}, 4096, 4096, 0);
	vres_device_status status = {.struct_size = sizeof(status)};
	vres_error err;

	fake_hip_engine_error(719);
	ck_ok(b.ops->device_status(b.dev, &status, &err));
	ck_assert_uint_eq(fake_depth(), 0);
	fake_hip_engine_error(0);
	gpu_fixture_close(&b);
}
END_TEST
#endif

int main(void)
{
	static const struct suite_case cases[] = {
		CASE(every_code_of_the_runtime_has_a_meaning, "WORKER-4150 WORKER-4032", "",
		     "an error taken for success"),
		CASE(code_object_is_the_one_of_the_architecture, "CI-007", "integrity",
		     "another device's code"),
		CASE_LOOP(device_without_a_code_object_cannot_hash_and_says_so, 4, "CI-007",
		          "confidentiality", ""),
		CASE(apu_is_integrated_though_older_runtimes_do_not_say_so, "VP-001", "residency",
		     "weights in host memory"),
		CASE(device_is_told_by_its_number_or_by_its_place_on_the_bus, "VP-001",
		     "accountability", "one device taken for another"),
		CASE(host_memory_is_no_device_memory_in_either_numbering, "VP-001 VP-005",
		     "residency", "host memory that an older numbering calls the device's"),
		CASE(managed_memory_and_that_of_another_device_is_not_this_ones, "VP-005",
		     "residency", "memory that may migrate"),
		CASE_LOOP(allocation_has_a_number_where_the_runtime_has_one, 2, "VP-006",
		          "residency", "memory replaced behind one address"),
		CASE(call_that_fails_leaves_the_engine_no_error_and_its_own_device, "WORKER-4150",
		     "availability", "an engine that takes our error for its own"),
#if FAKE_HIP >= 7
		CASE(error_of_the_engine_is_still_there_afterwards, "WORKER-4150", "availability",
		     "an engine's error that is lost"),
#endif
	};

	suite_backend("hip");
	return suite_run("unit_" FAKE_NAME, "backend", cases, COUNT(cases));
}
