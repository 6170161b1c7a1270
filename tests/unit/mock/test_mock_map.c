/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Host memory that a test maps as memory of a simulated device. */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "mock/span.h"
#include "mock_fixture.h"

/* Mappings need no alignment, so these tests use odd addresses and sizes. */
#define ODD   3
#define BYTES 10001

static uint64_t mapped(struct mock_fixture *r, uint32_t device, void *host, uint64_t bytes)
{
	uint64_t addr = 0;

	ck_assert_int_eq(vres_mock_map(r->mock, device, host, bytes, &addr), VRES_OK);
	ck_assert_uint_eq(addr, (uint64_t)(uintptr_t)host);
	return addr;
}

static vres_bmem *adopted(struct mock_fixture *r, uint64_t addr, uint64_t bytes)
{
	vres_bmem *mem = NULL;

	ck_assert_msg(r->ops->mem_adopt(r->dev[0], addr, bytes, &mem, &r->err) == VRES_OK, "%s",
	              r->err.message);
	return mem;
}

START_TEST(mapped_memory_is_read_where_it_lies_at_any_alignment)
{
	CLEANUP(mock_fixture_end) struct mock_fixture r = mock_fixture_begin();
	uint8_t *host = test_alloc(BYTES + ODD);
	vres_residency residency;
	vres_bmem *mem;

	content_fill(host + ODD, BYTES, 3, 0);
	mem = adopted(&r, mapped(&r, 0, host + ODD, BYTES), BYTES);
	mock_fixture_holds(&r, mem, BYTES, 3);
	content_fill(host + ODD, BYTES, 4, 0); /* the owner may write at any time */
	mock_fixture_holds(&r, mem, BYTES, 4);
	residency = mock_fixture_residency(&r, mem);
	ck_assert_uint_eq(residency.facts, VRES_MEM_DEVICE);
	ck_assert_uint_eq(residency.base, (uint64_t)(uintptr_t)(host + ODD));
	ck_assert_uint_eq(residency.bytes, BYTES);
	mock_fixture_release(&r, mem);
	vres_mock_unmap(r.mock, (uint64_t)(uintptr_t)(host + ODD));
	test_free(host);
}
END_TEST

START_TEST(mapped_memory_counts_against_the_capacity_until_it_is_unmapped)
{
	CLEANUP(mock_fixture_end) struct mock_fixture r = mock_fixture_begin();
	uint8_t *host = test_alloc(CAPACITY);
	const uint64_t addr = mapped(&r, 1, host, BYTES);
	uint64_t other = 7;

	ck_assert_uint_eq(mock_fixture_free_bytes(&r, 1), CAPACITY - 12288);
	ck_assert_uint_eq(mock_fixture_free_bytes(&r, 0), CAPACITY);
	ck_assert_int_eq(vres_mock_map(r.mock, 1, host + BYTES, CAPACITY - BYTES, &other),
	                 VRES_E_INSUFFICIENT_VRAM);
	ck_assert_uint_eq(other, 7);
	vres_mock_unmap(r.mock, addr + 1);
	vres_mock_free(r.mock, addr);
	ck_assert_uint_eq(mock_fixture_free_bytes(&r, 1), CAPACITY - 12288);
	vres_mock_unmap(r.mock, addr);
	vres_mock_unmap(r.mock, addr);
	ck_assert_uint_eq(mock_fixture_free_bytes(&r, 1), CAPACITY);
	vres_mock_unmap(r.mock, mapped(&r, 1, host, CAPACITY));
	test_free(host);
}
END_TEST

