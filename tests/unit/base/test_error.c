/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Names and texts of statuses, and how an error is made. */
#include "base/error.h"

#include <ctype.h>
#include <stdio.h>

#include "support/suite/status.h"
#include "support/suite/suite.h"

/* The numbers and names that callers rely on, written out a second time. */
static const struct {
	int status;
	const char *name;
} contract[] = {
	{0, "VRES_OK"},
	{100, "VRES_E_INVALID_INPUT"},
	{101, "VRES_E_ABI"},
	{102, "VRES_E_STATE"},
	{103, "VRES_E_NOT_SEALED"},
	{104, "VRES_E_UNSUPPORTED"},
	{105, "VRES_E_BUFFER"},
	{106, "VRES_E_NOT_FOUND"},
	{107, "VRES_E_CONFIG"},
	{200, "VRES_E_INSUFFICIENT_VRAM"},
	{201, "VRES_E_ALLOCATION_FAILED"},
	{202, "VRES_E_NO_MEMORY"},
	{203, "VRES_E_BUSY"},
	{204, "VRES_E_CANCELLED"},
	{300, "VRES_E_NO_BACKEND"},
	{301, "VRES_E_NO_DEVICE"},
	{302, "VRES_E_DEVICE_LOST"},
	{303, "VRES_E_BACKEND"},
	{304, "VRES_E_DEALLOCATION_FAILED"},
	{305, "VRES_E_IO"},
	{400, "VRES_E_SEAL_VERIFICATION_FAILED"},
	{401, "VRES_E_INTEGRITY_VIOLATION"},
	{402, "VRES_E_POLICY_VIOLATION"},
	{403, "VRES_E_AUDIT"},
	{900, "VRES_E_INTERNAL"},
};

START_TEST(every_status_has_its_number_name_class_and_a_text_of_its_own)
{
	for (size_t i = 0; i < COUNT(contract); i++) {
		const vres_status s = (vres_status)contract[i].status;

		ck_assert_str_eq(vres_status_name(s), contract[i].name);
		ck_assert_int_eq(vres_status_class(s), contract[i].status / 100);
		ck_assert_uint_gt(strlen(vres_status_text(s)), 5);
		for (size_t j = 0; j < i; j++)
			ck_assert_str_ne(vres_status_text(s),
			                 vres_status_text((vres_status)contract[j].status));
	}
}
END_TEST

START_TEST(every_other_value_is_unknown_and_counts_as_our_bug)
{
	size_t known = 0;

	for (int value = -1; value <= 1000; value++) {
		if (strcmp(vres_status_name((vres_status)value), "VRES_E_UNKNOWN") != 0) {
			known++;
			continue;
		}
		ck_assert_int_eq(vres_status_class((vres_status)value), 9);
		ck_assert_uint_gt(strlen(vres_status_text((vres_status)value)), 5);
	}
	ck_assert_uint_eq(known, COUNT(contract));
	ck_assert_int_eq(vres_status_class((vres_status)INT32_MIN), 9);
}
END_TEST

START_TEST(every_reason_has_a_word_in_lower_case)
{
	static const char *const words[] = {
		"none",    "signature",     "digest",    "residency",   "stale_session",
		"expired", "unknown_shard", "device",    "quarantined", "stopped",
		"forked",  "deadline",      "suspended", "superseded"};

	for (uint32_t i = 0; i < COUNT(words); i++)
		ck_assert_str_eq(vres_reason_name(i), words[i]);
	ck_assert_str_eq(vres_reason_name(COUNT(words)), "unknown");
	ck_assert_str_eq(vres_reason_name(UINT32_MAX), "unknown");
}
END_TEST

START_TEST(version_has_three_numbers)
{
	unsigned dots = 0;

	for (const char *c = vres_version(); *c; c++) {
		ck_assert(isdigit((unsigned char)*c) || *c == '.');
		dots += *c == '.';
	}
	ck_assert_uint_eq(dots, 2);
}
END_TEST

START_TEST(version_number_is_that_of_the_headers_and_says_what_the_text_says)
{
	const uint32_t number = vres_version_number();
	char text[40];

	ck_assert_uint_eq(number, VRES_VERSION_NUMBER);
	(void)snprintf(text, sizeof(text), "%u.%u.%u", number / 1000000, number / 1000 % 1000,
	               number % 1000);
	ck_assert_str_eq(text, vres_version());
}
END_TEST

START_TEST(class_of_an_error_takes_its_reason_into_account)
{
	vres_error err = {.status = VRES_E_SEAL_VERIFICATION_FAILED};

	ck_assert_int_eq(vres_error_class(NULL), 0);
	ck_assert_int_eq(vres_error_class(&(vres_error){.reason = VRES_REASON_STOPPED}), 0);
	for (err.reason = 0; err.reason <= VRES_REASON_SUPERSEDED; err.reason++) {
		const bool is_consequence = err.reason == VRES_REASON_QUARANTINED ||
		                            err.reason == VRES_REASON_STOPPED ||
		                            err.reason == VRES_REASON_SUSPENDED ||
		                            err.reason == VRES_REASON_SUPERSEDED;

		ck_assert_int_eq(vres_error_class(&err), is_consequence                      ? 5
		                                         : err.reason == VRES_REASON_EXPIRED ? 2
		                                                                             : 4);
	}
	err.reason = VRES_REASON_DEADLINE;
	err.status = VRES_E_BACKEND;
	ck_assert_int_eq(vres_error_class(&err), 3);
	err.status = (vres_status)777;
	ck_assert_int_eq(vres_error_class(&err), 9);
}
END_TEST

