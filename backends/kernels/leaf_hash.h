/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The one kernel: SHA-256 of blocks, one by each thread, in as many pieces of memory as a launch is
 * given.
 *
 * Leaves and inner nodes of the fs-verity tree (Linux, Documentation/filesystems/fsverity.rst,
 * "Merkle tree") are the same thing: SHA-256 of one block, zero-padded to the block size.  So this
 * source knows neither levels nor trees: the caller passes digests as data, and one launch may hash
 * blocks of several levels.
 *
 * Digests in device memory are masked: a thread stores its digest XORed with a mask that depends on
 * the launch's nonce and on the digest's place.  Who reads it, the host or the next launch, removes
 * the mask of the launch that should have written it.  A digest that an earlier launch left there,
 * or that nobody wrote, then becomes a wrong digest, never an old right one.  This catches threads,
 * launches and copies that a driver skips while it reports success.  It is no defence against a
 * driver that forges digests, which could compute the masks.
 *
 * Written in the common subset of C11, CUDA C++ and HIP: the mock and the unit tests compile it
 * with the C compiler, GPUs run the same lines.  There is one call of the compression, and one of
 * it for the padding, so that each is in the image once.
 */
#ifndef VRES_BACKENDS_KERNELS_LEAF_HASH_H
#define VRES_BACKENDS_KERNELS_LEAF_HASH_H

#include "kernels/compress.h"

#define LEAF_HASH_BYTES 32u /* of a digest */
#define LEAF_HASH_CHUNK 64u /* what one compression takes in; block sizes are multiples of it */

/*
 * A launch reads digests that were stored by a launch whose nonce is smaller by this.  Odd and
 * irregular (2^64 divided by the golden ratio), so that the nonces of a row of launches differ in
 * all bits.
 */
#define LEAF_HASH_STEP UINT64_C(0x9e3779b97f4a7c15)

/*
 * Blocks that follow each other in memory, and digests that do.  32 bytes: in a list that is
 * aligned to as many, no piece lies across the end of a page or of what a copy moves at once, so a
 * copy that stops early leaves whole pieces.
 */
typedef struct vres_leaf_hash_piece {
	/*
	 * Any alignment; a multiple of 16 is fastest, a multiple of 4 nearly so.  Data among
	 * args.digests is taken for digests that the launch before stored, which were masked.
	 */
	const uint8_t *data;
	/* Of data; the last block is zero-padded, and bytes past it are never read. */
	uint64_t bytes;
	uint64_t seal;  /* leaf_hash_seal(); a thread that finds another one here does nothing */
	uint32_t first; /* the number of the thread that has its first block */
	uint32_t place; /* of its first digest among args.digests */
} vres_leaf_hash_piece;

/* What to hash: the same bytes as a host call's argument and as a kernel's parameter. */
typedef struct vres_leaf_hash_args {
	const vres_leaf_hash_piece *pieces; /* by first, that of the first one being 0 */
	/* Aligned to 4, room for digests_room; none is written past it, whatever pieces say. */
	uint8_t *digests;
	uint64_t nonce; /* new for each launch; thread 0 writes it to echo when it is done */
	uint64_t *echo;
	uint32_t pieces_count; /* at least 1 */
	uint32_t threads;      /* blocks in all pieces together, at least 1 */
	uint32_t digests_room;
	uint32_t block_size; /* power of two, 1024 to 65536 */
	uint32_t one;        /* 1: see leaf_hash_add() */
	uint32_t reserved;
	uint32_t padding[LEAF_HASH_ROUNDS]; /* leaf_hash_know_padding() */
} vres_leaf_hash_args;

/*
 * What the piece of a launch with @nonce has as its seal: the nonce, and every other field, so that
 * a piece of which a copy left any part old is noticed.  With any one field another it is another
 * one, since a product with an odd number takes each value once.
 */
LEAF_HASH_FN uint64_t leaf_hash_seal(const vres_leaf_hash_piece *piece, uint64_t nonce)
{
	const uint64_t places = (uint64_t)piece->first << 32 | piece->place;

	return nonce ^ (uint64_t)(uintptr_t)piece->data * LEAF_HASH_STEP ^
	       piece->bytes * UINT64_C(0xbf58476d1ce4e5b9) ^ places * UINT64_C(0x94d049bb133111eb);
}

/* How the host makes a piece of the launch with @nonce. */
LEAF_HASH_FN vres_leaf_hash_piece leaf_hash_sealed(const uint8_t *data, uint64_t bytes,
                                                   uint32_t first, uint32_t place, uint64_t nonce)
{
	vres_leaf_hash_piece piece = {data, bytes, 0, first, place};

	piece.seal = leaf_hash_seal(&piece, nonce);
	return piece;
}

