/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Keys: where a token may come from, what is cut off it, and what is refused.  A key shows only in
 * what it signs.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "support/fixture/support.h"

/* A private folder with one file in it. */
struct folder {
	char path[64], file[96];
};

static struct folder folder_make(void)
{
	struct folder d = {.path = "/tmp/vres-key-XXXXXX"};

	ck_assert_ptr_nonnull(mkdtemp(d.path));
	snprintf(d.file, sizeof(d.file), "%s/token", d.path);
	return d;
}

static void folder_remove(struct folder *d)
{
	chmod(d->path, 0700);
	unlink(d->file);
	rmdir(d->file);
	rmdir(d->path);
}

static void write_file(const char *path, const void *bytes, size_t n, mode_t mode)
{
	const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, bytes, n), (ssize_t)n);
	ck_assert_int_eq(fchmod(fd, mode), 0);
	close(fd);
}

/* Does @key check what the fixture's key signed? */
static bool is_the_key(struct fixture *f, const vres_key *key)
{
	CLEANUP(release_shard) vres_shard *shard = sealed(f, 10, 1);
	size_t len;
	CLEANUP(free_bytes) uint8_t *receipt = receipt_of(shard, &len);
	vres_shard_info info = vres_shard_info_init();

	return vres_receipt_check(receipt, len, key, &info, NULL) == VRES_OK;
}

#define TRIMMED(text)                                                                              \
	{                                                                                          \
		text, sizeof(text) - 1                                                             \
	}
static const struct {
	const char *text;
	size_t bytes;
} TEXTS[] = {
	TRIMMED(TOKEN),
	TRIMMED(TOKEN "\n"),
	TRIMMED("\r\n\t " TOKEN " \v\f\r\n\n"),
	/* No-break, em and ideographic space. */
	TRIMMED("\xc2\xa0" TOKEN "\xe2\x80\x83\xe3\x80\x80"),
};

START_TEST(a_token_file_gives_the_key_of_its_text_without_white_space_at_the_ends)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(folder_remove) struct folder d = folder_make();
	CLEANUP(destroy_key) vres_key *key = NULL;
	vres_error err;

	write_file(d.file, TEXTS[_i].text, TEXTS[_i].bytes, _i % 2 ? 0400 : 0600);
	ck_ok(vres_key_from_token_file(d.file, NULL, &key, &err));
	ck_assert(is_the_key(f, key));
}
END_TEST

START_TEST(white_space_within_a_token_belongs_to_it)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(folder_remove) struct folder d = folder_make();
	CLEANUP(destroy_key) vres_key *key = NULL;
	vres_error err;

	write_file(d.file, "test -token-42", 14, 0600);
	ck_ok(vres_key_from_token_file(d.file, NULL, &key, &err));
	ck_assert(!is_the_key(f, key));
}
END_TEST

START_TEST(a_token_file_that_others_can_read_is_refused)
{
	static const mode_t modes[] = {0640, 0604, 0644, 0620, 0602, 0610, 0601, 0660, 0666, 0777};
	CLEANUP(folder_remove) struct folder d = folder_make();
	vres_key *key = (void *)modes;
	vres_error err;

	write_file(d.file, TOKEN, strlen(TOKEN), modes[_i]);
	if (geteuid() == 0) /* or root's group might read it */
		ck_assert_int_eq(chown(d.file, 0, 12345), 0);
	ck_status(vres_key_from_token_file(d.file, NULL, &key, &err), VRES_E_INVALID_INPUT);
	ck_assert_ptr_eq(key, (void *)modes);
	ck_assert_ptr_null(strstr(err.message, TOKEN));
}
END_TEST

START_TEST(what_is_no_regular_file_is_refused_at_once)
{
	CLEANUP(folder_remove) struct folder d = folder_make();
	char target[128];
	vres_key *key = NULL;
	vres_error err;

	snprintf(target, sizeof(target), "%s/real", d.path);
	write_file(target, TOKEN, strlen(TOKEN), 0600);
	switch (_i) {
	case 0: ck_assert_int_eq(symlink(target, d.file), 0); break;
	/* Opening it must not wait for a writer. */
	case 1: ck_assert_int_eq(mkfifo(d.file, 0600), 0); break;
	case 2: ck_assert_int_eq(mkdir(d.file, 0700), 0); break;
	default: ck_assert_int_eq(symlink("/nowhere", d.file), 0); break;
	}
	ck_status(vres_key_from_token_file(d.file, NULL, &key, &err), VRES_E_INVALID_INPUT);
	ck_assert_ptr_null(key);
	unlink(target);
}
END_TEST

START_TEST(a_character_device_is_no_token_file)
{
	vres_key *key = NULL;
	vres_error err;

	ck_status(vres_key_from_token_file("/dev/zero", NULL, &key, &err), VRES_E_INVALID_INPUT);
	ck_status(vres_key_from_token_file("/dev/null", NULL, &key, &err), VRES_E_INVALID_INPUT);
}
END_TEST

