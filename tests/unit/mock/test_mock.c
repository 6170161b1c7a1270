/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The mock as a device: its parameters, its capacity, its addresses, and its pages. */
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include "mock_fixture.h"

START_TEST(parameters_out_of_range_are_refused)
{
	static const struct {
		uint32_t devices;
		uint64_t bytes, granularity;
	} bad[] = {
		{65, 0, 0},    {UINT32_MAX, 0, 0},    {1, 0, 3},
		{1, 12288, 3}, {1, 4096, 8192},       {1, 4097, 4096},
		{1, 2048, 0},  {1, UINT64_MAX, 4096}, {1, 0, UINT64_MAX},
	};
	vres_mock *mock = NULL;
	vres_error err;

	for (size_t i = 0; i < COUNT(bad); i++) {
		vres_mock_params p = vres_mock_params_init();

		p.devices = bad[i].devices;
		p.bytes_per_device = bad[i].bytes;
		p.granularity = bad[i].granularity;
		ck_status(vres_mock_create(&p, &mock, &err), VRES_E_INVALID_INPUT);
		ck_assert_int_eq(vres_mock_create(&p, &mock, NULL), VRES_E_INVALID_INPUT);
	}
	ck_status(vres_mock_create(NULL, NULL, &err), VRES_E_INVALID_INPUT);
	ck_assert_ptr_null(mock);
}
END_TEST

START_TEST(parameters_of_another_version_are_taken_only_if_nothing_unknown_is_set)
{
	struct {
		vres_mock_params p;
		uint64_t newer[2];
	} longer = {.p = vres_mock_params_init()};
	vres_mock_params shorter = vres_mock_params_init();
	vres_mock *mock = NULL;
	vres_error err;

	shorter.struct_size--;
	ck_status(vres_mock_create(&shorter, &mock, &err), VRES_E_ABI);
	shorter.struct_size = 0;
	ck_status(vres_mock_create(&shorter, &mock, &err), VRES_E_ABI);
	longer.p.struct_size = sizeof(longer);
	longer.newer[1] = 1;
	ck_status(vres_mock_create(&longer.p, &mock, &err), VRES_E_ABI);
	longer.p.struct_size = SIZE_MAX;
	ck_status(vres_mock_create(&longer.p, &mock, &err), VRES_E_ABI);
	ck_assert_ptr_null(mock);
	longer.p.struct_size = sizeof(longer);
	longer.newer[1] = 0;
	ck_ok(vres_mock_create(&longer.p, &mock, &err));
	vres_mock_destroy(mock);
	vres_mock_destroy(NULL);
}
END_TEST

START_TEST(defaults_are_one_device_of_one_gib_in_pages_that_can_hash)
{
	const vres_backend *ops = vres_backend_mock();
	vres_backend_open open = {.struct_size = sizeof(open)};
	vres_device_props props = {.struct_size = sizeof(props)};
	vres_bself *self;
	vres_bdev *dev;
	uint32_t count;
	vres_error err;
	vres_mock *mock;

	ck_status(ops->open(&open, &self, &err), VRES_E_INVALID_INPUT);
	ck_ok(vres_mock_create(NULL, &mock, &err));
	open.arg = mock;
	ck_ok(ops->open(&open, &self, &err));
	ck_ok(ops->device_count(self, &count, &err));
	ck_ok(ops->device_open(self, 0, &props, &dev, &err));
	ck_assert_uint_eq(count, 1);
	ck_assert_uint_eq(props.total_bytes, UINT64_C(1) << 30);
	ck_assert_uint_eq(props.granularity, 4096);
	ck_assert_uint_eq(props.scratch_bytes, 0);
	ck_assert_uint_eq(props.facts, VRES_DEVICE_CAN_HASH | VRES_DEVICE_CAN_PROTECT);
	ck_assert_uint_eq(props.ecc, VRES_ECC_OFF);
	ck_assert_uint_ge(props.notes_count, 2);
	ops->device_close(dev);
	ops->close(self);
	vres_mock_destroy(mock);
}
END_TEST

START_TEST(mock_says_that_it_is_one)
{
	CLEANUP(mock_fixture_end) struct mock_fixture r = mock_fixture_begin();
	vres_device_props props = {.struct_size = sizeof(props)};
	vres_bdev *again;
	vres_error err;

	ck_assert_uint_eq(r.ops->flags, VRES_BACKEND_SIMULATED);
	ck_assert_str_eq(r.ops->name, "mock");
	ck_ok(r.ops->device_open(r.self, 1, &props, &again, &err));
	ck_assert_str_eq(props.name, "mock device 1");
	ck_assert_str_eq(props.uuid, "MOCK-00000000-0000-0000-0000-000000000001");
	r.ops->device_close(again);
}
END_TEST

