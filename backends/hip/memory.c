/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Device memory.  We allocate it with hipMalloc, whose memory any code in the process can export:
 * HIP's functions for memory with an explicit location still change between versions.
 * hip_mapping_at() describes any memory, ours or not.
 */
#include "hip/driver.h"
#include "gpu/dialect.h"

int hip_chunk_make(const struct gpu_binding *b, uint32_t device, uint64_t capacity, bool is_vmm,
                   struct gpu_chunk *out)
{
	void *pointer;

	(void)device; /* the current one */
	(void)is_vmm; /* never: no device of ours has VRES_DEVICE_VMM */
	TRY(b->api.hipMalloc(&pointer, capacity));
	*out = (struct gpu_chunk){.addr = (uint64_t)(uintptr_t)pointer, .capacity = capacity};
	return HIP_OK;
}

int hip_chunk_free(const struct gpu_binding *b, const struct gpu_chunk *chunk)
{
	return b->api.hipFree((void *)(uintptr_t)chunk->addr);
}

/* Does the code say that the runtime does not know this memory, or has no such property? */
static bool is_absent(int code)
{
	return code == HIP_INVALID_VALUE || code == HIP_INVALID_DEVICE_POINTER ||
	       code == HIP_NOT_FOUND || code == HIP_NOT_SUPPORTED;
}

/* The facts that a type of memory stands for, by the numbers of the loaded runtime. */
static uint32_t facts_of_type(const struct gpu_binding *b, int type)
{
	const bool is_v6 = b->version >= HIP_VERSION_6;

	if (type == (is_v6 ? (int)HIP6_MEMORY_DEVICE : (int)HIP5_MEMORY_DEVICE))
		return VRES_MEM_DEVICE;
	if (type == (is_v6 ? (int)HIP6_MEMORY_HOST : (int)HIP5_MEMORY_HOST))
		return VRES_MEM_HOST_MAPPED;
	return is_v6 && type == HIP6_MEMORY_MANAGED ? VRES_MEM_MANAGED : 0;
}

/* The buffer id has four bytes and counts the allocations of the process. */
static int find_identity(const struct gpu_binding *b, void *pointer, struct gpu_mapping *out)
{
	uint64_t number = 0;
	const int code = b->api.hipPointerGetAttribute(&number, HIP_POINTER_BUFFER_ID, pointer);

	out->identity[0] = code == HIP_OK ? number : 0;
	return is_absent(code) ? HIP_OK : code;
}

static int find_extent(const struct gpu_binding *b, void *pointer, struct gpu_mapping *out)
{
	void *base = NULL;
	size_t bytes = 0;
	const int code = b->api.hipMemGetAddressRange(&base, &bytes, pointer);

	out->base = (uint64_t)(uintptr_t)base;
	out->bytes = bytes;
	return is_absent(code) ? HIP_OK : code;
}

int hip_mapping_at(const struct gpu_binding *b, uint32_t device, uint64_t addr,
                   struct gpu_mapping *out)
{
	struct gpu_mapping mapping = {.is_known = true};
	struct hip_pointer_facts facts = {0};
	void *pointer = (void *)(uintptr_t)addr;
	const int code = b->api.hipPointerGetAttributes(&facts, pointer);

	if (is_absent(code) || (code == HIP_OK && b->version >= HIP_VERSION_6 &&
	                        facts.type == HIP6_MEMORY_UNREGISTERED))
		return HIP_OK; /* not known */
	TRY(code);
	mapping.device = (uint32_t)facts.device;
	mapping.facts = VRES_MEM_EXPORTABLE | facts_of_type(b, facts.type);
	if (facts.is_managed)
		mapping.facts = (mapping.facts & ~VRES_MEM_DEVICE) | VRES_MEM_MANAGED;
	if (mapping.device != device)
		mapping.facts &= ~VRES_MEM_DEVICE;
	TRY(find_identity(b, pointer, &mapping));
	TRY(find_extent(b, pointer, &mapping));
	*out = mapping;
	return HIP_OK;
}
