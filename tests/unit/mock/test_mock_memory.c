/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Memory of the mock: memory that a test owns, bytes left in freed memory, and bounds. */
#include <errno.h>
#include <sys/mman.h>
#include "mock_fixture.h"

START_TEST(foreign_memory_counts_and_only_its_owner_frees_it)
{
	CLEANUP(mock_fixture_end) struct mock_fixture r = mock_fixture_begin();
	uint8_t *bytes = content(10000, 3);
	uint64_t addr = 0;
	vres_bmem *mem;
	vres_error err;

	ck_assert_int_eq(vres_mock_alloc(r.mock, 0, 10000, bytes, &addr), VRES_OK);
	ck_assert_uint_eq(mock_fixture_free_bytes(&r, 0), CAPACITY - 12288);
	ck_ok(r.ops->mem_adopt(r.dev[0], addr, 10000, &mem, &err));
	mock_fixture_holds(&r, mem, 10000, 3);
	mock_fixture_release(&r, mem);
	ck_assert_uint_eq(mock_fixture_free_bytes(&r, 0), CAPACITY - 12288);
	ck_assert_uint_eq(vres_mock_unwiped(r.mock), 0);
	vres_mock_free(r.mock, addr + 1);
	vres_mock_free(r.mock, 0);
	ck_assert_uint_eq(mock_fixture_free_bytes(&r, 0), CAPACITY - 12288);
	vres_mock_free(r.mock, addr);
	vres_mock_free(r.mock, addr);
	ck_assert_uint_eq(mock_fixture_free_bytes(&r, 0), CAPACITY);
	test_free(bytes);
}
END_TEST

START_TEST(foreign_memory_that_cannot_be_made_is_a_status)
{
	CLEANUP(mock_fixture_end) struct mock_fixture r = mock_fixture_begin();
	uint64_t addr = 7;

	ck_assert_int_eq(vres_mock_alloc(r.mock, 0, 0, NULL, &addr), VRES_E_INVALID_INPUT);
	ck_assert_int_eq(vres_mock_alloc(r.mock, 2, 1, NULL, &addr), VRES_E_INVALID_INPUT);
	ck_assert_int_eq(vres_mock_alloc(NULL, 0, 1, NULL, &addr), VRES_E_INVALID_INPUT);
	ck_assert_int_eq(vres_mock_alloc(r.mock, 0, 1, NULL, NULL), VRES_E_INVALID_INPUT);
	ck_assert_int_eq(vres_mock_alloc(r.mock, 0, CAPACITY + 1, NULL, &addr),
	                 VRES_E_INSUFFICIENT_VRAM);
	ck_assert_uint_eq(addr, 7);
	ck_assert_uint_eq(mock_fixture_free_bytes(&r, 0), CAPACITY);
}
END_TEST

START_TEST(owned_memory_is_not_freed_as_if_it_were_foreign)
{
	CLEANUP(mock_fixture_end) struct mock_fixture r = mock_fixture_begin();
	uint64_t addr;
	vres_bmem *mem = mock_fixture_alloc(&r, 4096, &addr);

	mock_fixture_write(&r, mem, 4096, 1);
	vres_mock_free(r.mock, addr);
	mock_fixture_holds(&r, mem, 4096, 1);
	mock_fixture_release(&r, mem);
}
END_TEST

