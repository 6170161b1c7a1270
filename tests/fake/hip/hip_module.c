/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Code objects of the fake HIP runtime: only real ones are accepted, and only for the device's
 * architecture.
 */
#include <elf.h>
#include <string.h>
#include "fake/hip/hip.h"

#define AMD_MACHINE 224
#define AMD_HSA     64
#define FORMAT_4    2 /* e_ident[EI_ABIVERSION] of code object version 4 */
#define MACH_MASK   0xffu

/* The numbers of architectures in a code object's header, from llvm.org/docs/AMDGPUUsage.html. */
static const struct {
	const char *arch;
	unsigned mach;
} machs[] = {{"gfx906", 0x2f},  {"gfx908", 0x30},  {"gfx90a", 0x3f},
             {"gfx942", 0x4c},  {"gfx1030", 0x36}, {"gfx1100", 0x41},
             {"gfx1151", 0x4a}, {"gfx1200", 0x48}, {"gfx1201", 0x4e}};

static unsigned mach_here(void)
{
	const size_t n = strcspn(fake_arch(), ":");

	for (size_t i = 0; i < sizeof(machs) / sizeof(machs[0]); i++)
		if (strlen(machs[i].arch) == n && memcmp(machs[i].arch, fake_arch(), n) == 0)
			return machs[i].mach;
	return 0;
}

/* The table of sections is at the end of the file. */
static bool has_kernel(const void *image, const Elf64_Ehdr *header)
{
	static const char name[] = "vres_leaf_hash.kd";

	return memmem(image, header->e_shoff + (size_t)header->e_shnum * header->e_shentsize, name,
	              sizeof(name)) != NULL;
}

hip_result fake_hipModuleLoadData(hip_module *module, const void *image)
{
	Elf64_Ehdr header;
	int device;
	FAKE_TRY_ENTER(hipModuleLoadData);
	TRY(fake_capture_allows());
	TRY(fake_here(&device));
	memcpy(&header, image, sizeof(header));
	if (memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_machine != AMD_MACHINE ||
	    header.e_ident[EI_OSABI] != AMD_HSA || header.e_ident[EI_ABIVERSION] != FORMAT_4 ||
	    !has_kernel(image, &header))
		return HIP_INVALID_IMAGE;
	if (fake.params.no_image)
		fake.devices[device].sticky = fake.params.image_breaks;
	if (fake.params.no_image || (header.e_flags & MACH_MASK) != mach_here())
		return HIP_NO_BINARY_FOR_GPU;
	fake.modules++;
	*module = &fake.modules;
	return HIP_OK;
}

hip_result fake_hipModuleUnload(hip_module module)
{
	FAKE_ENTER(hipModuleUnload);
	TRY(fake_capture_allows());
	if (module != &fake.modules || fake.modules == 0)
		return HIP_NOT_FOUND;
	fake.modules--;
	return call.code;
}

hip_result fake_hipModuleGetFunction(hip_function *function, hip_module module, const char *name)
{
	FAKE_TRY_ENTER(hipModuleGetFunction);
	if (module != &fake.modules || strcmp(name, "vres_leaf_hash") != 0)
		return HIP_NOT_FOUND;
	*function = FAKE_KERNEL_HASH;
	return HIP_OK;
}
