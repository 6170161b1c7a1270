/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Loads the kernels that kernel_images.S embeds, or says why not. */
#include "kernel_bench.h"

#include <stdio.h>
#include "figures.h"

extern const unsigned char bench_fatbin[], bench_fatbin_end[], bench_ptx[], bench_ptx_end[];
extern const unsigned char bulk_fatbin[], bulk_fatbin_end[], bulk_ptx[], bulk_ptx_end[];
extern const unsigned char shifts_fatbin[], shifts_fatbin_end[], shifts_ptx[], shifts_ptx_end[];

/* Best image first.  An image that was not built ends where it begins. */
static const struct source {
	int capability; /* the compute capability it needs: the number before the dot */
	struct {
		const char *name;
		const unsigned char *begin, *end;
	} images[2];
} sources[KERNEL_SOURCES] = {
	[KERNEL_COMMON] = {8,
                           {{"fatbin, by nvcc", bench_fatbin, bench_fatbin_end},
                            {"PTX, by clang", bench_ptx, bench_ptx_end}}},
	[KERNEL_BULK] = {9,
                         {{"fatbin, by nvcc", bulk_fatbin, bulk_fatbin_end},
                          {"PTX, by clang", bulk_ptx, bulk_ptx_end}}},
	[KERNEL_SHIFTS] = {8,
                           {{"fatbin, by nvcc", shifts_fatbin, shifts_fatbin_end},
                            {"PTX, by clang", shifts_ptx, shifts_ptx_end}}},
};

static void load(const struct kernel_bench *k, const struct source *source, const int capability[2],
                 struct kernel_loaded *out)
{
	int code = CUDA_INVALID_IMAGE;

	*out = (struct kernel_loaded){0};
	if (capability[0] < source->capability) {
		(void)snprintf(
			out->why, sizeof(out->why),
			"not for this device: it has compute capability %d.%d, %d.0 is needed",
			capability[0], capability[1], source->capability);
		return;
	}
	for (size_t i = 0; i < COUNT_OF(source->images) && code != CUDA_OK; i++) {
		if (source->images[i].begin == source->images[i].end)
			continue;
		code = k->b->api.cuModuleLoadData(&out->module, source->images[i].begin);
		out->image = code == CUDA_OK ? source->images[i].name : NULL;
	}
	if (code != CUDA_OK)
		(void)snprintf(out->why, sizeof(out->why),
		               "no image of this build is for this driver: %s (%d)",
		               cuda_name(k->b, code), code);
}

void kernel_load(const struct kernel_bench *k, struct kernel_loaded loaded[KERNEL_SOURCES])
{
	int capability[2];

	kernel_must(k,
	            k->b->api.cuDeviceGetAttribute(&capability[0], CUDA_DEVICE_CC_MAJOR,
	                                           (int)k->device),
	            "asking what device it is");
	kernel_must(k,
	            k->b->api.cuDeviceGetAttribute(&capability[1], CUDA_DEVICE_CC_MINOR,
	                                           (int)k->device),
	            "asking what device it is");
	for (size_t i = 0; i < KERNEL_SOURCES; i++)
		load(k, &sources[i], capability, &loaded[i]);
	must(loaded[KERNEL_COMMON].image != NULL, loaded[KERNEL_COMMON].why);
}

void kernel_unload(const struct kernel_bench *k, struct kernel_loaded loaded[KERNEL_SOURCES])
{
	for (size_t i = 0; i < KERNEL_SOURCES; i++)
		if (loaded[i].image)
			(void)k->b->api.cuModuleUnload(loaded[i].module);
}
