/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The reference implementations, written to resemble the standards, not to be fast. */
#include "fuzz.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

void reference_sha256(const void *bytes, size_t n, uint8_t digest[32])
{
	CLAIM(SHA256(bytes, n, digest) != NULL);
}

void reference_hmac(const uint8_t key[32], const void *bytes, size_t n, uint8_t mac[32])
{
	CLAIM(HMAC(EVP_sha256(), key, 32, bytes, n, mac, NULL) != NULL);
}

/* RFC 5869: extract without salt, expand to one block; then expand once more for the purpose. */
void reference_seal_key(const char *token, uint8_t key[32])
{
	static const char domain[] = "llorch-vram-seal-v1\x01", purpose[] = "vres/seal/v1\x01";
	static const uint8_t no_salt[32];
	uint8_t extracted[32], root[32];

	reference_hmac(no_salt, token, strlen(token), extracted);
	reference_hmac(extracted, domain, sizeof(domain) - 1, root);
	reference_hmac(root, purpose, sizeof(purpose) - 1, key);
}

void reference_level(const uint8_t *bytes, size_t n, uint32_t block_size, uint8_t *digests)
{
	uint8_t *block = fuzz_alloc(block_size);

	for (size_t at = 0; at < n; at += block_size) {
		const size_t have = n - at < block_size ? n - at : block_size;

		memset(block, 0, block_size);
		memcpy(block, bytes + at, have);
		reference_sha256(block, block_size, digests + at / block_size * 32);
	}
	free(block);
}

/*
 * fsverity.rst, "Merkle tree": hash the blocks, and then the blocks of hashes, until there is one.
 */
void reference_root(const uint8_t *bytes, size_t n, uint32_t block_size, uint8_t root[32])
{
	const size_t blocks = (n + block_size - 1) / block_size;
	uint8_t *digests = fuzz_alloc(blocks * 32);

	memset(root, 0, 32);
	if (blocks > 0)
		reference_level(bytes, n, block_size, digests);
	if (blocks == 1)
		memcpy(root, digests, 32);
	else if (blocks > 1)
		reference_root(digests, blocks * 32, block_size, root);
	free(digests);
}

/* fsverity.rst, "fs-verity descriptor" */
void reference_verity(const uint8_t *bytes, size_t n, uint32_t block_size, uint8_t digest[32])
{
	uint8_t descriptor[256] = {1, 1};

	while (UINT32_C(1) << descriptor[2] < block_size)
		descriptor[2]++;
	for (unsigned i = 0; i < 8; i++)
		descriptor[8 + i] = (uint8_t)((uint64_t)n >> (8 * i));
	reference_root(bytes, n, block_size, descriptor + 16);
	reference_sha256(descriptor, sizeof(descriptor), digest);
}

void reference_hex(const uint8_t digest[32], char hex[65])
{
	for (unsigned i = 0; i < 64; i++)
		hex[i] = "0123456789abcdef"[digest[i / 2] >> (i % 2 ? 0 : 4) & 15];
	hex[64] = '\0';
}

/*
 * RFC 3629: collect the bits, then refuse over-long forms, surrogates, and code points above
 * U+10FFFF.
 */
size_t reference_utf8(const uint8_t *bytes, size_t n, uint32_t *code_point)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t length = 1;
	uint32_t c;

	if (n == 0)
		return 0;
	c = bytes[0];
	if (c >= 0x80) {
		length = c >= 0xf8 ? 0 : c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : c >= 0xc0 ? 2 : 0;
		if (length == 0 || length > n)
			return 0;
		c &= (1u << (7 - length)) - 1;
		for (size_t i = 1; i < length; i++) {
			if (bytes[i] >> 6 != 2)
				return 0;
			c = c << 6 | (bytes[i] & 0x3f);
		}
	}
	if (c < least[length] || (c >= 0xd800 && c <= 0xdfff) || c > 0x10ffff)
		return 0;
	*code_point = c;
	return length;
}
