/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The pages behind device memory are mapped without access.  A backend call that works on some of
 * them enters the span first and leaves it when it is done.  Pages stay accessible until the last
 * call has left the span.  A span that is freed meanwhile is unmapped when the last call leaves.
 *
 * Host memory that is mapped as device memory is entered and left in the same way, but its pages
 * stay as their owner has them.  Its owner may free it once it is unmapped here, so unmapping waits
 * for the last call to leave.
 */
#include "mock/span.h"

#include <inttypes.h>
#include <search.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "mock/error.h"

/*
 * Spans of this size and more consist of huge pages (2 MiB on most hosts), and access to them is
 * given huge page by huge page.  Changing the access of many small pages costs more than hashing
 * them.
 */
#define HUGE_BYTES (UINT64_C(2) << 20)

static uint64_t page_bytes(void)
{
	return (uint64_t)sysconf(_SC_PAGESIZE);
}

/* The alignment of a span's address. */
static uint64_t alignment_of(const struct vres_mock_span *span)
{
	return span->capacity < HUGE_BYTES ? page_bytes() : HUGE_BYTES;
}

static uint64_t round_up(uint64_t n, uint64_t piece)
{
	return n + (piece - n % piece) % piece;
}

/*
 * Cannot fail: the accessible range is a mapping of its own, since the guard pages keep the kernel
 * from merging it with another, so taking the access away splits no mapping.
 */
void vres_mock_span_hide(struct vres_mock_span *span)
{
	if (span->origin == ORIGIN_HOST)
		return;
	(void)mprotect((void *)(uintptr_t)span->open_from,
	               (size_t)(span->open_to - span->open_from), PROT_NONE);
	span->open_from = span->open_to = 0;
}

/* Undoes a change that the host made only in part. */
static bool give_access(uint64_t from, uint64_t to)
{
	if (mprotect((void *)(uintptr_t)from, (size_t)(to - from), PROT_READ | PROT_WRITE) == 0)
		return true;
	(void)mprotect((void *)(uintptr_t)from, (size_t)(to - from), PROT_NONE);
	return false;
}

/* The accessible range grows so that it contains the new one. */
bool vres_mock_span_expose(struct vres_mock_span *span, uint64_t addr, uint64_t n)
{
	const uint64_t page = page_bytes(), piece = span->capacity < HUGE_BYTES ? page : HUGE_BYTES,
		       at = addr - span->addr;
	const uint64_t end = round_up(span->addr + span->capacity, page),
		       last = span->addr + round_up(at + n, piece);
	const uint64_t from = addr - at % piece, to = last < end ? last : end;

	if (span->origin == ORIGIN_HOST)
		return true;
	if (span->open_from == span->open_to)
		span->open_from = span->open_to = from;
	if (from < span->open_from) {
		if (!give_access(from, span->open_from))
			return false;
		span->open_from = from;
	}
	if (to > span->open_to) {
		if (!give_access(span->open_to, to))
			return false;
		span->open_to = to;
	}
	return true;
}

