/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The mem_ slots.  A handle is an address and a length.  Every call looks up what is there, so that
 * it notices when the owner of adopted memory has freed it.
 */
#include "mock/memory.h"

#include <inttypes.h>
#include <stdlib.h>

#include "mock/error.h"
#include "mock/script.h"
#include "mock/span.h"

/* Returns NULL, and fills *err, if there is no host memory. */
static vres_bmem *handle_make(vres_bdev *dev, vres_error *err)
{
	vres_bmem *mem = calloc(1, sizeof(*mem));

	if (mem == NULL) {
		(void)vres_mock_error(err, VRES_E_NO_MEMORY, CODE_HOST, dev->index,
		                      "no memory for a handle");
		return NULL;
	}
	mem->mock = dev->mock;
	mem->device = dev->index;
	return mem;
}

static void handle_publish(vres_bmem *mem, uint64_t addr, uint64_t bytes, vres_bmem **out)
{
	mem->addr = addr;
	mem->bytes = bytes;
	(void)atomic_fetch_add(&mem->mock->live, 1);
	*out = mem;
}

/* Fills the two numbers that a real shortage has into the error of a scripted one. */
static void shortage_fill(vres_bdev *dev, uint64_t bytes, vres_error *err)
{
	err->needed_bytes = bytes;
	(void)pthread_mutex_lock(&dev->mock->lock);
	err->available_bytes = dev->mock->bytes_per_device - dev->mock->used[dev->index];
	(void)pthread_mutex_unlock(&dev->mock->lock);
}

vres_status vres_mocked_mem_alloc(vres_bdev *dev, uint64_t bytes, vres_bmem **out,
                                  vres_mem_info *info, vres_error *err)
{
	vres_bmem *mem;
	vres_status status;

	if (vres_mock_script_answers(dev->mock, VRES_MOCK_OP_MEM_ALLOC, dev->index, NO_DEADLINE,
	                             &status, err)) {
		if (status == VRES_E_INSUFFICIENT_VRAM)
			shortage_fill(dev, bytes, err);
		return status;
	}
	mem = handle_make(dev, err);
	if (mem == NULL)
		return VRES_E_NO_MEMORY;
	status = vres_mock_span_make(dev->mock, dev->index, bytes, ORIGIN_DEVICE, NULL, info, err);
	if (status != VRES_OK) {
		free(mem);
		return status;
	}
	handle_publish(mem, info->addr, info->capacity, out);
	return VRES_OK;
}

static bool range_known(vres_mock *mock, uint64_t addr, uint64_t bytes)
{
	bool known;

	(void)pthread_mutex_lock(&mock->lock);
	known = vres_mock_span_find(mock, addr, bytes) != NULL;
	(void)pthread_mutex_unlock(&mock->lock);
	return known;
}

/* Memory of another device is accepted, too: residency tells the core whose it is. */
vres_status vres_mocked_mem_adopt(vres_bdev *dev, uint64_t addr, uint64_t bytes, vres_bmem **out,
                                  vres_error *err)
{
	vres_bmem *mem;
	vres_status status;

	if (vres_mock_script_answers(dev->mock, VRES_MOCK_OP_MEM_ADOPT, dev->index, NO_DEADLINE,
	                             &status, err))
		return status;
	if (!range_known(dev->mock, addr, bytes))
		return vres_mock_error(err, VRES_E_INVALID_INPUT, CODE_ACCESS, dev->index,
		                       "a range of %" PRIu64
		                       " bytes that is not inside one allocation of the mock",
		                       bytes);
	mem = handle_make(dev, err);
	if (mem == NULL)
		return VRES_E_NO_MEMORY;
	mem->adopted = true;
	handle_publish(mem, addr, bytes, out);
	return VRES_OK;
}

/* The lock is held. */
static void residency_fill(const struct vres_mock_span *span, vres_residency *out)
{
	out->base = span->addr;
	out->bytes = span->capacity;
	out->identity[0] = span->serial;
	out->identity[1] = (uint64_t)span->device + 1;
	out->device = span->device;
	out->facts = VRES_MEM_DEVICE;
	if (span->read_only)
		out->facts |= VRES_MEM_READ_ONLY;
	if (span->pretend & VRES_MOCK_MANAGED)
		out->facts |= VRES_MEM_MANAGED;
	if (span->pretend & VRES_MOCK_HOST_MAPPED)
		out->facts |= VRES_MEM_HOST_MAPPED;
	if (span->pretend & VRES_MOCK_EXPORTABLE)
		out->facts |= VRES_MEM_EXPORTABLE;
	if (span->pretend & VRES_MOCK_MOVED)
		out->identity[0] |= UINT64_C(1) << 63; /* serials never reach this bit */
}

