/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The reader and writer of bytes that are signed or stored, up to their bounds and past them. */
#include "base/wire.h"

#include "support/suite/suite.h"

START_TEST(integers_are_little_endian_and_of_fixed_width)
{
	static const uint8_t want[] = {0x04, 0x03, 0x02, 0x01, 0x18, 0x17,
	                               0x16, 0x15, 0x14, 0x13, 0x12, 0x11};
	uint8_t bytes[12];
	struct wire_writer w = {.bytes = bytes, .capacity = sizeof(bytes)};
	struct wire_reader r = {.bytes = want, .length = sizeof(want)};

	wire_put_u32(&w, 0x01020304);
	wire_put_u64(&w, UINT64_C(0x1112131415161718));
	ck_assert(!w.overflow);
	ck_assert_uint_eq(w.length, sizeof(want));
	ck_assert_mem_eq(bytes, want, sizeof(want));
	ck_assert_uint_eq(wire_get_u32(&r), 0x01020304);
	ck_assert_uint_eq(wire_get_u64(&r), UINT64_C(0x1112131415161718));
	ck_assert(wire_ended(&r));
}
END_TEST

START_TEST(strings_and_byte_strings_carry_their_length)
{
	static const uint8_t want[] = {2, 0, 0, 0, 'a', 'b', 0, 0, 0, 0, 3, 0, 0, 0, 1, 0, 2};
	uint8_t bytes[sizeof(want)], got[3];
	struct wire_writer w = {.bytes = bytes, .capacity = sizeof(bytes)};
	struct wire_reader r = {.bytes = want, .length = sizeof(want)};
	char string[3], empty[1];

	wire_put_string(&w, "ab");
	wire_put_string(&w, "");
	wire_put_bytes(&w, "\1\0\2", 3);
	ck_assert(!w.overflow);
	ck_assert_uint_eq(w.length, sizeof(want));
	ck_assert_mem_eq(bytes, want, sizeof(want));
	wire_get_string(&r, string, sizeof(string));
	wire_get_string(&r, empty, sizeof(empty));
	wire_get_bytes(&r, got, sizeof(got));
	ck_assert(wire_ended(&r));
	ck_assert_str_eq(string, "ab");
	ck_assert_str_eq(empty, "");
	ck_assert_mem_eq(got, "\1\0\2", 3);
}
END_TEST

/*
 * With every capacity that is too small, nothing is written past it, and the overflow is remembered
 * although a later piece would fit.
 */
START_TEST(writer_never_passes_its_capacity_and_stays_overflown)
{
	for (size_t capacity = 0; capacity < 18; capacity++) {
		uint8_t bytes[18];
		struct wire_writer w = {.bytes = bytes, .capacity = capacity};

		memset(bytes, 0xa5, sizeof(bytes));
		wire_put_u64(&w, 1);
		wire_put_string(&w, "abcdef");
		wire_put_raw(&w, "", 0);
		ck_assert_uint_le(w.length, capacity);
		ck_assert_msg(w.overflow, "18 bytes went into %zu", capacity);
		for (size_t i = capacity; i < sizeof(bytes); i++)
			ck_assert_uint_eq(bytes[i], 0xa5);
	}
}
END_TEST

START_TEST(nothing_is_written_after_an_overflow)
{
	uint8_t bytes[8] = {0};
	struct wire_writer w = {.bytes = bytes, .capacity = sizeof(bytes)};

	wire_put_raw(&w, "0123456789", 10);
	wire_put_u32(&w, 1);
	ck_assert(w.overflow);
	ck_assert_uint_eq(w.length, 0);
	ck_assert_mem_eq(bytes, "\0\0\0\0\0\0\0", 8);
}
END_TEST

/*
 * Every prefix lacks something.  What is missing reads as zeros, and wire_ended() says that it was
 * missing.
 */
START_TEST(every_truncation_is_malformed_and_reads_as_zeros)
{
	static const uint8_t whole[] = {1, 2, 3, 4, 1,   2,   3, 4, 5, 6, 7, 8,
	                                2, 0, 0, 0, 'a', 'b', 2, 0, 0, 0, 9, 9};

	for (size_t n = 0; n <= sizeof(whole); n++) {
		struct wire_reader r = {.bytes = whole, .length = n};
		const uint32_t first = wire_get_u32(&r);
		const uint64_t second = wire_get_u64(&r);
		uint8_t last[2] = {7, 7};
		char string[8] = "xxxxxxx";

		wire_get_string(&r, string, sizeof(string));
		wire_get_bytes(&r, last, sizeof(last));
		ck_assert_int_eq(wire_ended(&r), n == sizeof(whole));
		ck_assert_int_eq(r.malformed, n != sizeof(whole));
		ck_assert_uint_le(r.position, n);
		ck_assert_uint_eq(first, n >= 4 ? 0x04030201 : 0);
		if (n < 8)
			ck_assert_uint_eq(second, 0);
		ck_assert_str_eq(string, n >= 18 ? "ab" : "");
		ck_assert_uint_eq(last[0], n == sizeof(whole) ? 9 : 0);
	}
}
END_TEST

