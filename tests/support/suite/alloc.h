/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The heap as seen by our own code: every allocation that the library, the mock and the tests make
 * is counted, and the nth can be made to fail.  The linker's --wrap brings the calls here;
 * libcrypto and libc are shared libraries and are not touched.
 *
 * Check is linked into the suite, so its allocations count too: assert nothing while a failure is
 * armed.
 */
#ifndef TESTS_SUPPORT_SUITE_ALLOC_H
#define TESTS_SUPPORT_SUITE_ALLOC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Blocks that were allocated and not freed yet. */
uint64_t alloc_live(void);

/* Allocations asked for since the program began, failed ones included. */
uint64_t alloc_calls(void);

/*
 * Let the nth allocation from now fail (1: the next), and every one after it too if @all_after.
 * One failure is armed at a time.
 */
void alloc_fail(uint64_t nth, bool all_after);

/* Disarm. Did it fail? */
bool alloc_disarm(void);

/*
 * Between alloc_ignore() and alloc_count_again() this thread's allocations are not seen: they do
 * not fail, count down to a failure, or count as live. For what a fixture does with our own code in
 * the middle of a test.
 */
void alloc_ignore(void);
void alloc_count_again(void);

/*
 * alloc_watch(): from now on, count the blocks that hold the @n bytes of @needle when they are
 * freed.  The other stops and returns the count.
 */
void alloc_watch(const void *needle, size_t n);
uint64_t alloc_watched(void);

/*
 * Memory that is neither counted nor failed, for what the tests themselves keep.  Ends the test
 * when there is none.
 */
void *test_alloc(size_t bytes);
void *test_realloc(void *block, size_t bytes);
void test_free(void *block);

#endif
