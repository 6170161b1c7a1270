/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Loading the kernel: the images this build has, best first, until the driver takes one. */
#include "cuda/driver.h"
#include "gpu/dialect.h"

#include "cuda/images.h"

#define KERNEL "vres_leaf_hash"

struct image {
	const char *name;
	const unsigned char *begin, *end;
};

/* The driver is too old for the image, or the image has nothing for the device: another may do. */
static bool does_not_fit(int code)
{
	return code == CUDA_INVALID_IMAGE || code == CUDA_NO_BINARY_FOR_GPU ||
	       code == CUDA_INVALID_PTX || code == CUDA_JIT_COMPILER_NOT_FOUND ||
	       code == CUDA_UNSUPPORTED_PTX_VERSION || code == CUDA_JIT_COMPILATION_DISABLED;
}

int cuda_image_load(const struct gpu_binding *b, void **module, void **kernel, const char **name)
{
	const struct image images[] = {{"fatbin, by nvcc", vres_cuda_fatbin, vres_cuda_fatbin_end},
	                               {"PTX, by clang", vres_cuda_ptx, vres_cuda_ptx_end}};

	*kernel = NULL;
	for (size_t i = 0; i < COUNT_OF(images); i++) {
		void *loaded;
		int code;

		if (images[i].begin == images[i].end)
			continue;
		code = b->api.cuModuleLoadData(&loaded, images[i].begin);
		if (does_not_fit(code))
			continue;
		TRY(code);
		code = b->api.cuModuleGetFunction(kernel, loaded, KERNEL);
		if (code != CUDA_OK) {
			(void)b->api.cuModuleUnload(loaded);
			*kernel = NULL;
			return code;
		}
		*module = loaded;
		*name = images[i].name;
		return CUDA_OK;
	}
	return CUDA_OK;
}
