/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The library's calls of the operating system, where they promise more than the system does. */
#include "os/os.h"
#include "os/secret_pages.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "support/suite/alloc.h"
#include "support/suite/status.h"
#include "support/suite/suite.h"

#define PAGE ((size_t)sysconf(_SC_PAGESIZE))

START_TEST(memory_is_zeroed_and_may_be_of_no_bytes)
{
	static const uint8_t zeros[4096];
	uint8_t *memory = vres_os_alloc(sizeof(zeros)), *none = vres_os_alloc(0);

	ck_assert_ptr_nonnull(none);
	ck_assert_mem_eq(memory, zeros, sizeof(zeros));
	memset(memory, 0xff, sizeof(zeros));
	vres_os_free(memory);
	vres_os_free(none);
	vres_os_free(NULL);
	alloc_fail(1, false);
	none = vres_os_alloc(1);
	ck_assert(alloc_disarm());
	ck_assert_ptr_null(none);
}
END_TEST

START_TEST(clocks_go_on_and_the_wall_clock_is_of_this_century)
{
	const uint64_t before = vres_os_monotonic();

	ck_assert_uint_ge(vres_os_monotonic(), before);
	ck_assert_uint_gt(before, 0);
	ck_assert_uint_gt(vres_os_wall(), UINT64_C(1700000000) * 1000000000);
}
END_TEST

START_TEST(random_bytes_fill_the_whole_and_differ)
{
	uint8_t a[1000] = {0}, b[1000] = {0}, all = 0;
	vres_error err;

	ck_ok(vres_os_random(a, sizeof(a), &err));
	ck_ok(vres_os_random(b, sizeof(b), &err));
	ck_assert_mem_ne(a, b, sizeof(a));
	for (size_t i = sizeof(a) - 16; i < sizeof(a); i++)
		all |= a[i];
	ck_assert_uint_ne(all, 0);
	ck_ok(vres_os_random(a, 0, &err));
}
END_TEST

START_TEST(child_process_is_another_process)
{
	const int64_t mine = vres_os_process();
	int status;
	const pid_t child = fork();

	if (child == 0)
		_exit(vres_os_process() == mine);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
	ck_assert_int_eq(vres_os_process(), mine);
}
END_TEST

/* Returns 0 if neither this process nor a child of it takes @home for its own. */
static int strangers(const struct os_home *home)
{
	int status;
	pid_t child;

	if (vres_os_home_is_here(home))
		return 1;
	child = fork();
	if (child == 0)
		_exit(vres_os_home_is_here(home));
	return waitpid(child, &status, 0) != child || status != 0;
}

/* @without has no page that the kernel empties in a child, as on a system that lacks this. */
START_TEST(home_is_this_process_and_no_child_of_it)
{
	struct os_home home, without;
	int status;
	pid_t child;

	vres_os_home_open(&home);
	ck_assert_ptr_nonnull((const void *)(uintptr_t)home.page);
	without = (struct os_home){.process = home.process};
	child = fork();
	if (child == 0)
		_exit(strangers(&home) + strangers(&without));
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
	ck_assert(vres_os_home_is_here(&home));
	ck_assert(vres_os_home_is_here(&without));
	vres_os_home_close(&home);
	vres_os_home_close(&home);
}
END_TEST

static int temporary(const void *bytes, size_t n)
{
	char path[] = "/tmp/vres-host-XXXXXX";
	const int fd = mkstemp(path);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(write(fd, bytes, n), (ssize_t)n);
	return fd;
}

START_TEST(what_matters_of_an_open_file)
{
	const int fd = temporary("abc", 3), path_only = open("/", O_PATH),
		  folder = open("/", O_RDONLY);
	struct os_file file;
	int ends[2];
	vres_error err;

	ck_ok(vres_os_stat(fd, &file, &err));
	ck_assert(file.is_regular && !file.is_directory && file.is_readable);
	ck_assert_uint_eq(file.bytes, 3);
	ck_assert_uint_eq(file.mode, 0600);
	ck_assert_uint_eq(file.owner, geteuid());
	ck_ok(vres_os_stat(folder, &file, &err));
	ck_assert(!file.is_regular && file.is_directory);
	ck_ok(vres_os_stat(path_only, &file, &err));
	ck_assert(!file.is_readable);
	ck_assert_int_eq(pipe(ends), 0);
	ck_ok(vres_os_stat(ends[0], &file, &err));
	ck_assert(!file.is_regular && !file.is_directory && file.is_readable);
	ck_ok(vres_os_stat(ends[1], &file, &err));
	ck_assert(!file.is_readable);
	close(fd), close(path_only), close(folder), close(ends[0]), close(ends[1]);
	ck_status(vres_os_stat(fd, &file, &err), VRES_E_INVALID_INPUT);
	ck_status(vres_os_stat(-1, &file, &err), VRES_E_INVALID_INPUT);
}
END_TEST