static bool span_map(struct vres_mock_span *span, const void *content, uint64_t bytes)
{
	const uint64_t page = page_bytes(), alignment = alignment_of(span);
	uint64_t mapped;

	/* A guard page on either side, and room to be aligned. */
	if (__builtin_add_overflow(span->capacity, 2 * page + alignment - 1, &mapped))
		return false;
	span->mapped = (size_t)(mapped - mapped % page);
	span->mapping = mmap(NULL, span->mapped, PROT_NONE,
	                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (span->mapping == MAP_FAILED)
		return false;
	span->addr = round_up((uint64_t)(uintptr_t)span->mapping + page, alignment);
	if (alignment == HUGE_BYTES)
		/* A hint that the host may ignore. */
		(void)madvise((void *)(uintptr_t)span->addr, (size_t)span->capacity, MADV_HUGEPAGE);
	if (content == NULL)
		return true;
	if (!vres_mock_span_expose(span, span->addr, bytes)) {
		(void)munmap(span->mapping, span->mapped);
		return false;
	}
	memcpy((void *)(uintptr_t)span->addr, content, (size_t)bytes);
	vres_mock_span_hide(span);
	return true;
}

/* Capacity is taken before memory, so that concurrent calls never exceed the capacity. */
static vres_status capacity_take(vres_mock *mock, uint32_t device, uint64_t bytes,
                                 struct vres_mock_span *span, vres_error *err)
{
	uint64_t available;

	(void)pthread_mutex_lock(&mock->lock);
	available = mock->bytes_per_device - mock->used[device];
	if (bytes <= available) {
		/* Both are multiples of the granularity, so what is rounded up still fits. */
		span->taken =
			(bytes - 1) / mock->granularity * mock->granularity + mock->granularity;
		span->serial = ++mock->serial;
		mock->used[device] += span->taken;
	}
	(void)pthread_mutex_unlock(&mock->lock);
	if (bytes <= available)
		return VRES_OK;
	(void)vres_mock_error(err, VRES_E_INSUFFICIENT_VRAM, CODE_CAPACITY, device,
	                      "mock device %" PRIu32 " has %" PRIu64 " bytes free, need %" PRIu64,
	                      device, available, bytes);
	if (err) {
		err->needed_bytes = bytes;
		err->available_bytes = available;
	}
	return VRES_E_INSUFFICIENT_VRAM;
}

static void capacity_give_back(vres_mock *mock, const struct vres_mock_span *span)
{
	(void)pthread_mutex_lock(&mock->lock);
	mock->used[span->device] -= span->taken;
	(void)pthread_mutex_unlock(&mock->lock);
}

/*
 * For tsearch(): is the range of @key below or above the span @element, or do they share a byte?
 * Spans share none.
 */
static int compare(const void *key, const void *element)
{
	const struct vres_mock_span *a = key, *b = element;

	if (a->addr < b->addr)
		return b->addr - a->addr < a->capacity ? 0 : -1;
	return a->addr - b->addr >= b->capacity;
}

/* VRES_E_INVALID_INPUT if there is a span already where this one is. */
static vres_status span_publish(vres_mock *mock, struct vres_mock_span *span, vres_error *err)
{
	struct vres_mock_span *const *found;

	bool is_in, is_free;

	(void)pthread_mutex_lock(&mock->lock);
	found = tsearch(span, &mock->spans, compare);
	is_in = found != NULL && *found == span;
	is_free = found == NULL || is_in;
	(void)pthread_mutex_unlock(&mock->lock);
	if (is_in)
		return VRES_OK;
	if (!is_free)
		return vres_mock_error(err, VRES_E_INVALID_INPUT, CODE_MISUSE, span->device,
		                       "%" PRIu64 " bytes of which some are device memory already",
		                       span->capacity);
	return vres_mock_error(err, VRES_E_NO_MEMORY, CODE_HOST, span->device,
	                       "no memory to keep track of %" PRIu64 " bytes", span->capacity);
}

static vres_status span_unmap(struct vres_mock_span *span, vres_error *err)
{
	const uint32_t device = span->device;
	const bool unmapped = munmap(span->mapping, span->mapped) == 0;

	free(span);
	if (unmapped)
		return VRES_OK;
	return vres_mock_error(err, VRES_E_DEALLOCATION_FAILED, CODE_HOST, device,
	                       "the host did not unmap a mock allocation");
}

vres_status vres_mock_span_make(vres_mock *mock, uint32_t device, uint64_t bytes,
                                enum vres_mock_origin origin, const void *content,
                                vres_mem_info *info, vres_error *err)
{
	struct vres_mock_span *span = calloc(1, sizeof(*span));
	vres_mem_info answer;
	vres_status status;

	if (span == NULL)
		return vres_mock_error(err, VRES_E_NO_MEMORY, CODE_HOST, device,
		                       "no memory to keep track of %" PRIu64 " bytes", bytes);
	span->device = device;
	span->origin = origin;
	status = capacity_take(mock, device, bytes, span, err);
	span->capacity = span->taken;
	if (status == VRES_OK && !span_map(span, content, bytes)) {
		capacity_give_back(mock, span);
		status = vres_mock_error(err, VRES_E_ALLOCATION_FAILED, CODE_HOST, device,
		                         "the host cannot map %" PRIu64 " bytes", bytes);
	}
	if (status != VRES_OK) {
		free(span);
		return status;
	}
	answer = (vres_mem_info){.addr = span->addr, .capacity = span->capacity};
	status = span_publish(mock, span, err);
	if (status != VRES_OK) {
		capacity_give_back(mock, span);
		(void)span_unmap(span, NULL);
		return status;
	}
	*info = answer;
	return VRES_OK;
}

vres_status vres_mock_span_map(vres_mock *mock, uint32_t device, uint64_t addr, uint64_t bytes)
{
	struct vres_mock_span *span = calloc(1, sizeof(*span));
	vres_status status;

	if (span == NULL)
		return VRES_E_NO_MEMORY;
	span->addr = addr;
	span->capacity = bytes;
	span->device = device;
	span->origin = ORIGIN_HOST;
	status = capacity_take(mock, device, bytes, span, NULL);
	if (status == VRES_OK) {
		status = span_publish(mock, span, NULL);
		if (status != VRES_OK)
			capacity_give_back(mock, span);
	}
	if (status != VRES_OK)
		free(span);
	return status;
}

static bool span_holds(const struct vres_mock_span *span, uint64_t addr, uint64_t n)
{
	return addr >= span->addr && addr - span->addr <= span->capacity &&
	       n <= span->capacity - (addr - span->addr);
}

struct vres_mock_span *vres_mock_span_find(const vres_mock *mock, uint64_t addr, uint64_t n)
{
	const struct vres_mock_span key = {.addr = addr, .capacity = 1};
	struct vres_mock_span *const *found = tfind(&key, &mock->spans, compare);

	return found && span_holds(*found, addr, n) ? *found : NULL;
}

/* Searching thousands of spans would cost more than most calls do, so the result is kept. */
struct vres_mock_span *vres_mock_span_of(vres_bmem *mem)
{
	if (mem->span == NULL || mem->dropped != mem->mock->dropped) {
		mem->span = vres_mock_span_find(mem->mock, mem->addr, mem->bytes);
		mem->dropped = mem->mock->dropped;
	}
	return mem->span;
}

/* The lock is held. */
static vres_status enter_locked(vres_mock *mock, struct vres_mock_span *span, uint64_t addr,
                                uint64_t n, enum vres_mock_access access, vres_error *err)
{
	if (span == NULL)
		return vres_mock_error(err, VRES_E_BACKEND, CODE_ACCESS, VRES_NO_DEVICE,
		                       "nothing is mapped where the device was to work");
	if (access == ACCESS_WRITE && span->read_only) {
		mock->lost[span->device] = true;
		return vres_mock_error(err, VRES_E_DEVICE_LOST, CODE_ACCESS, span->device,
		                       "mock device %" PRIu32
		                       " is lost: a write to a read-only mapping",
		                       span->device);
	}
	if (!vres_mock_span_expose(span, addr, n))
		return vres_mock_error(err, VRES_E_BACKEND, CODE_HOST, span->device,
		                       "the host does not give access to %" PRIu64 " bytes", n);
	span->users++;
	return VRES_OK;
}

vres_status vres_mock_span_enter(vres_mock *mock, uint64_t addr, uint64_t n,
                                 enum vres_mock_access access, struct vres_mock_span **out,
                                 vres_error *err)
{
	struct vres_mock_span *span;
	vres_status status;

	(void)pthread_mutex_lock(&mock->lock);
	span = vres_mock_span_find(mock, addr, n);
	status = enter_locked(mock, span, addr, n, access, err);
	(void)pthread_mutex_unlock(&mock->lock);
	if (status == VRES_OK)
		*out = span;
	return status;
}

void vres_mock_span_leave(vres_mock *mock, struct vres_mock_span *span)
{
	(void)pthread_mutex_lock(&mock->lock);
	if (--span->users == 0) {
		if (span->gone && span->origin != ORIGIN_HOST)
			(void)span_unmap(span, NULL);
		else
			vres_mock_span_hide(span);
		(void)pthread_cond_broadcast(&mock->idle);
	}
	(void)pthread_mutex_unlock(&mock->lock);
}

/* The lock is held.  Nobody can find the span any more, so no further call enters it. */
static void wait_until_unused(vres_mock *mock, struct vres_mock_span *span)
{
	while (span->users > 0)
		(void)pthread_cond_wait(&mock->idle, &mock->lock);
}

vres_status vres_mock_span_drop(vres_mock *mock, uint64_t addr, enum vres_mock_origin origin,
                                vres_error *err)
{
	struct vres_mock_span *span;
	vres_status status = VRES_OK;

	(void)pthread_mutex_lock(&mock->lock);
	span = vres_mock_span_find(mock, addr, 0);
	if (span && span->addr == addr && span->origin == origin) {
		(void)tdelete(span, &mock->spans, compare);
		mock->used[span->device] -= span->taken;
		mock->dropped++;
		span->gone = true;
		if (origin == ORIGIN_HOST) {
			wait_until_unused(mock, span);
			free(span);
		} else if (span->users == 0) {
			status = span_unmap(span, err);
		}
	}
	(void)pthread_mutex_unlock(&mock->lock);
	return status;
}
