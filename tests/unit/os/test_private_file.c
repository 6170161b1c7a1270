/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which files and folders count as private, and which symbolic links to them are followed. */
#include "os/private_file.h"

#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/suite/status.h"
#include "support/suite/suite.h"

#define STRANGER 12345u /* a user and a group that are not ours */

/* A temporary folder.  end() removes it, and the files that it names. */
struct temp_folder {
	char folder[32], path[128];
};

static struct temp_folder begin(void)
{
	struct temp_folder p = {.folder = "/tmp/vres-private-XXXXXX"};

	ck_assert_ptr_nonnull(mkdtemp(p.folder));
	return p;
}

/* Only root can make files that root owns, and give files to others. */
static bool is_root(void)
{
	if (geteuid() != 0)
		printf("not run: needs root\n");
	return geteuid() == 0;
}

static const char *in(struct temp_folder *p, const char *name)
{
	(void)snprintf(p->path, sizeof(p->path), "%s/%s", p->folder, name);
	return p->path;
}

static void end(struct temp_folder *p)
{
	static const char *const names[] = {"token",         "a",       "b",       "..data",
	                                    "..gen-1/token", "s/token", "..gen-1", "s"};

	for (size_t i = 0; i < COUNT(names); i++)
		(void)remove(in(p, names[i]));
	ck_assert_int_eq(rmdir(p->folder), 0);
}

static void put(struct temp_folder *p, const char *name, mode_t mode)
{
	const int fd = open(in(p, name), O_WRONLY | O_CREAT | O_EXCL, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, "secret", 6), 6);
	ck_assert_int_eq(fchmod(fd, mode), 0);
	ck_assert_int_eq(close(fd), 0);
}

static void link_to(struct temp_folder *p, const char *target, const char *name)
{
	ck_assert_int_eq(symlink(target, in(p, name)), 0);
}

