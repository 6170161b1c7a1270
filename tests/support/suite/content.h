/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Test content: bytes that follow from a seed and their position alone, so that any part can be
 * made again anywhere; and their digests, computed by OpenSSL and by a plain recursive fs-verity
 * that shares nothing with the library.
 */
#ifndef TESTS_SUPPORT_SUITE_CONTENT_H
#define TESTS_SUPPORT_SUITE_CONTENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <vres/status.h>

/* Fill @n bytes with what stands at @offset of the content of @seed. */
void content_fill(void *buf, size_t n, uint64_t seed, uint64_t offset);

/* The first @n bytes of it, to be given to test_free(). */
uint8_t *content(size_t n, uint64_t seed);

void sha256_of(const void *data, size_t n, uint8_t digest[32]);
void sha256_hex(const void *data, size_t n, char hex[65]);
void verity_hex(const void *data, size_t n, uint32_t block_size, char hex[65]);
void hmac_sha256(const void *key, size_t key_bytes, const void *data, size_t n, uint8_t mac[32]);
void hex_of(const void *bytes, size_t n, char *hex);

/*
 * A source of content for vres_seal_stream() and for verification: counts what is asked of it and
 * can be made to misbehave.
 */
struct content_source {
	uint64_t seed;
	uint64_t at;          /* where the stream stands */
	uint64_t calls;       /* how often it was asked */
	uint64_t bytes;       /* how much was asked for, in all */
	size_t largest;       /* the most that was asked for at once */
	uint64_t fail_at;     /* the call that fails, from 1; 0: none */
	vres_status fail_how; /* and what it returns */
	uint64_t lie_seed;    /* other content from the call @lie_at on; 0: none */
	uint64_t lie_at;
};

vres_status content_read(void *ctx, void *buf, size_t n);
vres_status content_read_at(void *ctx, uint64_t offset, void *buf, size_t n);

#endif
