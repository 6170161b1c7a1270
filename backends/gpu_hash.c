/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Hashing runs of blocks up to a level of the tree, in a fixed amount of device memory however long the runs are.
 *
 * Each level below the asked one has a place in the scratch slot for some of its digests.  Leaves are hashed a window at a time; a place that
 * is full, or that nothing more will come to, is hashed into the place above.  All places and windows are powers of two, so a place that is
 * not the last is full exactly when it holds whole nodes only.  Everything is on one stream, so nothing has to be waited for until there
 * is no more room for results.
 */
#include "gpu.h"

#include "leaf_hash.h"

#define LEVELS_MAX 12u
#define GROUP      128u /* threads of a launch's groups: one thread for each block */

/* Each launch echoes the nonce to a word of its own, so that every one that did not run is seen. */
#define ECHOES_MAX 512u

struct climb {
	vres_bdev *dev;
	vres_blane *lane;
	const vres_hash_job *job;
	uint64_t until;
	uint64_t fanout;
	uint64_t echoes;            /* where they are on the device */
	uint64_t place[LEVELS_MAX]; /* of the digests of each level */
	uint64_t room[LEVELS_MAX];  /* for so many */
	uint64_t fill[LEVELS_MAX];
	uint64_t results, results_room, results_fill;
	uint8_t *digests;  /* where the next results go on the host */
	uint32_t launches; /* since results were fetched */
	uint64_t echo;     /* the nonce, as long as every launch has echoed it */
};

static uint64_t div_up(uint64_t a, uint64_t b)
{
	return a / b + (a % b != 0);
}

