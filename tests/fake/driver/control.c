/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What tests do to a fake driver; see control.h. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "fake/driver/model.h"

const struct fake_params *fake_params_now(void)
{
	return &fake.params;
}

void fake_fail(const char *function, uint64_t nth, int code)
{
	(void)pthread_mutex_lock(&fake.lock);
	fake.fail_function = -1;
	for (int i = 0; fake_function_names[i] && function; i++)
		if (strcmp(fake_function_names[i], function) == 0)
			fake.fail_function = i;
	fake.fail_in = nth;
	fake.fail_code = code;
	fake.failed = NULL;
	(void)pthread_mutex_unlock(&fake.lock);
}

const char *fake_failed(void)
{
	return fake.failed;
}

uint64_t fake_calls(const char *function)
{
	uint64_t calls = 0;

	(void)pthread_mutex_lock(&fake.lock);
	for (int i = 0; fake_function_names[i]; i++)
		if (function == NULL || strcmp(fake_function_names[i], function) == 0)
			calls += fake.calls[i];
	(void)pthread_mutex_unlock(&fake.lock);
	return calls;
}

uint64_t fake_live(void)
{
	uint64_t n;

	(void)pthread_mutex_lock(&fake.lock);
	n = fake_streams_count() + fake.modules;
	for (int i = 0; i < FAKE_DEVICES_MAX; i++)
		n += fake.devices[i].context.retained;
	for (const struct fake_phys *phys = fake.phys; phys; phys = phys->next)
		n += 1 + phys->handles;
	for (const struct fake_map *map = fake.maps; map; map = map->next)
		n++;
	for (const struct fake_range *range = fake.ranges; range; range = range->next)
		n++;
	for (const struct fake_pinned *pinned = fake.pinned; pinned; pinned = pinned->next)
		n++;
	(void)pthread_mutex_unlock(&fake.lock);
	return n;
}

/* The offset in the store of the byte at @addr, which is in @map. */
static off_t stored_at(const struct fake_map *map, uint64_t addr)
{
	return (off_t)(map->phys->offset + map->offset + (addr - map->addr));
}

bool fake_flip(uint64_t addr, unsigned bit)
{
	const struct fake_map *map;
	bool good = false;
	unsigned char byte;
	off_t at;

	(void)pthread_mutex_lock(&fake.lock);
	map = fake_map_at(addr);
	if (map) {
		at = stored_at(map, addr);
		good = pread(fake.store, &byte, 1, at) == 1;
		byte ^= (unsigned char)(1u << bit);
		good = good && pwrite(fake.store, &byte, 1, at) == 1;
	}
	(void)pthread_mutex_unlock(&fake.lock);
	return good;
}

bool fake_engine_write(uint64_t addr, const void *from, uint64_t bytes)
{
	bool good = true;

	(void)pthread_mutex_lock(&fake.lock);
	for (uint64_t done = 0, n; done < bytes && good; done += n) {
		const struct fake_map *map = fake_map_at(addr + done);

		n = bytes - done;
		good = map != NULL;
		if (!good)
			break;
		n = n < map->addr + map->bytes - addr - done ? n
		                                             : map->addr + map->bytes - addr - done;
		good = pwrite(fake.store, (const char *)from + done, n,
		              stored_at(map, addr + done)) == (ssize_t)n;
	}
	(void)pthread_mutex_unlock(&fake.lock);
	return good;
}

bool fake_is_zero(uint64_t addr, uint64_t bytes)
{
	unsigned char byte = 0;
	bool good = true;

	(void)pthread_mutex_lock(&fake.lock);
	for (uint64_t at = addr; at < addr + bytes && good && byte == 0; at++) {
		unsigned char piece[4096];
		const struct fake_map *map = fake_map_at(at);
		uint64_t n = addr + bytes - at;

		good = map != NULL;
		if (!good)
			break;
		n = n < map->addr + map->bytes - at ? n : map->addr + map->bytes - at;
		n = n < sizeof(piece) ? n : sizeof(piece);
		good = pread(fake.store, piece, n, stored_at(map, at)) == (ssize_t)n;
		for (uint64_t i = 0; i < n && good; i++)
			byte |= piece[i];
		at += n - 1;
	}
	(void)pthread_mutex_unlock(&fake.lock);
	return good && byte == 0;
}

void fake_lose(int device, int code)
{
	(void)pthread_mutex_lock(&fake.lock);
	fake.devices[device].sticky = code;
	(void)pthread_mutex_unlock(&fake.lock);
}

void fake_stall(bool stalls)
{
	(void)pthread_mutex_lock(&fake.lock);
	fake.stalls = stalls;
	(void)pthread_mutex_unlock(&fake.lock);
}

void fake_slow_polls(uint64_t ns)
{
	(void)pthread_mutex_lock(&fake.lock);
	fake.poll_ns = ns;
	(void)pthread_mutex_unlock(&fake.lock);
}

uint64_t fake_threads_most(bool is_low)
{
	uint64_t n;

	(void)pthread_mutex_lock(&fake.lock);
	n = fake.threads_most[is_low];
	(void)pthread_mutex_unlock(&fake.lock);
	return n;
}

