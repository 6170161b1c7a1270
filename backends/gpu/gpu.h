/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What both GPU vendors do, written once over a small table of driver functions.
 *
 * gpu.c has the driver and its devices, gpu_facts.c facts that any vendor's device.c tells,
 * gpu_mem.c memory, gpu_lane.c transfers, gpu_wait.c waiting, gpu_scratch.c the device memory that
 * hashing uses, gpu_staging.c the buffers of lanes, gpu_hash.c hashing, gpu_plan.c what goes into
 * which launch, gpu_top.c what the host hashes itself.  A vendor fills struct gpu_driver and a
 * vres_backend whose slots are the functions below.
 */
#ifndef VRES_BACKENDS_GPU_GPU_H
#define VRES_BACKENDS_GPU_GPU_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <vres/backend.h>

#define TRY(call)                                                                                  \
	do {                                                                                       \
		const vres_status try_status = (call);                                             \
		if (try_status != VRES_OK)                                                         \
			return try_status;                                                         \
	} while (0)

#define CLEANUP(function) __attribute__((cleanup(function), unused))

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* A vendor's loaded driver library; only the vendor's own functions look inside. */
struct gpu_binding;

/* Device memory that is ours. */
struct gpu_chunk {
	uint64_t addr, capacity;
	uint64_t handle; /* of the physical memory, where the driver has such a thing */
	bool is_vmm;     /* made with an explicit location that cannot migrate */
};

/* What the driver says of the mapping that holds an address. */
struct gpu_mapping {
	uint64_t base, bytes;
	uint64_t identity[2];
	uint32_t device;
	uint32_t facts; /* VRES_MEM_x */
	bool is_known;  /* false: the driver knows no memory there, and the rest says nothing */
};

/* What a thread had before its visit, where the driver keeps no stack of it. */
struct gpu_before {
	int device, error;
};

/*
 * A vendor's driver.  Unless said otherwise the functions return the driver's own code, 0 for
 * success, need the device's context to be current, and leave outputs untouched when they fail.
 * What gives something up has given it up whatever it returns.
 */
struct gpu_driver {
	/*
	 * No context needed.  bind: the library is loaded, every function found, the driver ready.
	 */
	vres_status (*bind)(const char *library_path, struct gpu_binding **out, vres_error *err);
	void (*unbind)(struct gpu_binding *b);
	vres_status (*meaning)(int code); /* total: every code has one */
	const char *(*name)(const struct gpu_binding *b, int code);
	int (*device_count)(const struct gpu_binding *b, uint32_t *out);
	/* The one that the whole process shares. */
	int (*context_retain)(const struct gpu_binding *b, uint32_t device, void **out);
	int (*context_release)(const struct gpu_binding *b, uint32_t device);
	int (*context_push)(const struct gpu_binding *b, uint32_t device, void *context,
	                    struct gpu_before *before);
	int (*context_pop)(const struct gpu_binding *b, const struct gpu_before *before);

	/*
	 * The device.  describe fills all but scratch_bytes, CAN_HASH and CAN_PROTECT.  health is
	 * advisory and cannot fail.
	 */
	int (*describe)(const struct gpu_binding *b, uint32_t device, vres_device_props *out);
	int (*memory_free)(const struct gpu_binding *b, uint64_t *out);
	void (*health)(const struct gpu_binding *b, uint32_t device, vres_device_status *out);
	/* Multiprocessors; 0 where the driver does not say. */
	int (*processors)(const struct gpu_binding *b, uint32_t device, uint32_t *out);

	/* The kernel.  image_load: *kernel is NULL and the code 0 when no image fits the device. */
	int (*image_load)(const struct gpu_binding *b, void **module, void **kernel,
	                  const char **name);
	int (*image_unload)(const struct gpu_binding *b, void *module);
	int (*launch)(const struct gpu_binding *b, void *kernel, uint32_t groups, uint32_t threads,
	              void *args, void *stream);

