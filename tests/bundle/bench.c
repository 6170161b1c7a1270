/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How fast on a real device, each figure beside one for the bare work, taken in the same run.  The
 * kernel's variants are kernel_bench's.  Over a fake driver the numbers say that it runs, and
 * nothing else.
 */
#include "bench.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "bundle.h"
#include "support/fixture/test_device.h"

#define CALLS    200
#define MANY     1000
#define SM_COUNT 16 /* CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT */
/* integer operations a clock of a multiprocessor, which bound SHA-256 */
#define LANES_PER_SM 64
/* integer operations of a block of 4096 bytes, padding block included, by the kernel's own count */
#define BLOCK_WORK 67200.0
#define TREE_WORK  (128.0 / 127.0) /* with the levels above the leaves */

double gb_per_s(uint64_t bytes, uint64_t ns)
{
	return ns ? (double)bytes / (double)ns : 0;
}

double rate_of(uint64_t bytes, uint64_t ns[ROUNDS])
{
	return gb_per_s(bytes, (uint64_t)percentile(ns, ROUNDS, 50));
}

vres_shard *seal_memory(struct device_bench *b, uint64_t bytes, uint32_t alg, const char *expected)
{
	vres_seal_params p = vres_seal_params_init();
	vres_shard *shard = NULL;
	vres_error err;

	p.digest_alg = alg;
	p.expected_digest = expected;
	if (vres_seal_memory(b->manager, &p, b->data, bytes, &shard, &err) != VRES_OK)
		give_up(err.message);
	return shard;
}

/*
 * The host hashes a flat digest, a tree, or, where the digest that the device has to find is known,
 * nothing.
 */
static void seal_figures(struct device_bench *b)
{
	static const struct {
		uint32_t alg;
		bool expects;
		const char *name, *beside;
	} kinds[] = {{VRES_DIGEST_VERITY, true, "seal_verity_expected", NULL},
	             {VRES_DIGEST_VERITY, false, "seal_verity", NULL},
	             {VRES_DIGEST_SHA256, false, "seal_sha256", "sha256_one_core"}};

	for (size_t k = 0; k < 3; k++) {
		vres_shard *shard = seal_memory(b, b->host_bytes, kinds[k].alg, NULL);
		vres_shard_info info = vres_shard_info_init();
		uint64_t ns[ROUNDS];

		must(vres_shard_describe(shard, &info, NULL) == VRES_OK, "no description");
		vres_shard_release(shard);
		for (int i = 0; i < ROUNDS; i++) {
			const uint64_t start = now();

			shard = seal_memory(b, b->host_bytes, kinds[k].alg,
			                    kinds[k].expects ? info.digest : NULL);
			ns[i] = now() - start;
			vres_shard_release(shard);
		}
		figures_add(&b->figures, kinds[k].name, rate_of(b->host_bytes, ns), "GB/s",
		            "copy_to_device", kinds[k].beside);
	}
}

uint64_t time_verify(vres_shard *shard, uint32_t mode, bool background)
{
	vres_verify_params p = vres_verify_params_init();
	const uint64_t start = now();
	vres_error err;

	p.mode = mode;
	p.background = background;
	if (vres_shard_verify(shard, &p, NULL, &err) != VRES_OK)
		give_up(err.message);
	return now() - start;
}

/*
 * What the multiprocessors could hash if they did nothing else; 0: their number or clock is not
 * known.
 */
static double bound(void)
{
	void *library =
		test_device_library() ? NULL : dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
	void *symbol = library ? dlsym(library, "cuDeviceGetAttribute") : NULL;
	int (*attribute)(int *value, int which, int device) = NULL;
	unsigned mhz;
	int sms = 0;

	memcpy(&attribute, &symbol, sizeof(attribute));
	if (attribute == NULL || attribute(&sms, SM_COUNT, 0) != 0 || !nvml_sm_clock(&mhz))
		return 0;
	return (double)sms * LANES_PER_SM * mhz * 1e6 * 4096 / (BLOCK_WORK * TREE_WORK) / 1e9;
}

