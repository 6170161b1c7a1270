/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Token files and credentials: which are taken, which are refused, and what of them is the token.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/auxv.h>
#include <sys/un.h>
#include <unistd.h>
#include <vres/vres.h>

#include "support/suite/alloc.h"
#include "sign/key.h"
#include "support/suite/status.h"
#include "support/suite/suite.h"

/* A program with setuid, setgid or file capabilities. */
static bool is_privileged;

char *__real_secure_getenv(const char *name);
char *__wrap_secure_getenv(const char *name);
unsigned long __real_getauxval(unsigned long type);
unsigned long __wrap_getauxval(unsigned long type);

char *__wrap_secure_getenv(const char *name)
{
	return is_privileged ? NULL : __real_secure_getenv(name);
}

unsigned long __wrap_getauxval(unsigned long type)
{
	return is_privileged && type == AT_SECURE ? 1 : __real_getauxval(type);
}

/* A folder of our own with a place for one file in it. */
struct temp_log {
	char folder[32], path[48];
};

static struct temp_log begin(void)
{
	struct temp_log p = {.folder = "/tmp/vres-token-XXXXXX"};

	ck_assert_ptr_nonnull(mkdtemp(p.folder));
	(void)snprintf(p.path, sizeof(p.path), "%s/token", p.folder);
	return p;
}

static void end(struct temp_log *p)
{
	(void)unlink(p->path);
	(void)rmdir(p->path);
	ck_assert_int_eq(rmdir(p->folder), 0);
}

static void put(const struct temp_log *p, const void *bytes, size_t n, mode_t mode)
{
	int fd;

	(void)unlink(p->path);
	fd = open(p->path, O_WRONLY | O_CREAT | O_EXCL, 0600);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, bytes, n), (ssize_t)n);
	ck_assert_int_eq(fchmod(fd, mode), 0);
	ck_assert_int_eq(close(fd), 0);
}

static vres_status from_file(const struct temp_log *p, vres_error *err)
{
	vres_key *key = NULL;
	const vres_status status = vres_key_from_token_file(p->path, NULL, &key, err);

	ck_assert_int_eq(key != NULL, status == VRES_OK);
	vres_key_destroy(key);
	return status;
}

/* The file gives the key of exactly these bytes. */
static void ck_token(const struct temp_log *p, const char *token, size_t n)
{
	vres_key *got = NULL, *want = NULL;
	vres_error err;

	ck_ok(vres_key_from_token_file(p->path, NULL, &got, &err));
	ck_ok(vres_key_derive(token, n, NULL, &want, &err));
	ck_assert_mem_eq(got->root, want->root, 32);
	vres_key_destroy(got);
	vres_key_destroy(want);
}

START_TEST(file_that_its_owner_alone_can_read_is_taken)
{
	CLEANUP(end) struct temp_log p = begin();

	put(&p, "secret", 6, 0600);
	ck_token(&p, "secret", 6);
	if (geteuid() == 0) { /* who may read it all the same */
		put(&p, "secret", 6, 0400);
		ck_token(&p, "secret", 6);
		put(&p, "secret", 6, 0000);
		ck_token(&p, "secret", 6);
	}
}
END_TEST

START_TEST(file_that_others_could_read_write_or_run_is_refused)
{
	CLEANUP(end) struct temp_log p = begin();
	vres_error err;

	for (mode_t bit = 1; bit <= 040; bit <<= 1) {
		put(&p, "secret", 6, 0600 | bit);
		if (geteuid() == 0) /* a group of this process might read root's file */
			ck_assert_int_eq(chown(p.path, 0, 12345), 0);
		ck_status(from_file(&p, &err), VRES_E_INVALID_INPUT);
		ck_assert_ptr_nonnull(strstr(err.message, "expected 0600"));
	}
}
END_TEST

