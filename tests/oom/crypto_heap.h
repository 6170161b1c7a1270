/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The heap as seen by libcrypto: every allocation it makes is counted, and the nth can be made to
 * fail.
 */
#ifndef TESTS_OOM_CRYPTO_HEAP_H
#define TESTS_OOM_CRYPTO_HEAP_H

#include <stdbool.h>
#include <stdint.h>

/* To be called before libcrypto allocates anything; false if it was too late. */
bool crypto_heap_install(void);

/* Blocks that libcrypto holds now. */
int64_t crypto_heap_live(void);

/*
 * Let the nth allocation from now fail (1: the next), and every one after it too if @all_after.  0:
 * none.
 */
void crypto_heap_fail(uint64_t nth, bool all_after);

/* Disarm.  Did one fail? */
bool crypto_heap_disarm(void);

#endif
