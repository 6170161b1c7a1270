/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A temporary file in the folder of the file, and rename(). */
#include "ui/save.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include "ui/files.h"

/* The folder and the longest name below it. */
#define TEMPORARY_BYTES (PATH_MAX + 256)

static bool write_all(int fd, const char *bytes, size_t n)
{
	while (n > 0) {
		const ssize_t done = write(fd, bytes, n);

		if (done < 0 && errno != EINTR)
			return false;
		bytes += done > 0 ? done : 0;
		n -= done > 0 ? (size_t)done : 0;
	}
	return true;
}

/*
 * A new name is on disk once its folder is.  A file system that cannot sync a folder is no failure:
 * the file itself is written.
 */
static void sync_folder(const char *folder)
{
	CLEANUP(file_close) int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0)
		(void)fsync(fd);
}

/* Is the file under this name the one that is open, ours, and under no other name? */
static bool is_ours_alone(const char *name, int fd)
{
	struct stat named, opened;

	return lstat(name, &named) == 0 && fstat(fd, &opened) == 0 &&
	       named.st_dev == opened.st_dev && named.st_ino == opened.st_ino &&
	       S_ISREG(opened.st_mode) && opened.st_uid == geteuid() && opened.st_nlink == 1;
}

/*
 * The temporary file of a path has one name, so what a killed process left there is used again and
 * renamed away.  The lock keeps two writers of one path apart.  Where that name cannot be had, the
 * file gets a random one.
 */
static int open_temporary(const char *path, const char *folder, char name[TEMPORARY_BYTES])
{
	const char *slash = strrchr(path, '/');
	int fd;

	snprintf(name, TEMPORARY_BYTES, "%s/.%.200s.vres-tmp", folder,
	         slash != NULL ? slash + 1 : path);
	fd = open(name, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0600);
	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0 && is_ours_alone(name, fd) &&
	    ftruncate(fd, 0) == 0 && fchmod(fd, 0600) == 0)
		return fd;
	file_close(&fd);
	snprintf(name, TEMPORARY_BYTES, "%s/.vres-XXXXXX", folder);
	return mkostemp(name, O_CLOEXEC); /* mode 0600 */
}

/* Returns what failed, with errno set; NULL when nothing did. */
static const char *replace(const char *path, const char *folder, const void *bytes, size_t n,
                           bool is_public)
{
	char temporary[TEMPORARY_BYTES];
	CLEANUP(file_close) int fd = open_temporary(path, folder, temporary);
	const char *step = NULL;
	int number;

	if (fd < 0)
		return "its folder cannot be written to";
	if (!write_all(fd, bytes, n) || fchmod(fd, is_public ? 0644 : 0600) != 0 ||
	    (!is_public && fsync(fd) != 0))
		step = "cannot be written";
	else if (rename(temporary, path) != 0)
		step = "cannot be put in place";
	if (step == NULL)
		return NULL;
	number = errno;
	unlink(temporary);
	errno = number;
	return step;
}

/*
 * NULL, and the folder of @path (in @copy, or static), when a file may be written there.  Else why
 * not, with errno set, or 0 when the text says it all.
 */
static const char *find_folder(const char *path, char copy[PATH_MAX], const char **folder)
{
	struct stat there;

	errno = path[0] == '\0' ? ENOENT : ENAMETOOLONG;
	if (path[0] == '\0' || strlen(path) >= PATH_MAX)
		return "cannot be written";
	errno = 0;
	if (lstat(path, &there) == 0 && !S_ISREG(there.st_mode))
		return "exists and is not a regular file";
	snprintf(copy, PATH_MAX, "%s", path);
	*folder = dirname(copy);
	return NULL;
}

static bool complain(struct output *o, const char *path, const char *failed, int number)
{
	return number != 0 ? output_fail_errno(o, path, failed, number)
	                   : output_refuse(o, EXIT_USAGE, path, "%s", failed);
}

bool file_can_save(struct output *o, const char *path)
{
	char copy[PATH_MAX];
	const char *folder, *failed = find_folder(path, copy, &folder);

	if (failed == NULL && access(folder, W_OK | X_OK) != 0)
		failed = "its folder cannot be written to";
	return failed == NULL || complain(o, path, failed, errno);
}

static const char *save(const char *path, const void *bytes, size_t n, bool is_public)
{
	char copy[PATH_MAX];
	const char *folder, *failed = find_folder(path, copy, &folder);

	if (failed != NULL)
		return failed;
	failed = replace(path, folder, bytes, n, is_public);
	if (failed == NULL && !is_public)
		sync_folder(folder);
	return failed;
}

bool file_save(struct output *o, const char *path, const void *bytes, size_t n)
{
	const char *failed = save(path, bytes, n, false);

	return failed == NULL || complain(o, path, failed, errno);
}

bool file_publish(struct output *o, const char *path, const void *bytes, size_t n)
{
	const char *failed = save(path, bytes, n, true);

	return failed == NULL || complain(o, path, failed, errno);
}

bool file_publish_quietly(const char *path, const void *bytes, size_t n)
{
	return save(path, bytes, n, true) == NULL;
}
