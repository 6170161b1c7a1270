/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a mock is made of, and what its files ask of each other.  model.c makes and destroys it,
 * span.c owns the pages, script.c decides what goes wrong; mock.c, memory.c, lane.c and hash.c are
 * the backend; tamper.c is what a test does behind the backend's back.
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

/* As mock.h promises. */
#define DEVICES_MAX 64
#define FAULTS_MAX  8

/* A lane_wait is the only operation with a deadline. */
#define NO_DEADLINE UINT64_MAX

/* err->backend_code: the mock's own numbers, where a driver would give its. */
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

/*
 * One allocation: pages that nobody can read or write but while they have users.  An address of
 * device memory is the address of the page, so it is unique across devices, and code that
 * dereferences it crashes, as it would with a GPU's.
 */
struct vres_mock_span {
	uint64_t addr;
	uint64_t capacity; /* what it takes of the device */
	uint64_t serial;   /* never given to another */
	void *mapping;     /* a guard page, the capacity in whole pages, a guard page */
	size_t mapped;
	uint32_t device;
	uint32_t pretend; /* VRES_MOCK_x */
	unsigned users;   /* calls that are working on it */
	/* What they made accessible, in whole pages; nothing: from == to. */
	uint64_t open_from, open_to;
	bool foreign; /* made by vres_mock_alloc() */
	bool read_only;
	bool gone; /* freed; the last user unmaps it */
};

struct vres_mock_fault {
	vres_mock_op op;
	uint64_t left; /* calls until it happens; 0: the slot is free */
	vres_status status;
};

/*
 * The lock guards everything below it but the counters.  It is never held while copying, hashing or
 * sleeping, and nothing is called under it that takes another lock.
 */
struct vres_mock {
	uint32_t devices;
	bool no_device_hash;
	uint64_t bytes_per_device;
	uint64_t granularity;

	pthread_mutex_t lock;
	pthread_cond_t idle; /* a span lost its last user */
	void *spans;         /* a tree of them, by address (tsearch) */
	uint64_t serial;     /* the last one given */
	uint64_t dropped;    /* spans, so far */
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

	/* Under the lock: the allocation it was found in, as long as none was dropped since. */
	struct vres_mock_span *span;
	uint64_t dropped;
};

/* model.c */

/* Fill *err, if there is one, and return @status. */
__attribute__((format(printf, 5, 6))) vres_status
vres_mock_error(vres_error *err, vres_status status, enum vres_mock_code code, uint32_t device,
                const char *format, ...);

/*
 * Copy an answer of ours, which starts with its struct_size, to the caller's, as far as that has
 * room; its struct_size stays.
 */
void vres_mock_answer(void *theirs, const void *ours, size_t size);

/* span.c */

enum vres_mock_access { ACCESS_READ, ACCESS_WRITE };

/*
 * New memory, filled with @content or zeros.  VRES_E_INSUFFICIENT_VRAM, VRES_E_ALLOCATION_FAILED,
 * VRES_E_NO_MEMORY.
 */
vres_status vres_mock_span_make(vres_mock *mock, uint32_t device, uint64_t bytes, bool foreign,
                                const void *content, vres_mem_info *info, vres_error *err);

/* The live allocation that holds the whole range, or NULL.  The lock is held. */
struct vres_mock_span *vres_mock_span_find(const vres_mock *mock, uint64_t addr, uint64_t n);

/* The one that holds what @mem stands for, or NULL.  The lock is held. */
struct vres_mock_span *vres_mock_span_of(vres_bmem *mem);

/*
 * Make the range accessible until vres_mock_span_leave().  A write to read-only memory loses the
 * device.
 */
vres_status vres_mock_span_enter(vres_mock *mock, uint64_t addr, uint64_t n,
                                 enum vres_mock_access access, struct vres_mock_span **out,
                                 vres_error *err);
void vres_mock_span_leave(vres_mock *mock, struct vres_mock_span *span);

/*
 * Free the allocation that starts at @addr, if it is of that kind and live; its capacity is free at
 * once.
 */
vres_status vres_mock_span_drop(vres_mock *mock, uint64_t addr, bool foreign, vres_error *err);

/*
 * Make the pages of a range accessible; take access to all such pages away again.  The lock is
 * held.
 */
bool vres_mock_span_expose(struct vres_mock_span *span, uint64_t addr, uint64_t n);
void vres_mock_span_hide(struct vres_mock_span *span);

/* script.c */

/*
 * Every operation begins here: counted, delayed, and perhaps answered by the script instead of
 * being done: true, with *status and *err. @deadline is how long it may take.
 */
bool vres_mock_script_answers(vres_mock *mock, vres_mock_op op, uint32_t device, uint64_t deadline,
                              vres_status *status, vres_error *err);

/* Has this device been lost?  An index that is none is of no device, and not lost. */
bool vres_mock_device_lost(vres_mock *mock, uint32_t device);

/* hash.c */

/* Carry out @job, which is valid; @scratch has room for one block a level. */
vres_status vres_mock_hash(vres_mock *mock, const vres_hash_job *job, uint8_t *scratch,
                           vres_error *err);

/* The slots of the table that are not in mock.c. */

vres_status vres_mocked_mem_alloc(vres_bdev *dev, uint64_t bytes, vres_bmem **out,
                                  vres_mem_info *info, vres_error *err);
vres_status vres_mocked_mem_adopt(vres_bdev *dev, uint64_t addr, uint64_t bytes, vres_bmem **out,
                                  vres_error *err);
vres_status vres_mocked_mem_residency(vres_bmem *mem, vres_residency *out, vres_error *err);
vres_status vres_mocked_mem_wipe(vres_bmem *mem, vres_error *err);
vres_status vres_mocked_mem_release(vres_bmem *mem, vres_error *err);
vres_status vres_mocked_mem_protect(vres_bmem *mem, uint32_t read_only, vres_error *err);

vres_status vres_mocked_lane_open(vres_bdev *dev, size_t bytes, uint32_t flags, vres_blane **out,
                                  void **staging, vres_error *err);
vres_status vres_mocked_lane_push(vres_blane *lane, vres_bmem *dst, uint64_t offset, size_t n,
                                  vres_error *err);
vres_status vres_mocked_lane_pull(vres_blane *lane, vres_bmem *src, uint64_t offset, size_t n,
                                  vres_error *err);
vres_status vres_mocked_lane_wait(vres_blane *lane, uint64_t deadline, vres_error *err);
void vres_mocked_lane_close(vres_blane *lane);
vres_status vres_mocked_hash_blocks(vres_blane *lane, const vres_hash_job *job, vres_error *err);

#endif