static vres_status take(struct temp_folder *p, const char *name, vres_error *err)
{
	int fd = -1;
	uint64_t bytes = 0;
	const vres_status status = vres_private_open(in(p, name), "the file", &fd, &bytes, err);

	ck_assert_int_eq(fd >= 0, status == VRES_OK);
	if (status == VRES_OK) {
		ck_assert_uint_eq(bytes, 6);
		ck_assert_int_eq(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
		vres_os_close(fd);
	}
	return status;
}

START_TEST(folder_is_private_unless_others_may_replace_files_in_it)
{
	static const struct {
		mode_t mode;
		bool is_private;
	} modes[] = {{0700, true},   {0755, true},  {0775, false}, {0757, false}, {0777, false},
	             {02777, false}, {01777, true}, {03777, true}, {01770, true}};
	CLEANUP(end) struct temp_folder p = begin();
	vres_error err;

	put(&p, "token", 0600);
	for (size_t i = 0; i < COUNT(modes); i++) {
		ck_assert_int_eq(chmod(p.folder, modes[i].mode), 0);
		ck_assert_msg((take(&p, "token", &err) == VRES_OK) == modes[i].is_private,
		              "mode %04o", (unsigned)modes[i].mode);
		if (!modes[i].is_private)
			ck_assert_str_eq(err.message,
			                 "the folder of the file can be written by others: use a "
			                 "folder of mode 0700, which may lie inside it");
	}
	ck_assert_int_eq(chmod(p.folder, 0700), 0);
	if (geteuid() == 0) {
		ck_assert_int_eq(chown(p.folder, STRANGER, 0), 0);
		ck_status(take(&p, "token", &err), VRES_E_INVALID_INPUT);
		ck_assert_str_eq(err.message, "the folder of the file belongs to another user");
	}
}
END_TEST

/* The message of a refusal recommends this. */
START_TEST(private_folder_inside_one_that_all_can_write_is_taken)
{
	CLEANUP(end) struct temp_folder p = begin();
	vres_error err;

	ck_assert_int_eq(mkdir(in(&p, "s"), 0700), 0);
	put(&p, "s/token", 0600);
	ck_assert_int_eq(chmod(p.folder, 0777), 0);
	ck_ok(take(&p, "s/token", &err));
}
END_TEST

START_TEST(group_may_read_a_file_of_root_if_it_is_one_of_ours_and_do_nothing_else)
{
	CLEANUP(end) struct temp_folder p = begin();
	const gid_t groups[] = {STRANGER};
	vres_error err;

	if (!is_root())
		return;
	put(&p, "token", 0440);
	ck_assert_int_eq(chown(in(&p, "token"), 0, STRANGER), 0);
	ck_status(take(&p, "token", &err), VRES_E_INVALID_INPUT);
	ck_assert_str_eq(err.message, "the file has mode 0440, expected 0600, or 0440 where root "
	                              "owns it and a group of this process may read it");
	ck_assert_int_eq(setgroups(1, groups), 0);
	ck_ok(take(&p, "token", &err));
	for (mode_t bit = 1; bit <= 020; bit <<= 1) {
		ck_assert_int_eq(chmod(in(&p, "token"), 0440 | bit), 0);
		ck_status(take(&p, "token", &err), VRES_E_INVALID_INPUT);
	}
	ck_assert_int_eq(chmod(in(&p, "token"), 0440), 0);
	ck_assert_int_eq(setgroups(0, NULL), 0);
	ck_assert_int_eq(setegid(STRANGER), 0);
	ck_ok(take(&p, "token", &err));
	/* As in a container, where the process is neither root nor the owner. */
	ck_assert_int_eq(chmod(p.folder, 0755), 0);
	ck_assert_int_eq(seteuid(STRANGER), 0);
	ck_ok(take(&p, "token", &err));
	ck_assert_int_eq(seteuid(0), 0);
	ck_assert_int_eq(setegid(0), 0);
	ck_assert_int_eq(chmod(in(&p, "token"), 0400), 0);
	ck_assert_int_eq(seteuid(STRANGER), 0);
	ck_status(take(&p, "token", &err), VRES_E_IO);
	ck_assert_ptr_nonnull(strstr(err.message, "readable by a group of this process"));
	ck_assert_int_eq(seteuid(0), 0);
}
END_TEST

/* A secret volume with defaultMode 0400 and an fsGroup, as kubelet makes it. */
START_TEST(secret_of_kubernetes_is_taken_through_its_links)
{
	CLEANUP(end) struct temp_folder p = begin();
	vres_error err;

	if (!is_root())
		return;
	ck_assert_int_eq(mkdir(in(&p, "..gen-1"), 0755), 0);
	put(&p, "..gen-1/token", 0440);
	ck_assert_int_eq(chown(in(&p, "..gen-1/token"), 0, STRANGER), 0);
	ck_assert_int_eq(chown(p.folder, 0, STRANGER), 0);
	ck_assert_int_eq(chmod(p.folder, 03777), 0);
	link_to(&p, "..gen-1", "..data");
	link_to(&p, "..data/token", "token");
	ck_assert_int_eq(setegid(STRANGER), 0);
	ck_assert_int_eq(seteuid(STRANGER), 0);
	ck_ok(take(&p, "token", &err));
	ck_assert_int_eq(seteuid(0), 0);
	ck_assert_int_eq(setegid(0), 0);
	/* Kubernetes' default is 0644, which everybody can read. */
	ck_assert_int_eq(chmod(in(&p, "..gen-1/token"), 0644), 0);
	ck_status(take(&p, "token", &err), VRES_E_INVALID_INPUT);
	/* Everybody can write to a folder that a link leads through. */
	ck_assert_int_eq(chmod(in(&p, "..gen-1/token"), 0400), 0);
	ck_ok(take(&p, "token", &err));
	ck_assert_int_eq(chmod(in(&p, "..gen-1"), 0777), 0);
	ck_status(take(&p, "token", &err), VRES_E_INVALID_INPUT);
}
END_TEST

static void ck_link_refused(struct temp_folder *p, const char *target)
{
	vres_error err;

	link_to(p, target, "a");
	ck_status(take(p, "a", &err), VRES_E_INVALID_INPUT);
	ck_assert_ptr_nonnull(strstr(err.message, "symbolic link, which is refused"));
	(void)unlink(in(p, "a"));
}

START_TEST(link_that_leaves_its_folder_or_goes_in_circles_is_refused)
{
	CLEANUP(end) struct temp_folder p = begin();
	char absolute[192];

	put(&p, "token", 0600);
	(void)snprintf(absolute, sizeof(absolute), "%s/token", p.folder);
	ck_link_refused(&p, absolute);
	(void)snprintf(absolute, sizeof(absolute), "..%s/token", p.folder + 4);
	ck_link_refused(&p, absolute);
	ck_assert_int_eq(mkdir(in(&p, "s"), 0700), 0);
	ck_link_refused(&p, "s/../token");
	ck_link_refused(&p, "a");
	link_to(&p, "a", "b");
	ck_link_refused(&p, "b");
}
END_TEST

START_TEST(link_is_followed_only_if_root_made_it_in_a_folder_of_root)
{
	CLEANUP(end) struct temp_folder p = begin();
	vres_error err;

	put(&p, "token", 0600);
	link_to(&p, "token", "a");
	if (geteuid() != 0) {
		ck_status(take(&p, "a", &err), VRES_E_INVALID_INPUT);
		return;
	}
	ck_ok(take(&p, "a", &err));
	ck_assert_int_eq(lchown(in(&p, "a"), STRANGER, 0), 0);
	ck_status(take(&p, "a", &err), VRES_E_INVALID_INPUT);
	ck_assert_int_eq(lchown(in(&p, "a"), 0, 0), 0);
	ck_assert_int_eq(chown(p.folder, STRANGER, 0), 0);
	ck_assert_int_eq(chown(in(&p, "token"), STRANGER, 0), 0);
	ck_assert_int_eq(seteuid(STRANGER), 0);
	ck_ok(take(&p, "token", &err));
	ck_status(take(&p, "a", &err), VRES_E_INVALID_INPUT);
	ck_assert_int_eq(seteuid(0), 0);
}
END_TEST

START_TEST(opening_says_what_is_in_the_way_and_waits_for_nobody)
{
	CLEANUP(end) struct temp_folder p = begin();
	char path[5000];
	int fd = -1;
	uint64_t bytes;
	vres_error err;

	ck_status(take(&p, "token", &err), VRES_E_NOT_FOUND);
	ck_status(take(&p, "s/token", &err), VRES_E_NOT_FOUND);
	ck_status(take(&p, "", &err), VRES_E_INVALID_INPUT);
	ck_status(take(&p, "..", &err), VRES_E_INVALID_INPUT);
	ck_assert_int_eq(mkfifo(in(&p, "token"), 0600), 0);
	ck_status(take(&p, "token", &err), VRES_E_INVALID_INPUT);
	ck_assert_str_eq(err.message, "the file is not a regular file");
	memset(path, 'a', sizeof(path));
	path[4500] = '/';
	path[sizeof(path) - 1] = '\0';
	ck_status(vres_private_open(path, "the file", &fd, &bytes, &err), VRES_E_INVALID_INPUT);
	ck_status(vres_private_open(path + 4501 - 2, "the file", &fd, &bytes, &err),
	          VRES_E_INVALID_INPUT);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE(folder_is_private_unless_others_may_replace_files_in_it, "CI-006",
	             "authenticity", "a file that is replaced"),
		CASE(private_folder_inside_one_that_all_can_write_is_taken, "CI-006", "", ""),
		CASE(group_may_read_a_file_of_root_if_it_is_one_of_ours_and_do_nothing_else,
	             "CI-006 WORKER-4913", "confidentiality", "a token that others can read"),
		CASE(secret_of_kubernetes_is_taken_through_its_links, "CI-006", "", ""),
		CASE(link_that_leaves_its_folder_or_goes_in_circles_is_refused, "CI-006",
	             "authenticity", "a link to a file of somebody's choice"),
		CASE(link_is_followed_only_if_root_made_it_in_a_folder_of_root, "CI-006",
	             "authenticity", "a link to a file of somebody's choice"),
		CASE(opening_says_what_is_in_the_way_and_waits_for_nobody, "WORKER-4913",
	             "availability", "a FIFO, a path without an end"),
	};

	return suite_run("unit.private_file", "unit", cases, COUNT(cases));
}
