/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What an audit log is not opened with: options, paths, and files that others can reach; and that
 * these stay as they are.
 */
#include <dirent.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/audit/reopen.h"
#include "support/fixture/support.h"

START_TEST(options_that_make_no_sense_are_refused)
{
	CLEANUP(temp_log_end) struct temp_log p = temp_log_begin(NULL);
	const vres_audit_file_options good = temp_log_options(&p, false);
	vres_audit_file_options o = good;
	vres_audit_file *log = NULL;
	vres_error err;
	DIR *folder;
	unsigned n = 0;

	ck_status(vres_audit_file_open(NULL, NULL, &o, &log, &err), VRES_E_INVALID_INPUT);
	ck_status(vres_audit_file_open(p.log, NULL, NULL, &log, &err), VRES_E_INVALID_INPUT);
	ck_status(vres_audit_file_open(p.log, NULL, &o, NULL, &err), VRES_E_INVALID_INPUT);
	/* Mode token needs a key. */
	ck_status(vres_audit_file_open(p.log, NULL, &o, &log, &err), VRES_E_INVALID_INPUT);
	o.struct_size--;
	ck_status(reopen_with(&p, TOKEN, &o, &err), VRES_E_ABI);
	for (unsigned i = 0; i < 8; i++) {
		o = good;
		if (i < 4)
			o.worker_id = (const char *[]){NULL, "", "a b",
			                               "1234567890123456789012345678901234567890123"
			                               "4567890123456789012345"}[i];
		o.mode = i == 4 ? 2 : 0;
		o.rotate_bytes = i == 5 ? KIB(64) - 1 : 0;
		o.queue_events = i == 6 ? (1u << 20) + 1 : 0;
		o.epoch_lines = i == 7;
		ck_status(reopen_with(&p, TOKEN, &o, &err), VRES_E_INVALID_INPUT);
	}
	o = good;
	o.mode = VRES_AUDIT_FORWARD;
	/* Without a forward_key. */
	ck_status(reopen_with(&p, TOKEN, &o, &err), VRES_E_INVALID_INPUT);
	o.forward_key = "/nonexistent/key";
	ck_status(reopen_with(&p, TOKEN, &o, &err), VRES_E_NOT_FOUND);
	o.forward_key = p.log;
	ck_status(reopen_with(&p, TOKEN, &o, &err), VRES_E_NOT_FOUND);
	folder = opendir(p.folder);
	while (readdir(folder) != NULL)
		n++;
	closedir(folder);
	ck_assert_uint_eq(n, 3); /* ., .. and the lock */
}
END_TEST

START_TEST(paths_that_lead_nowhere_are_refused)
{
	CLEANUP(temp_log_end) struct temp_log p = temp_log_begin(NULL);
	const struct temp_log home = p;
	char long_name[300];
	vres_error err;

	memset(long_name, 'n', sizeof(long_name) - 1);
	long_name[sizeof(long_name) - 1] = '\0';
	(void)snprintf(p.log, sizeof(p.log), "%s/", p.folder);
	ck_status(reopen(&p, false, &err), VRES_E_INVALID_INPUT);
	(void)snprintf(p.log, sizeof(p.log), "%s/..", p.folder);
	ck_status(reopen(&p, false, &err), VRES_E_INVALID_INPUT);
	(void)snprintf(p.log, sizeof(p.log), "%s/no/log", p.folder);
	ck_status(reopen(&p, false, &err), VRES_E_NOT_FOUND);
	ck_status(vres_audit_keygen(long_name, &err), VRES_E_INVALID_INPUT);
	p = home;
}
END_TEST

START_TEST(a_log_has_one_writer_in_this_process_and_in_all)
{
	CLEANUP(temp_log_end) struct temp_log p = temp_log_begin(NULL);
	const vres_audit_file_options o = temp_log_options(&p, _i);
	CLEANUP(temp_log_close) vres_audit_file *log = temp_log_open(&p, &o);
	vres_error err;
	int status;
	pid_t pid;

	ck_status(reopen(&p, _i, &err), VRES_E_BUSY);
	pid = fork();
	if (pid == 0)
		_exit(reopen_with(&p, TOKEN, &o, NULL) == VRES_E_BUSY ? 0 : 1);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	temp_log_close(&log);
	ck_ok(reopen(&p, _i, &err));
}
END_TEST

START_TEST(files_that_others_can_reach_or_that_are_no_files_are_refused)
{
	static const char *const suffixes[] = {"", ".checkpoint", ".key", ".lock"};
	CLEANUP(temp_log_end) struct temp_log p = log_of_three(true);
	char path[128], aside[128];
	vres_error err;

	(void)snprintf(path, sizeof(path), "%s%s", p.log, suffixes[_i]);
	(void)snprintf(aside, sizeof(aside), "%s/aside", p.folder);
	for (mode_t bit = 1; bit <= 040; bit <<= 1) {
		ck_assert_int_eq(chmod(path, 0600 | bit), 0);
		ck_reopen_refused(&p, true, VRES_E_INVALID_INPUT, "expected 0600");
	}
	ck_assert_int_eq(chmod(path, 0600), 0);
	if (geteuid() == 0) { /* only root can give a file away */
		ck_assert_int_eq(chown(path, 12345, 0), 0);
		ck_reopen_refused(&p, true, VRES_E_INVALID_INPUT, "another user");
		ck_assert_int_eq(chown(path, 0, 0), 0);
	}
	ck_assert_int_eq(rename(path, aside), 0);
	ck_assert_int_eq(symlink(aside, path), 0);
	ck_reopen_refused(&p, true, VRES_E_INVALID_INPUT, "symbolic link");
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	ck_assert_int_eq(reopen(&p, true, &err), VRES_E_INVALID_INPUT);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	ck_assert_int_eq(reopen(&p, true, &err), VRES_E_INVALID_INPUT);
	ck_assert_int_eq(rmdir(path), 0);
	ck_assert_int_eq(rename(aside, path), 0);
	ck_ok(reopen(&p, true, &err));
}
END_TEST

