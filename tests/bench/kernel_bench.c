/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Measures the hash kernel on a real GPU: whether each image of the library is right, the kernel's
 * variants side by side, then the backend with the shipped kernel.  Each figure is printed with the
 * bound that the integer pipe sets at the measured clock, as JSON lines.  Every digest is compared
 * with OpenSSL's.  Usage: kernel_bench [--bytes N]
 * [--rounds N] [--device N] [--library DRIVER] [--only KERNEL].  Without a GPU it prints "not run"
 * and exits with 77.  Over a fake driver it only shows that everything works; its times are marked
 * as simulated and mean nothing.
 */
#include "kernel_bench.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "figures.h"

#define GIB (UINT64_C(1) << 30)
#define USAGE                                                                                      \
	"usage: kernel_bench [--bytes N] [--rounds N] [--device N] [--library DRIVER] [--only "    \
	"KERNEL]"

/*
 * The rotations and logic instructions that SHA-256 needs for a block of 4 KiB: 64 chunks of 1,040,
 * and 640 for the known padding.
 */
#define PIPE_OPS   67200.0
#define PIPE_LANES 64.0 /* instructions of a multiprocessor in a clock */

void kernel_must(const struct kernel_bench *k, int code, const char *what)
{
	if (code == CUDA_OK)
		return;
	fprintf(stderr, "kernel_bench: %s: %s (%d)\n", what, cuda_name(k->b, code), code);
	exit(2);
}

void kernel_enter(const struct kernel_bench *k, cuda_stream *stream)
{
	cuda_context context;
	cuda_device device;

	kernel_must(k, k->b->api.cuDeviceGet(&device, (int)k->device), "finding the device");
	kernel_must(k, k->b->api.cuDevicePrimaryCtxRetain(&context, device), "taking the context");
	kernel_must(k, k->b->api.cuCtxPushCurrent(context), "taking the context");
	kernel_must(k, k->b->api.cuStreamCreate(stream, CUDA_STREAM_NON_BLOCKING),
	            "opening a stream");
}

void kernel_leave(const struct kernel_bench *k, cuda_stream stream)
{
	cuda_context ours;

	(void)k->b->api.cuStreamDestroy(stream);
	(void)k->b->api.cuCtxPopCurrent(&ours);
	(void)k->b->api.cuDevicePrimaryCtxRelease((int)k->device);
}

/* The content repeats, so its nodes repeat, too. */
void kernel_node(const struct kernel_bench *k, uint64_t i, uint8_t digest[LEAF_HASH_BYTES])
{
	const uint64_t node_bytes = KERNEL_BLOCK,
		       period = KERNEL_PATTERN / KERNEL_BLOCK * LEAF_HASH_BYTES / node_bytes;

	must(EVP_Digest(k->digests + i % period * node_bytes, node_bytes, digest, NULL,
	                EVP_sha256(), NULL) == 1,
	     "OpenSSL does not hash");
}

double kernel_bound(const struct kernel_bench *k, bool with_tree)
{
	return k->processors * PIPE_LANES * k->clock_ghz * KERNEL_BLOCK /
	       (PIPE_OPS * (with_tree ? 128.0 / 127.0 : 1.0));
}

void kernel_print_number(const char *name, double value, int digits)
{
	if (value > 0)
		printf(",\"%s\":%.*f", name, digits, value);
	else
		printf(",\"%s\":null", name);
}

static void pattern_make(struct kernel_bench *k)
{
	uint64_t state = 88172645463325252;

	k->pattern = malloc(KERNEL_PATTERN);
	k->digests = malloc(KERNEL_PATTERN / KERNEL_BLOCK * LEAF_HASH_BYTES);
	must(k->pattern && k->digests, "no memory");
	for (uint64_t at = 0; at < KERNEL_PATTERN; at += sizeof(state)) {
		state ^= state << 13;
		state ^= state >> 7;
		state ^= state << 17;
		memcpy(k->pattern + at, &state, sizeof(state));
	}
	for (uint64_t i = 0; i < KERNEL_PATTERN / KERNEL_BLOCK; i++)
		must(EVP_Digest(k->pattern + i * KERNEL_BLOCK, KERNEL_BLOCK,
		                k->digests + i * LEAF_HASH_BYTES, NULL, EVP_sha256(), NULL) == 1,
		     "OpenSSL does not hash");
}

static void parse(struct kernel_bench *k, int argc, char **argv)
{
	for (int i = 1; i < argc; i += 2) {
		must(i + 1 < argc, USAGE);
		if (strcmp(argv[i], "--bytes") == 0)
			k->bytes = strtoull(argv[i + 1], NULL, 0) / KERNEL_PATTERN * KERNEL_PATTERN;
		else if (strcmp(argv[i], "--rounds") == 0)
			k->rounds = (unsigned)strtoul(argv[i + 1], NULL, 0);
		else if (strcmp(argv[i], "--device") == 0)
			k->device = (uint32_t)strtoul(argv[i + 1], NULL, 0);
		else if (strcmp(argv[i], "--library") == 0)
			k->library = argv[i + 1];
		else if (strcmp(argv[i], "--only") == 0)
			k->only = argv[i + 1];
		else
			give_up(USAGE);
	}
	must(k->bytes > 0 && k->rounds > 0 && k->rounds <= 1000,
	     "at least 16 MiB and 1 to 1000 rounds");
}

int main(int argc, char **argv)
{
	struct gpu_binding binding = {0};
	struct kernel_bench k = {.b = &binding, .bytes = 8 * GIB, .rounds = 9};
	int devices = 0;
	vres_error err;

	parse(&k, argc, argv);
	/* What is stopped has said what it found. */
	(void)setvbuf(stdout, NULL, _IOLBF, 0);
	if (cuda_load(&binding, k.library, &err) != VRES_OK) {
		printf("{\"bench\":\"kernel\",\"status\":\"not run\",\"why\":\"%s\"}\n",
		       err.message);
		return 77;
	}
	kernel_must(&k, k.b->api.cuDeviceGetCount(&devices), "counting devices");
	must(devices > 0 && k.device < (uint32_t)devices, "no such device");
	kernel_must(&k, cuda_processors(k.b, k.device, &k.processors), "counting multiprocessors");
	pattern_make(&k);
	if (k.only == NULL)
		kernel_shipped(&k);
	kernel_variants(&k);
	if (k.only == NULL) {
		kernel_path(&k);
		kernel_graph(&k);
	}
	free(k.pattern);
	free(k.digests);
	cuda_unload(&binding);
	return k.is_wrong ? 1 : k.is_absent ? 77 : 0;
}
