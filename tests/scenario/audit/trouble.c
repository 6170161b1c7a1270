/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * An audit log that others get in the way of while it is written: another process at its files, a
 * forked child, a folder without rights, no memory.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/audit/temp_log.h"
#include "support/fixture/support.h"

static void unlink_it(const struct temp_log *p)
{
	ck_assert_int_eq(unlink(p->log), 0);
}

static void replace_it(const struct temp_log *p)
{
	unlink_it(p);
	temp_log_write(p->log, "somebody else's\n", 16);
}

static void move_it(const struct temp_log *p)
{
	char aside[128];

	(void)snprintf(aside, sizeof(aside), "%s.aside", p->log);
	ck_assert_int_eq(rename(p->log, aside), 0);
}

static void cut_it(const struct temp_log *p)
{
	ck_assert_int_eq(truncate(p->log, 100), 0);
}

static void lengthen_it(const struct temp_log *p)
{
	const int fd = open(p->log, O_WRONLY | O_APPEND | O_CLOEXEC);

	ck_assert_int_eq(write(fd, "x\n", 2), 2);
	close(fd);
}

START_TEST(a_file_that_somebody_else_changes_is_not_written_any_more)
{
	static void (*const harms[])(const struct temp_log *) = {unlink_it, replace_it, move_it,
	                                                         cut_it, lengthen_it};
	CLEANUP(temp_log_end) struct temp_log p = temp_log_begin(NULL);
	vres_audit_file_options o = temp_log_options(&p, false);
	vres_audit_file *log;
	char *before, *after;
	size_t before_n, after_n;
	vres_error err;

	o.required = 1;
	log = temp_log_open(&p, &o);
	ck_assert_int_eq(temp_log_record(log, VRES_EVENT_SEAL_VERIFICATION_FAILED, "shard"),
	                 VRES_OK);
	harms[_i](&p);
	before = temp_log_read(p.log, &before_n);
	for (unsigned i = 1; i <= 3; i++) {
		ck_assert_int_eq(temp_log_record(log, VRES_EVENT_SEAL_VERIFICATION_FAILED, "shard"),
		                 VRES_E_AUDIT);
		ck_assert_int_eq(temp_log_record(log, VRES_EVENT_SEAL_VERIFIED, "shard"),
		                 VRES_E_AUDIT);
		ck_assert_uint_eq(vres_audit_file_lost(log), 2 * i);
	}
	ck_status(vres_audit_file_flush(log, &err), VRES_E_AUDIT);
	ck_assert_str_eq(err.message, "the audit log was replaced or changed by somebody else");
	temp_log_close(&log);
	after = temp_log_read(p.log, &after_n);
	ck_assert_uint_eq(before_n, after_n);
	ck_assert((before == NULL) == (after == NULL) &&
	          (before == NULL || memcmp(before, after, before_n) == 0));
	test_free(before);
	test_free(after);
}
END_TEST

START_TEST(a_forked_child_can_only_close_which_touches_no_file)
{
	CLEANUP(temp_log_end) struct temp_log p = temp_log_begin(NULL);
	const vres_audit_file_options o = temp_log_options(&p, _i);
	CLEANUP(temp_log_close) vres_audit_file *log = temp_log_open(&p, &o);
	vres_error err;
	uint64_t seq;
	char hash[65], *before, *after;
	size_t before_n, after_n;
	int status;
	pid_t pid;

	ck_assert_int_eq(temp_log_record(log, VRES_EVENT_SEAL_VERIFICATION_FAILED, "shard"),
	                 VRES_OK);
	ck_ok(vres_audit_file_flush(log, &err));
	before = temp_log_read(p.log, &before_n);
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		if (temp_log_record(log, VRES_EVENT_SEAL_VERIFICATION_FAILED, "child") !=
		            VRES_E_STATE ||
		    vres_audit_file_flush(log, &err) != VRES_E_STATE ||
		    err.reason != VRES_REASON_FORKED ||
		    vres_audit_file_head(log, &seq, hash, &err) != VRES_E_STATE ||
		    vres_audit_file_lost(log) != 0)
			_exit(1);
		vres_audit_file_close(log);
		/*
		 * Success.  Ends without a search for leaks, which does not work in a process whose
		 * other threads are gone.
		 */
		(void)raise(SIGKILL);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	after = temp_log_read(p.log, &after_n);
	ck_assert_uint_eq(before_n, after_n);
	ck_assert_mem_eq(before, after, after_n);
	ck_assert_int_eq(temp_log_record(log, VRES_EVENT_SEAL_VERIFICATION_FAILED, "parent"),
	                 VRES_OK);
	ck_assert_uint_eq(temp_log_chain(&p, _i, NULL, NULL).events, 2);
	test_free(before);
	test_free(after);
}
END_TEST

