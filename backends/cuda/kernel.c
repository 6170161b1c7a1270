/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The kernel images that this build has, best first, as images.S embeds them. */
#include "cuda/driver.h"
#include "gpu/dialect.h"

/* An image that was not built ends where it begins. */
#define IMAGE(name) extern const unsigned char vres_cuda_##name[], vres_cuda_##name##_end[]
IMAGE(fatbin);
IMAGE(older);
IMAGE(ptx);
#undef IMAGE

static const struct {
	const char *name;
	const unsigned char *begin, *end;
} images[] = {{"fatbin, by nvcc", vres_cuda_fatbin, vres_cuda_fatbin_end},
              {"fatbin, by ptxas 12 of clang's PTX", vres_cuda_older, vres_cuda_older_end},
              {"PTX, by clang", vres_cuda_ptx, vres_cuda_ptx_end}};

int cuda_image_at(const struct gpu_binding *b, uint32_t device, uint32_t i, struct gpu_image *out)
{
	(void)b;
	(void)device; /* the driver finds what suits it in the image */
	for (uint32_t at = 0; at < COUNT_OF(images); at++)
		if (images[at].begin != images[at].end && i-- == 0) {
			out->name = images[at].name;
			out->bytes = images[at].begin;
			break;
		}
	return CUDA_OK;
}

bool cuda_does_not_fit(int code)
{
	return code == CUDA_INVALID_IMAGE || code == CUDA_NO_BINARY_FOR_GPU ||
	       code == CUDA_INVALID_PTX || code == CUDA_JIT_COMPILER_NOT_FOUND ||
	       code == CUDA_UNSUPPORTED_PTX_VERSION || code == CUDA_JIT_COMPILATION_DISABLED;
}
