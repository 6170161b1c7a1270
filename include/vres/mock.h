/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The mock: devices made of host memory, for tests, fuzzing and drills without a GPU.  Library
 * vres-mock, never part of libvres.
 *
 * What it models: several devices with exact capacity and a granularity; addresses unique across
 * devices; "VRAM" in pages that no host code can read or write outside a backend call (PROT_NONE);
 * copies and hashes that happen when the lane is waited for, so that a missing wait is seen;
 * hashing with the very source that GPUs run.  What it can be told to do: fail the Nth call of an
 * operation, flip a bit, lie about residency, be slow, lose a device.
 *
 * Threads: any function from any thread.  A mock must outlive every manager that was given it
 * (config.closed says when) and every function here may be used while managers run.
 */
#ifndef VRES_MOCK_H
#define VRES_MOCK_H

#include <vres/manager.h>
#include <vres/status.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct vres_mock vres_mock;

/** Operations of the backend table, for scripts and counts. */
typedef enum vres_mock_op {
	VRES_MOCK_ANY = 0, /* whichever comes */
	VRES_MOCK_OP_OPEN = 1,
	VRES_MOCK_OP_DEVICE_COUNT = 2,
	VRES_MOCK_OP_DEVICE_OPEN = 3,
	VRES_MOCK_OP_DEVICE_STATUS = 4,
	VRES_MOCK_OP_MEM_ALLOC = 5,
	VRES_MOCK_OP_MEM_ADOPT = 6,
	VRES_MOCK_OP_MEM_RESIDENCY = 7,
	VRES_MOCK_OP_MEM_WIPE = 8,
	VRES_MOCK_OP_MEM_RELEASE = 9, /* the memory is freed all the same, as the contract says */
	VRES_MOCK_OP_LANE_OPEN = 10,
	VRES_MOCK_OP_LANE_PUSH = 11,
	VRES_MOCK_OP_LANE_PULL = 12,
	VRES_MOCK_OP_LANE_WAIT = 13,
	VRES_MOCK_OP_HASH_BLOCKS = 14,
	VRES_MOCK_OP_MEM_PROTECT = 15,
	VRES_MOCK_OP_COUNT = 16
} vres_mock_op;

/** What vres_mock_pretend() makes residency queries answer; may be combined. */
#define VRES_MOCK_MANAGED     1u
#define VRES_MOCK_HOST_MAPPED 2u
#define VRES_MOCK_EXPORTABLE  4u
#define VRES_MOCK_MOVED       8u /* another physical allocation stands behind the same address */

/**
 * struct vres_mock_params - how the mock looks
 * @devices:          number of devices; 0: 1; at most 64
 * @no_device_hash:   1: the devices cannot hash, as VRES_DEVICE_CAN_HASH then says
 * @bytes_per_device: capacity of each; 0: 1 GiB
 * @granularity:      allocations are rounded up to it; 0: 4096; power of two
 */
typedef struct vres_mock_params {
	size_t struct_size;
	uint32_t devices, no_device_hash;
	uint64_t bytes_per_device, granularity;
} vres_mock_params;

VRES_DEFINE_INIT(vres_mock_params)

/**
 * vres_backend_mock() - the mock's backend table
 *
 * Give it as config.backend, and a vres_mock as config.backend_arg.
 *
 * Return: a static table, never NULL.
 */
VRES_API const vres_backend *vres_backend_mock(void);

/**
 * vres_mock_create() - make a device model
 * @p:   NULL for all defaults
 * @out: the mock, to be given to vres_mock_destroy()
 * @err: why it failed, or NULL
 *
 * Return: VRES_OK; VRES_E_ABI; VRES_E_INVALID_INPUT (more than 64 devices, a granularity that is
 *         not a power of two or larger than the
 * capacity, a capacity that is not a multiple of the granularity); VRES_E_NO_MEMORY.
 */
VRES_API VRES_MUST_CHECK vres_status vres_mock_create(const vres_mock_params *p, vres_mock **out,
                                                      vres_error *err);

/**
 * vres_mock_destroy() - give a mock back
 * @mock: NULL is allowed
 *
 * Frees what vres_mock_alloc() made and was not freed.  No manager may use the mock any more.
 */
