/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Measures the backend as the core calls it, from hash_blocks to the digests in host memory:
 * launches, inner levels, waiting and copying.  One long run, many short runs and one of the same
 * size, one small shard, and a lane of low priority.
 */
#include "kernel_bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "figures.h"

#define MIB      (UINT64_C(1) << 20)
#define PATIENCE (UINT64_C(120) * 1000 * 1000 * 1000)
#define RUNS_MAX 1000u

struct path {
	struct kernel_bench *k;
	const vres_backend *ops;
	vres_bself *self;
	vres_bdev *dev;
	vres_bmem *mem;
	vres_blane *lane, *low;
	uint8_t *staging;
	uint64_t *ns;
	double whole_ns; /* of the case that the next case is compared with */
};

static void path_must(vres_status status, const vres_error *err)
{
	if (status != VRES_OK)
		give_up(err->message);
}

static void begin(struct path *p, struct kernel_bench *k)
{
	const vres_backend_open params = {.struct_size = sizeof(params),
	                                  .library_path = k->library};
	vres_device_props props = {.struct_size = sizeof(props)};
	vres_mem_info info;
	void *staging = NULL, *none = NULL;
	vres_error err;

	*p = (struct path){
		.k = k, .ops = vres_backend_cuda(), .ns = calloc(k->rounds, sizeof(uint64_t))};
	must(p->ns != NULL, "no memory");
	path_must(p->ops->open(&params, &p->self, &err), &err);
	path_must(p->ops->device_open(p->self, k->device, &props, &p->dev, &err), &err);
	path_must(p->ops->mem_alloc(p->dev, k->bytes, &p->mem, &info, &err), &err);
	path_must(p->ops->lane_open(p->dev, KERNEL_PATTERN, 0, &p->lane, &staging, &err), &err);
	path_must(p->ops->lane_open(p->dev, 0, VRES_LANE_LOW_PRIORITY, &p->low, &none, &err), &err);
	p->staging = staging;
	for (uint64_t at = 0; at < k->bytes; at += KERNEL_PATTERN) {
		memcpy(p->staging, k->pattern, KERNEL_PATTERN);
		path_must(p->ops->lane_push(p->lane, p->mem, at, KERNEL_PATTERN, &err), &err);
		path_must(p->ops->lane_wait(p->lane, PATIENCE, &err), &err);
	}
}

static void end(struct path *p)
{
	vres_error err;

	p->ops->lane_close(p->low);
	p->ops->lane_close(p->lane);
	(void)p->ops->mem_release(p->mem, &err);
	p->ops->device_close(p->dev);
	p->ops->close(p->self);
	free(p->ns);
}

/* Of the first level. */
static void check(const struct path *p, const uint8_t *digests, uint64_t nodes)
{
	uint8_t want[LEAF_HASH_BYTES];

	for (uint64_t i = 0; i < nodes; i++) {
		kernel_node(p->k, i, want);
		must(memcmp(digests + i * LEAF_HASH_BYTES, want, sizeof(want)) == 0,
		     "a node differs from OpenSSL's");
	}
}

/* Returns the median nanoseconds for @n runs of @bytes bytes each. */
static double time_of(struct path *p, vres_blane *lane, size_t n, uint64_t bytes, uint32_t level)
{
	static vres_hash_run runs[RUNS_MAX];
	const uint64_t nodes = bytes / ((uint64_t)KERNEL_BLOCK << 7 * level);
	uint8_t *digests = malloc((nodes > 0 ? nodes : 1) * n * LEAF_HASH_BYTES);
	vres_error err;

	must(digests != NULL, "no memory");
	for (size_t i = 0; i < n; i++)
		runs[i] = (vres_hash_run){p->mem, i * bytes, bytes};
	for (unsigned round = 0; round < p->k->rounds; round++) {
		uint64_t echo = 0, start = now();
		const vres_hash_job job = {sizeof(job), runs,    n,     KERNEL_BLOCK,
		                           level,       digests, start, &echo};

		path_must(p->ops->hash_blocks(lane, &job, &err), &err);
		path_must(p->ops->lane_wait(lane, PATIENCE, &err), &err);
		p->ns[round] = now() - start;
		must(echo == start, "a launch did not run");
	}
	if (level == 1)
		check(p, digests, nodes * n);
	free(digests);
	return percentile(p->ns, p->k->rounds, 50);
}

static void measure(struct path *p, const char *name, vres_blane *lane, size_t n, uint64_t bytes,
                    uint32_t level)
{
	const double ns = time_of(p, lane, n, bytes, level), all = (double)n * (double)bytes;
	const double bound = kernel_bound(p->k, true);

	printf("{\"bench\":\"path\",\"status\":\"run\",\"simulated\":%s,\"case\":\"%s\",\"runs\":%"
	       "zu,\"bytes\":%.0f,\"level\":%u,\"rounds\":%u"
	       ",\"median_ns\":%.0f,\"gb_per_s\":%.2f",
	       p->k->library != NULL ? "true" : "false", name, n, all, level, p->k->rounds, ns,
	       all / ns);
	kernel_print_number("bound_gb_per_s", bound, 1);
	kernel_print_number("of_bound", bound > 0 ? all / ns / bound : 0, 4);
	kernel_print_number("times_bytes_over_bound", bound > 0 ? ns * bound / all : 0, 3);
	kernel_print_number("over_case_before", p->whole_ns > 0 ? ns / p->whole_ns : 0, 3);
	printf("}\n");
	p->whole_ns = ns;
}

void kernel_path(struct kernel_bench *k)
{
	const uint64_t short_runs = k->bytes / MIB < RUNS_MAX ? k->bytes / MIB : RUNS_MAX;
	const uint64_t small = k->bytes < 64 * MIB ? k->bytes : 64 * MIB;
	struct path p;

	begin(&p, k);
	measure(&p, "one run, two levels up", p.lane, 1, k->bytes, 2);
	p.whole_ns = 0;
	measure(&p, "one run of as many bytes as the runs after it", p.lane, 1, short_runs * MIB,
	        1);
	measure(&p, "runs of 1 MiB", p.lane, short_runs, MIB, 1);
	p.whole_ns = 0;
	measure(&p, "one small shard", p.lane, 1, small, 1);
	measure(&p, "the same with low priority", p.low, 1, small, 1);
	end(&p);
}
