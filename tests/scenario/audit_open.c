/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Opening an audit log: what is repaired, what is refused, and that what is refused stays as it is. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "place.h"
#include "support.h"

/* A log of three events, closed. */
static struct place a_log(bool forward)
{
	struct place p = place_begin(NULL);
	const vres_audit_file_options o = place_options(&p, forward);
	CLEANUP(place_close) vres_audit_file *log = place_open(&p, &o);

	for (unsigned i = 0; i < 3; i++)
		ck_assert_int_eq(place_record(log, VRES_EVENT_SEAL_VERIFIED, "shard"), VRES_OK);
	return p;
}

static vres_status open_with(struct place *p, const char *token, const vres_audit_file_options *o, vres_error *err)
{
	vres_audit_file *log = (void *)p;
	vres_key *key = NULL;
	vres_status status;

	ck_assert_int_eq(vres_key_derive(token, strlen(token), NULL, &key, NULL), VRES_OK);
	status = vres_audit_file_open(p->log, key, o, &log, err);
	if (status == VRES_OK)
		vres_audit_file_close(log);
	else
		ck_assert_ptr_eq(log, (void *)p);
	vres_key_destroy(key);
	return status;
}

static vres_status open_again(struct place *p, bool forward, vres_error *err)
{
	const vres_audit_file_options o = place_options(p, forward);

	return open_with(p, TOKEN, &o, err);
}

/* A digest of every file of the place but LOG.lock: names, modes and bytes. */
static void state_of(const struct place *p, char hex[65])
{
	DIR *folder = opendir(p->folder);
	const struct dirent *entry;
	uint8_t sum[32] = {0};

	ck_assert_ptr_nonnull(folder);
	while ((entry = readdir(folder)) != NULL) {
		char path[384], text[512];
		uint8_t digest[32];
		struct stat s;
		char *bytes;
		size_t n = 0;

		(void)snprintf(path, sizeof(path), "%s/%s", p->folder, entry->d_name);
		if (strcmp(path, p->lock) == 0 || lstat(path, &s) != 0 || S_ISDIR(s.st_mode))
			continue;
		bytes = S_ISREG(s.st_mode) ? place_read(path, &n) : NULL;
		(void)snprintf(text, sizeof(text), "%s %o ", entry->d_name, s.st_mode);
		if (bytes)
			sha256_hex(bytes, n, text + strlen(text));
		sha256_of(text, strlen(text), digest);
		for (size_t i = 0; i < 32; i++)
			sum[i] ^= digest[i];
		test_free(bytes);
	}
	closedir(folder);
	hex_of(sum, 32, hex);
}

/* Opening fails so, and leaves everything as it is. */
static void ck_open_refused(struct place *p, bool forward, vres_status want, const char *message)
{
	char before[65], after[65];
	vres_error err;

	state_of(p, before);
	ck_status(open_again(p, forward, &err), want);
	ck_assert_msg(strstr(err.message, message) != NULL, "\"%s\" does not say \"%s\"", err.message, message);
	state_of(p, after);
	ck_assert_str_eq(before, after);
}

