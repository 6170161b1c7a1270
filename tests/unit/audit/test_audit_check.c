/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The checker as an application uses it: its life, what it refuses, input in pieces, and memory
 * that runs out.  What it calls a change is in test_audit_kinds.c and, for each line of two logs,
 * in tests/cli/audit_faults.py.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vres/audit_check.h>

#include "support/suite/alloc.h"
#include "support/audit/small_log.h"
#include "support/suite/status.h"
#include "support/suite/suite.h"

START_TEST(a_good_log_is_good_in_pieces_of_any_size)
{
	struct audit_maker *m = small_log(false);
	vres_key *key = small_log_key();
	vres_audit_check_options o = vres_audit_check_options_init();
	char checkpoint[512];
	vres_error err;

	o.key = key;
	for (size_t piece = 1; piece <= m->n; piece += piece < 100 ? 1 : 97) {
		vres_audit_checker *c = small_log_checker(&o);
		vres_audit_summary s = vres_audit_summary_init();

		ck_ok(vres_audit_checker_checkpoint(c, checkpoint, maker_checkpoint(m, checkpoint),
		                                    &err));
		small_log_feed(c, m, piece);
		ck_ok(vres_audit_checker_end(c, &s, &err));
		ck_assert_uint_eq(s.lines, m->lines);
		ck_assert_uint_eq(s.bytes, m->n);
		ck_assert_uint_eq(s.last_seq, m->seq);
		ck_assert_str_eq(s.last_hash, m->prev);
		ck_assert_uint_eq(s.keyed, VRES_AUDIT_KEYED_TOKEN);
		ck_assert_uint_eq(s.checkpoint, VRES_AUDIT_MARK_MET);
		ck_assert_uint_eq(s.sessions, 2);
		ck_assert_uint_eq(s.lost_events, 4);
		ck_assert_uint_eq(s.simulated, 1);
		ck_assert_uint_eq(s.faults, 0);
		vres_audit_checker_destroy(c);
	}
	vres_key_destroy(key);
	test_free(m);
}
END_TEST

START_TEST(what_is_wrong_is_told_at_the_end_in_order_and_bounded)
{
	struct audit_maker *m = small_log(false);
	vres_audit_check_options o = vres_audit_check_options_init();
	vres_audit_summary s = vres_audit_summary_init();
	struct small_log_told told = {.count = 0};
	vres_audit_checker *c;
	vres_error err;

	o.finding = small_log_tell;
	o.finding_ctx = &told;
	o.max_findings = 2;
	c = small_log_checker(&o);
	m->bytes[m->starts[0]] = 'x';
	m->bytes[m->starts[2]] = 'x';
	m->bytes[m->starts[4]] = 'x';
	small_log_feed(c, m, m->n);
	ck_ok(vres_audit_checker_summary(c, &s, &err));
	ck_assert_uint_eq(s.faults, 3);
	ck_assert_uint_eq(told.count, 0);
	ck_status(vres_audit_checker_end(c, &s, &err), VRES_E_INTEGRITY_VIOLATION);
	ck_assert_uint_eq(s.faults, 3);
	ck_assert_uint_eq(told.count, 2);
	ck_assert_uint_eq(told.findings[0].line, 1);
	ck_assert_uint_eq(told.findings[1].line, 3);
	ck_assert_uint_eq(told.findings[0].fault, VRES_AUDIT_MALFORMED);
	vres_audit_checker_destroy(c);
	test_free(m);
}
END_TEST

START_TEST(calls_out_of_turn_are_refused)
{
	const char hash[] = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
	vres_audit_summary s = vres_audit_summary_init(), poor = {0};
	vres_audit_checker *c = small_log_checker(NULL);
	vres_error err;

	ck_status(vres_audit_checker_feed(c, "x", 1, &err), VRES_E_STATE);
	ck_status(vres_audit_checker_end(c, &s, &err), VRES_E_STATE);
	ck_ok(vres_audit_checker_head(c, 1, hash, &err));
	ck_status(vres_audit_checker_head(c, 1, hash, &err), VRES_E_STATE);
	ck_ok(vres_audit_checker_checkpoint(c, NULL, 0, &err));
	ck_status(vres_audit_checker_checkpoint(c, "x", 1, &err), VRES_E_STATE);
	ck_ok(vres_audit_checker_file(c, &err));
	ck_ok(vres_audit_checker_feed(c, NULL, 0, &err));
	ck_status(vres_audit_checker_feed(c, NULL, 1, &err), VRES_E_INVALID_INPUT);
	ck_status(vres_audit_checker_end(c, &poor, &err), VRES_E_ABI);
	ck_status(vres_audit_checker_end(c, NULL, &err), VRES_E_INTEGRITY_VIOLATION);
	ck_status(vres_audit_checker_end(c, NULL, &err), VRES_E_STATE);
	ck_status(vres_audit_checker_feed(c, "x", 1, &err), VRES_E_STATE);
	ck_status(vres_audit_checker_file(c, &err), VRES_E_STATE);
	ck_ok(vres_audit_checker_summary(c, &s, &err));
	ck_status(vres_audit_checker_summary(c, &poor, &err), VRES_E_ABI);
	vres_audit_checker_destroy(c);
	c = small_log_checker(NULL);
	ck_ok(vres_audit_checker_from_later(c, &err));
	ck_ok(vres_audit_checker_file(c, &err));
	ck_status(vres_audit_checker_from_later(c, &err), VRES_E_STATE);
	ck_status(vres_audit_checker_head(c, 1, hash, &err), VRES_E_STATE);
	ck_status(vres_audit_checker_checkpoint(c, "x", 1, &err), VRES_E_STATE);
	vres_audit_checker_destroy(c);
	vres_audit_checker_destroy(NULL);
}
END_TEST

