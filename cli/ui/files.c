/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading until the end and writing until it is on disk. */
#include "ui/files.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void file_close(int *fd)
{
	if (*fd > STDERR_FILENO)
		close(*fd);
	*fd = -1;
}

ssize_t file_read(int fd, void *buf, size_t n)
{
	ssize_t got;

	do {
		got = read(fd, buf, n);
	} while (got < 0 && errno == EINTR);
	return got;
}

bool file_read_at(int fd, uint64_t offset, void *buf, size_t n)
{
	for (size_t done = 0; done < n;) {
		const ssize_t got = pread(fd, (char *)buf + done, n - done, (off_t)(offset + done));

		if (got == 0)
			errno = 0;
		if (got == 0 || (got < 0 && errno != EINTR))
			return false;
		done += got > 0 ? (size_t)got : 0;
	}
	return true;
}

bool file_load(struct output *o, const char *path, void *buf, size_t size, size_t *n)
{
	CLEANUP(file_close)
	int fd =
		strcmp(path, "-") == 0 ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	char beyond;
	ssize_t got = 1;

	if (fd < 0)
		return output_fail_errno(o, path, "cannot be opened", errno);
	for (*n = 0; got > 0 && *n<size; *n += got> 0 ? (size_t)got : 0)
		got = file_read(fd, (char *)buf + *n, size - *n);
	if (got > 0)
		got = file_read(fd, &beyond, 1);
	if (got < 0)
		return output_fail_errno(o, path, "cannot be read", errno);
	if (got > 0)
		return output_refuse(o, EXIT_USAGE, path, "is larger than %zu bytes", size);
	return true;
}

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
 * A new name in a folder is on disk when the folder is.  Not every file system can say so, and the
 * file itself is there.
 */
static void sync_folder(const char *folder)
{
	CLEANUP(file_close) int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0)
		(void)fsync(fd);
}

/* The step that failed, errno set; NULL when none did. */
static const char *replace(const char *path, char *temporary, const void *bytes, size_t n,
                           bool is_public)
{
	CLEANUP(file_close) int fd = mkostemp(temporary, O_CLOEXEC); /* mode 0600 */
	const char *step = NULL;
	int number;

	if (fd < 0)
		return "its folder cannot be written to";
	if (!write_all(fd, bytes, n) || (is_public ? fchmod(fd, 0644) : fsync(fd)) != 0)
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
 * Why no file can be called @path, errno set (0: it says all); NULL, and the folder of the file, in
 * @copy or static, when one can.
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

static bool is_one(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

bool file_is_open_as(const char *path, int fd)
{
	struct stat named, open_file;

	return stat(path, &named) == 0 && fstat(fd, &open_file) == 0 && is_one(&named, &open_file);
}

/* Two names of one entry of one folder, whether there is a file behind it or not. */
static bool is_one_entry(const char *path, const char *other)
{
	char copies[4][PATH_MAX];
	struct stat a, b;

	if (strlen(path) >= PATH_MAX || strlen(other) >= PATH_MAX)
		return false;
	/* Dirname() and basename() each write into theirs. */
	for (size_t i = 0; i < COUNT_OF(copies); i++)
		snprintf(copies[i], PATH_MAX, "%s", i < 2 ? path : other);
	return strcmp(basename(copies[0]), basename(copies[2])) == 0 &&
	       stat(dirname(copies[1]), &a) == 0 && stat(dirname(copies[3]), &b) == 0 &&
	       is_one(&a, &b);
}

bool file_is_same(const char *path, const char *other)
{
	struct stat a, b;

	if (other == NULL)
		return false;
	return is_one_entry(path, other) ||
	       (stat(path, &a) == 0 && stat(other, &b) == 0 && is_one(&a, &b));
}

static const char *save(const char *path, const void *bytes, size_t n, bool is_public)
{
	char copy[PATH_MAX], temporary[PATH_MAX + 32];
	const char *folder, *failed = find_folder(path, copy, &folder);

	if (failed != NULL)
		return failed;
	snprintf(temporary, sizeof(temporary), "%s/.vres-XXXXXX", folder);
	failed = replace(path, temporary, bytes, n, is_public);
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
