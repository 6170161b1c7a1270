/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Address space, physical memory, and the mappings of one on the other. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "fake/driver/model.h"

static uint64_t round_up(uint64_t n, uint64_t unit)
{
	return (n + unit - 1) / unit * unit;
}

static uint64_t round_down(uint64_t n, uint64_t unit)
{
	return n / unit * unit;
}

static void *pointer(uint64_t addr)
{
	return (void *)(uintptr_t)addr;
}

struct fake_map *fake_map_at(uint64_t addr)
{
	struct fake_map *map = fake.maps;

	while (map && !(addr >= map->addr && addr - map->addr < map->bytes))
		map = map->next;
	return map;
}

/* Only some places are filled, and the end, since filling everything would take too long. */
#define LITTER_EVERY (UINT64_C(1) << 20)

/* Fills new memory with rubbish, as another process might have left it. */
static bool litter(uint64_t from, uint64_t bytes)
{
	unsigned char piece[65536];

	memset(piece, 0xcd, sizeof(piece));
	for (uint64_t at = 0; at < bytes; at += sizeof(piece)) {
		const uint64_t left = bytes - at;
		const size_t n = left < sizeof(piece) ? (size_t)left : sizeof(piece);

		if ((at % LITTER_EVERY == 0 || left <= sizeof(piece)) &&
		    pwrite(fake.store, piece, n, (off_t)(from + at)) != (ssize_t)n)
			return false;
	}
	return true;
}

/*
 * All physical memory is in one file, so that thousands of allocations need one descriptor.
 * Offsets are not used again while there is any memory; the pages of freed memory are given back.
 */
static bool store_take(uint64_t bytes, uint64_t *offset)
{
	*offset = fake.phys ? fake.store_bytes : 0;
	if (fake.phys == NULL)
		fake.store = memfd_create("fake-vram", MFD_CLOEXEC);
	fake.store_bytes = *offset + round_up(bytes, FAKE_PAGE);
	return fake.store >= 0 && ftruncate(fake.store, (off_t)fake.store_bytes) == 0;
}

/* Gives the pages back, and closes the file if no memory is left. */
static void store_give_back(uint64_t offset, uint64_t bytes)
{
	if (fake.store < 0)
		return;
	(void)fallocate(fake.store, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)offset,
	                (off_t)round_up(bytes, FAKE_PAGE));
	if (fake.phys == NULL)
		(void)close(fake.store);
}

struct fake_phys *fake_phys_make(uint64_t bytes, uint64_t charged, const cuda_alloc_prop *prop,
                                 int device)
{
	struct fake_phys *phys = calloc(1, sizeof(*phys));

	if (phys == NULL)
		return NULL;
	if (!store_take(bytes, &phys->offset) || !litter(phys->offset, bytes)) {
		store_give_back(phys->offset, bytes);
		free(phys);
		return NULL;
	}
	phys->handle = ++fake.serial;
	phys->block_id = ++fake.serial;
	phys->bytes = bytes;
	phys->charged = charged;
	phys->references = 1;
	phys->device = device;
	phys->prop = *prop;
	phys->next = fake.phys;
	fake.phys = phys;
	fake.devices[device].used += charged;
	return phys;
}

static bool has_content(const struct fake_phys *phys)
{
	unsigned char piece[4096];
	const off_t end = (off_t)(phys->offset + phys->bytes);
	off_t at = (off_t)phys->offset;
	ssize_t n;

	/* A hole reads as zeros. */
	while ((at = lseek(fake.store, at, SEEK_DATA)) >= 0 && at < end &&
	       (n = pread(fake.store, piece,
	                  at + (off_t)sizeof(piece) < end ? sizeof(piece) : (size_t)(end - at),
	                  at)) > 0) {
		if (piece[0] != 0 || memcmp(piece, piece + 1, (size_t)n - 1) != 0)
			return true;
		at += n;
	}
	return false;
}

void fake_phys_drop(struct fake_phys *phys)
{
	struct fake_phys **at = &fake.phys;

	if (--phys->references > 0)
		return;
	while (*at != phys)
		at = &(*at)->next;
	*at = phys->next;
	fake.unwiped += has_content(phys);
	fake.devices[phys->device].used -= phys->charged;
	store_give_back(phys->offset, phys->bytes);
	free(phys);
}

cuda_result fake_map_put(uint64_t addr, uint64_t bytes, uint64_t offset, struct fake_phys *phys,
                         struct fake_map **out)
{
	struct fake_map *map = calloc(1, sizeof(*map));

