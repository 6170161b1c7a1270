/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a mock consists of.  create.c creates and destroys it, span.c owns the pages that stand for
 * device memory, script.c makes calls slow or lets them fail; mock.c, memory.c, lane.c and hash.c
 * are the backend; tamper.c changes memory behind the backend's back.
 */
#ifndef VRES_MOCK_MODEL_H
#define VRES_MOCK_MODEL_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <vres/backend.h>
#include <vres/mock.h>

#define TRY(call)                                                                                  \
	do {                                                                                       \
		const vres_status try_status = (call);                                             \
		if (try_status != VRES_OK)                                                         \
			return try_status;                                                         \
	} while (0)

/* As mock.h says. */
#define DEVICES_MAX 64
#define FAULTS_MAX  8

/* Only lane_wait has a deadline. */
#define NO_DEADLINE UINT64_MAX

/* The values of err->backend_code, where a real backend has its driver's codes. */
enum vres_mock_code {
	CODE_SCRIPTED = 9001, /* a test asked for this failure */
	CODE_LOST = 9002,
	CODE_DEADLINE = 9003,
	/* A write to a read-only mapping, or to a place where nothing is mapped. */
	CODE_ACCESS = 9004,
	CODE_CAPACITY = 9005,
	CODE_HOST = 9006,   /* the host has no memory to simulate with */
	CODE_MISUSE = 9007, /* the caller broke the backend contract */
	CODE_INCAPABLE = 9008
};

/* Where memory comes from, which says who may give it back, and by which call. */
enum vres_mock_origin {
	ORIGIN_DEVICE, /* allocated by the backend, for a manager */
	ORIGIN_OWNER,  /* vres_mock_alloc() */
	ORIGIN_HOST    /* vres_mock_map() */
};

/*
 * One allocation.  Its pages can be read and written only while a call works on them.  The address
 * of device memory is the address of the page, so it is unique across devices, and code that
 * dereferences it crashes, as it would with a GPU's.
 *
 * Or host memory that vres_mock_map() made device memory: then its pages are the caller's, and
 * nothing is changed about them.
 */
struct vres_mock_span {
	uint64_t addr;
	uint64_t capacity; /* how long it is */
	uint64_t taken;    /* what it takes of the device: a multiple of the granularity */
	uint64_t serial;   /* never given to another */
	void *mapping;     /* a guard page, the capacity in whole pages, a guard page */
	size_t mapped;
	uint32_t device;
	uint32_t pretend; /* VRES_MOCK_x */
	unsigned users;   /* calls that work on it now */
	/* What they made accessible, in whole pages; from == to: nothing. */
	uint64_t open_from, open_to;
	enum vres_mock_origin origin;
	bool read_only;
	bool gone; /* freed; the last user unmaps it, or whoever unmaps host memory ends its wait */
};

struct vres_mock_fault {
	vres_mock_op op;
	uint64_t left; /* calls until it happens; 0: the slot is free */
	vres_status status;
};

/*
 * The lock guards everything below it except the counters.  It is never held while copying, hashing
 * or sleeping, and no other lock is taken under it.
 */
struct vres_mock {
	uint32_t devices;
	bool no_device_hash;
	uint64_t bytes_per_device;
	uint64_t granularity;

	pthread_mutex_t lock;
	pthread_cond_t idle; /* a span lost its last user */
	void *spans;         /* a tree of them, by address (tsearch) */
	uint64_t serial;     /* of the newest span */
	uint64_t dropped;    /* number of spans freed so far */
	uint64_t used[DEVICES_MAX];
	bool lost[DEVICES_MAX];
	struct vres_mock_fault faults[FAULTS_MAX];
	uint64_t delay[VRES_MOCK_OP_COUNT];

	_Atomic uint64_t calls[VRES_MOCK_OP_COUNT]; /* [VRES_MOCK_ANY]: all of them */
	_Atomic uint64_t live;
	_Atomic uint64_t unwiped;
};

/* The handles of the backend contract. */
struct vres_bself {
	vres_mock *mock;
};

struct vres_bdev {
	vres_mock *mock;
	uint32_t index;
};

struct vres_bmem {
	vres_mock *mock;
	uint32_t device; /* through which it was allocated or adopted */
	bool adopted;
	uint64_t addr;
	uint64_t bytes; /* the capacity of what was allocated, the range that was adopted */

	/* The allocation that contains it; valid while mock->dropped is @dropped.  Under the lock.
	 */
	struct vres_mock_span *span;
	uint64_t dropped;
};

#endif
