/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the fuzz targets share: decisions that the input makes, claims that must hold, a manager
 * with a shard that is made once, and reference implementations that follow the standards and share
 * no code with the library.
 *
 * A target may call internal functions of the core, but it computes what it expects by itself.
 */
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <vres/mock.h>
#include <vres/vres.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/*
 * A claim that must hold for every input.  If it does not, the process ends: that is how a fuzzer
 * learns of it.
 */
#define CLAIM(holds) ((holds) ? (void)0 : fuzz_refute(#holds, __FILE__, __LINE__))
_Noreturn void fuzz_refute(const char *claim, const char *file, int line);

/*
 * Decisions.  After the end of the input they are all zero, so every prefix of an input is an
 * input.
 */
struct input {
	const uint8_t *next;
	size_t left;
};

uint64_t input_number(struct input *in, size_t bytes); /* 1 to 8, little-endian */
uint32_t input_below(struct input *in, uint32_t n);    /* 0 to n - 1; n up to 65536 */
bool input_flag(struct input *in);

/*
 * Up to @most bytes in a heap block of exactly that size, so that a sanitizer notices a read past
 * the end. *n: how many.
 */
uint8_t *input_block(struct input *in, size_t most, size_t *n);

/*
 * A copy of @original, which has *n bytes, changed by the rest of the input: pairs of a position
 * and a mask for its byte.  A position past the end cuts the copy.
 */
uint8_t *input_edits(struct input *in, const uint8_t *original, size_t *n);

/* As input_block(), as a string: ends at the first NUL. */
char *input_string(struct input *in, size_t most);

void *fuzz_alloc(size_t bytes);

/*
 * An error detail that no call has written to; and a check of what a call left in it (vres.h,
 * "Outputs").
 */
vres_error untouched(void);
void claim_outcome(vres_status status, const vres_error *err);

/* A manager with a shard in it. */
struct world {
	vres_mock *mock;
	vres_key *key;
	vres_manager *manager;
	vres_shard *shard;
	uint8_t receipt[2048];
	size_t receipt_bytes;
	uint8_t seal_key[32]; /* derived by the reference */
};

/*
 * Made once and kept until the process ends: making one takes a hundred times as long as most
 * inputs.
 */
const struct world *world(void);

#define TOKEN "test-token-42"

/*
 * The references: OpenSSL's one-shot calls, RFC 5869, fs-verity by recursion, UTF-8 by arithmetic.
 */
void reference_sha256(const void *bytes, size_t n, uint8_t digest[32]);
void reference_hmac(const uint8_t key[32], const void *bytes, size_t n, uint8_t mac[32]);
void reference_seal_key(const char *token, uint8_t key[32]);
/* One digest a block. */
void reference_level(const uint8_t *bytes, size_t n, uint32_t block_size, uint8_t *digests);
void reference_root(const uint8_t *bytes, size_t n, uint32_t block_size, uint8_t root[32]);
void reference_verity(const uint8_t *bytes, size_t n, uint32_t block_size, uint8_t digest[32]);
void reference_hex(const uint8_t digest[32], char hex[65]);
/* 0: not well-formed. */
size_t reference_utf8(const uint8_t *bytes, size_t n, uint32_t *code_point);

#endif