/* The same piece again and again, so that the largest shard needs no memory of the host. */
static vres_status read_piece(void *ctx, void *buf, size_t n)
{
	const struct device_bench *b = ctx;

	for (size_t at = 0; at < n; at += b->host_bytes)
		memcpy((uint8_t *)buf + at, b->data,
		       n - at < b->host_bytes ? n - at : b->host_bytes);
	return VRES_OK;
}

static void verify_figures(struct device_bench *b)
{
	const vres_seal_params p = vres_seal_params_init();
	vres_shard *shard = NULL;
	uint64_t full[ROUNDS], back[ROUNDS];
	double most = 0;
	vres_error err;

	if (vres_seal_stream(b->manager, &p, read_piece, b, b->bytes, &shard, &err) != VRES_OK)
		give_up(err.message);
	for (int i = 0; i < ROUNDS; i++) {
		full[i] = time_verify(shard, VRES_VERIFY_FULL, false);
		most = bound() > most ? bound() : most; /* the clock, just after the work */
	}
	vres_shard_release(shard);
	if (most > 0)
		figures_add(&b->figures, "hash_bound", most, "GB/s", NULL, NULL);
	figures_add(&b->figures, "verify_full", rate_of(b->bytes, full), "GB/s",
	            most > 0 ? "hash_bound" : "copy_from_device", "old_way");
	b->bound = most;
	shard = seal_memory(b, b->host_bytes, VRES_DIGEST_VERITY, NULL);
	for (int i = 0; i < ROUNDS; i++)
		back[i] = time_verify(shard, VRES_VERIFY_READBACK, false);
	vres_shard_release(shard);
	figures_add(&b->figures, "verify_readback", rate_of(b->host_bytes, back), "GB/s",
	            "copy_from_device", "sha256_one_core");
}

/* One shard that most devices cannot hold. */
static void large_figures(struct device_bench *b)
{
	const uint64_t bytes = 101 * GIB;
	vres_device_info info = vres_device_info_init();
	vres_seal_params p = vres_seal_params_init();
	vres_shard *shard = NULL;
	uint64_t full[ROUNDS], start;
	vres_error err;

	if (vres_device_describe(b->manager, 0, &info, &err) != VRES_OK ||
	    info.available_bytes < bytes)
		return;
	p.digest_alg = VRES_DIGEST_VERITY;
	start = now();
	if (vres_seal_stream(b->manager, &p, read_piece, b, bytes, &shard, &err) != VRES_OK)
		give_up(err.message);
	figures_add(&b->figures, "seal_stream_101gib", gb_per_s(bytes, now() - start), "GB/s",
	            "copy_to_device", "memcpy_one_core");
	for (int i = 0; i < ROUNDS; i++)
		full[i] = time_verify(shard, VRES_VERIFY_FULL, false);
	vres_shard_release(shard);
	figures_add(&b->figures, "verify_full_101gib", rate_of(bytes, full), "GB/s", "verify_full",
	            "old_way");
}

static void latency_of(struct device_bench *b, uint64_t bytes, uint32_t mode, const char *name,
                       const char *beside)
{
	vres_shard *shard = seal_memory(b, bytes, VRES_DIGEST_VERITY, NULL);
	uint64_t ns[CALLS];

	(void)time_verify(shard, mode, false);
	for (int i = 0; i < CALLS; i++)
		ns[i] = time_verify(shard, mode, false);
	vres_shard_release(shard);
	figures_add(&b->figures, name, percentile(ns, CALLS, 50) / 1000, "us", beside, NULL);
}

static void latency_figures(struct device_bench *b)
{
	latency_of(b, 4096, VRES_VERIFY_SIGNATURE, "verify_signature_median", NULL);
	latency_of(b, 4096, VRES_VERIFY_FULL, "verify_full_4kib_median", "verify_signature_median");
	if (b->host_bytes >= MIB)
		latency_of(b, MIB, VRES_VERIFY_FULL, "verify_full_1mib_median",
		           "verify_full_4kib_median");
	if (b->bound > 0)
		figures_add(&b->figures, "bound_64mib", 64.0 * MIB / b->bound / 1000, "us", NULL,
		            NULL);
	if (b->host_bytes >= 64 * MIB)
		latency_of(b, 64 * MIB, VRES_VERIFY_FULL, "verify_full_64mib_median",
		           b->bound > 0 ? "bound_64mib" : "verify_full_1mib_median");
}

