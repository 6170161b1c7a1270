/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The loaded CUDA driver, and the functions by which the files of this folder use each other:
 * bind.c loads the driver, errors.c interprets its codes, device.c describes a device, kernel.c has
 * the kernel images, memory.c allocates memory and asks where memory is, nvml.c asks for the
 * device's health, cuda.c is the backend table.
 */
#ifndef VRES_BACKENDS_CUDA_DRIVER_H
#define VRES_BACKENDS_CUDA_DRIVER_H

#include "gpu/driver.h"
#include "cuda/cuda_abi.h"

struct cuda_api {
#define CUDA_API_FIELD(name, version, parameters) cuda_fn_##name name;
	CUDA_FUNCTIONS(CUDA_API_FIELD)
	CUDA_OPTIONAL_FUNCTIONS(CUDA_API_FIELD)
#undef CUDA_API_FIELD
};

/* Functions of NVML.  Each may be NULL. */
struct cuda_nvml {
	void *library;
	int (*shutdown)(void);
	int (*handle_by_bus_id)(const char *bus_id, void **handle);
	int (*ecc_errors)(void *handle, int type, int counter, unsigned long long *out);
	int (*remapped_rows)(void *handle, unsigned *corrected, unsigned *uncorrected,
	                     unsigned *pending, unsigned *failed);
	int (*virtualization)(void *handle, int *mode);
	int (*confidential)(void *state);
};

struct gpu_binding {
	void *library;
	struct cuda_api api;
	struct cuda_nvml nvml;
	int version; /* of the driver: 12040 is 12.4 */
};

vres_status cuda_load(struct gpu_binding *b, const char *library_path, vres_error *err);
void cuda_unload(struct gpu_binding *b);

vres_status cuda_meaning(int code);
const char *cuda_name(const struct gpu_binding *b, int code);

int cuda_processors(const struct gpu_binding *b, uint32_t device, uint32_t *out);
int cuda_describe(const struct gpu_binding *b, uint32_t device, vres_device_props *out);

int cuda_chunk_make(const struct gpu_binding *b, uint32_t device, uint64_t capacity, bool is_vmm,
                    struct gpu_chunk *out);
int cuda_chunk_free(const struct gpu_binding *b, const struct gpu_chunk *chunk);
int cuda_chunk_protect(const struct gpu_binding *b, uint32_t device, const struct gpu_chunk *chunk,
                       bool read_only);
int cuda_can_protect(const struct gpu_binding *b, uint32_t device, const struct gpu_chunk *chunk,
                     bool *out);
int cuda_mapping_at(const struct gpu_binding *b, uint32_t device, uint64_t addr,
                    struct gpu_mapping *out);

/* What every allocation of ours asks for: pinned, on the device, without an export handle. */
struct cuda_alloc_prop cuda_wanted(uint32_t device);

/* Cannot fail: without NVML, less is known about the device. */
void cuda_nvml_open(struct cuda_nvml *n, const char *library_path);
void cuda_nvml_close(struct cuda_nvml *n);
void cuda_health(const struct gpu_binding *b, uint32_t device, vres_device_status *out);
const char *cuda_nvml_virtualization(const struct gpu_binding *b, uint32_t device);
const char *cuda_nvml_confidential(const struct gpu_binding *b);

/* The kernel images: kernel.c. */
int cuda_image_at(const struct gpu_binding *b, uint32_t device, uint32_t i, struct gpu_image *out);
bool cuda_does_not_fit(int code);

#endif
