/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the fake driver says about an address. */
#include <string.h>
#include "fake/cuda/cuda.h"

static cuda_result answer_int(void *value, int answer)
{
	memcpy(value, &answer, sizeof(answer));
	return CUDA_OK;
}

static cuda_result answer_long(void *value, uint64_t answer)
{
	memcpy(value, &answer, sizeof(answer));
	return CUDA_OK;
}

static bool is_on_device(const struct fake_map *map)
{
	return map->phys->prop.location.type == CUDA_LOCATION_DEVICE;
}

static bool is_created(const struct fake_map *map)
{
	return !map->is_plain && !map->pool.is_one && !map->is_imported;
}

static cuda_result answer(void *value, cuda_pointer_attribute attribute, const struct fake_map *map)
{
	switch (attribute) {
	case CUDA_POINTER_MEMORY_TYPE:
		return answer_int(value, is_on_device(map) ? CUDA_MEMORY_DEVICE : CUDA_MEMORY_HOST);
	case CUDA_POINTER_MAPPED: return answer_int(value, 1);
	case CUDA_POINTER_IS_MANAGED: return answer_int(value, map->phys->is_managed);
	case CUDA_POINTER_DEVICE_ORDINAL: return answer_int(value, map->phys->prop.location.id);
	case CUDA_POINTER_IS_LEGACY_IPC_CAPABLE:
		return answer_int(value, map->is_plain && !map->is_imported);
	case CUDA_POINTER_ALLOWED_HANDLE_TYPES:
		return answer_long(value, (uint64_t)map->phys->prop.handle_types);
	case CUDA_POINTER_IS_RDMA_CAPABLE:
		return answer_int(value, (map->is_plain && !map->is_imported) ||
		                                 map->phys->prop.rdma_capable);
	case CUDA_POINTER_POOL:
		return answer_long(value, map->pool.is_one ? (uint64_t)(uintptr_t)&map->pool : 0);
	case CUDA_POINTER_BUFFER_ID:
		return fake.params.no_buffer_id && is_created(map)
		               ? CUDA_INVALID_VALUE
		               : answer_long(value, map->buffer_id);
	case CUDA_POINTER_BLOCK_ID: return answer_long(value, map->phys->block_id);
	case CUDA_POINTER_MAPPING_BASE: return answer_long(value, map->addr);
	case CUDA_POINTER_MAPPING_SIZE: return answer_long(value, map->bytes);
	default: return CUDA_INVALID_VALUE;
	}
}

cuda_result fake_cuPointerGetAttribute(void *value, cuda_pointer_attribute attribute,
                                       cuda_pointer addr)
{
	const struct fake_map *map;
	int device;
	FAKE_TRY_ENTER(cuPointerGetAttribute);
	TRY(fake_here(&device));
	map = fake_map_at(addr);
	return map ? answer(value, attribute, map) : CUDA_INVALID_VALUE;
}

/* The attributes that cuda.h lists for cuPointerGetAttributes(). */
static bool is_documented(cuda_pointer_attribute attribute)
{
	return attribute <= CUDA_POINTER_ALLOWED_HANDLE_TYPES || attribute == CUDA_POINTER_POOL;
}

/* An attribute that does not apply to the memory is 0 here, and not an error. */
cuda_result fake_cuPointerGetAttributes(unsigned int count, cuda_pointer_attribute *attributes,
                                        void **values, cuda_pointer addr)
{
	const struct fake_map *map;
	int device;
	FAKE_TRY_ENTER(cuPointerGetAttributes);
	TRY(fake_here(&device));
	map = fake_map_at(addr);
	for (unsigned i = 0; i < count; i++)
		if (fake.params.attributes == FAKE_ATTRIBUTES_REFUSED &&
		    !is_documented(attributes[i]))
			return CUDA_INVALID_VALUE;
	for (unsigned i = 0; i < count; i++)
		if (map == NULL ||
		    (fake.params.attributes == FAKE_ATTRIBUTES_ZERO &&
		     !is_documented(attributes[i])) ||
		    answer(values[i], attributes[i], map) != CUDA_OK)
			(void)answer_int(values[i], 0);
	return CUDA_OK;
}

cuda_result fake_cuMemGetAddressRange(cuda_pointer *base, size_t *bytes, cuda_pointer addr)
{
	const struct fake_map *map;
	FAKE_TRY_ENTER(cuMemGetAddressRange);

	map = fake_map_at(addr);
	if (map == NULL)
		return CUDA_INVALID_VALUE;
	*base = map->addr;
	*bytes = map->bytes;
	return CUDA_OK;
}

cuda_result fake_cuMemGetAccess(unsigned long long *flags, const cuda_location *location,
                                cuda_pointer addr)
{
	const struct fake_map *map;
	int device;
	FAKE_TRY_ENTER(cuMemGetAccess);
	TRY(fake_here(&device));
	map = fake_map_at(addr);
	if (map == NULL || !is_created(map))
		return CUDA_INVALID_VALUE;
	if (location->type == CUDA_LOCATION_HOST) {
		*flags = (unsigned long long)map->host_rights;
		return CUDA_OK;
	}
	if (location->type != CUDA_LOCATION_DEVICE || location->id < 0 ||
	    location->id >= fake.params.devices)
		return CUDA_INVALID_VALUE;
	*flags = (unsigned long long)map->rights[location->id];
	return CUDA_OK;
}

cuda_result fake_cuMemPoolGetAccess(cuda_access_rights *rights, cuda_pool pool,
                                    cuda_location *location)
{
	const struct fake_map *map = fake.maps;
	FAKE_TRY_ENTER(cuMemPoolGetAccess);

	while (map && &map->pool != pool)
		map = map->next;
	if (map == NULL || location->type != CUDA_LOCATION_DEVICE)
		return CUDA_INVALID_VALUE;
	*rights = location->id == map->phys->device || location->id == map->pool.peer
	                  ? CUDA_ACCESS_READ_WRITE
	                  : CUDA_ACCESS_NONE;
	return CUDA_OK;
}

cuda_result fake_cuMemRetainAllocationHandle(cuda_handle *handle, void *addr)
{
	struct fake_map *map;
	FAKE_TRY_ENTER(cuMemRetainAllocationHandle);

	map = fake_map_at((uint64_t)(uintptr_t)addr);
	if (map == NULL || !is_created(map))
		return CUDA_INVALID_VALUE;
	map->phys->handles++;
	map->phys->references++;
	*handle = map->phys->handle;
	return CUDA_OK;
}

cuda_result fake_cuMemGetAllocationPropertiesFromHandle(cuda_alloc_prop *prop, cuda_handle handle)
{
	FAKE_TRY_ENTER(cuMemGetAllocationPropertiesFromHandle);
	for (const struct fake_phys *phys = fake.phys; phys; phys = phys->next) {
		if (phys->handle != handle)
			continue;
		*prop = phys->prop;
		return CUDA_OK;
	}
	return CUDA_INVALID_VALUE;
}
