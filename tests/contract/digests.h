/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The digests that hash_blocks must give, computed without a backend. */
#ifndef TESTS_CONTRACT_DIGESTS_H
#define TESTS_CONTRACT_DIGESTS_H

#include <stdint.h>

#define DIGEST 32u

struct level {
	uint8_t *digests; /* the caller frees them with test_free() */
	uint64_t n;
};

/* The digests of the blocks of @bytes bytes of content @seed from @offset on. */
struct level leaves_of(uint64_t seed, uint64_t offset, uint64_t bytes, uint32_t block_size);

/* The digests of level @level over the same bytes. */
struct level level_of(uint64_t seed, uint64_t offset, uint64_t bytes, uint32_t block_size,
                      uint32_t level);

#endif