/* Memory that is gone has no facts: that is an answer, not an error. */
vres_status vres_mocked_mem_residency(vres_bmem *mem, vres_residency *out, vres_error *err)
{
	vres_residency answer = {.struct_size = sizeof(answer), .device = VRES_NO_DEVICE};
	const struct vres_mock_span *span;
	vres_status status;

	if (vres_mock_script_answers(mem->mock, VRES_MOCK_OP_MEM_RESIDENCY, mem->device,
	                             NO_DEADLINE, &status, err))
		return status;
	(void)pthread_mutex_lock(&mem->mock->lock);
	span = vres_mock_span_of(mem);
	if (span)
		residency_fill(span, &answer);
	(void)pthread_mutex_unlock(&mem->mock->lock);
	vres_mock_answer(out, &answer, sizeof(answer));
	return VRES_OK;
}

vres_status vres_mocked_mem_wipe(vres_bmem *mem, vres_error *err)
{
	struct vres_mock_span *span;
	vres_status status;

	if (vres_mock_script_answers(mem->mock, VRES_MOCK_OP_MEM_WIPE, mem->device, NO_DEADLINE,
	                             &status, err))
		return status;
	TRY(vres_mock_span_enter(mem->mock, mem->addr, mem->bytes, ACCESS_WRITE, &span, err));
	memset((void *)(uintptr_t)mem->addr, 0, (size_t)mem->bytes);
	vres_mock_span_leave(mem->mock, span);
	return VRES_OK;
}

/* False, too, if the memory cannot be read. */
static bool all_zero(vres_bmem *mem)
{
	const unsigned char *bytes = (const unsigned char *)(uintptr_t)mem->addr;
	struct vres_mock_span *span;
	bool zero;

	if (vres_mock_span_enter(mem->mock, mem->addr, mem->bytes, ACCESS_READ, &span, NULL) !=
	    VRES_OK)
		return false;
	/* The first byte is zero, and every other byte equals the one before it. */
	zero = bytes[0] == 0 && memcmp(bytes, bytes + 1, (size_t)mem->bytes - 1) == 0;
	vres_mock_span_leave(mem->mock, span);
	return zero;
}

/* Frees the memory and the handle even if the script or the device reports a failure. */
vres_status vres_mocked_mem_release(vres_bmem *mem, vres_error *err)
{
	vres_mock *mock = mem->mock;
	vres_status status = VRES_OK;
	vres_status freed = VRES_OK;
	vres_error why;

	(void)vres_mock_script_answers(mock, VRES_MOCK_OP_MEM_RELEASE, mem->device, NO_DEADLINE,
	                               &status, err);
	if (!mem->adopted) {
		if (!all_zero(mem))
			(void)atomic_fetch_add(&mock->unwiped, 1);
		freed = vres_mock_span_drop(mock, mem->addr, ORIGIN_DEVICE, &why);
	}
	free(mem);
	(void)atomic_fetch_sub(&mock->live, 1);
	if (status == VRES_OK && freed != VRES_OK) {
		*err = why;
		status = freed;
	}
	return status;
}

/* Only for memory allocated here: the mapping of adopted memory belongs to its owner. */
vres_status vres_mocked_mem_protect(vres_bmem *mem, uint32_t read_only, vres_error *err)
{
	struct vres_mock_span *span;
	vres_status status;

	if (vres_mock_script_answers(mem->mock, VRES_MOCK_OP_MEM_PROTECT, mem->device, NO_DEADLINE,
	                             &status, err))
		return status;
	if (mem->adopted)
		return vres_mock_error(err, VRES_E_UNSUPPORTED, CODE_INCAPABLE, mem->device,
		                       "adopted memory keeps its owner's protection");
	(void)pthread_mutex_lock(&mem->mock->lock);
	span = vres_mock_span_of(mem);
	if (span)
		span->read_only = read_only != 0;
	(void)pthread_mutex_unlock(&mem->mock->lock);
	return VRES_OK;
}
