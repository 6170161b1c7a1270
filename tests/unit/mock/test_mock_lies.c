/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a test can make the mock do: flip a bit, lie about residency, refuse writes, lose a device.
 */
#include "mock_fixture.h"

START_TEST(flip_changes_one_bit_of_one_byte)
{
	CLEANUP(mock_fixture_end) struct mock_fixture r = mock_fixture_begin();
	uint8_t *want = content(4096, 1);
	uint64_t addr;
	vres_bmem *mem = mock_fixture_alloc(&r, 4096, &addr);
	uint8_t *got;

	mock_fixture_write(&r, mem, 4096, 1);
	for (unsigned bit = 0; bit < 8; bit++) {
		ck_assert_int_eq(vres_mock_flip(r.mock, addr + 511 * bit, bit), VRES_OK);
		want[511 * bit] ^= (uint8_t)(1u << bit);
	}
	got = mock_fixture_read(&r, mem, 4096);
	ck_assert_mem_eq(got, want, 4096);
	ck_assert_int_eq(vres_mock_flip(r.mock, addr, 8), VRES_E_INVALID_INPUT);
	ck_assert_int_eq(vres_mock_flip(r.mock, addr + 4096, 0), VRES_E_INVALID_INPUT);
	ck_assert_int_eq(vres_mock_flip(r.mock, addr - 1, 0), VRES_E_INVALID_INPUT);
	ck_assert_int_eq(vres_mock_flip(r.mock, 0, 0), VRES_E_INVALID_INPUT);
	mock_fixture_release(&r, mem);
	ck_assert_int_eq(vres_mock_flip(r.mock, addr, 0), VRES_E_INVALID_INPUT);
	test_free(got);
	test_free(want);
}
END_TEST

START_TEST(flip_reaches_read_only_and_foreign_memory)
{
	CLEANUP(mock_fixture_end) struct mock_fixture r = mock_fixture_begin();
	uint64_t addr, foreign;
	vres_bmem *mem = mock_fixture_alloc(&r, 1, &addr);
	vres_bmem *adopted;
	uint8_t *bytes;
	vres_error err;

	ck_ok(r.ops->mem_protect(mem, 1, &err));
	ck_assert_int_eq(vres_mock_flip(r.mock, addr, 0), VRES_OK);
	bytes = mock_fixture_read(&r, mem, 1);
	ck_assert_uint_eq(bytes[0], 1);
	test_free(bytes);

	ck_assert_int_eq(vres_mock_alloc(r.mock, 0, 1, NULL, &foreign), VRES_OK);
	ck_assert_int_eq(vres_mock_flip(r.mock, foreign, 1), VRES_OK);
	ck_ok(r.ops->mem_adopt(r.dev[0], foreign, 1, &adopted, &err));
	bytes = mock_fixture_read(&r, adopted, 1);
	ck_assert_uint_eq(bytes[0], 2);
	test_free(bytes);
	mock_fixture_release(&r, adopted);
	mock_fixture_release(&r, mem);
}
END_TEST

START_TEST(pretended_facts_are_answered_until_the_truth_is_told_again)
{
	CLEANUP(mock_fixture_end) struct mock_fixture r = mock_fixture_begin();
	static const struct {
		uint32_t pretend, facts;
	} lies[] = {
		{VRES_MOCK_MANAGED, VRES_MEM_DEVICE | VRES_MEM_MANAGED},
		{VRES_MOCK_HOST_MAPPED, VRES_MEM_DEVICE | VRES_MEM_HOST_MAPPED},
		{VRES_MOCK_EXPORTABLE, VRES_MEM_DEVICE | VRES_MEM_EXPORTABLE},
		{VRES_MOCK_MANAGED | VRES_MOCK_EXPORTABLE,
	         VRES_MEM_DEVICE | VRES_MEM_MANAGED | VRES_MEM_EXPORTABLE},
		{0, VRES_MEM_DEVICE},
	};
	uint64_t addr;
	vres_bmem *mem = mock_fixture_alloc(&r, 8192, &addr);
	vres_bmem *other = mock_fixture_alloc(&r, 8192, NULL);
	const vres_residency truth = mock_fixture_residency(&r, mem);

	for (size_t i = 0; i < COUNT(lies); i++) {
		vres_residency answer;

		vres_mock_pretend(r.mock, addr + 8191, lies[i].pretend);
		answer = mock_fixture_residency(&r, mem);
		ck_assert_uint_eq(answer.facts, lies[i].facts);
		ck_assert_mem_eq(answer.identity, truth.identity, sizeof(truth.identity));
		ck_assert_uint_eq(mock_fixture_residency(&r, other).facts, VRES_MEM_DEVICE);
	}
	vres_mock_pretend(r.mock, addr + 8192, VRES_MOCK_MANAGED);
	ck_assert_uint_eq(mock_fixture_residency(&r, mem).facts, VRES_MEM_DEVICE);
	mock_fixture_release(&r, mem);
	mock_fixture_release(&r, other);
}
END_TEST

