/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Spans into jobs, one level at a time. */
#include "device/vram_spans.h"

#include <inttypes.h>

#define SPAN_LEVELS 2u

/* Runs of one job: so many that its launches cost nothing beside them. */
#define JOB_RUNS ((size_t)65536)

/* Runs that are hashed together next. */
struct job {
	struct vram_digest *ms;
	uint32_t level;
	uint8_t *to;    /* the digests of all spans */
	uint64_t most;  /* bytes at once */
	size_t n, room; /* runs */
	uint64_t bytes, count;
	struct vres_range *ranges;
	vres_hash_run *runs;
	uint64_t *at; /* of each run */
};

static void job_close(struct job *job)
{
	vres_os_free(job->ranges);
	vres_os_free(job->runs);
	vres_os_free(job->at);
}

static vres_status job_open(struct job *job, struct vram_digest *ms, size_t spans, bool in_slices,
                            uint8_t *to, vres_error *err)
{
	*job = (struct job){.ms = ms,
	                    .to = to,
	                    .most = in_slices ? SLICE_BYTES : UINT64_MAX,
	                    .room = spans < JOB_RUNS ? spans : JOB_RUNS};
	job->ranges = vres_os_alloc(job->room * sizeof(*job->ranges));
	job->runs = vres_os_alloc(job->room * sizeof(*job->runs));
	job->at = vres_os_alloc(job->room * sizeof(*job->at));
	return job->ranges && job->runs && job->at
	               ? VRES_OK
	               : vres_fail(err, VRES_E_NO_MEMORY, "no memory to hash %zu ranges at once",
	                           job->room);
}

uint64_t vres_vram_span_nodes(uint64_t bytes, uint32_t block_size, uint32_t level)
{
	uint64_t n = div_up_u64(bytes, block_size);

	for (uint32_t i = 0; i < level; i++)
		n = div_up_u64(n, block_size / VRES_SHA256_BYTES);
	return n;
}

static uint64_t node_bytes(const struct job *job)
{
	const uint64_t block = job->ms->block_size;

	return job->level == 0 ? block : block * (block / VRES_SHA256_BYTES);
}

static uint64_t nodes_of(const struct job *job, uint64_t bytes)
{
	return vres_vram_span_nodes(bytes, job->ms->block_size, job->level);
}

/* The digests come one run after the other; each run's go where its span wants them. */
static void scatter(const struct job *job, const uint8_t *digests)
{
	for (size_t i = 0; i < job->n; i++) {
		const size_t bytes =
			(size_t)nodes_of(job, job->ranges[i].bytes) * VRES_SHA256_BYTES;

		memcpy(job->to + job->at[i] * VRES_SHA256_BYTES, digests, bytes);
		digests += bytes;
	}
}

static vres_status job_run(struct job *job, vres_error *err)
{
	const size_t bytes = (size_t)job->count * VRES_SHA256_BYTES;
	CLEANUP(vres_os_freep) uint8_t *digests = NULL;
	struct vram_digest *ms = job->ms;

	if (job->n == 0)
		return VRES_OK;
	digests = vres_os_alloc(bytes);
	if (digests == NULL)
		return vres_fail(err, VRES_E_NO_MEMORY, "no memory for %" PRIu64 " digests",
		                 job->count);
	TRY(vres_lane_hash(&ms->lanes[0], job->ranges, job->n, ms->block_size, job->level,
	                   job->runs, digests, job->count, err));
	TRY(vres_lane_wait(&ms->lanes[0], ms->deadline, err));
	scatter(job, digests);
	ms->bytes_hashed += job->bytes;
	job->n = 0;
	job->bytes = job->count = 0;
	return VRES_OK;
}

/* The part of a span from @done on that still fits this job, and at least one node of an empty one.
 */
static uint64_t fitting(const struct job *job, const struct vram_span *span, uint64_t done)
{
	const uint64_t left = span->bytes - done, room = job->most - job->bytes,
		       node = node_bytes(job);

	if (left <= room)
		return left;
	if (room >= node)
		return room / node * node;
	return job->n == 0 ? min_u64(left, node) : 0;
}

static vres_status job_add(struct job *job, const struct vram_span *span, vres_error *err)
{
	for (uint64_t done = 0; done < span->bytes;) {
		const uint64_t bytes = job->n < job->room ? fitting(job, span, done) : 0;

		if (bytes == 0) {
			TRY(job_run(job, err));
			continue;
		}
		job->ranges[job->n] = (struct vres_range){
			.mem = span->mem, .offset = span->offset + done, .bytes = bytes};
		job->at[job->n++] = span->at + done / node_bytes(job);
		job->bytes += bytes;
		job->count += nodes_of(job, bytes);
		done += bytes;
	}
	return VRES_OK;
}

vres_status vres_vram_spans_open(struct vram_digest *ms, struct vres_device *d, uint32_t block_size,
                                 uint64_t longest, bool by_readback, uint32_t lane_flags,
                                 uint32_t threads, uint64_t deadline, vres_error *err)
{
	*ms = (struct vram_digest){.device = d,
	                           .block_size = block_size,
	                           .longest = longest,
	                           .deadline = deadline,
	                           .by_readback = by_readback,
	                           .lane_flags = lane_flags};
	return vres_vram_digest_start(ms, threads, err);
}

static vres_status read_back(struct vram_digest *ms, const struct vram_span *span, uint8_t *digests,
                             vres_error *err)
{
	const struct vres_range range = {
		.mem = span->mem, .offset = span->offset, .bytes = span->bytes};

	ms->mem = span->mem;
	return vres_vram_digest_readback(
		ms, &range, span->level, digests + span->at * VRES_SHA256_BYTES,
		vres_vram_span_nodes(span->bytes, ms->block_size, span->level), err);
}

vres_status vres_vram_digest_spans(struct vram_digest *ms, const struct vram_span *spans, size_t n,
                                   bool in_slices, uint8_t *digests, vres_error *err)
{
	CLEANUP(job_close) struct job job = {.ms = NULL};

	for (size_t i = 0; ms->by_readback && i < n; i++)
		TRY(read_back(ms, &spans[i], digests, err));
	if (ms->by_readback || n == 0)
		return VRES_OK;
	TRY(job_open(&job, ms, n, in_slices, digests, err));
	for (job.level = 0; job.level < SPAN_LEVELS; job.level++) {
		for (size_t i = 0; i < n; i++)
			if (spans[i].level == job.level)
				TRY(job_add(&job, &spans[i], err));
		TRY(job_run(&job, err));
	}
	return VRES_OK;
}