	/*
	 * Memory.  The two about protection: only for chunks with is_vmm, NULL where no chunk is.
	 * can_protect: read-only was asked for, and the driver says that it is so.
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

	/* Streams, and what is put on them.  is_low: with the lowest priority there is. */
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

struct vres_bself {
	const struct gpu_driver *driver;
	struct gpu_binding *binding;
};

/*
 * Device memory for digests on their way up the tree, taken when the device is opened.  A hash job
 * uses one slot at a time.
 */
#define SCRATCH_SLOTS 4u

/* Threads of a launch's groups: as kernels/entry.h has it. */
#define GPU_GROUP 128u

struct gpu_scratch {
	pthread_mutex_t lock;
	pthread_cond_t given_back;
	struct gpu_chunk chunk;
	uint64_t slot_bytes;
	bool is_taken[SCRATCH_SLOTS];
};

struct gpu_buffer {
	void *at;
	size_t bytes;
};

/* Page-locked staging that no lane has now; where bytes is 0 there is none. */
#define KEPT_MAX 32u

struct gpu_kept {
	pthread_mutex_t lock;
	bool is_open;
	struct gpu_buffer buffers[KEPT_MAX];
	size_t bytes; /* of all of them */
};

struct vres_bdev {
	const struct gpu_driver *driver;
	struct gpu_binding *binding;
	uint32_t index;
	bool has_vmm, can_protect;
	uint64_t granularity, total_bytes;
	uint32_t processors;
	bool has_context; /* retained */
	void *context;
	void *stream; /* for zeros */
	void *module, *kernel;
	struct gpu_scratch scratch;
	struct gpu_kept kept;
	atomic_bool is_lost;
};

struct vres_bmem {
	vres_bdev *dev;
	struct gpu_chunk chunk; /* of adopted memory, only where it is */
	uint64_t bytes;
	bool is_adopted;
};

#define NO_SLOT UINT32_MAX

struct gpu_work;
struct gpu_desk;

struct vres_blane {
	vres_bdev *dev;
	void *stream;
	struct gpu_buffer buffer; /* may be larger than what was asked for */
	size_t bytes;
	bool is_pinned, is_low;
	/* A wait missed its deadline: nothing more is taken until the lane is closed. */
	bool is_stuck;
	/* What is done when the lane is waited for: a hash, and all behind it. */
	struct gpu_work *queue;
	uint32_t slot;         /* of the scratch, while this lane's kernels may write to it */
	struct gpu_desk *desk; /* once it has hashed */
};

/* err, filled.  Returns @status. */
__attribute__((format(printf, 5, 6))) vres_status
gpu_error(vres_error *err, vres_status status, int code, uint32_t device, const char *format, ...);

/*
 * What a driver call returned, as a status: @what was being done.  A code that means the device is
 * gone is remembered.
 */
vres_status gpu_outcome(vres_bdev *dev, int code, const char *what, vres_error *err);

vres_status gpu_alive(const vres_bdev *dev, vres_error *err);

/*
 * The device's context is current between the two; what was current before is current again after
 * gpu_leave().
 */
struct gpu_visit {
	vres_bdev *dev; /* NULL: not entered */
	struct gpu_before before;
};

vres_status gpu_enter(vres_bdev *dev, struct gpu_visit *visit, vres_error *err);
/* Tries harder, and closing goes on without. */
void gpu_enter_to_close(vres_bdev *dev, struct gpu_visit *visit);
void gpu_leave(struct gpu_visit *visit);

/* A fact for people, left out where there is no room for it. */
__attribute__((format(printf, 3, 4))) void gpu_note(vres_device_props *props, const char *name,
                                                    const char *format, ...);

/*
 * Under WSL the host's memory manager pages device memory out, and nothing in the guest can tell.
 */
bool gpu_host_is_unverifiable(void);

/*
 * Copy an answer into the caller's structure, which may be of another version: both begin with
 * their size.
 */
void gpu_answer(void *to, const void *from, size_t size);

/* The monotonic clock, and the moment @ns from now. */
uint64_t gpu_now(void);
uint64_t gpu_until(uint64_t ns);

/* Wait for a stream.  *missed tells a deadline from other failures. */
vres_status gpu_stream_wait(vres_bdev *dev, void *stream, uint64_t until, bool *missed,
                            vres_error *err);

/* How long operations may take whose slot has no deadline of its own. */
#define UNASKED_PATIENCE (UINT64_C(60) * 1000 * 1000 * 1000)

vres_status gpu_scratch_open(vres_bdev *dev, vres_error *err);
void gpu_scratch_close(vres_bdev *dev);
vres_status gpu_scratch_take(vres_bdev *dev, uint64_t until, uint32_t *slot, vres_error *err);
void gpu_scratch_give_back(vres_bdev *dev, uint32_t *slot);

/* A lane's staging buffer.  @is_idle: nothing is on its way to or from it any more. */
vres_status gpu_staging_open(vres_bdev *dev, vres_error *err);
void gpu_staging_close(vres_bdev *dev);
vres_status gpu_staging_take(vres_blane *lane, uint32_t flags, vres_error *err);
void gpu_staging_give_back(vres_blane *lane, bool is_idle);

/* What a lane needs before its first hash job, and giving that up when its stream is through. */
vres_status gpu_hash_prepare(vres_blane *lane, vres_error *err);
void gpu_hash_forget(vres_blane *lane);

/* Do a hash job on a lane, all of it, by @until. */
vres_status gpu_hash_run(vres_blane *lane, const vres_hash_job *job, uint64_t until,
                         vres_error *err);

/* The slots. */
vres_status gpu_open(const struct gpu_driver *driver, const vres_backend_open *params,
                     vres_bself **out, vres_error *err);
void gpu_close(vres_bself *self);
vres_status gpu_device_count(vres_bself *self, uint32_t *out, vres_error *err);
vres_status gpu_device_open(vres_bself *self, uint32_t index, vres_device_props *props,
                            vres_bdev **out, vres_error *err);
vres_status gpu_device_status(vres_bdev *dev, vres_device_status *out, vres_error *err);
void gpu_device_close(vres_bdev *dev);
vres_status gpu_mem_alloc(vres_bdev *dev, uint64_t bytes, vres_bmem **out, vres_mem_info *info,
                          vres_error *err);
vres_status gpu_mem_adopt(vres_bdev *dev, uint64_t addr, uint64_t bytes, vres_bmem **out,
                          vres_error *err);
vres_status gpu_mem_residency(vres_bmem *mem, vres_residency *out, vres_error *err);
vres_status gpu_mem_wipe(vres_bmem *mem, vres_error *err);
vres_status gpu_mem_release(vres_bmem *mem, vres_error *err);
vres_status gpu_mem_protect(vres_bmem *mem, uint32_t read_only, vres_error *err);
vres_status gpu_lane_open(vres_bdev *dev, size_t bytes, uint32_t flags, vres_blane **out,
                          void **staging, vres_error *err);
vres_status gpu_lane_push(vres_blane *lane, vres_bmem *dst, uint64_t offset, size_t n,
                          vres_error *err);
vres_status gpu_lane_pull(vres_blane *lane, vres_bmem *src, uint64_t offset, size_t n,
                          vres_error *err);
vres_status gpu_lane_wait(vres_blane *lane, uint64_t deadline, vres_error *err);
void gpu_lane_close(vres_blane *lane);
vres_status gpu_hash_blocks(vres_blane *lane, const vres_hash_job *job, vres_error *err);

#endif