static uint64_t lower(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Divide the slot: echoes, a place for each level below the asked one, and the rest for results. */
static void divide(struct climb *c)
{
	const uint64_t base = c->dev->scratch.chunk.addr + c->lane->slot * c->dev->scratch.slot_bytes;
	const uint64_t leaves = c->dev->scratch.slot_bytes / 4 / LEAF_HASH_BYTES;
	uint64_t at = base + ECHOES_MAX * sizeof(uint64_t);

	c->echoes = base;
	for (uint32_t level = 0; level < c->job->level; level++) {
		const uint64_t from_below = level == 0 ? leaves : c->room[level - 1] / c->fanout;

		c->room[level] = from_below > c->fanout ? from_below : c->fanout;
		c->place[level] = at;
		at += c->room[level] * LEAF_HASH_BYTES;
	}
	c->results = at;
	c->results_room = (base + c->dev->scratch.slot_bytes - at) / LEAF_HASH_BYTES;
}

/* Results and echoes to the host.  Nothing is on its way to host memory any more when this returns, whatever it returns. */
static vres_status bring(struct climb *c, uint64_t echoes[ECHOES_MAX], vres_error *err)
{
	const struct gpu_driver *driver = c->dev->driver;
	struct gpu_binding *b = c->dev->binding;
	int code = 0, finished;

	if (c->results_fill > 0)
		code = driver->pull(b, c->digests, c->results, c->results_fill * LEAF_HASH_BYTES, c->lane->stream);
	if (code == 0)
		code = driver->pull(b, echoes, c->echoes, c->launches * sizeof(echoes[0]), c->lane->stream);
	finished = driver->stream_finish(b, c->lane->stream);
	return gpu_outcome(c->dev, code != 0 ? code : finished, "copying digests from the device", err);
}

/* The kernels are waited for first, which has a deadline; the copies then take no time to speak of. */
static vres_status fetch(struct climb *c, vres_error *err)
{
	uint64_t echoes[ECHOES_MAX] = {0};

	if (c->launches == 0)
		return VRES_OK;
	TRY(gpu_stream_wait(c->dev, c->lane->stream, c->until, &c->lane->is_stuck, err));
	TRY(bring(c, echoes, err));
	for (uint32_t i = 0; i < c->launches && c->echo == c->job->nonce; i++)
		c->echo = echoes[i];
	c->digests += c->results_fill * LEAF_HASH_BYTES;
	c->results_fill = 0;
	c->launches = 0;
	return VRES_OK;
}

/* Before a launch that adds @results results. */
static vres_status make_room(struct climb *c, uint64_t results, vres_error *err)
{
	if (c->launches == ECHOES_MAX || c->results_room - c->results_fill < results)
		return fetch(c, err);
	return VRES_OK;
}

/* Blocks @first on, @count of them, of the @bytes bytes at @data. */
static vres_status launch(struct climb *c, uint64_t data, uint64_t bytes, uint64_t first, uint64_t count, uint64_t digests, vres_error *err)
{
	vres_leaf_hash_args args = {.data = (const uint8_t *)(uintptr_t)data,
	                            .bytes = bytes,
	                            .first = first,
	                            .count = count,
	                            .digests = (uint8_t *)(uintptr_t)digests,
	                            .nonce = c->job->nonce,
	                            .echo = (uint64_t *)(uintptr_t)(c->echoes + c->launches * sizeof(uint64_t)),
	                            .block_size = c->job->block_size};
	const uint32_t groups = (uint32_t)div_up(count, GROUP);

	c->launches++;
	return gpu_outcome(c->dev, c->dev->driver->launch(c->dev->binding, c->dev->kernel, groups, GROUP, &args, c->lane->stream),
	                   "launching the kernel", err);
}

/* Where digests of a level go next; the asked level's are the results. */
static uint64_t *fill_of(struct climb *c, uint32_t level)
{
	return level == c->job->level ? &c->results_fill : &c->fill[level];
}

static uint64_t end_of(struct climb *c, uint32_t level)
{
	const uint64_t start = level == c->job->level ? c->results : c->place[level];

	return start + *fill_of(c, level) * LEAF_HASH_BYTES;
}

/* Hash what is full, or all there is when the run is at its end, into the level above. */
static vres_status ascend(struct climb *c, bool at_end, vres_error *err)
{
	for (uint32_t level = 0; level < c->job->level; level++) {
		const uint64_t nodes = div_up(c->fill[level], c->fanout);

		if (c->fill[level] < c->room[level] && !at_end)
			break;
		TRY(make_room(c, level + 1 == c->job->level ? nodes : 0, err));
		TRY(launch(c, c->place[level], c->fill[level] * LEAF_HASH_BYTES, 0, nodes, end_of(c, level + 1), err));
		c->fill[level] = 0;
		*fill_of(c, level + 1) += nodes;
	}
	return VRES_OK;
}

static vres_status hash_run(struct climb *c, const vres_hash_run *run, vres_error *err)
{
	const uint64_t blocks = div_up(run->bytes, c->job->block_size);
	const uint64_t window = c->job->level == 0 ? c->results_room : c->room[0];
	uint64_t count;

	for (uint64_t first = 0; first < blocks; first += count) {
		count = lower(blocks - first, window);
		TRY(make_room(c, c->job->level == 0 ? count : 0, err));
		TRY(launch(c, run->mem->chunk.addr + run->offset, run->bytes, first, count, end_of(c, 0), err));
		*fill_of(c, 0) += count;
		TRY(ascend(c, first + count == blocks, err));
	}
	return VRES_OK;
}

vres_status gpu_hash_run(vres_blane *lane, const vres_hash_job *job, uint64_t until, vres_error *err)
{
	struct climb c = {.dev = lane->dev, .lane = lane, .job = job, .until = until, .digests = job->digests, .echo = job->nonce};

	c.fanout = job->block_size / LEAF_HASH_BYTES;
	if (lane->slot == NO_SLOT)
		TRY(gpu_scratch_take(lane->dev, until, &lane->slot, err));
	divide(&c);
	for (size_t i = 0; i < job->runs_count; i++)
		TRY(hash_run(&c, &job->runs[i], err));
	TRY(fetch(&c, err));
	*job->echo = c.echo;
	/* After a failure the slot stays this lane's: kernels that may still run write to it. */
	gpu_scratch_give_back(lane->dev, &lane->slot);
	return VRES_OK;
}