START_TEST(reading_fills_the_buffer_from_where_it_is_told)
{
	const int fd = temporary("0123456789", 10);
	char bytes[11] = "xxxxxxxxxx";
	size_t got = 99;
	vres_error err;

	ck_ok(vres_os_read(fd, 4, bytes, 3, &got, &err));
	ck_assert_uint_eq(got, 3);
	ck_assert_str_eq(bytes, "456xxxxxxx");
	ck_ok(vres_os_read(fd, 8, bytes, 10, &got, &err));
	ck_assert_uint_eq(got, 2);
	ck_ok(vres_os_read(fd, 10, bytes, 10, &got, &err));
	ck_assert_uint_eq(got, 0);
	ck_assert_int_eq(lseek(fd, 0, SEEK_CUR), 10); /* the position did not move */
	ck_assert_int_eq(lseek(fd, 1, SEEK_SET), 1);
	ck_ok(vres_os_read(fd, -1, bytes, 3, &got, &err));
	ck_assert_mem_eq(bytes, "123", 3);
	ck_assert_int_eq(lseek(fd, 0, SEEK_CUR), 4);
	close(fd);
	got = 99;
	ck_status(vres_os_read(fd, 0, bytes, 3, &got, &err), VRES_E_IO);
	ck_assert_uint_eq(got, 99);
}
END_TEST

struct writer {
	int fd;
	const char *bytes;
	size_t n;
};

/* Yields every 100 bytes.  To yield at each byte would take long on a busy machine. */
static void *write_slowly(void *arg)
{
	const struct writer *w = arg;

	for (size_t i = 0; i < w->n; i++) {
		if (write(w->fd, w->bytes + i, 1) != 1)
			break;
		if (i % 100 == 0)
			sched_yield();
	}
	close(w->fd);
	return NULL;
}

static void ignore(int signal)
{
	(void)signal;
}

/* The writer's bytes come one at a time, and a timer's signal interrupts the reader. */
START_TEST(pieces_of_a_pipe_are_put_together_whatever_interrupts)
{
	char want[5000], got[5000];
	struct writer w = {.bytes = want, .n = sizeof(want)};
	const struct sigaction action = {.sa_handler = ignore};
	const struct timeval often = {.tv_usec = 200}, never = {0};
	int ends[2];
	size_t n = 0;
	pthread_t thread;
	vres_error err;

	for (size_t i = 0; i < sizeof(want); i++)
		want[i] = (char)(i * 7);
	ck_assert_int_eq(pipe(ends), 0);
	w.fd = ends[1];
	ck_assert_int_eq(sigaction(SIGALRM, &action, NULL), 0);
	ck_assert(vres_os_thread_start(&thread, write_slowly, &w));
	ck_assert_int_eq(setitimer(ITIMER_REAL, &(struct itimerval){often, often}, NULL), 0);
	ck_ok(vres_os_read(ends[0], -1, got, sizeof(got), &n, &err));
	ck_assert_int_eq(setitimer(ITIMER_REAL, &(struct itimerval){never, never}, NULL), 0);
	vres_os_thread_join(thread);
	ck_assert_uint_eq(n, sizeof(want));
	ck_assert_mem_eq(got, want, sizeof(want));
	close(ends[0]);
}
END_TEST

static void *signals_blocked(void *arg)
{
	sigset_t set;

	(void)pthread_sigmask(SIG_SETMASK, NULL, &set);
	*(bool *)arg = sigismember(&set, SIGTERM) == 1 && sigismember(&set, SIGUSR1) == 1;
	return NULL;
}

START_TEST(thread_takes_no_signals_and_the_starter_still_does)
{
	bool blocked = false;
	pthread_t thread;
	sigset_t set;

	ck_assert(vres_os_thread_start(&thread, signals_blocked, &blocked));
	vres_os_thread_join(thread);
	ck_assert(blocked);
	ck_assert_int_eq(pthread_sigmask(SIG_SETMASK, NULL, &set), 0);
	ck_assert_int_eq(sigismember(&set, SIGTERM), 0);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE(memory_is_zeroed_and_may_be_of_no_bytes, "WORKER-4952", "",
	             "no memory on the host"),
		CASE(clocks_go_on_and_the_wall_clock_is_of_this_century, "WORKER-4110", "", ""),
		CASE(random_bytes_fill_the_whole_and_differ, "VP-006", "authenticity",
	             "a nonce that can be guessed"),
		CASE(child_process_is_another_process, "WORKER-4150", "", ""),
		CASE(what_matters_of_an_open_file, "VR-005", "", ""),
		CASE(home_is_this_process_and_no_child_of_it, "WORKER-4150", "", ""),
		CASE(reading_fills_the_buffer_from_where_it_is_told, "WORKER-4400", "", ""),
		CASE(pieces_of_a_pipe_are_put_together_whatever_interrupts, "WORKER-4400",
	             "integrity", "a short read"),
		CASE(thread_takes_no_signals_and_the_starter_still_does, "", "", ""),
	};

	return suite_run("unit.os", "unit", cases, COUNT(cases));
}
