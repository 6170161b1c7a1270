/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The tap's own use of the backend, beside the manager's: as an engine that has memory, and as
 * somebody who flips a bit in it.
 */
#include <string.h>
#include "support/suite/alloc.h"
#include "support/tap/tap_model.h"

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
 * Around what tests ask of the tap itself, which must not fail because they made the heap refuse.
 */
static int spare(void)
{
	alloc_spare();
	return 0;
}

static void spared(const int *unused)
{
	(void)unused;
	alloc_spared();
}

#define SPARED CLEANUP(spared) const int heap = spare()

static size_t piece_of(uint64_t left)
{
	return left < PIECE ? (size_t)left : PIECE;
}

static vres_status side_open(struct tap *tap, uint32_t device, vres_bdev **out)
{
	const vres_backend_open params = {.struct_size = sizeof(params),
	                                  .library_path = tap->library_path};
	vres_device_props props = {.struct_size = sizeof(props)};
	vres_error err;

	if (tap->self == NULL)
		TRY(tap->inner->open(&params, &tap->self, &err));
	if (tap->inner_devices == 0)
		TRY(tap->inner->device_count(tap->self, &tap->inner_devices, &err));
	if (tap->inner_devices == 0)
		return VRES_E_NO_DEVICE;
	if (tap->side[device] == NULL)
		TRY(tap->inner->device_open(tap->self, device % tap->inner_devices, &props,
		                            &tap->side[device], &err));
	*out = tap->side[device];
	return VRES_OK;
}

