/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Hashes bytes piece by piece into a digest tree, a flat digest or both, on several threads.
 *
 * The flat digest is one chain and takes one thread; the others share the blocks of the tree.  A
 * piece must stay unchanged from hasher_begin() to hasher_end(); the caller may do other work
 * between the two.
 */
#ifndef VRES_CORE_HASH_HASHER_H
#define VRES_CORE_HASH_HASHER_H

#include "os/workers.h"
#include "hash/tree.h"

/*
 * Gives a thread @n bytes at @offset, valid until the same worker asks again.  Several threads ask
 * at once.
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

/* All three are open, outlive the hasher, and are used by nobody else until it is closed. */
void hasher_open(struct hasher *p, struct workers *workers, struct tree_builder *tree,
                 struct sha256 *flat);
void hasher_close(struct hasher *p);

vres_status hasher_begin(struct hasher *p, const void *bytes, size_t n, vres_error *err);

/* Finish the piece that was begun, if there is one. */
vres_status hasher_end(struct hasher *p, vres_error *err);

/*
 * Hash @n bytes from @offset of @source.  Each thread gets its own part and hashes it while it is
 * in its cache.  For trees only, and not between hasher_begin() and hasher_end().
 */
vres_status hasher_take(struct hasher *p, const struct hasher_source *source, uint64_t offset,
                        uint64_t n, vres_error *err);

/* A source is asked for at most this many bytes at once. */
size_t hasher_part_bytes(uint32_t block_size);

#endif
