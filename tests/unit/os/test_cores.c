/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The CPU quota of a control group, read from files as the kernel writes them. */
#include "os/cores.h"

#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/suite/status.h"
#include "support/suite/suite.h"

/* Makes a folder that stands for the root of the file system. */
static void make_root(char root[32])
{
	snprintf(root, 32, "/tmp/vres-cores-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(root));
}

static void remove_root(const char *root)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -r %s", root);
	ck_assert_int_eq(system(command), 0);
}

/* Writes a file below @root, and makes the folders that it needs. */
static void put(const char *root, const char *name, const char *text)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", root, name);
	for (char *slash = path + 1; *slash != '\0'; slash++) {
		if (*slash != '/')
			continue;
		*slash = '\0';
		(void)mkdir(path, 0700);
		*slash = '/';
	}
	f = fopen(path, "we");
	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	ck_assert_int_eq(fclose(f), 0);
}

static uint32_t quota_of(const char *cgroup, const char *name, const char *text)
{
	char root[32];
	uint32_t quota;

	make_root(root);
	put(root, "proc/self/cgroup", cgroup);
	put(root, name, text);
	quota = vres_os_cores_quota(root);
	remove_root(root);
	return quota;
}

START_TEST(quota_of_the_own_group_counts_rounded_up)
{
	ck_assert_uint_eq(quota_of("0::/a/b\n", "sys/fs/cgroup/a/b/cpu.max", "200000 100000\n"), 2);
	ck_assert_uint_eq(quota_of("0::/a/b\n", "sys/fs/cgroup/a/b/cpu.max", "150000 100000\n"), 2);
	ck_assert_uint_eq(quota_of("0::/a/b\n", "sys/fs/cgroup/a/b/cpu.max", "1000 100000\n"), 1);
}
END_TEST

START_TEST(quota_of_a_group_above_and_of_a_mounted_root_counts_too)
{
	char root[32];

	ck_assert_uint_eq(quota_of("0::/a/b\n", "sys/fs/cgroup/a/cpu.max", "300000 100000\n"), 3);
	ck_assert_uint_eq(quota_of("0::/\n", "sys/fs/cgroup/cpu.max", "300000 100000\n"), 3);
	ck_assert_uint_eq(quota_of("0::/../../x\n", "sys/fs/cgroup/cpu.max", "300000 100000\n"), 3);
	make_root(root);
	put(root, "proc/self/cgroup", "0::/a/b\n");
	put(root, "sys/fs/cgroup/a/cpu.max", "500000 100000\n");
	put(root, "sys/fs/cgroup/a/b/cpu.max", "900000 100000\n");
	ck_assert_uint_eq(vres_os_cores_quota(root), 5);
	remove_root(root);
}
END_TEST

START_TEST(quota_of_the_first_version_is_read)
{
	char root[32];

	make_root(root);
	put(root, "proc/self/cgroup", "5:cpuset:/x\n4:cpuacct,cpu:/a\n0::/x\n");
	put(root, "sys/fs/cgroup/cpu/a/cpu.cfs_quota_us", "400000\n");
	put(root, "sys/fs/cgroup/cpu/a/cpu.cfs_period_us", "100000\n");
	ck_assert_uint_eq(vres_os_cores_quota(root), 4);
	put(root, "sys/fs/cgroup/cpu/a/cpu.cfs_quota_us", "-1\n");
	ck_assert_uint_eq(vres_os_cores_quota(root), UINT32_MAX);
	remove_root(root);
}
END_TEST

START_TEST(what_is_no_quota_is_no_limit)
{
	static const char *const texts[] = {"max 100000\n", "", "0 100000\n", "5 0\n", "x", "5"};

	for (size_t i = 0; i < COUNT(texts); i++)
		ck_assert_uint_eq(quota_of("0::/a\n", "sys/fs/cgroup/a/cpu.max", texts[i]),
		                  UINT32_MAX);
	ck_assert_uint_eq(quota_of("", "sys/fs/cgroup/cpu.max", "1 1\n"), UINT32_MAX);
	ck_assert_uint_eq(quota_of("nonsense\n0\n", "sys/fs/cgroup/cpu.max", "1 1\n"), UINT32_MAX);
	ck_assert_uint_eq(vres_os_cores_quota("/nowhere"), UINT32_MAX);
}
END_TEST

START_TEST(cores_are_those_that_the_thread_may_run_on)
{
	cpu_set_t before, one;
	size_t first = 0;

	ck_assert_int_eq(sched_getaffinity(0, sizeof(before), &before), 0);
	while (!CPU_ISSET(first, &before))
		first++;
	ck_assert_uint_le(vres_os_cores(), (unsigned)CPU_COUNT(&before));
	CPU_ZERO(&one);
	CPU_SET(first, &one);
	ck_assert_int_eq(sched_setaffinity(0, sizeof(one), &one), 0);
	ck_assert_uint_eq(vres_os_cores(), 1);
	ck_assert_int_eq(sched_setaffinity(0, sizeof(before), &before), 0);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE(quota_of_the_own_group_counts_rounded_up, "", "availability", ""),
		CASE(quota_of_a_group_above_and_of_a_mounted_root_counts_too, "", "availability",
	             ""),
		CASE(quota_of_the_first_version_is_read, "", "availability", ""),
		CASE(what_is_no_quota_is_no_limit, "", "availability", ""),
		CASE(cores_are_those_that_the_thread_may_run_on, "", "availability", ""),
	};

	return suite_run("unit.cores", "unit", cases, COUNT(cases));
}
