/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Allocating, adopting, wiping and protecting memory, and what the driver says about a range. */
#include "contract.h"

#include <string.h>
#include "support/suite/alloc.h"

#define BAD_FACTS                                                                                  \
	(VRES_MEM_MANAGED | VRES_MEM_HOST_MAPPED | VRES_MEM_EXPORTABLE | VRES_MEM_PEER_ACCESS |    \
	 VRES_MEM_READ_ONLY | VRES_MEM_POOL)

START_TEST(capacity_is_rounded_up_to_the_granularity)
{
	CLEANUP(contract_end) struct contract c = contract_begin(_i);
	const uint64_t g = c.props.granularity;
	const uint64_t sizes[] = {1, g > 1 ? g - 1 : 1, g, g + 1, 5 * g};

	for (size_t i = 0; i < COUNT(sizes); i++) {
		vres_mem_info info;
		vres_bmem *mem = contract_alloc(&c, sizes[i], &info);

		ck_assert_uint_ge(info.capacity, sizes[i]);
		ck_assert_uint_lt(info.capacity - sizes[i], g);
		ck_assert_uint_eq(info.capacity % g, 0);
		contract_release(&c, mem);
	}
}
END_TEST

START_TEST(free_memory_falls_by_the_capacity_and_returns_when_it_is_released)
{
	CLEANUP(contract_end) struct contract c = contract_begin(_i);
	const uint64_t before = contract_free_bytes(&c);
	vres_mem_info info[2];
	vres_bmem *first = contract_alloc(&c, 3 * c.props.granularity + 1, &info[0]);
	vres_bmem *second = contract_alloc(&c, 1, &info[1]);

	if (c.subject->exclusive)
		ck_assert_uint_eq(contract_free_bytes(&c),
		                  before - info[0].capacity - info[1].capacity);
	else
		ck_assert_uint_lt(contract_free_bytes(&c), before);
	contract_release(&c, first);
	contract_release(&c, second);
	if (c.subject->exclusive)
		ck_assert_uint_eq(contract_free_bytes(&c), before);
}
END_TEST

START_TEST(allocations_do_not_overlap)
{
	CLEANUP(contract_end) struct contract c = contract_begin(_i);
	vres_mem_info info[8];
	vres_bmem *mem[8];

	for (size_t i = 0; i < COUNT(mem); i++)
		mem[i] = contract_alloc(&c, c.props.granularity + 17 * i + 1000, &info[i]);
	for (size_t i = 0; i < COUNT(mem); i++)
		for (size_t k = 0; k < i; k++)
			ck_assert(info[i].addr >= info[k].addr + info[k].capacity ||
			          info[k].addr >= info[i].addr + info[i].capacity);
	for (size_t i = 0; i < COUNT(mem); i++)
		contract_write(&c, mem[i], 0, 1000, i);
	for (size_t i = 0; i < COUNT(mem); i++)
		contract_holds(&c, mem[i], 0, 1000, i);
	for (size_t i = 0; i < COUNT(mem); i++)
		contract_release(&c, mem[i]);
}
END_TEST

START_TEST(more_than_the_device_has_is_refused_and_outputs_stay)
{
	CLEANUP(contract_end) struct contract c = contract_begin(_i);
	const uint64_t before = contract_free_bytes(&c);
	const uint64_t sizes[] = {c.props.total_bytes + 1, UINT64_MAX};
	vres_mem_info info = {1, 2};
	vres_bmem *mem = (vres_bmem *)&info;
	vres_error err;

	for (size_t i = 0; i < COUNT(sizes); i++) {
		vres_status status;

		status_poison(&err);
		status = c.ops->mem_alloc(c.dev, sizes[i], &mem, &info, &err);
		ck_assert(status == VRES_E_INSUFFICIENT_VRAM || status == VRES_E_ALLOCATION_FAILED);
		ck_assert_ptr_null(status_flaw(status, &err));
		ck_assert(status != VRES_E_INSUFFICIENT_VRAM ||
		          (err.needed_bytes == sizes[i] &&
		           err.available_bytes <= c.props.total_bytes));
		ck_assert_ptr_eq(mem, (vres_bmem *)&info);
		ck_assert(info.addr == 1 && info.capacity == 2);
	}
	if (c.subject->exclusive)
		ck_assert_uint_eq(contract_free_bytes(&c), before);
}
END_TEST

