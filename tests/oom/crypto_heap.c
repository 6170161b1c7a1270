/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The allocator that libcrypto is given: libc's, but counted, and refusing when told to. */
#include "crypto_heap.h"

#include <openssl/crypto.h>
#include <stdatomic.h>
#include <stddef.h>

/* libc's own functions, without the counting of tests/support/suite/alloc.c. */
void *__real_malloc(size_t n);
void *__real_realloc(void *block, size_t n);
void __real_free(void *block);

/*
 * The allocator has no argument to carry its state in, so this one stands alone in the test
 * program.
 */
static struct {
	/* Until: allocations before the one that fails; negative: past it, or none armed. */
	atomic_int_fast64_t live, until;
	atomic_bool armed, all_after, failed;
} heap;

static bool refuse(void)
{
	int_fast64_t left;

	if (!atomic_load(&heap.armed))
		return false;
	left = atomic_fetch_sub(&heap.until, 1);
	if (left > 1 || (left < 1 && !atomic_load(&heap.all_after)))
		return false;
	atomic_store(&heap.failed, true);
	return true;
}

static void *counted_malloc(size_t n, const char *file, int line)
{
	void *block;

	(void)file;
	(void)line;
	if (n == 0 || refuse())
		return NULL;
	block = __real_malloc(n);
	atomic_fetch_add(&heap.live, block != NULL);
	return block;
}

static void counted_free(void *block, const char *file, int line)
{
	(void)file;
	(void)line;
	atomic_fetch_sub(&heap.live, block != NULL);
	__real_free(block);
}

static void *counted_realloc(void *block, size_t n, const char *file, int line)
{
	if (block == NULL)
		return counted_malloc(n, file, line);
	if (n == 0) {
		counted_free(block, file, line);
		return NULL;
	}
	return refuse() ? NULL : __real_realloc(block, n);
}

bool crypto_heap_install(void)
{
	return CRYPTO_set_mem_functions(counted_malloc, counted_realloc, counted_free) == 1;
}

int64_t crypto_heap_live(void)
{
	return atomic_load(&heap.live);
}

void crypto_heap_fail(uint64_t nth, bool all_after)
{
	atomic_store(&heap.until, (int_fast64_t)nth);
	atomic_store(&heap.all_after, all_after);
	atomic_store(&heap.failed, false);
	atomic_store(&heap.armed, nth > 0);
}

bool crypto_heap_disarm(void)
{
	atomic_store(&heap.armed, false);
	return atomic_load(&heap.failed);
}
