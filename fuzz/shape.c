/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The arithmetic of a tree, checked in twice as many bits. */
#include "shape.h"

#include "fuzz.h"

__extension__ typedef unsigned __int128 wide;

static void claim_node(const struct tree_shape *s, uint32_t level, uint64_t index)
{
	wide span = s->block_size;
	uint64_t offset, bytes;

	for (uint32_t i = 0; i < level; i++)
		span *= s->fanout;
	tree_node_range(s, level, index, &offset, &bytes);
	CLAIM(tree_span(s, level) == (span > UINT64_MAX ? UINT64_MAX : (uint64_t)span));
	CLAIM(offset == index * span && bytes > 0);
	CLAIM(index < s->count[level] - 1 ? bytes == span : (wide)offset + bytes == s->bytes);
}

void shape_claim(uint64_t bytes, uint32_t block_size, uint64_t where)
{
	struct tree_shape s;

	tree_shape_init(&s, bytes, block_size);
	CLAIM(s.top < TREE_LEVELS_MAX && s.count[s.top] == 1 && s.fanout * 32 == block_size);
	for (uint32_t level = 0; level <= s.top; level++) {
		const uint64_t count = s.count[level];
		const wide below = level ? s.count[level - 1] : bytes,
			   each = level ? s.fanout : block_size;

		CLAIM(count * each >= below && (count - 1) * each < below);
		CLAIM(level == s.top || count > 1);
		CLAIM(tree_level_within(&s, count) == level);
		claim_node(&s, level, 0);
		claim_node(&s, level, where % count);
		claim_node(&s, level, count - 1);
	}
}
