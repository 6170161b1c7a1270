/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Compares the launches of a hash job, put on a stream one by one, with the same launches captured
 * once and replayed as a CUDA graph.  The backend plans the job (hash_plan.c).  The work on the
 * stream is that of hash.c, in its order: pieces to the device, launches, digests and echoes back.
 * Only the wait between kernels and digests is left out in both.  A graph contains the job's nonce
 * and the addresses of its pieces, so another job needs another graph; the time to make one is
 * printed.
 */
#include "kernel_bench.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "fake/cuda/cuda_graph.h"
#include "figures.h"
#include "gpu/hash_plan.h"
#include "gpu/objects.h"

#define MIB      (UINT64_C(1) << 20)
#define SLOT     (16 * MIB) /* the size of a scratch slot on a device with this much memory */
#define NONCE    UINT64_C(4711)
#define RUNS_MAX 1000u

struct graph_api {
#define GRAPH_API_FIELD(name, version, parameters) cuda_fn_##name name;
	CUDA_GRAPH_FUNCTIONS(GRAPH_API_FIELD)
#undef GRAPH_API_FIELD
};

struct replay {
	struct kernel_bench *k;
	const struct cuda_api *api;
	struct graph_api graphs;
	cuda_stream stream;
	struct kernel_loaded loaded[KERNEL_SOURCES];
	cuda_function kernel;
	vres_bmem mem;
	cuda_pointer slot;
	struct gpu_desk desk;
	struct gpu_plan plan; /* of the only batch of the job */
	vres_leaf_hash_args args;
	/* Page-locked: with pageable memory, copies would be done in the call. */
	vres_leaf_hash_piece *pieces;
	uint8_t *results;
	uint64_t *echoes;
	uint8_t *want;
	uint64_t *ns[2];
};

/* The first function that the driver lacks, or NULL. */
static const char *bind(struct replay *r)
{
#define GRAPH_SYMBOL(name, version, parameters) {#name, version, offsetof(struct graph_api, name)},
	static const struct {
		const char *name;
		int version;
		size_t at;
	} symbols[] = {CUDA_GRAPH_FUNCTIONS(GRAPH_SYMBOL)};
#undef GRAPH_SYMBOL
	void *symbol = dlsym(r->k->b->library, "cuGetProcAddress_v2");
	cuda_get_proc_address look_up;

	memcpy(&look_up, &symbol, sizeof(look_up));
	for (size_t i = 0; i < COUNT_OF(symbols); i++) {
		void *function = NULL;

		if (look_up(symbols[i].name, &function, symbols[i].version, 0, NULL) != CUDA_OK ||
		    function == NULL)
			return symbols[i].name;
		memcpy((char *)&r->graphs + symbols[i].at, &function, sizeof(function));
	}
	return NULL;
}

static void *page_locked(struct replay *r, size_t bytes)
{
	void *block;

	kernel_must(r->k, r->api->cuMemHostAlloc(&block, bytes, 0), "page-locking memory");
	return block;
}

static void begin(struct replay *r, uint64_t bytes)
{
	cuda_pointer data;

	kernel_enter(r->k, &r->stream);
	kernel_load(r->k, r->loaded);
	kernel_must(r->k,
	            r->api->cuModuleGetFunction(&r->kernel, r->loaded[KERNEL_COMMON].module,
	                                        "vres_leaf_hash"),
	            "finding the kernel");
	kernel_must(r->k, r->api->cuMemAlloc(&data, bytes), "allocating");
	kernel_must(r->k, r->api->cuMemAlloc(&r->slot, SLOT), "allocating");
	r->mem = (vres_bmem){.chunk = {.addr = data, .capacity = bytes}, .bytes = bytes};
	must(gpu_desk_open(&r->desk, SLOT), "no memory");
	r->pieces = page_locked(r, r->desk.pieces_room * sizeof(*r->pieces));
	r->results = page_locked(r, SLOT);
	r->echoes = page_locked(r, PLAN_LAUNCHES * sizeof(*r->echoes));
	r->want = malloc(SLOT);
	must(r->want != NULL, "no memory");
	for (int i = 0; i < 2; i++)
		must((r->ns[i] = calloc(r->k->rounds, sizeof(uint64_t))) != NULL, "no memory");
	for (uint64_t at = 0; at < bytes; at += KERNEL_PATTERN)
		kernel_must(r->k,
		            r->api->cuMemcpyHtoDAsync(data + at, r->k->pattern, KERNEL_PATTERN,
		                                      r->stream),
		            "copying to the device");
	kernel_must(r->k, r->api->cuStreamSynchronize(r->stream), "copying to the device");
}