/*
 * Flips the 8 words of a digest at @place, as they lie in memory, between plain and masked.  For
 * one place, two nonces never give the same mask; nor for one nonce two places, since a product
 * with an odd number takes each value once.
 */
LEAF_HASH_FN void leaf_hash_mask(uint32_t words[8], uint64_t nonce, uint32_t place)
{
	const uint32_t even = (uint32_t)nonce ^ place * 0x9e3779b1u;
	const uint32_t odd = (uint32_t)(nonce >> 32) ^ place * 0x85ebca77u;

	words[0] ^= even;
	words[1] ^= odd;
	words[2] ^= even;
	words[3] ^= odd;
	words[4] ^= even;
	words[5] ^= odd;
	words[6] ^= even;
	words[7] ^= odd;
}

/* A block being read: its bytes are zero from @n on. */
typedef struct leaf_hash_source {
	/*
	 * Of masked digests, one byte past the first.  Digests are aligned to 4, so this sends them
	 * the way of unaligned data, and aligned data pays nothing for masks.
	 */
	const uint8_t *p;
	uint32_t n;
	uint32_t quads, words; /* chunks that begin before these are whole, and can be loaded so */
	/* Where masked digests are, how many bytes of them, and the nonce they have. */
	const uint8_t *digests;
	uint64_t digests_bytes;
	uint64_t nonce;
} leaf_hash_source;

/* Plain bytes, wherever they are. */
LEAF_HASH_FN leaf_hash_source leaf_hash_source_of(const uint8_t *p, uint32_t n)
{
	const uint32_t whole = n & ~(LEAF_HASH_CHUNK - 1);
	const leaf_hash_source source = {
		p, n, ((uintptr_t)p & 15) == 0 ? whole : 0, ((uintptr_t)p & 3) == 0 ? whole : 0, p,
		0, 0};

	return source;
}

/* Digests of the launch before, if they are among a launch's digests, else plain bytes. */
LEAF_HASH_FN leaf_hash_source leaf_hash_source_in(const vres_leaf_hash_args *args, const uint8_t *p,
                                                  uint32_t n)
{
	const uint64_t bytes = (uint64_t)args->digests_room * LEAF_HASH_BYTES;
	const bool is_masked = (uintptr_t)p - (uintptr_t)args->digests < bytes;
	leaf_hash_source source = leaf_hash_source_of(is_masked ? p + 1 : p, n);

	source.digests = args->digests;
	source.digests_bytes = bytes;
	source.nonce = args->nonce - LEAF_HASH_STEP;
	return source;
}

/* Worked out where it is needed: to remember it would take a register. */
LEAF_HASH_FN bool leaf_hash_is_masked(const leaf_hash_source *source)
{
	return (uintptr_t)source->p - (uintptr_t)source->digests < source->digests_bytes;
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
	const LEAF_HASH_GLOBAL leaf_hash_word *words =
		(const LEAF_HASH_GLOBAL leaf_hash_word *)(const void *)p;

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
	return at < source->n ? ((const LEAF_HASH_GLOBAL uint8_t *)source->p)[at] : 0;
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
	else if (leaf_hash_is_masked(source) && at + LEAF_HASH_CHUNK <= source->n)
		leaf_hash_load_words(w, source->p - 1 + at);
}

/* Two digests lose their masks.  What follows the last digest is zero; it was not loaded yet. */
LEAF_HASH_FN void leaf_hash_unmask(uint32_t w[16], const leaf_hash_source *source, uint32_t at)
{
	const uint8_t *p = source->p - 1 + at;
	const LEAF_HASH_GLOBAL leaf_hash_word *words =
		(const LEAF_HASH_GLOBAL leaf_hash_word *)(const void *)p;
	const uint32_t place = (uint32_t)((uint64_t)(p - source->digests) / LEAF_HASH_BYTES);

	if (at + LEAF_HASH_CHUNK > source->n)
		for (unsigned i = 0; i < 16; i++)
			w[i] = at + i * 4 < source->n ? words[i] : 0;
	if (at < source->n)
		leaf_hash_mask(w, source->nonce, place);
	if (at + LEAF_HASH_BYTES < source->n)
		leaf_hash_mask(w + 8, source->nonce, place + 1);
}

/* The rest of a chunk.  Loading by bytes takes registers; between compressions more are free. */
LEAF_HASH_FN void leaf_hash_load_late(uint32_t w[16], const leaf_hash_source *source, uint32_t at)
{
	if (at < source->words)
		return;
	if (leaf_hash_is_masked(source)) {
		leaf_hash_unmask(w, source, at);
		return;
	}
	leaf_hash_load_bytes(w, source, at);
	leaf_hash_load_bytes(w + 4, source, at + 16);
	leaf_hash_load_bytes(w + 8, source, at + 32);
	leaf_hash_load_bytes(w + 12, source, at + 48);
}

