/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How one line of an audit log is read: its parts, and where the reader stops at one that is not
 * canonical.
 */
#include "audit/format/line_read.h"

#include <stdio.h>

#include "support/audit/audit_maker.h"
#include "support/suite/alloc.h"
#include "support/suite/content.h"
#include "support/suite/status.h"
#include "support/suite/suite.h"

static void hmac(const uint8_t key[32], const void *bytes, size_t n, uint8_t mac[32])
{
	hmac_sha256(key, 32, bytes, n, mac);
}

/* The line that has @event, with seq 1. */
static size_t line_of(const char *event, char line[4096])
{
	static struct audit_maker m;

	maker_token(&m, hmac, "token");
	maker_line(&m, event);
	memcpy(line, m.bytes, m.n);
	return m.n - 1;
}

static bool scans(const char *event, struct audit_line *l)
{
	static char line[4096];

	return audit_line_scan(line, line_of(event, line), l);
}

START_TEST(the_parts_of_a_line_are_where_they_stand)
{
	struct audit_line l;
	char line[4096];
	const size_t n =
		line_of("{\"epoch\":3,\"event_type\":\"log_header\",\"format\":\"vres-audit/"
	                "1\",\"key_mode\":\"forward\","
	                "\"session\":\"000102030405060708090a0b0c0d0e0f\",\"simulated\":true}",
	                line);

	ck_assert(audit_line_scan(line, n, &l));
	ck_assert_uint_eq(l.seq, 1);
	ck_assert_int_eq(l.event, AUDIT_HEADER);
	ck_assert_uint_eq(l.number, 3);
	ck_assert(l.is_forward && l.is_simulated && l.fault == NULL);
	ck_assert_mem_eq(l.event_session, "000102030405060708090a0b0c0d0e0f", 32);
	ck_assert_mem_eq(l.session, "00000000000000000000000000000000", 32);
	ck_assert_mem_eq(line + l.hash_at - 8, "\"hash\":\"", 8);
	ck_assert_ptr_eq(l.hash, line + l.hash_at);
	ck_assert_mem_eq(l.timestamp, "2026-01-31T23:59:01", 19);
	ck_assert_mem_eq(l.prev_hash, "0000000000000000", 16);
}
END_TEST

START_TEST(events_of_the_log_itself_have_their_fields_and_no_other)
{
	static const struct {
		const char *event;
		int is; /* -1: refused */
	} rows[] = {
		{"{\"event_type\":\"log_closed\"}", AUDIT_CLOSED},
		{"{\"event_type\":\"log_rotated\"}", AUDIT_ROTATED},
		{"{\"event_type\":\"log_rotated\",\"simulated\":true}", AUDIT_ROTATED},
		{"{\"event_type\":\"log_rotated\",\"more\":1}", -1},
		{"{\"epoch\":9007199254740991,\"event_type\":\"log_epoch\"}", AUDIT_EPOCH},
		{"{\"epoch\":9007199254740992,\"event_type\":\"log_epoch\"}", -1},
		{"{\"epoch\":\"1\",\"event_type\":\"log_epoch\"}", -1},
		{"{\"event_type\":\"log_epoch\"}", -1},
		{"{\"event_type\":\"log_lost\",\"lost_events\":0}", AUDIT_LOST},
		{"{\"event_type\":\"log_lost\",\"lost_events\":true}", -1},
		{"{\"event_type\":\"log_opened\",\"session\":\"000102030405060708090a0b0c0d0e0f\"}",
	         AUDIT_OPENED},
		{"{\"event_type\":\"log_opened\",\"session\":\"000102030405060708090a0b0c0d0e0\"}",
	         -1},
		{"{\"event_type\":\"log_opened\",\"session\":\"000102030405060708090a0b0c0d0e0F\"}",
	         -1},
		{"{\"event_type\":\"log_opened\",\"session\":"
	         "\"000102030405060708090a0b0c0d0e0f0\"}",
	         -1},
		{"{\"event_type\":\"log_header\",\"format\":\"vres-audit/"
	         "1\",\"key_mode\":\"token\",\"session\":"
	         "\"000102030405060708090a0b0c0d0e0f\"}",
	         AUDIT_HEADER},
		{"{\"event_type\":\"log_header\",\"format\":\"vres-audit/"
	         "2\",\"key_mode\":\"token\",\"session\":"
	         "\"000102030405060708090a0b0c0d0e0f\"}",
	         -1},
		{"{\"event_type\":\"log_header\",\"format\":\"vres-audit/"
	         "1\",\"key_mode\":\"none\",\"session\":"
	         "\"000102030405060708090a0b0c0d0e0f\"}",
	         -1},
		{"{\"epoch\":0,\"event_type\":\"log_header\",\"format\":\"vres-audit/"
	         "1\",\"key_mode\":\"token\",\"session\":"
	         "\"000102030405060708090a0b0c0d0e0f\"}",
	         -1},
		{"{\"event_type\":\"log_header\",\"format\":\"vres-audit/"
	         "1\",\"key_mode\":\"forward\",\"session\":"
	         "\"000102030405060708090a0b0c0d0e0f\"}",
	         -1},
		{"{\"event_type\":\"log_what\"}", -1},
		{"{\"event_type\":\"what\",\"epoch\":1}", -1}, /* not sorted */
		{"{\"epoch\":\"of another event\",\"event_type\":\"what\",\"session\":7}",
	         AUDIT_OTHER},
	};
	struct audit_line l;

	for (size_t i = 0; i < COUNT(rows); i++) {
		ck_assert_msg(scans(rows[i].event, &l) == (rows[i].is >= 0), "%s: %s",
		              rows[i].event, l.fault ? l.fault : "taken");
		if (rows[i].is >= 0)
			ck_assert_int_eq(l.event, rows[i].is);
	}
}
END_TEST