START_TEST(null_where_an_object_is_required_and_bad_options_are_refused)
{
	vres_audit_check_options o = vres_audit_check_options_init();
	vres_audit_summary s = vres_audit_summary_init();
	vres_audit_checker *c = NULL;
	vres_key *key = small_log_key();
	vres_error err;

	ck_status(vres_audit_checker_create(NULL, NULL, &err), VRES_E_INVALID_INPUT);
	ck_status(vres_audit_checker_feed(NULL, "x", 1, &err), VRES_E_INVALID_INPUT);
	ck_status(vres_audit_checker_file(NULL, &err), VRES_E_INVALID_INPUT);
	ck_status(vres_audit_checker_end(NULL, &s, &err), VRES_E_INVALID_INPUT);
	ck_status(vres_audit_checker_summary(NULL, &s, &err), VRES_E_INVALID_INPUT);
	ck_status(vres_audit_checker_checkpoint(NULL, "x", 1, &err), VRES_E_INVALID_INPUT);
	ck_status(vres_audit_checker_head(NULL, 1, "", &err), VRES_E_INVALID_INPUT);
	ck_status(vres_audit_checker_from_later(NULL, &err), VRES_E_INVALID_INPUT);
	o.max_findings = 10001;
	ck_status(vres_audit_checker_create(&o, &c, &err), VRES_E_INVALID_INPUT);
	o = vres_audit_check_options_init();
	o.reserved = 1;
	ck_status(vres_audit_checker_create(&o, &c, &err), VRES_E_INVALID_INPUT);
	o = vres_audit_check_options_init();
	o.key = key;
	o.forward_key = "/tmp";
	ck_status(vres_audit_checker_create(&o, &c, &err), VRES_E_INVALID_INPUT);
	o.key = NULL;
	ck_status(vres_audit_checker_create(&o, &c, &err), VRES_E_INVALID_INPUT);
	o.forward_key = "/no/such/file";
	ck_status(vres_audit_checker_create(&o, &c, &err), VRES_E_NOT_FOUND);
	o.struct_size = 8;
	ck_status(vres_audit_checker_create(&o, &c, &err), VRES_E_ABI);
	ck_assert_ptr_null(c);
	vres_key_destroy(key);
}
END_TEST

START_TEST(heads_that_are_none_are_refused)
{
	const char hash[] = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
	static const char *const bad[] = {
		"",
		"0",
		"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1",
		"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f0",
		"000102030405060708090A0B0C0D0E0F101112131415161718191a1b1c1d1e1f",
	};
	vres_audit_checker *c = small_log_checker(NULL);
	vres_error err;

	for (size_t i = 0; i < COUNT(bad); i++)
		ck_status(vres_audit_checker_head(c, 1, bad[i], &err), VRES_E_INVALID_INPUT);
	ck_status(vres_audit_checker_head(c, 1, NULL, &err), VRES_E_INVALID_INPUT);
	ck_status(vres_audit_checker_head(c, 0, hash, &err), VRES_E_INVALID_INPUT);
	ck_status(vres_audit_checker_head(c, UINT64_C(1) << 53, hash, &err), VRES_E_INVALID_INPUT);
	ck_ok(vres_audit_checker_head(c, (UINT64_C(1) << 53) - 1, hash, &err));
	vres_audit_checker_destroy(c);
}
END_TEST

