/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Ways to hash blocks: code for what this machine's processor can do, all giving the digests that
 * OpenSSL gives.
 *
 * SHA-256 is a chain inside a block, and a core that follows one chain waits most of the time.
 * Blocks of a tree do not depend on each other, so each way but OpenSSL's follows several chains at
 * once.
 */
#ifndef VRES_CORE_HASH_X86_CHOOSE_H
#define VRES_CORE_HASH_X86_CHOOSE_H

#include "base/dialect.h"

struct blocks_way {
	const char *name;
	size_t group; /* blocks hashed at once */

	/*
	 * Hash @n blocks of @block_size bytes, lying one after the other; @n is a multiple of
	 * @group, @block_size one of 64.  @padding: the round constants plus the schedule of the 64
	 * bytes that SHA-256 adds to a block of that size.  NULL: OpenSSL does it.
	 */
	void (*hash)(const uint8_t *data, size_t n, size_t block_size, const uint32_t padding[64],
	             uint8_t *digests);

	/* For what is left over when the groups are full; its group is smaller. */
	const struct blocks_way *rest;
};

/*
 * The best way for this machine.  Asks the processor, which takes microseconds in a virtual
 * machine; blocks.c remembers the answer.
 */
const struct blocks_way *blocks_way_best(void);

/*
 * Every way that was compiled, one after the other, and whether this machine has what it takes;
 * NULL past the last.
 */
const struct blocks_way *blocks_way_at(size_t index, bool *is_there);

#endif