START_TEST(options_that_make_no_sense_are_refused)
{
	CLEANUP(place_end) struct place p = place_begin(NULL);
	const vres_audit_file_options good = place_options(&p, false);
	vres_audit_file_options o = good;
	vres_audit_file *log = NULL;
	vres_error err;
	DIR *folder;
	unsigned n = 0;

	ck_status(vres_audit_file_open(NULL, NULL, &o, &log, &err), VRES_E_INVALID_INPUT);
	ck_status(vres_audit_file_open(p.log, NULL, NULL, &log, &err), VRES_E_INVALID_INPUT);
	ck_status(vres_audit_file_open(p.log, NULL, &o, NULL, &err), VRES_E_INVALID_INPUT);
	ck_status(vres_audit_file_open(p.log, NULL, &o, &log, &err), VRES_E_INVALID_INPUT); /* mode token needs a key */
	o.struct_size--;
	ck_status(open_with(&p, TOKEN, &o, &err), VRES_E_ABI);
	for (unsigned i = 0; i < 8; i++) {
		o = good;
		if (i < 4)
			o.worker_id = (const char *[]){NULL, "", "a b", "12345678901234567890123456789012345678901234567890123456789012345"}[i];
		o.mode = i == 4 ? 2 : 0;
		o.rotate_bytes = i == 5 ? KIB(64) - 1 : 0;
		o.queue_events = i == 6 ? (1u << 20) + 1 : 0;
		o.epoch_lines = i == 7;
		ck_status(open_with(&p, TOKEN, &o, &err), VRES_E_INVALID_INPUT);
	}
	o = good;
	o.mode = VRES_AUDIT_FORWARD;
	ck_status(open_with(&p, TOKEN, &o, &err), VRES_E_INVALID_INPUT); /* without a forward_key */
	o.forward_key = "/nonexistent/key";
	ck_status(open_with(&p, TOKEN, &o, &err), VRES_E_NOT_FOUND);
	o.forward_key = p.log;
	ck_status(open_with(&p, TOKEN, &o, &err), VRES_E_NOT_FOUND);
	folder = opendir(p.folder);
	while (readdir(folder) != NULL)
		n++;
	closedir(folder);
	ck_assert_uint_eq(n, 3); /* ., .. and the lock */
}
END_TEST

START_TEST(paths_that_lead_nowhere_are_refused)
{
	CLEANUP(place_end) struct place p = place_begin(NULL);
	const struct place home = p;
	char long_name[300];
	vres_error err;

	memset(long_name, 'n', sizeof(long_name) - 1);
	long_name[sizeof(long_name) - 1] = '\0';
	(void)snprintf(p.log, sizeof(p.log), "%s/", p.folder);
	ck_status(open_again(&p, false, &err), VRES_E_INVALID_INPUT);
	(void)snprintf(p.log, sizeof(p.log), "%s/..", p.folder);
	ck_status(open_again(&p, false, &err), VRES_E_INVALID_INPUT);
	(void)snprintf(p.log, sizeof(p.log), "%s/no/log", p.folder);
	ck_status(open_again(&p, false, &err), VRES_E_NOT_FOUND);
	ck_status(vres_audit_keygen(long_name, &err), VRES_E_INVALID_INPUT);
	p = home;
}
END_TEST

START_TEST(a_log_has_one_writer_in_this_process_and_in_all)
{
	CLEANUP(place_end) struct place p = place_begin(NULL);
	const vres_audit_file_options o = place_options(&p, _i);
	CLEANUP(place_close) vres_audit_file *log = place_open(&p, &o);
	vres_error err;
	int status;
	pid_t pid;

	ck_status(open_again(&p, _i, &err), VRES_E_BUSY);
	pid = fork();
	if (pid == 0)
		_exit(open_with(&p, TOKEN, &o, NULL) == VRES_E_BUSY ? 0 : 1);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	place_close(&log);
	ck_ok(open_again(&p, _i, &err));
}
END_TEST

START_TEST(another_key_is_refused)
{
	CLEANUP(place_end) struct place p = a_log(false);
	const vres_audit_file_options o = place_options(&p, false);
	char before[65], after[65];
	vres_error err;

	ck_ok(vres_audit_keygen(p.first_key, &err));
	state_of(&p, before);
	ck_status(open_with(&p, "another token", &o, &err), VRES_E_AUDIT);
	state_of(&p, after);
	ck_assert_str_eq(before, after);
	ck_open_refused(&p, true, VRES_E_AUDIT, "its key file is missing");
	ck_ok(open_again(&p, false, &err));
}
END_TEST

START_TEST(another_mode_is_refused)
{
	CLEANUP(place_end) struct place p = a_log(true);
	const vres_audit_file_options o = place_options(&p, false);
	vres_error err;

	ck_status(open_with(&p, TOKEN, &o, &err), VRES_E_AUDIT);
	ck_assert_int_eq(unlink(p.checkpoint), 0);
	ck_status(open_with(&p, TOKEN, &o, &err), VRES_E_AUDIT);
	ck_assert_str_eq(err.message, "the log is in mode forward");
}
END_TEST