static void end(struct replay *r)
{
	free(r->ns[1]);
	free(r->ns[0]);
	free(r->want);
	(void)r->api->cuMemFreeHost(r->echoes);
	(void)r->api->cuMemFreeHost(r->results);
	(void)r->api->cuMemFreeHost(r->pieces);
	gpu_desk_close(&r->desk);
	(void)r->api->cuMemFree(r->slot);
	(void)r->api->cuMemFree(r->mem.chunk.addr);
	kernel_unload(r->k, r->loaded);
	kernel_leave(r->k, r->stream);
}

static void plan(struct replay *r, const vres_hash_job *job)
{
	struct gpu_plan *p = &r->plan;
	struct gpu_plan batch;

	gpu_plan_begin(p, job, &r->desk, r->slot, SLOT, r->k->processors, false);
	must(gpu_plan_next(p, NONCE) && p->levels == job->level,
	     "a job without launches, or with levels for the host");
	batch = *p;
	must(!gpu_plan_next(p, NONCE), "a job of several batches");
	*p = batch;
	memcpy(r->pieces, r->desk.pieces, p->pieces * sizeof(*r->pieces));
	r->args = (vres_leaf_hash_args){.digests = (uint8_t *)(uintptr_t)p->slot.digests,
	                                .digests_room = (uint32_t)p->slot.room,
	                                .block_size = KERNEL_BLOCK,
	                                .one = 1};
	leaf_hash_know_padding(r->args.padding, KERNEL_BLOCK);
	for (uint64_t i = 0; i < p->results; i++)
		kernel_node(r->k, i, r->want + i * LEAF_HASH_BYTES);
}

static void launch(struct replay *r, uint32_t i)
{
	const struct gpu_planned_launch *planned = &r->desk.launches[i];
	vres_leaf_hash_args args = r->args;
	void *parameters[] = {&args};

	args.pieces =
		(const vres_leaf_hash_piece *)(uintptr_t)r->plan.slot.pieces + planned->first_piece;
	args.echo = (uint64_t *)(uintptr_t)r->plan.slot.echoes + i;
	args.nonce = gpu_plan_nonce(&r->plan, i);
	args.pieces_count = planned->pieces;
	args.threads = planned->threads;
	kernel_must(r->k,
	            r->api->cuLaunchKernel(r->kernel,
	                                   (planned->threads + GPU_GROUP - 1) / GPU_GROUP, 1, 1,
	                                   GPU_GROUP, 1, 1, 0, r->stream, parameters, NULL),
	            "launching");
}

static uint64_t results_at(const struct replay *r)
{
	return r->plan.slot.digests + r->plan.slot.results * LEAF_HASH_BYTES;
}

/* Puts all work of a job on the stream, or into the graph that is being captured. */
static void put(struct replay *r)
{
	const struct gpu_plan *p = &r->plan;

	kernel_must(r->k,
	            r->api->cuMemcpyHtoDAsync(p->slot.pieces, r->pieces,
	                                      p->pieces * sizeof(*r->pieces), r->stream),
	            "copying pieces");
	for (uint32_t i = 0; i < p->launches; i++)
		launch(r, i);
	kernel_must(r->k,
	            r->api->cuMemcpyDtoHAsync(r->results, results_at(r),
	                                      p->results * LEAF_HASH_BYTES, r->stream),
	            "copying digests");
	kernel_must(r->k,
	            r->api->cuMemcpyDtoHAsync(r->echoes, p->slot.echoes,
	                                      p->launches * sizeof(*r->echoes), r->stream),
	            "copying echoes");
}

/* *ns: the time to make the graph, capturing included. */
static cuda_graph_exec capture(struct replay *r, uint64_t *ns)
{
	const uint64_t start = now();
	cuda_graph_exec exec;
	cuda_graph graph;

	kernel_must(r->k, r->graphs.cuStreamBeginCapture(r->stream, CUDA_CAPTURE_RELAXED),
	            "beginning to capture");
	put(r);
	kernel_must(r->k, r->graphs.cuStreamEndCapture(r->stream, &graph), "capturing");
	kernel_must(r->k, r->graphs.cuGraphInstantiateWithFlags(&exec, graph, 0),
	            "making a graph that can be launched");
	*ns = now() - start;
	kernel_must(r->k, r->graphs.cuGraphDestroy(graph), "giving up a graph");
	return exec;
}

