/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Device memory.  We allocate it with an explicit location, so that it cannot migrate, and without
 * an export handle.  Where the driver cannot do that, we use cuMemAlloc, whose memory any code in
 * the process can export.  cuda_mapping_at() describes any memory, ours or not.
 */
#include "cuda/driver.h"
#include "gpu/dialect.h"

#include <string.h>

struct cuda_alloc_prop cuda_wanted(uint32_t device)
{
	return (struct cuda_alloc_prop){
		.type = CUDA_ALLOC_PINNED,
		.location = {.type = CUDA_LOCATION_DEVICE, .id = (int)device}};
}

static int set_access(const struct gpu_binding *b, uint32_t device, uint64_t addr,
                      uint64_t capacity, int flags)
{
	const struct cuda_access access = {
		.location = {.type = CUDA_LOCATION_DEVICE, .id = (int)device}, .flags = flags};

	return b->api.cuMemSetAccess(addr, capacity, &access, 1);
}

/* Allocates physical memory and maps it at chunk->addr, which is reserved. */
static int map(const struct gpu_binding *b, uint32_t device, struct gpu_chunk *chunk)
{
	const struct cuda_alloc_prop prop = cuda_wanted(device);
	cuda_handle handle;
	int code;

	TRY(b->api.cuMemCreate(&handle, chunk->capacity, &prop, 0));
	code = b->api.cuMemMap(chunk->addr, chunk->capacity, 0, handle, 0);
	if (code != CUDA_OK) {
		(void)b->api.cuMemRelease(handle);
		return code;
	}
	code = set_access(b, device, chunk->addr, chunk->capacity, CUDA_ACCESS_READ_WRITE);
	if (code != CUDA_OK) {
		(void)b->api.cuMemUnmap(chunk->addr, chunk->capacity);
		(void)b->api.cuMemRelease(handle);
		return code;
	}
	chunk->handle = handle;
	return CUDA_OK;
}

int cuda_chunk_make(const struct gpu_binding *b, uint32_t device, uint64_t capacity, bool is_vmm,
                    struct gpu_chunk *out)
{
	struct gpu_chunk chunk = {.capacity = capacity, .is_vmm = is_vmm};
	cuda_pointer addr;
	int code;

	if (!is_vmm) {
		TRY(b->api.cuMemAlloc(&addr, capacity));
		chunk.addr = addr;
		*out = chunk;
		return CUDA_OK;
	}
	TRY(b->api.cuMemAddressReserve(&addr, capacity, 0, 0, 0));
	chunk.addr = addr;
	code = map(b, device, &chunk);
	if (code != CUDA_OK) {
		(void)b->api.cuMemAddressFree(addr, capacity);
		return code;
	}
	*out = chunk;
	return CUDA_OK;
}

/* Takes every step even if an earlier one fails; returns the first failure. */
int cuda_chunk_free(const struct gpu_binding *b, const struct gpu_chunk *chunk)
{
	int code, other;

	if (!chunk->is_vmm)
		return b->api.cuMemFree(chunk->addr);
	code = b->api.cuMemUnmap(chunk->addr, chunk->capacity);
	other = b->api.cuMemRelease(chunk->handle);
	code = code != CUDA_OK ? code : other;
	other = b->api.cuMemAddressFree(chunk->addr, chunk->capacity);
	return code != CUDA_OK ? code : other;
}

int cuda_chunk_protect(const struct gpu_binding *b, uint32_t device, const struct gpu_chunk *chunk,
                       bool read_only)
{
	return set_access(b, device, chunk->addr, chunk->capacity,
	                  read_only ? CUDA_ACCESS_READ : CUDA_ACCESS_READ_WRITE);
}

/* Does the code say that the driver, or this memory, has no such property? */
static bool is_absent(int code)
{
	return code == CUDA_INVALID_VALUE || code == CUDA_NOT_SUPPORTED || code == CUDA_NOT_FOUND;
}

/* An attribute of an address; 0 if it has none. */
static int attribute_get(const struct gpu_binding *b, int attribute, uint64_t addr, uint64_t *out)
{
	uint64_t value = 0;
	const int code = b->api.cuPointerGetAttribute(&value, attribute, addr);

	*out = code == CUDA_OK ? value : 0;
	return is_absent(code) ? CUDA_OK : code;
}

/*
 * What is asked of an address.  The driver writes four bytes of some answers and eight of others;
 * those that it does not write are 0.
 */
enum asked {
	TYPE,
	MAPPED,
	MANAGED,
	ORDINAL,
	BUFFER_ID,
	HANDLE_TYPES,
	LEGACY_IPC,
	POOL,
	/* cuda.h does not name these among what the call for several attributes takes. */
	RDMA,
	BLOCK_ID,
	BASE,
	BYTES,
	ALL_ASKED
};

