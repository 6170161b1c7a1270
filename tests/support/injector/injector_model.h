/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The parts of an injector: injector_script.c decides what happens to a call, injector.c and
 * injector_lane.c pass it on, injector_side.c uses the backend for the injector itself.
 */
#ifndef TESTS_SUPPORT_INJECTOR_INJECTOR_MODEL_H
#define TESTS_SUPPORT_INJECTOR_INJECTOR_MODEL_H

#include <pthread.h>
#include <stdatomic.h>
#include "support/injector/injector.h"

#define INJECTOR_DEVICES 64
#define INJECTOR_FAULTS  8

#define NO_DEADLINE UINT64_MAX

enum injector_code {
	INJECTOR_SCRIPTED = 9001,
	INJECTOR_LOST = 9002,
	INJECTOR_DEADLINE = 9003,
	INJECTOR_CAPACITY = 9005,
	INJECTOR_INCAPABLE = 9008
};

/*
 * Memory that was made through the injector or by it: whose device it is said to be, and what is
 * said of it.
 */
struct injector_span {
	struct injector_span *next;
	uint64_t addr, bytes, capacity;
	uint32_t device, lies;
	vres_bmem *owned; /* the inner handle of what injector_alloc() made; NULL: a manager's */
	vres_bmem *inner; /* the inner handle of a manager's */
	bool is_read_only;
};

struct injector_fault {
	vres_mock_op op;
	uint64_t left; /* calls until it happens; 0: none */
	vres_status status;
};

struct injector {
	pthread_mutex_t lock;
	const vres_backend *inner;
	const char *library_path;
	uint64_t bytes_per_device, granularity;
	uint32_t devices;
	bool no_device_hash;
	void (*lose)(uint32_t device);
	bool (*is_zero)(uint64_t addr, uint64_t bytes);
	struct injector_fault faults[INJECTOR_FAULTS];
	uint64_t delay[VRES_MOCK_OP_COUNT];
	uint64_t used[INJECTOR_DEVICES];
	bool is_lost[INJECTOR_DEVICES];
	struct injector_span *spans;
	_Atomic uint64_t calls[VRES_MOCK_OP_COUNT];
	_Atomic uint64_t live, unwiped;

	/* The injector's own handles, opened when first needed. */
	pthread_mutex_t side_lock;
	vres_bself *self;
	vres_bdev *side[INJECTOR_DEVICES];
	uint32_t inner_devices;
};

struct vres_bself {
	struct injector *injector;
	vres_bself *inner;
	uint32_t devices; /* the inner backend's */
};

struct vres_bdev {
	struct injector *injector;
	vres_bdev *inner;
	uint32_t index, inner_index;
};

struct vres_bmem {
	vres_bdev *dev;
	vres_bmem *inner;
	uint64_t addr, bytes, capacity; /* capacity 0: adopted */
	atomic_bool is_written;
};

/* Runs with the inner backend's handles, kept until the lane has been waited for. */
struct job_runs {
	struct job_runs *next;
	vres_hash_run runs[];
};

struct vres_blane {
	vres_bdev *dev;
	vres_blane *inner;
	struct job_runs *jobs;
	bool is_stuck; /* it missed a deadline */
};

#define ANSWERED(op, injector, device)                                                             \
	do {                                                                                       \
		vres_status answered;                                                              \
		if (injector_answers(injector, op, device, NO_DEADLINE, &answered, err))           \
			return answered;                                                           \
	} while (0)

#define TRY(call)                                                                                  \
	do {                                                                                       \
		const vres_status try_status = (call);                                             \
		if (try_status != VRES_OK)                                                         \
			return try_status;                                                         \
	} while (0)

/* True: the call is answered with *status and *err, and is not passed on. */
bool injector_answers(struct injector *injector, vres_mock_op op, uint32_t device,
                      uint64_t deadline, vres_status *status, vres_error *err);
bool injector_is_lost(struct injector *injector, uint32_t device);

vres_status injector_error(vres_error *err, vres_status status, enum injector_code code,
                           uint32_t device, const char *format, ...)
	__attribute__((format(printf, 5, 6)));

/* Capacity of a device, taken and given back; *left: what was free. */
bool injector_take(struct injector *injector, uint32_t device, uint64_t capacity, uint64_t *left);
void injector_give_back(struct injector *injector, uint32_t device, uint64_t capacity);
uint64_t injector_capacity(const struct injector *injector, uint64_t bytes);

void injector_span_add(struct injector *injector, const struct injector_span *span);
bool injector_span_find(struct injector *injector, uint64_t addr, struct injector_span *out);
void injector_span_protect(struct injector *injector, uint64_t addr, bool is_read_only);
bool injector_span_drop(struct injector *injector, uint64_t addr, struct injector_span *out);

/* The slots that work on a lane (injector_lane.c). */
vres_status injected_lane_open(vres_bdev *dev, size_t bytes, uint32_t flags, vres_blane **out,
                               void **staging, vres_error *err);
vres_status injected_lane_push(vres_blane *lane, vres_bmem *dst, uint64_t offset, size_t n,
                               vres_error *err);
vres_status injected_lane_pull(vres_blane *lane, vres_bmem *src, uint64_t offset, size_t n,
                               vres_error *err);
vres_status injected_lane_wait(vres_blane *lane, uint64_t deadline, vres_error *err);
void injected_lane_close(vres_blane *lane);
vres_status injected_hash_blocks(vres_blane *lane, const vres_hash_job *job, vres_error *err);

/* Is every byte of a range zero?  Asked of the device. */
bool injector_is_zero(struct injector *injector, uint32_t device, uint64_t addr, uint64_t bytes);

#endif
