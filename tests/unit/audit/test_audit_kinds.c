/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a change of a log is called, and what is said of a wrong key. */
#include <string.h>
#include <unistd.h>
#include <vres/audit_check.h>

#include "support/audit/small_log.h"
#include "support/suite/alloc.h"
#include "support/suite/status.h"
#include "support/suite/suite.h"

/* Makes one change to a small log and asserts its first finding: the kind and the line. */
static void ck_named(vres_key *key, void (*change)(struct audit_maker *m, size_t n), size_t n,
                     uint32_t fault, uint64_t line)
{
	struct audit_maker *m = small_log(false);
	vres_audit_check_options o = vres_audit_check_options_init();
	struct small_log_told told = {.count = 0};
	char checkpoint[512];
	const size_t checkpoint_n = maker_checkpoint(m, checkpoint);
	vres_audit_checker *c;
	vres_error err;

	o.key = key;
	o.finding = small_log_tell;
	o.finding_ctx = &told;
	c = small_log_checker(&o);
	ck_ok(vres_audit_checker_checkpoint(c, checkpoint, checkpoint_n, &err));
	change(m, n);
	small_log_feed(c, m, m->n);
	ck_status(vres_audit_checker_end(c, NULL, &err), VRES_E_INTEGRITY_VIOLATION);
	ck_assert_msg(told.findings[0].fault == fault && told.findings[0].line == line,
	              "%s in line %u: %s", vres_audit_fault_name(told.findings[0].fault),
	              (unsigned)told.findings[0].line, told.findings[0].message);
	vres_audit_checker_destroy(c);
	test_free(m);
}

static void edit(struct audit_maker *m, size_t n)
{
	m->bytes[m->starts[n + 1] - 4] ^= 1; /* in the worker_id */
}

static void spoil(struct audit_maker *m, size_t n)
{
	m->bytes[m->starts[n]] = 'x';
}

static void delete (struct audit_maker *m, size_t n)
{
	memmove(m->bytes + m->starts[n], m->bytes + m->starts[n + 1], m->n - m->starts[n + 1]);
	m->n -= m->starts[n + 1] - m->starts[n];
}

static void double_line(struct audit_maker *m, size_t n)
{
	const size_t length = m->starts[n + 1] - m->starts[n];

	memmove(m->bytes + m->starts[n + 1] + length, m->bytes + m->starts[n + 1],
	        m->n - m->starts[n + 1]);
	memcpy(m->bytes + m->starts[n + 1], m->bytes + m->starts[n], length);
	m->n += length;
}

static void cut(struct audit_maker *m, size_t n)
{
	m->n = m->starts[n];
}

static void tear(struct audit_maker *m, size_t n)
{
	m->n = m->starts[n] + 20;
}

static void relink(struct audit_maker *m, size_t n)
{
	m->n = m->starts[n];
	m->lines = n;
	m->seq = n;
	m->prev[0] ^= 1;
	maker_line(m, "{\"event_type\":\"seal_verified\"}");
}

static void empty(struct audit_maker *m, size_t n)
{
	(void)n;
	m->n = 0;
}

START_TEST(a_change_is_called_what_it_looks_like_and_named_by_its_line)
{
	vres_key *key = small_log_key(), *other = NULL;
	vres_error err;

	ck_ok(vres_key_derive("another token", 13, NULL, &other, &err));
	ck_named(key, edit, 1, VRES_AUDIT_BAD_MAC, 2);
	ck_named(key, spoil, 1, VRES_AUDIT_MALFORMED, 2);
	ck_named(key, delete, 1, VRES_AUDIT_MISSING, 2);
	ck_named(key, double_line, 1, VRES_AUDIT_ORDER, 3);
	ck_named(key, cut, 3, VRES_AUDIT_END, 4);
	ck_named(key, tear, 3, VRES_AUDIT_TORN, 4);
	ck_named(key, relink, 2, VRES_AUDIT_LINK, 3);
	ck_named(key, empty, 0, VRES_AUDIT_END, 1);
	ck_named(other, edit, 1, VRES_AUDIT_KEY, 1);
	vres_key_destroy(key);
	vres_key_destroy(other);
}
END_TEST

START_TEST(two_changes_far_apart_are_two_findings)
{
	struct audit_maker *m = small_log(false);
	vres_audit_check_options o = vres_audit_check_options_init();
	vres_key *key = small_log_key();
	struct small_log_told told = {.count = 0};
	vres_audit_checker *c;
	vres_error err;

	o.key = key;
	o.finding = small_log_tell;
	o.finding_ctx = &told;
	c = small_log_checker(&o);
	delete (m, 3);
	edit(m, 1);
	small_log_feed(c, m, m->n);
	ck_status(vres_audit_checker_end(c, NULL, &err), VRES_E_INTEGRITY_VIOLATION);
	ck_assert_uint_eq(told.count, 2);
	ck_assert_uint_eq(told.findings[0].fault, VRES_AUDIT_BAD_MAC);
	ck_assert_ptr_nonnull(strstr(told.findings[0].message, "the log goes on with seq 3"));
	ck_assert_uint_eq(told.findings[1].fault, VRES_AUDIT_MISSING);
	ck_assert_uint_eq(told.findings[1].line, 4);
	ck_assert_uint_eq(told.findings[1].seq, 4);
	vres_audit_checker_destroy(c);
	vres_key_destroy(key);
	test_free(m);
}
END_TEST

