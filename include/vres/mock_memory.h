/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Memory of simulated devices that belongs to the caller, as an engine's belongs to the engine: a
 * manager adopts it, and neither wipes nor frees it.  vres/mock.h includes this.
 */
#ifndef VRES_MOCK_MEMORY_H
#define VRES_MOCK_MEMORY_H

#include <stdint.h>
#include <vres/status.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct vres_mock vres_mock;

/**
 * vres_mock_alloc() - allocate device memory that the caller owns, to be adopted
 * @mock:        the mock
 * @gpu_device:  number of the device
 * @bytes:       how much; counts against the capacity
 * @content:     @bytes bytes to fill it with; NULL: zeros
 * @device_addr: its address, to be given to vres_mock_free()
 *
 * Return: VRES_OK; VRES_E_INVALID_INPUT; VRES_E_INSUFFICIENT_VRAM; VRES_E_NO_MEMORY.
 */
VRES_API VRES_MUST_CHECK vres_status vres_mock_alloc(vres_mock *mock, uint32_t gpu_device,
                                                     uint64_t bytes, const void *content,
                                                     uint64_t *device_addr);

/**
 * vres_mock_free() - free what vres_mock_alloc() allocated
 * @mock:        the mock
 * @device_addr: the address that it returned; any other is ignored, as is memory that is mapped
 */
VRES_API void vres_mock_free(vres_mock *mock, uint64_t device_addr);

/**
 * vres_mock_map() - make host memory memory of a simulated device, to be adopted
 * @mock:       the mock
 * @gpu_device: number of the device
 * @host_ptr:   the memory, of any alignment; none of it is device memory of this mock already
 * @bytes:      how much; counts against the capacity, rounded up to the granularity
 * @device_ptr: its address on the device, which is @host_ptr; to be given to vres_mock_unmap()
 *
 * The memory stays the caller's, who may read and write it at any time; a write while a call works
 * on it is a race, as on a GPU.  The mock never changes its protection, wipes, frees or unmaps it,
 * and puts no guard pages around it.  It has to stay readable until vres_mock_unmap() returns, and
 * writable wherever vres_mock_flip() flips a bit.  Each map is a new allocation to a residency
 * query, also at the same address.  vres_mock_destroy() ends what is still mapped.
 *
 * Return: VRES_OK; VRES_E_INVALID_INPUT (a NULL; no such device; 0 bytes or more than follow the
 *         address; memory of the mock); VRES_E_INSUFFICIENT_VRAM; VRES_E_NO_MEMORY.
 */
VRES_API VRES_MUST_CHECK vres_status vres_mock_map(vres_mock *mock, uint32_t gpu_device,
                                                   void *host_ptr, uint64_t bytes,
                                                   uint64_t *device_ptr);

/**
 * vres_mock_unmap() - end what vres_mock_map() began
 * @mock:       the mock
 * @device_ptr: the address that it returned; any other is ignored
 *
 * Waits for calls that work on the memory; calls that come later find nothing there.  So it may be
 * freed afterwards.  Not to be called from inside a backend call.
 */
VRES_API void vres_mock_unmap(vres_mock *mock, uint64_t device_ptr);

#ifdef __cplusplus
}
#endif

#endif
