/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The one kernel: SHA-256 of blocks, one by each thread, in as many pieces of memory as a launch is
 * given.
 *
 * Leaves and inner nodes of the fs-verity tree (Linux, Documentation/filesystems/fsverity.rst,
 * "Merkle tree") are the same thing: SHA-256 of one block, zero-padded to the block size.  So this
 * source knows neither levels nor trees; whoever launches it hands digests in as data, and may have
 * blocks of several levels hashed at once.
 *
 * Written in the common subset of C11, CUDA C++ and HIP: the mock and the unit tests compile it
 * with the C compiler, GPUs run the same lines. There is one call of the compression, and one of it
 * for the padding, so that each is in the image once.
 */
#ifndef VRES_BACKENDS_KERNELS_LEAF_HASH_H
#define VRES_BACKENDS_KERNELS_LEAF_HASH_H

#include "kernels/compress.h"

#define LEAF_HASH_BYTES 32u /* of a digest */
#define LEAF_HASH_CHUNK 64u /* what one compression takes in; block sizes are multiples of it */

/* Blocks that follow each other in memory, and digests that do. */
typedef struct vres_leaf_hash_piece {
	/* Any alignment; a multiple of 16 is fastest, a multiple of 4 nearly so. */
	const uint8_t *data;
	/* Of data; the last block is zero-padded, and bytes past it are never read. */
	uint64_t bytes;
	uint32_t first; /* the number of the thread that has its first block */
	uint32_t place; /* of its first digest among args.digests */
} vres_leaf_hash_piece;

/* What to hash: the same bytes as a host call's argument and as a kernel's parameter. */
typedef struct vres_leaf_hash_args {
	const vres_leaf_hash_piece *pieces; /* by first, that of the first one being 0 */
	/*
	 * Aligned to 4, room for digests_room; none is ever written past it, whatever pieces say.
	 */
	uint8_t *digests;
	uint64_t nonce; /* written to echo by thread 0, when it is done */
	uint64_t *echo;
	uint32_t pieces_count; /* at least 1 */
	uint32_t threads;      /* blocks in all pieces together, at least 1 */
	uint32_t digests_room;
	uint32_t block_size; /* power of two, 1024 to 65536 */
	uint32_t one;        /* 1: see leaf_hash_add() */
	uint32_t reserved;
	uint32_t padding[LEAF_HASH_ROUNDS]; /* leaf_hash_know_padding() */
} vres_leaf_hash_args;

/* A block being read: its bytes are zero from @n on. */
typedef struct leaf_hash_source {
	const uint8_t *p;
	uint32_t n;
	uint32_t quads, words; /* chunks that begin before these are whole, and can be loaded so */
} leaf_hash_source;

LEAF_HASH_FN leaf_hash_source leaf_hash_source_of(const uint8_t *p, uint32_t n)
{
	const uint32_t whole = n & ~(LEAF_HASH_CHUNK - 1);
	const leaf_hash_source source = {p, n, ((uintptr_t)p & 15) == 0 ? whole : 0,
	                                 ((uintptr_t)p & 3) == 0 ? whole : 0};

	return source;
}

LEAF_HASH_FN void leaf_hash_load_quads(uint32_t w[16], const uint8_t *p)
{
	const leaf_hash_quad *quads = (const leaf_hash_quad *)(const void *)p;

	leaf_hash_load_quad(w, quads);
	leaf_hash_load_quad(w + 4, quads + 1);
	leaf_hash_load_quad(w + 8, quads + 2);
	leaf_hash_load_quad(w + 12, quads + 3);
}

LEAF_HASH_FN void leaf_hash_load_words(uint32_t w[16], const uint8_t *p)
{
	const leaf_hash_word *words = (const leaf_hash_word *)(const void *)p;

	w[0] = words[0];
	w[1] = words[1];
	w[2] = words[2];
	w[3] = words[3];
	w[4] = words[4];
	w[5] = words[5];
	w[6] = words[6];
	w[7] = words[7];
	w[8] = words[8];
	w[9] = words[9];
	w[10] = words[10];
	w[11] = words[11];
	w[12] = words[12];
	w[13] = words[13];
	w[14] = words[14];
	w[15] = words[15];
}

LEAF_HASH_FN uint32_t leaf_hash_byte(const leaf_hash_source *source, uint32_t at)
{
	return at < source->n ? source->p[at] : 0;
}

/* In the order in which a word of the host and of every GPU has its bytes. */
LEAF_HASH_FN uint32_t leaf_hash_load_word(const leaf_hash_source *source, uint32_t at)
{
	return leaf_hash_swap(leaf_hash_byte(source, at) << 24 |
	                      leaf_hash_byte(source, at + 1) << 16 |
	                      leaf_hash_byte(source, at + 2) << 8 | leaf_hash_byte(source, at + 3));
}

