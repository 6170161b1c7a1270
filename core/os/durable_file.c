/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Files that are written and must survive. */
#include "os/durable_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef RENAME_NOREPLACE /* musl before 1.2.6 knows neither this nor the function */
#define RENAME_NOREPLACE 1u

static int renameat2(int from_folder, const char *from, int to_folder, const char *to,
                     unsigned flags)
{
	return (int)syscall(SYS_renameat2, from_folder, from, to_folder, to, flags);
}
#endif

static vres_status failed(const char *doing, vres_error *err)
{
	const int error = errno;
	const char *why = error == ENOSPC || error == EDQUOT ? ": no space left"
	                  : error == EROFS                   ? ": the file system is read-only"
	                  : error == EFBIG ? ": too large for a limit of this process"
	                  : error == EPERM ? ": no permission"
	                                   : "";

	return vres_fail(err, VRES_E_IO, "%s failed (error %d)%s", doing, error, why);
}

static int open_flags(enum file_open how)
{
	switch (how) {
	case FILE_READ: return O_RDONLY;
	case FILE_MODIFY: return O_RDWR;
	case FILE_APPEND: return O_RDWR | O_APPEND;
	case FILE_CREATE: return O_RDWR | O_APPEND | O_CREAT | O_EXCL;
	default: return O_RDWR | O_CREAT;
	}
}

/* A umask of 0777 would leave a file that its own user cannot open again. */
static void give_owner_access(int fd)
{
	struct stat s;

	if (fstat(fd, &s) == 0 && s.st_uid == geteuid() && (s.st_mode & 0600) != 0600)
		(void)fchmod(fd, (s.st_mode & 0777) | 0600);
}

vres_status vres_file_open(int folder, const char *name, enum file_open how, const char *what,
                           int *fd, vres_error *err)
{
	/*
	 * O_NONBLOCK: never wait for the other end of a FIFO; it means nothing to a regular file.
	 */
	const int got =
		openat(folder, name,
	               open_flags(how) | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0600);

	if (got >= 0) {
		if (how == FILE_CREATE || how == FILE_LOCK)
			give_owner_access(got);
		*fd = got;
		return VRES_OK;
	}
	if (errno == ENOENT)
		return vres_fail(err, VRES_E_NOT_FOUND, "%s does not exist", what);
	if (errno == EEXIST)
		return vres_fail(err, VRES_E_STATE, "%s exists already", what);
	if (errno == ELOOP)
		return vres_fail(err, VRES_E_INVALID_INPUT,
		                 "%s is a symbolic link, which is refused", what);
	if (errno == ENXIO || errno == EISDIR)
		return vres_fail(err, VRES_E_INVALID_INPUT, "%s is not a regular file", what);
	if (errno == EACCES)
		return vres_fail(
			err, VRES_E_IO,
			"no permission to open %s: it must belong to this user, or to root and "
			"be readable by a group of this process",
			what);
	return failed("opening a file", err);
}

vres_status vres_file_lock(int fd, vres_error *err)
{
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		return VRES_OK;
	if (errno == EWOULDBLOCK)
		return vres_fail(err, VRES_E_BUSY, "somebody else has this log open");
	return failed("locking a file", err);
}

void vres_file_unlock(int fd)
{
	(void)flock(fd, LOCK_UN);
}

vres_status vres_file_append(int fd, const void *bytes, size_t n, size_t *done, vres_error *err)
{
	const unsigned char *next = bytes;

	*done = 0;
	while (*done < n) {
		const ssize_t step = write(fd, next + *done, n - *done);

		if (step < 0 && errno == EINTR)
			continue;
		if (step < 0)
			return failed("writing to a file", err);
		*done += (size_t)step;
	}
	return VRES_OK;
}

vres_status vres_file_cut(int fd, uint64_t bytes, vres_error *err)
{
	return ftruncate(fd, (off_t)bytes) == 0 ? VRES_OK : failed("cutting a file", err);
}

vres_status vres_file_sync(int fd, vres_error *err)
{
	return fdatasync(fd) == 0 ? VRES_OK : failed("bringing a file to disk", err);
}

vres_status vres_folder_sync(int folder, vres_error *err)
{
	return fsync(folder) == 0 ? VRES_OK : failed("bringing a folder to disk", err);
}

vres_status vres_file_write_new(int folder, const char *name, const char *what, const void *bytes,
                                size_t n, vres_error *err)
{
	CLEANUP(vres_os_closep) int fd = -1;
	vres_status status;
	size_t done;

	TRY(vres_file_open(folder, name, FILE_CREATE, what, &fd, err));
	status = vres_file_append(fd, bytes, n, &done, err);
	if (status == VRES_OK)
		status = vres_file_sync(fd, err);
	if (status != VRES_OK)
		vres_file_unlink(folder, name);
	return status;
}

vres_status vres_file_overwrite(int fd, uint64_t n, vres_error *err)
{
	static const unsigned char zeros[512];

	for (uint64_t at = 0; at < n;) {
		const ssize_t step =
			pwrite(fd, zeros, (size_t)min_u64(n - at, sizeof(zeros)), (off_t)at);

		if (step < 0 && errno == EINTR)
			continue;
		if (step < 0)
			return failed("overwriting a file", err);
		at += (uint64_t)step;
	}
	return vres_file_sync(fd, err);
}

vres_status vres_file_rename(int folder, const char *from, const char *to, bool replace,
                             vres_error *err)
{
	struct stat s;

	if (replace)
		return renameat(folder, from, folder, to) == 0 ? VRES_OK
		                                               : failed("renaming a file", err);
	if (renameat2(folder, from, folder, to, RENAME_NOREPLACE) == 0)
		return VRES_OK;
	/* This file system lacks that flag.  Only this user can write to the folder: no race. */
	if (errno == EINVAL) {
		if (fstatat(folder, to, &s, AT_SYMLINK_NOFOLLOW) != 0 && errno == ENOENT)
			return vres_file_rename(folder, from, to, true, err);
		errno = EEXIST;
	}
	if (errno == EEXIST)
		return vres_fail(err, VRES_E_STATE, "a file is in the way of a renaming");
	return failed("renaming a file", err);
}

void vres_file_unlink(int folder, const char *name)
{
	(void)unlinkat(folder, name, 0);
}

vres_status vres_file_look(int folder, const char *name, int fd, struct os_name *out,
                           vres_error *err)
{
	struct stat at_name, open_file;

	*out = (struct os_name){.exists = false};
	if (fstatat(folder, name, &at_name, AT_SYMLINK_NOFOLLOW) != 0)
		return errno == ENOENT ? VRES_OK : failed("looking at a file", err);
	if (fstat(fd, &open_file) != 0)
		return failed("looking at a file", err);
	out->exists = true;
	out->is_same = at_name.st_dev == open_file.st_dev && at_name.st_ino == open_file.st_ino;
	out->bytes = (uint64_t)open_file.st_size;
	return VRES_OK;
}
