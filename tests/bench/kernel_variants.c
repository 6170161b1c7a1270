/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Runs each kernel over the same bytes, in turns, so that changes of the device between rounds
 * affect all kernels.
 */
#include "kernel_bench.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "figures.h"

/*
 * The first is the shipped kernel, the second the one it is compared with, the last reads the
 * clock.
 */
static const struct variant {
	const char *name;
	enum kernel_source source;
	uint32_t group; /* threads of one */
} variants[] = {
	{"vres_leaf_hash", KERNEL_COMMON, GPU_GROUP},
	{"vres_leaf_hash_plain", KERNEL_COMMON, GPU_GROUP},
	{"vres_leaf_hash_shifts", KERNEL_SHIFTS, GPU_GROUP},
	{"vres_leaf_hash_6_groups", KERNEL_COMMON, GPU_GROUP},
	{"vres_leaf_hash_8_groups", KERNEL_COMMON, GPU_GROUP},
	{"vres_leaf_hash_staged", KERNEL_COMMON, GPU_GROUP},
	{"vres_leaf_hash_bulk", KERNEL_BULK, GPU_GROUP / 2},
	{"vres_leaf_hash_clocked", KERNEL_COMMON, GPU_GROUP},
};
#define VARIANTS COUNT_OF(variants)

/* Of all launches, since digests and echo are cleared before each. */
#define NONCE UINT64_C(4711)

/* Words that kernels write on the device. */
enum { WORD_BEGIN, WORD_END, WORD_ECHO, WORD_CYCLES, WORD_NS, WORDS };

struct race {
	struct kernel_bench *k;
	const struct cuda_api *api;
	cuda_stream stream;
	struct kernel_loaded loaded[KERNEL_SOURCES];
	cuda_function stamp, kernels[VARIANTS]; /* NULL: not here, or wrong */
	char wrong[VARIANTS][64];               /* what is wrong, if anything */
	cuda_pointer data, digests, piece, words;
	uint64_t blocks;
	uint64_t *ns[VARIANTS];
	uint64_t last[WORDS];
};

static bool is_asked_for(const struct race *r, size_t variant)
{
	return r->k->only == NULL || strcmp(r->k->only, variants[variant].name) == 0;
}

static void find(struct race *r)
{
	kernel_load(r->k, r->loaded);
	kernel_must(r->k,
	            r->api->cuModuleGetFunction(&r->stamp, r->loaded[KERNEL_COMMON].module,
	                                        "vres_stamp"),
	            "finding the stamp");
	for (size_t i = 0; i < VARIANTS; i++)
		if (is_asked_for(r, i) && r->loaded[variants[i].source].image)
			kernel_must(r->k,
			            r->api->cuModuleGetFunction(
					    &r->kernels[i], r->loaded[variants[i].source].module,
					    variants[i].name),
			            variants[i].name);
}

static void fill(struct race *r)
{
	const vres_leaf_hash_piece piece =
		leaf_hash_sealed((const uint8_t *)(uintptr_t)r->data, r->k->bytes, 0, 0, NONCE);

	for (uint64_t at = 0; at < r->k->bytes; at += KERNEL_PATTERN)
		kernel_must(r->k,
		            r->api->cuMemcpyHtoDAsync(r->data + at, r->k->pattern, KERNEL_PATTERN,
		                                      r->stream),
		            "copying to the device");
	kernel_must(r->k, r->api->cuMemcpyHtoDAsync(r->piece, &piece, sizeof(piece), r->stream),
	            "copying to the device");
	kernel_must(r->k, r->api->cuStreamSynchronize(r->stream), "copying to the device");
}

