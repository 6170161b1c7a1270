/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A log that cannot be opened for reasons outside its files: there is no thread, there are no file
 * locks, or the folder cannot be brought to disk.  Nothing may be left behind.
 */
#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <sys/file.h>
#include <unistd.h>

#include "support/audit/reopen.h"
#include "support/fixture/support.h"

static bool is_threadless;
static int lock_error, sync_error; /* 0: none */

int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *),
                          void *arg);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *),
                          void *arg);
int __real_flock(int fd, int operation);
int __wrap_flock(int fd, int operation);
int __real_fsync(int fd);
int __wrap_fsync(int fd);

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *),
                          void *arg)
{
	return is_threadless ? EAGAIN : __real_pthread_create(thread, attr, run, arg);
}

int __wrap_flock(int fd, int operation)
{
	errno = lock_error;
	return lock_error ? -1 : __real_flock(fd, operation);
}

int __wrap_fsync(int fd)
{
	errno = sync_error;
	return sync_error ? -1 : __real_fsync(fd);
}

/* The number of files in the folder.  The first key does not count, since the test made it. */
static unsigned files_of(const struct temp_log *p)
{
	DIR *folder = opendir(p->folder);
	const struct dirent *entry;
	unsigned n = 0;

	ck_assert_ptr_nonnull(folder);
	while ((entry = readdir(folder)) != NULL)
		n += entry->d_name[0] != '.' && strcmp(entry->d_name, "first-key") != 0;
	closedir(folder);
	return n;
}

START_TEST(without_a_thread_no_file_is_made_or_changed)
{
	CLEANUP(temp_log_end) struct temp_log p = temp_log_begin(NULL);
	vres_error err;

	is_threadless = true;
	ck_status(reopen(&p, _i, &err), VRES_E_NO_MEMORY);
	ck_assert_uint_eq(files_of(&p), 0);
	is_threadless = false;
	ck_ok(reopen(&p, _i, &err));
	is_threadless = true;
	ck_reopen_refused(&p, _i, VRES_E_NO_MEMORY, "no thread");
	is_threadless = false;
	ck_ok(reopen(&p, _i, &err));
}
END_TEST

START_TEST(where_locks_are_impossible_nothing_is_left)
{
	CLEANUP(temp_log_end) struct temp_log p = temp_log_begin(NULL);
	vres_error err;

	lock_error = _i & 2 ? ENOLCK : EOPNOTSUPP;
	ck_status(reopen(&p, _i & 1, &err), VRES_E_IO);
	ck_assert_uint_eq(files_of(&p), 0);
	lock_error = 0;
	ck_ok(reopen(&p, _i & 1, &err));
}
END_TEST

START_TEST(a_log_whose_name_cannot_be_brought_to_disk_is_not_left_empty)
{
	CLEANUP(temp_log_end) struct temp_log p = temp_log_begin(NULL);
	vres_error err;

	sync_error = EINVAL;
	ck_status(reopen(&p, false, &err), VRES_E_IO);
	ck_assert_int_ne(access(p.log, F_OK), 0);
	sync_error = 0;
	ck_ok(reopen(&p, false, &err));
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE_LOOP(without_a_thread_no_file_is_made_or_changed, 2, "WORKER-4150",
	                  "availability", "a limit on threads"),
		CASE_LOOP(where_locks_are_impossible_nothing_is_left, 4, "WORKER-4150",
	                  "availability", ""),
		CASE(a_log_whose_name_cannot_be_brought_to_disk_is_not_left_empty, "WORKER-4150",
	             "availability", ""),
	};

	return suite_run("unit.audit_sink", "unit", cases, COUNT(cases));
}
