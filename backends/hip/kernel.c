/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Choosing the kernel's code object by the name of the device's architecture, and loading it. */
#include "hip/driver.h"
#include "gpu/dialect.h"

#include <string.h>

#define KERNEL "vres_leaf_hash"

/*
 * One code object for each architecture that the compiler of this build knew, embedded by images.S.
 */
#define IMAGE(arch, file) extern const unsigned char vres_hip_##arch[];
#include "images.inc"
#undef IMAGE

struct image {
	const char *arch;
	const unsigned char *bytes;
};

#define IMAGE(arch, file) {#arch, vres_hip_##arch},
static const struct image images[] = {
#include "images.inc"
	{NULL, NULL}};
#undef IMAGE

/* Our images suit any setting of the features that follow a colon. */
static const struct image *image_for(const char *arch)
{
	const size_t n = strcspn(arch, ":");

	for (const struct image *image = images; image->arch; image++)
		if (strlen(image->arch) == n && memcmp(image->arch, arch, n) == 0)
			return image;
	return NULL;
}

/* The runtime is too old for the device or for the format of code objects. */
static bool does_not_fit(int code)
{
	return code == HIP_INVALID_IMAGE || code == HIP_NO_BINARY_FOR_GPU ||
	       code == HIP_INVALID_KERNEL_FILE;
}

int hip_image_load(const struct gpu_binding *b, void **module, void **kernel, const char **name)
{
	char arch[HIP_ARCH_BYTES];
	const struct image *image;
	hip_module loaded;
	int device, code;

	*kernel = NULL;
	TRY(b->api.hipGetDevice(&device));
	TRY(hip_arch(b, device, arch));
	image = image_for(arch);
	if (image == NULL)
		return HIP_OK;
	code = b->api.hipModuleLoadData(&loaded, image->bytes);
	if (does_not_fit(code))
		return HIP_OK;
	TRY(code);
	code = b->api.hipModuleGetFunction(kernel, loaded, KERNEL);
	if (code != HIP_OK) {
		(void)b->api.hipModuleUnload(loaded);
		*kernel = NULL;
		return code;
	}
	*module = loaded;
	*name = image->arch;
	return HIP_OK;
}
