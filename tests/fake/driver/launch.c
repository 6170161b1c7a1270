/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A launch of the hash kernel: its threads, run if the device has access to all that they touch. */
#include "fake/driver/launch.h"
#include <stdlib.h>

/* The number of blocks of piece @i, which ends where the next one begins. */
static uint64_t blocks_of(const vres_leaf_hash_args *args, uint32_t i)
{
	return (i + 1 < args->pieces_count ? args->pieces[i + 1].first : args->threads) -
	       args->pieces[i].first;
}

static struct fake_span data_of(const vres_leaf_hash_args *args, uint32_t i)
{
	return (struct fake_span){(uint64_t)(uintptr_t)args->pieces[i].data, args->pieces[i].bytes,
	                          false};
}

static struct fake_span digests_of(const vres_leaf_hash_args *args, uint32_t i)
{
	const uint64_t blocks = (args->pieces[i].bytes + args->block_size - 1) / args->block_size;

	return (struct fake_span){(uint64_t)(uintptr_t)args->digests +
	                                  (uint64_t)args->pieces[i].place * LEAF_HASH_BYTES,
	                          blocks * LEAF_HASH_BYTES, true};
}

/* The list of pieces. */
static struct fake_span list_of(const vres_leaf_hash_args *args)
{
	return (struct fake_span){(uint64_t)(uintptr_t)args->pieces,
	                          args->pieces_count * sizeof(*args->pieces), false};
}

static bool are_apart(struct fake_span a, struct fake_span b)
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

/*
 * If the copy of the list was left out, the list may still have pieces of an earlier job, whose
 * threads do nothing.
 */
static bool is_sound(const struct fake_work *work)
{
	const vres_leaf_hash_args *args = &work->args;
	const bool is_whole = are_all_of_launch(args);
	bool good = args->one == 1 && args->threads <= work->all;

	for (uint32_t i = 0; i < args->pieces_count && good && is_whole; i++)
		good = piece_is_sound(args, i);
	return good;
}

/* What the launch may touch, to be freed, and how much that is; NULL: no memory. */
static struct fake_span *spans_of(const vres_leaf_hash_args *args, uint32_t *count)
{
	struct fake_span *spans = calloc(2 + 2 * (size_t)args->pieces_count, sizeof(*spans));

	*count = 0;
	if (spans == NULL)
		return NULL;
	spans[(*count)++] = list_of(args);
	spans[(*count)++] =
		(struct fake_span){(uint64_t)(uintptr_t)args->echo, sizeof(*args->echo), true};
	for (uint32_t i = 0; i < args->pieces_count; i++) {
		if (!is_of_launch(args, i))
			continue;
		spans[(*count)++] = data_of(args, i);
		spans[(*count)++] = digests_of(args, i);
	}
	return spans;
}

static bool open_span(const struct fake_span *span, int device)
{
	return fake_open(span->addr, span->bytes, device,
	                 span->is_result ? CUDA_ACCESS_READ_WRITE : CUDA_ACCESS_READ);
}

static void run_threads(const struct fake_work *work)
{
	for (uint64_t thread = work->from; thread < work->to; thread++)
		leaf_hash_thread(&work->args, work->args.one, (uint32_t)thread);
}

/* The host can read the list of pieces. */
static bool run(const struct fake_work *work, int device)
{
	uint32_t count;
	struct fake_span *spans = spans_of(&work->args, &count);
	bool good = spans != NULL && is_sound(work);

	for (uint32_t i = 0; i < count && good; i++)
		good = open_span(&spans[i], device);
	if (good && fake_judge_is_wanted())
		good = fake_judge_run(work, spans, count);
	else if (good)
		run_threads(work);
	for (uint32_t i = count; i-- > 0;)
		fake_shut(spans[i].addr, spans[i].bytes);
	free(spans);
	return good;
}

bool fake_launch_run(const struct fake_work *work, int device)
{
	const struct fake_span list = list_of(&work->args);
	const bool good = open_span(&list, device) && run(work, device);

	fake_shut(list.addr, list.bytes);
	return good;
}
