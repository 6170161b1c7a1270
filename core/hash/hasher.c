/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A piece is a job for the workers: one task makes the flat digest, the others hash runs of blocks.
 * When all are done the tree gets the digests of the blocks in order.
 */
#include "hash/hasher.h"

/*
 * What one task hashes.  It fits the second-level cache, and takes several times as long as waking
 * a thread.  A task has at least as many blocks as the widest kernel hashes at once.
 */
#define TASK_BYTES  ((size_t)1 << 20)
#define TASK_BLOCKS ((size_t)32)

/* Bytes that a task takes from a source.  More, since each request costs time. */
#define PART_BYTES ((size_t)2 << 20)

/* Bytes of a source in one job: large, so that starting jobs costs nothing next to hashing. */
#define JOB_BYTES ((size_t)256 << 20)

static size_t blocks_in(size_t bytes, uint32_t block_size)
{
	return bytes / block_size < TASK_BLOCKS ? TASK_BLOCKS : bytes / block_size;
}

size_t hasher_part_bytes(uint32_t block_size)
{
	return blocks_in(PART_BYTES, block_size) * block_size;
}

void hasher_open(struct hasher *p, struct workers *workers, struct tree_builder *tree,
                 struct sha256 *flat)
{
	*p = (struct hasher){.workers = workers, .tree = tree, .flat = flat};
}

void hasher_close(struct hasher *p)
{
	if (p->workers)
		workers_stop(p->workers);
	vres_os_free(p->digests);
	*p = (struct hasher){.workers = NULL};
}

static vres_status hash_blocks(const struct hasher *p, uint32_t worker, size_t index,
                               vres_error *err)
{
	CLEANUP(blocks_close) struct blocks blocks = {0};
	const uint32_t block_size = p->tree->block_size;
	const size_t first = index * p->each, left = p->whole - first,
		     n = left < p->each ? left : p->each;
	const uint8_t *bytes = NULL;

	if (p->source)
		TRY(p->source->get(p->source->ctx, worker, p->offset + first * block_size,
		                   n * block_size, &bytes, err));
	else
		bytes = p->blocks + first * block_size;
	TRY(blocks_open(&blocks, p->tree->blocks.way, block_size, err));
	return blocks_hash(&blocks, bytes, n, p->digests + first * VRES_SHA256_BYTES, err);
}

/* The flat digest is the first task, since it takes longest. */
static vres_status task(void *job, uint32_t worker, size_t index, vres_error *err)
{
	const struct hasher *p = job;

	if (!p->is_flat_apart)
		return hash_blocks(p, worker, index, err);
	return index == 0 ? vres_sha256_add(p->flat, p->bytes, (size_t)(p->end - p->bytes), err)
	                  : hash_blocks(p, worker, index - 1, err);
}

/* Share @n whole blocks among tasks. */
static vres_status share(struct hasher *p, size_t n, vres_error *err)
{
	p->whole = n;
	p->each = blocks_in(p->source ? PART_BYTES : TASK_BYTES, p->tree->block_size);
	p->tree_tasks = (size_t)div_up_u64(n, p->each);
	if (n <= p->room)
		return VRES_OK;
	vres_os_free(p->digests);
	p->room = 0;
	p->digests = vres_os_alloc(n * VRES_SHA256_BYTES);
	if (p->digests == NULL)
		return vres_fail(err, VRES_E_NO_MEMORY, "no memory for %zu digests", n);
	p->room = n;
	return VRES_OK;
}

/* The tree itself takes the bytes at either end that make no whole block. */
static vres_status share_piece(struct hasher *p, size_t n, vres_error *err)
{
	const size_t missing = tree_missing(p->tree), head = missing < n ? missing : n;

	TRY(tree_add(p->tree, p->bytes, head, err));
	p->blocks = p->bytes + head;
	return share(p, (n - head) / p->tree->block_size, err);
}

vres_status hasher_begin(struct hasher *p, const void *bytes, size_t n, vres_error *err)
{
	p->bytes = bytes;
	p->end = p->bytes + n;
	p->source = NULL;
	p->tree_tasks = 0;
	p->is_flat_apart = p->flat && n >= TASK_BYTES;
	if (p->flat && !p->is_flat_apart)
		TRY(vres_sha256_add(p->flat, bytes, n, err));
	if (p->tree)
		TRY(share_piece(p, n, err));
	workers_begin(p->workers, task, p, p->tree_tasks + p->is_flat_apart);
	return VRES_OK;
}

static vres_status add_digests(struct hasher *p, vres_error *err)
{
	return p->whole > 0 ? tree_add_digests(p->tree, p->digests, p->whole, err) : VRES_OK;
}

vres_status hasher_end(struct hasher *p, vres_error *err)
{
	TRY(workers_end(p->workers, err));
	if (p->tree && p->bytes) {
		const uint8_t *rest = p->blocks + p->whole * p->tree->block_size;

		TRY(add_digests(p, err));
		TRY(tree_add(p->tree, rest, (size_t)(p->end - rest), err));
	}
	p->bytes = NULL;
	return VRES_OK;
}

/* Less than a block, on the caller's thread. */
static vres_status take_bytes(struct hasher *p, const struct hasher_source *source, uint64_t offset,
                              size_t n, vres_error *err)
{
	const uint8_t *bytes = NULL;

	if (n == 0)
		return VRES_OK;
	TRY(source->get(source->ctx, 0, offset, n, &bytes, err));
	return tree_add(p->tree, bytes, n, err);
}

vres_status hasher_take(struct hasher *p, const struct hasher_source *source, uint64_t offset,
                        uint64_t n, vres_error *err)
{
	const uint32_t block_size = p->tree->block_size;
	const size_t head = (size_t)min_u64(tree_missing(p->tree), n);
	uint64_t left = n - head;

	TRY(take_bytes(p, source, offset, head, err));
	p->source = source;
	p->is_flat_apart = false;
	for (p->offset = offset + head; left >= block_size;
	     left -= (uint64_t)p->whole * block_size) {
		TRY(share(p, (size_t)(min_u64(left, JOB_BYTES) / block_size), err));
		workers_begin(p->workers, task, p, p->tree_tasks);
		TRY(workers_end(p->workers, err));
		TRY(add_digests(p, err));
		p->offset += (uint64_t)p->whole * block_size;
	}
	return take_bytes(p, source, p->offset, (size_t)left, err);
}
