/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Token files and credentials: which are read and which are refused. */
#include <sys/auxv.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "unit/fixture/secret_file.h"

/* As in a program with setuid, setgid or file capabilities. */
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

START_TEST(file_that_its_owner_alone_can_read_is_taken)
{
	CLEANUP(end) struct secret_file p = begin();

	put(&p, "secret", 6, 0600);
	ck_token(&p, "secret", 6);
	if (geteuid() == 0) { /* root can read any file */
		put(&p, "secret", 6, 0400);
		ck_token(&p, "secret", 6);
		put(&p, "secret", 6, 0000);
		ck_token(&p, "secret", 6);
	}
}
END_TEST

START_TEST(file_that_others_could_read_write_or_run_is_refused)
{
	CLEANUP(end) struct secret_file p = begin();
	vres_error err;

	for (mode_t bit = 1; bit <= 040; bit <<= 1) {
		put(&p, "secret", 6, 0600 | bit);
		/* root's file may be readable by a group, but only by one of this process's */
		if (geteuid() == 0)
			ck_assert_int_eq(chown(p.path, 0, 12345), 0);
		ck_status(from_file(&p, &err), VRES_E_INVALID_INPUT);
		ck_assert_ptr_nonnull(strstr(err.message, "expected 0600"));
	}
}
END_TEST

START_TEST(missing_file_is_not_found)
{
	CLEANUP(end) struct secret_file p = begin();
	vres_key *key = NULL;
	vres_error err;

	ck_status(from_file(&p, &err), VRES_E_NOT_FOUND);
	put(&p, "secret", 6, 0600);
	(void)snprintf(p.path, sizeof(p.path), "%s/token/x", p.folder);
	ck_status(from_file(&p, &err), VRES_E_NOT_FOUND);
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
	CLEANUP(end) struct secret_file p = begin();
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
	CLEANUP(end) struct secret_file p = begin();
	vres_error err;

	put(&p, "secret", 6, 0600);
	if (geteuid() == 0) { /* only root can give files to others and then read them */
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
	CLEANUP(end) struct secret_file p = begin();
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
	CLEANUP(end) struct secret_file p = begin();
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
	CLEANUP(end) struct secret_file p = begin();
	const vres_status group_readable = geteuid() == 0 ? VRES_OK : VRES_E_INVALID_INPUT;
	vres_error err;

	ck_assert_int_eq(setenv("CREDENTIALS_DIRECTORY", p.folder, 1), 0);
	put(&p, "secret", 6, 0440);
	ck_status(credential("token", &err), group_readable);
	ck_status(from_file(&p, &err), group_readable); /* a token file has the same rule */
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
	CLEANUP(end) struct secret_file p = begin();
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
	CLEANUP(end) struct secret_file p = begin();
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
		CASE(credential_is_a_file_in_the_folder_that_systemd_names,
	             "WORKER-4912 SM-LOAD-4002", "", ""),
		CASE(file_of_root_may_be_readable_by_its_group_and_by_nobody_else,
	             "WORKER-4912 CI-006", "confidentiality", "a token that others can read"),
		CASE(credential_without_a_folder_is_not_found_and_a_relative_one_is_refused,
	             "WORKER-4912 SM-LOAD-4002 VR-005", "", "a folder of somebody's choice"),
		CASE(privileged_program_says_that_it_ignores_the_folder, "WORKER-4912 SM-LOAD-4002",
	             "", ""),
		CASE(credential_names_that_could_leave_the_folder_are_refused,
	             "WORKER-4912 SM-LOAD-4002 VR-005", "confidentiality", "path traversal"),
	};

	return suite_run("unit.key_file", "unit", cases, COUNT(cases));
}
