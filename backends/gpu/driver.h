/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The table of driver functions that each vendor fills.  Everything else in this folder is written
 * once, over this table.
 */
#ifndef VRES_BACKENDS_GPU_DRIVER_H
#define VRES_BACKENDS_GPU_DRIVER_H

#include <dlfcn.h>
#include <stdbool.h>
#include <vres/backend.h>

/* How driver libraries are loaded.  Their threads may outlive our use, so none is ever unmapped. */
#define GPU_LOAD_FLAGS (RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE)

/* A vendor's loaded driver library; only the vendor's own files look inside. */
struct gpu_binding;

/* Device memory that we allocated. */
struct gpu_chunk {
	uint64_t addr, capacity;
	uint64_t handle; /* of the physical memory, where the driver has such a thing */
	bool is_vmm;     /* allocated with an explicit location, so it cannot migrate */
};

/* What the driver says about the mapping that contains an address. */
struct gpu_mapping {
	uint64_t base, bytes;
	uint64_t identity[2];
	uint32_t device;
	uint32_t facts; /* VRES_MEM_x */
	bool is_known;  /* false: the driver knows no memory there; the other fields are unset */
};

/* The hash kernel, compiled into one form or for one architecture. */
struct gpu_image {
	const char *name;
	const void *bytes;
};

/* The calling thread's state before context_push, of which drivers keep no stack. */
struct gpu_before {
	int device, error; /* where contexts have no stack */
	int capture_mode;
	bool is_relaxed; /* capture_mode is to be put back */
};

/* Threads in one group of a launch, as in kernels/entry.h. */
#define GPU_GROUP 128u

/*
 * A vendor's driver.  Unless a comment says otherwise, a function returns the driver's own code (0:
 * success), needs the device's context to be current, and leaves its outputs untouched on failure.
 * A function that releases something has released it whatever it returns.
 */
struct gpu_driver {
	size_t binding_bytes; /* the size of the vendor's struct gpu_binding */

	/*
	 * These need no context.  load fills a binding of zeros: it loads the library, finds the
	 * functions, and starts the driver.  unload takes a binding that was filled only in part.
	 */
	vres_status (*load)(struct gpu_binding *b, const char *library_path, vres_error *err);
	void (*unload)(struct gpu_binding *b);
	vres_status (*meaning)(int code); /* never fails: unknown codes are VRES_E_BACKEND */
	const char *(*name)(const struct gpu_binding *b, int code);
	int (*device_count)(const struct gpu_binding *b, uint32_t *out);
	/*
	 * The primary context, which the whole process shares.  push also makes the thread's
	 * capture mode relaxed, where the driver can, so that our calls neither fail nor spoil an
	 * engine's graph while another thread captures one; pop puts the mode back.
	 */
	int (*context_retain)(const struct gpu_binding *b, uint32_t device, void **out);
	int (*context_release)(const struct gpu_binding *b, uint32_t device);
	int (*context_push)(const struct gpu_binding *b, uint32_t device, void *context,
	                    struct gpu_before *before);
	int (*context_pop)(const struct gpu_binding *b, const struct gpu_before *before);

	/*
	 * The device.  describe fills all fields but scratch_bytes and the facts CAN_HASH and
	 * CAN_PROTECT.  health is advice and cannot fail.
	 */
	int (*describe)(const struct gpu_binding *b, uint32_t device, vres_device_props *out);
	int (*memory_free)(const struct gpu_binding *b, uint64_t *out);
	void (*health)(const struct gpu_binding *b, uint32_t device, vres_device_status *out);
	/* Number of multiprocessors; 0 if the driver does not say. */
	int (*processors)(const struct gpu_binding *b, uint32_t device, uint32_t *out);

	/*
	 * The kernel.  image_at gives the images that this build has for the device, best first;
	 * out->bytes is NULL behind the last.  does_not_fit: the code says that an image is not
	 * for this device or driver, so that another may be.
	 */
	int (*image_at)(const struct gpu_binding *b, uint32_t device, uint32_t i,
	                struct gpu_image *out);
	bool (*does_not_fit)(int code);
	int (*module_load)(const struct gpu_binding *b, const void *image, void **out);
	int (*module_unload)(const struct gpu_binding *b, void *module);
	int (*module_kernel)(const struct gpu_binding *b, void *module, const char *name,
	                     void **out);
	int (*launch)(const struct gpu_binding *b, void *kernel, uint32_t groups, uint32_t threads,
	              void *args, void *stream);

	/*
	 * Memory.  The two functions about protection take only chunks with is_vmm; they are NULL
	 * where the driver has no such chunks.  can_protect asks for a read-only mapping and then
	 * asks the driver whether the mapping is read-only.
	 */
	int (*chunk_make)(const struct gpu_binding *b, uint32_t device, uint64_t capacity,
	                  bool is_vmm, struct gpu_chunk *out);
	int (*chunk_free)(const struct gpu_binding *b, const struct gpu_chunk *chunk);
	int (*chunk_protect)(const struct gpu_binding *b, uint32_t device,
	                     const struct gpu_chunk *chunk, bool read_only);
	int (*can_protect)(const struct gpu_binding *b, uint32_t device,
	                   const struct gpu_chunk *chunk, bool *out);
	int (*mapping_at)(const struct gpu_binding *b, uint32_t device, uint64_t addr,
	                  struct gpu_mapping *out);

	/* Streams and the work put on them.  is_low: with the lowest priority the device has. */
	int (*stream_open)(const struct gpu_binding *b, bool is_low, void **out);
	int (*stream_close)(const struct gpu_binding *b, void *stream);
	int (*stream_done)(const struct gpu_binding *b, void *stream, bool *out);
	int (*stream_finish)(const struct gpu_binding *b, void *stream);
	int (*push)(const struct gpu_binding *b, uint64_t to, const void *from, size_t n,
	            void *stream);
	int (*pull)(const struct gpu_binding *b, void *to, uint64_t from, size_t n, void *stream);
	int (*zero)(const struct gpu_binding *b, uint64_t addr, uint64_t n, void *stream);
	int (*pinned_make)(const struct gpu_binding *b, size_t bytes, void **out);
	int (*pinned_free)(const struct gpu_binding *b, void *block);
};

#endif
