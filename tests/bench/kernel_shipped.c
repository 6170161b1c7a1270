/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Are the digests right of every image that the library embeds?  The backend uses the first that
 * the driver takes, so on one device the others would never be tried.
 */
#include "kernel_bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "figures.h"

#define BLOCKS (KERNEL_PATTERN / KERNEL_BLOCK)
#define NONCE  UINT64_C(4712)

/* Of the device: the pattern, its digests, the list of one piece, and the echo. */
struct memory {
	cuda_pointer data, digests, piece, echo;
};

static void begin(const struct kernel_bench *k, cuda_stream stream, struct memory *m)
{
	const struct cuda_api *api = &k->b->api;
	vres_leaf_hash_piece piece;

	kernel_must(k, api->cuMemAlloc(&m->data, KERNEL_PATTERN), "allocating");
	kernel_must(k, api->cuMemAlloc(&m->digests, BLOCKS * LEAF_HASH_BYTES), "allocating");
	kernel_must(k, api->cuMemAlloc(&m->piece, sizeof(piece)), "allocating");
	kernel_must(k, api->cuMemAlloc(&m->echo, sizeof(uint64_t)), "allocating");
	piece = leaf_hash_sealed((const uint8_t *)(uintptr_t)m->data, KERNEL_PATTERN, 0, 0, NONCE);
	kernel_must(k, api->cuMemcpyHtoDAsync(m->data, k->pattern, KERNEL_PATTERN, stream),
	            "copying to the device");
	kernel_must(k, api->cuMemcpyHtoDAsync(m->piece, &piece, sizeof(piece), stream),
	            "copying to the device");
	kernel_must(k, api->cuStreamSynchronize(stream), "copying to the device");
}

static void end(const struct kernel_bench *k, const struct memory *m)
{
	(void)k->b->api.cuMemFree(m->echo);
	(void)k->b->api.cuMemFree(m->piece);
	(void)k->b->api.cuMemFree(m->digests);
	(void)k->b->api.cuMemFree(m->data);
}

static bool is_right(const struct kernel_bench *k, cuda_stream stream, const struct memory *m,
                     cuda_function kernel, const char *image)
{
	const struct cuda_api *api = &k->b->api;
	vres_leaf_hash_args args = {.pieces = (const vres_leaf_hash_piece *)(uintptr_t)m->piece,
	                            .digests = (uint8_t *)(uintptr_t)m->digests,
	                            .echo = (uint64_t *)(uintptr_t)m->echo,
	                            .nonce = NONCE,
	                            .pieces_count = 1,
	                            .threads = BLOCKS,
	                            .digests_room = BLOCKS,
	                            .block_size = KERNEL_BLOCK,
	                            .one = 1};
	void *parameters[] = {&args};
	uint8_t *got = calloc(BLOCKS, LEAF_HASH_BYTES);
	bool right;

	must(got != NULL, "no memory");
	leaf_hash_know_padding(args.padding, KERNEL_BLOCK);
	kernel_must(k, api->cuMemsetD8Async(m->digests, 0, BLOCKS * LEAF_HASH_BYTES, stream),
	            image);
	kernel_must(k,
	            api->cuLaunchKernel(kernel, (BLOCKS + GPU_GROUP - 1) / GPU_GROUP, 1, 1,
	                                GPU_GROUP, 1, 1, 0, stream, parameters, NULL),
	            image);
	kernel_must(k, api->cuMemcpyDtoHAsync(got, m->digests, BLOCKS * LEAF_HASH_BYTES, stream),
	            image);
	kernel_must(k, api->cuStreamSynchronize(stream), image);
	for (uint32_t i = 0; i < BLOCKS; i++)
		leaf_hash_reveal(got + (size_t)i * LEAF_HASH_BYTES, NONCE, i);
	right = memcmp(got, k->digests, BLOCKS * LEAF_HASH_BYTES) == 0;
	free(got);
	return right;
}

/* One line: it is right; it is wrong; or the driver does not take it, which is no fault. */
static void try_image(struct kernel_bench *k, cuda_stream stream, const struct memory *m,
                      const struct gpu_image *image)
{
	const struct cuda_api *api = &k->b->api;
	cuda_module module = NULL;
	cuda_function kernel = NULL;
	int code = api->cuModuleLoadData(&module, image->bytes);
	bool right;

	if (code == CUDA_OK)
		code = api->cuModuleGetFunction(&kernel, module, "vres_leaf_hash");
	if (code == CUDA_OK) {
		right = is_right(k, stream, m, kernel, image->name);
		k->is_wrong |= !right;
		printf("{\"bench\":\"image\",\"status\":\"%s\",\"simulated\":%s,\"image\":\"%s\","
		       "\"digests\":\"%s\"}\n",
		       right ? "run" : "failed", k->library != NULL ? "true" : "false", image->name,
		       right ? "equal to OpenSSL" : "other than OpenSSL's");
	} else {
		printf("{\"bench\":\"image\",\"status\":\"not run\",\"image\":\"%s\","
		       "\"why\":\"the driver does not take it: %s (%d)\"}\n",
		       image->name, cuda_name(k->b, code), code);
	}
	if (module != NULL)
		(void)api->cuModuleUnload(module);
}

void kernel_shipped(struct kernel_bench *k)
{
	struct gpu_image image = {0};
	struct memory memory;
	cuda_stream stream;

	kernel_enter(k, &stream);
	begin(k, stream, &memory);
	for (uint32_t i = 0; cuda_image_at(k->b, k->device, i, &image) == CUDA_OK && image.bytes;
	     i++) {
		try_image(k, stream, &memory, &image);
		image = (struct gpu_image){0};
	}
	end(k, &memory);
	kernel_leave(k, stream);
}
