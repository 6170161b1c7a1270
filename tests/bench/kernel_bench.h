/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the parts of kernel_bench share: kernel_variants.c compares kernels, which kernel_load.c
 * loads and kernel_apart.c tries out; kernel_path.c times the backend around the shipped one;
 * kernel_graph.c replays a job's launches as a graph.
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
 * Content repeats after so many bytes, so that the host need not hash all of it to know every
 * digest.
 */
#define KERNEL_PATTERN (UINT64_C(16) << 20)

struct kernel_bench {
	struct gpu_binding *b;
	const char *library; /* NULL: the system's */
	const char *only;    /* this kernel, and nothing around it; NULL: all */
	uint32_t device, processors;
	uint64_t bytes; /* to hash: whole patterns */
	unsigned rounds;
	double clock_ghz; /* as measured in the shipped kernel; 0 when it was not */
	uint8_t *pattern;
	uint8_t *digests; /* of the pattern's blocks, by OpenSSL */
	bool is_wrong;    /* a kernel has other digests, or faults */
	bool is_absent;   /* the one that was asked for is not for this device */
};

/* What is loaded as one: the kernels for any device, and those of kernel_bulk.cu. */
enum kernel_source { KERNEL_COMMON, KERNEL_BULK, KERNEL_SOURCES };

struct kernel_loaded {
	cuda_module module;
	const char *image; /* NULL: none is loaded, and why */
	char why[128];
};

/* Ends the program when a driver call failed. */
void kernel_must(const struct kernel_bench *k, int code, const char *what);

/* Between the two the device's context is current, and there is a stream. */
void kernel_enter(const struct kernel_bench *k, cuda_stream *stream);
void kernel_leave(const struct kernel_bench *k, cuda_stream stream);

/* What node number @i of the first level has to be, where the content begins with a pattern. */
void kernel_node(const struct kernel_bench *k, uint64_t i, uint8_t digest[LEAF_HASH_BYTES]);

/*
 * GB/s that rotations and logic allow at the measured clock, inner levels included or not; 0 when
 * the clock is not known.
 */
double kernel_bound(const struct kernel_bench *k, bool with_tree);

/* A number, or null. */
void kernel_print_number(const char *name, double value, int digits);

/*
 * In the current context.  Ends the program where the kernels for any device are not for this one.
 */
void kernel_load(const struct kernel_bench *k, struct kernel_loaded loaded[KERNEL_SOURCES]);
void kernel_unload(const struct kernel_bench *k, struct kernel_loaded loaded[KERNEL_SOURCES]);

/*
 * The status with which a process ends that runs one kernel alone: 0, or 77 where the device has
 * not got it, unless something is wrong with it.
 */
int kernel_try_apart(const struct kernel_bench *k, const char *name);

void kernel_variants(struct kernel_bench *k);
void kernel_path(struct kernel_bench *k);
void kernel_graph(struct kernel_bench *k);

#endif