static void begin(struct race *r, struct kernel_bench *k)
{
	*r = (struct race){.k = k, .api = &k->b->api, .blocks = k->bytes / KERNEL_BLOCK};
	kernel_enter(k, &r->stream);
	kernel_must(k, r->api->cuMemAlloc(&r->data, k->bytes), "allocating");
	kernel_must(k, r->api->cuMemAlloc(&r->digests, r->blocks * LEAF_HASH_BYTES), "allocating");
	kernel_must(k, r->api->cuMemAlloc(&r->piece, sizeof(vres_leaf_hash_piece)), "allocating");
	kernel_must(k, r->api->cuMemAlloc(&r->words, WORDS * sizeof(uint64_t)), "allocating");
	for (size_t i = 0; i < VARIANTS; i++)
		must((r->ns[i] = calloc(k->rounds, sizeof(uint64_t))) != NULL, "no memory");
	find(r);
	fill(r);
}

static void end(struct race *r)
{
	for (size_t i = 0; i < VARIANTS; i++)
		free(r->ns[i]);
	kernel_unload(r->k, r->loaded);
	(void)r->api->cuMemFree(r->words);
	(void)r->api->cuMemFree(r->piece);
	(void)r->api->cuMemFree(r->digests);
	(void)r->api->cuMemFree(r->data);
	kernel_leave(r->k, r->stream);
}

static void launch(struct race *r, cuda_function kernel, uint32_t groups, uint32_t threads,
                   const vres_leaf_hash_args *args, unsigned word)
{
	vres_leaf_hash_args own = *args;
	void *parameters[] = {&own};

	own.echo = (uint64_t *)(uintptr_t)r->words + word;
	kernel_must(r->k,
	            r->api->cuLaunchKernel(kernel, groups, 1, 1, threads, 1, 1, 0, r->stream,
	                                   parameters, NULL),
	            "launching");
}

/* Returns the nanoseconds on the device between the stamps before and after the kernel. */
static uint64_t run(struct race *r, size_t variant)
{
	vres_leaf_hash_args args = {.pieces = (const vres_leaf_hash_piece *)(uintptr_t)r->piece,
	                            .digests = (uint8_t *)(uintptr_t)r->digests,
	                            .nonce = NONCE,
	                            .pieces_count = 1,
	                            .threads = (uint32_t)r->blocks,
	                            .digests_room = (uint32_t)r->blocks,
	                            .block_size = KERNEL_BLOCK,
	                            .one = 1};
	const uint32_t group = variants[variant].group;

	leaf_hash_know_padding(args.padding, KERNEL_BLOCK);
	kernel_must(r->k,
	            r->api->cuMemsetD8Async(r->digests, 0, r->blocks * LEAF_HASH_BYTES, r->stream),
	            "clearing");
	kernel_must(r->k, r->api->cuMemsetD8Async(r->words, 0, sizeof(r->last), r->stream),
	            "clearing");
	launch(r, r->stamp, 1, 1, &args, WORD_BEGIN);
	launch(r, r->kernels[variant], (uint32_t)((r->blocks + group - 1) / group), group, &args,
	       WORD_ECHO);
	launch(r, r->stamp, 1, 1, &args, WORD_END);
	kernel_must(r->k, r->api->cuMemcpyDtoHAsync(r->last, r->words, sizeof(r->last), r->stream),
	            "copying from the device");
	kernel_must(r->k, r->api->cuStreamSynchronize(r->stream), variants[variant].name);
	must(r->last[WORD_ECHO] == args.nonce, "a kernel did not run");
	must(r->last[WORD_END] > r->last[WORD_BEGIN], "the device's clock goes backwards");
	return r->last[WORD_END] - r->last[WORD_BEGIN];
}

static bool digests_are_right(struct race *r)
{
	const uint64_t period = KERNEL_PATTERN / KERNEL_BLOCK * LEAF_HASH_BYTES;
	uint8_t *got = malloc(period);
	bool right = true;

	must(got != NULL, "no memory");
	for (uint64_t at = 0; at < r->blocks * LEAF_HASH_BYTES; at += period) {
		kernel_must(r->k,
		            r->api->cuMemcpyDtoHAsync(got, r->digests + at, period, r->stream),
		            "copying from the device");
		kernel_must(r->k, r->api->cuStreamSynchronize(r->stream),
		            "copying from the device");
		for (uint64_t i = 0; i < period; i += LEAF_HASH_BYTES)
			leaf_hash_reveal(got + i, NONCE, (uint32_t)((at + i) / LEAF_HASH_BYTES));
		right = right && memcmp(got, r->k->digests, period) == 0;
	}
	free(got);
	return right;
}