START_TEST(whole_capacity_can_be_had_and_not_one_byte_more)
{
	CLEANUP(mock_fixture_end) struct mock_fixture r = mock_fixture_begin();
	vres_bmem *whole = mock_fixture_alloc(&r, CAPACITY, NULL);
	vres_bmem *more = NULL;
	vres_mem_info info;
	vres_error err;

	ck_assert_uint_eq(mock_fixture_free_bytes(&r, 0), 0);
	ck_assert_uint_eq(mock_fixture_free_bytes(&r, 1), CAPACITY);
	ck_status(r.ops->mem_alloc(r.dev[0], 1, &more, &info, &err), VRES_E_INSUFFICIENT_VRAM);
	ck_assert_uint_eq(err.needed_bytes, 1);
	ck_assert_uint_eq(err.available_bytes, 0);
	ck_assert_uint_eq(err.gpu_device, 0);
	ck_assert_ptr_null(more);
	mock_fixture_write(&r, whole, CAPACITY, 1);
	mock_fixture_holds(&r, whole, CAPACITY, 1);
	mock_fixture_release(&r, whole);
	ck_assert_uint_eq(mock_fixture_free_bytes(&r, 0), CAPACITY);
	mock_fixture_release(&r, mock_fixture_alloc(&r, CAPACITY, NULL));
}
END_TEST

START_TEST(managers_over_one_mock_share_its_capacity)
{
	CLEANUP(mock_fixture_end) struct mock_fixture r = mock_fixture_begin();
	const vres_backend_open open = {.struct_size = sizeof(open), .arg = r.mock};
	vres_device_props props = {.struct_size = sizeof(props)};
	vres_bmem *mine = mock_fixture_alloc(&r, CAPACITY - 4096, NULL);
	vres_bmem *theirs;
	vres_bself *self;
	vres_bdev *dev;
	vres_mem_info info;
	vres_error err;

	ck_ok(r.ops->open(&open, &self, &err));
	ck_ok(r.ops->device_open(self, 0, &props, &dev, &err));
	ck_assert_uint_eq(vres_mock_live_handles(r.mock), 6);
	ck_status(r.ops->mem_alloc(dev, 4097, &theirs, &info, &err), VRES_E_INSUFFICIENT_VRAM);
	ck_ok(r.ops->mem_alloc(dev, 4096, &theirs, &info, &err));
	ck_assert_uint_eq(mock_fixture_free_bytes(&r, 0), 0);
	mock_fixture_release(&r, theirs);
	r.ops->device_close(dev);
	r.ops->close(self);
	mock_fixture_release(&r, mine);
}
END_TEST

START_TEST(host_that_cannot_map_so_much_is_a_status)
{
	vres_mock_params params = vres_mock_params_init();
	const vres_backend *ops = vres_backend_mock();
	vres_backend_open open = {.struct_size = sizeof(open)};
	vres_device_props props = {.struct_size = sizeof(props)};
	vres_device_status status = {.struct_size = sizeof(status)};
	vres_mock *mock;
	vres_bself *self;
	vres_bdev *dev;
	vres_bmem *mem = NULL;
	vres_mem_info info;
	uint64_t addr = 7;
	vres_error err;

	params.bytes_per_device = UINT64_MAX - 4095;
	ck_ok(vres_mock_create(&params, &mock, &err));
	open.arg = mock;
	ck_ok(ops->open(&open, &self, &err));
	ck_ok(ops->device_open(self, 0, &props, &dev, &err));
	ck_status(ops->mem_alloc(dev, UINT64_MAX - 4095, &mem, &info, &err),
	          VRES_E_ALLOCATION_FAILED);
	ck_status(ops->mem_alloc(dev, UINT64_C(1) << 60, &mem, &info, &err),
	          VRES_E_ALLOCATION_FAILED);
	ck_assert_int_eq(vres_mock_alloc(mock, 0, UINT64_C(1) << 60, NULL, &addr),
	                 VRES_E_NO_MEMORY);
	ck_ok(ops->device_status(dev, &status, &err));
	ck_assert_uint_eq(status.free_bytes, params.bytes_per_device);
	ck_assert(mem == NULL && addr == 7);
	ops->device_close(dev);
	ops->close(self);
	vres_mock_destroy(mock);
}
END_TEST

START_TEST(memory_starts_as_zeros_to_the_end_of_its_capacity)
{
	CLEANUP(mock_fixture_end) struct mock_fixture r = mock_fixture_begin();
	const uint8_t zeros[8192] = {0};

	/* The second allocation is likely to get the pages of the first. */
	for (int i = 0; i < 2; i++) {
		vres_bmem *mem = mock_fixture_alloc(&r, 4097, NULL);
		uint8_t *bytes = mock_fixture_read(&r, mem, 8192);

		ck_assert_mem_eq(bytes, zeros, 8192);
		test_free(bytes);
		mock_fixture_write(&r, mem, 8192, 1);
		mock_fixture_release(&r, mem);
	}
}
END_TEST