/* Moves the maker on to the next epoch's key, but leaves out the line that ends this epoch. */
static void steal_next_key(struct audit_maker *m)
{
	const struct audit_maker before = *m;

	maker_epoch(m);
	m->n = before.n;
	m->lines = before.lines;
	m->seq = before.seq;
	memcpy(m->prev, before.prev, sizeof(m->prev));
}

/*
 * In each of these logs every line has a right MAC, under a key that follows from the first.  All
 * but row 4 are wrong all the same.
 */
START_TEST(genuine_lines_in_places_where_none_can_be_are_named)
{
	static const char rotated[] = "{\"event_type\":\"log_rotated\"}";
	static const struct {
		uint32_t fault;
		bool is_from_later;
		uint64_t line;
	} rows[] = {
		/* lines of a new epoch, without the line that ends the old one */
		{VRES_AUDIT_ORDER, false, 7},
		{VRES_AUDIT_ORDER, false, 1},   /* a later epoch begins with seq 1 */
		{VRES_AUDIT_MISSING, false, 1}, /* the first line has another seq than 1 */
		{VRES_AUDIT_ORDER, true, 1},    /* seq 2 cannot be in a later epoch yet */
		/* good: the caller said that the log begins later */
		{0, true, 0},
		{VRES_AUDIT_ORDER, false, 8}, /* a line after log_rotated */
	};
	char path[] = "/tmp/vres-audit-XXXXXX";

	small_log_key_file(path);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct audit_maker *m = small_log(true);
		vres_audit_check_options o = vres_audit_check_options_init();
		struct small_log_told told = {.count = 0};
		vres_audit_checker *c;
		vres_error err;

		if (i < 5)
			steal_next_key(m);
		if (i > 0 && i < 5) { /* replaced by a log that begins here */
			const size_t seq = (const size_t[]){0, 0, 4, 1, 4}[i];

			m->n = m->lines = 0;
			m->seq = seq;
			memset(m->prev, seq ? '1' : '0', 64);
			maker_header(m);
		}
		if (i == 5)
			maker_line(m, rotated);
		maker_line(m, "{\"event_type\":\"seal_verified\"}");
		o.forward_key = path;
		o.finding = small_log_tell;
		o.finding_ctx = &told;
		c = small_log_checker(&o);
		if (rows[i].is_from_later)
			ck_ok(vres_audit_checker_from_later(c, &err));
		small_log_feed(c, m, m->n);
		ck_status(vres_audit_checker_end(c, NULL, &err),
		          rows[i].fault ? VRES_E_INTEGRITY_VIOLATION : VRES_OK);
		ck_assert_uint_eq(told.count, rows[i].fault != 0);
		ck_assert_msg(rows[i].fault == 0 || (told.findings[0].fault == rows[i].fault &&
		                                     told.findings[0].line == rows[i].line),
		              "%zu: line %u, %s", i, (unsigned)told.findings[0].line,
		              told.findings[0].message);
		vres_audit_checker_destroy(c);
		test_free(m);
	}
	ck_assert_int_eq(unlink(path), 0);
}
END_TEST

/* A wrong key is told apart from a key of the other mode. */
START_TEST(a_key_of_the_other_mode_is_said_to_be_one)
{
	struct audit_maker *m = small_log(true);
	char path[] = "/tmp/vres-audit-XXXXXX";

	small_log_key_file(path);
	for (unsigned i = 0; i < 4; i++) {
		struct audit_maker *log = i & 1 ? m : small_log(false);
		vres_key *key = NULL;
		vres_audit_check_options o = vres_audit_check_options_init();
		struct small_log_told told = {.count = 0};
		vres_audit_checker *c;
		vres_error err;

		/*
		 * Cases 0 and 1: a token's key.  Cases 2 and 3: the key file of a forward log.
		 * Cases 1 and 3 have a forward log, 0 and 2 a token's.
		 */
		ck_ok(vres_key_derive(i & 1 ? "a token of a test" : "another", 7, NULL, &key,
		                      &err));
		o.key = i < 2 ? key : NULL;
		o.forward_key = i < 2 ? NULL : path;
		o.finding = small_log_tell;
		o.finding_ctx = &told;
		c = small_log_checker(&o);
		small_log_feed(c, log, log->n);
		if (i == 3) {
			ck_ok(vres_audit_checker_end(c, NULL, &err));
		} else {
			ck_status(vres_audit_checker_end(c, NULL, &err),
			          VRES_E_INTEGRITY_VIOLATION);
			ck_assert_uint_eq(told.count, 1);
			ck_assert_uint_eq(told.findings[0].fault, VRES_AUDIT_KEY);
			ck_assert_ptr_nonnull(strstr(
				told.findings[0].message,
				(const char *const[]){"it is another key", "it is in mode forward",
			                              "it is in mode token"}[i]));
		}
		vres_audit_checker_destroy(c);
		vres_key_destroy(key);
		if (log != m)
			test_free(log);
	}
	ck_assert_int_eq(unlink(path), 0);
	test_free(m);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE(a_change_is_called_what_it_looks_like_and_named_by_its_line,
	             "SEC-AUDIT-020 SEC-AUDIT-021 SEC-AUDIT-022", "integrity", "a changed log"),
		CASE(two_changes_far_apart_are_two_findings, "SEC-AUDIT-020", "integrity",
	             "a change that hides another"),
		CASE(genuine_lines_in_places_where_none_can_be_are_named, "D-56", "authenticity",
	             "somebody with a later epoch's key"),
		CASE(a_key_of_the_other_mode_is_said_to_be_one, "D-56", "", ""),
	};

	return suite_run("unit.audit_kinds", "unit", cases, COUNT(cases));
}