START_TEST(a_closed_log_can_be_opened_again_while_a_child_lives_that_had_it)
{
	CLEANUP(temp_log_end) struct temp_log p = temp_log_begin(NULL);
	const vres_audit_file_options o = temp_log_options(&p, false);
	vres_audit_file *log = temp_log_open(&p, &o);
	const pid_t pid = fork();
	int status;

	if (pid == 0) {
		pause();
		_exit(0);
	}
	temp_log_close(&log);
	log = temp_log_open(&p, &o);
	temp_log_close(&log);
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
}
END_TEST

START_TEST(a_log_in_a_folder_that_cannot_be_written_is_not_opened)
{
	CLEANUP(temp_log_end) struct temp_log p = temp_log_begin(NULL);
	const vres_audit_file_options o = temp_log_options(&p, false);
	int status;
	pid_t pid;

	fflush(NULL);
	ck_assert_int_eq(chmod(p.folder, 0500), 0);
	if (geteuid() == 0)
		ck_assert_int_eq(chown(p.folder, 12345, 12345), 0);
	pid = fork();
	if (pid == 0) {
		vres_audit_file *log = NULL;
		vres_key *key = NULL;

		if (geteuid() == 0 && setresuid(12345, 12345, 12345) != 0)
			_exit(2);
		_exit(vres_key_derive("t", 1, NULL, &key, NULL) == VRES_OK &&
		                      vres_audit_file_open(p.log, key, &o, &log, NULL) == VRES_E_IO
		              ? 0
		              : 1);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	ck_assert_int_eq(chmod(p.folder, 0700), 0);
}
END_TEST

static vres_status whole_life(struct temp_log *p, const vres_audit_file_options *o,
                              const vres_key *key, vres_error *err)
{
	vres_audit_file *log = NULL;
	const vres_status status = vres_audit_file_open(p->log, key, o, &log, err);

	if (status != VRES_OK)
		return status;
	(void)temp_log_record(log, VRES_EVENT_SEAL_VERIFIED, "shard");
	(void)temp_log_record(log, VRES_EVENT_SEAL_VERIFICATION_FAILED, "shard");
	vres_audit_file_close(log);
	return VRES_OK;
}

START_TEST(no_allocation_that_fails_leaves_anything_behind_or_harms_the_log)
{
	CLEANUP(temp_log_end) struct temp_log p = temp_log_begin(NULL);
	const vres_audit_file_options o = temp_log_options(&p, _i);
	vres_key *key = NULL;
	unsigned failed = 0;
	vres_error err;

	ck_ok(vres_key_derive(TOKEN, strlen(TOKEN), NULL, &key, &err));
	for (uint64_t n = 1;; n++) {
		const uint64_t live = alloc_live();
		vres_status status;
		bool fired;

		status_poison(&err);
		alloc_fail(n, false);
		status = whole_life(&p, &o, key, &err);
		fired = alloc_disarm();
		ck_assert_msg(status_flaw(status, &err) == NULL, "allocation %u: %s", (unsigned)n,
		              status_flaw(status, &err));
		ck_assert_int_eq(status, fired ? VRES_E_NO_MEMORY : VRES_OK);
		ck_assert_uint_eq(alloc_live(), live);
		if (!fired)
			break;
		failed++;
	}
	ck_assert_uint_ge(failed, 3);
	ck_assert_uint_eq(temp_log_chain(&p, _i, NULL, NULL).events, 2);
	vres_key_destroy(key);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE_LOOP(a_file_that_somebody_else_changes_is_not_written_any_more, 5,
	                  "SEC-AUDIT-020", "integrity", "a log replaced under its writer"),
		CASE_LOOP(a_forked_child_can_only_close_which_touches_no_file, 2, "", "integrity",
	                  "two writers of one chain"),
		CASE(a_closed_log_can_be_opened_again_while_a_child_lives_that_had_it, "",
	             "availability", ""),
		CASE(a_log_in_a_folder_that_cannot_be_written_is_not_opened, "", "availability",
	             ""),
		CASE_LOOP(no_allocation_that_fails_leaves_anything_behind_or_harms_the_log, 2, "",
	                  "availability", ""),
	};

	return suite_run("audit_trouble", "audit_trouble", cases, COUNT(cases));
}
