/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The state of a fake driver: one for the process, behind one lock, as in a real driver. calls.c
 * counts calls and lets them fail; space.c has address ranges, physical memory and mappings; heap.c
 * allocations; stream.c streams, copies and kernels; launch.c launches of the hash kernel; judge.c
 * has an interpreter run them; control.c what tests do.  The model uses CUDA's codes and CUDA's
 * description of memory, which are the richer ones.  A vendor's front (cuda.h, hip.h) adds the
 * vendor's functions, contexts, and what is known about an address.  HIP numbers its codes as CUDA
 * does, which the fake HIP runtime asserts.
 */
#ifndef TESTS_FAKE_DRIVER_MODEL_H
#define TESTS_FAKE_DRIVER_MODEL_H

#include <pthread.h>
#include <stddef.h>
#include <unistd.h>
#include "cuda/cuda_abi.h"
#include "fake/driver/control.h"
#include "fake/driver/judge.h"
#include "gpu/dialect.h"
#include "kernels/leaf_hash.h"

#define FAKE_FUNCTIONS_MAX 64

#define FAKE_PAGE ((uint64_t)sysconf(_SC_PAGESIZE))

#define CUDA_INVALID_HANDLE 400
#define CUDA_ILLEGAL_STATE  401

/* What waiting for a stream returns during a capture, and what other forbidden calls return. */
#define CUDA_CAPTURE_UNSUPPORTED 900
/* What the end of a capture returns that such a call has spoiled. */
#define CUDA_CAPTURE_INVALIDATED 901

/*
 * As in CUDA, the highest number is the lowest priority.  In CUDA it is also the default; here the
 * two differ, so that tests can tell them apart.
 */
#define FAKE_PRIORITY_LEAST    3
#define FAKE_PRIORITY_ORDINARY 0

/* Physical memory. */
struct fake_phys {
	struct fake_phys *next;
	cuda_handle handle;
	uint64_t offset;         /* in the store */
	uint64_t bytes, charged; /* charged: counted against the device's capacity */
	uint64_t block_id;
	unsigned references; /* handles and mappings */
	unsigned handles;
	int device;
	bool is_managed;
	cuda_alloc_prop prop;
};

/* Whether memory comes from a pool, and another device with access to the pool; 0: none. */
struct fake_pool {
	bool is_one;
	int peer;
};

/* A range of addresses with physical memory behind it. */
struct fake_map {
	struct fake_map *next;
	uint64_t addr, bytes, offset;
	struct fake_phys *phys;
	uint64_t buffer_id;
	int rights[FAKE_DEVICES_MAX];
	int host_rights;
	struct fake_pool pool;
	bool is_plain;    /* from cuMemAlloc */
	bool is_imported; /* by IPC; then from another process's cuMemAlloc */
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
	int sticky; /* the code that every call returns once the device is lost */
};

struct fake_stream;

/* Work on a stream.  It is done when the stream is polled for the second time or waited for. */
enum fake_work_kind { WORK_PUSH, WORK_PULL, WORK_ZERO, WORK_HASH, WORK_STAMP, WORK_WAIT };

struct fake {
	pthread_mutex_t lock;
	struct fake_params params;
	struct fake_device devices[FAKE_DEVICES_MAX];
	struct fake_phys *phys;
	int store; /* the file that holds all physical memory, open while there is any */
	uint64_t store_bytes;
	struct fake_map *maps;
	struct fake_range *ranges;
	struct fake_pinned *pinned;
	struct fake_stream *streams;
	unsigned modules, fatbins; /* loaded modules; how many of them are nvcc's */
	uint64_t serial;           /* the last number given to anything */
	uint64_t resets;
	uint64_t calls[FAKE_FUNCTIONS_MAX];
	uint64_t calls_all;
	int fail_function; /* -1: any */
	uint64_t fail_in;  /* number of calls until the failure; 0: never */
	int fail_code;
	const char *failed;
	enum fake_lie lie;
	struct fake_omission omission;
	uint64_t omissions; /* so far */
	bool omitted_weights;
	/* Of the largest launch on ordinary streams, and on those of the lowest priority. */
	uint64_t threads_most[2];
	bool stalls;
	uint64_t poll_ns;
	uint64_t unwiped;
	struct fake_judge judge;
};

/* The front defines it, with the state of a driver that was never reset. */
extern struct fake fake;

/* Kernels: all variants of the hash kernel run the same source here; a stamp writes the time. */
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