/* As many small shards as one large one, verified in one call. */
static void many_figures(struct device_bench *b)
{
	const uint64_t each = b->host_bytes / MANY < MIB ? b->host_bytes / MANY / 4096 * 4096 : MIB;
	vres_shard *shards[MANY], *one;
	uint64_t many[ROUNDS], single[ROUNDS];
	vres_error err;

	if (each == 0)
		return;
	one = seal_memory(b, each * MANY, VRES_DIGEST_VERITY, NULL);
	for (int i = 0; i < MANY; i++)
		shards[i] = seal_memory(b, each, VRES_DIGEST_VERITY, NULL);
	for (int i = 0; i < ROUNDS; i++) {
		const uint64_t start = now();

		if (vres_verify_many(b->manager, shards, MANY, NULL, NULL, &err) != VRES_OK)
			give_up(err.message);
		many[i] = now() - start;
		single[i] = time_verify(one, VRES_VERIFY_FULL, false);
	}
	for (int i = 0; i < MANY; i++)
		vres_shard_release(shards[i]);
	vres_shard_release(one);
	figures_add(&b->figures, "verify_one_of_1000_parts", percentile(single, ROUNDS, 50) / 1000,
	            "us", NULL, NULL);
	figures_add(&b->figures, "verify_1000_shards", percentile(many, ROUNDS, 50) / 1000, "us",
	            "verify_one_of_1000_parts", NULL);
}

static void open_manager(struct device_bench *b)
{
	vres_config config = vres_config_init();
	vres_policy policy = vres_policy_init();
	vres_error err;

	policy.allow = test_device_kind()->allow | VRES_ALLOW_NO_ECC | VRES_ALLOW_READBACK |
	               VRES_ALLOW_PINNED_STAGING |
	               (test_device_library() ? VRES_ALLOW_SIMULATED : 0);
	must(vres_key_derive("bench", 5, NULL, &b->key, NULL) == VRES_OK, "no key");
	config.backend = test_device_kind()->backend();
	config.library_path = test_device_library();
	config.key = b->key;
	config.worker_id = "bench";
	config.policy = &policy;
	if (vres_manager_create(&config, &b->manager, &err) != VRES_OK)
		give_up(err.message);
}

/*
 * Of the largest shard; and a host buffer half as large, at most 4 GiB, since that is what a seal
 * is compared over.
 */
static void choose_sizes(struct device_bench *b, const char *asked)
{
	vres_device_info info = vres_device_info_init();
	vres_error err;

	if (vres_device_describe(b->manager, 0, &info, &err) != VRES_OK)
		give_up(err.message);
	b->bytes = asked ? strtoull(asked, NULL, 0) : 8 * GIB;
	if (b->bytes > info.available_bytes / 10 * 6)
		b->bytes = info.available_bytes / 10 * 6;
	must(b->bytes >= 8192, "too little memory on the device, or not a number of bytes");
	b->host_bytes = b->bytes / 2 < 4 * GIB ? b->bytes / 2 : 4 * GIB;
	b->data = malloc(b->host_bytes);
	must(b->data != NULL, "no memory on the host");
	for (uint64_t i = 0, x = 1; i < b->host_bytes / 8; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		memcpy(b->data + 8 * i, &x, 8);
	}
}

int bundle_bench(const char *bytes)
{
	struct device_bench b = {.bytes = 0};
	unsigned mhz;

	must(test_device_kind()->backend != NULL, "VRES_TEST_DEVICE names no GPU's backend");
	open_manager(&b);
	choose_sizes(&b, bytes);
	bench_plain(&b);
	figures_print_new(&b.figures);
	seal_figures(&b);
	figures_print_new(&b.figures);
	verify_figures(&b);
	figures_print_new(&b.figures);
	if (nvml_sm_clock(&mhz))
		fprintf(stderr, "sm_clock_mhz=%u\n", mhz);
	latency_figures(&b);
	figures_print_new(&b.figures);
	many_figures(&b);
	figures_print_new(&b.figures);
	bench_beside(&b);
	figures_print_new(&b.figures);
	if (bytes == NULL)
		large_figures(&b);
	figures_print(&b.figures);
	free(b.data);
	vres_manager_destroy(b.manager);
	vres_key_destroy(b.key);
	return 0;
}