/* A digest to memory, as it is; and masked, to its place among @digests. */
LEAF_HASH_FN void leaf_hash_store_words(uint8_t *p, const uint32_t words[8])
{
	leaf_hash_out *out = (leaf_hash_out *)(void *)p;

	out[0] = words[0];
	out[1] = words[1];
	out[2] = words[2];
	out[3] = words[3];
	out[4] = words[4];
	out[5] = words[5];
	out[6] = words[6];
	out[7] = words[7];
}

LEAF_HASH_FN void leaf_hash_swap_digest(uint32_t words[8], const uint32_t h[8])
{
	words[0] = leaf_hash_swap(h[0]);
	words[1] = leaf_hash_swap(h[1]);
	words[2] = leaf_hash_swap(h[2]);
	words[3] = leaf_hash_swap(h[3]);
	words[4] = leaf_hash_swap(h[4]);
	words[5] = leaf_hash_swap(h[5]);
	words[6] = leaf_hash_swap(h[6]);
	words[7] = leaf_hash_swap(h[7]);
}

LEAF_HASH_FN void leaf_hash_store(uint8_t *p, const uint32_t h[8])
{
	uint32_t words[8];

	leaf_hash_swap_digest(words, h);
	leaf_hash_store_words(p, words);
}

LEAF_HASH_FN void leaf_hash_store_masked(const vres_leaf_hash_args *args, uint32_t place,
                                         const uint32_t h[8])
{
	uint32_t words[8];

	leaf_hash_swap_digest(words, h);
	leaf_hash_mask(words, args->nonce, place);
	leaf_hash_store_words(args->digests + (uint64_t)place * LEAF_HASH_BYTES, words);
}

/* What was stored masked at @place, as a plain digest: for the host. */
LEAF_HASH_FN void leaf_hash_reveal(uint8_t *digest, uint64_t nonce, uint32_t place)
{
	const leaf_hash_out *stored = (const leaf_hash_out *)(const void *)digest;
	uint32_t words[8];

	for (unsigned i = 0; i < 8; i++)
		words[i] = stored[i];
	leaf_hash_mask(words, nonce, place);
	leaf_hash_store_words(digest, words);
}

/*
 * The digest of a block, 0 to @block_size bytes taken as zero-padded to @block_size.  Nothing past
 * the source's bytes is read.
 *
 * A chunk is asked for before the one ahead of it is compressed, which takes longer than memory
 * does.
 */
LEAF_HASH_FN void leaf_hash_source_digest(const leaf_hash_source *source, uint32_t block_size,
                                          const uint32_t padding[LEAF_HASH_ROUNDS], uint32_t one,
                                          uint32_t h[8])
{
	uint32_t w[16] = {0}, next[16] = {0};

	leaf_hash_begin(h);
	for (uint32_t at = 0;; at += LEAF_HASH_CHUNK) {
		leaf_hash_load_early(next, source, at);
		if (at > 0)
			leaf_hash_compress(h, w, one);
		if (at == block_size)
			break;
		leaf_hash_load_late(next, source, at);
		for (unsigned i = 0; i < 16; i++)
			w[i] = leaf_hash_swap(next[i]);
	}
	leaf_hash_compress_known(h, padding, one);
}

/* The same of the @n bytes at @p, stored as it is. */
LEAF_HASH_FN void leaf_hash_block(const uint8_t *p, uint32_t n, uint32_t block_size,
                                  const uint32_t padding[LEAF_HASH_ROUNDS], uint32_t one,
                                  uint8_t *digest)
{
	const leaf_hash_source source = leaf_hash_source_of(p, n);
	uint32_t h[8];

	leaf_hash_source_digest(&source, block_size, padding, one, h);
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

/*
 * What thread number @thread of a launch does.  It does nothing past the last block, nor where the
 * list of pieces is not the one that this launch was given: its digest is then missed.
 */
LEAF_HASH_FN void leaf_hash_thread(const vres_leaf_hash_args *args, uint32_t one, uint32_t thread)
{
	const vres_leaf_hash_piece *piece;
	leaf_hash_source source;
	uint64_t offset, left;
	uint32_t place, h[8];

	if (thread >= args->threads)
		return;
	piece = leaf_hash_piece_of(args, thread);
	offset = (uint64_t)(thread - piece->first) * args->block_size;
	place = piece->place + (thread - piece->first);
	if (piece->seal != leaf_hash_seal(piece, args->nonce) || offset >= piece->bytes ||
	    place >= args->digests_room)
		return;
	left = piece->bytes - offset;
	source = leaf_hash_source_in(args, piece->data + offset,
	                             left < args->block_size ? (uint32_t)left : args->block_size);
	leaf_hash_source_digest(&source, args->block_size, args->padding, one, h);
	leaf_hash_store_masked(args, place, h);
	if (thread == 0)
		*args->echo = args->nonce;
}

#endif
