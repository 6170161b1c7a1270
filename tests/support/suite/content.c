/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Content from a seed, its digests by outside code, and sources that hand it out. */
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <string.h>
#include "support/suite/alloc.h"
#include "support/suite/content.h"
#include "support/suite/suite.h"

/*
 * Eight bytes of content: a xorshift over seed and position, with a multiplication so that
 * neighbours differ everywhere.
 */
static uint64_t word_at(uint64_t seed, uint64_t index)
{
	uint64_t x = (seed + suite_seed()) * UINT64_C(0x9e3779b97f4a7c15) +
	             index * UINT64_C(0xd1342543de82ef95) + 1;

	x ^= x >> 32;
	x *= UINT64_C(0xda942042e4dd58b5);
	x ^= x >> 29;
	x ^= x << 21;
	x ^= x >> 30;
	return x;
}

void content_fill(void *buf, size_t n, uint64_t seed, uint64_t offset)
{
	uint8_t *to = buf;

	for (size_t done = 0; done < n;) {
		const uint64_t at = offset + done;
		const uint64_t word = word_at(seed, at / 8);
		const size_t skip = (size_t)(at % 8);
		const size_t part = n - done < 8 - skip ? n - done : 8 - skip;

		memcpy(to + done, (const uint8_t *)&word + skip, part);
		done += part;
	}
}

uint8_t *content(size_t n, uint64_t seed)
{
	uint8_t *bytes = test_alloc(n);

	content_fill(bytes, n, seed, 0);
	return bytes;
}

void hex_of(const void *bytes, size_t n, char *hex)
{
	const uint8_t *from = bytes;

	for (size_t i = 0; i < n; i++) {
		*hex++ = "0123456789abcdef"[from[i] >> 4];
		*hex++ = "0123456789abcdef"[from[i] & 15];
	}
	*hex = '\0';
}

void sha256_of(const void *data, size_t n, uint8_t digest[32])
{
	if (EVP_Digest(data, n, digest, NULL, EVP_sha256(), NULL) != 1)
		abort(); /* no assertion: it would need the heap */
}

void sha256_hex(const void *data, size_t n, char hex[65])
{
	uint8_t digest[32];

	sha256_of(data, n, digest);
	hex_of(digest, sizeof(digest), hex);
}

void hmac_sha256(const void *key, size_t key_bytes, const void *data, size_t n, uint8_t mac[32])
{
	if (HMAC(EVP_sha256(), key, (int)key_bytes, data, n, mac, NULL) == NULL)
		abort();
}

/*
 * The root over @n bytes, which are content or the digests of the level below; a block that is not
 * full is padded with zeros.
 */
static void verity_root(const uint8_t *data, size_t n, uint32_t block_size, uint8_t root[32])
{
	uint8_t *block = test_alloc(block_size);
	const size_t blocks = (n + block_size - 1) / block_size;
	uint8_t *digests = test_alloc(blocks * 32);

	for (size_t i = 0; i < blocks; i++) {
		const size_t at = i * block_size;
		const size_t part = n - at < block_size ? n - at : block_size;

		memset(block, 0, block_size);
		memcpy(block, data + at, part);
		sha256_of(block, block_size, digests + i * 32);
	}
	if (blocks == 1)
		memcpy(root, digests, 32);
	else
		verity_root(digests, blocks * 32, block_size, root);
	test_free(digests);
	test_free(block);
}

void verity_hex(const void *data, size_t n, uint32_t block_size, char hex[65])
{
	uint8_t descriptor[256] = {1, 1, (uint8_t)__builtin_ctz(block_size)};

	for (unsigned i = 0; i < 8; i++)
		descriptor[8 + i] = (uint8_t)((uint64_t)n >> (8 * i));
	if (n != 0)
		verity_root(data, n, block_size, descriptor + 16);
	sha256_hex(descriptor, sizeof(descriptor), hex);
}

static vres_status give(struct content_source *s, uint64_t offset, void *buf, size_t n)
{
	s->calls++;
	s->bytes += n;
	if (n > s->largest)
		s->largest = n;
	if (s->calls == s->fail_at)
		return s->fail_how;
	content_fill(buf, n, s->lie_seed != 0 && s->calls >= s->lie_at ? s->lie_seed : s->seed,
	             offset);
	return VRES_OK;
}

vres_status content_read(void *ctx, void *buf, size_t n)
{
	struct content_source *s = ctx;
	const uint64_t at = s->at;

	s->at += n;
	return give(s, at, buf, n);
}

vres_status content_read_at(void *ctx, uint64_t offset, void *buf, size_t n)
{
	return give(ctx, offset, buf, n);
}
