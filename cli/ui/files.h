/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Small files in and out, whole. */
#ifndef VRES_CLI_UI_FILES_H
#define VRES_CLI_UI_FILES_H

#include "ui/output.h"

/* For CLEANUP: close *fd unless it is negative or a standard stream. */
void file_close(int *fd);

/* read() that goes on after a signal: bytes read, 0 at the end, -1 and errno. */
ssize_t file_read(int fd, void *buf, size_t n);

/* All of @n bytes at @offset of a file; false and errno (0: the file ends before). */
bool file_read_at(int fd, uint64_t offset, void *buf, size_t n);

/*
 * The bytes of @path ("-": standard input) into @buf, *n how many.  A file above @size is refused.
 */
bool file_load(struct output *o, const char *path, void *buf, size_t size, size_t *n);

/* Would file_save() find a name it can use?  To be asked before much work is done. */
bool file_can_save(struct output *o, const char *path);

/* Is @path the file that @fd is open on?  Is it the file @other (may be NULL), however both
 * are spelled and whether they exist or not? */
bool file_is_open_as(const char *path, int fd);
bool file_is_same(const char *path, const char *other);

/*
 * Write @n bytes as @path, readable by the owner alone, so that whoever looks sees the old file or
 * the new one, whole: a temporary file in the same folder, fsync, rename.  What stands there and is
 * no regular file is refused, not replaced.
 */
bool file_save(struct output *o, const char *path, const void *bytes, size_t n);

/*
 * The same for what is not secret and is written again soon: readable by all, and not waited for
 * until it is on disk.
 */
bool file_publish(struct output *o, const char *path, const void *bytes, size_t n);

/* The same for what failed before and is tried again: nothing is said. */
bool file_publish_quietly(const char *path, const void *bytes, size_t n);

#endif
