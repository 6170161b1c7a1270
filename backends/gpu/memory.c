/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Memory: ours, or somebody else's.  What the driver says of it is asked mapping by mapping over
 * the whole range, because one range of addresses can be part device memory and part anything else.
 */
#include "gpu/memory.h"

#include <inttypes.h>
#include <stdlib.h>

#include "gpu/context.h"
#include "gpu/wait.h"

/* Facts that are bad if they hold anywhere; the others must hold everywhere. */
#define BAD_FACTS                                                                                  \
	(VRES_MEM_MANAGED | VRES_MEM_HOST_MAPPED | VRES_MEM_EXPORTABLE | VRES_MEM_PEER_ACCESS)

/* Odd, so that mixing loses nothing; the same mappings in another order give another identity. */
#define MIX UINT64_C(0x9e3779b97f4a7c15)

/* That there was no room is said only where it is so. */
static vres_status refuse(vres_bdev *dev, uint64_t bytes, uint64_t capacity, int code,
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

/* A driver that is out of memory does not say of which kind. */
static vres_status chunk_make(vres_bdev *dev, uint64_t bytes, uint64_t capacity,
                              struct gpu_chunk *out, vres_error *err)
{
	const int code =
		dev->driver->chunk_make(dev->binding, dev->index, capacity, dev->has_vmm, out);

	if (code != 0 && dev->driver->meaning(code) == VRES_E_ALLOCATION_FAILED)
		return refuse(dev, bytes, capacity, code, err);
	return gpu_outcome(dev, code, "allocating device memory", err);
}

/*
 * Zeros from @from on, in place when this returns.  When it fails, none are still on their way
 * either, since the memory may be given up next:
 * zeros that are written where nothing is mapped any more would end the context.  Only a device
 * that missed the deadline is not waited for.
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
	status = gpu_stream_wait(dev, dev->stream, gpu_until(UNASKED_PATIENCE), &missed, err);
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
		return refuse(dev, bytes, UINT64_MAX, 0, err);
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

/* *known: the driver knows all of the range. */
static vres_status walk(vres_bdev *dev, uint64_t addr, uint64_t bytes, vres_residency *out,
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
		/* A mapping that does not hold the address would have us go round forever. */
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
		TRY(walk(dev, addr, bytes, &unused, &known, err));
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
	TRY(walk(mem->dev, mem->chunk.addr, mem->bytes, &answer, &known, err));
	if (!known)
		/* That some of it is gone is an answer: it is not device memory. */
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
