/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The tree builder compared with the recursive one of tests/support, which needs all bytes in
 * memory.
 */
#include "hash/tree.h"
#include "support/suite/alloc.h"
#include "support/suite/content.h"
#include "support/suite/status.h"
#include "support/suite/suite.h"
#include "base/validate.h"

#define MOST ((size_t)3 * 32 * 1024 + 77) /* three levels above the leaves at 1 KiB blocks */

static const uint32_t block_sizes[] = {1024, 4096, 65536};

static void release_bytes(uint8_t **bytes)
{
	test_free(*bytes);
}

/* Finishes the tree.  Returns the digest that `fsverity digest` would print. */
static void finish(struct tree_builder *t, char hex[65])
{
	uint8_t root[32], digest[32];
	vres_error err;

	ck_ok(tree_finish(t, 0, root, &err));
	ck_ok(tree_digest(t->bytes, t->block_size, root, digest, &err));
	vres_hex(digest, hex);
}

static void ck_pieces(const uint8_t *bytes, size_t n, uint32_t block_size, size_t piece)
{
	CLEANUP(tree_close) struct tree_builder t = {0};
	char got[65], want[65];
	vres_error err;

	ck_ok(tree_open(&t, block_size, &err));
	for (size_t at = 0; at < n; at += piece)
		ck_ok(tree_add(&t, bytes + at, piece < n - at ? piece : n - at, &err));
	finish(&t, got);
	verity_hex(bytes, n, block_size, want);
	ck_assert_msg(strcmp(got, want) == 0, "%zu bytes in pieces of %zu, blocks of %u", n, piece,
	              block_size);
}

START_TEST(pieces_of_any_length_make_the_same_digest_as_the_whole)
{
	static const size_t pieces[] = {1,    7,    31,   1000, 1023,  1024,  1025,
	                                4095, 4096, 4097, 5000, 65535, 65537, MOST};
	CLEANUP(release_bytes) uint8_t *bytes = content(MOST, 1);

	for (size_t b = 0; b < COUNT(block_sizes); b++)
		for (size_t p = 0; p < COUNT(pieces); p++)
			ck_pieces(bytes, pieces[p] < 1000 ? 10000 : MOST, block_sizes[b],
			          pieces[p]);
}
END_TEST

START_TEST(every_size_from_nothing_to_a_few_blocks)
{
	CLEANUP(release_bytes) uint8_t *bytes = content(MOST, 2);
	const size_t step = 40 / suite_scaled(40, 1);

	for (size_t n = 0; n <= 3 * 1024 + 2; n += step)
		ck_pieces(bytes, n, 1024, 3000);
	for (size_t n = 31 * 1024 + 1020; n <= 32 * 1024 + 5; n += step)
		ck_pieces(bytes, n, 1024, 40000);
	for (size_t n = 2 * 4096 - 3; n <= 2 * 4096 + 3; n++)
		ck_pieces(bytes, n, 4096, n + 1);
}
END_TEST

START_TEST(adding_nothing_changes_nothing)
{
	CLEANUP(tree_close) struct tree_builder t = {0};
	char got[65], want[65];
	vres_error err;

	ck_ok(tree_open(&t, 4096, &err));
	ck_ok(tree_add(&t, NULL, 0, &err));
	ck_ok(tree_add(&t, "abc", 3, &err));
	ck_ok(tree_add(&t, NULL, 0, &err));
	finish(&t, got);
	verity_hex("abc", 3, 4096, want);
	ck_assert_str_eq(got, want);
}
END_TEST

START_TEST(root_of_nothing_is_zeros)
{
	CLEANUP(tree_close) struct tree_builder t = {0};
	uint8_t root[32], zeros[32] = {0};
	vres_error err;

	memset(root, 0xa5, sizeof(root));
	ck_ok(tree_open(&t, 4096, &err));
	ck_ok(tree_finish(&t, 0, root, &err));
	ck_assert_mem_eq(root, zeros, 32);
}
END_TEST

