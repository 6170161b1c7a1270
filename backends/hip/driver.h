/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The loaded HIP runtime, and the functions by which the files of this folder use each other:
 * bind.c loads the runtime, errors.c interprets its codes, device.c describes a device, kernel.c
 * has the kernel images, memory.c allocates memory and asks where memory is, hip.c is the backend
 * table.
 */
#ifndef VRES_BACKENDS_HIP_DRIVER_H
#define VRES_BACKENDS_HIP_DRIVER_H

#include "gpu/driver.h"
#include "hip/hip_abi.h"

struct hip_api {
#define HIP_API_FIELD(result, name, parameters) hip_fn_##name name;
	HIP_FUNCTIONS(HIP_API_FIELD)
	HIP_OPTIONAL_FUNCTIONS(HIP_API_FIELD)
#undef HIP_API_FIELD
};

struct gpu_binding {
	void *library;
	struct hip_api api;
	/* NULL: the runtime has only the layout of ROCm 5. */
	hip_fn_hipGetDeviceProperties properties_v6;
	int version;
};

vres_status hip_load(struct gpu_binding *b, const char *library_path, vres_error *err);
void hip_unload(struct gpu_binding *b);

vres_status hip_meaning(int code);
const char *hip_name(const struct gpu_binding *b, int code);

/*
 * HIP keeps the last error of each thread.  hip_error_before() reads it before calls of ours, and
 * hip_error_after() clears what those calls left, so that an engine does not find our error.  An
 * error that was there before stays there; but runtimes before ROCm 7 let any later call overwrite
 * it, which cannot be prevented.
 */
int hip_error_before(const struct gpu_binding *b);
void hip_error_after(const struct gpu_binding *b, int before);

int hip_processors(const struct gpu_binding *b, uint32_t device, uint32_t *out); /* compute units */
int hip_describe(const struct gpu_binding *b, uint32_t device, vres_device_props *out);

/* The architecture, such as "gfx90a:sramecc+:xnack-"; "" if the runtime does not say. */
int hip_arch(const struct gpu_binding *b, int device, char out[HIP_ARCH_BYTES]);

/* Does the architecture exist, or may it exist, as a GPU without memory of its own? */
bool hip_may_be_apu(const char *arch);

int hip_chunk_make(const struct gpu_binding *b, uint32_t device, uint64_t capacity, bool is_vmm,
                   struct gpu_chunk *out);
int hip_chunk_free(const struct gpu_binding *b, const struct gpu_chunk *chunk);
int hip_mapping_at(const struct gpu_binding *b, uint32_t device, uint64_t addr,
                   struct gpu_mapping *out);

/* The kernel images: kernel.c. */
int hip_image_at(const struct gpu_binding *b, uint32_t device, uint32_t i, struct gpu_image *out);
bool hip_does_not_fit(int code);

#endif
