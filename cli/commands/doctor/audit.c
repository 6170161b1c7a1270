/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The place of an audit log: is its folder private and writable, can it lock and sync, has it room?
 */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include "commands/doctor/findings.h"
#include "ui/files.h"
#include "ui/units.h"

/* Below the first a log soon fails; below the second somebody should look. */
#define ROOM_LEAST  (UINT64_C(10) << 20)
#define ROOM_ENOUGH (UINT64_C(1) << 30)

static bool is_ours(uid_t owner)
{
	return owner == 0 || owner == geteuid();
}

/* As the library judges the folder of a token: nobody else may replace files in it. */
static bool is_private(const struct stat *folder)
{
	const bool is_sticky = (folder->st_mode & S_ISVTX) != 0;

	return is_ours(folder->st_uid) && ((folder->st_mode & 022) == 0 || is_sticky);
}

static void look_at_folder(struct doctor *d, const char *folder)
{
	const bool is_writable = access(folder, W_OK | X_OK) == 0;
	struct stat s;

	if (stat(folder, &s) != 0 || !S_ISDIR(s.st_mode)) {
		doctor_say(d, FINDING_BAD, "audit folder",
		           "make it, with mode 0700, owned by the user of the service",
		           "%s is no folder", folder);
		return;
	}
	doctor_say(d, is_private(&s) ? FINDING_GOOD : FINDING_BAD, "audit folder",
	           "chmod 0700, and chown to the user of the service: others could replace the log",
	           "%s, mode %04o", folder, (unsigned)(s.st_mode & 07777));
	doctor_say(d, is_writable ? FINDING_GOOD : FINDING_BAD, "audit writable",
	           "run as the user who owns it", "%s", is_writable ? "yes" : "no");
}

static void look_at_room(struct doctor *d, const char *folder)
{
	struct statvfs v;
	char text[UNITS_TEXT];
	uint64_t room;

	if (statvfs(folder, &v) != 0) {
		doctor_say(d, FINDING_WARN, "audit room", "see that the folder is there",
		           "cannot be asked: %s", strerror(errno));
		return;
	}
	room = (uint64_t)v.f_bavail * v.f_frsize;
	doctor_say(d,
	           room < ROOM_LEAST    ? FINDING_BAD
	           : room < ROOM_ENOUGH ? FINDING_WARN
	                                : FINDING_GOOD,
	           "audit room",
	           "make room: with --require audit what cannot be recorded does not happen",
	           "%s free", format_bytes(text, room));
}

/* A file without a name in @folder; -1 where its file system has none, or it cannot be written to.
 */
static int open_nameless(const char *folder)
{
	char name[PATH_MAX + 16];
	int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd >= 0)
		return fd;
	snprintf(name, sizeof(name), "%s/.vres-XXXXXX", folder);
	fd = mkostemp(name, O_CLOEXEC);
	if (fd >= 0)
		unlink(name);
	return fd;
}

/* The log needs flock(2), so that two writers are told apart, and fsync(2) of its folder. */
static void look_at_file_system(struct doctor *d, const char *folder)
{
	CLEANUP(file_close) int fd = open_nameless(folder);
	CLEANUP(file_close) int itself = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	static const char advice[] = "put the log on a local file system (ext4, xfs, btrfs)";
	const char *lock = fd < 0                              ? "cannot be tried"
	                   : flock(fd, LOCK_EX | LOCK_NB) == 0 ? NULL
	                                                       : strerror(errno);
	const char *sync = itself < 0           ? "cannot be tried"
	                   : fsync(itself) == 0 ? NULL
	                                        : strerror(errno);

	doctor_say(d, lock == NULL ? FINDING_GOOD : FINDING_BAD, "audit locking", advice, "%s",
	           lock == NULL ? "works" : lock);
	doctor_say(d, sync == NULL ? FINDING_GOOD : FINDING_BAD, "audit folder sync", advice, "%s",
	           sync == NULL ? "works" : sync);
}

static void look_at_file(struct doctor *d, const char *path)
{
	struct stat s;

	if (lstat(path, &s) != 0) {
		doctor_say(d, errno == ENOENT ? FINDING_GOOD : FINDING_BAD, "audit log",
		           "see that the path leads somewhere", "%s",
		           errno == ENOENT ? "will be made" : strerror(errno));
		return;
	}
	doctor_say(d,
	           S_ISREG(s.st_mode) && is_ours(s.st_uid) && (s.st_mode & 077) == 0 ? FINDING_GOOD
	                                                                             : FINDING_BAD,
	           "audit log", "a regular file with mode 0600, owned by the user of the service",
	           "%s, mode %04o", S_ISREG(s.st_mode) ? "a file" : "not a regular file",
	           (unsigned)(s.st_mode & 07777));
}

void doctor_look_at_audit(struct doctor *d)
{
	const char *path = d->audit;
	char copy[PATH_MAX];
	const char *folder;

	if (path == NULL)
		return;
	if (path[0] == '\0' || strlen(path) >= sizeof(copy)) {
		doctor_say(d, FINDING_BAD, "audit log", "name a file", "the name is %s",
		           path[0] == '\0' ? "empty" : "too long");
		return;
	}
	snprintf(copy, sizeof(copy), "%s", path);
	folder = dirname(copy);
	look_at_folder(d, folder);
	look_at_room(d, folder);
	look_at_file_system(d, folder);
	look_at_file(d, path);
}
