/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The constants of SHA-256 (FIPS 180-4, 4.2.2 and 5.3.3), and the kernels that the ways to hash
 * blocks are made of.
 */
#ifndef VRES_CORE_HASH_X86_SHA256_H
#define VRES_CORE_HASH_X86_SHA256_H

#include "base/dialect.h"

extern const uint32_t vres_sha256_k[64];
extern const uint32_t vres_sha256_initial[8];

/*
 * Kernels, of the type of struct blocks_way.hash.  Each runs only on a processor that has what its
 * name says.
 */
void vres_sha256_ni_one(const uint8_t *data, size_t n, size_t block_size,
                        const uint32_t padding[64], uint8_t *digests);
void vres_sha256_ni_two(const uint8_t *data, size_t n, size_t block_size,
                        const uint32_t padding[64], uint8_t *digests);
void vres_sha256_ni_three(const uint8_t *data, size_t n, size_t block_size,
                          const uint32_t padding[64], uint8_t *digests);
void vres_sha256_avx512(const uint8_t *data, size_t n, size_t block_size,
                        const uint32_t padding[64], uint8_t *digests);

#endif