START_TEST(missing_file_is_not_found)
{
	CLEANUP(end) struct temp_log p = begin();
	vres_key *key = NULL;
	vres_error err;

	ck_status(from_file(&p, &err), VRES_E_NOT_FOUND);
	put(&p, "secret", 6, 0600);
	(void)snprintf(p.path, sizeof(p.path), "%s/token/x", p.folder);
	ck_status(from_file(&p, &err), VRES_E_NOT_FOUND);
	(void)snprintf(p.path, sizeof(p.path), "%s/token", p.folder);
	(void)snprintf(p.path, sizeof(p.path), "%s/none/token", p.folder);
	ck_status(from_file(&p, &err), VRES_E_NOT_FOUND);
	(void)snprintf(p.path, sizeof(p.path), "%s/token", p.folder);
	ck_status(vres_key_from_token_file("", NULL, &key, &err), VRES_E_INVALID_INPUT);
	ck_status(vres_key_from_token_file(NULL, NULL, &key, &err), VRES_E_INVALID_INPUT);
	ck_status(vres_key_from_token_file(p.path, NULL, NULL, &err), VRES_E_INVALID_INPUT);
}
END_TEST

START_TEST(what_is_not_a_regular_file_is_refused_without_waiting)
{
	CLEANUP(end) struct temp_log p = begin();
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const int s = socket(AF_UNIX, SOCK_STREAM, 0);
	vres_error err;

	ck_assert_int_eq(symlink("/etc/hostname", p.path), 0);
	ck_status(from_file(&p, &err), VRES_E_INVALID_INPUT);
	ck_assert_int_eq(unlink(p.path), 0);
	ck_assert_int_eq(mkfifo(p.path, 0600), 0);
	ck_status(from_file(&p, &err), VRES_E_INVALID_INPUT);
	ck_assert_int_eq(unlink(p.path), 0);
	ck_assert_int_eq(mkdir(p.path, 0700), 0);
	ck_status(from_file(&p, &err), VRES_E_INVALID_INPUT);
	ck_assert_int_eq(rmdir(p.path), 0);
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", p.path);
	ck_assert_int_eq(bind(s, (const struct sockaddr *)&address, sizeof(address)), 0);
	ck_assert_int_eq(chmod(p.path, 0600), 0);
	ck_status(from_file(&p, &err), VRES_E_INVALID_INPUT);
	close(s);
}
END_TEST

START_TEST(file_of_another_user_is_refused)
{
	CLEANUP(end) struct temp_log p = begin();
	vres_error err;

	put(&p, "secret", 6, 0600);
	if (geteuid() == 0) { /* only root can give a file away, and only root can read it then */
		ck_assert_int_eq(chown(p.path, 12345, 12345), 0);
		ck_status(from_file(&p, &err), VRES_E_INVALID_INPUT);
		ck_assert_str_eq(err.message, "the token file belongs to another user");
		ck_assert_int_eq(chown(p.path, 0, 12345), 0);
	}
	ck_ok(from_file(&p, &err));
}
END_TEST

START_TEST(file_in_a_folder_that_others_can_write_is_refused)
{
	CLEANUP(end) struct temp_log p = begin();
	vres_error err;

	put(&p, "secret", 6, 0600);
	ck_assert_int_eq(chmod(p.folder, 0777), 0);
	ck_status(from_file(&p, &err), VRES_E_INVALID_INPUT);
	ck_assert_int_eq(chmod(p.folder, 0720), 0);
	ck_status(from_file(&p, &err), VRES_E_INVALID_INPUT);
	ck_assert_int_eq(chmod(p.folder, 0755), 0);
	ck_ok(from_file(&p, &err));
}
END_TEST

/* Every code point with the property White_Space, by Unicode 15's PropList.txt. */
static const char *const spaces[] = {
	"\t",           "\n",           "\v",
	"\f",           "\r",           " ",
	"\xc2\x85",     "\xc2\xa0",     "\xe1\x9a\x80",
	"\xe2\x80\x80", "\xe2\x80\x81", "\xe2\x80\x82",
	"\xe2\x80\x83", "\xe2\x80\x84", "\xe2\x80\x85",
	"\xe2\x80\x86", "\xe2\x80\x87", "\xe2\x80\x88",
	"\xe2\x80\x89", "\xe2\x80\x8a", "\xe2\x80\xa8",
	"\xe2\x80\xa9", "\xe2\x80\xaf", "\xe2\x81\x9f",
	"\xe3\x80\x80",
};

