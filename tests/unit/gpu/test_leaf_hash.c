/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The kernel source, compiled by the C compiler, compared with OpenSSL.  Every input ends right
 * before a page without access, so a read past the end crashes the test.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "kernels/leaf_hash.h"
#include "support/suite/alloc.h"
#include "support/suite/content.h"
#include "support/suite/suite.h"

#define LENGTHS    5001u
#define ALIGNMENTS 8u
#define BLOCK_MAX  65536u

#define NONCE UINT64_C(0x5eed0123456789ab)

static const uint32_t block_sizes[] = {1024, 2048, 4096, 8192, 16384, 32768, 65536};

/*
 * Returns @bytes accessible bytes, a multiple of the page size, before a page without access.
 * Never freed.
 */
static uint8_t *guarded(size_t bytes)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	uint8_t *pages = mmap(NULL, bytes + page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ck_assert_ptr_ne(pages, MAP_FAILED);
	ck_assert_int_eq(mprotect(pages, bytes, PROT_READ | PROT_WRITE), 0);
	return pages;
}

static void padded_digest(const uint8_t *p, size_t n, uint32_t block_size, uint8_t digest[32])
{
	uint8_t *block = test_alloc(block_size);

	memcpy(block, p, n);
	sha256_of(block, block_size, digest);
	test_free(block);
}

static void hash_block(const uint8_t *p, size_t n, uint32_t block_size, uint8_t digest[32])
{
	uint32_t padding[LEAF_HASH_ROUNDS];

	leaf_hash_know_padding(padding, block_size);
	leaf_hash_block(p, (uint32_t)n, block_size, padding, 1, digest);
}

/* Puts @slack bytes between the data and the guard page; the digest must not depend on them. */
static void ck_length(uint8_t *end, size_t slack, const uint8_t *bytes, size_t n,
                      uint32_t block_size, const uint8_t want[32])
{
	uint8_t got[33];

	memset(end - slack, 0xff, slack);
	memcpy(end - slack - n, bytes, n);
	got[32] = 0xa5;
	hash_block(end - slack - n, n, block_size, got);
	ck_assert_msg(memcmp(got, want, 32) == 0, "%zu bytes, %zu before the end, in a block of %u",
	              n, slack, block_size);
	ck_assert_uint_eq(got[32], 0xa5);
}

/*
 * Large blocks are mostly padding here, so each length is tried with one alignment only, and
 * consecutive lengths with different ones.
 */
START_TEST(every_length_at_every_alignment_equals_openssl_and_nothing_past_it_is_read)
{
	const uint32_t block_size = block_sizes[_i];
	const bool large = block_size > 8192;
	const unsigned step = LENGTHS / suite_scaled(LENGTHS, 250);
	uint8_t *end = guarded(BLOCK_MAX) + BLOCK_MAX;
	uint8_t *bytes = content(LENGTHS, 1);

	for (size_t n = 0; n < LENGTHS && n <= block_size; n += step) {
		uint8_t want[32];

		padded_digest(bytes, n, block_size, want);
		for (size_t slack = large ? n % ALIGNMENTS : 0; slack < ALIGNMENTS;
		     slack += large ? ALIGNMENTS : 1)
			ck_length(end, slack, bytes, n, block_size, want);
	}
	test_free(bytes);
}
END_TEST

START_TEST(blocks_that_start_anywhere_have_the_same_digest)
{
	const uint32_t block_size = block_sizes[_i];
	const size_t lengths[] = {1, 64, 65, 1000, block_size / 2 + 1, block_size - 1, block_size};
	uint8_t *buffer = guarded(BLOCK_MAX + 4096);
	uint8_t *bytes = content(block_size, 2);

	for (size_t i = 0; i < COUNT(lengths); i++) {
		uint8_t want[32], got[32];

		padded_digest(bytes, lengths[i], block_size, want);
		for (size_t shift = 0; shift <= 16; shift++) {
			memset(buffer, 0xff, BLOCK_MAX + 4096);
			memcpy(buffer + shift, bytes, lengths[i]);
			hash_block(buffer + shift, lengths[i], block_size, got);
			ck_assert_msg(memcmp(got, want, 32) == 0,
			              "%zu bytes at alignment %zu in a block of %u", lengths[i],
			              shift, block_size);
		}
	}
	test_free(bytes);
}
END_TEST