START_TEST(a_forked_child_can_only_destroy)
{
	vres_audit_checker *c = small_log_checker(NULL);
	vres_error err;
	int status;
	pid_t child;

	ck_ok(vres_audit_checker_file(c, &err));
	child = fork();
	ck_assert_int_ge(child, 0);
	if (child == 0) {
		const bool is_refused = vres_audit_checker_feed(c, "x", 1, &err) == VRES_E_STATE &&
		                        err.reason == VRES_REASON_FORKED;

		vres_audit_checker_destroy(c);
		_exit(is_refused ? 0 : 1);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	vres_audit_checker_destroy(c);
}
END_TEST

/*
 * Checks a log in mode forward from beginning to end, stopping at the first failure.  The caller
 * lets an allocation fail and looks at what is left.
 */
static vres_status check_forward(const struct audit_maker *m, const char *path, vres_error *err)
{
	vres_audit_check_options o = vres_audit_check_options_init();
	vres_audit_checker *c = NULL;
	char checkpoint[512];
	vres_status status;

	o.forward_key = path;
	status = vres_audit_checker_create(&o, &c, err);
	if (status == VRES_OK)
		status = vres_audit_checker_checkpoint(c, checkpoint,
		                                       maker_checkpoint(m, checkpoint), err);
	if (status == VRES_OK)
		status = vres_audit_checker_file(c, err);
	if (status == VRES_OK)
		status = vres_audit_checker_feed(c, m->bytes, m->n, err);
	if (status == VRES_OK)
		status = vres_audit_checker_end(c, NULL, err);
	vres_audit_checker_destroy(c);
	return status;
}

START_TEST(a_forward_log_is_good_and_memory_that_runs_out_is_a_status)
{
	struct audit_maker *m = small_log(true);
	char path[] = "/tmp/vres-audit-XXXXXX";
	uint64_t live;
	vres_error err;
	bool fired = true;

	small_log_key_file(path);
	ck_ok(check_forward(m, path, &err));
	for (uint64_t nth = 1; fired; nth++) {
		vres_status status;

		status_poison(&err);
		live = alloc_live();
		alloc_fail(nth, false);
		status = check_forward(m, path, &err);
		fired = alloc_disarm();
		ck_assert_int_eq(status, fired ? VRES_E_NO_MEMORY : VRES_OK);
		ck_assert_ptr_null(status_flaw(status, &err));
		ck_assert_uint_eq(alloc_live(), live);
		ck_assert_uint_lt(nth, 100);
	}
	ck_assert_int_eq(unlink(path), 0);
	test_free(m);
}
END_TEST

START_TEST(every_fault_has_a_name)
{
	static const struct {
		uint32_t fault;
		const char *name;
	} rows[] = {
		{VRES_AUDIT_BAD_MAC, "bad_mac"},
		{VRES_AUDIT_MISSING, "missing"},
		{VRES_AUDIT_END, "end"},
		{VRES_AUDIT_TORN, "torn"},
		{VRES_AUDIT_MALFORMED, "malformed"},
		{VRES_AUDIT_ORDER, "order"},
		{VRES_AUDIT_LINK, "link"},
		{VRES_AUDIT_KEY, "key"},
		{VRES_AUDIT_CHECKPOINT, "checkpoint"},
		{VRES_AUDIT_HEAD, "head"},
		{VRES_AUDIT_UNCHECKED, "unchecked"},
		{VRES_AUDIT_INSERTED, "unknown"},
		{VRES_AUDIT_REORDERED, "unknown"},
		{VRES_AUDIT_FORGED, "unknown"},
		{VRES_AUDIT_ROTATION, "unknown"},
	};

	for (size_t i = 0; i < COUNT(rows); i++)
		ck_assert_str_eq(vres_audit_fault_name(rows[i].fault), rows[i].name);
	ck_assert_str_eq(vres_audit_fault_name(0), "unknown");
	ck_assert_str_eq(vres_audit_fault_name(VRES_AUDIT_UNCHECKED + 1), "unknown");
	ck_assert_str_eq(vres_audit_fault_name(UINT32_MAX), "unknown");
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE(a_good_log_is_good_in_pieces_of_any_size, "SEC-AUDIT-034 D-56",
	             "accountability", ""),
		CASE(what_is_wrong_is_told_at_the_end_in_order_and_bounded, "SEC-AUDIT-020",
	             "integrity", "a hostile log"),
		CASE(calls_out_of_turn_are_refused, "WORKER-4150", "", ""),
		CASE(null_where_an_object_is_required_and_bad_options_are_refused, "WORKER-4150",
	             "", ""),
		CASE(heads_that_are_none_are_refused, "IV-004", "", ""),
		CASE(a_forked_child_can_only_destroy, "CI-006", "confidentiality",
	             "a key in a forked child"),
		CASE(a_forward_log_is_good_and_memory_that_runs_out_is_a_status, "WORKER-4952 D-56",
	             "availability", ""),
		CASE(every_fault_has_a_name, "", "", ""),
	};

	return suite_run("unit.audit_check", "unit", cases, COUNT(cases));
}