START_TEST(adopted_memory_whose_owner_freed_it_has_no_facts_and_takes_no_work)
{
	CLEANUP(mock_fixture_end) struct mock_fixture r = mock_fixture_begin();
	vres_blane *lane = mock_fixture_lane(&r, 100, NULL);
	vres_residency residency;
	uint64_t addr;
	vres_bmem *mem;
	vres_error err;

	ck_assert_int_eq(vres_mock_alloc(r.mock, 0, 10000, NULL, &addr), VRES_OK);
	ck_ok(r.ops->mem_adopt(r.dev[0], addr + 10, 5000, &mem, &err));
	residency = mock_fixture_residency(&r, mem);
	ck_assert_uint_eq(residency.facts, VRES_MEM_DEVICE);
	ck_assert_uint_eq(residency.base, addr);
	ck_assert_uint_eq(residency.bytes, 12288);
	vres_mock_free(r.mock, addr);
	ck_assert_uint_eq(mock_fixture_residency(&r, mem).facts, 0);
	ck_ok(r.ops->lane_pull(lane, mem, 0, 100, &err));
	ck_status_reason(r.ops->lane_wait(lane, PATIENCE, &err), VRES_E_BACKEND,
	                 VRES_REASON_DEVICE);
	mock_fixture_wait(&r, lane);
	ck_status(r.ops->mem_wipe(mem, &err), VRES_E_BACKEND);
	r.ops->lane_close(lane);
	mock_fixture_release(&r, mem);
}
END_TEST

START_TEST(memory_of_another_device_is_adopted_and_residency_says_whose_it_is)
{
	CLEANUP(mock_fixture_end) struct mock_fixture r = mock_fixture_begin();
	uint64_t addr;
	vres_bmem *mem;
	vres_error err;

	ck_assert_int_eq(vres_mock_alloc(r.mock, 1, 4096, NULL, &addr), VRES_OK);
	ck_ok(r.ops->mem_adopt(r.dev[0], addr, 4096, &mem, &err));
	ck_assert_uint_eq(mock_fixture_residency(&r, mem).device, 1);
	mock_fixture_release(&r, mem);
}
END_TEST

START_TEST(release_of_bytes_that_are_not_zero_is_counted)
{
	CLEANUP(mock_fixture_end) struct mock_fixture r = mock_fixture_begin();
	uint64_t addr;
	vres_bmem *mem;
	vres_error err;

	mock_fixture_release(&r, mock_fixture_alloc(&r, 5000, NULL));
	ck_assert_uint_eq(vres_mock_unwiped(r.mock), 0);

	/* The first and the last byte of the capacity are looked at, too. */
	mem = mock_fixture_alloc(&r, 5000, &addr);
	ck_assert_int_eq(vres_mock_flip(r.mock, addr, 0), VRES_OK);
	mock_fixture_release(&r, mem);
	ck_assert_uint_eq(vres_mock_unwiped(r.mock), 1);
	mem = mock_fixture_alloc(&r, 5000, &addr);
	ck_assert_int_eq(vres_mock_flip(r.mock, addr + 8191, 7), VRES_OK);
	mock_fixture_release(&r, mem);
	ck_assert_uint_eq(vres_mock_unwiped(r.mock), 2);

	mem = mock_fixture_alloc(&r, 1, NULL);
	mock_fixture_fill(&r, mem, 4096, 0xff);
	mock_fixture_release(&r, mem);
	ck_assert_uint_eq(vres_mock_unwiped(r.mock), 3);

	mem = mock_fixture_alloc(&r, 5000, NULL);
	mock_fixture_write(&r, mem, 5000, 1);
	ck_ok(r.ops->mem_wipe(mem, &err));
	mock_fixture_release(&r, mem);
	ck_assert_uint_eq(vres_mock_unwiped(r.mock), 3);
}
END_TEST