START_TEST(full_and_nearly_full_blocks_end_at_the_last_byte)
{
	const uint32_t block_size = block_sizes[_i];
	uint8_t *end = guarded(BLOCK_MAX) + BLOCK_MAX;
	uint8_t *bytes = content(block_size, 3);

	for (size_t less = 0; less < 130; less++) {
		uint8_t want[32];

		padded_digest(bytes, block_size - less, block_size, want);
		ck_length(end, 0, bytes, block_size - less, block_size, want);
	}
	test_free(bytes);
}
END_TEST

/* Takes the masks off @n digests from @place on. */
static void reveal(uint8_t *digests, uint32_t place, uint32_t n)
{
	for (uint32_t i = place; i < place + n; i++)
		leaf_hash_reveal(digests + (size_t)i * 32, NONCE, i);
}

#define PIECES 5u
#define ROOM   16u

/*
 * As on a GPU, there are more threads than blocks, pieces lie at any address, their digests go to
 * any place, and pieces end inside a block.
 */
START_TEST(threads_find_their_pieces_hash_one_block_each_and_the_first_echoes_the_nonce)
{
	const uint32_t block_size = block_sizes[_i];
	const uint32_t blocks[PIECES] = {3, 1, 2, 1, 4}, places[PIECES] = {9, 0, 5, 13, 1};
	const uint64_t last[PIECES] = {100, block_size, 1, block_size - 1, 64};
	vres_leaf_hash_piece pieces[PIECES];
	vres_leaf_hash_args args = {.pieces = pieces,
	                            .nonce = NONCE,
	                            .pieces_count = PIECES,
	                            .digests_room = ROOM,
	                            .block_size = block_size};
	uint8_t digests[ROOM * 32], wants[ROOM * 32];
	uint64_t echo = 0;

	memset(digests, 0xa5, sizeof(digests));
	memset(wants, 0xa5, sizeof(wants));
	for (uint32_t i = 0; i < PIECES; i++) {
		const uint64_t bytes = (blocks[i] - 1) * (uint64_t)block_size + last[i];
		uint8_t *data = guarded(4 * BLOCK_MAX) + 4 * BLOCK_MAX - bytes;

		content_fill(data, bytes, 10 + i, 0);
		pieces[i] = leaf_hash_sealed(data, bytes, args.threads, places[i], NONCE);
		for (uint32_t j = 0; j < blocks[i]; j++)
			padded_digest(data + (size_t)j * block_size,
			              j + 1 == blocks[i] ? last[i] : block_size, block_size,
			              wants + (places[i] + j) * 32);
		args.threads += blocks[i];
	}
	args.digests = digests;
	args.echo = &echo;
	leaf_hash_know_padding(args.padding, block_size);
	for (uint32_t thread = 1; thread < 64; thread++)
		leaf_hash_thread(&args, 1, thread);
	ck_assert_uint_eq(echo, 0);
	leaf_hash_thread(&args, 1, 0);
	ck_assert_uint_eq(echo, NONCE);
	for (uint32_t i = 0; i < PIECES; i++)
		reveal(digests, places[i], blocks[i]);
	ck_assert_mem_eq(digests, wants, sizeof(digests));
}
END_TEST

#define FAR (UINT64_C(5) << 30)

/*
 * Only the last bytes of the 5 GiB piece are accessible.  @place is chosen so that the digest of
 * this thread's block is the first.
 */
