/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The builder of the tree, against the plain recursive one of tests/support, which has the whole in
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

/* The digest of what was added, as `fsverity digest` would print it. */
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

/* Digests of every level, level after level, each made of the one below. */
static uint8_t *levels_of(const uint8_t *bytes, const struct tree_shape *shape,
                          const uint8_t *at[TREE_LEVELS_MAX])
{
	const uint32_t block_size = shape->block_size;
	uint8_t *all = test_alloc((size_t)(2 * shape->count[0] + TREE_LEVELS_MAX) * 32),
		*block = test_alloc(block_size), *to = all;

	for (uint32_t level = 0; level <= shape->top; level++) {
		const uint8_t *from = level ? at[level - 1] : bytes;
		const size_t n =
			level ? (size_t)shape->count[level - 1] * 32 : (size_t)shape->bytes;

		at[level] = to;
		for (size_t i = 0; i < shape->count[level]; i++, to += 32) {
			const size_t left = n - i * block_size;

			memset(block, 0, block_size);
			memcpy(block, from + i * block_size, left < block_size ? left : block_size);
			sha256_of(block, block_size, to);
		}
	}
	test_free(block);
	return all;
}

static void ck_captures(const uint8_t *bytes, uint64_t n)
{
	const uint8_t *levels[TREE_LEVELS_MAX];
	struct tree_shape shape;
	vres_error err;

	tree_shape_init(&shape, n, 1024);
	CLEANUP(release_bytes) uint8_t *all = levels_of(bytes, &shape, levels);

	for (uint32_t level = 0; level <= shape.top; level++) {
		CLEANUP(tree_close) struct tree_builder t = {0};
		const size_t room = (size_t)shape.count[level] * 32;
		CLEANUP(release_bytes) uint8_t *captured = test_alloc(room + 32);
		uint8_t root[32];

		memset(captured, 0xa5, room + 32);
		ck_ok(tree_open(&t, 1024, &err));
		tree_capture(&t, level, captured, shape.count[level]);
		ck_ok(tree_add(&t, bytes, (size_t)n, &err));
		ck_ok(tree_finish(&t, 0, root, &err));
		ck_assert_mem_eq(captured, levels[level], room);
		ck_assert_uint_eq(captured[room], 0xa5);
		ck_assert_mem_eq(root, levels[shape.top], 32);

		memset(root, 0, sizeof(root));
		ck_ok(tree_root_of(&shape, level, captured, root, &err));
		ck_assert_mem_eq(root, levels[shape.top], 32);
	}
}

START_TEST(every_level_is_captured_and_makes_the_root_again)
{
	static const uint64_t sizes[] = {1,
	                                 1024,
	                                 1025,
	                                 32 * 1024,
	                                 32 * 1024 + 1,
	                                 64 * 1024,
	                                 32 * 32 * 1024,
	                                 32 * 32 * 1024 + 1};
	CLEANUP(release_bytes) uint8_t *bytes = content(32 * 32 * 1024 + 1, 3);

	for (size_t i = 0; i < COUNT(sizes); i++)
		ck_captures(bytes, sizes[i]);
}
END_TEST

START_TEST(capture_stops_where_its_room_ends)
{
	CLEANUP(release_bytes) uint8_t *bytes = content(8 * 1024, 4);
	CLEANUP(tree_close) struct tree_builder t = {0};
	uint8_t captured[4 * 32], leaf[32], root[32];
	vres_error err;

	memset(captured, 0xa5, sizeof(captured));
	ck_ok(tree_open(&t, 1024, &err));
	tree_capture(&t, 0, captured, 3);
	ck_ok(tree_add(&t, bytes, 8 * 1024, &err));
	ck_ok(tree_finish(&t, 0, root, &err));
	sha256_of(bytes + 2 * 1024, 1024, leaf);
	ck_assert_mem_eq(captured + 64, leaf, 32);
	ck_assert_uint_eq(captured[96], 0xa5);
}
END_TEST

/*
 * A group that has one block only still has a digest of its own, one level up: what source and
 * sample are compared with.
 */
START_TEST(finish_goes_at_least_as_high_as_it_is_told)
{
	uint8_t block[1024] = {1}, upper[1024] = {0}, want[32], got[32];
	vres_error err;

	sha256_of(block, sizeof(block), upper);
	for (uint32_t least = 0; least <= 3; least++) {
		CLEANUP(tree_close) struct tree_builder t = {0};

		ck_ok(tree_open(&t, 1024, &err));
		ck_ok(tree_add(&t, block, sizeof(block), &err));
		ck_ok(tree_finish(&t, least, got, &err));
		memcpy(want, upper, 32);
		ck_assert_mem_eq(got, want, 32);
		sha256_of(upper, sizeof(upper), want);
		memcpy(upper, want, 32);
	}
}
END_TEST

START_TEST(tree_deeper_than_any_is_refused_and_not_written_past)
{
	CLEANUP(tree_close) struct tree_builder t = {0};
	uint8_t digest[32] = {0};
	vres_error err;

	ck_ok(tree_open(&t, 1024, &err));
	ck_status(tree_push(&t, TREE_LEVELS_MAX, digest, &err), VRES_E_INTERNAL);
	ck_status(tree_push(&t, UINT32_MAX, digest, &err), VRES_E_INTERNAL);
	ck_ok(tree_push(&t, TREE_LEVELS_MAX - 1, digest, &err));
	ck_status(tree_finish(&t, TREE_LEVELS_MAX, digest, &err), VRES_E_INTERNAL);
}
END_TEST

/*
 * As several threads do it: the leaves of whole blocks come from elsewhere, between bytes that are
 * added.
 */
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
	struct sha256 first_use = {0}; /* which gets OpenSSL ready for good */
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
		CASE(every_level_is_captured_and_makes_the_root_again, "CI-004 CI-007", "integrity",
	             "a kept level that does not fit its root"),
		CASE(capture_stops_where_its_room_ends, "VR-006 MS-007", "integrity",
	             "a write past a buffer"),
		CASE(finish_goes_at_least_as_high_as_it_is_told, "CI-007", "integrity", ""),
		CASE(tree_deeper_than_any_is_refused_and_not_written_past, "VR-006 RP-002",
	             "integrity", "a write past the levels"),
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
