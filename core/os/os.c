/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Every call into the operating system, each in a few lines.  No other file of the core includes
 * these headers.
 */
#include "os/os.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define BUFFER_ALIGNMENT 4096

/* What the wall clock gives when it is set to a time that does not fit.  Elsewhere 0 is "never". */
#define WALL_FIRST UINT64_C(1)
#define WALL_LAST  UINT64_MAX

int vres_os_cancel_disable(bool may_end_here)
{
	int state = PTHREAD_CANCEL_ENABLE;

	if (may_end_here)
		pthread_testcancel();
	/* Fails only for an unknown state. */
	(void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
	return state;
}

void vres_os_cancel_restore(const int *state)
{
	(void)pthread_setcancelstate(*state, NULL);
}

void *vres_os_alloc(size_t n)
{
	return calloc(1, n ? n : 1);
}

void *vres_os_alloc_buffer(size_t n)
{
	void *buffer;

	return posix_memalign(&buffer, BUFFER_ALIGNMENT, n) == 0 ? buffer : NULL;
}

void vres_os_sort(void *items, size_t n, size_t bytes,
                  int (*order)(const void *left, const void *right, void *arg), void *arg)
{
	qsort_r(items, n, bytes, order, arg);
}

void vres_os_free(void *memory)
{
	free(memory);
}

void vres_os_freep(void *slot)
{
	void *memory;

	memcpy(&memory, slot, sizeof(memory));
	vres_os_free(memory);
}

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec t = {0};
	uint64_t ns;

	/* Fails only for an unknown clock. */
	(void)clock_gettime(clock, &t);
	if (t.tv_sec < 0)
		return WALL_FIRST;
	if (ckd_mul_u64(&ns, (uint64_t)t.tv_sec, 1000000000u) ||
	    ckd_add_u64(&ns, ns, (uint64_t)t.tv_nsec))
		return WALL_LAST;
	return ns > WALL_FIRST ? ns : WALL_FIRST;
}

uint64_t vres_os_wall(void)
{
	return clock_ns(CLOCK_REALTIME);
}

const char *vres_os_wall_fault(uint64_t wall)
{
	return wall <= WALL_FIRST  ? "the wall clock is before 1970"
	       : wall == WALL_LAST ? "the wall clock is after 2554"
	                           : NULL;
}

uint64_t vres_os_monotonic(void)
{
	return clock_ns(CLOCK_BOOTTIME);
}

int64_t vres_os_process(void)
{
	return getpid();
}

vres_status vres_os_check_process(int64_t process, const char *what, vres_error *err)
{
	if (process == vres_os_process())
		return VRES_OK;
	return vres_fail_at(err, VRES_E_STATE, VRES_REASON_FORKED, VRES_NO_DEVICE,
	                    "%s belongs to the parent process", what);
}

void vres_os_home_open(struct os_home *home)
{
	const size_t size = sizeof(*home->page); /* of which the kernel makes a page */
	bool *page = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	*home = (struct os_home){.process = getpid()};
	if (page == MAP_FAILED)
		return;
	if (madvise(page, size, MADV_WIPEONFORK) != 0) {
		(void)munmap(page, size);
		return;
	}
	*page = true;
	home->page = page;
}

bool vres_os_home_is_here(const struct os_home *home)
{
	return (home->page == NULL || *home->page) && home->process == getpid();
}

void vres_os_home_close(struct os_home *home)
{
	if (home->page)
		(void)munmap((void *)(uintptr_t)home->page, sizeof(*home->page));
	home->page = NULL;
}

vres_status vres_os_random(void *bytes, size_t n, vres_error *err)
{
	unsigned char *next = bytes;

	while (n > 0) {
		const ssize_t got = getrandom(next, n, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return vres_fail(err, VRES_E_IO,
			                 "the system has no randomness to give (error %d)", errno);
		next += got;
		n -= (size_t)got;
	}
	return VRES_OK;
}

vres_status vres_os_stat(int fd, struct os_file *out, vres_error *err)
{
	struct stat s;
	const int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fstat(fd, &s) != 0)
		return vres_fail(err, errno == EBADF ? VRES_E_INVALID_INPUT : VRES_E_IO,
		                 "the file descriptor cannot be examined (error %d)", errno);
	*out = (struct os_file){
		.is_regular = S_ISREG(s.st_mode),
		.is_directory = S_ISDIR(s.st_mode),
		.is_readable = (flags & O_ACCMODE) != O_WRONLY && (flags & O_PATH) == 0,
		.mode = s.st_mode & 07777u,
		.owner = s.st_uid,
		.bytes = s.st_size > 0 ? (uint64_t)s.st_size : 0,
		.links = s.st_nlink,
		.modified = {s.st_mtim.tv_sec, s.st_mtim.tv_nsec},
		.changed = {s.st_ctim.tv_sec, s.st_ctim.tv_nsec},
	};
	return VRES_OK;
}

void vres_os_close(int fd)
{
	(void)close(fd); /* what was written is on disk already: there is nothing to lose */
}

void vres_os_closep(const int *fd)
{
	if (*fd >= 0)
		vres_os_close(*fd);
}

vres_status vres_os_read(int fd, int64_t offset, void *bytes, size_t n, size_t *got,
                         vres_error *err)
{
	unsigned char *next = bytes;
	size_t done = 0;

	while (done < n) {
		const ssize_t step =
			offset < 0 ? read(fd, next + done, n - done)
				   : pread(fd, next + done, n - done, (off_t)offset + (off_t)done);

		if (step < 0 && errno == EINTR)
			continue;
		if (step < 0)
			return vres_fail(err, VRES_E_IO,
			                 "reading failed at byte %zu of the piece (error %d)", done,
			                 errno);
		if (step == 0)
			break;
		done += (size_t)step;
	}
	*got = done;
	return VRES_OK;
}

uint32_t vres_os_user(void)
{
	return geteuid();
}

const char *vres_os_environment(const char *name)
{
	return secure_getenv(name);
}

bool vres_os_is_privileged(void)
{
	return getauxval(AT_SECURE) != 0;
}

bool vres_os_thread_start(pthread_t *out, void *(*run)(void *), void *arg)
{
	sigset_t all, before;
	int error;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(out, NULL, run, arg);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	return error == 0;
}

void vres_os_thread_join(pthread_t thread)
{
	(void)pthread_join(thread, NULL);
}

bool vres_os_mutex_init(pthread_mutex_t *lock)
{
	pthread_mutexattr_t attributes;
	bool good;

	if (pthread_mutexattr_init(&attributes) != 0)
		return false;
	good = pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_ERRORCHECK) == 0 &&
	       pthread_mutex_init(lock, &attributes) == 0;
	(void)pthread_mutexattr_destroy(&attributes);
	return good;
}

bool vres_os_cond_init(pthread_cond_t *cond)
{
	pthread_condattr_t attributes;
	bool good;

	if (pthread_condattr_init(&attributes) != 0)
		return false;
	good = pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0 &&
	       pthread_cond_init(cond, &attributes) == 0;
	(void)pthread_condattr_destroy(&attributes);
	return good;
}

bool vres_os_cond_wait(pthread_cond_t *cond, pthread_mutex_t *lock, uint64_t ns)
{
	const uint64_t until = clock_ns(CLOCK_MONOTONIC) + ns;
	const struct timespec end = {.tv_sec = (time_t)(until / 1000000000u),
	                             .tv_nsec = (long)(until % 1000000000u)};

	return ns == 0 ? pthread_cond_wait(cond, lock) == 0
	               : pthread_cond_timedwait(cond, lock, &end) != ETIMEDOUT;
}
