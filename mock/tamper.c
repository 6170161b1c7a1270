/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a test does behind the backend's back: flip bits, lie about residency, own memory that a
 * manager adopts, or bring its own.
 */
#include "mock/span.h"

/* Waits for calls that work on the memory, so that the flip happens before or after them. */
vres_status vres_mock_flip(vres_mock *mock, uint64_t device_addr, unsigned bit)
{
	unsigned char *byte = (unsigned char *)(uintptr_t)device_addr;
	struct vres_mock_span *span;
	bool flipped = false;

	if (bit > 7)
		return VRES_E_INVALID_INPUT;
	(void)pthread_mutex_lock(&mock->lock);
	while ((span = vres_mock_span_find(mock, device_addr, 1)) != NULL && span->users > 0)
		(void)pthread_cond_wait(&mock->idle, &mock->lock);
	if (span && vres_mock_span_expose(span, device_addr, 1)) {
		*byte ^= (unsigned char)(1u << bit);
		vres_mock_span_hide(span);
		flipped = true;
	}
	(void)pthread_mutex_unlock(&mock->lock);
	return flipped ? VRES_OK : VRES_E_INVALID_INPUT;
}

void vres_mock_pretend(vres_mock *mock, uint64_t device_addr, uint32_t facts)
{
	struct vres_mock_span *span;

	(void)pthread_mutex_lock(&mock->lock);
	span = vres_mock_span_find(mock, device_addr, 1);
	if (span)
		span->pretend = facts;
	(void)pthread_mutex_unlock(&mock->lock);
}

vres_status vres_mock_alloc(vres_mock *mock, uint32_t gpu_device, uint64_t bytes,
                            const void *content, uint64_t *device_addr)
{
	vres_mem_info info;
	vres_status status;

	if (mock == NULL || device_addr == NULL || gpu_device >= mock->devices || bytes == 0)
		return VRES_E_INVALID_INPUT;
	status = vres_mock_span_make(mock, gpu_device, bytes, ORIGIN_OWNER, content, &info, NULL);
	/* The mock's memory is host memory. */
	if (status == VRES_E_ALLOCATION_FAILED)
		return VRES_E_NO_MEMORY;
	if (status == VRES_OK)
		*device_addr = info.addr;
	return status;
}

void vres_mock_free(vres_mock *mock, uint64_t device_addr)
{
	(void)vres_mock_span_drop(mock, device_addr, ORIGIN_OWNER, NULL);
}

vres_status vres_mock_map(vres_mock *mock, uint32_t gpu_device, void *host_ptr, uint64_t bytes,
                          uint64_t *device_ptr)
{
	const uint64_t addr = (uint64_t)(uintptr_t)host_ptr;
	vres_status status;

	if (mock == NULL || host_ptr == NULL || device_ptr == NULL || gpu_device >= mock->devices ||
	    bytes == 0 || bytes > UINT64_MAX - addr)
		return VRES_E_INVALID_INPUT;
	status = vres_mock_span_map(mock, gpu_device, addr, bytes);
	if (status == VRES_OK)
		*device_ptr = addr;
	return status;
}

void vres_mock_unmap(vres_mock *mock, uint64_t device_ptr)
{
	(void)vres_mock_span_drop(mock, device_ptr, ORIGIN_HOST, NULL);
}
