/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Folders are opened one by one and names are looked up in the open folder.  So the folder that was
 * checked is the folder that is used, even if another process moves or replaces it meanwhile.
 */
#include "os/private_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/durable_file.h"

#define LINKS_MAX 8

/* Is @group root's, or one of this process? */
static bool is_our_group(gid_t group)
{
	const int n = getgroups(0, NULL);
	gid_t *groups = n > 0 ? vres_os_alloc((size_t)n * sizeof(*groups)) : NULL;
	bool is_ours = group == 0 || group == getegid();

	for (int i = groups ? getgroups(n, groups) : 0; i-- > 0;)
		is_ours |= groups[i] == group;
	vres_os_free(groups);
	return is_ours;
}

vres_status vres_private_check(int fd, bool or_root, const char *what, uint64_t *bytes,
                               vres_error *err)
{
	struct stat s;
	mode_t allowed = 0700;

	if (fstat(fd, &s) != 0)
		return vres_fail(err, VRES_E_IO, "%s cannot be examined (error %d)", what, errno);
	if (!S_ISREG(s.st_mode))
		return vres_fail(err, VRES_E_INVALID_INPUT, "%s is not a regular file", what);
	if (s.st_uid != geteuid() && !(or_root && s.st_uid == 0))
		return vres_fail(err, VRES_E_INVALID_INPUT, "%s belongs to another user", what);
	if (or_root && s.st_uid == 0 && is_our_group(s.st_gid))
		allowed |= 0040;
	if (s.st_mode & 0777 & ~allowed)
		return vres_fail(err, VRES_E_INVALID_INPUT, "%s has mode %04o, expected 0600%s",
		                 what, (unsigned)s.st_mode & 07777u,
		                 or_root ? ", or 0440 where root owns it and a group of this "
		                           "process may read it"
		                         : "");
	*bytes = s.st_size > 0 ? (uint64_t)s.st_size : 0;
	return VRES_OK;
}

static vres_status folder_check(int fd, const char *what, vres_error *err)
{
	struct stat s;

	if (fstat(fd, &s) != 0)
		return vres_fail(err, VRES_E_IO, "the folder of %s cannot be examined (error %d)",
		                 what, errno);
	if (s.st_uid != 0 && s.st_uid != geteuid())
		return vres_fail(err, VRES_E_INVALID_INPUT,
		                 "the folder of %s belongs to another user", what);
	if ((s.st_mode & 0022) && (s.st_mode & S_ISVTX) == 0)
		return vres_fail(err, VRES_E_INVALID_INPUT,
		                 "the folder of %s can be written by others: use a folder of mode "
		                 "0700, which may lie inside it",
		                 what);
	return VRES_OK;
}

/* Open a folder by name, seen from another one. */
static vres_status folder_open(int from, const char *path, int flags, const char *what, int *out,
                               vres_error *err)
{
	CLEANUP(vres_os_closep)
	int fd = openat(from, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | flags);

	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return vres_fail(err, VRES_E_NOT_FOUND, "the folder of %s does not exist", what);
	if (fd < 0)
		return vres_fail(err, VRES_E_IO, "the folder of %s cannot be opened (error %d)",
		                 what, errno);
	TRY(folder_check(fd, what, err));
	*out = fd;
	fd = -1;
	return VRES_OK;
}

vres_status vres_private_folder(const char *path, size_t name_max, const char *what, int *folder,
                                const char **name, vres_error *err)
{
	const char *slash = strrchr(path, '/'), *rest = slash ? slash + 1 : path;
	const size_t n = slash == NULL ? 0 : slash == path ? 1 : (size_t)(slash - path);
	char prefix[PATH_MAX] = ".";

	if (n >= sizeof(prefix) || strlen(rest) > name_max)
		return vres_fail(err, VRES_E_INVALID_INPUT,
		                 "the path of %s is too long: a name may have %zu bytes", what,
		                 name_max);
	if (rest[0] == '\0' || strcmp(rest, ".") == 0 || strcmp(rest, "..") == 0)
		return vres_fail(err, VRES_E_INVALID_INPUT,
		                 "the path of %s does not end in a file name", what);
	if (n > 0) {
		memcpy(prefix, path, n);
		prefix[n] = '\0';
	}
	TRY(folder_open(AT_FDCWD, prefix, 0, what, folder, err));
	*name = rest;
	return VRES_OK;
}

static vres_status refuse_link(const char *what, vres_error *err)
{
	return vres_fail(err, VRES_E_INVALID_INPUT,
	                 "%s is a symbolic link, which is refused, but for one of root in a folder "
	                 "of root that leads to a place inside it",
	                 what);
}

/*
 * Replace the link @name in @folder by what it leads to: put that in front of @path, which is the
 * rest of the way.  Only root can have made a link of root in a folder of root.
 */
static vres_status link_follow(int folder, const char *name, char path[PATH_MAX], const char *what,
                               vres_error *err)
{
	char target[PATH_MAX], rest[PATH_MAX];
	struct stat link, holder;
	ssize_t n;

	if (fstatat(folder, name, &link, AT_SYMLINK_NOFOLLOW) != 0 || fstat(folder, &holder) != 0 ||
	    link.st_uid != 0 || holder.st_uid != 0)
		return refuse_link(what, err);
	n = readlinkat(folder, name, target, sizeof(target) - 1);
	if (n <= 0 || target[0] == '/')
		return refuse_link(what, err);
	target[n] = '\0';
	memcpy(rest, path, strlen(path) + 1);
	if (snprintf(path, PATH_MAX, "%s%s%s", target, rest[0] ? "/" : "", rest) >= PATH_MAX)
		return refuse_link(what, err);
	return VRES_OK;
}

static bool is_link(int folder, const char *name)
{
	struct stat s;

	return fstatat(folder, name, &s, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(s.st_mode);
}

/* Open @path, seen from a private folder that it may not leave. */
static vres_status inside_open(int *folder, char path[PATH_MAX], const char *what, int *fd,
                               vres_error *err)
{
	for (unsigned links = 0; links <= LINKS_MAX;) {
		char name[NAME_MAX + 1];
		const size_t n = strcspn(path, "/"), after = n + strspn(path + n, "/");
		const bool is_last = path[after] == '\0';
		int next = -1;

		if (n > NAME_MAX || (n == 2 && memcmp(path, "..", 2) == 0))
			return refuse_link(what, err);
		memcpy(name, path, n);
		name[n] = '\0';
		memmove(path, path + after, strlen(path + after) + 1);
		if (is_link(*folder, name)) {
			links++;
			TRY(link_follow(*folder, name, path, what, err));
		} else if (is_last) {
			return vres_file_open(*folder, name, FILE_READ, what, fd, err);
		} else {
			TRY(folder_open(*folder, name, O_NOFOLLOW, what, &next, err));
			vres_os_close(*folder);
			*folder = next;
		}
	}
	return refuse_link(what, err);
}

vres_status vres_private_open(const char *path, const char *what, int *fd, uint64_t *bytes,
                              vres_error *err)
{
	CLEANUP(vres_os_closep) int folder = -1, file = -1;
	char inside[PATH_MAX];
	const char *name;

	TRY(vres_private_folder(path, NAME_MAX, what, &folder, &name, err));
	memcpy(inside, name, strlen(name) + 1);
	TRY(inside_open(&folder, inside, what, &file, err));
	TRY(vres_private_check(file, true, what, bytes, err));
	*fd = file;
	file = -1;
	return VRES_OK;
}
