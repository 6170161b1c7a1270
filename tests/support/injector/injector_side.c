/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The injector's own use of the backend, beside the manager's: it owns memory as an engine does,
 * and it flips bits.
 */
#include <string.h>
#include "support/suite/alloc.h"
#include "support/injector/injector_model.h"

#define PATIENCE (UINT64_C(60) * 1000 * 1000 * 1000)
#define PIECE    ((size_t)1 << 20)

#define CLEANUP(function) __attribute__((cleanup(function), unused))

#define TRY(call)                                                                                  \
	do {                                                                                       \
		const vres_status try_status = (call);                                             \
		if (try_status != VRES_OK)                                                         \
			return try_status;                                                         \
	} while (0)

/*
 * Around what tests ask of the injector itself, which must not fail because they made the heap
 * refuse.
 */
static int ignore_heap(void)
{
	alloc_ignore();
	return 0;
}

static void count_heap_again(const int *unused)
{
	(void)unused;
	alloc_count_again();
}

#define UNCOUNTED CLEANUP(count_heap_again) const int heap = ignore_heap()

static size_t piece_of(uint64_t left)
{
	return left < PIECE ? (size_t)left : PIECE;
}

static vres_status side_open(struct injector *injector, uint32_t device, vres_bdev **out)
{
	const vres_backend_open params = {.struct_size = sizeof(params),
	                                  .library_path = injector->library_path};
	vres_device_props props = {.struct_size = sizeof(props)};
	vres_error err;

	if (injector->self == NULL)
		TRY(injector->inner->open(&params, &injector->self, &err));
	if (injector->inner_devices == 0)
		TRY(injector->inner->device_count(injector->self, &injector->inner_devices, &err));
	if (injector->inner_devices == 0)
		return VRES_E_NO_DEVICE;
	if (injector->side[device] == NULL)
		TRY(injector->inner->device_open(injector->self, device % injector->inner_devices,
		                                 &props, &injector->side[device], &err));
	*out = injector->side[device];
	return VRES_OK;
}

static vres_status side_of(struct injector *injector, uint32_t device, vres_bdev **out)
{
	UNCOUNTED;
	vres_status status;

	(void)pthread_mutex_lock(&injector->side_lock);
	status = side_open(injector, device, out);
	(void)pthread_mutex_unlock(&injector->side_lock);
	return status;
}

struct errand {
	const vres_backend *inner;
	vres_blane *lane;
	uint8_t *staging;
};

static void errand_end(struct errand *e)
{
	if (e->lane)
		e->inner->lane_close(e->lane);
}

static vres_status errand_begin(struct injector *injector, vres_bdev *dev, size_t bytes,
                                struct errand *e)
{
	vres_error err;
	void *staging;

	e->inner = injector->inner;
	TRY(injector->inner->lane_open(dev, bytes, 0, &e->lane, &staging, &err));
	e->staging = staging;
	return VRES_OK;
}

static vres_status pull(struct errand *e, vres_bmem *mem, uint64_t offset, size_t n)
{
	vres_error err;

	TRY(e->inner->lane_pull(e->lane, mem, offset, n, &err));
	return e->inner->lane_wait(e->lane, PATIENCE, &err);
}

static vres_status push(struct errand *e, vres_bmem *mem, uint64_t offset, size_t n)
{
	vres_error err;

	TRY(e->inner->lane_push(e->lane, mem, offset, n, &err));
	return e->inner->lane_wait(e->lane, PATIENCE, &err);
}

static vres_status fill(struct injector *injector, vres_bdev *dev, vres_bmem *mem,
                        const uint8_t *content, uint64_t bytes)
{
	CLEANUP(errand_end) struct errand e = {0};

	TRY(errand_begin(injector, dev, piece_of(bytes), &e));
	for (uint64_t at = 0; at < bytes; at += PIECE) {
		if (content)
			memcpy(e.staging, content + at, piece_of(bytes - at));
		else
			memset(e.staging, 0, piece_of(bytes - at));
		TRY(push(&e, mem, at, piece_of(bytes - at)));
	}
	return VRES_OK;
}

vres_status injector_alloc(struct injector *injector, uint32_t device, uint64_t bytes,
                           const void *content, uint64_t *addr)
{
	struct injector_span span = {
		.bytes = bytes, .capacity = injector_capacity(injector, bytes), .device = device};
	vres_mem_info info;
	vres_status status;
	vres_bdev *dev;
	vres_error err;
	uint64_t left;

	if (device >= injector->devices || bytes == 0)
		return VRES_E_INVALID_INPUT;
	TRY(side_of(injector, device, &dev));
	if (!injector_take(injector, device, span.capacity, &left))
		return VRES_E_INSUFFICIENT_VRAM;
	status = injector->inner->mem_alloc(dev, bytes, &span.owned, &info, &err);
	if (status == VRES_OK)
		status = fill(injector, dev, span.owned, content, bytes);
	if (status != VRES_OK) {
		if (span.owned)
			(void)injector->inner->mem_release(span.owned, &err);
		injector_give_back(injector, device, span.capacity);
		return status;
	}
	span.addr = *addr = info.addr;
	injector_span_add(injector, &span);
	return VRES_OK;
}

