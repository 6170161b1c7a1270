/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One pass over bytes, piece by piece: a digest tree, a flat digest or both, by as many threads as
 * pay off.
 *
 * The flat digest is one chain, and takes one thread; the blocks of the tree are shared among the
 * others.  A piece stays where it is until hasher_end(); between hasher_begin() and that, the
 * caller may read, copy or wait for something else.
 */
#ifndef VRES_CORE_HASH_HASHER_H
#define VRES_CORE_HASH_HASHER_H

#include "os/workers.h"
#include "hash/tree.h"

/*
 * Where a thread gets a part from: @n bytes at @offset, good until the same worker asks again.
 * Asked by several threads at once.
 */
struct hasher_source {
	vres_status (*get)(void *ctx, uint32_t worker, uint64_t offset, size_t n,
	                   const uint8_t **bytes, vres_error *err);
	void *ctx;
};

/* Stays where it is opened. */
struct hasher {
	struct workers *workers;
	struct tree_builder *tree; /* or NULL */
	struct sha256 *flat;       /* or NULL */
	uint8_t *digests;          /* of the whole blocks of a piece */
	size_t room;

	/* The piece under way. */
	const uint8_t *bytes, *blocks, *end; /* all of it; its whole blocks; where it ends */
	/* NULL, or where its blocks come from instead, from @offset on. */
	const struct hasher_source *source;
	uint64_t offset;
	size_t whole, each, tree_tasks; /* whole blocks, and how they are shared */
	bool is_flat_apart;
};

/* All of them are open, outlive the pass and are left to it until it is closed. */
void hasher_open(struct hasher *p, struct workers *workers, struct tree_builder *tree,
                 struct sha256 *flat);
void hasher_close(struct hasher *p);

vres_status hasher_begin(struct hasher *p, const void *bytes, size_t n, vres_error *err);

/* Do the piece under way to its end; without one it does nothing. */
vres_status hasher_end(struct hasher *p, vres_error *err);

/*
 * A piece that each thread gets a part of for itself, and then hashes out of the cache of its
 * processor: @n bytes from @offset of @source.  For trees only, and with no other piece under way.
 */
vres_status hasher_take(struct hasher *p, const struct hasher_source *source, uint64_t offset,
                        uint64_t n, vres_error *err);

/* The most that is asked of a source at once. */
size_t hasher_part_bytes(uint32_t block_size);

#endif