/* Counts a call, takes the lock, and decides whether the call fails. */
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

/* A vendor's front defines the rest, first the names of its functions, by number, up to NULL. */
extern const char *const fake_function_names[];

/* For driver.c: see struct fake_driver.  fake_lie_of_bit has the lie for each VRES_MOCK_x bit. */
extern const char *const fake_harmless[], *const fake_takers[];
extern const enum fake_lie fake_lie_of_bit[4];

/* The default version. */
extern const int fake_front_version;

/* Resets what the front keeps besides the model. */
void fake_front_reset(void);

/* The device whose context is current; fails if there is none or its context is lost. */
cuda_result fake_here(int *device);

/*
 * Is the device's primary context current, and not an engine's?  Some objects can be released only
 * in it.
 */
bool fake_is_inside(int device);

/*
 * What a call returns that has released something: the error that a test asked for, or the device's
 * sticky code.
 */
cuda_result fake_released(struct fake_call call, int device);

struct fake_map *fake_map_at(uint64_t addr);

/*
 * Allocates physical memory, charged to a device, with one reference.  fake_phys_drop() gives a
 * reference back.
 */
struct fake_phys *fake_phys_make(uint64_t bytes, uint64_t charged, const cuda_alloc_prop *prop,
                                 int device);
void fake_phys_drop(struct fake_phys *phys);
cuda_result fake_map_put(uint64_t addr, uint64_t bytes, uint64_t offset, struct fake_phys *phys,
                         struct fake_map **out);

/* Reserves and frees address space.  fake_maps_drop() drops every mapping in a range. */
cuda_result fake_range_make(uint64_t bytes, uint64_t *addr);
cuda_result fake_range_drop(uint64_t addr);
uint64_t fake_range_bytes(uint64_t addr);
cuda_result fake_maps_drop(uint64_t addr, uint64_t bytes);

/*
 * fake_open() makes a range accessible to the host if @device has the right CUDA_ACCESS_x.
 * fake_shut() takes the access away again.
 */
bool fake_open(uint64_t addr, uint64_t bytes, int device, int right);
void fake_shut(uint64_t addr, uint64_t bytes);

/* Plain allocations of a device, and page-locked memory. */
cuda_result fake_plain_make(uint64_t bytes, int device, uint64_t *out);
cuda_result fake_plain_drop(struct fake_call call, uint64_t addr);
cuda_result fake_pinned_make(size_t bytes, void **out);
cuda_result fake_pinned_drop(struct fake_call call, const void *block);
bool fake_is_pinned(const void *block, size_t bytes);
bool fake_fits(uint64_t bytes, int device);
void fake_memory_forget(void);

struct fake_work {
	struct fake_work *next;
	enum fake_work_kind kind;
	uint64_t device_addr;
	void *host;
	uint64_t all;      /* its bytes or threads */
	uint64_t from, to; /* those that are carried out */
	vres_leaf_hash_args args;
};

/* Each of these checks its handle, which may be invalid or of another device. */
cuda_result fake_stream_make(int priority, void **out);
cuda_result fake_stream_drop(struct fake_call call, const void *handle);
cuda_result fake_stream_poll(const void *handle);
cuda_result fake_stream_finish(const void *handle);
cuda_result fake_stream_put(const void *handle, const struct fake_work *work);

/* Leaves out some of this work, or this wait, if a test asked for it. */
void fake_leave_out_of(struct fake_work *work);
bool fake_wait_is_left_out(void);
void fake_omissions_forget(void);

/*
 * Work is captured between these two calls; *out then belongs to the caller.  @mode is a
 * CUDA_CAPTURE_x.
 */
cuda_result fake_stream_capture(const void *handle, int mode);
cuda_result fake_stream_captured(const void *handle, struct fake_work **out);

/*
 * May this thread make a call that is potentially unsafe during a capture?  If not, the captures
 * that forbid it are spoiled.  Neither vendor lists these calls; here they are those that allocate,
 * free, load or unload, ask a stream or wait for one.
 */
cuda_result fake_capture_allows(void);

/* Swaps the calling thread's capture mode. */
cuda_result fake_capture_exchange(int *mode);

cuda_result fake_launch(const void *handle, const void *kernel, uint64_t threads, const void *args);
void fake_streams_forget(void);
uint64_t fake_streams_count(void);
void fake_tell(struct fake_map *map, enum fake_lie lie);

#endif