START_TEST(neighbours_are_mapped_apart_and_overlaps_are_refused)
{
	CLEANUP(mock_fixture_end) struct mock_fixture r = mock_fixture_begin();
	uint8_t *host = test_alloc(3 * BYTES);
	uint64_t other = 7, first, second, third;
	vres_bmem *mem;
	vres_error err;

	second = mapped(&r, 0, host + BYTES, BYTES);
	first = mapped(&r, 0, host, BYTES);
	third = mapped(&r, 1, host + 2 * BYTES, 1);
	ck_assert_int_eq(vres_mock_map(r.mock, 0, host, 1, &other), VRES_E_INVALID_INPUT);
	ck_assert_int_eq(vres_mock_map(r.mock, 0, host + 2 * BYTES - 1, 1, &other),
	                 VRES_E_INVALID_INPUT);
	ck_assert_int_eq(vres_mock_map(r.mock, 0, host, 3 * BYTES, &other), VRES_E_INVALID_INPUT);
	ck_assert_uint_eq(other, 7);
	ck_assert_uint_eq(mock_fixture_free_bytes(&r, 0), CAPACITY - 2 * 12288);
	/* Memory is adopted within one mapping.  The range ends in the next one. */
	ck_status(r.ops->mem_adopt(r.dev[0], first + 1, BYTES, &mem, &err), VRES_E_INVALID_INPUT);
	mem = adopted(&r, first, BYTES);
	ck_assert_uint_eq(mock_fixture_residency(&r, mem).base, first);
	vres_mock_unmap(r.mock, second);
	ck_assert_uint_eq(mock_fixture_residency(&r, mem).base, first);
	mock_fixture_release(&r, mem);
	vres_mock_unmap(r.mock, first);
	vres_mock_unmap(r.mock, third);
	test_free(host);
}
END_TEST

START_TEST(memory_of_the_mock_is_not_mapped_again)
{
	CLEANUP(mock_fixture_end) struct mock_fixture r = mock_fixture_begin();
	uint64_t addr, other = 7;
	vres_bmem *mem = mock_fixture_alloc(&r, 8192, &addr);

	ck_assert_int_eq(vres_mock_map(r.mock, 0, (void *)(uintptr_t)(addr + 100), 1, &other),
	                 VRES_E_INVALID_INPUT);
	ck_assert_uint_eq(other, 7);
	vres_mock_unmap(r.mock, addr); /* not a mapping, so nothing happens */
	mock_fixture_write(&r, mem, 8192, 1);
	mock_fixture_release(&r, mem);
}
END_TEST

START_TEST(what_cannot_be_mapped_is_a_status)
{
	CLEANUP(mock_fixture_end) struct mock_fixture r = mock_fixture_begin();
	uint8_t byte = 1;
	uint64_t out = 7;

	ck_assert_int_eq(vres_mock_map(NULL, 0, &byte, 1, &out), VRES_E_INVALID_INPUT);
	ck_assert_int_eq(vres_mock_map(r.mock, 2, &byte, 1, &out), VRES_E_INVALID_INPUT);
	ck_assert_int_eq(vres_mock_map(r.mock, 0, NULL, 1, &out), VRES_E_INVALID_INPUT);
	ck_assert_int_eq(vres_mock_map(r.mock, 0, &byte, 0, &out), VRES_E_INVALID_INPUT);
	ck_assert_int_eq(vres_mock_map(r.mock, 0, &byte, UINT64_MAX, &out), VRES_E_INVALID_INPUT);
	ck_assert_int_eq(vres_mock_map(r.mock, 0, &byte, 1, NULL), VRES_E_INVALID_INPUT);
	alloc_fail(1, false);
	ck_assert_int_eq(vres_mock_map(r.mock, 0, &byte, 1, &out), VRES_E_NO_MEMORY);
	ck_assert(alloc_disarm());
	ck_assert_uint_eq(out, 7);
	ck_assert_uint_eq(mock_fixture_free_bytes(&r, 0), CAPACITY);
}
END_TEST

START_TEST(each_map_is_another_allocation_to_a_residency_query)
{
	CLEANUP(mock_fixture_end) struct mock_fixture r = mock_fixture_begin();
	uint8_t *host = test_alloc(BYTES);
	const uint64_t addr = mapped(&r, 0, host, BYTES);
	vres_bmem *mem = adopted(&r, addr, BYTES);
	const vres_residency first = mock_fixture_residency(&r, mem);
	vres_residency second;

	vres_mock_unmap(r.mock, addr);
	ck_assert_uint_eq(mock_fixture_residency(&r, mem).facts, 0);
	(void)mapped(&r, 0, host, BYTES);
	second = mock_fixture_residency(&r, mem);
	ck_assert_uint_eq(second.facts, VRES_MEM_DEVICE);
	ck_assert_uint_ne(second.identity[0], first.identity[0]);
	mock_fixture_release(&r, mem);
	vres_mock_unmap(r.mock, addr);
	test_free(host);
}
END_TEST

