/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Plain allocations, page-locked memory, and the memory of an engine in the same process. */
#include <stdlib.h>
#include "fake/driver/model.h"

static uint64_t round_up(uint64_t n, uint64_t unit)
{
	return (n + unit - 1) / unit * unit;
}

bool fake_fits(uint64_t bytes, int device)
{
	return bytes <= fake.params.bytes_per_device - fake.devices[device].used;
}

cuda_result fake_plain_make(uint64_t bytes, int device, uint64_t *out)
{
	const cuda_alloc_prop prop = {.type = CUDA_ALLOC_PINNED,
	                              .location = {.type = CUDA_LOCATION_DEVICE, .id = device}};
	struct fake_phys *phys;
	struct fake_map *map;
	cuda_result code;

	if (!fake_fits(bytes, device))
		return CUDA_OUT_OF_MEMORY;
	TRY(fake_range_make(bytes, out));
	phys = fake_phys_make(bytes, bytes, &prop, device);
	code = phys ? fake_map_put(*out, bytes, 0, phys, &map) : CUDA_OUT_OF_MEMORY;
	if (phys)
		fake_phys_drop(phys);
	if (code != CUDA_OK) {
		(void)fake_range_drop(*out);
		return code;
	}
	map->is_plain = true;
	map->rights[device] = CUDA_ACCESS_READ_WRITE;
	fake_tell(map, fake.lie);
	return CUDA_OK;
}

cuda_result fake_plain_drop(struct fake_call call, uint64_t addr)
{
	const struct fake_map *map = fake_map_at(addr);
	int device;

	if (map == NULL || map->addr != addr || !map->is_plain)
		return CUDA_INVALID_VALUE;
	device = map->phys->device;
	TRY(fake_maps_drop(addr, fake_range_bytes(addr)));
	(void)fake_range_drop(addr);
	return fake_released(call, device);
}

cuda_result fake_pinned_make(size_t bytes, void **out)
{
	struct fake_pinned *pinned;

	if (fake.params.no_pinned)
		return CUDA_NOT_SUPPORTED;
	pinned = calloc(1, sizeof(*pinned));
	if (pinned == NULL || posix_memalign((void **)&pinned->block, 4096, bytes) != 0) {
		free(pinned);
		return CUDA_OUT_OF_MEMORY;
	}
	pinned->bytes = bytes;
	pinned->next = fake.pinned;
	fake.pinned = pinned;
	*out = pinned->block;
	return CUDA_OK;
}

static bool has_content(const struct fake_pinned *pinned)
{
	for (size_t i = 0; i < pinned->bytes; i++)
		if (pinned->block[i] != 0)
			return true;
	return false;
}

cuda_result fake_pinned_drop(struct fake_call call, const void *block)
{
	for (struct fake_pinned **at = &fake.pinned; *at; at = &(*at)->next) {
		struct fake_pinned *pinned = *at;

		if (pinned->block != block)
			continue;
		fake.unwiped += has_content(pinned);
		*at = pinned->next;
		free(pinned->block);
		free(pinned);
		return call.code;
	}
	return CUDA_INVALID_VALUE;
}

bool fake_is_pinned(const void *block, size_t bytes)
{
	for (const struct fake_pinned *pinned = fake.pinned; pinned; pinned = pinned->next)
		if ((const char *)block >= pinned->block &&
		    (const char *)block + bytes <= pinned->block + pinned->bytes)
			return true;
	return false;
}

/*
 * Engines whose buffers grow have a block of physical memory for each granule of address space.
 */
static cuda_result engine_back(int device, uint64_t bytes, uint64_t addr)
{
	const cuda_alloc_prop prop = {.type = CUDA_ALLOC_PINNED,
	                              .location = {.type = CUDA_LOCATION_DEVICE, .id = device}};
	const uint64_t unit = fake.params.granularity;

	for (uint64_t at = 0; at < round_up(bytes, unit); at += unit) {
		struct fake_phys *phys = fake_phys_make(unit, unit, &prop, device);
		struct fake_map *map;

		if (phys == NULL)
			return CUDA_OUT_OF_MEMORY;
		TRY(fake_map_put(addr + at, unit, 0, phys, &map));
		fake_phys_drop(phys);
		map->rights[device] = CUDA_ACCESS_READ_WRITE;
	}
	return CUDA_OK;
}

static cuda_result engine_vmm(int device, uint64_t bytes, uint64_t room, uint64_t *addr)
{
	TRY(fake_range_make(round_up(room, fake.params.granularity), addr));
	return engine_back(device, bytes, *addr);
}

uint64_t fake_engine_alloc(int device, uint64_t bytes, bool with_vmm)
{
	uint64_t addr = 0;
	cuda_result code;

	(void)pthread_mutex_lock(&fake.lock);
	code = with_vmm ? engine_vmm(device, bytes, bytes, &addr)
	                : fake_plain_make(bytes, device, &addr);
	(void)pthread_mutex_unlock(&fake.lock);
	return code == CUDA_OK ? addr : 0;
}

uint64_t fake_engine_reserve(int device, uint64_t bytes, uint64_t room)
{
	uint64_t addr = 0;
	cuda_result code;

	(void)pthread_mutex_lock(&fake.lock);
	code = engine_vmm(device, bytes, room, &addr);
	(void)pthread_mutex_unlock(&fake.lock);
	return code == CUDA_OK ? addr : 0;
}

bool fake_engine_grow(int device, uint64_t addr, uint64_t bytes)
{
	bool good;

	(void)pthread_mutex_lock(&fake.lock);
	good = fake_map_at(addr) == NULL && engine_back(device, bytes, addr) == CUDA_OK;
	(void)pthread_mutex_unlock(&fake.lock);
	return good;
}

/* Parts of the memory may be unmapped already. */
void fake_engine_free(uint64_t addr)
{
	const struct fake_map *map;

	(void)pthread_mutex_lock(&fake.lock);
	for (uint64_t at = addr; at < addr + fake_range_bytes(addr); at += 4096)
		if ((map = fake_map_at(at)) != NULL)
			(void)fake_maps_drop(map->addr, map->bytes);
	(void)fake_range_drop(addr);
	(void)pthread_mutex_unlock(&fake.lock);
}
