/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Renaming a file without replacing another one, also on a file system that cannot do that in one
 * step and answers EINVAL.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>
#include "os/durable_file.h"
#include "support/suite/status.h"
#include "support/suite/suite.h"

/* The errno of renameat2(); 0: the real call. */
static int answer;

int __real_renameat2(int from_folder, const char *from, int to_folder, const char *to,
                     unsigned flags);
int __wrap_renameat2(int from_folder, const char *from, int to_folder, const char *to,
                     unsigned flags);

int __wrap_renameat2(int from_folder, const char *from, int to_folder, const char *to,
                     unsigned flags)
{
	if (answer == 0)
		return __real_renameat2(from_folder, from, to_folder, to, flags);
	errno = answer;
	return -1;
}

struct folder {
	char path[32];
	int fd;
};

static void close_folder(struct folder *f)
{
	(void)unlinkat(f->fd, "from", 0);
	(void)unlinkat(f->fd, "to", 0);
	ck_assert_int_eq(close(f->fd), 0);
	ck_assert_int_eq(rmdir(f->path), 0);
}

static void write_file(const struct folder *f, const char *name, char content)
{
	const int fd = openat(f->fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, &content, 1), 1);
	ck_assert_int_eq(close(fd), 0);
}

/* The byte that a file holds; 0: there is no such file. */
static char content_of(const struct folder *f, const char *name)
{
	const int fd = openat(f->fd, name, O_RDONLY | O_CLOEXEC);
	char content = 0;

	if (fd < 0)
		return 0;
	ck_assert_int_eq(read(fd, &content, 1), 1);
	ck_assert_int_eq(close(fd), 0);
	return content;
}

/* The loop index: 0 is a file system that can rename so, 1 one that answers EINVAL. */
static struct folder open_folder(int cannot)
{
	struct folder f = {.path = "/tmp/vres-durable-XXXXXX"};

	answer = cannot ? EINVAL : 0;
	ck_assert_ptr_nonnull(mkdtemp(f.path));
	f.fd = open(f.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(f.fd, 0);
	write_file(&f, "from", 'f');
	return f;
}

START_TEST(file_gets_a_name_that_nobody_has)
{
	__attribute__((cleanup(close_folder))) struct folder f = open_folder(_i);
	vres_error err;

	ck_ok(vres_file_rename(f.fd, "from", "to", false, &err));
	ck_assert_int_eq(content_of(&f, "from"), 0);
	ck_assert_int_eq(content_of(&f, "to"), 'f');
}
END_TEST

START_TEST(file_in_the_way_is_never_replaced_be_it_a_link_to_nowhere)
{
	__attribute__((cleanup(close_folder))) struct folder f = open_folder(_i);
	vres_error err;

	write_file(&f, "to", 't');
	ck_status(vres_file_rename(f.fd, "from", "to", false, &err), VRES_E_STATE);
	ck_assert_int_eq(content_of(&f, "from"), 'f');
	ck_assert_int_eq(content_of(&f, "to"), 't');
	ck_assert_int_eq(unlinkat(f.fd, "to", 0), 0);
	ck_assert_int_eq(symlinkat("nowhere", f.fd, "to"), 0);
	ck_status(vres_file_rename(f.fd, "from", "to", false, &err), VRES_E_STATE);
	ck_assert_int_eq(content_of(&f, "from"), 'f');
}
END_TEST

START_TEST(file_is_replaced_only_where_that_is_asked_for_and_other_failures_stay_what_they_are)
{
	__attribute__((cleanup(close_folder))) struct folder f = open_folder(_i);
	vres_error err;

	write_file(&f, "to", 't');
	ck_ok(vres_file_rename(f.fd, "from", "to", true, &err));
	ck_assert_int_eq(content_of(&f, "to"), 'f');
	ck_status(vres_file_rename(f.fd, "from", "other", false, &err), VRES_E_IO);
	answer = EROFS;
	ck_status(vres_file_rename(f.fd, "to", "from", false, &err), VRES_E_IO);
	ck_assert_int_eq(content_of(&f, "to"), 'f');
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE_LOOP(file_gets_a_name_that_nobody_has, 2, "", "availability",
	                  "a log that cannot be rotated on some file systems"),
		CASE_LOOP(file_in_the_way_is_never_replaced_be_it_a_link_to_nowhere, 2, "",
	                  "integrity", "a full log that is overwritten"),
		CASE_LOOP(
			file_is_replaced_only_where_that_is_asked_for_and_other_failures_stay_what_they_are,
			2, "", "integrity", "a full log that is overwritten"),
	};

	return suite_run("unit.durable_file", "unit", cases, COUNT(cases));
}
