/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How fast, and beside what: every figure stands beside one for the bare work, taken in the same
 * run on the same machine, since ratios travel and seconds do not.  Nothing here passes or fails.
 * BYTES is at most 16 GiB.
 *
 * 	bench [BYTES]                    speed, on BYTES bytes (256 MiB) in the mock's VRAM
 * 	bench growth [BYTES [SHARDS]]    how cost grows, up to BYTES (64 MiB) and SHARDS (1,000)
 * 	bench hashing [BYTES]            hashing on the host, of BYTES bytes (256 MiB) and of 1 MB
 * 	bench repair [BYTES]             damage in a shard of BYTES (1 GiB), beside a FULL
 * verification bench tensors [BYTES]            300 tensors of BYTES bytes (8 MiB), 20,000 of 4 KiB
 * 	bench tools [BYTES]              `vres digest` beside other tools, on BYTES bytes (1 GiB)
 * 	bench rss FILE                   host memory that sealing FILE takes
 *
 * The mock's "device" is one core that runs the kernel's source.  The file of `bench tools` is in
 * /dev/shm.  `bench rss` does not count the mock's VRAM and the kept level of the digest tree.
 */
#include "bench.h"

#include <stdlib.h>
#include <string.h>

static void open_over(struct bench *b, uint64_t bytes, uint64_t lease_max_age,
                      uint32_t no_device_hash)
{
	vres_mock_params mock = vres_mock_params_init();
	vres_policy policy = vres_policy_init();
	vres_config c = vres_config_init();

	mock.no_device_hash = no_device_hash;
	mock.bytes_per_device = (bytes + (2 << 20)) / (1 << 20) * (1 << 20);
	policy.allow = VRES_ALLOW_SIMULATED | VRES_ALLOW_NO_ECC | VRES_ALLOW_READBACK;
	policy.lease_max_age = lease_max_age;
	must(vres_mock_create(&mock, &b->mock, NULL) == VRES_OK, "no mock");
	must(vres_key_derive("bench", 5, NULL, &b->key, NULL) == VRES_OK, "no key");
	c.backend = vres_backend_mock();
	c.backend_arg = b->mock;
	c.key = b->key;
	c.worker_id = "bench";
	c.policy = &policy;
	c.audit = b->audit;
	must(vres_manager_create(&c, &b->manager, NULL) == VRES_OK, "no manager");
}

void bench_open(struct bench *b, uint64_t bytes, uint64_t lease_max_age)
{
	open_over(b, bytes, lease_max_age, 0);
}

void bench_open_without_hash(struct bench *b, uint64_t bytes)
{
	open_over(b, bytes, 0, 1);
}

void bench_close(struct bench *b)
{
	vres_shard_release(b->shard);
	vres_manager_destroy(b->manager);
	vres_key_destroy(b->key);
	vres_mock_destroy(b->mock);
	memset(b, 0, sizeof(*b));
}

void bench_release(void *arg)
{
	struct bench *b = arg;

	vres_shard_release(b->shard);
	b->shard = NULL;
}

void bench_seal(struct bench *b, uint32_t alg, const char *expected)
{
	vres_seal_params p = vres_seal_params_init();

	p.digest_alg = alg;
	p.expected_digest = expected;
	must(vres_seal_memory(b->manager, &p, b->data, b->bytes, &b->shard, NULL) == VRES_OK,
	     "sealing failed");
}

void bench_verify(const struct bench *b, uint32_t mode)
{
	vres_verify_params p = vres_verify_params_init();

	p.mode = mode;
	must(vres_shard_verify(b->shard, &p, NULL, NULL) == VRES_OK, "a verification failed");
}

/* The most that is sealed or hashed: there is a copy of it in the mock's VRAM, too. */
#define MOST_BYTES (UINT64_C(1) << 34)

/* The whole number that was given at @at, or @otherwise; 0 for what is none. */
static uint64_t number(int argc, char **argv, int at, uint64_t otherwise)
{
	char *end;
	uint64_t value;

	if (argc <= at)
		return otherwise;
	value = strtoull(argv[at], &end, 10); /* too large a one is the largest there is */
	return *end == '\0' && strchr(argv[at], '-') == NULL ? value : 0;
}

static uint64_t amount(int argc, char **argv, int at, uint64_t otherwise)
{
	const uint64_t bytes = number(argc, argv, at, otherwise);

	must(argc <= at + 1 && bytes > 0 && bytes <= MOST_BYTES,
	     "usage: bench [[hashing|repair|tensors|tools] BYTES], bench growth [BYTES [SHARDS]], "
	     "or "
	     "bench rss "
	     "FILE");
	return bytes;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	struct figures f = {.n = 0};

	if (argc >= 2 && argc <= 4 && strcmp(what, "growth") == 0) {
		const uint64_t bytes = number(argc, argv, 2, UINT64_C(64) << 20),
			       shards = number(argc, argv, 3, 1000);

		must(bytes >= 1 << 20 && bytes <= MOST_BYTES && shards > 0 && shards <= 20000,
		     "usage: bench growth [BYTES [SHARDS]]");
		bench_growth(bytes, shards);
		return 0;
	}
	if (argc == 3 && strcmp(what, "rss") == 0) {
		bench_rss(&f, argv[2]);
	} else if (strcmp(what, "hashing") == 0) {
		bench_hashing(&f, amount(argc, argv, 2, UINT64_C(256) << 20));
		bench_small(&f);
	} else if (strcmp(what, "repair") == 0) {
		bench_repair(&f, amount(argc, argv, 2, UINT64_C(1) << 30));
	} else if (strcmp(what, "tensors") == 0) {
		bench_tensors(&f, amount(argc, argv, 2, UINT64_C(8) << 20));
	} else if (strcmp(what, "tools") == 0) {
		bench_tools(&f, amount(argc, argv, 2, UINT64_C(1) << 30));
	} else {
		const uint64_t bytes = amount(argc, argv, 1, UINT64_C(256) << 20);

		bench_latency(&f);
		bench_audit(&f);
		bench_throughput(&f, bytes);
		bench_many(&f, bytes);
	}
	figures_print(&f);
	return 0;
}
