/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The cuMem functions that allocate and free memory. */
#include "fake/cuda/cuda.h"

cuda_result fake_cuMemGetInfo(size_t *available, size_t *total)
{
	int device;
	FAKE_TRY_ENTER(cuMemGetInfo);
	TRY(fake_here(&device));
	*total = fake.params.bytes_per_device;
	*available = fake.params.bytes_per_device - fake.devices[device].used;
	return CUDA_OK;
}

cuda_result fake_cuMemAlloc(cuda_pointer *out, size_t bytes)
{
	uint64_t addr;
	int device;
	FAKE_TRY_ENTER(cuMemAlloc);
	TRY(fake_capture_allows());
	TRY(fake_here(&device));
	TRY(fake_plain_make(bytes, device, &addr));
	*out = addr;
	return CUDA_OK;
}

cuda_result fake_cuMemFree(cuda_pointer addr)
{
	FAKE_ENTER(cuMemFree);
	TRY(fake_capture_allows());
	return fake_plain_drop(call, addr);
}

static bool is_granular(uint64_t bytes)
{
	return bytes != 0 && bytes % fake.params.granularity == 0;
}

static cuda_result vmm_here(int *device)
{
	TRY(fake_here(device));
	return fake.params.no_vmm || fake.params.vmm_unsupported ? CUDA_NOT_SUPPORTED : CUDA_OK;
}

cuda_result fake_cuMemGetAllocationGranularity(size_t *bytes, const cuda_alloc_prop *prop,
                                               cuda_granularity_option option)
{
	int device;
	FAKE_TRY_ENTER(cuMemGetAllocationGranularity);
	TRY(vmm_here(&device));
	if (prop->type != CUDA_ALLOC_PINNED || prop->location.type != CUDA_LOCATION_DEVICE ||
	    option != CUDA_GRANULARITY_MINIMUM)
		return CUDA_INVALID_VALUE;
	*bytes = fake.params.no_granularity ? 0 : fake.params.granularity;
	return CUDA_OK;
}

cuda_result fake_cuMemAddressReserve(cuda_pointer *out, size_t bytes, size_t alignment,
                                     cuda_pointer wanted, unsigned long long flags)
{
	uint64_t addr;
	int device;
	FAKE_TRY_ENTER(cuMemAddressReserve);
	TRY(vmm_here(&device));
	if (!is_granular(bytes) || alignment != 0 || wanted != 0 || flags != 0)
		return CUDA_INVALID_VALUE;
	TRY(fake_range_make(bytes, &addr));
	*out = addr;
	return CUDA_OK;
}

cuda_result fake_cuMemAddressFree(cuda_pointer addr, size_t bytes)
{
	FAKE_ENTER(cuMemAddressFree);
	if (fake_range_bytes(addr) != bytes || fake_map_at(addr) != NULL)
		return CUDA_INVALID_VALUE;
	TRY(fake_range_drop(addr));
	return call.code;
}

cuda_result fake_cuMemCreate(cuda_handle *handle, size_t bytes, const cuda_alloc_prop *prop,
                             unsigned long long flags)
{
	struct fake_phys *phys;
	int device;
	FAKE_TRY_ENTER(cuMemCreate);
	TRY(fake_capture_allows());
	TRY(vmm_here(&device));
	if (!is_granular(bytes) || flags != 0 || prop->type != CUDA_ALLOC_PINNED ||
	    prop->location.type != CUDA_LOCATION_DEVICE || prop->location.id < 0 ||
	    prop->location.id >= fake.params.devices)
		return CUDA_INVALID_VALUE;
	if (!fake_fits(bytes, prop->location.id))
		return CUDA_OUT_OF_MEMORY;
	phys = fake_phys_make(bytes, bytes, prop, prop->location.id);
	if (phys == NULL)
		return CUDA_OUT_OF_MEMORY;
	phys->handles = 1;
	*handle = phys->handle;
	return CUDA_OK;
}

static struct fake_phys *phys_of(cuda_handle handle)
{
	struct fake_phys *phys = fake.phys;

	while (phys && (phys->handle != handle || phys->handles == 0))
		phys = phys->next;
	return phys;
}

cuda_result fake_cuMemRelease(cuda_handle handle)
{
	struct fake_phys *phys;
	int device;
	FAKE_ENTER(cuMemRelease);

	phys = phys_of(handle);
	if (phys == NULL)
		return CUDA_INVALID_VALUE;
	device = phys->device;
	phys->handles--;
	fake_phys_drop(phys);
	return fake_released(call, device);
}

cuda_result fake_cuMemMap(cuda_pointer addr, size_t bytes, size_t offset, cuda_handle handle,
                          unsigned long long flags)
{
	struct fake_phys *phys;
	struct fake_map *map;
	int device;
	FAKE_TRY_ENTER(cuMemMap);
	TRY(fake_capture_allows());
	TRY(vmm_here(&device));
	phys = phys_of(handle);
	if (phys == NULL || offset != 0 || flags != 0 || bytes != phys->bytes ||
	    fake_range_bytes(addr) < bytes || fake_map_at(addr) != NULL)
		return CUDA_INVALID_VALUE;
	TRY(fake_map_put(addr, bytes, 0, phys, &map));
	fake_tell(map, fake.lie);
	return CUDA_OK;
}

cuda_result fake_cuMemUnmap(cuda_pointer addr, size_t bytes)
{
	struct fake_map *map;
	int device;
	FAKE_ENTER(cuMemUnmap);
	TRY(fake_capture_allows());

	map = fake_map_at(addr);
	if (map == NULL || map->is_plain)
		return CUDA_INVALID_VALUE;
	device = map->phys->device;
	TRY(fake_maps_drop(addr, bytes));
	return fake_released(call, device);
}

cuda_result fake_cuMemSetAccess(cuda_pointer addr, size_t bytes, const cuda_access *access,
                                size_t count)
{
	struct fake_map *map;
	int device;
	FAKE_TRY_ENTER(cuMemSetAccess);
	TRY(vmm_here(&device));
	if (count != 1 || access->location.type != CUDA_LOCATION_DEVICE ||
	    access->location.id < 0 || access->location.id >= fake.params.devices)
		return CUDA_INVALID_VALUE;
	for (uint64_t at = addr; at < addr + bytes; at = map->addr + map->bytes) {
		map = fake_map_at(at);
		if (map == NULL || map->is_plain)
			return CUDA_INVALID_VALUE;
		if (access->flags != CUDA_ACCESS_READ || !fake.params.no_read_only)
			map->rights[access->location.id] = access->flags;
	}
	return CUDA_OK;
}

cuda_result fake_cuMemHostAlloc(void **block, size_t bytes, unsigned int flags)
{
	int device;
	FAKE_TRY_ENTER(cuMemHostAlloc);
	TRY(fake_capture_allows());
	TRY(fake_here(&device));
	return flags == 0 ? fake_pinned_make(bytes, block) : CUDA_INVALID_VALUE;
}

cuda_result fake_cuMemFreeHost(void *block)
{
	FAKE_ENTER(cuMemFreeHost);
	TRY(fake_capture_allows());
	return fake_pinned_drop(call, block);
}