void injector_free(struct injector *injector, uint64_t addr)
{
	UNCOUNTED;
	struct injector_span span;
	vres_error err;

	if (!injector_span_find(injector, addr, &span) || span.addr != addr || span.owned == NULL ||
	    !injector_span_drop(injector, addr, &span))
		return;
	(void)injector->inner->mem_wipe(span.owned,
	                                &err); /* so that it does not count as a manager's */
	(void)injector->inner->mem_release(span.owned, &err);
	injector_give_back(injector, span.device, span.capacity);
}

/* Read-only memory is made writable for it, and protected again. */
static vres_status push_through(struct injector *injector, const struct injector_span *span,
                                struct errand *e, vres_bmem *mem)
{
	vres_status status;
	vres_error err;

	if (!span->is_read_only)
		return push(e, mem, 0, 1);
	TRY(injector->inner->mem_protect(span->inner, 0, &err));
	status = push(e, mem, 0, 1);
	TRY(injector->inner->mem_protect(span->inner, 1, &err));
	return status;
}

vres_status injector_flip(struct injector *injector, uint64_t addr, unsigned bit)
{
	UNCOUNTED;
	CLEANUP(errand_end) struct errand e = {0};
	struct injector_span span;
	vres_status status;
	vres_bdev *dev;
	vres_bmem *mem;
	vres_error err;

	if (bit > 7 || !injector_span_find(injector, addr, &span))
		return VRES_E_INVALID_INPUT;
	TRY(side_of(injector, span.device, &dev));
	TRY(errand_begin(injector, dev, 1, &e));
	TRY(injector->inner->mem_adopt(dev, addr, 1, &mem, &err));
	status = pull(&e, mem, 0, 1);
	e.staging[0] ^= (uint8_t)(1u << bit);
	if (status == VRES_OK)
		status = push_through(injector, &span, &e, mem);
	(void)injector->inner->mem_release(mem, &err);
	return status;
}

bool injector_is_zero(struct injector *injector, uint32_t device, uint64_t addr, uint64_t bytes)
{
	UNCOUNTED;
	CLEANUP(errand_end) struct errand e = {0};
	bool is_zero = true;
	vres_bdev *dev;
	vres_bmem *mem;
	vres_error err;

	if (injector->is_zero)
		return injector->is_zero(addr, bytes);
	if (side_of(injector, device, &dev) != VRES_OK ||
	    errand_begin(injector, dev, piece_of(bytes), &e) != VRES_OK ||
	    injector->inner->mem_adopt(dev, addr, bytes, &mem, &err) != VRES_OK)
		return false;
	for (uint64_t at = 0; at < bytes && is_zero; at += PIECE) {
		const size_t n = piece_of(bytes - at);

		is_zero = pull(&e, mem, at, n) == VRES_OK;
		for (size_t i = 0; i < n && is_zero; i++)
			is_zero = e.staging[i] == 0;
	}
	(void)injector->inner->mem_release(mem, &err);
	return is_zero;
}

struct injector *injector_create(const vres_backend *inner, const char *library_path,
                                 const vres_mock_params *like)
{
	struct injector *injector = test_alloc(sizeof(*injector));

	(void)pthread_mutex_init(&injector->lock, NULL);
	(void)pthread_mutex_init(&injector->side_lock, NULL);
	injector->inner = inner;
	injector->library_path = library_path;
	injector->devices = like->devices ? like->devices : 1;
	injector->bytes_per_device =
		like->bytes_per_device ? like->bytes_per_device : UINT64_C(1) << 30;
	injector->granularity = like->granularity ? like->granularity : 4096;
	injector->no_device_hash = like->no_device_hash != 0;
	return injector;
}

void injector_destroy(struct injector *injector)
{
	vres_error err;

	for (struct injector_span *span = injector->spans; span;) {
		struct injector_span *next = span->next;

		if (span->owned) {
			(void)injector->inner->mem_wipe(span->owned, &err);
			(void)injector->inner->mem_release(span->owned, &err);
		}
		test_free(span);
		span = next;
	}
	for (uint32_t i = 0; i < INJECTOR_DEVICES; i++)
		if (injector->side[i])
			injector->inner->device_close(injector->side[i]);
	if (injector->self)
		injector->inner->close(injector->self);
	(void)pthread_mutex_destroy(&injector->side_lock);
	(void)pthread_mutex_destroy(&injector->lock);
	test_free(injector);
}

void injector_use_fake(struct injector *injector, void (*lose)(uint32_t device),
                       bool (*is_zero)(uint64_t addr, uint64_t bytes))
{
	injector->lose = lose;
	injector->is_zero = is_zero;
}

uint64_t injector_unwiped(const struct injector *injector)
{
	return atomic_load(&injector->unwiped);
}

uint64_t injector_live_handles(const struct injector *injector)
{
	return atomic_load(&injector->live);
}
