/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The only way to the operating system: memory, time, randomness, files, threads. */
#ifndef VRES_CORE_OS_OS_H
#define VRES_CORE_OS_OS_H

#include "base/error.h"

#include <pthread.h>
#include <sys/types.h>

/*
 * One of these stands first in every public function that blocks, opens, allocates, locks or calls
 * back.  A thread that pthread_cancel() ended in the middle of a call would leave locks and VRAM
 * behind, so cancellation is disabled until the function returns.  One that is due already takes
 * effect before a call begins, when nothing is lost; a release, which returns nothing, is always
 * carried out.
 */
#define PUBLIC_CALL                                                                                \
	CLEANUP(vres_os_cancel_restore) const int cancel_state = vres_os_cancel_disable(true)
#define PUBLIC_RELEASE                                                                             \
	CLEANUP(vres_os_cancel_restore) const int cancel_state = vres_os_cancel_disable(false)

int vres_os_cancel_disable(bool may_end_here); /* the state that it was in */
void vres_os_cancel_restore(const int *state);

/* Zeroed memory, or NULL. */
void *vres_os_alloc(size_t n);

/* A buffer that starts at a page, so that copies take whole cache lines; not zeroed; or NULL. */
void *vres_os_alloc_buffer(size_t n);

/* Sort @n items of @bytes bytes; @order is as for qsort_r(), and gets @arg. */
void vres_os_sort(void *items, size_t n, size_t bytes,
                  int (*order)(const void *left, const void *right, void *arg), void *arg);

/* Either of them. */
void vres_os_free(void *memory);
void vres_os_freep(void *slot); /* for CLEANUP: what the pointer at @slot points to */

/*
 * The wall clock: ns since 1970-01-01 UTC.  For a time before 1970 or after 2554, which does not
 * fit, the nearest one that does; vres_os_wall_fault() then says what is wrong, else NULL.
 */
uint64_t vres_os_wall(void);
const char *vres_os_wall_fault(uint64_t wall);

uint64_t vres_os_monotonic(void); /* ns since some start; goes on while the machine sleeps */
int64_t vres_os_process(void);    /* changes in a forked child */
/* VRES_E_STATE if @process is not this one: @what belongs to the parent of a forked child. */
vres_status vres_os_check_process(int64_t process, const char *what, vres_error *err);

/*
 * The process that something was made in.  Every call asks whether it is still that one.  Its
 * number alone does not tell: in a PID namespace of its own a child may have the number of its
 * parent.  A page that the kernel empties in children alone does not either: emulators and some
 * kernels say that they do so and do not.
 */
struct os_home {
	const volatile bool *page; /* NULL: the kernel has no such pages */
	int64_t process;
};

void vres_os_home_open(struct os_home *home);
bool vres_os_home_is_here(const struct os_home *home); /* false in a forked child */
void vres_os_home_close(struct os_home *home);

/* @n bytes from the system's CSPRNG. */
vres_status vres_os_random(void *bytes, size_t n, vres_error *err);

/* What matters here of an open file. */
struct os_file {
	bool is_regular, is_directory, is_readable;
	uint32_t mode, owner;
	uint64_t bytes, links;
	/* Content and attributes; seconds, nanoseconds.  Nobody can set the second one back. */
	int64_t modified[2], changed[2];
};

vres_status vres_os_stat(int fd, struct os_file *out, vres_error *err);

void vres_os_close(int fd);

/* For CLEANUP: close *fd unless it is negative. */
void vres_os_closep(const int *fd);

/*
 * Fill @bytes from @offset, or from where the descriptor stands if @offset is negative; *got is
 * less than @n only at the end.
 */
vres_status vres_os_read(int fd, int64_t offset, void *bytes, size_t n, size_t *got,
                         vres_error *err);

uint32_t vres_os_user(void);

/* NULL also if this program has rights that its caller lacks: then no variable can be trusted. */
const char *vres_os_environment(const char *name);
bool vres_os_is_privileged(void);

/*
 * A thread that takes no signals, so that handlers of the application run on its own threads.
 * False if the system gives no thread.
 */
bool vres_os_thread_start(pthread_t *out, void *(*run)(void *), void *arg);
void vres_os_thread_join(pthread_t thread);

/* A lock that its holder alone unlocks: the unlock of another, as in a forked child, does nothing.
 */
bool vres_os_mutex_init(pthread_mutex_t *lock);

/* A condition whose timeouts do not change when the wall clock is set. */
bool vres_os_cond_init(pthread_cond_t *cond);

/* Wait for at most @ns; 0: for ever.  False when the time has passed. */
bool vres_os_cond_wait(pthread_cond_t *cond, pthread_mutex_t *lock, uint64_t ns);

#endif
