/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Links and spellings: compared by device and inode, and by folder and last part of the name. */
#include "ui/same_file.h"

#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static bool is_one(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

bool file_is_open_as(const char *path, int fd)
{
	struct stat named, open_file;

	return stat(path, &named) == 0 && fstat(fd, &open_file) == 0 && is_one(&named, &open_file);
}

/* Are these two names of one entry of one folder?  The file need not exist. */
static bool is_one_entry(const char *path, const char *other)
{
	char copies[4][PATH_MAX];
	struct stat a, b;

	if (strlen(path) >= PATH_MAX || strlen(other) >= PATH_MAX)
		return false;
	/* dirname() and basename() write into what they are given. */
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