/* Clears the results of the round before. */
static void clear(struct replay *r)
{
	memset(r->results, 0, r->plan.results * LEAF_HASH_BYTES);
	memset(r->echoes, 0, r->plan.launches * sizeof(*r->echoes));
	kernel_must(r->k, r->api->cuMemsetD8Async(r->slot, 0, SLOT, r->stream), "clearing");
	kernel_must(r->k, r->api->cuStreamSynchronize(r->stream), "clearing");
}

/* Checks that every launch has echoed its nonce, and removes the masks of the digests. */
static void reveal(struct replay *r)
{
	uint32_t place = (uint32_t)r->plan.slot.results;
	uint8_t *result = r->results;

	for (uint32_t i = 0; i < r->plan.launches; i++) {
		const uint64_t nonce = gpu_plan_nonce(&r->plan, i);

		must(r->echoes[i] == nonce, "a launch did not run");
		for (uint32_t j = 0; j < r->desk.launches[i].results; j++) {
			leaf_hash_reveal(result, nonce, place++);
			result += LEAF_HASH_BYTES;
		}
	}
}

/*
 * Returns the nanoseconds until the digests are in host memory.  @exec: NULL for launches one by
 * one.
 */
static uint64_t run(struct replay *r, cuda_graph_exec exec)
{
	uint64_t start, ns;

	clear(r);
	start = now();
	if (exec)
		kernel_must(r->k, r->graphs.cuGraphLaunch(exec, r->stream), "launching a graph");
	else
		put(r);
	kernel_must(r->k, r->api->cuStreamSynchronize(r->stream), "hashing");
	ns = now() - start;
	reveal(r);
	must(memcmp(r->results, r->want, r->plan.results * LEAF_HASH_BYTES) == 0,
	     "a node differs from OpenSSL's");
	return ns;
}

static void measure(struct replay *r, const char *name, size_t n, uint64_t bytes)
{
	static vres_hash_run runs[RUNS_MAX];
	const vres_hash_job job = {.struct_size = sizeof(job),
	                           .runs = runs,
	                           .runs_count = n,
	                           .block_size = KERNEL_BLOCK,
	                           .level = 1};
	cuda_graph_exec exec;
	uint64_t made_ns;
	double plain, graph;

	for (size_t i = 0; i < n; i++)
		runs[i] = (vres_hash_run){&r->mem, i * bytes, bytes};
	plan(r, &job);
	exec = capture(r, &made_ns);
	(void)run(r, NULL);
	(void)run(r, exec);
	for (unsigned round = 0; round < r->k->rounds; round++) {
		r->ns[0][round] = run(r, NULL);
		r->ns[1][round] = run(r, exec);
	}
	kernel_must(r->k, r->graphs.cuGraphExecDestroy(exec), "giving up a graph");
	plain = percentile(r->ns[0], r->k->rounds, 50);
	graph = percentile(r->ns[1], r->k->rounds, 50);
	printf("{\"bench\":\"graph\",\"status\":\"run\",\"simulated\":%s,\"case\":\"%s\",\"runs\":%"
	       "zu,\"bytes\":%.0f,\"launches\":%u,\"rounds\":"
	       "%u"
	       ",\"digests\":\"equal to "
	       "OpenSSL\",\"plain_ns\":%.0f,\"graph_ns\":%.0f,\"graph_over_plain\":%.3f,\"graph_"
	       "made_ns\":%.0f}\n",
	       r->k->library != NULL ? "true" : "false", name, n, (double)n * (double)bytes,
	       r->plan.launches, r->k->rounds, plain, graph, graph / plain, (double)made_ns);
}

void kernel_graph(struct kernel_bench *k)
{
	const uint64_t short_runs = k->bytes / MIB < RUNS_MAX ? k->bytes / MIB : RUNS_MAX;
	const uint64_t small = k->bytes < 64 * MIB ? k->bytes : 64 * MIB;
	struct replay r = {.k = k, .api = &k->b->api};
	const char *missing = bind(&r);

	if (missing) {
		printf("{\"bench\":\"graph\",\"status\":\"not run\",\"why\":\"the driver has no "
		       "%s\"}\n",
		       missing);
		return;
	}
	begin(&r, (short_runs * MIB + KERNEL_PATTERN - 1) / KERNEL_PATTERN * KERNEL_PATTERN);
	measure(&r, "one small shard", 1, small);
	measure(&r, "runs of 1 MiB", short_runs, MIB);
	end(&r);
}