__attribute__((format(printf, 3, 4))) static void leave_out(struct race *r, size_t variant,
                                                            const char *why, ...)
{
	va_list values;

	va_start(values, why);
	(void)vsnprintf(r->wrong[variant], sizeof(r->wrong[variant]), why, values);
	va_end(values);
	fprintf(stderr, "kernel_bench: %s: %s\n", variants[variant].name, r->wrong[variant]);
	r->k->is_wrong = true;
	r->kernels[variant] = NULL;
}

/*
 * Runs each kernel once, without timing.  A wrong kernel fails the run, but the others are still
 * measured.
 */
static void try_out(struct race *r, size_t variant)
{
	(void)run(r, variant);
	if (digests_are_right(r))
		return;
	leave_out(r, variant, "a digest differs from OpenSSL's");
}

static void print(struct race *r, size_t variant)
{
	const double bytes = (double)r->k->bytes;
	const double ns = percentile(r->ns[variant], r->k->rounds, 50),
		     plain = percentile(r->ns[1], r->k->rounds, 50);
	const double bound = kernel_bound(r->k, false);

	if (!is_asked_for(r, variant))
		return;
	if (r->kernels[variant] == NULL) {
		r->k->is_absent = r->k->only != NULL;
		printf("{\"bench\":\"kernel\",\"status\":\"%s\",\"kernel\":\"%s\",\"why\":\"%s\"}"
		       "\n",
		       r->wrong[variant][0] ? "failed" : "not run", variants[variant].name,
		       r->wrong[variant][0] ? r->wrong[variant]
		                            : r->loaded[variants[variant].source].why);
		return;
	}
	printf("{\"bench\":\"kernel\",\"status\":\"run\",\"simulated\":%s,\"kernel\":\"%s\","
	       "\"image\":\"%s\",\"bytes\":%.0f,\"rounds\":%u"
	       ",\"digests\":\"equal to "
	       "OpenSSL\",\"median_ns\":%.0f,\"best_ns\":%.0f,\"gb_per_s\":%.2f",
	       r->k->library != NULL ? "true" : "false", variants[variant].name,
	       r->loaded[variants[variant].source].image, bytes, r->k->rounds, ns,
	       percentile(r->ns[variant], r->k->rounds, 0), bytes / ns);
	kernel_print_number("over_plain", plain / ns, 3);
	kernel_print_number("sm_clock_ghz", r->k->clock_ghz, 4);
	kernel_print_number("bound_gb_per_s", bound, 1);
	kernel_print_number("of_bound", bound > 0 ? bytes / ns / bound : 0, 4);
	printf("}\n");
}

void kernel_variants(struct kernel_bench *k)
{
	int apart[VARIANTS] = {0};
	struct race r;

	for (size_t i = 0; i < VARIANTS && k->only == NULL; i++)
		apart[i] = variants[i].source == KERNEL_COMMON
		                   ? 0
		                   : kernel_try_apart(k, variants[i].name);
	begin(&r, k);
	for (size_t i = 0; i < VARIANTS; i++) {
		if (r.kernels[i] && apart[i] != 0)
			leave_out(&r, i, "alone in a process it ends that with status %d",
			          apart[i]);
		else if (r.kernels[i])
			try_out(&r, i);
	}
	for (unsigned round = 0; round < k->rounds; round++)
		for (size_t i = 0; i < VARIANTS; i++)
			r.ns[i][round] = r.kernels[i] ? run(&r, i) : 0;
	/* The last kernel that ran was the one that reads the clock. */
	k->clock_ghz =
		r.last[WORD_NS] > 0 ? (double)r.last[WORD_CYCLES] / (double)r.last[WORD_NS] : 0;
	for (size_t i = 0; i < VARIANTS; i++)
		print(&r, i);
	end(&r);
}
