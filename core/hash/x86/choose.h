/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Ways to hash many blocks with SHA-256, each for what some processors can do.
 *
 * Inside a block each step of SHA-256 needs the one before, so a core that hashes one block waits
 * most of the time.  Blocks of a tree do not depend on each other, so each way but OpenSSL's hashes
 * several at once.
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

	/* Hashes the blocks that do not fill a group; its own group is smaller. */
	const struct blocks_way *rest;
};

/*
 * The best way for this machine.  Asks the processor, which takes microseconds in a virtual
 * machine; blocks.c remembers the answer.
 */
const struct blocks_way *blocks_way_best(void);

/*
 * A processor of AMD's family 19h, of which those with AVX-512 are Zen 4; from the words of CPUID:
 * EBX of leaf 0, EAX of leaf 1.  For this file's test.
 */
bool blocks_cpu_is_family_19h(uint32_t vendor, uint32_t signature);

/* Way number @index of all that were compiled, and whether this machine supports it; or NULL. */
const struct blocks_way *blocks_way_at(size_t index, bool *is_there);

#endif
