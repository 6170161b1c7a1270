/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Opening, reading and closing files. */
#ifndef VRES_CLI_UI_FILES_H
#define VRES_CLI_UI_FILES_H

#include <sys/stat.h>
#include <sys/types.h>
#include "ui/failure.h"

/* Open @path for reading ("-": standard input); -1 and errno. */
int file_open(const char *path);

/*
 * Open @path, which has to be a regular file; -1 after saying what is wrong.  A pipe is refused at
 * once: nobody waits for its writer.
 */
int file_open_regular(struct output *o, const char *path, struct stat *about);

/* For CLEANUP: close *fd unless it is negative or a standard stream. */
void file_close(int *fd);

/* read() that goes on after a signal: bytes read, 0 at the end, -1 and errno. */
ssize_t file_read(int fd, void *buf, size_t n);

/* Read all of @n bytes at @offset; false and errno, which is 0 when the file ends before. */
bool file_read_at(int fd, uint64_t offset, void *buf, size_t n);

/* Read all of @path ("-": standard input) into @buf.  A file above @size bytes is refused. */
bool file_load(struct output *o, const char *path, void *buf, size_t size, size_t *n);

#endif