static const int attribute_of[ALL_ASKED] = {
	[TYPE] = CUDA_POINTER_MEMORY_TYPE,
	[MAPPED] = CUDA_POINTER_MAPPED,
	[MANAGED] = CUDA_POINTER_IS_MANAGED,
	[ORDINAL] = CUDA_POINTER_DEVICE_ORDINAL,
	[BUFFER_ID] = CUDA_POINTER_BUFFER_ID,
	[HANDLE_TYPES] = CUDA_POINTER_ALLOWED_HANDLE_TYPES,
	[LEGACY_IPC] = CUDA_POINTER_IS_LEGACY_IPC_CAPABLE,
	[POOL] = CUDA_POINTER_POOL,
	[RDMA] = CUDA_POINTER_IS_RDMA_CAPABLE,
	[BLOCK_ID] = CUDA_POINTER_BLOCK_ID,
	[BASE] = CUDA_POINTER_MAPPING_BASE,
	[BYTES] = CUDA_POINTER_MAPPING_SIZE,
};

/*
 * One call for all of them, since a check asks of each mapping.  A driver that refuses one refuses
 * them all, and is then asked for each; of an address that is none of CUDA's it may say that the
 * context is invalid.  The block's number is worth a call of its own: without it, memory that was
 * replaced is noticed only where there is a buffer's number.
 */
static int ask(const struct gpu_binding *b, uint64_t addr, uint64_t answers[ALL_ASKED])
{
	cuda_pointer_attribute attributes[ALL_ASKED];
	void *to[ALL_ASKED];
	int code;

	for (int i = 0; i < ALL_ASKED; i++) {
		attributes[i] = attribute_of[i];
		answers[i] = 0;
		to[i] = &answers[i];
	}
	code = b->api.cuPointerGetAttributes(ALL_ASKED, attributes, to, addr);
	if (code == CUDA_OK)
		return answers[BLOCK_ID] != 0 || answers[TYPE] == 0
		               ? CUDA_OK
		               : attribute_get(b, CUDA_POINTER_BLOCK_ID, addr, &answers[BLOCK_ID]);
	if (!is_absent(code) && code != CUDA_INVALID_CONTEXT)
		return code;
	for (int i = 0; i < ALL_ASKED; i++)
		TRY(attribute_get(b, attribute_of[i], addr, &answers[i]));
	return CUDA_OK;
}

static int find_extent(const struct gpu_binding *b, uint64_t addr, const uint64_t *answers,
                       struct gpu_mapping *out)
{
	cuda_pointer base = 0;
	size_t bytes = 0;
	int code;

	out->base = answers[BASE];
	out->bytes = answers[BYTES];
	if (out->base != 0 && out->bytes != 0)
		return CUDA_OK;
	code = b->api.cuMemGetAddressRange(&base, &bytes, addr);
	out->base = base;
	out->bytes = bytes;
	return is_absent(code) ? CUDA_OK : code;
}

/*
 * How the physical memory was allocated.  Known only for memory that cuMemCreate made or that was
 * imported as such memory.  All else can be shared with another process: cuMemAlloc's by IPC, a
 * pool's by whoever made the pool, imported memory has been already.  Memory that was imported as
 * cuMemCreate's was made with a type of handle, or it could not have been exported.
 */
static int find_origin(const struct gpu_binding *b, uint32_t ordinal, uint64_t addr,
                       struct gpu_mapping *out)
{
	struct cuda_alloc_prop prop;
	cuda_handle handle;
	int code, released;

	code = b->api.cuMemRetainAllocationHandle(&handle, (void *)(uintptr_t)addr);
	if (is_absent(code))
		out->facts |= VRES_MEM_EXPORTABLE;
	if (code != CUDA_OK)
		return is_absent(code) ? CUDA_OK : code;
	memset(&prop, 0, sizeof(prop));
	code = b->api.cuMemGetAllocationPropertiesFromHandle(&prop, handle);
	released = b->api.cuMemRelease(handle);
	TRY(code);
	TRY(released);
	if (prop.location.type != CUDA_LOCATION_DEVICE)
		out->facts = (out->facts & ~VRES_MEM_DEVICE) | VRES_MEM_HOST_MAPPED;
	else if (prop.location.id != (int)ordinal)
		out->facts &= ~VRES_MEM_DEVICE;
	if (prop.type != CUDA_ALLOC_PINNED)
		out->facts |= VRES_MEM_MANAGED;
	if (prop.handle_types != 0 || prop.rdma_capable != 0)
		out->facts |= VRES_MEM_EXPORTABLE;
	return CUDA_OK;
}