START_TEST(white_space_at_both_ends_is_not_part_of_the_token)
{
	CLEANUP(end) struct temp_log p = begin();
	char text[64];

	for (size_t i = 0; i < COUNT(spaces); i++) {
		const int n = snprintf(text, sizeof(text), "%s\n%sa b%s\n%s", spaces[i], spaces[i],
		                       spaces[i], spaces[i]);

		put(&p, text, (size_t)n, 0600);
		ck_token(&p, "a b", 3);
	}
}
END_TEST

START_TEST(white_space_inside_that_is_no_control_character_is_part_of_the_token)
{
	CLEANUP(end) struct temp_log p = begin();
	char token[16];

	for (size_t i = 0; i < COUNT(spaces); i++) {
		const int n = snprintf(token, sizeof(token), "a%sb", spaces[i]);
		const bool is_control =
			n == 3 ? token[1] != ' ' : strcmp(spaces[i], "\xc2\x85") == 0;
		vres_error err;

		put(&p, token, (size_t)n, 0600);
		if (!is_control) {
			ck_token(&p, token, (size_t)n);
			continue;
		}
		ck_status(from_file(&p, &err), VRES_E_INVALID_INPUT);
		ck_assert_str_eq(err.message, "the token has a control character at byte 1");
	}
}
END_TEST

/* Neighbours of the above and a zero-width space: invisible, some of them, but not White_Space. */
START_TEST(what_is_not_white_space_is_part_of_the_token)
{
	static const char *const others[] = {"!", "\xc2\xa1", "\xe1\x9a\x81", "\xe2\x80\x8b"};
	CLEANUP(end) struct temp_log p = begin();
	char token[16];

	for (size_t i = 0; i < COUNT(others); i++) {
		const int n = snprintf(token, sizeof(token), "%sa%s", others[i], others[i]);

		put(&p, token, (size_t)n, 0600);
		ck_token(&p, token, (size_t)n);
	}
}
END_TEST

/* An editor puts a byte order mark in front, a terminal leaves an escape: nobody sees either. */
START_TEST(byte_order_mark_or_control_character_is_refused_instead_of_giving_another_key)
{
	static const struct {
		const char *text, *what;
	} cases[] = {
		{"\xef\xbb\xbfsecret\n", "the token has a byte order mark at byte 0"},
		{"\n\xef\xbb\xbfsecret", "the token has a byte order mark at byte 0"},
		{"secret\x08", "the token has a control character at byte 6"},
		{"sec\x0eret", "the token has a control character at byte 3"},
		{"\x1f"
	         "secret",
	         "the token has a control character at byte 0"},
		{"sec\x7fret", "the token has a control character at byte 3"},
		{"sec\xc2\x84ret", "the token has a control character at byte 3"},
		{"sec\x1b[0mret", "the token has an ANSI escape at byte 3"},
		{"one line\nanother", "the token has a control character at byte 8"},
		{"sec\xe2\x80\xaeret", "the token has a bidirectional override at byte 3"},
	};
	CLEANUP(end) struct temp_log p = begin();
	vres_error err;

	for (size_t i = 0; i < COUNT(cases); i++) {
		put(&p, cases[i].text, strlen(cases[i].text), 0600);
		ck_status(from_file(&p, &err), VRES_E_INVALID_INPUT);
		ck_assert_str_eq(err.message, cases[i].what);
	}
	put(&p, "sec\0ret", 7, 0600);
	ck_status(from_file(&p, &err), VRES_E_INVALID_INPUT);
	ck_assert_str_eq(err.message, "the token has a NUL at byte 3");
}
END_TEST

START_TEST(file_without_a_token_is_refused)
{
	CLEANUP(end) struct temp_log p = begin();
	vres_error err;

	put(&p, "", 0, 0600);
	ck_status(from_file(&p, &err), VRES_E_INVALID_INPUT);
	put(&p, " \n\t\xe3\x80\x80", 6, 0600);
	ck_status(from_file(&p, &err), VRES_E_INVALID_INPUT);
	ck_assert_str_eq(err.message, "the token file is empty");
}
END_TEST

START_TEST(file_that_is_not_utf8_is_refused_and_not_echoed)
{
	static const char *const bad[] = {"abc\xff", "\xc3", "secret\xed\xa0\x80", "\xc0\x80",
	                                  "a\x80z"};
	CLEANUP(end) struct temp_log p = begin();
	vres_error err;

	for (size_t i = 0; i < COUNT(bad); i++) {
		put(&p, bad[i], strlen(bad[i]), 0600);
		ck_status(from_file(&p, &err), VRES_E_INVALID_INPUT);
		ck_assert_ptr_nonnull(strstr(err.message, "not valid UTF-8 at byte"));
		ck_assert_ptr_null(strstr(err.message, "secret"));
	}
}
END_TEST