START_TEST(blocks_past_four_gibibytes_are_read_where_they_are_at_any_alignment)
{
	const uint32_t block_size = block_sizes[_i];
	const size_t tail = 2 * BLOCK_MAX;
	uint8_t *memory = mmap(NULL, FAR + tail, PROT_NONE,
	                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	uint8_t digest[32], want[32];
	uint64_t echo = 0;

	ck_assert_ptr_ne(memory, MAP_FAILED);
	ck_assert_int_eq(mprotect(memory + FAR, tail, PROT_READ | PROT_WRITE), 0);
	content_fill(memory + FAR, tail, 8, 0);
	for (uint64_t shift = 0; shift <= 16; shift += 1 + shift / 4 * 3) {
		const uint64_t bytes = FAR + block_size / 2 + shift;
		const uint32_t thread = (uint32_t)(FAR / block_size);
		const vres_leaf_hash_piece piece =
			leaf_hash_sealed(memory + shift, bytes, 0, 0 - thread, NONCE);
		vres_leaf_hash_args args = {.pieces = &piece,
		                            .digests = digest,
		                            .nonce = NONCE,
		                            .echo = &echo,
		                            .pieces_count = 1,
		                            .threads = thread + 1};

		args.digests_room = 1;
		args.block_size = block_size;
		leaf_hash_know_padding(args.padding, block_size);
		padded_digest(memory + FAR + shift, block_size / 2 + shift, block_size, want);
		leaf_hash_thread(&args, 1, thread);
		reveal(digest, 0, 1);
		ck_assert_mem_eq(digest, want, 32);
	}
	ck_assert_int_eq(munmap(memory, FAR + tail), 0);
}
END_TEST

/* Bits of the table of pieces can flip, since it is in device memory. */
START_TEST(piece_that_was_damaged_makes_no_thread_write_past_the_digests)
{
	const uint8_t data[1024] = {0};
	const uint32_t places[] = {2, 3, 1000, UINT32_MAX};
	uint8_t digests[5 * 32];
	uint64_t echo = 0;

	for (size_t i = 0; i < COUNT(places); i++) {
		const vres_leaf_hash_piece piece =
			leaf_hash_sealed(data, sizeof(data), 0, places[i], 7);
		vres_leaf_hash_args args = {&piece, digests, 7, &echo, 1, 1, 2, 1024, 1, 0, {0}};

		memset(digests, 0xa5, sizeof(digests));
		leaf_hash_thread(&args, 1, 0);
		for (size_t at = 0; at < sizeof(digests); at++)
			ck_assert_uint_eq(digests[at], 0xa5);
	}
}
END_TEST

/* The expected digest is from: head -c 4096 /dev/zero | sha256sum */
START_TEST(block_of_zeros_has_the_digest_that_sha256sum_prints)
{
	uint8_t digest[32];
	char hex[65];

	hash_block(NULL, 0, 4096, digest);
	hex_of(digest, 32, hex);
	ck_assert_str_eq(hex, "ad7facb2586fc6e966c004d7d1d16b024f5805ff7cb47c7a85dabd8b48892ca7");
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE_LOOP(
			every_length_at_every_alignment_equals_openssl_and_nothing_past_it_is_read,
			COUNT(block_sizes), "CI-004 MS-007 VR-006", "integrity",
			"a wrong digest, a read past the end"),
		CASE_LOOP(blocks_that_start_anywhere_have_the_same_digest, COUNT(block_sizes),
	                  "CI-004", "integrity", "a tensor at an odd address"),
		CASE_LOOP(full_and_nearly_full_blocks_end_at_the_last_byte, COUNT(block_sizes),
	                  "CI-004 MS-007", "integrity", "a read past the end"),
		CASE_LOOP(
			threads_find_their_pieces_hash_one_block_each_and_the_first_echoes_the_nonce,
			COUNT(block_sizes), "CI-004 CI-007 MS-007", "integrity",
			"a launch that did not run, a digest in another's place"),
		CASE_LOOP(blocks_past_four_gibibytes_are_read_where_they_are_at_any_alignment,
	                  COUNT(block_sizes), "CI-004", "integrity",
	                  "a shard of which only the first gibibytes are verified"),
		CASE(piece_that_was_damaged_makes_no_thread_write_past_the_digests, "MS-007",
	             "integrity", "a bit flip that moves a write"),
		CASE(block_of_zeros_has_the_digest_that_sha256sum_prints, "CI-004", "integrity",
	             "a wrong digest"),
	};

	return suite_run("leaf_hash", "kernel", cases, COUNT(cases));
}