uint64_t fake_judged(void)
{
	uint64_t n;

	(void)pthread_mutex_lock(&fake.lock);
	n = fake.judge.launches;
	(void)pthread_mutex_unlock(&fake.lock);
	return n;
}

uint64_t fake_unwiped(void)
{
	uint64_t n;

	(void)pthread_mutex_lock(&fake.lock);
	n = fake.unwiped;
	(void)pthread_mutex_unlock(&fake.lock);
	return n;
}

/*
 * Puts other physical memory with the same content behind the part of a mapping that begins at
 * @from.  That part becomes a mapping of its own.
 */
static void replace(struct fake_map *map, uint64_t from, const cuda_alloc_prop *prop,
                    bool same_buffer)
{
	const uint64_t bytes = map->bytes - from;
	struct fake_phys *phys = fake_phys_make(bytes, 0, prop, map->phys->device);
	struct fake_map *other = NULL;
	unsigned char piece[4096];

	for (uint64_t at = 0; phys && at < bytes; at += sizeof(piece))
		if (pread(fake.store, piece, sizeof(piece), stored_at(map, map->addr + from + at)) >
		            0 &&
		    pwrite(fake.store, piece, sizeof(piece), (off_t)(phys->offset + at)) < 0)
			break;
	if (phys && fake_map_put(map->addr + from, bytes, 0, phys, &other) == CUDA_OK) {
		memcpy(other->rights, map->rights, sizeof(other->rights));
		other->is_plain = map->is_plain;
		if (same_buffer)
			other->buffer_id = map->buffer_id;
		map->bytes = from;
	}
	if (phys)
		fake_phys_drop(phys);
}

/* Drops mappings that have no bytes left, since no address leads to them any more. */
static void drop_empty(void)
{
	for (struct fake_map **at = &fake.maps; *at;) {
		struct fake_map *map = *at;

		if (map->bytes > 0) {
			at = &map->next;
			continue;
		}
		*at = map->next;
		fake_phys_drop(map->phys);
		free(map);
	}
}

static void recant(struct fake_map *map)
{
	for (int i = 0; i < FAKE_DEVICES_MAX; i++)
		if (i != map->phys->device)
			map->rights[i] = CUDA_ACCESS_NONE;
	map->host_rights = CUDA_ACCESS_NONE;
	map->pool = (struct fake_pool){0};
	map->is_imported = false;
	map->phys->is_managed = false;
	map->phys->prop.handle_types = 0;
	map->phys->prop.location = (cuda_location){CUDA_LOCATION_DEVICE, map->phys->device};
}

/*
 * Gives the host access.  The driver knows access rights only for mappings of cuMemMap.  Other
 * memory becomes host memory instead.
 */
static void let_host(struct fake_map *map)
{
	if (map->is_plain)
		map->phys->prop.location.type = CUDA_LOCATION_HOST;
	else
		map->host_rights = CUDA_ACCESS_READ_WRITE;
}

void fake_tell(struct fake_map *map, enum fake_lie lie)
{
	const int other = (map->phys->device + 1) % FAKE_DEVICES_MAX;
	cuda_alloc_prop prop = map->phys->prop;

	switch (lie) {
	case FAKE_MANAGED: map->phys->is_managed = true; break;
	case FAKE_HOST: map->phys->prop.location.type = CUDA_LOCATION_HOST; break;
	case FAKE_HOST_TAIL:
		prop.location.type = CUDA_LOCATION_HOST_NUMA;
		replace(map,
		        map->bytes - (map->bytes > fake.params.granularity ? fake.params.granularity
		                                                           : map->bytes),
		        &prop, true);
		break;
	case FAKE_REMAPPED: replace(map, 0, &prop, false); break;
	case FAKE_MOVED: replace(map, 0, &prop, true); break;
	case FAKE_WRONG_ORDINAL: map->phys->prop.location.id = other; break;
	case FAKE_PEER: map->rights[other] = CUDA_ACCESS_READ_WRITE; break;
	case FAKE_HOST_ACCESS: let_host(map); break;
	case FAKE_GONE: (void)fake_maps_drop(map->addr, map->bytes); return;
	case FAKE_OPENED: map->rights[map->phys->device] = CUDA_ACCESS_READ_WRITE; break;
	case FAKE_EXPORTABLE: map->phys->prop.handle_types = 1; break;
	case FAKE_POOL: map->pool.is_one = true; break;
	case FAKE_POOL_PEER: map->pool = (struct fake_pool){true, other}; break;
	case FAKE_IMPORTED: map->is_imported = true; break;
	case FAKE_TRUTH: recant(map); break;
	case FAKE_LIES: break;
	}
	drop_empty();
}

bool fake_lie_at(uint64_t addr, enum fake_lie lie)
{
	struct fake_map *map;

	(void)pthread_mutex_lock(&fake.lock);
	map = fake_map_at(addr);
	if (map)
		fake_tell(map, lie);
	(void)pthread_mutex_unlock(&fake.lock);
	return map != NULL;
}

void fake_lie_always(enum fake_lie lie)
{
	(void)pthread_mutex_lock(&fake.lock);
	fake.lie = lie;
	(void)pthread_mutex_unlock(&fake.lock);
}