/*
 * The reader has a bit for each field of the log's own events, and these bits must not overlap.  So
 * each event is tried with each field added or left out that it should not have so, its keys in
 * order.
 */
START_TEST(an_event_of_the_log_itself_takes_no_field_of_another)
{
	static const char *const fields[] = {
		"\"epoch\":1",
		"\"event_type\":\"%s\"",
		"\"format\":\"vres-audit/1\"",
		"\"key_mode\":\"token\"",
		"\"lost_events\":1",
		"\"removed_bytes\":1",
		("\"removed_sha256\":"
	         "\"ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb\""),
		"\"session\":\"000102030405060708090a0b0c0d0e0f\"",
		"\"simulated\":true",
	};
	/*
	 * Bit i: the event must have fields[i].  All must have event_type; any may have simulated.
	 */
	static const struct {
		const char *name;
		unsigned own;
	} events[] = {
		{"log_header", 1u << 2 | 1u << 3 | 1u << 7},
		{"log_opened", 1u << 7},
		{"log_repaired", 1u << 5 | 1u << 6},
		{"log_lost", 1u << 4},
		{"log_epoch", 1u << 0},
		{"log_rotated", 0},
		{"log_closed", 0},
	};
	struct audit_line l;

	for (size_t i = 0; i < COUNT(events); i++) {
		for (unsigned change = 0; change <= COUNT(fields); change++) {
			const unsigned fits = events[i].own | 1u << 1;
			const unsigned has = change < COUNT(fields) ? fits ^ 1u << change : fits;
			char event[1024] = "", type[64];
			size_t n = 0;

			(void)snprintf(type, sizeof(type), fields[1], events[i].name);
			for (size_t f = 0; f < COUNT(fields); f++)
				if (has >> f & 1)
					n += (size_t)snprintf(event + n, sizeof(event) - n, "%c%s",
					                      n ? ',' : '{',
					                      f == 1 ? type : fields[f]);
			(void)snprintf(event + n, sizeof(event) - n, "}");
			ck_assert_msg(scans(event, &l) == (has == fits || change == 8), "%s",
			              event);
		}
	}
}
END_TEST

