/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Under test: tree_add(), tree_finish(), tree_capture(), tree_root_of(), tree_digest(), the
 * arithmetic of tree_shape, vres_digester_*().
 *
 * Bytes given in any pieces have the root that recursion finds; so have the digests of any level
 * that was captured; the digester says what the descriptor says; and the shape of a tree of any
 * size up to 2^64 - 1 covers all of it once (shape.c).
 */
#include "fuzz.h"
#include "shape.h"

/* Bytes computed from two numbers.  They repeat, but not with the period of any block size. */
static uint8_t *content(struct input *in, size_t n)
{
	const uint8_t first = (uint8_t)input_number(in, 1),
		      period = (uint8_t)(input_number(in, 1) | 1);
	uint8_t *bytes = fuzz_alloc(n);

	for (size_t i = 0; i < n; i++)
		bytes[i] = (uint8_t)(first + i % period + i / 1021);
	return bytes;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, size};
	const uint32_t block_size = TREE_BLOCK_MIN << input_below(&in, 7);
	const uint64_t any = input_number(&in, 8), where = input_number(&in, 8);
	const size_t n = (size_t)input_number(&in, 3) %
	                 (input_below(&in, 64) == 1 ? 1600 * 1024 : 40 * 1024);
	uint8_t *bytes = content(&in, n), root[32], wanted[32], digest[32];
	struct tree_builder tree;
	struct tree_shape shape;
	vres_digester *digester;
	char hex[65], wanted_hex[65];

	shape_claim(any ? any : 1, block_size, where);
	tree_shape_init(&shape, n ? n : 1, block_size);
	const uint32_t level = input_below(&in, shape.top + 1);
	uint8_t *captured = fuzz_alloc(shape.count[level] * 32);
	CLAIM(tree_open(&tree, block_size, NULL) == VRES_OK);
	CLAIM(vres_digester_create(VRES_DIGEST_VERITY, block_size, &digester, NULL) == VRES_OK);
	tree_capture(&tree, level, captured, shape.count[level]);
	for (size_t at = 0, piece; at < n; at += piece) {
		piece = 1 + (size_t)input_number(&in, 2) * (in.left ? 1 : 65536);
		piece = piece < n - at ? piece : n - at;
		CLAIM(tree_add(&tree, bytes + at, piece, NULL) == VRES_OK &&
		      vres_digester_update(digester, bytes + at, piece, NULL) == VRES_OK);
	}
	reference_root(bytes, n, block_size, wanted);
	CLAIM(tree_finish(&tree, 0, root, NULL) == VRES_OK && memcmp(root, wanted, 32) == 0);
	CLAIM(n == 0 || (tree_root_of(&shape, level, captured, root, NULL) == VRES_OK &&
	                 memcmp(root, wanted, 32) == 0));
	reference_verity(bytes, n, block_size, wanted);
	CLAIM(tree_digest(n, block_size, root, digest, NULL) == VRES_OK &&
	      memcmp(digest, wanted, 32) == 0);
	reference_hex(wanted, wanted_hex);
	CLAIM(vres_digester_final(digester, hex, NULL) == VRES_OK && strcmp(hex, wanted_hex) == 0);
	CLAIM(vres_digester_final(digester, hex, NULL) == VRES_E_STATE);
	vres_digester_destroy(digester);
	tree_close(&tree);
	free(captured);
	free(bytes);
	return 0;
}