static vres_status side_of(struct tap *tap, uint32_t device, vres_bdev **out)
{
	SPARED;
	vres_status status;

	(void)pthread_mutex_lock(&tap->side_lock);
	status = side_open(tap, device, out);
	(void)pthread_mutex_unlock(&tap->side_lock);
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

static vres_status errand_begin(struct tap *tap, vres_bdev *dev, size_t bytes, struct errand *e)
{
	vres_error err;
	void *staging;

	e->inner = tap->inner;
	TRY(tap->inner->lane_open(dev, bytes, 0, &e->lane, &staging, &err));
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

static vres_status fill(struct tap *tap, vres_bdev *dev, vres_bmem *mem, const uint8_t *content,
                        uint64_t bytes)
{
	CLEANUP(errand_end) struct errand e = {0};

	TRY(errand_begin(tap, dev, piece_of(bytes), &e));
	for (uint64_t at = 0; at < bytes; at += PIECE) {
		if (content)
			memcpy(e.staging, content + at, piece_of(bytes - at));
		else
			memset(e.staging, 0, piece_of(bytes - at));
		TRY(push(&e, mem, at, piece_of(bytes - at)));
	}
	return VRES_OK;
}

vres_status tap_alloc(struct tap *tap, uint32_t device, uint64_t bytes, const void *content,
                      uint64_t *addr)
{
	struct tap_span span = {
		.bytes = bytes, .capacity = tap_capacity(tap, bytes), .device = device};
	vres_mem_info info;
	vres_status status;
	vres_bdev *dev;
	vres_error err;
	uint64_t left;

	if (device >= tap->devices || bytes == 0)
		return VRES_E_INVALID_INPUT;
	TRY(side_of(tap, device, &dev));
	if (!tap_take(tap, device, span.capacity, &left))
		return VRES_E_INSUFFICIENT_VRAM;
	status = tap->inner->mem_alloc(dev, bytes, &span.owned, &info, &err);
	if (status == VRES_OK)
		status = fill(tap, dev, span.owned, content, bytes);
	if (status != VRES_OK) {
		if (span.owned)
			(void)tap->inner->mem_release(span.owned, &err);
		tap_give_back(tap, device, span.capacity);
		return status;
	}
	span.addr = *addr = info.addr;
	tap_span_add(tap, &span);
	return VRES_OK;
}

void tap_free(struct tap *tap, uint64_t addr)
{
	SPARED;
	struct tap_span span;
	vres_error err;

	if (!tap_span_find(tap, addr, &span) || span.addr != addr || span.owned == NULL ||
	    !tap_span_drop(tap, addr, &span))
		return;
	(void)tap->inner->mem_wipe(span.owned, &err); /* so that it does not count as a manager's */
	(void)tap->inner->mem_release(span.owned, &err);
	tap_give_back(tap, span.device, span.capacity);
}

vres_status tap_flip(struct tap *tap, uint64_t addr, unsigned bit)
{
	SPARED;
	CLEANUP(errand_end) struct errand e = {0};
	struct tap_span span;
	vres_status status;
	vres_bdev *dev;
	vres_bmem *mem;
	vres_error err;

	if (bit > 7 || !tap_span_find(tap, addr, &span))
		return VRES_E_INVALID_INPUT;
	TRY(side_of(tap, span.device, &dev));
	TRY(errand_begin(tap, dev, 1, &e));
	TRY(tap->inner->mem_adopt(dev, addr, 1, &mem, &err));
	status = pull(&e, mem, 0, 1);
	e.staging[0] ^= (uint8_t)(1u << bit);
	if (status == VRES_OK)
		status = push(&e, mem, 0, 1);
	(void)tap->inner->mem_release(mem, &err);
	return status;
}

bool tap_is_zero(struct tap *tap, uint32_t device, uint64_t addr, uint64_t bytes)
{
	SPARED;
	CLEANUP(errand_end) struct errand e = {0};
	bool is_zero = true;
	vres_bdev *dev;
	vres_bmem *mem;
	vres_error err;

	if (tap->is_zero)
		return tap->is_zero(addr, bytes);
	if (side_of(tap, device, &dev) != VRES_OK ||
	    errand_begin(tap, dev, piece_of(bytes), &e) != VRES_OK ||
	    tap->inner->mem_adopt(dev, addr, bytes, &mem, &err) != VRES_OK)
		return false;
	for (uint64_t at = 0; at < bytes && is_zero; at += PIECE) {
		const size_t n = piece_of(bytes - at);

		is_zero = pull(&e, mem, at, n) == VRES_OK;
		for (size_t i = 0; i < n && is_zero; i++)
			is_zero = e.staging[i] == 0;
	}
	(void)tap->inner->mem_release(mem, &err);
	return is_zero;
}

struct tap *tap_create(const vres_backend *inner, const char *library_path,
                       const vres_mock_params *like)
{
	struct tap *tap = test_alloc(sizeof(*tap));

	(void)pthread_mutex_init(&tap->lock, NULL);
	(void)pthread_mutex_init(&tap->side_lock, NULL);
	tap->inner = inner;
	tap->library_path = library_path;
	tap->devices = like->devices ? like->devices : 1;
	tap->bytes_per_device = like->bytes_per_device ? like->bytes_per_device : UINT64_C(1) << 30;
	tap->granularity = like->granularity ? like->granularity : 4096;
	tap->no_device_hash = like->no_device_hash != 0;
	return tap;
}

void tap_destroy(struct tap *tap)
{
	vres_error err;

	for (struct tap_span *span = tap->spans; span;) {
		struct tap_span *next = span->next;

		if (span->owned) {
			(void)tap->inner->mem_wipe(span->owned, &err);
			(void)tap->inner->mem_release(span->owned, &err);
		}
		test_free(span);
		span = next;
	}
	for (uint32_t i = 0; i < TAP_DEVICES; i++)
		if (tap->side[i])
			tap->inner->device_close(tap->side[i]);
	if (tap->self)
		tap->inner->close(tap->self);
	(void)pthread_mutex_destroy(&tap->side_lock);
	(void)pthread_mutex_destroy(&tap->lock);
	test_free(tap);
}

void tap_use_fake(struct tap *tap, void (*lose)(uint32_t device),
                  bool (*is_zero)(uint64_t addr, uint64_t bytes))
{
	tap->lose = lose;
	tap->is_zero = is_zero;
}

uint64_t tap_unwiped(const struct tap *tap)
{
	return atomic_load(&tap->unwiped);
}

uint64_t tap_live_handles(const struct tap *tap)
{
	return atomic_load(&tap->live);
}
