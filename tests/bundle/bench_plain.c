/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a seal and a verification are compared with: a core's copy and SHA-256, the bare copy over
 * the bus, and the check as it is done without this library, which copies VRAM back and hashes it
 * on one core, both at once.
 */
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include "bench.h"
#include "support/fixture/test_device.h"
#include "vres/backend.h"

static void host_figures(struct device_bench *b)
{
	const uint64_t bytes = b->host_bytes < 256 * MIB ? b->host_bytes : 256 * MIB;
	uint8_t *copy = malloc(bytes), digest[32];
	uint64_t sha[ROUNDS], plain[ROUNDS];

	must(copy != NULL, "no memory to copy to");
	for (int i = 0; i < ROUNDS; i++) {
		uint64_t start = now();

		memcpy(copy, b->data, bytes);
		plain[i] = now() - start;
		start = now();
		must(EVP_Digest(copy, bytes, digest, NULL, EVP_sha256(), NULL) == 1, "no SHA-256");
		sha[i] = now() - start;
	}
	free(copy);
	figures_add(&b->figures, "memcpy_one_core", rate_of(bytes, plain), "GB/s", NULL, NULL);
	figures_add(&b->figures, "sha256_one_core", rate_of(bytes, sha), "GB/s", "memcpy_one_core",
	            NULL);
}

/* The bare copy: pieces through two lanes in turn, page-locked, nothing read or hashed. */
struct copier {
	const vres_backend *ops;
	vres_bself *self;
	vres_bdev *dev;
	vres_bmem *mem;
	vres_blane *lanes[2];
	void *staging[2];
	uint64_t bytes;
	EVP_MD_CTX *sha;
};

static void copier_open(struct copier *c, uint64_t bytes)
{
	const vres_backend_open params = {.struct_size = sizeof(params),
	                                  .library_path = test_device_library()};
	vres_device_props props = {.struct_size = sizeof(props)};
	vres_mem_info info;
	vres_error err;

	*c = (struct copier){
		.ops = test_device_kind()->backend(), .bytes = bytes, .sha = EVP_MD_CTX_new()};
	must(c->ops->open(&params, &c->self, &err) == VRES_OK &&
	             c->ops->device_open(c->self, 0, &props, &c->dev, &err) == VRES_OK &&
	             c->ops->mem_alloc(c->dev, bytes, &c->mem, &info, &err) == VRES_OK,
	     "no device memory to copy to");
	for (int i = 0; i < 2; i++) {
		must(c->ops->lane_open(c->dev, PIECE, VRES_LANE_PINNED, &c->lanes[i],
		                       &c->staging[i], &err) == VRES_OK,
		     "no lane");
		memset(c->staging[i], i + 1, PIECE);
	}
}

static void copier_close(struct copier *c)
{
	vres_error err;

	EVP_MD_CTX_free(c->sha);
	c->ops->lane_close(c->lanes[0]);
	c->ops->lane_close(c->lanes[1]);
	(void)c->ops->mem_release(c->mem, &err);
	c->ops->device_close(c->dev);
	c->ops->close(c->self);
}

/* A piece each way takes a lane in turn. */
static void start(struct copier *c, uint64_t at, bool to_device)
{
	const size_t n = c->bytes - at < PIECE ? (size_t)(c->bytes - at) : PIECE;
	vres_error err;

	must((to_device ? c->ops->lane_push : c->ops->lane_pull)(c->lanes[at / PIECE % 2], c->mem,
	                                                         at, n, &err) == VRES_OK,
	     "a copy failed");
}

static void finish(struct copier *c, uint64_t at)
{
	vres_error err;

	must(c->ops->lane_wait(c->lanes[at / PIECE % 2], PATIENCE, &err) == VRES_OK,
	     "a copy failed");
}

static uint64_t copy_all(struct copier *c, bool to_device)
{
	const uint64_t began = now();

	for (uint64_t at = 0; at < c->bytes; at += PIECE) {
		if (at >= 2 * PIECE)
			finish(c, at);
		start(c, at, to_device);
	}
	finish(c, 0);
	finish(c, PIECE);
	return now() - began;
}

/* One piece is hashed while the next is on its way. */
static uint64_t check_the_old_way(struct copier *c)
{
	const uint64_t began = now();
	uint8_t digest[32];

	must(EVP_DigestInit_ex(c->sha, EVP_sha256(), NULL) == 1, "no SHA-256");
	start(c, 0, false);
	for (uint64_t at = 0; at < c->bytes; at += PIECE) {
		const size_t n = c->bytes - at < PIECE ? (size_t)(c->bytes - at) : PIECE;

		finish(c, at);
		if (c->bytes - at > PIECE)
			start(c, at + PIECE, false);
		must(EVP_DigestUpdate(c->sha, c->staging[at / PIECE % 2], n) == 1, "no SHA-256");
	}
	must(EVP_DigestFinal_ex(c->sha, digest, NULL) == 1, "no SHA-256");
	return now() - began;
}

static void copy_figures(struct device_bench *b)
{
	uint64_t there[ROUNDS], back[ROUNDS], checked[ROUNDS];
	struct copier c;

	copier_open(&c, b->host_bytes);
	for (int i = 0; i < ROUNDS; i++) {
		there[i] = copy_all(&c, true);
		back[i] = copy_all(&c, false);
		checked[i] = check_the_old_way(&c);
	}
	copier_close(&c);
	figures_add(&b->figures, "copy_to_device", rate_of(c.bytes, there), "GB/s",
	            "memcpy_one_core", NULL);
	figures_add(&b->figures, "copy_from_device", rate_of(c.bytes, back), "GB/s",
	            "copy_to_device", NULL);
	figures_add(&b->figures, "old_way", rate_of(c.bytes, checked), "GB/s", "sha256_one_core",
	            "copy_from_device");
}

void bench_plain(struct device_bench *b)
{
	host_figures(b);
	copy_figures(b);
}