/* Where the last line of the log begins. */
static size_t last_line(const char *text, size_t n)
{
	const char *newline = memrchr(text, '\n', n - 1);

	return newline ? (size_t)(newline - text) + 1 : 0;
}

START_TEST(an_edited_last_line_is_refused_whatever_byte_was_changed)
{
	CLEANUP(place_end) struct place p = a_log(_i);
	size_t n, checkpoint_n;
	char *text = place_read(p.log, &n), *checkpoint = place_read(p.checkpoint, &checkpoint_n);
	vres_error err;

	for (size_t at = last_line(text, n); at < n - 1; at += 7) {
		text[at] ^= 1;
		place_write(p.log, text, n);
		ck_status(open_again(&p, _i, &err), VRES_E_AUDIT);
		text[at] ^= 1;
	}
	place_write(p.log, text, n);
	for (size_t at = 0; at < checkpoint_n; at += 7) {
		checkpoint[at] ^= 1;
		place_write(p.checkpoint, checkpoint, checkpoint_n);
		ck_open_refused(&p, _i, VRES_E_AUDIT, "checkpoint");
		checkpoint[at] ^= 1;
	}
	place_write(p.checkpoint, checkpoint, checkpoint_n);
	ck_ok(open_again(&p, _i, &err));
	test_free(text);
	test_free(checkpoint);
}
END_TEST

START_TEST(a_log_that_ends_before_its_checkpoint_is_refused)
{
	CLEANUP(place_end) struct place p = a_log(_i);
	vres_error err;
	size_t n;
	char *text = place_read(p.log, &n);

	for (size_t cut = last_line(text, n); cut > 0; cut = last_line(text, cut)) {
		place_write(p.log, text, cut);
		/* In mode forward the key of an earlier epoch is gone. */
		ck_open_refused(&p, _i, VRES_E_AUDIT, _i ? "" : "lines were removed");
	}
	place_write(p.log, text, n);
	ck_assert_int_eq(unlink(p.checkpoint), 0);
	ck_open_refused(&p, _i, VRES_E_AUDIT, "no checkpoint");
	ck_status(open_again(&p, _i, &err), VRES_E_AUDIT);
	test_free(text);
}
END_TEST

START_TEST(a_log_in_mode_forward_is_refused_without_its_key)
{
	CLEANUP(place_end) struct place p = a_log(true);
	size_t n;
	char *key = place_read(p.key, &n);
	vres_error err;

	ck_assert_int_eq(unlink(p.key), 0);
	ck_open_refused(&p, true, VRES_E_AUDIT, "its key file is missing");
	place_write(p.key, key, n);
	for (size_t at = 0; at < n; at++) {
		key[at] ^= 1;
		place_write(p.key, key, n);
		ck_assert_int_ne(open_again(&p, true, &err), VRES_OK);
		ck_assert(err.status == VRES_E_AUDIT || err.status == VRES_E_INVALID_INPUT);
		ck_assert_ptr_null(memmem(err.message, sizeof(err.message), key + 19, 8));
		key[at] ^= 1;
	}
	place_write(p.key, key, n);
	ck_ok(open_again(&p, true, &err));
	test_free(key);
	ck_assert_int_eq(unlink(p.log) | unlink(p.checkpoint), 0);
	ck_open_refused(&p, true, VRES_E_AUDIT, "it was removed");
}
END_TEST

START_TEST(the_key_of_an_epoch_that_ended_is_nowhere_in_the_folder)
{
	CLEANUP(place_end) struct place p = a_log(true);
	size_t n;
	char *key = place_read(p.key, &n);

	ck_assert_int_eq(strncmp(key, "vres-audit-key/1 1 ", 19), 0); /* the session's end was one of an epoch */
	test_free(key);
	key = place_read(p.first_key, &n);
	ck_assert_int_eq(strncmp(key, "vres-audit-key/1 0 ", 19), 0); /* the auditor's, who takes it away */
	test_free(key);
	ck_assert_uint_eq(place_chain(&p, true, NULL, NULL).epoch, 1);
}
END_TEST