START_TEST(a_line_that_ends_anywhere_is_refused_there_and_nothing_after_it_is_read)
{
	struct audit_line l;
	char line[4096];
	const size_t n = line_of(
		"{\"details\":\"a\\\"b\\\\\xc3\xbc\",\"event_type\":\"policy_violation\"}", line);

	for (size_t cut = 0; cut < n; cut++) {
		/*
		 * A block of exactly this length, so that sanitizers and Valgrind see a read past
		 * it.
		 */
		char *exact = test_alloc(cut ? cut : 1);

		memcpy(exact, line, cut);
		ck_assert(!audit_line_scan(exact, cut, &l));
		ck_assert_uint_le(l.fault_at, cut);
		test_free(exact);
	}
	line[n] = '}';
	ck_assert(!audit_line_scan(line, n + 1, &l));
	ck_assert_str_eq(l.fault, "bytes after the end of the line's object");
	ck_assert_uint_eq(l.fault_at, n);
}
END_TEST

START_TEST(only_days_and_times_that_exist_are_taken)
{
	static const struct {
		const char *time;
		bool is_good;
	} rows[] = {
		{"2024-02-29T23:59:59.999999999Z", true},
		{"2023-02-29T00:00:00.000000000Z", false},
		{"2000-02-29T00:00:00.000000000Z", true},
		{"1900-02-29T00:00:00.000000000Z", false},
		{"2026-00-01T00:00:00.000000000Z", false},
		{"2026-13-01T00:00:00.000000000Z", false},
		{"2026-04-31T00:00:00.000000000Z", false},
		{"2026-04-00T00:00:00.000000000Z", false},
		{"2026-04-30T24:00:00.000000000Z", false},
		{"2026-04-30T00:60:00.000000000Z", false},
		{"2026-04-30T00:00:60.000000000Z", false},
		{"2026-04-30 00:00:00.000000000Z", false},
		{"2026-04-30T00:00:00,000000000Z", false},
		{"2026-04-30T00:00:00.00000000+Z", false},
		{"2026-04-30T00:00:00.000000000z", false},
	};
	struct audit_line l;
	char line[4096];
	const size_t n = line_of("{\"event_type\":\"x\"}", line);

	for (size_t i = 0; i < COUNT(rows); i++) {
		memcpy(strstr(line, "\"timestamp\":\"") + 13, rows[i].time, 30);
		ck_assert_msg(audit_line_scan(line, n, &l) == rows[i].is_good, "%s", rows[i].time);
	}
}
END_TEST

START_TEST(a_key_file_has_one_form)
{
	static const char good[] =
		"vres-audit-key/1 17 "
		"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n";
	uint8_t key[32];
	char bad[128];
	uint64_t epoch;

	ck_assert(audit_key_scan(good, sizeof(good) - 1, &epoch, key));
	ck_assert_uint_eq(epoch, 17);
	for (uint8_t i = 0; i < 32; i++)
		ck_assert_uint_eq(key[i], i);
	for (size_t i = 0; i < sizeof(good) - 1; i++) {
		ck_assert(!audit_key_scan(good, i, &epoch, key));
		memcpy(bad, good, sizeof(good));
		bad[i] = 'X';
		ck_assert(!audit_key_scan(bad, sizeof(good) - 1, &epoch, key));
	}
	(void)snprintf(bad, sizeof(bad), "%s ", good);
	ck_assert(!audit_key_scan(bad, sizeof(good), &epoch, key));
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE(the_parts_of_a_line_are_where_they_stand, "D-57", "integrity", ""),
		CASE(events_of_the_log_itself_have_their_fields_and_no_other, "D-57", "integrity",
	             "a line that reads in two ways"),
		CASE(an_event_of_the_log_itself_takes_no_field_of_another, "D-57", "integrity",
	             "a line that reads in two ways"),
		CASE(a_line_that_ends_anywhere_is_refused_there_and_nothing_after_it_is_read,
	             "MS-007", "availability", "a hostile log"),
		CASE(only_days_and_times_that_exist_are_taken, "D-57", "integrity", ""),
		CASE(a_key_file_has_one_form, "", "confidentiality",
	             "a key that is not what it seems"),
	};

	return suite_run("unit.audit_scan", "unit", cases, COUNT(cases));
}
