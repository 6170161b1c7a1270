/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A call to a backend: which ranges it may be given, and what becomes of the status and the message
 * that it returns.
 */
#include "device/backend_call.h"

#include "unit/fixture/fake_backend.h"
#include "support/suite/status.h"
#include "support/suite/suite.h"

static vres_status outcome(vres_status status, const vres_error *detail, vres_error *err)
{
	struct vres_device device = {.index = 5};

	return vres_call_outcome(&device, status, detail, "doing it", err);
}

START_TEST(backend_cannot_pass_judgement)
{
	static const int judgements[] = {400, 401, 402, 403, 900, 1, 42, 199, -1, 1000, INT32_MAX};
	static const int facts[] = {100, 104, 201, 202, 300, 302, 303, 305};
	const vres_error detail = {.message = "m"};
	vres_error err;

	for (size_t i = 0; i < COUNT(judgements); i++)
		ck_status_reason(outcome((vres_status)judgements[i], &detail, &err), VRES_E_BACKEND,
		                 VRES_REASON_DEVICE);
	for (size_t i = 0; i < COUNT(facts); i++)
		ck_assert_int_eq(outcome((vres_status)facts[i], &detail, NULL), facts[i]);
	ck_ok(outcome(VRES_OK, &detail, &err));
}
END_TEST

START_TEST(what_the_driver_said_is_kept_and_what_it_should_not_say_is_not)
{
	vres_error detail = {.status = VRES_E_POLICY_VIOLATION,
	                     .backend_code = -719,
	                     .gpu_device = 99,
	                     .reason = VRES_REASON_SIGNATURE,
	                     .needed_bytes = 7,
	                     .available_bytes = 3,
	                     .message = "launch failed"};
	vres_error err;

	ck_status_reason(outcome(VRES_E_BACKEND, &detail, &err), VRES_E_BACKEND,
	                 VRES_REASON_DEVICE);
	ck_assert_str_eq(err.message, "doing it: launch failed");
	ck_assert_int_eq(err.backend_code, -719);
	ck_assert_uint_eq(err.gpu_device, 5);
	ck_assert_uint_eq(err.needed_bytes, 0);
	detail.reason = VRES_REASON_DEADLINE;
	ck_status_reason(outcome(VRES_E_BACKEND, &detail, &err), VRES_E_BACKEND,
	                 VRES_REASON_DEADLINE);
	ck_status(outcome(VRES_E_INSUFFICIENT_VRAM, &detail, &err), VRES_E_INSUFFICIENT_VRAM);
	ck_assert_uint_eq(err.needed_bytes, 7);
	ck_assert_uint_eq(err.available_bytes, 3);
}
END_TEST

START_TEST(shortage_always_comes_with_its_numbers)
{
	CLEANUP(device_fixture_close) struct device_fixture *fixture = device_fixture_open();
	struct vres_mem mem;
	const vres_error silent = {.message = "no"};
	vres_error err;

	fixture->fake->answer[FAKE_MEM_ALLOC] = VRES_E_INSUFFICIENT_VRAM;
	ck_status(vres_mem_alloc(fixture->device, 5000, &mem, &err), VRES_E_INSUFFICIENT_VRAM);
	ck_assert_uint_eq(err.needed_bytes, 5000);
	ck_assert_uint_eq(err.available_bytes, fixture->fake->status.free_bytes);
	fixture->fake->detail.needed_bytes = 8192;
	fixture->fake->detail.available_bytes = 10;
	ck_status(vres_mem_alloc(fixture->device, 5000, &mem, &err), VRES_E_INSUFFICIENT_VRAM);
	ck_assert_uint_eq(err.needed_bytes, 8192);
	ck_assert_uint_eq(err.available_bytes, 10);
	/*
	 * Without numbers a shortage would not say how much is missing, so it becomes another
	 * status.
	 */
	ck_status(outcome(VRES_E_INSUFFICIENT_VRAM, &silent, &err), VRES_E_ALLOCATION_FAILED);
}
END_TEST

START_TEST(words_of_the_driver_are_made_one_printable_line)
{
	const vres_error detail = {.message = "bad\n\x1b[31m\xc3\xa9 end"};
	vres_error err;

	ck_status(outcome(VRES_E_BACKEND, &detail, &err), VRES_E_BACKEND);
	ck_assert_str_eq(err.message, "doing it: bad??[31m?? end");
}
END_TEST

START_TEST(message_without_an_end_is_read_no_further_than_its_field)
{
	vres_error detail = {.status = VRES_E_BACKEND}, err;

	memset(detail.message, 'x', sizeof(detail.message));
	ck_status(outcome(VRES_E_BACKEND, &detail, &err), VRES_E_BACKEND);
	ck_assert_uint_eq(strlen(err.message), sizeof(err.message) - 1);
	ck_assert_int_eq(strncmp(err.message, "doing it: xxx", 13), 0);
}
END_TEST

START_TEST(range_must_lie_inside_the_memory_and_not_be_empty)
{
	struct vres_device device = {.index = 1};
	const struct vres_mem mem = {.device = &device, .bytes = 1000, .capacity = 4096};
	static const struct {
		uint64_t offset, n;
		bool is_inside;
	} ranges[] = {
		{0, 1000, true},
		{0, 1, true},
		{999, 1, true},
		{0, 1001, false},
		{1, 1000, false},
		{1000, 1, false},
		{0, 0, false},
		{500, 0, false},
		{0, UINT64_MAX, false},
		{UINT64_MAX, 1, false},
		{1, UINT64_MAX, false},
		{UINT64_MAX, 2, false},
		{UINT64_MAX - 1, 1, false},
		{UINT64_MAX, UINT64_MAX, false},
		{1000, 3096, false},
	};
	vres_error err;

	for (size_t i = 0; i < COUNT(ranges); i++)
		ck_status(vres_call_range(&mem, ranges[i].offset, ranges[i].n, &err),
		          ranges[i].is_inside ? VRES_OK : VRES_E_INTERNAL);
	ck_assert_uint_eq(err.gpu_device, 1);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE(backend_cannot_pass_judgement, "WORKER-4032 WORKER-4151", "integrity",
	             "driver trouble taken for tampering"),
		CASE(what_the_driver_said_is_kept_and_what_it_should_not_say_is_not,
	             "WORKER-4150 WORKER-4153", "accountability", ""),
		CASE(shortage_always_comes_with_its_numbers, "WORKER-4153 WORKER-4103 RP-004",
	             "availability", ""),
		CASE(words_of_the_driver_are_made_one_printable_line, "VR-005 WORKER-4152",
	             "accountability", "log lines forged by a driver"),
		CASE(message_without_an_end_is_read_no_further_than_its_field, "VR-006", "",
	             "a read past a field"),
		CASE(range_must_lie_inside_the_memory_and_not_be_empty,
	             "MS-002 MS-006 MS-007 VR-006", "integrity",
	             "offset and length that overflow, one byte past the end"),
	};

	return suite_run("unit.backend_call", "unit", cases, COUNT(cases));
}
