/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * 	| head | guard | secret ... | guard |
 *
 * The head says which process the secret belongs to; it is empty in a child.  Where the kernel has
 * memfd_secret(2) the secret lies in such memory, which only this process can read, not even the
 * kernel.  Children would share it, so they get no mapping of it.  Elsewhere the secret lies in
 * ordinary pages that are locked, left out of core files and empty in a child.
 */
#include "os/secret_pages.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/os.h"

/* Headers older than Linux 5.14, and musl's; the number is the same on every architecture. */
#ifndef SYS_memfd_secret
#define SYS_memfd_secret 447
#endif

struct head {
	int64_t process;
	struct secret_facts facts;
};

static size_t page_bytes(void)
{
	const long size = sysconf(_SC_PAGESIZE);

	return size > 0 ? (size_t)size : 4096;
}

static size_t whole_pages(size_t n)
{
	return (n + page_bytes() - 1) / page_bytes() * page_bytes();
}

static struct head *head_of(const void *memory)
{
	return (struct head *)((uintptr_t)memory - 2 * page_bytes());
}

/*
 * Memory of memfd_secret(2), which is locked and undumped by its nature, at any address; MAP_FAILED
 * where the kernel or a limit refuses.  It is not mapped at its final address at once, because
 * mmap() with MAP_FIXED unmaps what is there even when it then fails at the limit.
 */
static void *map_secret_memory(size_t size)
{
	const int fd = (int)syscall(SYS_memfd_secret, (unsigned long)O_CLOEXEC);
	void *mapped = MAP_FAILED;

	if (fd < 0)
		return MAP_FAILED;
	if (ftruncate(fd, (off_t)size) == 0)
		mapped = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	(void)close(fd);
	if (mapped == MAP_FAILED || madvise(mapped, size, MADV_DONTFORK) == 0)
		return mapped;
	(void)munmap(mapped, size);
	return MAP_FAILED;
}

/* Limits or an old kernel may refuse some of the protection; vres_secret_facts_of() tells. */
static bool put_ordinary_pages(unsigned char *at, size_t size, struct secret_facts *facts)
{
	if (mprotect(at, size, PROT_READ | PROT_WRITE) != 0) {
		(void)munmap(at, size);
		return false;
	}
	facts->is_locked = mlock(at, size) == 0;
	facts->is_undumped = madvise(at, size, MADV_DONTDUMP) == 0;
	facts->is_kept_from_children = madvise(at, size, MADV_WIPEONFORK) == 0;
	return true;
}

/* False: nothing is mapped at @at any more; another thread may map something there. */
static bool put_pages(unsigned char *at, size_t size, struct secret_facts *facts)
{
	void *secret = map_secret_memory(size);

	if (secret == MAP_FAILED)
		return put_ordinary_pages(at, size, facts);
	if (mremap(secret, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, at) == MAP_FAILED) {
		(void)munmap(secret, size);
		return false;
	}
	*facts = (struct secret_facts){true, true, true, true};
	return true;
}

/* All but the secret's own pages. */
static void unmap_around(unsigned char *secret, size_t size)
{
	const size_t page = page_bytes();

	(void)munmap(secret - 2 * page, 2 * page);
	(void)munmap(secret + size, page);
}

vres_status vres_secret_alloc(size_t n, void **out, vres_error *err)
{
	const size_t page = page_bytes(), size = whole_pages(n);
	unsigned char *all =
		mmap(NULL, size + 3 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct head *head = (struct head *)(void *)all;

	if (all == MAP_FAILED)
		return vres_fail(err, VRES_E_NO_MEMORY, "no pages for a secret");
	if (mprotect(all, page, PROT_READ | PROT_WRITE) != 0) {
		(void)munmap(all, size + 3 * page);
		return vres_fail(err, VRES_E_NO_MEMORY, "no pages for a secret");
	}
	if (!put_pages(all + 2 * page, size, &head->facts)) {
		unmap_around(all + 2 * page, size);
		return vres_fail(err, VRES_E_NO_MEMORY, "no pages for a secret");
	}
	/* Some kernels have no such pages, and some emulators only say so: the process decides,
	 * too. */
	(void)madvise(all, page, MADV_WIPEONFORK);
	head->process = vres_os_process();
	*out = all + 2 * page;
	return VRES_OK;
}

bool vres_secret_is_here(const void *memory)
{
	return head_of(memory)->process == vres_os_process();
}

const struct secret_facts *vres_secret_facts_of(const void *memory)
{
	return &head_of(memory)->facts;
}

/*
 * The child is made by the system call alone: no handler of pthread_atfork() runs, and no SIGCHLD
 * comes.  It gives the page to a pipe, which fails without a signal where there is no page.
 */
bool vres_secret_try_child(void *memory)
{
	volatile unsigned char *byte = memory;
	unsigned char seen = 0;
	bool is_kept;
	int ends[2];
	long child;

	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0)
		return false;
	*byte = 1;
	child = syscall(SYS_clone, 0L, 0L, 0L, 0L, 0L);
	while (child == 0) {
		(void)syscall(SYS_write, ends[1], memory, 1L);
		(void)syscall(SYS_exit_group, 0);
	}
	while (child > 0 && waitpid((pid_t)child, NULL, __WALL) < 0 && errno == EINTR)
		;
	is_kept = child > 0 && (read(ends[0], &seen, 1) != 1 || seen == 0);
	(void)close(ends[0]);
	(void)close(ends[1]);
	return is_kept;
}

void vres_secret_free(void *memory, size_t n)
{
	const size_t size = whole_pages(n);

	if (memory == NULL)
		return;
	/*
	 * A child does not inherit secret memory and may have mapped something of its own there, so
	 * it leaves these addresses alone.
	 */
	if (vres_secret_is_here(memory)) {
		explicit_bzero(memory, size);
		(void)munmap(memory, size);
	}
	unmap_around(memory, size);
}