LEAF_HASH_FN void leaf_hash_load_bytes(uint32_t w[4], const leaf_hash_source *source, uint32_t at)
{
	w[0] = leaf_hash_load_word(source, at);
	w[1] = leaf_hash_load_word(source, at + 4);
	w[2] = leaf_hash_load_word(source, at + 8);
	w[3] = leaf_hash_load_word(source, at + 12);
}

/* The chunk at @at, its words as they lie in memory, if it can be loaded by words. */
LEAF_HASH_FN void leaf_hash_load_early(uint32_t w[16], const leaf_hash_source *source, uint32_t at)
{
	if (at < source->quads)
		leaf_hash_load_quads(w, source->p + at);
	else if (at < source->words)
		leaf_hash_load_words(w, source->p + at);
}

/* If it cannot: this takes registers, of which there are more when no compression is under way. */
LEAF_HASH_FN void leaf_hash_load_late(uint32_t w[16], const leaf_hash_source *source, uint32_t at)
{
	if (at < source->words)
		return;
	leaf_hash_load_bytes(w, source, at);
	leaf_hash_load_bytes(w + 4, source, at + 16);
	leaf_hash_load_bytes(w + 8, source, at + 32);
	leaf_hash_load_bytes(w + 12, source, at + 48);
}

LEAF_HASH_FN void leaf_hash_store(uint8_t *p, const uint32_t h[8])
{
	leaf_hash_out *words = (leaf_hash_out *)(void *)p;

	words[0] = leaf_hash_swap(h[0]);
	words[1] = leaf_hash_swap(h[1]);
	words[2] = leaf_hash_swap(h[2]);
	words[3] = leaf_hash_swap(h[3]);
	words[4] = leaf_hash_swap(h[4]);
	words[5] = leaf_hash_swap(h[5]);
	words[6] = leaf_hash_swap(h[6]);
	words[7] = leaf_hash_swap(h[7]);
}

/*
 * The digest of the @n bytes at @p, 0 to @block_size, taken as zero-padded to @block_size.  Nothing
 * past them is read.  A node of the tree is the same with the digests of its children as bytes.
 *
 * A chunk is asked for before the one ahead of it is compressed, which takes longer than memory
 * does.
 */
LEAF_HASH_FN void leaf_hash_block(const uint8_t *p, uint32_t n, uint32_t block_size,
                                  const uint32_t padding[LEAF_HASH_ROUNDS], uint32_t one,
                                  uint8_t *digest)
{
	const leaf_hash_source source = leaf_hash_source_of(p, n);
	uint32_t h[8], w[16], next[16] = {0};

	leaf_hash_begin(h);
	for (uint32_t at = 0;; at += LEAF_HASH_CHUNK) {
		leaf_hash_load_early(next, &source, at);
		if (at > 0)
			leaf_hash_compress(h, w, one);
		if (at == block_size)
			break;
		leaf_hash_load_late(next, &source, at);
		for (unsigned i = 0; i < 16; i++)
			w[i] = leaf_hash_swap(next[i]);
	}
	leaf_hash_compress_known(h, padding, one);
	leaf_hash_store(digest, h);
}

/* The last piece whose first thread is not past @thread. */
LEAF_HASH_FN const vres_leaf_hash_piece *leaf_hash_piece_of(const vres_leaf_hash_args *args,
                                                            uint32_t thread)
{
	uint32_t low = 0, high = args->pieces_count;

	while (high - low > 1) {
		const uint32_t middle = low + (high - low) / 2;

		if (args->pieces[middle].first <= thread)
			low = middle;
		else
			high = middle;
	}
	return &args->pieces[low];
}

/* What thread number @thread of a launch does; threads past the last block do nothing. */
LEAF_HASH_FN void leaf_hash_thread(const vres_leaf_hash_args *args, uint32_t one, uint32_t thread)
{
	const vres_leaf_hash_piece *piece;
	uint64_t offset, left;
	uint32_t place;

	if (thread >= args->threads)
		return;
	piece = leaf_hash_piece_of(args, thread);
	offset = (uint64_t)(thread - piece->first) * args->block_size;
	left = piece->bytes > offset ? piece->bytes - offset : 0;
	place = piece->place + (thread - piece->first);
	if (place < args->digests_room)
		leaf_hash_block(piece->data + offset,
		                left < args->block_size ? (uint32_t)left : args->block_size,
		                args->block_size, args->padding, one,
		                args->digests + (uint64_t)place * LEAF_HASH_BYTES);
	if (thread == 0)
		*args->echo = args->nonce;
}

#endif
