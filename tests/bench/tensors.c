/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Tensors of an engine beside one range of as many bytes: many and small ones, a signature over
 * many allocations, a resume after an update, and what the host keeps of each.  By processor time,
 * the least of a few rounds, since the mock hashes on the calling thread.
 */
#include "bench.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LARGE UINT64_C(300)   /* as many as a model of 7 billion parameters has */
#define MANY  UINT64_C(20000) /* as small as biases and scales are */
#define SMALL UINT64_C(4096)

enum { ROUNDS = 3, SEGMENTS = 30, CHECKS = 2000, NAME = 24 };

/* @n tensors that lie one after the other in memory of the mock. */
struct model {
	struct bench b;
	uint8_t *memory;
	uint64_t bytes;
	size_t n, segments;
	vres_tensor *tensors;
	char (*names)[NAME];
};

static void model_open(struct model *m, size_t n, uint64_t each, size_t segments)
{
	const uint64_t part = n * each / segments;

	*m = (struct model){.bytes = n * each, .n = n, .segments = segments};
	m->memory = aligned_alloc(SMALL, m->bytes);
	m->tensors = calloc(n, sizeof(*m->tensors));
	m->names = calloc(n, sizeof(*m->names));
	must(m->memory && m->tensors && m->names, "no memory");
	memset(m->memory, 0x5a, m->bytes);
	bench_open(&m->b, m->bytes, 0);
	for (size_t i = 0; i < n; i++) {
		snprintf(m->names[i], NAME, "layers.%zu.weight", i);
		m->tensors[i] = vres_tensor_init();
		m->tensors[i].name = m->names[i];
		m->tensors[i].bytes = each;
		m->tensors[i].device_ptr = (uint64_t)(uintptr_t)m->memory + i * each;
	}
	for (size_t i = 0; i < segments; i++) {
		uint64_t address;

		must(vres_mock_map(m->b.mock, 0, m->memory + i * part, part, &address) == VRES_OK,
		     "no memory of the mock");
	}
}

static void model_close(struct model *m)
{
	const uint64_t part = m->bytes / m->segments;

	vres_shard_release(m->b.shard);
	m->b.shard = NULL;
	for (size_t i = 0; i < m->segments; i++)
		vres_mock_unmap(m->b.mock, (uint64_t)(uintptr_t)m->memory + i * part);
	bench_close(&m->b);
	free(m->memory);
	free(m->tensors);
	free(m->names);
}

static void seal_range(struct model *m)
{
	vres_seal_params p = vres_seal_params_init();

	vres_shard_release(m->b.shard);
	p.digest_alg = VRES_DIGEST_VERITY;
	must(vres_seal_adopt(m->b.manager, &p, (uint64_t)(uintptr_t)m->memory, m->bytes,
	                     &m->b.shard, NULL) == VRES_OK,
	     "sealing failed");
}

static void seal_tensors(struct model *m)
{
	vres_seal_params p = vres_seal_params_init();

	vres_shard_release(m->b.shard);
	p.digest_alg = VRES_DIGEST_TENSORS;
	must(vres_seal_tensors(m->b.manager, &p, m->tensors, m->n, &m->b.shard, NULL) == VRES_OK,
	     "sealing failed");
}

static void verify(struct model *m)
{
	bench_verify(&m->b, VRES_VERIFY_FULL);
}

static void signatures(struct model *m)
{
	for (unsigned i = 0; i < CHECKS; i++)
		bench_verify(&m->b, VRES_VERIFY_SIGNATURE);
}

/* Another byte in the first tensor each time, and that tensor named as changed. */
static void update(struct model *m)
{
	vres_resume_params p = vres_resume_params_init();
	vres_change change = vres_change_init();

	m->memory[0]++;
	p.changes = &change;
	p.changes_n = 1;
	must(vres_shard_suspend(m->b.shard, NULL) == VRES_OK, "no suspension");
	m->memory[1]++;
	must(vres_shard_resume(m->b.shard, &p, NULL, NULL) == VRES_OK, "no resume");
}

static void manifest(struct model *m)
{
	const size_t room = m->n * (sizeof("sha256: \n") + 64 + NAME);
	char *text = malloc(room);
	size_t n;

	must(text && vres_shard_manifest(m->b.shard, text, room, &n, NULL) == VRES_OK,
	     "no manifest");
	free(text);
}

/* Milliseconds. */
static double least(struct model *m, void (*work)(struct model *))
{
	uint64_t ns[ROUNDS];

	for (unsigned i = 0; i < ROUNDS; i++) {
		const uint64_t start = processor_time();

		work(m);
		ns[i] = processor_time() - start;
	}
	return percentile(ns, ROUNDS, 0) / 1e6;
}

static size_t heap(void)
{
	const struct mallinfo2 info = mallinfo2();

	return info.uordblks + info.hblkhd;
}

/* Beyond its name and the one digest that is kept of it. */
static double host_bytes_each(struct model *m)
{
	size_t before, names = 0;

	seal_tensors(m); /* what lives as long as the manager is there now */
	vres_shard_release(m->b.shard);
	m->b.shard = NULL;
	before = heap();
	seal_tensors(m);
	for (size_t i = 0; i < m->n; i++)
		names += strlen(m->names[i]) + 1;
	return ((double)(heap() - before) - (double)names) / (double)m->n - 32;
}

static void bench_large(struct figures *f, uint64_t each)
{
	struct model m;

	model_open(&m, LARGE, each, 1);
	figures_add(f, "seal_one_range", least(&m, seal_range), "ms", NULL, NULL);
	figures_add(f, "verify_one_range", least(&m, verify), "ms", NULL, NULL);
	figures_add(f, "seal_300_tensors", least(&m, seal_tensors), "ms", "seal_one_range", NULL);
	figures_add(f, "verify_300_tensors", least(&m, verify), "ms", "verify_one_range", NULL);
	figures_add(f, "resume_1_of_300_changed", least(&m, update), "ms", "verify_300_tensors",
	            NULL);
	model_close(&m);
}

static void bench_small_tensors(struct figures *f)
{
	struct model m;

	model_open(&m, MANY, SMALL, 1);
	figures_add(f, "seal_range_of_78_mib", least(&m, seal_range), "ms", NULL, NULL);
	figures_add(f, "verify_range_of_78_mib", least(&m, verify), "ms", NULL, NULL);
	figures_add(f, "seal_20000_tensors", least(&m, seal_tensors), "ms", "seal_range_of_78_mib",
	            NULL);
	figures_add(f, "verify_20000_tensors", least(&m, verify), "ms", "verify_range_of_78_mib",
	            NULL);
	figures_add(f, "manifest_of_20000", least(&m, manifest), "ms", NULL, NULL);
	figures_add(f, "host_bytes_a_tensor", host_bytes_each(&m), "bytes", NULL, NULL);
	model_close(&m);
}

static double signature_us(size_t segments)
{
	struct model m;
	double ms;

	model_open(&m, SEGMENTS, SMALL, segments);
	if (segments == 1)
		seal_range(&m);
	else
		seal_tensors(&m);
	ms = least(&m, signatures);
	model_close(&m);
	return ms * 1000 / CHECKS;
}

void bench_tensors(struct figures *f, uint64_t each)
{
	bench_large(f, each);
	bench_small_tensors(f);
	figures_add(f, "signature_one_range", signature_us(1), "us", NULL, NULL);
	figures_add(f, "signature_30_allocations", signature_us(SEGMENTS), "us",
	            "signature_one_range", NULL);
}
