/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A launch of the hash kernel: its threads, run if the device has access to all that they touch. */
#include "fake/driver/launch.h"

struct span {
	uint64_t addr, bytes;
};

/* The number of blocks of piece @i, which ends where the next one begins. */
static uint64_t blocks_of(const vres_leaf_hash_args *args, uint32_t i)
{
	return (i + 1 < args->pieces_count ? args->pieces[i + 1].first : args->threads) -
	       args->pieces[i].first;
}

static struct span data_of(const vres_leaf_hash_args *args, uint32_t i)
{
	return (struct span){(uint64_t)(uintptr_t)args->pieces[i].data, args->pieces[i].bytes};
}

static struct span digests_of(const vres_leaf_hash_args *args, uint32_t i)
{
	const uint64_t blocks = (args->pieces[i].bytes + args->block_size - 1) / args->block_size;

	return (struct span){(uint64_t)(uintptr_t)args->digests +
	                             (uint64_t)args->pieces[i].place * LEAF_HASH_BYTES,
	                     blocks * LEAF_HASH_BYTES};
}

static bool are_apart(struct span a, struct span b)
{
	return a.addr + a.bytes <= b.addr || b.addr + b.bytes <= a.addr;
}

/*
 * Each thread must have its own block and its own place for the digest, and no thread may read what
 * another of this launch writes.
 */
static bool piece_is_sound(const vres_leaf_hash_args *args, uint32_t i)
{
	const vres_leaf_hash_piece *piece = &args->pieces[i];
	const uint64_t blocks = blocks_of(args, i);
	bool good = blocks > 0 &&
	            (piece->bytes + args->block_size - 1) / args->block_size == blocks &&
	            piece->place + blocks <= args->digests_room && (i > 0 || piece->first == 0);

	for (uint32_t j = 0; j < args->pieces_count && good; j++)
		good = are_apart(digests_of(args, i), data_of(args, j)) &&
		       (i == j || are_apart(digests_of(args, i), digests_of(args, j)));
	return good;
}

/* Was piece @i copied to the device for this launch? */
static bool is_of_launch(const vres_leaf_hash_args *args, uint32_t i)
{
	return args->pieces[i].seal == leaf_hash_seal(&args->pieces[i], args->nonce);
}

static bool are_all_of_launch(const vres_leaf_hash_args *args)
{
	bool all = true;

	for (uint32_t i = 0; i < args->pieces_count; i++)
		all &= is_of_launch(args, i);
	return all;
}

/* If the copy of the list was left out, the list may still have pieces of an earlier job. */
static bool run_threads(const struct fake_work *work, int device)
{
	const vres_leaf_hash_args *args = &work->args;
	const bool is_whole = are_all_of_launch(args);
	bool good = args->one == 1 && args->threads <= work->all;

	for (uint32_t i = 0; i < args->pieces_count && good; i++)
		good = !is_of_launch(args, i) ||
		       ((!is_whole || piece_is_sound(args, i)) &&
		        fake_open(data_of(args, i).addr, data_of(args, i).bytes, device,
		                  CUDA_ACCESS_READ) &&
		        fake_open(digests_of(args, i).addr, digests_of(args, i).bytes, device,
		                  CUDA_ACCESS_READ_WRITE));
	for (uint64_t thread = work->from; thread < work->to && good; thread++)
		leaf_hash_thread(args, args->one, (uint32_t)thread);
	for (uint32_t i = 0; i < args->pieces_count; i++) {
		if (!is_of_launch(args, i))
			continue;
		fake_shut(data_of(args, i).addr, data_of(args, i).bytes);
		fake_shut(digests_of(args, i).addr, digests_of(args, i).bytes);
	}
	return good;
}

bool fake_launch_run(const struct fake_work *work, int device)
{
	const vres_leaf_hash_args *args = &work->args;
	const uint64_t pieces = (uint64_t)(uintptr_t)args->pieces,
		       pieces_bytes = args->pieces_count * sizeof(*args->pieces);
	const uint64_t echo = (uint64_t)(uintptr_t)args->echo;
	const bool good = fake_open(pieces, pieces_bytes, device, CUDA_ACCESS_READ) &&
	                  fake_open(echo, sizeof(*args->echo), device, CUDA_ACCESS_READ_WRITE) &&
	                  run_threads(work, device);
	fake_shut(pieces, pieces_bytes);
	fake_shut(echo, sizeof(*args->echo));
	return good;
}
