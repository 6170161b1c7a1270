/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the files of kernel_bench share. kernel_variants.c compares kernels, which kernel_load.c
 * loads and kernel_apart.c tries in a process of its own; kernel_shipped.c asks each image of the
 * library for its digests; kernel_path.c measures the backend with
 * the shipped kernel; kernel_graph.c replays a job's launches as a graph.
 */
#ifndef TESTS_BENCH_KERNEL_BENCH_H
#define TESTS_BENCH_KERNEL_BENCH_H

#include <vres/backend.h>
#include <vres/vres.h>
#include "cuda/driver.h"
#include "gpu/dialect.h"
#include "kernels/leaf_hash.h"

#define KERNEL_BLOCK 4096u

/*
 * The content repeats after this many bytes, so that the host need not hash all of it to know every
 * digest.
 */
#define KERNEL_PATTERN (UINT64_C(16) << 20)

struct kernel_bench {
	struct gpu_binding *b;
	const char *library; /* NULL: the system's */
	const char *only;    /* run only this kernel; NULL: run everything */
	uint32_t device, processors;
	uint64_t bytes; /* to hash: a multiple of the pattern */
	unsigned rounds;
	double clock_ghz; /* measured in the shipped kernel; 0: not measured */
	uint8_t *pattern;
	uint8_t *digests; /* of the blocks of the pattern, by OpenSSL */
	bool is_wrong;    /* a kernel gave wrong digests, or faulted */
	bool is_absent;   /* the kernel asked for does not run on this device */
};

/* Kernels that are loaded together: those for any device, that of kernel_bulk.cu, that of
 * kernel_shifts.cu. */
enum kernel_source { KERNEL_COMMON, KERNEL_BULK, KERNEL_SHIFTS, KERNEL_SOURCES };

struct kernel_loaded {
	cuda_module module;
	const char *image; /* NULL: none is loaded; why not */
	char why[128];
};

/* Ends the program if a driver call failed. */
void kernel_must(const struct kernel_bench *k, int code, const char *what);

/* Makes the device's context current and opens a stream; undoes both. */
void kernel_enter(const struct kernel_bench *k, cuda_stream *stream);
void kernel_leave(const struct kernel_bench *k, cuda_stream stream);

/* The expected node @i of the first level. */
void kernel_node(const struct kernel_bench *k, uint64_t i, uint8_t digest[LEAF_HASH_BYTES]);

/*
 * The GB/s that rotations and logic allow at the measured clock, with or without inner levels; 0 if
 * the clock is not known.
 */
double kernel_bound(const struct kernel_bench *k, bool with_tree);

/* Prints a number, or null. */
void kernel_print_number(const char *name, double value, int digits);

/*
 * Loads into the current context.  Ends the program if the kernels for any device cannot be loaded.
 */
void kernel_load(const struct kernel_bench *k, struct kernel_loaded loaded[KERNEL_SOURCES]);
void kernel_unload(const struct kernel_bench *k, struct kernel_loaded loaded[KERNEL_SOURCES]);

/*
 * The exit status of a process that runs one kernel alone: 0; 77 if the kernel is not for this
 * device; another if it fails.
 */
int kernel_try_apart(const struct kernel_bench *k, const char *name);

void kernel_shipped(struct kernel_bench *k);
void kernel_variants(struct kernel_bench *k);
void kernel_path(struct kernel_bench *k);
void kernel_graph(struct kernel_bench *k);

#endif
