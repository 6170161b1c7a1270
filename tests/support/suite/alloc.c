/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The wrapped allocator.  The blocks that are live are kept in a table of their own, so that a
 * block which libc allocated and our code frees (open_memstream) is not mistaken for one of ours.
 */
#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include "support/suite/alloc.h"

#if __has_include(<valgrind/memcheck.h>)
#include <valgrind/memcheck.h>
#else
#define VALGRIND_MAKE_MEM_DEFINED(block, n) (void)0
#endif

/* Names are the linker's: __wrap_x stands for x, __real_x is what x was. */
void *__real_malloc(size_t n);
void *__real_calloc(size_t count, size_t n);
void *__real_realloc(void *block, size_t n);
void *__real_aligned_alloc(size_t alignment, size_t n);
int __real_posix_memalign(void **out, size_t alignment, size_t n);
void __real_free(void *block);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t count, size_t n);
void *__wrap_realloc(void *block, size_t n);
void *__wrap_aligned_alloc(size_t alignment, size_t n);
int __wrap_posix_memalign(void **out, size_t alignment, size_t n);
void __wrap_free(void *block);

/* Global, because an allocator has no argument for its state. */
static struct {
	pthread_mutex_t lock;
	uint64_t calls, live;
	uint64_t fail_at; /* counted in calls; 0: none armed */
	bool all_after, failed;
	void **table; /* open addressing, linear probing; NULL: empty */
	size_t slots, tombs;
	const void *needle; /* NULL: nothing is watched */
	size_t needle_bytes;
	uint64_t watched;
} heap = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void *const TOMB = &heap;

static _Thread_local unsigned spared;

static size_t slot_of(const void *block, size_t slots)
{
	return (size_t)(((uintptr_t)block >> 4) * UINT64_C(0x9e3779b97f4a7c15) >> 20) & (slots - 1);
}

static void table_put(void *block)
{
	size_t at = slot_of(block, heap.slots);

	while (heap.table[at] != NULL && heap.table[at] != TOMB)
		at = (at + 1) & (heap.slots - 1);
	heap.tombs -= heap.table[at] == TOMB;
	heap.table[at] = block;
}

/* Keep the table at most half full, deleted entries included. */
static void table_room(void)
{
	void **old = heap.table;
	const size_t old_slots = heap.slots;

	if (2 * (heap.live + heap.tombs + 1) <= heap.slots)
		return;
	heap.slots = 4096;
	while (heap.slots < 4 * (heap.live + 1))
		heap.slots *= 2;
	heap.table = __real_calloc(heap.slots, sizeof(*heap.table));
	heap.tombs = 0;
	if (heap.table == NULL)
		abort();
	for (size_t i = 0; i < old_slots; i++)
		if (old[i] != NULL && old[i] != TOMB)
			table_put(old[i]);
	__real_free(old);
}

static bool table_take(const void *block)
{
	if (heap.slots == 0)
		return false;
	for (size_t at = slot_of(block, heap.slots); heap.table[at] != NULL;
	     at = (at + 1) & (heap.slots - 1)) {
		if (heap.table[at] == block) {
			heap.table[at] = TOMB;
			heap.tombs++;
			return true;
		}
	}
	return false;
}

/* One more call: must it fail? */
static bool refuse(void)
{
	bool now;

	if (spared > 0)
		return false;
	pthread_mutex_lock(&heap.lock);
	heap.calls++;
	now = heap.fail_at != 0 &&
	      (heap.calls == heap.fail_at || (heap.all_after && heap.calls > heap.fail_at));
	heap.failed |= now;
	pthread_mutex_unlock(&heap.lock);
	return now;
}

static void *gained(void *block)
{
	if (block == NULL || spared > 0)
		return block;
	pthread_mutex_lock(&heap.lock);
	table_room();
	table_put(block);
	heap.live++;
	pthread_mutex_unlock(&heap.lock);
	return block;
}

/* The block is searched and then freed, so it does not matter that parts were never written. */
static void look(void *block)
{
	const size_t n = malloc_usable_size(block);

	(void)VALGRIND_MAKE_MEM_DEFINED(block, n);
	heap.watched += memmem(block, n, heap.needle, heap.needle_bytes) != NULL;
}

static void lost(void *block)
{
	pthread_mutex_lock(&heap.lock);
	if (block != NULL && heap.needle != NULL)
		look(block);
	if (block != NULL && table_take(block))
		heap.live--;
	pthread_mutex_unlock(&heap.lock);
}

void *__wrap_malloc(size_t n)
{
	return refuse() ? NULL : gained(__real_malloc(n));
}

void *__wrap_calloc(size_t count, size_t n)
{
	return refuse() ? NULL : gained(__real_calloc(count, n));
}

void *__wrap_realloc(void *block, size_t n)
{
	void *grown;

	if (refuse())
		return NULL;
	lost(block); /* before the allocator can hand its address to another thread */
	grown = __real_realloc(block, n);
	if (grown == NULL && n != 0)
		gained(block);
	return gained(grown);
}

void *__wrap_aligned_alloc(size_t alignment, size_t n)
{
	return refuse() ? NULL : gained(__real_aligned_alloc(alignment, n));
}

int __wrap_posix_memalign(void **out, size_t alignment, size_t n)
{
	int rc;

	if (refuse())
		return ENOMEM;
	rc = __real_posix_memalign(out, alignment, n);
	if (rc == 0)
		gained(*out);
	return rc;
}

void __wrap_free(void *block)
{
	lost(block);
	__real_free(block);
}

uint64_t alloc_live(void)
{
	uint64_t n;

	pthread_mutex_lock(&heap.lock);
	n = heap.live;
	pthread_mutex_unlock(&heap.lock);
	return n;
}

uint64_t alloc_calls(void)
{
	uint64_t n;

	pthread_mutex_lock(&heap.lock);
	n = heap.calls;
	pthread_mutex_unlock(&heap.lock);
	return n;
}

void alloc_fail(uint64_t nth, bool all_after)
{
	pthread_mutex_lock(&heap.lock);
	heap.fail_at = heap.calls + nth;
	heap.all_after = all_after;
	heap.failed = false;
	pthread_mutex_unlock(&heap.lock);
}

bool alloc_disarm(void)
{
	bool failed;

	pthread_mutex_lock(&heap.lock);
	failed = heap.failed;
	heap.fail_at = 0;
	heap.failed = false;
	pthread_mutex_unlock(&heap.lock);
	return failed;
}

void alloc_watch(const void *needle, size_t n)
{
	pthread_mutex_lock(&heap.lock);
	heap.needle = needle;
	heap.needle_bytes = n;
	heap.watched = 0;
	pthread_mutex_unlock(&heap.lock);
}

uint64_t alloc_watched(void)
{
	uint64_t n;

	pthread_mutex_lock(&heap.lock);
	n = heap.watched;
	heap.needle = NULL;
	pthread_mutex_unlock(&heap.lock);
	return n;
}

void alloc_ignore(void)
{
	spared++;
}

void alloc_count_again(void)
{
	spared--;
}

void *test_alloc(size_t bytes)
{
	void *block = __real_calloc(1, bytes ? bytes : 1);

	if (block == NULL)
		abort();
	return block;
}

void *test_realloc(void *block, size_t bytes)
{
	void *grown = __real_realloc(block, bytes);

	if (grown == NULL)
		abort();
	return grown;
}

void test_free(void *block)
{
	__real_free(block);
}
