/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The shape of the digest tree: only arithmetic, for sizes up to 2^64 - 1. */
#include "hash/tree.h"

#include "support/suite/suite.h"

static const uint32_t block_sizes[] = {1024, 2048, 4096, 8192, 16384, 32768, 65536};

static const uint64_t sizes[] = {
	1,
	1023,
	1024,
	1025,
	4096,
	4097,
	UINT64_C(128) * 4096,
	UINT64_C(128) * 4096 + 1,
	UINT64_C(128) * 128 * 4096 + 5,
	(UINT64_C(128) << 30) - 1,
	UINT64_C(128) << 30,
	UINT64_C(1) << 40,
	(UINT64_C(1) << 63) + 1,
	UINT64_MAX - 1,
	UINT64_MAX,
};

START_TEST(block_size_is_a_power_of_two_from_1024_to_65536)
{
	unsigned valid = 0;

	for (uint32_t size = 0; size <= 200000; size++)
		valid += tree_block_size_is_valid(size);
	ck_assert_uint_eq(valid, COUNT(block_sizes));
	for (size_t i = 0; i < COUNT(block_sizes); i++)
		ck_assert(tree_block_size_is_valid(block_sizes[i]));
	ck_assert(!tree_block_size_is_valid(UINT32_C(1) << 31));
	ck_assert(!tree_block_size_is_valid(UINT32_MAX));
}
END_TEST

START_TEST(known_shapes)
{
	static const struct {
		uint64_t bytes;
		uint32_t block_size, top;
		uint64_t count[TREE_LEVELS_MAX];
	} known[] = {
		{1, 4096, 0, {1}},
		{4096, 4096, 0, {1}},
		{4097, 4096, 1, {2, 1}},
		{128 * 4096, 4096, 1, {128, 1}},
		{128 * 4096 + 1, 4096, 2, {129, 2, 1}},
		{UINT64_C(128) << 30, 4096, 4, {33554432, 262144, 2048, 16, 1}},
		{UINT64_C(1) << 40, 4096, 4, {268435456, 2097152, 16384, 128, 1}},
		{UINT64_C(1) << 40, 65536, 3, {16777216, 8192, 4, 1}},
		{UINT64_MAX,
	         65536,
	         5,
	         {UINT64_C(1) << 48, UINT64_C(1) << 37, UINT64_C(1) << 26, 32768, 16, 1}},
	};
	struct tree_shape shape;

	for (size_t i = 0; i < COUNT(known); i++) {
		tree_shape_init(&shape, known[i].bytes, known[i].block_size);
		ck_assert_uint_eq(shape.top, known[i].top);
		ck_assert_uint_eq(shape.fanout, known[i].block_size / 32);
		for (uint32_t level = 0; level <= shape.top; level++)
			ck_assert_uint_eq(shape.count[level], known[i].count[level]);
	}
	tree_shape_init(&shape, UINT64_MAX, 1024);
	ck_assert_uint_eq(shape.count[0], UINT64_C(1) << 54);
	ck_assert_uint_eq(shape.top, TREE_LEVELS_MAX - 1);
	ck_assert_uint_eq(shape.count[shape.top], 1);
}
END_TEST

/* Each level has just enough nodes for the level below. */
START_TEST(each_level_is_the_one_below_divided_by_the_fanout_rounded_up)
{
	for (size_t b = 0; b < COUNT(block_sizes); b++)
		for (size_t s = 0; s < COUNT(sizes); s++) {
			struct tree_shape shape;

			tree_shape_init(&shape, sizes[s], block_sizes[b]);
			ck_assert_uint_lt(shape.top, TREE_LEVELS_MAX);
			ck_assert_uint_eq((sizes[s] - 1) / block_sizes[b] + 1, shape.count[0]);
			for (uint32_t level = 1; level <= shape.top; level++) {
				ck_assert_uint_gt(shape.count[level - 1], 1);
				ck_assert_uint_eq((shape.count[level - 1] - 1) / shape.fanout + 1,
				                  shape.count[level]);
			}
			ck_assert_uint_eq(shape.count[shape.top], 1);
		}
}
END_TEST

START_TEST(span_is_the_bytes_under_a_node_and_saturates)
{
	struct tree_shape shape;

	tree_shape_init(&shape, UINT64_MAX, 4096);
	ck_assert_uint_eq(tree_span(&shape, 0), 4096);
	ck_assert_uint_eq(tree_span(&shape, 1), 512 * 1024);
	ck_assert_uint_eq(tree_span(&shape, 2), 64 << 20);
	ck_assert_uint_eq(tree_span(&shape, 7), UINT64_C(1) << 61);
	ck_assert_uint_eq(tree_span(&shape, 8), UINT64_MAX);
	ck_assert_uint_eq(tree_span(&shape, 11), UINT64_MAX);
	tree_shape_init(&shape, UINT64_MAX, 1024);
	ck_assert_uint_eq(tree_span(&shape, 10), UINT64_C(1) << 60);
	ck_assert_uint_eq(tree_span(&shape, 11), UINT64_MAX);
}
END_TEST

START_TEST(nodes_of_a_level_lie_side_by_side_and_cover_the_data)
{
	for (size_t b = 0; b < COUNT(block_sizes); b++)
		for (size_t s = 0; s < COUNT(sizes); s++) {
			struct tree_shape shape;

			tree_shape_init(&shape, sizes[s], block_sizes[b]);
			for (uint32_t level = 0; level <= shape.top; level++) {
				const uint64_t last = shape.count[level] - 1,
					       span = tree_span(&shape, level);
				uint64_t offset, bytes;

				tree_node_range(&shape, level, 0, &offset, &bytes);
				ck_assert_uint_eq(offset, 0);
				ck_assert_uint_eq(bytes, last ? span : sizes[s]);
				tree_node_range(&shape, level, last, &offset, &bytes);
				ck_assert_uint_eq(offset, last ? last * span : 0);
				ck_assert_uint_gt(bytes, 0);
				ck_assert_uint_le(bytes, span);
				ck_assert_uint_eq(bytes, sizes[s] - offset);
				if (last == 0)
					continue;
				tree_node_range(&shape, level, last - 1, &offset, &bytes);
				ck_assert_uint_eq(offset + bytes, last * span);
			}
		}
}
END_TEST

START_TEST(level_within_is_the_lowest_with_few_enough_digests)
{
	for (size_t s = 0; s < COUNT(sizes); s++) {
		struct tree_shape shape;

		tree_shape_init(&shape, sizes[s], 4096);
		for (uint64_t most = 1; most <= 4096; most *= 2) {
			const uint32_t level = tree_level_within(&shape, most);

			ck_assert_uint_le(level, shape.top);
			ck_assert_uint_le(shape.count[level], most);
			if (level > 0)
				ck_assert_uint_gt(shape.count[level - 1], most);
		}
	}
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE(block_size_is_a_power_of_two_from_1024_to_65536, "VR-005", "", ""),
		CASE(known_shapes, "CI-004 RP-002", "integrity", ""),
		CASE(each_level_is_the_one_below_divided_by_the_fanout_rounded_up, "RP-002 MS-003",
	             "integrity", "a size that overflows"),
		CASE(span_is_the_bytes_under_a_node_and_saturates, "RP-002 MS-003", "integrity",
	             "a product that overflows"),
		CASE(nodes_of_a_level_lie_side_by_side_and_cover_the_data, "RP-002 MS-006 CI-007",
	             "integrity", "bytes that no node covers"),
		CASE(level_within_is_the_lowest_with_few_enough_digests, "CI-007", "", ""),
	};

	return suite_run("unit.tree", "unit", cases, COUNT(cases));
}