START_TEST(moved_memory_has_another_identity_at_the_same_address)
{
	CLEANUP(mock_fixture_end) struct mock_fixture r = mock_fixture_begin();
	uint64_t addr;
	vres_bmem *mem = mock_fixture_alloc(&r, 4096, &addr);
	const vres_residency truth = mock_fixture_residency(&r, mem);
	vres_residency answer;

	vres_mock_pretend(r.mock, addr, VRES_MOCK_MOVED);
	answer = mock_fixture_residency(&r, mem);
	ck_assert_mem_ne(answer.identity, truth.identity, sizeof(truth.identity));
	ck_assert_uint_eq(answer.base, truth.base);
	ck_assert_uint_eq(answer.facts, truth.facts);
	vres_mock_pretend(r.mock, addr, 0);
	answer = mock_fixture_residency(&r, mem);
	ck_assert_mem_eq(&answer, &truth, sizeof(truth));
	mock_fixture_release(&r, mem);
}
END_TEST

START_TEST(device_lost_by_a_script_stays_lost_and_no_other_is)
{
	CLEANUP(mock_fixture_end) struct mock_fixture r = mock_fixture_begin();
	vres_bmem *mem = mock_fixture_alloc(&r, 4096, NULL);
	vres_device_status status = {.struct_size = sizeof(status)};
	vres_device_props props = {.struct_size = sizeof(props)};
	vres_bdev *dev = NULL;
	uint32_t count;
	vres_error err;

	vres_mock_lose_device(r.mock, 2);
	vres_mock_lose_device(r.mock, UINT32_MAX);
	vres_mock_fail(r.mock, VRES_MOCK_OP_MEM_WIPE, 1, VRES_E_DEVICE_LOST);
	ck_status_reason(r.ops->mem_wipe(mem, &err), VRES_E_DEVICE_LOST, VRES_REASON_DEVICE);
	ck_assert_uint_eq(err.gpu_device, 0);
	ck_status(r.ops->mem_wipe(mem, &err), VRES_E_DEVICE_LOST);
	ck_status(r.ops->device_status(r.dev[0], &status, &err), VRES_E_DEVICE_LOST);
	ck_status(r.ops->device_open(r.self, 0, &props, &dev, &err), VRES_E_DEVICE_LOST);
	ck_status(r.ops->mem_release(mem, &err), VRES_E_DEVICE_LOST);
	ck_assert_uint_eq(vres_mock_live_handles(r.mock), 3);
	ck_ok(r.ops->device_status(r.dev[1], &status, &err));
	ck_assert_uint_eq(status.free_bytes, CAPACITY);
	ck_ok(r.ops->device_count(r.self, &count, &err));
	vres_mock_lose_device(r.mock, 1);
	ck_status(r.ops->device_status(r.dev[1], &status, &err), VRES_E_DEVICE_LOST);
}
END_TEST

START_TEST(wipe_of_a_read_only_mapping_loses_the_device)
{
	CLEANUP(mock_fixture_end) struct mock_fixture r = mock_fixture_begin();
	vres_bmem *mem = mock_fixture_alloc(&r, 4096, NULL);
	vres_bmem *other = mock_fixture_alloc(&r, 4096, NULL);
	vres_error err;

	ck_ok(r.ops->mem_protect(mem, 1, &err));
	ck_ok(r.ops->mem_wipe(other, &err));
	ck_status_reason(r.ops->mem_wipe(mem, &err), VRES_E_DEVICE_LOST, VRES_REASON_DEVICE);
	ck_status(r.ops->mem_wipe(other, &err), VRES_E_DEVICE_LOST);
	(void)r.ops->mem_release(mem, &err);
	(void)r.ops->mem_release(other, &err);
}
END_TEST

START_TEST(adopted_memory_keeps_its_owners_protection)
{
	CLEANUP(mock_fixture_end) struct mock_fixture r = mock_fixture_begin();
	uint64_t addr;
	vres_bmem *mem;
	vres_error err;

	ck_assert_int_eq(vres_mock_alloc(r.mock, 0, 4096, NULL, &addr), VRES_OK);
	ck_ok(r.ops->mem_adopt(r.dev[0], addr, 4096, &mem, &err));
	ck_status(r.ops->mem_protect(mem, 1, &err), VRES_E_UNSUPPORTED);
	ck_assert_uint_eq(mock_fixture_residency(&r, mem).facts, VRES_MEM_DEVICE);
	mock_fixture_release(&r, mem);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE(flip_changes_one_bit_of_one_byte, "VR-004", "integrity", "a bit flip in VRAM"),
		CASE(flip_reaches_read_only_and_foreign_memory, "VR-004", "integrity",
	             "a bit flip in VRAM"),
		CASE(pretended_facts_are_answered_until_the_truth_is_told_again, "VP-005 M0-W-1012",
	             "residency", "weights outside VRAM"),
		CASE(moved_memory_has_another_identity_at_the_same_address, "VP-006 VR-004",
	             "residency", "memory replaced behind one address"),
		CASE(device_lost_by_a_script_stays_lost_and_no_other_is, "WORKER-4032",
	             "availability", "a device that is gone"),
		CASE(wipe_of_a_read_only_mapping_loses_the_device, "WORKER-4112", "integrity",
	             "a stray write to sealed memory"),
		CASE(adopted_memory_keeps_its_owners_protection, "WORKER-4112", "", ""),
	};

	return suite_run("mock_lies", "mock", cases, COUNT(cases));
}