START_TEST(wipe_reaches_the_end_of_the_capacity)
{
	CLEANUP(mock_fixture_end) struct mock_fixture r = mock_fixture_begin();
	const uint8_t zeros[8192] = {0};
	uint64_t addr;
	vres_bmem *mem = mock_fixture_alloc(&r, 4097, &addr);
	uint8_t *bytes;
	vres_error err;

	ck_assert_int_eq(vres_mock_flip(r.mock, addr + 8191, 0), VRES_OK);
	ck_ok(r.ops->mem_wipe(mem, &err));
	bytes = mock_fixture_read(&r, mem, 8192);
	ck_assert_mem_eq(bytes, zeros, 8192);
	test_free(bytes);
	mock_fixture_release(&r, mem);
	ck_assert_uint_eq(vres_mock_unwiped(r.mock), 0);
}
END_TEST

START_TEST(addresses_are_unique_across_devices_and_mocks)
{
	CLEANUP(mock_fixture_end) struct mock_fixture r = mock_fixture_begin();
	uint64_t addr[12];
	vres_mock *other;
	vres_error err;

	ck_ok(vres_mock_create(NULL, &other, &err));
	for (uint32_t i = 0; i < COUNT(addr); i++)
		ck_assert_int_eq(vres_mock_alloc(i % 3 == 2 ? other : r.mock, i % 3 == 1, 5000,
		                                 NULL, &addr[i]),
		                 VRES_OK);
	for (size_t i = 0; i < COUNT(addr); i++)
		for (size_t k = 0; k < i; k++)
			ck_assert(addr[i] >= addr[k] + 8192 || addr[k] >= addr[i] + 8192);
	vres_mock_destroy(other);
}
END_TEST

/*
 * Returns the signal that kills a child which reads or writes @byte.  The handler is reset, because
 * sanitizers would catch the signal.
 */
static int death_by(volatile uint8_t *byte, bool write)
{
	const struct rlimit no_core = {0, 0};
	const pid_t child = fork();
	int status = 0;

	ck_assert_int_ge(child, 0);
	if (child == 0) {
		(void)setrlimit(RLIMIT_CORE, &no_core);
		(void)signal(SIGSEGV, SIG_DFL);
		if (write)
			*byte = 1;
		_exit(*byte == 255);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

START_TEST(host_code_that_touches_vram_crashes)
{
	CLEANUP(mock_fixture_end) struct mock_fixture r = mock_fixture_begin();
	const uint8_t filling[100] = {1};
	uint64_t addr, foreign;
	vres_bmem *mem = mock_fixture_alloc(&r, 8192, &addr);
	vres_error err;

	/*
	 * The pages must be inaccessible right after allocation, and again after each operation
	 * that opens them for a while.
	 */
	ck_assert_int_eq(death_by((volatile uint8_t *)(uintptr_t)addr, false), SIGSEGV);
	mock_fixture_write(&r, mem, 8192, 1);
	mock_fixture_holds(&r, mem, 8192, 1);
	ck_ok(r.ops->mem_wipe(mem, &err));
	ck_assert_int_eq(vres_mock_flip(r.mock, addr + 5000, 1), VRES_OK);
	ck_assert_int_eq(vres_mock_alloc(r.mock, 0, sizeof(filling), filling, &foreign), VRES_OK);
	for (int write = 0; write < 2; write++) {
		ck_assert_int_eq(death_by((volatile uint8_t *)(uintptr_t)addr, write), SIGSEGV);
		ck_assert_int_eq(death_by((volatile uint8_t *)(uintptr_t)addr + 5000, write),
		                 SIGSEGV);
		ck_assert_int_eq(death_by((volatile uint8_t *)(uintptr_t)foreign, write), SIGSEGV);
	}
	mock_fixture_release(&r, mem);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE(parameters_out_of_range_are_refused, "RP-002 MS-003", "",
	             "a mock of impossible size"),
		CASE(parameters_of_another_version_are_taken_only_if_nothing_unknown_is_set,
	             "WORKER-4150", "", "a field that is not understood"),
		CASE(defaults_are_one_device_of_one_gib_in_pages_that_can_hash, "WORKER-4170", "",
	             ""),
		CASE(mock_says_that_it_is_one, "VP-006", "residency", "a mock taken for hardware"),
		CASE(whole_capacity_can_be_had_and_not_one_byte_more, "RP-001 VR-007 WORKER-4153",
	             "availability", "over-commitment"),
		CASE(managers_over_one_mock_share_its_capacity, "RP-001 VR-008", "availability",
	             "over-commitment"),
		CASE(host_that_cannot_map_so_much_is_a_status, "RP-002 RP-004 MS-003",
	             "availability", "an allocation that overflows"),
		CASE(memory_starts_as_zeros_to_the_end_of_its_capacity, "VR-007", "confidentiality",
	             "bytes of a former owner"),
		CASE(wipe_reaches_the_end_of_the_capacity, "VR-007", "confidentiality",
	             "weights left in the padding"),
		CASE(addresses_are_unique_across_devices_and_mocks, "MS-006 VR-008", "integrity",
	             "one address for two memories"),
		CASE(host_code_that_touches_vram_crashes, "MS-001 MS-002 WORKER-4111",
	             "confidentiality", "a device pointer used on the host"),
	};

	return suite_run("mock", "mock", cases, COUNT(cases));
}
