/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a fake driver is made of: one process-wide state behind one lock, as a driver has.  calls.c
 * has calls and their failures; space.c address ranges, physical memory and mappings; heap.c
 * allocations; stream.c streams, copies and kernels; control.c what tests do.
 *
 * The model speaks of codes and of how memory was made in the words of CUDA, which has more of
 * them.  A vendor's front (cuda.h, hip.h) has the functions that are called, contexts, and what is
 * known of an address; the two number codes alike, which the fake HIP runtime asserts.
 */
#ifndef TESTS_FAKE_DRIVER_MODEL_H
#define TESTS_FAKE_DRIVER_MODEL_H

#include <pthread.h>
#include <stddef.h>
#include <unistd.h>
#include "cuda/cuda_abi.h"
#include "fake/driver/control.h"
#include "gpu/dialect.h"
#include "kernels/leaf_hash.h"

#define FAKE_FUNCTIONS_MAX 64

#define FAKE_PAGE ((uint64_t)sysconf(_SC_PAGESIZE))

#define CUDA_INVALID_HANDLE 400
#define CUDA_NOT_FOUND      500
#define CUDA_ILLEGAL_STATE  401

/* A stream that captures cannot be waited for. */
#define CUDA_CAPTURE_UNSUPPORTED 900

/*
 * As CUDA counts: the highest number is the lowest priority, and streams have it that were made
 * without one.  Here they differ, to be seen.
 */
#define FAKE_PRIORITY_LEAST    3
#define FAKE_PRIORITY_ORDINARY 0

/* Physical memory. */
struct fake_phys {
	struct fake_phys *next;
	cuda_handle handle;
	uint64_t offset;         /* in the file that has all of it */
	uint64_t bytes, charged; /* charged: of the device's capacity */
	uint64_t block_id;
	unsigned references; /* handles and mappings */
	unsigned handles;
	int device;
	bool is_managed;
	cuda_alloc_prop prop;
};

/* The pool that memory comes from, if it does, and the other device with access to it; 0: none. */
struct fake_pool {
	bool is_one;
	int peer;
};

/* A piece of address space with physical memory behind it. */
struct fake_map {
	struct fake_map *next;
	uint64_t addr, bytes, offset;
	struct fake_phys *phys;
	uint64_t buffer_id;
	int rights[FAKE_DEVICES_MAX];
	int host_rights;
	struct fake_pool pool;
	bool is_plain; /* by cuMemAlloc */
};

struct fake_range {
	struct fake_range *next;
	uint64_t addr, bytes;
	void *mapping;
	size_t mapped;
};

struct fake_pinned {
	struct fake_pinned *next;
	char *block;
	size_t bytes;
};

struct fake_context {
	int device;
	unsigned retained;
};

struct fake_device {
	struct fake_context context;
	uint64_t used;
	int sticky; /* the code that everything answers */
};

struct fake_stream;

struct fake {
	pthread_mutex_t lock;
	struct fake_params params;
	struct fake_device devices[FAKE_DEVICES_MAX];
	struct fake_phys *phys;
	int store; /* the file that all of it is in, while there is any */
	uint64_t store_bytes;
	struct fake_map *maps;
	struct fake_range *ranges;
	struct fake_pinned *pinned;
	struct fake_stream *streams;
	unsigned modules, fatbins; /* loaded; those of the first that are of nvcc */
	uint64_t serial;           /* never used twice */
	uint64_t calls[FAKE_FUNCTIONS_MAX];
	uint64_t calls_all;
	int fail_function; /* -1: any */
	uint64_t fail_in;  /* so many calls from now; 0: never */
	int fail_code;
	const char *failed;
	enum fake_lie lie;
	uint64_t skip_in;
	/* In a launch on an ordinary stream, and on one of the lowest priority. */
	uint64_t threads_most[2];
	bool stalls;
	uint64_t poll_ns;
	uint64_t unwiped;
};

/* Each front has it, as a test finds it that does not know it for a fake. */
extern struct fake fake;

/* Kernels: any variant of the hash is the same source here; a stamp writes the time. */
#define FAKE_KERNEL_HASH  ((void *)&fake.calls)
#define FAKE_KERNEL_STAMP ((void *)&fake.serial)

