/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Levels of the digest tree that a builder keeps for its caller. */
#include "hash/tree.h"
#include "support/suite/alloc.h"
#include "support/suite/content.h"
#include "support/suite/status.h"
#include "support/suite/suite.h"
#include "base/validate.h"

static void release_bytes(uint8_t **bytes)
{
	test_free(*bytes);
}

/*
 * Computes the digests of every level, each from the level below.  at[i] is where level i begins.
 */
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
 * A group of a single block needs a digest one level up too, since the caller's source and samples
 * are compared at that level.
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

int main(void)
{
	static const struct suite_case cases[] = {
		CASE(every_level_is_captured_and_makes_the_root_again, "CI-004 CI-007", "integrity",
	             "a kept level that does not fit its root"),
		CASE(capture_stops_where_its_room_ends, "VR-006 MS-007", "integrity",
	             "a write past a buffer"),
		CASE(finish_goes_at_least_as_high_as_it_is_told, "CI-007", "integrity", ""),
		CASE(tree_deeper_than_any_is_refused_and_not_written_past, "VR-006 RP-002",
	             "integrity", "a write past the levels"),
	};
	return suite_run("unit.tree_levels", "unit", cases, COUNT(cases));
}