START_TEST(reader_stays_malformed_though_the_next_piece_would_fit)
{
	static const uint8_t bytes[] = {9, 0, 0, 0, 'a', 'b', 'c', 'd'};
	struct wire_reader r = {.bytes = bytes, .length = sizeof(bytes)};
	char string[16];

	wire_get_string(&r, string, sizeof(string)); /* the length says 9 bytes, but 4 follow */
	ck_assert(r.malformed);
	ck_assert_uint_eq(wire_get_u32(&r), 0);
	ck_assert(!wire_ended(&r));
}
END_TEST

START_TEST(bytes_left_over_are_not_an_end)
{
	static const uint8_t bytes[] = {1, 0, 0, 0, 0};
	struct wire_reader r = {.bytes = bytes, .length = sizeof(bytes)};

	ck_assert_uint_eq(wire_get_u32(&r), 1);
	ck_assert(!r.malformed);
	ck_assert(!wire_ended(&r));
}
END_TEST

START_TEST(string_that_leaves_no_room_for_its_nul_is_malformed)
{
	static const uint8_t bytes[] = {3, 0, 0, 0, 'a', 'b', 'c'};
	char string[5] = "xxxx";

	for (size_t capacity = 1; capacity <= 4; capacity++) {
		struct wire_reader r = {.bytes = bytes, .length = sizeof(bytes)};

		wire_get_string(&r, string, capacity);
		ck_assert_int_eq(wire_ended(&r), capacity == 4);
		ck_assert_str_eq(string, capacity == 4 ? "abc" : "");
	}
	ck_assert_int_eq(string[4], 0);
}
END_TEST

START_TEST(string_with_a_nul_in_it_is_malformed)
{
	static const uint8_t bytes[] = {3, 0, 0, 0, 'a', 0, 'c'};
	struct wire_reader r = {.bytes = bytes, .length = sizeof(bytes)};
	char string[8];

	wire_get_string(&r, string, sizeof(string));
	ck_assert(!wire_ended(&r));
}
END_TEST

START_TEST(byte_string_of_another_length_is_malformed)
{
	for (uint8_t claimed = 0; claimed < 8; claimed++) {
		const uint8_t bytes[] = {claimed, 0, 0, 0, 1, 2, 3, 4};
		struct wire_reader r = {.bytes = bytes, .length = sizeof(bytes)};
		uint8_t got[4];

		wire_get_bytes(&r, got, sizeof(got));
		ck_assert_int_eq(wire_ended(&r), claimed == 4);
	}
}
END_TEST

START_TEST(length_of_four_gigabytes_is_malformed)
{
	static const uint8_t bytes[] = {0xff, 0xff, 0xff, 0xff, 'a'};
	struct wire_reader r = {.bytes = bytes, .length = sizeof(bytes)};
	char string[4];

	wire_get_string(&r, string, sizeof(string));
	ck_assert(r.malformed);
	ck_assert_str_eq(string, "");
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE(integers_are_little_endian_and_of_fixed_width, "CI-002 VR-002", "integrity",
	             ""),
		CASE(strings_and_byte_strings_carry_their_length, "CI-002 VR-002", "integrity",
	             "fields that run into each other"),
		CASE(writer_never_passes_its_capacity_and_stays_overflown, "VR-006 MS-007",
	             "integrity", "a write past a buffer"),
		CASE(nothing_is_written_after_an_overflow, "VR-006", "integrity", ""),
		CASE(every_truncation_is_malformed_and_reads_as_zeros, "VR-005 VR-006", "integrity",
	             "a truncated receipt"),
		CASE(reader_stays_malformed_though_the_next_piece_would_fit, "VR-005 VR-006",
	             "integrity", "a receipt with a wrong length"),
		CASE(bytes_left_over_are_not_an_end, "VR-005", "integrity", "bytes after a record"),
		CASE(string_that_leaves_no_room_for_its_nul_is_malformed, "VR-006", "integrity",
	             "a string past its field"),
		CASE(string_with_a_nul_in_it_is_malformed, "IV-005", "integrity",
	             "two spellings of one string"),
		CASE(byte_string_of_another_length_is_malformed, "VR-005", "integrity",
	             "two encodings of one record"),
		CASE(length_of_four_gigabytes_is_malformed, "VR-005 VR-006 MS-003", "integrity",
	             "a length that overflows"),
	};

	return suite_run("unit.wire", "unit", cases, COUNT(cases));
}