START_TEST(wipe_makes_every_byte_zero)
{
	CLEANUP(contract_end) struct contract c = contract_begin(_i);
	const uint64_t bytes = 2 * c.props.granularity + 4097;
	vres_bmem *mem = contract_alloc(&c, bytes, NULL);
	vres_error err;

	contract_write(&c, mem, 0, bytes, 3);
	contract_holds(&c, mem, 0, bytes, 3);
	ck_ok(c.ops->mem_wipe(mem, &err));
	contract_holds_zeros(&c, mem, 0, bytes);
	contract_release(&c, mem);
}
END_TEST

START_TEST(residency_says_which_memory_it_is_and_nothing_bad_but_what_it_has)
{
	CLEANUP(contract_end) struct contract c = contract_begin(_i);
	const uint64_t bytes = c.props.granularity + 100;
	vres_mem_info info;
	vres_bmem *mem = contract_alloc(&c, bytes, &info);
	vres_residency r = contract_residency(&c, mem);

	ck_assert_uint_eq(r.struct_size, sizeof(r));
	ck_assert_uint_eq(r.device, c.subject->device);
	ck_assert_uint_eq(r.facts & VRES_MEM_DEVICE, VRES_MEM_DEVICE);
	ck_assert_uint_eq(r.facts & BAD_FACTS, contract_bad_facts(&c));
	ck_assert_uint_le(r.base, info.addr);
	ck_assert_uint_ge(r.base + r.bytes, info.addr + bytes);
	contract_release(&c, mem);
}
END_TEST

static bool same_identity(const vres_residency *a, const vres_residency *b)
{
	return memcmp(a->identity, b->identity, sizeof(a->identity)) == 0;
}

START_TEST(identity_stays_and_no_two_allocations_share_one)
{
	CLEANUP(contract_end) struct contract c = contract_begin(_i);
	vres_residency seen[6];

	/*
	 * Each is released before the next is allocated, so that the same address is likely to
	 * return.
	 */
	for (size_t i = 0; i < COUNT(seen); i++) {
		vres_bmem *mem = contract_alloc(&c, 1000, NULL);
		vres_residency later;

		seen[i] = contract_residency(&c, mem);
		contract_write(&c, mem, 0, 1000, i);
		later = contract_residency(&c, mem);
		ck_assert(same_identity(&seen[i], &later));
		contract_release(&c, mem);
		for (size_t k = 0; k < i && seen[i].identity[0] != 0; k++)
			ck_assert(!same_identity(&seen[i], &seen[k]));
	}
}
END_TEST

START_TEST(adopted_memory_is_the_owners_and_outlives_the_handle)
{
	CLEANUP(contract_end) struct contract c = contract_begin(_i);
	vres_mem_info info;
	vres_bmem *mem = contract_alloc(&c, 10000, &info);
	const uint64_t before = contract_free_bytes(&c);
	vres_residency own, theirs;
	vres_bmem *adopted;
	vres_error err;

	contract_write(&c, mem, 0, 10000, 5);
	ck_ok(c.ops->mem_adopt(c.dev, info.addr + 64, 9000, &adopted, &err));
	own = contract_residency(&c, mem);
	theirs = contract_residency(&c, adopted);
	ck_assert(same_identity(&own, &theirs));
	ck_assert_uint_eq(theirs.facts & (VRES_MEM_DEVICE | BAD_FACTS),
	                  VRES_MEM_DEVICE | contract_bad_facts(&c));
	ck_assert_uint_le(theirs.base, info.addr + 64);
	contract_release(&c, adopted);
	if (c.subject->exclusive)
		ck_assert_uint_eq(contract_free_bytes(&c), before);
	contract_holds(&c, mem, 0, 10000, 5);
	contract_release(&c, mem);
}
END_TEST

START_TEST(unknown_range_is_not_adopted_and_outputs_stay)
{
	CLEANUP(contract_end) struct contract c = contract_begin(_i);
	vres_mem_info info;
	vres_bmem *mem = contract_alloc(&c, 1, &info);
	vres_bmem *out = mem;
	vres_error err;
	const uint8_t *host = test_alloc(4096);

	ck_status(c.ops->mem_adopt(c.dev, 4096, 4096, &out, &err), VRES_E_INVALID_INPUT);
	ck_status(c.ops->mem_adopt(c.dev, (uint64_t)(uintptr_t)host, 4096, &out, &err),
	          VRES_E_INVALID_INPUT);
	ck_status(c.ops->mem_adopt(c.dev, info.addr, info.capacity + 1, &out, &err),
	          VRES_E_INVALID_INPUT);
	ck_status(c.ops->mem_adopt(c.dev, info.addr + 1, UINT64_MAX, &out, &err),
	          VRES_E_INVALID_INPUT);
	ck_assert_ptr_eq(out, mem);
	contract_release(&c, mem);
	test_free((void *)(uintptr_t)host);
}
END_TEST