START_TEST(a_key_that_a_crash_left_behind_is_overwritten_and_another_file_is_not)
{
	CLEANUP(place_end) struct place p = place_begin(NULL);
	const vres_audit_file_options o = place_options(&p, true);
	const bool is_link = _i;
	char temporary[128], another[96], now[64];
	CLEANUP(place_close) vres_audit_file *log = NULL;
	char *key;
	size_t n;
	int fd;

	(void)snprintf(temporary, sizeof(temporary), "%s.tmp", p.key);
	(void)snprintf(another, sizeof(another), "%s/another", p.folder);
	key = place_read(p.first_key, &n);
	place_write(is_link ? another : temporary, key, n);
	if (is_link)
		ck_assert_int_eq(link(another, temporary), 0);
	fd = open(temporary, O_RDONLY | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	log = place_open(&p, &o);
	ck_assert_int_eq(access(temporary, F_OK), -1);
	ck_assert_int_eq(pread(fd, now, sizeof(now), 0), (ssize_t)sizeof(now));
	ck_assert_int_eq(memcmp(now, is_link ? key : (char[64]){0}, sizeof(now)), 0);
	ck_assert_int_eq(close(fd), 0);
	test_free(key);
}
END_TEST

START_TEST(files_that_others_can_reach_or_that_are_no_files_are_refused)
{
	static const char *const suffixes[] = {"", ".checkpoint", ".key", ".lock"};
	CLEANUP(place_end) struct place p = a_log(true);
	char path[128], aside[128];
	vres_error err;

	(void)snprintf(path, sizeof(path), "%s%s", p.log, suffixes[_i]);
	(void)snprintf(aside, sizeof(aside), "%s/aside", p.folder);
	for (mode_t bit = 1; bit <= 040; bit <<= 1) {
		ck_assert_int_eq(chmod(path, 0600 | bit), 0);
		ck_open_refused(&p, true, VRES_E_INVALID_INPUT, "expected 0600");
	}
	ck_assert_int_eq(chmod(path, 0600), 0);
	if (geteuid() == 0) { /* only root can give a file away */
		ck_assert_int_eq(chown(path, 12345, 0), 0);
		ck_open_refused(&p, true, VRES_E_INVALID_INPUT, "another user");
		ck_assert_int_eq(chown(path, 0, 0), 0);
	}
	ck_assert_int_eq(rename(path, aside), 0);
	ck_assert_int_eq(symlink(aside, path), 0);
	ck_open_refused(&p, true, VRES_E_INVALID_INPUT, "symbolic link");
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	ck_assert_int_eq(open_again(&p, true, &err), VRES_E_INVALID_INPUT);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	ck_assert_int_eq(open_again(&p, true, &err), VRES_E_INVALID_INPUT);
	ck_assert_int_eq(rmdir(path), 0);
	ck_assert_int_eq(rename(aside, path), 0);
	ck_ok(open_again(&p, true, &err));
}
END_TEST

START_TEST(a_folder_that_others_can_write_is_refused)
{
	CLEANUP(place_end) struct place p = a_log(false);
	vres_error err;

	for (mode_t mode = 0720; mode <= 0777; mode += 055) {
		ck_assert_int_eq(chmod(p.folder, mode), 0);
		ck_open_refused(&p, false, VRES_E_INVALID_INPUT, "can be written by others");
		(void)unlink(p.first_key);
		ck_status(vres_audit_keygen(p.first_key, &err), VRES_E_INVALID_INPUT);
	}
	ck_assert_int_eq(chmod(p.folder, 01777), 0);
	ck_ok(open_again(&p, false, &err));
}
END_TEST

START_TEST(a_file_that_is_no_log_is_left_as_it_is)
{
	CLEANUP(place_end) struct place p = place_begin(NULL);
	char *long_line = test_alloc(20000);
	static const char *const others[] = {"my-secret-token",          "my-secret-token\n",           "\n", "{}\n",
	                                     "{\"audit_id\":\"audit-\n", "{\"audit_id\":\"audit-x\"}\n"};

	for (size_t i = 0; i < COUNT(others); i++) {
		place_write(p.log, others[i], strlen(others[i]));
		ck_open_refused(&p, false, VRES_E_AUDIT, "");
	}
	memset(long_line, 'x', 20000);
	for (size_t i = 0; i < 2; i++) {
		long_line[19999] = i ? '\n' : 'x';
		place_write(p.log, long_line, 20000);
		ck_open_refused(&p, false, VRES_E_AUDIT, "");
	}
	test_free(long_line);
}
END_TEST

START_TEST(keygen_never_overwrites)
{
	CLEANUP(place_end) struct place p = place_begin(NULL);
	char before[65], after[65];
	vres_error err;

	ck_ok(vres_audit_keygen(p.first_key, &err));
	state_of(&p, before);
	ck_status(vres_audit_keygen(p.first_key, &err), VRES_E_STATE);
	ck_status(vres_audit_keygen(NULL, &err), VRES_E_INVALID_INPUT);
	ck_assert_int_eq(symlink("/nonexistent", p.log), 0);
	ck_assert_int_ne(vres_audit_keygen(p.log, &err), VRES_OK);
	ck_assert_int_eq(unlink(p.log), 0);
	state_of(&p, after);
	ck_assert_str_eq(before, after);
}
END_TEST

START_TEST(a_log_goes_on_from_its_checkpoint_when_a_crash_came_before_the_next_file)
{
	CLEANUP(place_end) struct place p = a_log(_i & 1);
	const bool forward = _i & 1, has_empty_file = _i & 2;
	char full[128];
	struct lines lines = {.n = 0};
	struct chain c;
	vres_error err;

	(void)snprintf(full, sizeof(full), "%s.%016x", p.log, 1u);
	ck_assert_int_eq(rename(p.log, full), 0);
	if (has_empty_file)
		place_write(p.log, "", 0);
	ck_ok(open_again(&p, forward, &err));
	c = place_chain(&p, forward, lines_keep, &lines);
	ck_assert_ptr_nonnull(strstr(lines.text[forward ? 6 : 5], "\"log_header\""));
	ck_assert_str_eq(c.type, "log_closed");
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE(options_that_make_no_sense_are_refused, "WORKER-4171 WORKER-4172", "", ""),
		CASE(paths_that_lead_nowhere_are_refused, "", "", ""),
		CASE_LOOP(a_log_has_one_writer_in_this_process_and_in_all, 2, "", "accountability", "two chains in one file"),
		CASE(another_key_is_refused, "SEC-AUDIT-020", "authenticity", "a log continued under another key"),
		CASE(another_mode_is_refused, "", "authenticity", "a downgrade from mode forward"),
		CASE_LOOP(an_edited_last_line_is_refused_whatever_byte_was_changed, 2, "SEC-AUDIT-020", "integrity", "an edited tail"),
		CASE_LOOP(a_log_that_ends_before_its_checkpoint_is_refused, 2, "SEC-AUDIT-020", "integrity", "a tail that was cut off"),
		CASE(a_log_in_mode_forward_is_refused_without_its_key, "WORKER-4152", "authenticity", "a log that is begun anew unseen"),
		CASE(the_key_of_an_epoch_that_ended_is_nowhere_in_the_folder, "", "authenticity", "an intruder who rewrites the past"),
		CASE_LOOP(a_key_that_a_crash_left_behind_is_overwritten_and_another_file_is_not, 2, "", "integrity",
	                  "a hard link that makes the library destroy a file"),
		CASE_LOOP(files_that_others_can_reach_or_that_are_no_files_are_refused, 4, "SEC-AUDIT-042", "integrity",
	                  "a log redirected by a link"),
		CASE(a_folder_that_others_can_write_is_refused, "SEC-AUDIT-042", "integrity", "a log replaced by somebody else"),
		CASE(a_file_that_is_no_log_is_left_as_it_is, "", "integrity", "a wrong path that destroys a file"),
		CASE(keygen_never_overwrites, "", "availability", ""),
		CASE_LOOP(a_log_goes_on_from_its_checkpoint_when_a_crash_came_before_the_next_file, 4, "", "accountability",
	                  "a crash in a rotation"),
	};
	return suite_run("audit_open", "audit_open", cases, COUNT(cases));
}
