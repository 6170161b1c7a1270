/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The quota is read from cpu.max (cgroup v2) or cpu.cfs_quota_us (v1) of the process's own control
 * group and of all above it (kernel: Documentation/admin-guide/cgroup-v2.rst, "CPU Interface
 * Files"). In a container the group that the process sees is often mounted as the root, so that is
 * read too.
 */
#include "os/cores.h"

#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATH_BYTES 4096

/* A file of one or a few lines; false when it cannot be read. */
static bool read_text(const char *path, char *text, size_t size)
{
	const int fd = open(path, O_RDONLY | O_CLOEXEC);
	const ssize_t n = fd >= 0 ? read(fd, text, size - 1) : -1;

	if (fd >= 0)
		close(fd);
	text[n > 0 ? n : 0] = '\0';
	return n > 0;
}

/* @quota of every @period microseconds, as cores; a quota that is no number is no limit. */
static uint32_t cores_of(const char *quota, const char *period)
{
	const uint64_t q = strtoull(quota, NULL, 10), p = strtoull(period, NULL, 10);
	const uint64_t cores = p == 0 ? 0 : q / p + (q % p != 0);

	if (quota[0] < '0' || quota[0] > '9' || cores == 0 || cores > UINT32_MAX)
		return UINT32_MAX;
	return (uint32_t)cores;
}

/* The limit of the group @path of the controller mounted at @mount, itself alone. */
static uint32_t group_quota(const char *mount, const char *path, bool is_v2)
{
	char name[PATH_BYTES], quota[64], period[64];
	const char *end = is_v2 ? "cpu.max" : "cpu.cfs_quota_us";

	if ((size_t)snprintf(name, sizeof(name), "%s%s/%s", mount, path, end) >= sizeof(name) ||
	    !read_text(name, quota, sizeof(quota)))
		return UINT32_MAX;
	if (is_v2)
		return cores_of(quota, quota + strcspn(quota, " "));
	snprintf(name, sizeof(name), "%s%s/cpu.cfs_period_us", mount, path);
	return read_text(name, period, sizeof(period)) ? cores_of(quota, period) : UINT32_MAX;
}

/* The least limit of the group and of those above it, up to the mount. */
static uint32_t least_quota(const char *mount, char *path, bool is_v2)
{
	uint32_t least = group_quota(mount, "", is_v2);

	for (char *slash; (slash = strrchr(path, '/')) != NULL; *slash = '\0') {
		const uint32_t quota = group_quota(mount, path, is_v2);

		least = quota < least ? quota : least;
	}
	return least;
}

/* Does the list of controllers, separated by commas, name cpu? */
static bool has_cpu(const char *controllers, size_t n)
{
	for (size_t at = 0; at < n;) {
		const size_t length = strcspn(controllers + at, ",:");

		if (length == 3 && memcmp(controllers + at, "cpu", 3) == 0)
			return true;
		at += length + 1;
	}
	return false;
}

/* A line of /proc/self/cgroup: "ID:CONTROLLERS:PATH", without controllers for v2. */
static uint32_t line_quota(const char *root, char *line)
{
	char *controllers = strchr(line, ':'), *path, mount[PATH_BYTES];
	bool is_v2;

	path = controllers != NULL ? strchr(controllers + 1, ':') : NULL;
	if (path == NULL)
		return UINT32_MAX;
	controllers++;
	is_v2 = controllers == path;
	if (!is_v2 && !has_cpu(controllers, (size_t)(path - controllers)))
		return UINT32_MAX;
	snprintf(mount, sizeof(mount), "%s/sys/fs/cgroup%s", root, is_v2 ? "" : "/cpu");
	return least_quota(mount, path + 1, is_v2);
}

uint32_t vres_os_cores_quota(const char *root)
{
	char path[PATH_BYTES], text[PATH_BYTES];
	uint32_t least = UINT32_MAX;

	snprintf(path, sizeof(path), "%s/proc/self/cgroup", root);
	if (!read_text(path, text, sizeof(text)))
		return UINT32_MAX;
	for (char *line = text; *line != '\0';) {
		const size_t n = strcspn(line, "\n");
		char *next = line + n + (line[n] == '\n');
		uint32_t quota;

		line[n] = '\0';
		quota = line_quota(root, line);
		least = quota < least ? quota : least;
		line = next;
	}
	return least;
}

uint32_t vres_os_cores(void)
{
	const uint32_t quota = vres_os_cores_quota("");
	cpu_set_t set;
	long all;

	if (sched_getaffinity(0, sizeof(set), &set) == 0)
		all = CPU_COUNT(&set);
	else
		all = sysconf(_SC_NPROCESSORS_ONLN); /* more than a cpu_set_t holds */
	if (all < 1)
		all = 1;
	return (uint64_t)all < quota ? (uint32_t)all : quota;
}