START_TEST(failing_fills_every_field_and_returns_the_status)
{
	vres_error err;

	ck_status(vres_fail(&err, VRES_E_IO, "block %d of %s", 7, "nine"), VRES_E_IO);
	ck_assert_str_eq(err.message, "block 7 of nine");
	ck_assert_uint_eq(err.reason, VRES_REASON_NONE);
	ck_assert_uint_eq(err.gpu_device, VRES_NO_DEVICE);
	ck_assert_int_eq(err.backend_code, 0);
	for (size_t i = strlen(err.message); i < sizeof(err.message); i++)
		ck_assert_int_eq(err.message[i], 0);

	ck_status(vres_fail_at(&err, VRES_E_BACKEND, VRES_REASON_DEADLINE, 3, "late"),
	          VRES_E_BACKEND);
	ck_assert_uint_eq(err.reason, VRES_REASON_DEADLINE);
	ck_assert_uint_eq(err.gpu_device, 3);
}
END_TEST

START_TEST(message_that_is_too_long_is_cut_and_still_ends)
{
	char text[400];
	vres_error err;

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	ck_status(vres_fail(&err, VRES_E_IO, "%s", text), VRES_E_IO);
	ck_assert_uint_eq(strlen(err.message), 223);
}
END_TEST

START_TEST(insufficient_vram_says_both_numbers)
{
	vres_error err;

	ck_status(vres_fail_vram(&err, 1, 1000, 10), VRES_E_INSUFFICIENT_VRAM);
	ck_assert_uint_eq(err.needed_bytes, 1000);
	ck_assert_uint_eq(err.available_bytes, 10);
	ck_assert_uint_eq(err.gpu_device, 1);
	ck_assert_str_eq(err.message,
	                 "insufficient VRAM on device 1: need 1000 bytes, have 10 bytes");
}
END_TEST

START_TEST(caller_without_a_detail_gets_the_status_alone)
{
	const vres_error kept = {.status = VRES_E_AUDIT};

	ck_assert_int_eq(vres_fail(NULL, VRES_E_IO, "x"), VRES_E_IO);
	ck_assert_int_eq(vres_fail_at(NULL, VRES_E_IO, VRES_REASON_DEVICE, 0, "x"), VRES_E_IO);
	ck_assert_int_eq(vres_fail_vram(NULL, 0, 1, 0), VRES_E_INSUFFICIENT_VRAM);
	ck_assert_int_eq(vres_fail_with(NULL, &kept), VRES_E_AUDIT);
}
END_TEST

START_TEST(detail_that_was_kept_aside_is_handed_on_whole)
{
	vres_error kept, err;

	ck_assert_int_eq(vres_fail_vram(&kept, 2, 5, 4), VRES_E_INSUFFICIENT_VRAM);
	kept.backend_code = -7;
	ck_status(vres_fail_with(&err, &kept), VRES_E_INSUFFICIENT_VRAM);
	ck_assert_mem_eq(&err, &kept, sizeof(err));
	ck_assert_int_eq(vres_fail_with(&kept, &kept), VRES_E_INSUFFICIENT_VRAM);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE(every_status_has_its_number_name_class_and_a_text_of_its_own,
	             "WORKER-4150 WORKER-4151", "", ""),
		CASE(every_other_value_is_unknown_and_counts_as_our_bug, "WORKER-4150 WORKER-4151",
	             "", "a status that looks like success"),
		CASE(every_reason_has_a_word_in_lower_case, "WORKER-4150", "accountability", ""),
		CASE(version_has_three_numbers, "", "", ""),
		CASE(version_number_is_that_of_the_headers_and_says_what_the_text_says, "", "", ""),
		CASE(class_of_an_error_takes_its_reason_into_account, "WORKER-4150", "",
	             "a consequence taken for another incident"),
		CASE(failing_fills_every_field_and_returns_the_status, "WORKER-4150", "", ""),
		CASE(message_that_is_too_long_is_cut_and_still_ends, "VR-006", "",
	             "a message past its field"),
		CASE(insufficient_vram_says_both_numbers, "WORKER-4153 WORKER-4103 RP-004", "", ""),
		CASE(caller_without_a_detail_gets_the_status_alone, "WORKER-4150", "", ""),
		CASE(detail_that_was_kept_aside_is_handed_on_whole, "WORKER-4150 WORKER-4153", "",
	             ""),
	};

	return suite_run("unit.error", "unit", cases, COUNT(cases));
}