START_TEST(file_has_at_most_a_mebibyte)
{
	CLEANUP(end) struct temp_log p = begin();
	const size_t most = (size_t)1 << 20;
	char *text = test_alloc(most + 1);
	vres_error err;

	memset(text, 'x', most + 1);
	put(&p, text, most, 0600);
	ck_token(&p, text, most);
	put(&p, text, most + 1, 0600);
	ck_status(from_file(&p, &err), VRES_E_INVALID_INPUT);
	ck_assert_str_eq(err.message, "the token file is longer than 1 MiB");
	test_free(text);
}
END_TEST

static vres_status credential(const char *name, vres_error *err)
{
	vres_key *key = NULL;
	const vres_status status = vres_key_from_credential(name, NULL, &key, err);

	ck_assert_int_eq(key != NULL, status == VRES_OK);
	vres_key_destroy(key);
	return status;
}

START_TEST(credential_is_a_file_in_the_folder_that_systemd_names)
{
	CLEANUP(end) struct temp_log p = begin();
	vres_key *got = NULL, *want = NULL;
	vres_error err;

	put(&p, "secret\n", 7, 0600);
	ck_assert_int_eq(setenv("CREDENTIALS_DIRECTORY", p.folder, 1), 0);
	ck_ok(vres_key_from_credential("token", "d", &got, &err));
	ck_ok(vres_key_derive("secret", 6, "d", &want, &err));
	ck_assert_mem_eq(got->root, want->root, 32);
	vres_key_destroy(got);
	vres_key_destroy(want);
	ck_status(credential("other", &err), VRES_E_NOT_FOUND);
}
END_TEST

START_TEST(file_of_root_may_be_readable_by_its_group_and_by_nobody_else)
{
	CLEANUP(end) struct temp_log p = begin();
	const vres_status group_readable = geteuid() == 0 ? VRES_OK : VRES_E_INVALID_INPUT;
	vres_error err;

	ck_assert_int_eq(setenv("CREDENTIALS_DIRECTORY", p.folder, 1), 0);
	put(&p, "secret", 6, 0440);
	ck_status(credential("token", &err), group_readable);
	ck_status(from_file(&p, &err), group_readable); /* a token file likewise */
	put(&p, "secret", 6, 0460);
	ck_status(credential("token", &err), VRES_E_INVALID_INPUT);
	put(&p, "secret", 6, 0450);
	ck_status(credential("token", &err), VRES_E_INVALID_INPUT);
	put(&p, "secret", 6, 0444);
	ck_status(credential("token", &err), VRES_E_INVALID_INPUT);
}
END_TEST

