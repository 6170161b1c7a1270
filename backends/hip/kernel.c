/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The kernel's code objects, as images.S embeds them: one for each architecture that the compiler
 * of this build knew.
 */
#include "hip/driver.h"
#include "gpu/dialect.h"

#include <string.h>

#define IMAGE(arch, file) extern const unsigned char vres_hip_##arch[];
#include "images.inc"
#undef IMAGE

#define IMAGE(arch, file) {#arch, vres_hip_##arch},
static const struct gpu_image images[] = {
#include "images.inc"
	{NULL, NULL}};
#undef IMAGE

/* A code object suits any setting of the features that follow a colon in the device's name. */
int hip_image_at(const struct gpu_binding *b, uint32_t device, uint32_t i, struct gpu_image *out)
{
	char arch[HIP_ARCH_BYTES];
	size_t n;

	if (i > 0)
		return HIP_OK;
	TRY(hip_arch(b, (int)device, arch));
	n = strcspn(arch, ":");
	for (const struct gpu_image *image = images; image->name; image++)
		if (strlen(image->name) == n && memcmp(image->name, arch, n) == 0)
			*out = *image;
	return HIP_OK;
}

bool hip_does_not_fit(int code)
{
	return code == HIP_INVALID_IMAGE || code == HIP_NO_BINARY_FOR_GPU ||
	       code == HIP_INVALID_KERNEL_FILE;
}