/* Threads hash whole blocks elsewhere and hand in the digests, between bytes that are added. */
START_TEST(digests_of_whole_blocks_may_be_given_instead_of_the_blocks)
{
	CLEANUP(release_bytes) uint8_t *bytes = content(MOST, 6);
	CLEANUP(tree_close) struct tree_builder t = {0};
	uint8_t leaves[40 * 32];
	char got[65], want[65];
	vres_error err;

	ck_ok(tree_open(&t, 1024, &err));
	ck_assert_uint_eq(tree_missing(&t), 0);
	ck_ok(tree_add(&t, bytes, 1000, &err));
	ck_assert_uint_eq(tree_missing(&t), 24);
	ck_status(tree_add_digests(&t, leaves, 1, &err), VRES_E_INTERNAL);
	ck_ok(tree_add(&t, bytes + 1000, 24, &err));
	ck_assert_uint_eq(tree_missing(&t), 0);
	for (size_t i = 0; i < 40; i++)
		sha256_of(bytes + (1 + i) * 1024, 1024, leaves + i * 32);
	ck_ok(tree_add_digests(&t, leaves, 40, &err));
	ck_ok(tree_add(&t, bytes + 41 * 1024, MOST - 41 * 1024, &err));
	ck_assert_uint_eq(t.bytes, MOST);
	finish(&t, got);
	verity_hex(bytes, MOST, 1024, want);
	ck_assert_str_eq(got, want);
}
END_TEST

START_TEST(no_memory_anywhere_is_a_status_and_leaves_nothing)
{
	CLEANUP(release_bytes) uint8_t *bytes = content(40 * 1024 + 1, 5);
	uint64_t before;
	bool failed = true;
	struct sha256 first_use = {0}; /* makes what OpenSSL keeps for good */
	vres_error err;

	ck_ok(vres_sha256_open(&first_use, &err));
	vres_sha256_close(&first_use);
	before = alloc_live();
	for (uint64_t nth = 1; failed; nth++) {
		struct tree_builder t = {0};
		uint8_t root[32];
		vres_status status;

		alloc_fail(nth, false);
		status = tree_open(&t, 1024, &err);
		if (status == VRES_OK)
			status = tree_add(&t, bytes, 40 * 1024 + 1, &err);
		if (status == VRES_OK)
			status = tree_finish(&t, 0, root, &err);
		failed = alloc_disarm();
		ck_assert_int_eq(status, failed ? VRES_E_NO_MEMORY : VRES_OK);
		tree_close(&t);
		ck_assert_uint_eq(alloc_live(), before);
	}
}
END_TEST

START_TEST(closing_is_harmless_when_never_opened_and_when_done_twice)
{
	struct tree_builder t = {0};
	vres_error err;

	tree_close(&t);
	ck_ok(tree_open(&t, 1024, &err));
	ck_ok(tree_add(&t, "abc", 3, &err));
	tree_close(&t);
	tree_close(&t);
	ck_assert_ptr_null(t.open[0]);
}
END_TEST

START_TEST(digest_depends_on_size_block_size_and_root)
{
	uint8_t root[32] = {0}, other[32] = {1}, a[32], b[32];
	vres_error err;

	ck_ok(tree_digest(4096, 4096, root, a, &err));
	ck_ok(tree_digest(4095, 4096, root, b, &err));
	ck_assert_mem_ne(a, b, 32);
	ck_ok(tree_digest(4096, 8192, root, b, &err));
	ck_assert_mem_ne(a, b, 32);
	ck_ok(tree_digest(4096, 4096, other, b, &err));
	ck_assert_mem_ne(a, b, 32);
	ck_ok(tree_digest(UINT64_MAX, 4096, root, b, &err));
	ck_ok(tree_digest(UINT64_MAX - (UINT64_C(1) << 63), 4096, root, a, &err));
	ck_assert_mem_ne(a, b, 32);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE(pieces_of_any_length_make_the_same_digest_as_the_whole, "CI-004 WORKER-4400",
	             "integrity", ""),
		CASE(every_size_from_nothing_to_a_few_blocks, "CI-004 WORKER-4113", "integrity",
	             ""),
		CASE(adding_nothing_changes_nothing, "CI-004", "integrity", ""),
		CASE(root_of_nothing_is_zeros, "CI-004", "integrity", ""),
		CASE(digests_of_whole_blocks_may_be_given_instead_of_the_blocks, "CI-004",
	             "integrity", "pieces in the wrong order"),
		CASE(no_memory_anywhere_is_a_status_and_leaves_nothing, "WORKER-4150 WORKER-4952",
	             "availability", ""),
		CASE(closing_is_harmless_when_never_opened_and_when_done_twice,
	             "MS-005 WORKER-4083", "", ""),
		CASE(digest_depends_on_size_block_size_and_root, "CI-004", "integrity",
	             "a size that is not signed"),
	};

	return suite_run("unit.tree_builder", "unit", cases, COUNT(cases));
}