START_TEST(credential_without_a_folder_is_not_found_and_a_relative_one_is_refused)
{
	char longest[4200];
	vres_error err;

	ck_assert_int_eq(unsetenv("CREDENTIALS_DIRECTORY"), 0);
	ck_status(credential("token", &err), VRES_E_NOT_FOUND);
	ck_assert_int_eq(setenv("CREDENTIALS_DIRECTORY", "relative", 1), 0);
	ck_status(credential("token", &err), VRES_E_INVALID_INPUT);
	ck_assert_int_eq(setenv("CREDENTIALS_DIRECTORY", "", 1), 0);
	ck_status(credential("token", &err), VRES_E_INVALID_INPUT);
	memset(longest, '/', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	ck_assert_int_eq(setenv("CREDENTIALS_DIRECTORY", longest, 1), 0);
	ck_status(credential("token", &err), VRES_E_INVALID_INPUT);
}
END_TEST

START_TEST(privileged_program_says_that_it_ignores_the_folder)
{
	CLEANUP(end) struct temp_log p = begin();
	vres_error err;

	put(&p, "secret", 6, 0600);
	ck_assert_int_eq(setenv("CREDENTIALS_DIRECTORY", p.folder, 1), 0);
	is_privileged = true;
	ck_status(credential("token", &err), VRES_E_NOT_FOUND);
	ck_assert_ptr_nonnull(strstr(err.message, "$CREDENTIALS_DIRECTORY is ignored"));
	ck_assert_ptr_nonnull(strstr(err.message, "give a token file"));
	is_privileged = false;
	ck_ok(credential("token", &err));
	ck_assert_int_eq(unsetenv("CREDENTIALS_DIRECTORY"), 0);
	ck_status(credential("token", &err), VRES_E_NOT_FOUND);
	ck_assert_str_eq(err.message, "$CREDENTIALS_DIRECTORY is not set");
}
END_TEST

START_TEST(credential_names_that_could_leave_the_folder_are_refused)
{
	static const char *const bad[] = {"",        ".",   "..",   "../token", "a/b",
	                                  ".hidden", "a b", "a\nb", "\xc3\xa9", "a:b"};
	CLEANUP(end) struct temp_log p = begin();
	char name[258];
	vres_error err;

	ck_assert_int_eq(setenv("CREDENTIALS_DIRECTORY", p.folder, 1), 0);
	for (size_t i = 0; i < COUNT(bad); i++)
		ck_status(credential(bad[i], &err), VRES_E_INVALID_INPUT);
	memset(name, 'n', sizeof(name));
	name[256] = '\0';
	ck_status(credential(name, &err), VRES_E_INVALID_INPUT);
	name[255] = '\0';
	ck_status(credential(name, &err), VRES_E_NOT_FOUND);
	ck_status(credential("a.b_C-9", &err), VRES_E_NOT_FOUND);
	ck_status(credential(NULL, &err), VRES_E_INVALID_INPUT);
	ck_status(vres_key_from_credential("token", NULL, NULL, &err), VRES_E_INVALID_INPUT);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE(file_that_its_owner_alone_can_read_is_taken, "CI-005 WORKER-4910",
	             "confidentiality", ""),
		CASE(file_that_others_could_read_write_or_run_is_refused, "CI-006 WORKER-4913",
	             "confidentiality", "a token that others can read"),
		CASE(missing_file_is_not_found, "WORKER-4913", "", ""),
		CASE(what_is_not_a_regular_file_is_refused_without_waiting, "CI-006 WORKER-4913",
	             "availability", "a symbolic link, a FIFO, a socket"),
		CASE(file_of_another_user_is_refused, "CI-006", "authenticity",
	             "a token that somebody else chose"),
		CASE(file_in_a_folder_that_others_can_write_is_refused, "CI-006", "authenticity",
	             "a token file that is replaced"),
		CASE(white_space_at_both_ends_is_not_part_of_the_token, "CI-005 WORKER-4910", "",
	             ""),
		CASE(white_space_inside_that_is_no_control_character_is_part_of_the_token,
	             "CI-005 WORKER-4910", "", ""),
		CASE(byte_order_mark_or_control_character_is_refused_instead_of_giving_another_key,
	             "CI-005 WORKER-4910", "authenticity", "a key that nobody meant"),
		CASE(what_is_not_white_space_is_part_of_the_token, "CI-005", "authenticity",
	             "two files with one key"),
		CASE(file_without_a_token_is_refused, "CI-005 WORKER-4913", "authenticity",
	             "an empty token"),
		CASE(file_that_is_not_utf8_is_refused_and_not_echoed, "VR-005 WORKER-4152",
	             "confidentiality", "a token in a message"),
		CASE(file_has_at_most_a_mebibyte, "VR-005 VR-006", "availability",
	             "a file without an end"),
		CASE(credential_is_a_file_in_the_folder_that_systemd_names, "WORKER-4912", "", ""),
		CASE(file_of_root_may_be_readable_by_its_group_and_by_nobody_else,
	             "WORKER-4912 CI-006", "confidentiality", "a token that others can read"),
		CASE(credential_without_a_folder_is_not_found_and_a_relative_one_is_refused,
	             "WORKER-4912 VR-005", "", "a folder of somebody's choice"),
		CASE(privileged_program_says_that_it_ignores_the_folder, "WORKER-4912", "", ""),
		CASE(credential_names_that_could_leave_the_folder_are_refused, "WORKER-4912 VR-005",
	             "confidentiality", "path traversal"),
	};

	return suite_run("unit.key_file", "unit", cases, COUNT(cases));
}
