/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ui/files.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
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

int file_open(const char *path)
{
	return strcmp(path, "-") == 0 ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
}

int file_open_regular(struct output *o, const char *path, struct stat *about)
{
	const bool is_standard = strcmp(path, "-") == 0;
	int fd = is_standard ? STDIN_FILENO
	                     : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	if (fd < 0 || fstat(fd, about) != 0)
		output_fail_errno(o, path, "cannot be opened", errno);
	else if (S_ISREG(about->st_mode))
		return fd;
	else
		output_refuse(o, EXIT_USAGE, path, "is no regular file");
	file_close(&fd);
	return -1;
}

bool file_load(struct output *o, const char *path, void *buf, size_t size, size_t *n)
{
	CLEANUP(file_close) int fd = file_open(path);
	char beyond;
	ssize_t got = 1;

	if (fd < 0)
		return output_fail_errno(o, path, "cannot be opened", errno);
	for (*n = 0; got > 0 && *n < size;) {
		got = file_read(fd, (char *)buf + *n, size - *n);
		*n += got > 0 ? (size_t)got : 0;
	}
	if (got > 0)
		got = file_read(fd, &beyond, 1);
	if (got < 0)
		return output_fail_errno(o, path, "cannot be read", errno);
	if (got > 0)
		return output_refuse(o, EXIT_USAGE, path, "is larger than %zu bytes", size);
	return true;
}