	if (map == NULL)
		return CUDA_OUT_OF_MEMORY;
	if (mmap(pointer(addr), round_up(bytes, FAKE_PAGE), PROT_NONE, MAP_SHARED | MAP_FIXED,
	         fake.store, (off_t)(phys->offset + offset)) == MAP_FAILED) {
		free(map);
		return CUDA_OUT_OF_MEMORY;
	}
	phys->references++;
	map->addr = addr;
	map->bytes = bytes;
	map->offset = offset;
	map->phys = phys;
	map->buffer_id = ++fake.serial;
	map->next = fake.maps;
	fake.maps = map;
	*out = map;
	return CUDA_OK;
}

static void map_drop(struct fake_map *map)
{
	struct fake_map **at = &fake.maps;

	while (*at != map)
		at = &(*at)->next;
	*at = map->next;
	(void)mmap(pointer(map->addr), round_up(map->bytes, FAKE_PAGE), PROT_NONE,
	           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
	fake_phys_drop(map->phys);
	free(map);
}

bool fake_open(uint64_t addr, uint64_t bytes, int device, int right)
{
	const uint64_t end = addr + bytes;
	const struct fake_map *map;

	for (uint64_t at = addr; at < end; at = map->addr + map->bytes) {
		uint64_t from, to;

		map = fake_map_at(at);
		if (map == NULL || (map->rights[device] & right) != right ||
		    map->phys->device != device)
			return false;
		from = round_down(at, FAKE_PAGE);
		to = round_up(end < map->addr + map->bytes ? end : map->addr + map->bytes,
		              FAKE_PAGE);
		if (mprotect(pointer(from), to - from,
		             map->rights[device] == CUDA_ACCESS_READ ? PROT_READ
		                                                     : PROT_READ | PROT_WRITE) != 0)
			return false;
	}
	return true;
}

void fake_shut(uint64_t addr, uint64_t bytes)
{
	const uint64_t end = addr + bytes;
	const struct fake_map *map;

	for (uint64_t at = addr; at < end && (map = fake_map_at(at)) != NULL;
	     at = map->addr + map->bytes) {
		const uint64_t from = round_down(at, FAKE_PAGE);
		const uint64_t to = round_up(
			end < map->addr + map->bytes ? end : map->addr + map->bytes, FAKE_PAGE);

		(void)mprotect(pointer(from), to - from, PROT_NONE);
	}
}

/*
 * Reserves address space that begins at a multiple of the granularity, with an unused gap behind
 * it.
 */
cuda_result fake_range_make(uint64_t bytes, uint64_t *addr)
{
	const uint64_t unit =
		fake.params.granularity > FAKE_PAGE ? fake.params.granularity : FAKE_PAGE;
	struct fake_range *range = calloc(1, sizeof(*range));

	if (range == NULL)
		return CUDA_OUT_OF_MEMORY;
	range->mapped = round_up(bytes, FAKE_PAGE) + 2 * unit;
	range->mapping = mmap(NULL, range->mapped, PROT_NONE,
	                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (range->mapping == MAP_FAILED) {
		free(range);
		return CUDA_OUT_OF_MEMORY;
	}
	range->addr = round_up((uint64_t)(uintptr_t)range->mapping, unit);
	range->bytes = bytes;
	range->next = fake.ranges;
	fake.ranges = range;
	*addr = range->addr;
	return CUDA_OK;
}

cuda_result fake_range_drop(uint64_t addr)
{
	for (struct fake_range **at = &fake.ranges; *at; at = &(*at)->next) {
		struct fake_range *range = *at;

		if (range->addr != addr)
			continue;
		*at = range->next;
		(void)munmap(range->mapping, range->mapped);
		free(range);
		return CUDA_OK;
	}
	return CUDA_INVALID_VALUE;
}

cuda_result fake_maps_drop(uint64_t addr, uint64_t bytes)
{
	struct fake_map *map;

	for (uint64_t at = addr; at < addr + bytes;) {
		map = fake_map_at(at);
		if (map == NULL)
			return CUDA_INVALID_VALUE;
		at = map->addr + map->bytes;
		map_drop(map);
	}
	return CUDA_OK;
}

uint64_t fake_range_bytes(uint64_t addr)
{
	for (const struct fake_range *range = fake.ranges; range; range = range->next)
		if (range->addr == addr)
			return range->bytes;
	return 0;
}

void fake_memory_forget(void)
{
	while (fake.maps)
		map_drop(fake.maps);
	while (fake.phys) {
		fake.phys->references = 1;
		fake_phys_drop(fake.phys);
	}
	while (fake.ranges)
		(void)fake_range_drop(fake.ranges->addr);
	while (fake.pinned) {
		struct fake_pinned *pinned = fake.pinned;

		fake.pinned = pinned->next;
		free(pinned->block);
		free(pinned);
	}
}
