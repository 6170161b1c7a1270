/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Files that are written and must survive.
 *
 * Files are reached by name through a folder that was opened before, so that neither chdir() nor
 * moving the folder leads elsewhere.  Links are never followed.  Messages name @what, which is this
 * library's word for the file, and never the path.
 */
#ifndef VRES_CORE_OS_DURABLE_FILE_H
#define VRES_CORE_OS_DURABLE_FILE_H

#include "os/os.h"

/*
 * The longest file name that takes a suffix of ours (".checkpoint.tmp", "." and 16 digits) within
 * the 255 bytes a file system allows.
 */
#define FILE_NAME_MAX 230u

enum file_open {
	FILE_READ,   /* what exists */
	FILE_MODIFY, /* what exists, to be overwritten in place */
	FILE_APPEND, /* what exists */
	FILE_CREATE, /* what does not exist, to be appended to; mode 0600 */
	FILE_LOCK,   /* whether it exists or not; mode 0600 */
};

/*
 * VRES_E_NOT_FOUND, VRES_E_STATE if it exists and should not, VRES_E_INVALID_INPUT for a link,
 * VRES_E_IO.
 */
vres_status vres_file_open(int folder, const char *name, enum file_open how, const char *what,
                           int *fd, vres_error *err);

/*
 * Take the lock of an open file until it is closed; VRES_E_BUSY if another opening, here or in
 * another process, has it.
 */
vres_status vres_file_lock(int fd, vres_error *err);

/* Give the lock back, also where a child process has the file open still. */
void vres_file_unlock(int fd);

/* Write @n bytes at the end; *done says how many were written, on failure too. */
vres_status vres_file_append(int fd, const void *bytes, size_t n, size_t *done, vres_error *err);

/* Create a file of @n bytes, which are on disk when this returns.  After a failure there is none.
 */
vres_status vres_file_write_new(int folder, const char *name, const char *what, const void *bytes,
                                size_t n, vres_error *err);

vres_status vres_file_cut(int fd, uint64_t bytes, vres_error *err);

/* Data and what is needed to find it are on disk when this returns. */
vres_status vres_file_sync(int fd, vres_error *err);
vres_status vres_folder_sync(int folder, vres_error *err);

/* Zeros over the first @n bytes, on disk. */
vres_status vres_file_overwrite(int fd, uint64_t n, vres_error *err);

/* VRES_E_STATE if @to exists, unless it may be replaced. */
vres_status vres_file_rename(int folder, const char *from, const char *to, bool replace,
                             vres_error *err);

void vres_file_unlink(int folder, const char *name);

/* What a name in a folder stands for now, beside an open file. */
struct os_name {
	bool exists, is_same;
	uint64_t bytes;
};

vres_status vres_file_look(int folder, const char *name, int fd, struct os_name *out,
                           vres_error *err);

#endif
