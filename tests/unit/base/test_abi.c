/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The rule for structures that cross the ABI, tried on a structure that has grown by one field. */
#include "base/abi.h"

#include "support/suite/status.h"
#include "support/suite/suite.h"

struct first_release {
	size_t struct_size;
	uint32_t one;
	uint32_t reserved;
};

struct now {
	size_t struct_size;
	uint32_t one, reserved;
	uint64_t two;
};

struct next_release {
	size_t struct_size;
	uint32_t one, reserved;
	uint64_t two, three[2];
};

static vres_status in(struct now *out, const void *src, vres_error *err)
{
	return vres_abi_in(out, sizeof(*out), src, sizeof(struct first_release), "sample", err);
}

START_TEST(struct_of_the_same_size_is_copied)
{
	const struct now src = {.struct_size = sizeof(src), .one = 1, .two = 2};
	struct now got;
	vres_error err;

	memset(&got, 0xa5, sizeof(got));
	ck_ok(in(&got, &src, &err));
	ck_assert_mem_eq(&got, &src, sizeof(got));
}
END_TEST

START_TEST(shorter_struct_is_filled_with_zeros_and_says_our_size)
{
	const struct first_release src = {.struct_size = sizeof(src), .one = 7};
	struct now got;
	vres_error err;

	memset(&got, 0xa5, sizeof(got));
	ck_ok(in(&got, &src, &err));
	ck_assert_uint_eq(got.one, 7);
	ck_assert_uint_eq(got.two, 0);
	ck_assert_uint_eq(got.struct_size, sizeof(got));
}
END_TEST

START_TEST(struct_shorter_than_its_first_release_is_refused)
{
	struct now src = {.one = 1}, got, before;
	vres_error err;

	memset(&got, 0xa5, sizeof(got));
	before = got;
	for (size_t size = 0; size < sizeof(struct first_release); size++) {
		src.struct_size = size;
		ck_status(in(&got, &src, &err), VRES_E_ABI);
		ck_assert_mem_eq(&got, &before, sizeof(got));
	}
}
END_TEST

START_TEST(longer_struct_with_a_zero_tail_is_accepted)
{
	const struct next_release src = {.struct_size = sizeof(src), .one = 1, .two = 2};
	struct now got;
	vres_error err;

	ck_ok(in(&got, &src, &err));
	ck_assert_uint_eq(got.two, 2);
	ck_assert_uint_eq(got.struct_size, sizeof(got));
}
END_TEST

START_TEST(longer_struct_with_any_unknown_byte_set_is_refused)
{
	for (size_t at = sizeof(struct now); at < sizeof(struct next_release); at++) {
		struct next_release src = {.struct_size = sizeof(src), .one = 1};
		struct now got, before;
		vres_error err;

		memset(&got, 0xa5, sizeof(got));
		before = got;
		((unsigned char *)&src)[at] = 1;
		ck_status(in(&got, &src, &err), VRES_E_ABI);
		ck_assert_mem_eq(&got, &before, sizeof(got));
	}
}
END_TEST

/* A struct_size that was never set may be anything, so it must not decide how much is read. */
START_TEST(absurd_size_is_refused_without_reading_so_far)
{
	struct now src = {.one = 1}, got;
	vres_error err;

	src.struct_size = SIZE_MAX;
	ck_status(in(&got, &src, &err), VRES_E_ABI);
	src.struct_size = ((size_t)1 << 20) + 1;
	ck_status(in(&got, &src, &err), VRES_E_ABI);
}
END_TEST

START_TEST(output_is_refused_when_missing_or_shorter_than_its_first_release)
{
	struct now out = {.struct_size = sizeof(struct first_release) - 1};
	vres_error err;

	ck_status(vres_abi_out_check(NULL, sizeof(struct first_release), "sample", &err),
	          VRES_E_INVALID_INPUT);
	ck_status(vres_abi_out_check(&out, sizeof(struct first_release), "sample", &err),
	          VRES_E_ABI);
	out.struct_size = SIZE_MAX;
	ck_status(vres_abi_out_check(&out, sizeof(struct first_release), "sample", &err),
	          VRES_E_ABI);
	out.struct_size = sizeof(struct first_release);
	ck_ok(vres_abi_out_check(&out, sizeof(struct first_release), "sample", &err));
}
END_TEST

START_TEST(output_is_written_no_further_than_the_caller_has_room)
{
	const struct now result = {.struct_size = sizeof(result), .one = 1, .two = 2};
	struct now out;

	memset(&out, 0xa5, sizeof(out));
	out.struct_size = sizeof(struct first_release);
	vres_abi_out(&out, &result, sizeof(result));
	ck_assert_uint_eq(out.one, 1);
	ck_assert_uint_eq(out.two, UINT64_C(0xa5a5a5a5a5a5a5a5));
	ck_assert_uint_eq(out.struct_size, sizeof(struct first_release));
}
END_TEST

START_TEST(output_of_a_newer_caller_keeps_its_size_and_its_unknown_fields)
{
	const struct now result = {.struct_size = sizeof(result), .one = 1, .two = 2};
	struct next_release out = {.struct_size = sizeof(out), .three = {3, 4}};

	vres_abi_out(&out, &result, sizeof(result));
	ck_assert_uint_eq(out.struct_size, sizeof(out));
	ck_assert_uint_eq(out.two, 2);
	ck_assert_uint_eq(out.three[0], 3);
	ck_assert_uint_eq(out.three[1], 4);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE(struct_of_the_same_size_is_copied, "WORKER-4150", "", ""),
		CASE(shorter_struct_is_filled_with_zeros_and_says_our_size, "WORKER-4150", "",
	             "an older caller"),
		CASE(struct_shorter_than_its_first_release_is_refused, "WORKER-4150 VR-005", "",
	             "a size that was never set"),
		CASE(longer_struct_with_a_zero_tail_is_accepted, "WORKER-4150", "",
	             "a newer caller"),
		CASE(longer_struct_with_any_unknown_byte_set_is_refused, "WORKER-4150 VR-005",
	             "integrity", "a policy field that is ignored"),
		CASE(absurd_size_is_refused_without_reading_so_far, "VR-005 VR-006", "",
	             "a read past the caller's struct"),
		CASE(output_is_refused_when_missing_or_shorter_than_its_first_release,
	             "WORKER-4150 VR-005", "", ""),
		CASE(output_is_written_no_further_than_the_caller_has_room, "VR-006 MS-007",
	             "integrity", "a write past the caller's struct"),
		CASE(output_of_a_newer_caller_keeps_its_size_and_its_unknown_fields, "WORKER-4150",
	             "", "a newer caller"),
	};

	return suite_run("unit.abi", "unit", cases, COUNT(cases));
}