START_TEST(a_file_without_a_token_in_it_is_refused)
{
	static const struct {
		const char *text;
		size_t bytes;
	} texts[] = {TRIMMED(""),         TRIMMED(" "),
	             TRIMMED("\n\n\r\t"), TRIMMED("\xc2\xa0\xe2\x80\x83"),
	             TRIMMED("\xff\xfe"), TRIMMED("abc\x80"),
	             TRIMMED("abc\xc3")};
	CLEANUP(folder_remove) struct folder d = folder_make();
	vres_key *key = NULL;
	vres_error err;

	write_file(d.file, texts[_i].text, texts[_i].bytes, 0600);
	ck_status(vres_key_from_token_file(d.file, NULL, &key, &err), VRES_E_INVALID_INPUT);
	ck_assert_ptr_null(key);
}
END_TEST

START_TEST(a_token_may_have_one_mebibyte_and_no_more)
{
	CLEANUP(folder_remove) struct folder d = folder_make();
	CLEANUP(free_bytes) uint8_t *text = test_alloc(MIB(1) + 1);
	CLEANUP(destroy_key) vres_key *key = NULL, *from_memory = NULL;
	vres_error err;

	memset(text, 'a', MIB(1) + 1);
	write_file(d.file, text, MIB(1) + 1, 0600);
	ck_status(vres_key_from_token_file(d.file, NULL, &key, &err), VRES_E_INVALID_INPUT);
	write_file(d.file, text, MIB(1), 0600);
	ck_ok(vres_key_from_token_file(d.file, NULL, &key, &err));
	ck_status(vres_key_derive(text, MIB(1) + 1, NULL, &from_memory, &err),
	          VRES_E_INVALID_INPUT);
	ck_ok(vres_key_derive(text, MIB(1), NULL, &from_memory, &err));
	destroy_key(&from_memory);
}
END_TEST

START_TEST(a_file_that_is_not_there_is_not_found)
{
	CLEANUP(folder_remove) struct folder d = folder_make();
	vres_key *key = NULL;
	vres_error err;

	ck_status(vres_key_from_token_file(d.file, NULL, &key, &err), VRES_E_NOT_FOUND);
	ck_status(vres_key_from_token_file("/nowhere/at/all", NULL, &key, &err), VRES_E_NOT_FOUND);
	ck_status(vres_key_from_token_file(NULL, NULL, &key, &err), VRES_E_INVALID_INPUT);
	ck_status(vres_key_from_token_file(d.file, NULL, NULL, &err), VRES_E_INVALID_INPUT);
}
END_TEST

START_TEST(a_credential_is_read_from_the_folder_the_service_manager_names)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(folder_remove) struct folder d = folder_make();
	CLEANUP(destroy_key) vres_key *key = NULL;
	vres_error err;

	write_file(d.file, TOKEN "\n", strlen(TOKEN) + 1, 0400);
	ck_assert_int_eq(setenv("CREDENTIALS_DIRECTORY", d.path, 1), 0);
	ck_ok(vres_key_from_credential("token", NULL, &key, &err));
	ck_assert(is_the_key(f, key));
	ck_status(vres_key_from_credential("other", NULL, &key, &err), VRES_E_NOT_FOUND);
	unsetenv("CREDENTIALS_DIRECTORY");
	ck_status(vres_key_from_credential("token", NULL, &key, &err), VRES_E_NOT_FOUND);
	ck_assert_int_eq(setenv("CREDENTIALS_DIRECTORY", d.path + 1, 1), 0); /* not absolute */
	ck_status(vres_key_from_credential("token", NULL, &key, &err), VRES_E_INVALID_INPUT);
	unsetenv("CREDENTIALS_DIRECTORY");
}
END_TEST

START_TEST(a_credential_name_cannot_leave_its_folder)
{
	static const char *const names[] = {
		"",        ".",      "..",           "../token", "a/b", "/etc/passwd",
		".hidden", "to ken", "t\xc3\xb6ken", "token\n"};
	CLEANUP(folder_remove) struct folder d = folder_make();
	char long_name[257];
	vres_key *key = NULL;
	vres_error err;

	memset(long_name, 'a', 256);
	long_name[256] = '\0';
	ck_assert_int_eq(setenv("CREDENTIALS_DIRECTORY", d.path, 1), 0);
	for (size_t i = 0; i < COUNT(names); i++)
		ck_status(vres_key_from_credential(names[i], NULL, &key, &err),
		          VRES_E_INVALID_INPUT);
	ck_status(vres_key_from_credential(long_name, NULL, &key, &err), VRES_E_INVALID_INPUT);
	ck_status(vres_key_from_credential(NULL, NULL, &key, &err), VRES_E_INVALID_INPUT);
	unsetenv("CREDENTIALS_DIRECTORY");
}
END_TEST