START_TEST(a_log_with_a_second_name_has_no_second_writer)
{
	CLEANUP(temp_log_end) struct temp_log p = log_of_three(_i);
	struct temp_log other = p;
	vres_error err;

	(void)snprintf(other.log, sizeof(other.log), "%s/other", p.folder);
	(void)snprintf(other.lock, sizeof(other.lock), "%s.lock", other.log);
	ck_assert_int_eq(link(p.log, other.log), 0);
	ck_reopen_refused(&p, _i, VRES_E_INVALID_INPUT, "has another name");
	ck_reopen_refused(&other, false, VRES_E_INVALID_INPUT, "has another name");
	ck_assert_int_eq(unlink(other.log), 0);
	ck_ok(reopen(&p, _i, &err));
}
END_TEST

START_TEST(a_folder_that_others_can_write_is_refused)
{
	CLEANUP(temp_log_end) struct temp_log p = log_of_three(false);
	vres_error err;

	for (mode_t mode = 0720; mode <= 0777; mode += 055) {
		ck_assert_int_eq(chmod(p.folder, mode), 0);
		ck_reopen_refused(&p, false, VRES_E_INVALID_INPUT, "can be written by others");
		(void)unlink(p.first_key);
		ck_status(vres_audit_keygen(p.first_key, &err), VRES_E_INVALID_INPUT);
	}
	ck_assert_int_eq(chmod(p.folder, 01777), 0);
	ck_ok(reopen(&p, false, &err));
}
END_TEST

START_TEST(a_file_that_is_no_log_is_left_as_it_is)
{
	CLEANUP(temp_log_end) struct temp_log p = temp_log_begin(NULL);
	char *long_line = test_alloc(20000);
	static const char *const others[] = {
		"my-secret-token",          "my-secret-token\n",           "\n", "{}\n",
		"{\"audit_id\":\"audit-\n", "{\"audit_id\":\"audit-x\"}\n"};

	for (size_t i = 0; i < COUNT(others); i++) {
		temp_log_write(p.log, others[i], strlen(others[i]));
		ck_reopen_refused(&p, false, VRES_E_AUDIT, "");
	}
	memset(long_line, 'x', 20000);
	for (size_t i = 0; i < 2; i++) {
		long_line[19999] = i ? '\n' : 'x';
		temp_log_write(p.log, long_line, 20000);
		ck_reopen_refused(&p, false, VRES_E_AUDIT, "");
	}
	test_free(long_line);
}
END_TEST

START_TEST(keygen_never_overwrites)
{
	CLEANUP(temp_log_end) struct temp_log p = temp_log_begin(NULL);
	char before[65], after[65];
	vres_error err;

	ck_ok(vres_audit_keygen(p.first_key, &err));
	files_digest(&p, before);
	ck_status(vres_audit_keygen(p.first_key, &err), VRES_E_STATE);
	ck_status(vres_audit_keygen(NULL, &err), VRES_E_INVALID_INPUT);
	ck_assert_int_eq(symlink("/nonexistent", p.log), 0);
	ck_assert_int_ne(vres_audit_keygen(p.log, &err), VRES_OK);
	ck_assert_int_eq(unlink(p.log), 0);
	files_digest(&p, after);
	ck_assert_str_eq(before, after);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE(options_that_make_no_sense_are_refused, "WORKER-4171 WORKER-4172", "", ""),
		CASE(paths_that_lead_nowhere_are_refused, "", "", ""),
		CASE_LOOP(a_log_has_one_writer_in_this_process_and_in_all, 2, "", "accountability",
	                  "two chains in one file"),
		CASE_LOOP(files_that_others_can_reach_or_that_are_no_files_are_refused, 4,
	                  "SEC-AUDIT-042", "integrity", "a log redirected by a link"),
		CASE_LOOP(a_log_with_a_second_name_has_no_second_writer, 2, "SEC-AUDIT-042",
	                  "integrity", "two chains in one file"),
		CASE(a_folder_that_others_can_write_is_refused, "SEC-AUDIT-042", "integrity",
	             "a log replaced by somebody else"),
		CASE(a_file_that_is_no_log_is_left_as_it_is, "", "integrity",
	             "a wrong path that destroys a file"),
		CASE(keygen_never_overwrites, "", "availability", ""),
	};

	return suite_run("audit_open", "audit_open", cases, COUNT(cases));
}
