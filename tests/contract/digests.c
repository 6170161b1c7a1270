/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The data of each block is generated again and digested by OpenSSL, and so is each level from the
 * one below.  No code is shared with any backend.
 */
#include "digests.h"

#include <string.h>
#include "support/suite/alloc.h"
#include "support/suite/content.h"

/* The digest of one block, padded with zeros. */
static void block_digest(const uint8_t *data, size_t n, uint32_t block_size, uint8_t *digest)
{
	uint8_t *block = test_alloc(block_size);

	memcpy(block, data, n);
	sha256_of(block, block_size, digest);
	test_free(block);
}

struct level leaves_of(uint64_t seed, uint64_t offset, uint64_t bytes, uint32_t block_size)
{
	const uint64_t n = (bytes + block_size - 1) / block_size;
	struct level leaves = {test_alloc(n * DIGEST), n};
	uint8_t *block = test_alloc(block_size);

	for (uint64_t i = 0; i < n; i++) {
		const uint64_t left = bytes - i * block_size;
		const size_t part = left < block_size ? (size_t)left : block_size;

		content_fill(block, part, seed, offset + i * block_size);
		block_digest(block, part, block_size, leaves.digests + i * DIGEST);
	}
	test_free(block);
	return leaves;
}

/* Frees the digests of @below. */
static struct level level_above(struct level below, uint32_t block_size)
{
	const uint64_t fanout = block_size / DIGEST;
	const uint64_t n = (below.n + fanout - 1) / fanout;
	struct level above = {test_alloc(n * DIGEST), n};

	for (uint64_t i = 0; i < n; i++) {
		const uint64_t left = below.n - i * fanout;

		block_digest(below.digests + i * fanout * DIGEST,
		             (left < fanout ? left : fanout) * DIGEST, block_size,
		             above.digests + i * DIGEST);
	}
	test_free(below.digests);
	return above;
}

struct level level_of(uint64_t seed, uint64_t offset, uint64_t bytes, uint32_t block_size,
                      uint32_t level)
{
	struct level l = leaves_of(seed, offset, bytes, block_size);

	for (uint32_t i = 0; i < level; i++)
		l = level_above(l, block_size);
	return l;
}