/*
 * The access rights of one location (a device, or the host); none if the driver cannot tell, which
 * is so for memory that was not mapped with cuMemMap, and for a location it does not know.
 */
static int rights_of(const struct gpu_binding *b, int type, int id, uint64_t addr,
                     unsigned long long *out)
{
	const struct cuda_location location = {.type = type, .id = id};
	const int code = b->api.cuMemGetAccess(out, &location, addr);

	if (code != CUDA_OK)
		*out = CUDA_ACCESS_NONE;
	return is_absent(code) || code == CUDA_INVALID_DEVICE ? CUDA_OK : code;
}

int cuda_can_protect(const struct gpu_binding *b, uint32_t device, const struct gpu_chunk *chunk,
                     bool *out)
{
	const int code = cuda_chunk_protect(b, device, chunk, true);
	unsigned long long rights = CUDA_ACCESS_NONE;

	if (is_absent(code)) {
		*out = false;
		return CUDA_OK;
	}
	TRY(code);
	TRY(rights_of(b, CUDA_LOCATION_DEVICE, (int)device, chunk->addr, &rights));
	TRY(cuda_chunk_protect(b, device, chunk, false));
	*out = rights == CUDA_ACCESS_READ;
	return CUDA_OK;
}

/*
 * The same for memory of a stream-ordered pool (cuMemAllocAsync): rights are granted for all of the
 * pool, and cuMemGetAccess knows none.
 */
static int pool_rights_of(const struct gpu_binding *b, cuda_pool pool, int id,
                          unsigned long long *out)
{
	cuda_location location = {.type = CUDA_LOCATION_DEVICE, .id = id};
	cuda_access_rights rights = CUDA_ACCESS_NONE;
	int code = CUDA_OK;

	if (b->api.cuMemPoolGetAccess)
		code = b->api.cuMemPoolGetAccess(&rights, pool, &location);
	*out = code == CUDA_OK ? (unsigned long long)rights : CUDA_ACCESS_NONE;
	return is_absent(code) || code == CUDA_INVALID_DEVICE ? CUDA_OK : code;
}

static int find_access(const struct gpu_binding *b, uint32_t device, uint64_t addr, uint64_t pool,
                       struct gpu_mapping *out)
{
	unsigned long long rights;
	int count;

	TRY(rights_of(b, CUDA_LOCATION_DEVICE, (int)device, addr, &rights));
	if (rights == CUDA_ACCESS_READ)
		out->facts |= VRES_MEM_READ_ONLY;
	TRY(rights_of(b, CUDA_LOCATION_HOST, 0, addr, &rights));
	if (rights != CUDA_ACCESS_NONE)
		out->facts |= VRES_MEM_HOST_MAPPED;
	TRY(b->api.cuDeviceGetCount(&count));
	for (int other = 0; other < count; other++) {
		if (other == (int)device)
			continue;
		if (pool != 0)
			TRY(pool_rights_of(b, (cuda_pool)(uintptr_t)pool, other, &rights));
		else
			TRY(rights_of(b, CUDA_LOCATION_DEVICE, other, addr, &rights));
		if (rights != CUDA_ACCESS_NONE)
			out->facts |= VRES_MEM_PEER_ACCESS;
	}
	return CUDA_OK;
}

int cuda_mapping_at(const struct gpu_binding *b, uint32_t device, uint64_t addr,
                    struct gpu_mapping *out)
{
	struct gpu_mapping mapping = {.is_known = true};
	uint64_t answers[ALL_ASKED];
	bool is_managed;

	TRY(ask(b, addr, answers));
	if (answers[TYPE] == 0 || answers[MAPPED] == 0)
		return CUDA_OK; /* not known */
	is_managed = answers[MANAGED] != 0;
	mapping.device = (uint32_t)answers[ORDINAL];
	mapping.facts =
		(answers[TYPE] == CUDA_MEMORY_DEVICE && !is_managed && mapping.device == device
	                 ? VRES_MEM_DEVICE
	                 : 0) |
		(is_managed ? VRES_MEM_MANAGED : 0) |
		(answers[TYPE] == CUDA_MEMORY_HOST ? VRES_MEM_HOST_MAPPED : 0) |
		(answers[POOL] ? VRES_MEM_POOL : 0) |
		(answers[HANDLE_TYPES] || answers[LEGACY_IPC] || answers[RDMA] ? VRES_MEM_EXPORTABLE
	                                                                       : 0);
	mapping.identity[0] = answers[BUFFER_ID];
	mapping.identity[1] = answers[BLOCK_ID];
	TRY(find_extent(b, addr, answers, &mapping));
	TRY(find_origin(b, device, addr, &mapping));
	TRY(find_access(b, device, addr, answers[POOL], &mapping));
	*out = mapping;
	return CUDA_OK;
}
