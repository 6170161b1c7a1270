/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Devices and memory over any vendor's fake driver: a lost context, padding, ranges of which a part
 * is gone, and a driver that fails while things are closed.
 */
#include <string.h>
#include <sys/resource.h>
#include "gpu_fixture.h"

START_TEST(one_fault_that_ends_the_context_is_remembered)
{
	struct gpu_fixture b = gpu_fixture_open(NULL, 4096, 4096, 0);
	vres_device_status status = {.struct_size = sizeof(status)};
	vres_residency residency = {.struct_size = sizeof(residency)};
	vres_error err;

	ck_ok(b.ops->lane_push(b.lane, b.mem, 0, 4096, &err));
	fake_fail(POLL_FUNCTION, 1, 719);
	ck_status(b.ops->lane_wait(b.lane, PATIENCE, &err), VRES_E_DEVICE_LOST);
	ck_assert_int_eq(err.backend_code, 719);
	/* The fake would answer these calls, but the context is lost for good. */
	ck_status(b.ops->device_status(b.dev, &status, &err), VRES_E_DEVICE_LOST);
	ck_status(b.ops->mem_residency(b.mem, &residency, &err), VRES_E_DEVICE_LOST);
	gpu_fixture_close(&b);
}
END_TEST

START_TEST(closing_tries_again_when_the_context_cannot_be_entered)
{
	struct gpu_fixture b = gpu_fixture_open(NULL, 4096, 4096, 0);
	vres_error err;

	fake_fail(ENTER_FUNCTION, 1, 999);
	b.ops->lane_close(b.lane);
	fake_fail(ENTER_FUNCTION, 1, 999);
	ck_ok(b.ops->mem_release(b.mem, &err));
	fake_fail(ENTER_FUNCTION, 1, 999);
	b.ops->device_close(b.dev);
	b.ops->close(b.self);
	ck_assert_uint_eq(fake_live(), 0);
	ck_assert_uint_eq(fake_depth(), 0);
}
END_TEST

#define PIECE ((size_t)65536)

START_TEST(padding_of_an_allocation_is_zero_though_new_memory_is_not)
{
	static const uint8_t zeros[PIECE];
	struct gpu_fixture b = gpu_fixture_open(NULL, 100, PIECE, 0);
	vres_bmem *all = NULL;
	vres_error err;

	ck_ok(b.ops->mem_adopt(b.dev, b.info.addr, b.info.capacity, &all, &err));
	for (uint64_t at = 100; at < b.info.capacity; at += PIECE) {
		const size_t n =
			b.info.capacity - at < PIECE ? (size_t)(b.info.capacity - at) : PIECE;

		memset(b.staging, 1, PIECE);
		ck_ok(b.ops->lane_pull(b.lane, all, at, n, &err));
		ck_ok(b.ops->lane_wait(b.lane, PATIENCE, &err));
		ck_assert_mem_eq(b.staging, zeros, n);
	}
	ck_ok(b.ops->mem_release(all, &err));
	gpu_fixture_close(&b);
}
END_TEST

START_TEST(range_of_which_a_part_is_gone_is_not_device_memory)
{
	struct gpu_fixture b = gpu_fixture_open(NULL, 4096, 0, 0);
	const uint64_t engine = fake_engine_alloc(0, 4 * 65536, true);
	vres_residency residency = {.struct_size = sizeof(residency)};
	vres_bmem *adopted = NULL;
	vres_error err;

	ck_ok(b.ops->mem_adopt(b.dev, engine, 4 * 65536, &adopted, &err));
	ck_ok(b.ops->mem_residency(adopted, &residency, &err));
	ck_assert_uint_eq(residency.facts & ~VRES_MEM_EXPORTABLE, VRES_MEM_DEVICE);
	ck_assert(fake_lie_at(engine + 2 * 65536, FAKE_GONE));
	ck_ok(b.ops->mem_residency(adopted, &residency, &err));
	ck_assert_uint_eq(residency.facts & VRES_MEM_DEVICE, 0);
	ck_ok(b.ops->mem_release(adopted, &err));
	fake_engine_free(engine);
	gpu_fixture_close(&b);
}
END_TEST

/*
 * This tests the fake driver.  Suites seal thousands of shards, and a process can usually open
 * 1,024 files.
 */
START_TEST(hundreds_of_allocations_take_no_descriptor_each)
{
	const struct fake_params large = {.bytes_per_device = UINT64_C(1) << 30};
	struct gpu_fixture b = gpu_fixture_open(&large, 4096, 0, 0);
	vres_bmem *many[300];
	struct rlimit before, few;
	vres_mem_info info;
	vres_error err;

	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
	few = before;
	few.rlim_cur = 64;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
	for (size_t i = 0; i < COUNT(many); i++)
		ck_ok(b.ops->mem_alloc(b.dev, 4096, &many[i], &info, &err));
	for (size_t i = 0; i < COUNT(many); i++)
		ck_ok(b.ops->mem_release(many[i], &err));
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
	gpu_fixture_close(&b);
}
END_TEST

/* For the image alone the driver only says that it does not fit this device. */
START_TEST(kernel_image_that_corrupts_the_context_loses_the_device)
{
	const struct fake_params params = {.no_image = true, .image_breaks = 719};
	vres_device_props props = {.struct_size = sizeof(props)};
	vres_bself *self;
	vres_bdev *dev = NULL;
	vres_error err;

	fake_reset(&params);
	ck_ok(driver_open(FAKE_LIBRARY, &self, &err));
	ck_status(FAKE_BACKEND()->device_open(self, 0, &props, &dev, &err), VRES_E_DEVICE_LOST);
	ck_assert_int_eq(err.backend_code, 719);
	FAKE_BACKEND()->close(self);
	ck_assert_uint_eq(fake_live(), 0);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE(one_fault_that_ends_the_context_is_remembered, "WORKER-4032", "availability",
	             "a device that is gone"),
		CASE(closing_tries_again_when_the_context_cannot_be_entered, "MS-004",
	             "availability", "driver objects left behind"),
		CASE(padding_of_an_allocation_is_zero_though_new_memory_is_not, "VR-007 MS-005",
	             "confidentiality", "what others left in VRAM"),
		CASE(range_of_which_a_part_is_gone_is_not_device_memory, "VP-005 VP-006",
	             "residency", "use after free on the device"),
		CASE(kernel_image_that_corrupts_the_context_loses_the_device, "WORKER-4032",
	             "availability", "a context used after its end"),
		CASE(hundreds_of_allocations_take_no_descriptor_each, "", "availability", ""),
	};

	suite_backend(FAKE_BACKEND()->name);
	return suite_run("unit_" FAKE_NAME "_device", "backend", cases, COUNT(cases));
}