VRES_API void vres_mock_destroy(vres_mock *mock);

/**
 * vres_mock_fail() - make one future call fail
 * @mock:   the mock
 * @op:     which operation; VRES_MOCK_ANY counts every one
 * @nth:    1 is the next; 0 forgets the failures scripted for @op
 * @status: what the call returns; VRES_E_DEVICE_LOST also loses the device; VRES_OK: the call
 *          claims success without doing its work
 *          (ignored by the operations that make a handle)
 *
 * Up to 8 failures may wait at once; more are ignored.
 */
VRES_API void vres_mock_fail(vres_mock *mock, vres_mock_op op, uint64_t nth, vres_status status);

/**
 * vres_mock_delay() - make every call of an operation slow
 * @mock: the mock
 * @op:   which operation; VRES_MOCK_ANY: every one
 * @ns:   how long each takes; 0: as fast as it can.  A lane_wait slower than its deadline fails at
 *        the deadline, as a real one does.
 */
VRES_API void vres_mock_delay(vres_mock *mock, vres_mock_op op, uint64_t ns);

/**
 * vres_mock_flip() - flip one bit of device memory
 * @mock:        the mock
 * @device_addr: an address inside a live allocation: that of a lease, plus an offset
 * @bit:         0 to 7
 *
 * Return: VRES_OK; VRES_E_INVALID_INPUT if the address is in no live allocation or @bit is above 7.
 */
VRES_API VRES_MUST_CHECK vres_status vres_mock_flip(vres_mock *mock, uint64_t device_addr,
                                                    unsigned bit);

/**
 * vres_mock_pretend() - lie about an allocation
 * @mock:        the mock
 * @device_addr: an address inside a live allocation; others are ignored
 * @facts:       VRES_MOCK_x; 0: tell the truth again
 */
VRES_API void vres_mock_pretend(vres_mock *mock, uint64_t device_addr, uint32_t facts);

/**
 * vres_mock_alloc() - memory that somebody else owns, to be adopted
 * @mock:        the mock
 * @gpu_device:  on which device
 * @bytes:       how much; counts against the capacity
 * @content:     @bytes bytes to fill it with, or NULL for zeros
 * @device_addr: where it is; to be given to vres_mock_free()
 *
 * Return: VRES_OK; VRES_E_INVALID_INPUT; VRES_E_INSUFFICIENT_VRAM; VRES_E_NO_MEMORY.
 */
VRES_API VRES_MUST_CHECK vres_status vres_mock_alloc(vres_mock *mock, uint32_t gpu_device,
                                                     uint64_t bytes, const void *content,
                                                     uint64_t *device_addr);

/**
 * vres_mock_free() - give back what vres_mock_alloc() made
 * @mock:        the mock
 * @device_addr: as it was returned; anything else is ignored
 */
VRES_API void vres_mock_free(vres_mock *mock, uint64_t device_addr);

/**
 * vres_mock_lose_device() - from now on every operation on a device fails with VRES_E_DEVICE_LOST
 * @mock:       the mock
 * @gpu_device: which one; out of range is ignored
 */
VRES_API void vres_mock_lose_device(vres_mock *mock, uint32_t gpu_device);

/**
 * vres_mock_calls() - how often an operation was called
 * @mock: the mock
 * @op:   which; VRES_MOCK_ANY: all of them
 *
 * Return: the count since the mock was created, failed calls included.
 */
VRES_API uint64_t vres_mock_calls(const vres_mock *mock, vres_mock_op op);

/**
 * vres_mock_live_handles() - backend handles that are open now: drivers, devices, memories, lanes
 * @mock: the mock
 *
 * Return: 0 when every manager over it has closed and nothing leaked.
 */
VRES_API uint64_t vres_mock_live_handles(const vres_mock *mock);

/**
 * vres_mock_unwiped() - allocations that were freed while a byte of them was not zero
 * @mock: the mock
 *
 * The mock looks at every allocation when it is released.
 *
 * Return: the count since the mock was created; adopted memory does not count.
 */
VRES_API uint64_t vres_mock_unwiped(const vres_mock *mock);

#ifdef __cplusplus
}
#endif

#endif
