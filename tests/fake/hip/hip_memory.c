/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Memory of the fake HIP runtime, and what it says about an address. */
#include <string.h>
#include "fake/hip/control_hip.h"
#include "fake/hip/hip.h"

hip_result fake_hipMemGetInfo(size_t *available, size_t *total)
{
	int device;
	FAKE_TRY_ENTER(hipMemGetInfo);
	TRY(fake_here(&device));
	*total = fake.params.bytes_per_device;
	*available = fake.params.bytes_per_device - fake.devices[device].used;
	return HIP_OK;
}

hip_result fake_hipMalloc(void **out, size_t bytes)
{
	uint64_t addr;
	int device;
	FAKE_TRY_ENTER(hipMalloc);
	TRY(fake_capture_allows());
	TRY(fake_here(&device));
	TRY(fake_plain_make(bytes, device, &addr));
	*out = (void *)(uintptr_t)addr;
	return HIP_OK;
}

hip_result fake_hipFree(void *pointer)
{
	FAKE_ENTER(hipFree);
	TRY(fake_capture_allows());
	return fake_plain_drop(call, (uint64_t)(uintptr_t)pointer);
}

hip_result fake_hipHostMalloc(void **out, size_t bytes, unsigned int flags)
{
	int device;
	FAKE_TRY_ENTER(hipHostMalloc);
	TRY(fake_capture_allows());
	TRY(fake_here(&device));
	return flags == 0 ? fake_pinned_make(bytes, out) : HIP_INVALID_VALUE;
}

hip_result fake_hipHostFree(void *block)
{
	FAKE_ENTER(hipHostFree);
	TRY(fake_capture_allows());
	return fake_pinned_drop(call, block);
}

void *fake_hip_engine_pinned(uint64_t bytes)
{
	void *block = NULL;

	(void)pthread_mutex_lock(&fake.lock);
	if (fake_pinned_make(bytes, &block) == HIP_OK)
		memset(block, 0, bytes);
	(void)pthread_mutex_unlock(&fake.lock);
	return block;
}

void fake_hip_engine_unpin(void *block)
{
	(void)pthread_mutex_lock(&fake.lock);
	(void)fake_pinned_drop((struct fake_call){HIP_OK}, block);
	(void)pthread_mutex_unlock(&fake.lock);
}

/*
 * Memory types are numbered as in this version of ROCm.  Unknown memory is an error before ROCm 6,
 * and a type of its own since.
 */
static hip_result unknown(hip_pointer_facts *out)
{
	if (FAKE_HIP == 5)
		return HIP_INVALID_VALUE;
	*out = (hip_pointer_facts){.type = HIP6_MEMORY_UNREGISTERED, .device = -2};
	return HIP_OK;
}

static int type_of(bool is_host, bool is_managed)
{
	if (FAKE_HIP == 5)
		return is_host ? HIP5_MEMORY_HOST : HIP5_MEMORY_DEVICE;
	return is_managed ? HIP6_MEMORY_MANAGED : is_host ? HIP6_MEMORY_HOST : HIP6_MEMORY_DEVICE;
}

static const struct fake_pinned *pinned_at(const void *pointer)
{
	const struct fake_pinned *pinned = fake.pinned;

	while (pinned && !((const char *)pointer >= pinned->block &&
	                   (const char *)pointer < pinned->block + pinned->bytes))
		pinned = pinned->next;
	return pinned;
}

hip_result fake_hipPointerGetAttributes(hip_pointer_facts *out, const void *pointer)
{
	const struct fake_map *map;
	int device;
	FAKE_TRY_ENTER(hipPointerGetAttributes);
	TRY(fake_here(&device));
	map = fake_map_at((uint64_t)(uintptr_t)pointer);
	if (map == NULL && pinned_at(pointer) == NULL)
		return unknown(out);
	*out = (hip_pointer_facts){.type = type_of(true, false),
	                           .device = device,
	                           .host_pointer = (void *)(uintptr_t)pointer};
	if (map == NULL)
		return HIP_OK;
	out->type = type_of(map->phys->prop.location.type != CUDA_LOCATION_DEVICE,
	                    map->phys->is_managed);
	out->device = map->phys->prop.location.id;
	out->device_pointer = (void *)(uintptr_t)pointer;
	out->host_pointer = NULL;
	out->is_managed = map->phys->is_managed;
	return HIP_OK;
}

/* This attribute has four bytes. */
hip_result fake_hipPointerGetAttribute(void *value, hip_pointer_attribute attribute,
                                       hip_pointer pointer)
{
	const struct fake_map *map;
	uint32_t number;
	int device;
	FAKE_TRY_ENTER(hipPointerGetAttribute);
	TRY(fake_here(&device));
	map = fake_map_at((uint64_t)(uintptr_t)pointer);
	if (map == NULL || attribute != HIP_POINTER_BUFFER_ID)
		return HIP_INVALID_VALUE;
	if (fake.params.no_buffer_id)
		return HIP_NOT_SUPPORTED;
	number = (uint32_t)map->buffer_id;
	memcpy(value, &number, sizeof(number));
	return HIP_OK;
}

hip_result fake_hipMemGetAddressRange(hip_pointer *base, size_t *bytes, hip_pointer pointer)
{
	const struct fake_pinned *pinned = pinned_at(pointer);
	const struct fake_map *map;
	int device;
	FAKE_TRY_ENTER(hipMemGetAddressRange);
	TRY(fake_here(&device));
	map = fake_map_at((uint64_t)(uintptr_t)pointer);
	if (map == NULL && pinned == NULL)
		return FAKE_HIP == 5 ? HIP_INVALID_DEVICE_POINTER : HIP_NOT_FOUND;
	*base = map ? (void *)(uintptr_t)map->addr : pinned->block;
	*bytes = map ? map->bytes : pinned->bytes;
	return HIP_OK;
}
