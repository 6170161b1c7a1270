/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The mock: devices simulated in host memory, for tests, fuzzing and drills without a GPU.  It is a
 * library of its own, vres-mock, and never part of libvres.
 *
 * It simulates several devices with an exact capacity and a granularity.  Addresses are unique
 * across devices.  Their "VRAM" is in pages that host code cannot read or write outside a call of
 * the backend (PROT_NONE).  Copies and hashes happen when the lane is waited for, so that a missing
 * wait is noticed.  Hashing uses the source that GPUs run.  On request the mock lets the Nth call
 * of an operation fail, flips a bit, lies about residency, is slow, or loses a device.
 *
 * A mock must exist longer than every manager that uses it (vres_config.closed says when one has
 * finished with it).  All functions here may be called while managers run.
 */
#ifndef VRES_MOCK_H
#define VRES_MOCK_H

#include <vres/manager.h>
#include <vres/mock_memory.h>
#include <vres/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Operations of the backend table, to script and to count. */
typedef enum vres_mock_op {
	VRES_MOCK_ANY = 0, /* any operation */
	VRES_MOCK_OP_OPEN = 1,
	VRES_MOCK_OP_DEVICE_COUNT = 2,
	VRES_MOCK_OP_DEVICE_OPEN = 3,
	VRES_MOCK_OP_DEVICE_STATUS = 4,
	VRES_MOCK_OP_MEM_ALLOC = 5,
	VRES_MOCK_OP_MEM_ADOPT = 6,
	VRES_MOCK_OP_MEM_RESIDENCY = 7,
	VRES_MOCK_OP_MEM_WIPE = 8,
	VRES_MOCK_OP_MEM_RELEASE = 9, /* the memory is freed also when the call fails */
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
#define VRES_MOCK_MOVED       8u /* another physical allocation is at the same address */

/**
 * struct vres_mock_params - the devices that a mock simulates
 * @devices:          how many; 0: 1; at most 64
 * @no_device_hash:   1: the devices cannot hash, and lack VRES_DEVICE_CAN_HASH
 * @bytes_per_device: capacity of each; 0: 1 GiB
 * @granularity:      allocations are rounded up to a multiple of it; a power of two; 0: 4096
 */
typedef struct vres_mock_params {
	size_t struct_size;
	uint32_t devices, no_device_hash;
	uint64_t bytes_per_device, granularity;
} vres_mock_params;

VRES_DEFINE_INIT(vres_mock_params)

/**
 * vres_backend_mock() - the mock as a backend: vres_config.backend, with a vres_mock as backend_arg
 *
 * Return: a static table, never NULL.
 */
VRES_API const vres_backend *vres_backend_mock(void);

/**
 * vres_mock_create() - create simulated devices
 * @p:   NULL: all defaults
 * @out: the mock, to be given to vres_mock_destroy()
 *
 * Return: VRES_OK; VRES_E_ABI; VRES_E_INVALID_INPUT (more than 64 devices; a granularity that is
 *         not a power of two or is larger than the capacity; a capacity that is not a multiple of
 *         the granularity); VRES_E_NO_MEMORY.
 */
VRES_API VRES_MUST_CHECK vres_status vres_mock_create(const vres_mock_params *p, vres_mock **out,
                                                      vres_error *err);

/**
 * vres_mock_destroy() - free a mock, and what vres_mock_alloc() allocated and was not freed
 * @mock: NULL does nothing; no manager uses it any more
 */
VRES_API void vres_mock_destroy(vres_mock *mock);

/**
 * vres_mock_fail() - make one future call fail
 * @mock:   the mock
 * @op:     the operation; VRES_MOCK_ANY counts the calls of all operations
 * @nth:    1: the next call; 0: forget the failures scripted for @op
 * @status: what the call returns; VRES_E_DEVICE_LOST also loses the device; VRES_OK: the call
 *          reports success without doing its work (ignored by operations that create a handle)
 *
 * Up to 8 failures may be pending; further ones are ignored.
 */
VRES_API void vres_mock_fail(vres_mock *mock, vres_mock_op op, uint64_t nth, vres_status status);

/**
 * vres_mock_delay() - make every call of an operation slow
 * @mock: the mock
 * @op:   the operation; VRES_MOCK_ANY: every one
 * @ns:   how long each call takes; 0: as short as possible.  A lane_wait that takes longer than its
 *        deadline fails at the deadline, as with a real device.
 */
VRES_API void vres_mock_delay(vres_mock *mock, vres_mock_op op, uint64_t ns);

/**
 * vres_mock_flip() - flip one bit of device memory
 * @mock:        the mock
 * @device_addr: an address in a live allocation: that of a lease, plus an offset
 * @bit:         0 to 7
 *
 * Return: VRES_OK; VRES_E_INVALID_INPUT if the address is in no live allocation or @bit is above 7.
 */
VRES_API VRES_MUST_CHECK vres_status vres_mock_flip(vres_mock *mock, uint64_t device_addr,
                                                    unsigned bit);

/**
 * vres_mock_pretend() - lie about an allocation
 * @mock:        the mock
 * @device_addr: an address in a live allocation; others are ignored
 * @facts:       VRES_MOCK_x; 0: tell the truth again
 */
VRES_API void vres_mock_pretend(vres_mock *mock, uint64_t device_addr, uint32_t facts);

/**
 * vres_mock_lose_device() - make every operation of a device fail with VRES_E_DEVICE_LOST from now
 * @mock:       the mock
 * @gpu_device: number of the device; one that does not exist is ignored
 */
VRES_API void vres_mock_lose_device(vres_mock *mock, uint32_t gpu_device);

/**
 * vres_mock_calls() - how often an operation was called
 * @mock: the mock
 * @op:   the operation; VRES_MOCK_ANY: all of them
 *
 * Return: the count since the mock was created, including calls that failed.
 */
VRES_API uint64_t vres_mock_calls(const vres_mock *mock, vres_mock_op op);

/**
 * vres_mock_live_handles() - how many handles are open now: drivers, devices, memory, lanes
 * @mock: the mock
 *
 * Return: 0 when every manager that used it has closed and nothing leaked.
 */
VRES_API uint64_t vres_mock_live_handles(const vres_mock *mock);

/**
 * vres_mock_unwiped() - how many allocations were freed while a byte of them was not zero
 * @mock: the mock
 *
 * Return: the count since the mock was created, without adopted memory.
 */
VRES_API uint64_t vres_mock_unwiped(const vres_mock *mock);

#ifdef __cplusplus
}
#endif

#endif
