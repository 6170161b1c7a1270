/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Memory that we allocate, or that somebody else allocated and we adopt.  Where it is, the driver
 * is asked mapping by mapping over the whole range, because one range of addresses can be device
 * memory in part and host memory in part.
 */
#include "gpu/memory.h"

#include <inttypes.h>
#include <stdlib.h>

#include "gpu/context.h"
#include "gpu/wait.h"

/* Facts that hold for a range if they hold for any part of it; others must hold for every part. */
#define BAD_FACTS                                                                                  \
	(VRES_MEM_MANAGED | VRES_MEM_HOST_MAPPED | VRES_MEM_EXPORTABLE | VRES_MEM_PEER_ACCESS |    \
	 VRES_MEM_POOL)

/*
 * Factor that combines the identities of mappings into one, in order.  It is odd, so multiplying by
 * it loses no information.
 */
#define MIX UINT64_C(0x9e3779b97f4a7c15)

/* Says "not enough VRAM" only if that is so; any other failure keeps the code @code. */
static vres_status allocation_failure(vres_bdev *dev, uint64_t bytes, uint64_t capacity, int code,
                                      vres_error *err)
{
	uint64_t available = 0;

	TRY(gpu_outcome(dev, dev->driver->memory_free(dev->binding, &available),
	                "asking for free memory", err));
	if (available >= capacity)
		return gpu_outcome(dev, code, "allocating device memory", err);
	(void)gpu_error(err, VRES_E_INSUFFICIENT_VRAM, code, dev->index,
	                "need %" PRIu64 " bytes, device %" PRIu32 " has %" PRIu64 " free", bytes,
	                dev->index, available);
	err->needed_bytes = bytes;
	err->available_bytes = available;
	return VRES_E_INSUFFICIENT_VRAM;
}

/* "Out of memory" from a driver may also mean host memory. */
static vres_status chunk_make(vres_bdev *dev, uint64_t bytes, uint64_t capacity,
                              struct gpu_chunk *out, vres_error *err)
{
	const int code =
		dev->driver->chunk_make(dev->binding, dev->index, capacity, dev->has_vmm, out);

	if (code != 0 && dev->driver->meaning(code) == VRES_E_ALLOCATION_FAILED)
		return allocation_failure(dev, bytes, capacity, code, err);
	return gpu_outcome(dev, code, "allocating device memory", err);
}

/*
 * Writes zeros from @from to the end and waits until they are written.  On failure it waits, too,
 * because the caller then unmaps the memory, and a write to unmapped memory would end the context.
 * Only after a missed deadline is the device not waited for.
 */
static vres_status zero_from(vres_bdev *dev, const struct gpu_chunk *chunk, uint64_t from,
                             vres_error *err)
{
	const struct gpu_driver *driver = dev->driver;
	vres_status status;
	bool missed;

	if (from == chunk->capacity)
		return VRES_OK;
	TRY(gpu_outcome(
		dev,
		driver->zero(dev->binding, chunk->addr + from, chunk->capacity - from, dev->stream),
		"writing zeros", err));
	status = gpu_stream_wait(dev, dev->stream, gpu_until(TIME_LIMIT), &missed, err);
	if (status != VRES_OK && !missed)
		(void)driver->stream_finish(dev->binding, dev->stream);
	return status;
}

vres_status gpu_mem_alloc(vres_bdev *dev, uint64_t bytes, vres_bmem **out, vres_mem_info *info,
                          vres_error *err)
{
	CLEANUP(gpu_leave) struct gpu_visit visit = {0};
	uint64_t capacity;
	vres_status status;
	vres_bmem *mem;

	TRY(gpu_enter(dev, &visit, err));
	if (bytes > dev->total_bytes)
		return allocation_failure(dev, bytes, UINT64_MAX, 0, err);
	capacity = (bytes + dev->granularity - 1) / dev->granularity * dev->granularity;
	mem = calloc(1, sizeof(*mem));
	if (mem == NULL)
		return gpu_error(err, VRES_E_NO_MEMORY, 0, dev->index, "no memory for a handle");
	mem->dev = dev;
	mem->bytes = bytes;
	status = chunk_make(dev, bytes, capacity, &mem->chunk, err);
	if (status == VRES_OK)
		status = zero_from(dev, &mem->chunk, bytes, err);
	if (status != VRES_OK) {
		if (mem->chunk.capacity != 0)
			(void)dev->driver->chunk_free(dev->binding, &mem->chunk);
		free(mem);
		return status;
	}
	*out = mem;
	*info = (vres_mem_info){.addr = mem->chunk.addr, .capacity = capacity};
	return VRES_OK;
}