START_TEST(the_same_token_and_domain_give_the_same_key_and_others_another)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	static const struct {
		const char *token, *domain;
		bool same;
	} cases[] = {{TOKEN, NULL, true},
	             {TOKEN, "llorch-vram-seal-v1", true},
	             {TOKEN, "llorch-seal-key-v1", false},
	             {"test-token-4", NULL, false},
	             {TOKEN "\n", NULL, false},
	             {TOKEN, "llorch-vram-seal-v1 ", false}};
	vres_error err;

	for (size_t i = 0; i < COUNT(cases); i++) {
		CLEANUP(destroy_key) vres_key *key = NULL;

		ck_ok(vres_key_derive(cases[i].token, strlen(cases[i].token), cases[i].domain, &key,
		                      &err));
		ck_assert_msg(is_the_key(f, key) == cases[i].same, "case %zu", i);
	}
}
END_TEST

START_TEST(an_empty_token_and_a_bad_domain_are_refused)
{
	char long_domain[66];
	vres_key *key = NULL;
	vres_error err;

	memset(long_domain, 'd', 65);
	long_domain[65] = '\0';
	ck_status(vres_key_derive("", 0, NULL, &key, &err), VRES_E_INVALID_INPUT);
	ck_status(vres_key_derive(NULL, 5, NULL, &key, &err), VRES_E_INVALID_INPUT);
	ck_status(vres_key_derive("x", 1, "", &key, &err), VRES_E_INVALID_INPUT);
	ck_status(vres_key_derive("x", 1, "a\nb", &key, &err), VRES_E_INVALID_INPUT);
	ck_status(vres_key_derive("x", 1, "d\xc3\xb6main", &key, &err), VRES_E_INVALID_INPUT);
	ck_status(vres_key_derive("x", 1, long_domain, &key, &err), VRES_E_INVALID_INPUT);
	ck_status(vres_key_derive("x", 1, NULL, NULL, &err), VRES_E_INVALID_INPUT);
	ck_assert_ptr_null(key);
	long_domain[64] = '\0';
	ck_ok(vres_key_derive("\0", 1, long_domain, &key, &err)); /* a token is bytes, not text */
	destroy_key(&key);
	vres_key_destroy(NULL);
}
END_TEST

START_TEST(what_the_system_grants_to_keys_is_told)
{
	vres_self_report report = vres_self_report_init();
	vres_error err;

	ck_ok(vres_self_check(&report, &err));
	ck_assert(strncmp(report.crypto, "OpenSSL 3.", 10) == 0);
	ck_assert_uint_eq(report.undumped, 1);
	ck_assert_uint_eq(report.kept_from_children, 1);
	/* Secret memory is locked by what it is. */
	ck_assert(report.locked == 1 || report.secret_memory == 0);
	ck_status(vres_self_check(NULL, &err), VRES_E_INVALID_INPUT);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE(what_the_system_grants_to_keys_is_told, "CI-006", "confidentiality",
	             "keys in a core file or on a swap device"),
		CASE_LOOP(a_token_file_gives_the_key_of_its_text_without_white_space_at_the_ends,
	                  COUNT(TEXTS), "CI-005 WORKER-4910 SM-LOAD-4004", "authenticity",
	                  "key that differs by a line break"),
		CASE(white_space_within_a_token_belongs_to_it, "CI-005", "authenticity", ""),
		CASE_LOOP(a_token_file_that_others_can_read_is_refused, 10,
	                  "CI-006 SM-LOAD-4001 WORKER-4913", "confidentiality",
	                  "token readable by others"),
		CASE_LOOP(what_is_no_regular_file_is_refused_at_once, 4,
	                  "CI-006 SM-LOAD-4001 WORKER-4913", "confidentiality",
	                  "link swapped in, reader that hangs"),
		CASE(a_character_device_is_no_token_file, "CI-006 WORKER-4913", "authenticity",
	             "key from an endless or empty device"),
		CASE_LOOP(a_file_without_a_token_in_it_is_refused, 7,
	                  "CI-005 SM-LOAD-4004 WORKER-4913", "authenticity",
	                  "empty or broken token"),
		CASE(a_token_may_have_one_mebibyte_and_no_more, "CI-005 VR-005", "availability",
	             "oversized token"),
		CASE(a_file_that_is_not_there_is_not_found, "WORKER-4913", "availability", ""),
		CASE(a_credential_is_read_from_the_folder_the_service_manager_names,
	             "WORKER-4912 SM-LOAD-4002", "confidentiality", ""),
		CASE(a_credential_name_cannot_leave_its_folder, "WORKER-4912 SM-LOAD-4002",
	             "confidentiality", "path traversal"),
		CASE(the_same_token_and_domain_give_the_same_key_and_others_another,
	             "CI-005 SM-LOAD-4003", "authenticity", "key reused across domains"),
		CASE(an_empty_token_and_a_bad_domain_are_refused, "CI-005 VR-005 SM-LOAD-4003",
	             "authenticity", "empty key"),
	};

	return suite_run("security_key", "security", cases, COUNT(cases));
}
