/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The handles of the backend contract: an opened driver, a device, memory, a lane. */
#ifndef VRES_BACKENDS_GPU_OBJECTS_H
#define VRES_BACKENDS_GPU_OBJECTS_H

#include <pthread.h>
#include <stdatomic.h>
#include "gpu/driver.h"

struct vres_bself {
	const struct gpu_driver *driver;
	struct gpu_binding *binding;
};

/*
 * Device memory for digests on their way up the tree (scratch.c).  It is allocated when the device
 * is opened.  A hash job uses one slot at a time.
 */
#define SCRATCH_SLOTS 4u

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

/* Page-locked buffers that no lane uses at present (staging.c); bytes == 0: a free place. */
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
	struct gpu_chunk chunk; /* of adopted memory, only addr is set */
	uint64_t bytes;
	bool is_adopted;
};

/* gpu/lane.c and gpu/hash_plan.h define these. */
struct gpu_work;
struct gpu_desk;

#define NO_SLOT UINT32_MAX

struct vres_blane {
	vres_bdev *dev;
	void *stream;
	struct gpu_buffer buffer; /* may be larger than what was asked for */
	size_t bytes;
	bool is_pinned, is_low;
	/* A wait missed its deadline: the lane takes no more work and can only be closed. */
	bool is_stuck;
	/* Work that is done when the lane is waited for: a hash, and everything behind it. */
	struct gpu_work *queue;
	uint32_t slot;         /* of the scratch, while this lane's kernels may write to it */
	struct gpu_desk *desk; /* once it has hashed */
};

#endif