#define FAKE_JUST_LOADED(of_version)                                                               \
	{                                                                                          \
		.lock = PTHREAD_MUTEX_INITIALIZER, .params = {                                     \
			.devices = 1,                                                              \
			.bytes_per_device = UINT64_C(4) << 30,                                     \
			.granularity = UINT64_C(2) << 20,                                          \
			.version = (of_version)                                                    \
		}                                                                                  \
	}

/* Entering a function: counts, locks, and tells if this call is to fail. */
struct fake_call {
	int code;
};

struct fake_call fake_enter(int function);
void fake_leave(struct fake_call *call);

#define FAKE_ENTER(name) CLEANUP(fake_leave) struct fake_call call = fake_enter(FAKE_##name)
#define FAKE_TRY_ENTER(name)                                                                       \
	FAKE_ENTER(name);                                                                          \
	if (call.code != CUDA_OK)                                                                  \
	return call.code

/* Each front has these.  Its functions' names, by number, up to NULL. */
extern const char *const fake_function_names[];

/*
 * For driver.c: functions that tests treat each in its own way, and how the lies of the mock are
 * told here.
 */
extern const char *const fake_harmless[], *const fake_takers[];
extern const enum fake_lie fake_lie_of_bit[4];

/* The version it has unless told otherwise. */
extern const int fake_front_version;

/* What is not in the model is as if just loaded. */
void fake_front_reset(void);

/* The device whose context is current, or why not. */
cuda_result fake_here(int *device);

/*
 * Is the device's primary context current, and not an engine's?  Some things can be given up in no
 * other.
 */
bool fake_is_inside(int device);

/*
 * What a releasing call answers, once it has released: an injected code, or its device's sticky
 * one.
 */
cuda_result fake_released(struct fake_call call, int device);

struct fake_map *fake_map_at(uint64_t addr);

/* Physical memory charged to a device, and its end. */
struct fake_phys *fake_phys_make(uint64_t bytes, uint64_t charged, const cuda_alloc_prop *prop,
                                 int device);
void fake_phys_drop(struct fake_phys *phys);
cuda_result fake_map_put(uint64_t addr, uint64_t bytes, uint64_t offset, struct fake_phys *phys,
                         struct fake_map **out);

/* Address space; and all that is mapped in a part of it. */
cuda_result fake_range_make(uint64_t bytes, uint64_t *addr);
cuda_result fake_range_drop(uint64_t addr);
uint64_t fake_range_bytes(uint64_t addr);
cuda_result fake_maps_drop(uint64_t addr, uint64_t bytes);

/*
 * Make a range accessible to the host for a moment, if device @device may: @right is CUDA_ACCESS_x.
 */
bool fake_open(uint64_t addr, uint64_t bytes, int device, int right);
void fake_shut(uint64_t addr, uint64_t bytes);

/* Ordinary allocations of a device, and page-locked memory. */
cuda_result fake_plain_make(uint64_t bytes, int device, uint64_t *out);
cuda_result fake_plain_drop(struct fake_call call, uint64_t addr);
cuda_result fake_pinned_make(size_t bytes, void **out);
cuda_result fake_pinned_drop(struct fake_call call, const void *block);
bool fake_is_pinned(const void *block, size_t bytes);
bool fake_fits(uint64_t bytes, int device);
void fake_memory_forget(void);

/* What can be put on a stream, to be done when it is polled for the second time or waited for. */
enum fake_work_kind { WORK_PUSH, WORK_PULL, WORK_ZERO, WORK_HASH, WORK_STAMP };

struct fake_work {
	struct fake_work *next;
	enum fake_work_kind kind;
	uint64_t device_addr;
	void *host;
	size_t bytes;
	uint64_t threads;
	bool is_skipped;
	vres_leaf_hash_args args;
};

/* Handles are checked: they may be none, or another device's. */
cuda_result fake_stream_make(int priority, void **out);
cuda_result fake_stream_drop(struct fake_call call, const void *handle);
cuda_result fake_stream_poll(const void *handle);
cuda_result fake_stream_finish(const void *handle);
cuda_result fake_stream_put(const void *handle, const struct fake_work *work);

/* Work is captured from one to the other, and is the caller's then. */
cuda_result fake_stream_capture(const void *handle);
cuda_result fake_stream_captured(const void *handle, struct fake_work **out);

cuda_result fake_launch(const void *handle, const void *kernel, uint64_t threads, const void *args);
void fake_streams_forget(void);
uint64_t fake_streams_count(void);
void fake_tell(struct fake_map *map, enum fake_lie lie);

#endif