START_TEST(memory_outside_its_bounds_or_its_device_is_refused)
{
	CLEANUP(mock_fixture_end) struct mock_fixture r = mock_fixture_begin();
	vres_bmem *mem = mock_fixture_alloc(&r, 4096, NULL);
	vres_blane *lane = mock_fixture_lane(&r, 1000, NULL);
	const vres_hash_run run = {mem, 4095, 2};
	uint8_t digest[32];
	uint64_t echo;
	const vres_hash_job job = {sizeof(job), &run, 1, 4096, 0, digest, 1, &echo};
	vres_bmem *theirs;
	vres_mem_info info;
	vres_error err;

	ck_status(r.ops->lane_push(lane, mem, 4096, 1, &err), VRES_E_INVALID_INPUT);
	ck_status(r.ops->lane_push(lane, mem, 3500, 597, &err), VRES_E_INVALID_INPUT);
	ck_status(r.ops->lane_pull(lane, mem, UINT64_MAX, 2, &err), VRES_E_INVALID_INPUT);
	ck_status(r.ops->lane_pull(lane, mem, 0, 1001, &err), VRES_E_INVALID_INPUT);
	ck_status(r.ops->hash_blocks(lane, &job, &err), VRES_E_INVALID_INPUT);
	ck_ok(r.ops->mem_alloc(r.dev[1], 4096, &theirs, &info, &err));
	ck_status(r.ops->lane_pull(lane, theirs, 0, 1, &err), VRES_E_INVALID_INPUT);
	mock_fixture_wait(&r, lane);
	r.ops->lane_close(lane);
	mock_fixture_release(&r, mem);
	mock_fixture_release(&r, theirs);
}
END_TEST

static bool is_mapped(uint64_t addr)
{
	unsigned char in_core;

	return mincore((void *)(uintptr_t)addr, 1, &in_core) == 0 || errno != ENOMEM;
}

START_TEST(freed_memory_is_unmapped)
{
	CLEANUP(mock_fixture_end) struct mock_fixture r = mock_fixture_begin();
	uint64_t addr, foreign;
	vres_bmem *mem = mock_fixture_alloc(&r, 8192, &addr);

	ck_assert_int_eq(vres_mock_alloc(r.mock, 1, 8192, NULL, &foreign), VRES_OK);
	ck_assert(is_mapped(addr) && is_mapped(foreign));
	mock_fixture_release(&r, mem);
	ck_assert(!is_mapped(addr) && is_mapped(foreign));
	vres_mock_free(r.mock, foreign);
	ck_assert(!is_mapped(foreign));
}
END_TEST

START_TEST(destroying_the_mock_frees_foreign_memory)
{
	const uint64_t blocks = alloc_live();
	uint64_t addr[3];
	vres_mock *mock;
	vres_error err;

	ck_ok(vres_mock_create(NULL, &mock, &err));
	for (size_t i = 0; i < COUNT(addr); i++)
		ck_assert_int_eq(vres_mock_alloc(mock, 0, 5000, NULL, &addr[i]), VRES_OK);
	vres_mock_destroy(mock);
	for (size_t i = 0; i < COUNT(addr); i++)
		ck_assert(!is_mapped(addr[i]));
	ck_assert_uint_eq(alloc_live(), blocks);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE(foreign_memory_counts_and_only_its_owner_frees_it, "RP-001 MS-004",
	             "availability", "memory freed under its owner"),
		CASE(foreign_memory_that_cannot_be_made_is_a_status, "WORKER-4150", "availability",
	             ""),
		CASE(owned_memory_is_not_freed_as_if_it_were_foreign, "MS-004", "integrity", ""),
		CASE(adopted_memory_whose_owner_freed_it_has_no_facts_and_takes_no_work,
	             "VP-005 M0-W-1012", "residency", "an owner that frees early"),
		CASE(memory_of_another_device_is_adopted_and_residency_says_whose_it_is,
	             "VP-005 VP-006", "residency", "a shard on another GPU"),
		CASE(release_of_bytes_that_are_not_zero_is_counted, "VR-007", "confidentiality",
	             "weights left in freed memory"),
		CASE(memory_outside_its_bounds_or_its_device_is_refused, "MS-007 VR-006",
	             "integrity", "a range that leaves its memory"),
		CASE(freed_memory_is_unmapped, "MS-004 WORKER-4972", "confidentiality",
	             "use after free"),
		CASE(destroying_the_mock_frees_foreign_memory, "MS-004", "availability",
	             "leaked memory"),
	};

	return suite_run("mock_memory", "mock", cases, COUNT(cases));
}