/*
 * Hardware answers a forbidden write by losing the device, so nothing can be done with it after
 * this.
 */
START_TEST(protected_memory_can_be_read_and_no_longer_written)
{
	CLEANUP(contract_end) struct contract c = contract_begin(_i);
	vres_bmem *mem = contract_alloc(&c, 5000, NULL);
	vres_blane *lane;
	vres_error err;

	contract_write(&c, mem, 0, 5000, 8);
	if (!contract_can(&c, VRES_DEVICE_CAN_PROTECT)) {
		if (c.ops->mem_protect)
			ck_status(c.ops->mem_protect(mem, 1, &err), VRES_E_UNSUPPORTED);
		contract_release(&c, mem);
		return;
	}
	ck_ok(c.ops->mem_protect(mem, 1, &err));
	ck_assert_uint_eq(contract_residency(&c, mem).facts &
	                          (VRES_MEM_DEVICE | VRES_MEM_READ_ONLY),
	                  VRES_MEM_DEVICE | VRES_MEM_READ_ONLY);
	contract_holds(&c, mem, 0, 5000, 8);
	lane = contract_lane(&c, 4096, NULL);
	if (c.ops->lane_push(lane, mem, 100, 16, &err) == VRES_OK)
		ck_status(c.ops->lane_wait(lane, PATIENCE, &err), VRES_E_DEVICE_LOST);
	c.ops->lane_close(lane);
	(void)c.ops->mem_release(mem, &err);
}
END_TEST

START_TEST(protection_can_be_taken_back)
{
	CLEANUP(contract_end) struct contract c = contract_begin(_i);
	vres_bmem *mem = contract_alloc(&c, 5000, NULL);
	vres_error err;

	contract_write(&c, mem, 0, 5000, 9);
	if (contract_can(&c, VRES_DEVICE_CAN_PROTECT)) {
		ck_ok(c.ops->mem_protect(mem, 1, &err));
		ck_ok(c.ops->mem_protect(mem, 0, &err));
	}
	ck_assert_uint_eq(contract_residency(&c, mem).facts & VRES_MEM_READ_ONLY, 0);
	contract_holds(&c, mem, 0, 5000, 9);
	contract_write(&c, mem, 0, 5000, 10);
	ck_ok(c.ops->mem_wipe(mem, &err));
	contract_holds_zeros(&c, mem, 0, 5000);
	contract_release(&c, mem);
}
END_TEST

struct contract_part contract_memory_part(void)
{
	static const struct suite_case cases[] = {
		CASE(capacity_is_rounded_up_to_the_granularity, "RP-001 VR-007", "availability",
	             ""),
		CASE(free_memory_falls_by_the_capacity_and_returns_when_it_is_released,
	             "RP-001 VR-007 WORKER-4972", "availability", "leaked VRAM"),
		CASE(allocations_do_not_overlap, "MS-007 VR-008", "integrity",
	             "one shard written through another"),
		CASE(more_than_the_device_has_is_refused_and_outputs_stay,
	             "RP-001 RP-004 MS-003 WORKER-4153", "availability", "over-commitment"),
		CASE(wipe_makes_every_byte_zero, "VR-007", "confidentiality",
	             "weights left in freed memory"),
		CASE(residency_says_which_memory_it_is_and_nothing_bad_but_what_it_has,
	             "VP-001 VP-005 M0-W-1012", "residency", "weights outside VRAM"),
		CASE(identity_stays_and_no_two_allocations_share_one, "VP-006 VR-004", "residency",
	             "memory replaced behind one address"),
		CASE(adopted_memory_is_the_owners_and_outlives_the_handle, "MS-004", "availability",
	             "memory freed under its owner"),
		CASE(unknown_range_is_not_adopted_and_outputs_stay, "MS-006 MS-007 VP-005",
	             "residency", "host memory passed off as VRAM"),
		CASE(protected_memory_can_be_read_and_no_longer_written, "WORKER-4112", "integrity",
	             "a stray write to sealed memory"),
		CASE(protection_can_be_taken_back, "WORKER-4112", "availability", ""),
	};

	return (struct contract_part){cases, COUNT(cases)};
}