START_TEST(mapped_memory_stays_as_it_is_when_all_is_given_back)
{
	struct mock_fixture r = mock_fixture_begin();
	uint8_t *host = content(BYTES, 5), *want = content(BYTES, 5);
	const uint64_t addr = mapped(&r, 0, host, BYTES);
	const uint64_t blocks = alloc_live();
	vres_bmem *mem = adopted(&r, addr, BYTES);

	mock_fixture_release(&r, mem);
	ck_assert_uint_eq(vres_mock_unwiped(r.mock), 0);
	ck_assert_uint_eq(alloc_live(), blocks);
	ck_assert_int_eq(vres_mock_flip(r.mock, addr + BYTES - 1, 7), VRES_OK);
	ck_assert_uint_eq(host[BYTES - 1], want[BYTES - 1] ^ 0x80);
	host[BYTES - 1] ^= 0x80;
	mock_fixture_end(&r); /* destroys the mock */
	ck_assert_mem_eq(host, want, BYTES);
	test_free(host);
	test_free(want);
}
END_TEST

/* What a thread unmaps, and whether it is back. */
struct unmapping {
	vres_mock *mock;
	uint64_t addr;
	atomic_bool done;
};

static void *unmap(void *arg)
{
	struct unmapping *u = arg;

	vres_mock_unmap(u->mock, u->addr);
	atomic_store(&u->done, true);
	return NULL;
}

START_TEST(unmap_waits_for_a_call_at_work_and_lets_no_further_one_in)
{
	CLEANUP(mock_fixture_end) struct mock_fixture r = mock_fixture_begin();
	uint8_t *host = test_alloc(BYTES);
	struct unmapping u = {.mock = r.mock, .addr = mapped(&r, 0, host, BYTES)};
	struct vres_mock_span *at_work, *late;
	bool gone = false;
	pthread_t thread;
	vres_error err;

	ck_ok(vres_mock_span_enter(r.mock, u.addr, BYTES, ACCESS_READ, &at_work, &err));
	ck_assert_int_eq(pthread_create(&thread, NULL, unmap, &u), 0);
	while (!gone) {
		(void)pthread_mutex_lock(&r.mock->lock);
		gone = vres_mock_span_find(r.mock, u.addr, 1) == NULL;
		(void)pthread_mutex_unlock(&r.mock->lock);
	}
	/* Time for the other thread to return too early. */
	for (int i = 0; i < 10000; i++)
		(void)sched_yield();
	ck_assert(!atomic_load(&u.done));
	ck_status(vres_mock_span_enter(r.mock, u.addr, BYTES, ACCESS_READ, &late, &err),
	          VRES_E_BACKEND);
	vres_mock_span_leave(r.mock, at_work);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	ck_assert(atomic_load(&u.done));
	ck_assert_uint_eq(mock_fixture_free_bytes(&r, 0), CAPACITY);
	test_free(host);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE(mapped_memory_is_read_where_it_lies_at_any_alignment, "VP-005", "residency",
	             "memory that an engine owns"),
		CASE(mapped_memory_counts_against_the_capacity_until_it_is_unmapped,
	             "RP-001 MS-004", "availability", ""),
		CASE(neighbours_are_mapped_apart_and_overlaps_are_refused, "MS-007", "integrity",
	             "a range that leaves its memory"),
		CASE(memory_of_the_mock_is_not_mapped_again, "MS-004", "integrity", ""),
		CASE(what_cannot_be_mapped_is_a_status, "WORKER-4150", "availability", ""),
		CASE(each_map_is_another_allocation_to_a_residency_query, "VP-005 VP-006",
	             "residency", "other memory at the same address"),
		CASE(mapped_memory_stays_as_it_is_when_all_is_given_back, "MS-004", "integrity",
	             "memory freed under its owner"),
		CASE(unmap_waits_for_a_call_at_work_and_lets_no_further_one_in, "MS-004",
	             "availability", "use after free"),
	};

	return suite_run("mock_map", "mock", cases, COUNT(cases));
}