static void add_mapping(vres_residency *sum, const struct gpu_mapping *mapping, bool is_first)
{
	if (is_first) {
		sum->base = mapping->base;
		sum->device = mapping->device;
		sum->facts = mapping->facts;
		sum->identity[0] = mapping->identity[0];
		sum->identity[1] = mapping->identity[1];
	} else {
		if (mapping->device != sum->device)
			sum->facts &= ~VRES_MEM_DEVICE;
		sum->facts =
			(sum->facts & mapping->facts) | ((sum->facts | mapping->facts) & BAD_FACTS);
		sum->identity[0] = sum->identity[0] * MIX + mapping->identity[0];
		sum->identity[1] = sum->identity[1] * MIX + mapping->identity[1];
	}
	sum->bytes = mapping->base - sum->base + mapping->bytes;
}

/* Sums up all mappings of a range.  *known: the driver knows all of the range. */
static vres_status mappings_sum(vres_bdev *dev, uint64_t addr, uint64_t bytes, vres_residency *out,
                                bool *known, vres_error *err)
{
	const uint64_t end = addr + bytes;
	struct gpu_mapping mapping;

	*known = true;
	for (uint64_t at = addr; at < end && *known; at = mapping.base + mapping.bytes) {
		mapping = (struct gpu_mapping){0};
		TRY(gpu_outcome(dev,
		                dev->driver->mapping_at(dev->binding, dev->index, at, &mapping),
		                "asking where memory is", err));
		/* A mapping that does not contain the address would make this loop endless. */
		*known = mapping.is_known && mapping.base <= at &&
		         mapping.bytes > at - mapping.base &&
		         mapping.bytes <= UINT64_MAX - mapping.base;
		if (*known)
			add_mapping(out, &mapping, at == addr);
	}
	return VRES_OK;
}

vres_status gpu_mem_adopt(vres_bdev *dev, uint64_t addr, uint64_t bytes, vres_bmem **out,
                          vres_error *err)
{
	CLEANUP(gpu_leave) struct gpu_visit visit = {0};
	vres_residency unused = {0};
	bool known = false;
	vres_bmem *mem;

	TRY(gpu_enter(dev, &visit, err));
	if (bytes <= UINT64_MAX - addr)
		TRY(mappings_sum(dev, addr, bytes, &unused, &known, err));
	if (!known)
		return gpu_error(err, VRES_E_INVALID_INPUT, 0, dev->index,
		                 "the driver does not know all of the %" PRIu64
		                 " bytes to adopt as memory of its own",
		                 bytes);
	mem = calloc(1, sizeof(*mem));
	if (mem == NULL)
		return gpu_error(err, VRES_E_NO_MEMORY, 0, dev->index, "no memory for a handle");
	mem->dev = dev;
	mem->bytes = bytes;
	mem->is_adopted = true;
	mem->chunk.addr = addr;
	*out = mem;
	return VRES_OK;
}

vres_status gpu_mem_residency(vres_bmem *mem, vres_residency *out, vres_error *err)
{
	CLEANUP(gpu_leave) struct gpu_visit visit = {0};
	vres_residency answer = {.struct_size = sizeof(answer), .device = mem->dev->index};
	bool known;

	TRY(gpu_enter(mem->dev, &visit, err));
	TRY(mappings_sum(mem->dev, mem->chunk.addr, mem->bytes, &answer, &known, err));
	if (!known)
		/* Memory that is gone in part is not device memory: that is an answer. */
		answer.facts &= BAD_FACTS;
	gpu_answer(out, &answer, sizeof(answer));
	return VRES_OK;
}

vres_status gpu_mem_wipe(vres_bmem *mem, vres_error *err)
{
	CLEANUP(gpu_leave) struct gpu_visit visit = {0};

	TRY(gpu_enter(mem->dev, &visit, err));
	if (mem->is_adopted)
		return gpu_error(err, VRES_E_UNSUPPORTED, 0, mem->dev->index,
		                 "adopted memory is its owner's to wipe");
	return zero_from(mem->dev, &mem->chunk, 0, err);
}

vres_status gpu_mem_release(vres_bmem *mem, vres_error *err)
{
	CLEANUP(gpu_leave) struct gpu_visit visit = {0};
	vres_bdev *dev = mem->dev;
	int code = 0;

	if (!mem->is_adopted) {
		gpu_enter_to_close(dev, &visit);
		code = dev->driver->chunk_free(dev->binding, &mem->chunk);
	}
	free(mem);
	return gpu_outcome(dev, code, "freeing device memory", err);
}

vres_status gpu_mem_protect(vres_bmem *mem, uint32_t read_only, vres_error *err)
{
	CLEANUP(gpu_leave) struct gpu_visit visit = {0};
	vres_bdev *dev = mem->dev;

	TRY(gpu_enter(dev, &visit, err));
	if (mem->is_adopted || !dev->can_protect)
		return gpu_error(err, VRES_E_UNSUPPORTED, 0, dev->index,
		                 "%s cannot be mapped read-only here",
		                 mem->is_adopted ? "adopted memory" : "memory");
	return gpu_outcome(
		dev,
		dev->driver->chunk_protect(dev->binding, dev->index, &mem->chunk, read_only != 0),
		"changing the protection of a mapping", err);
}
