/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What happens to a call before it is passed on; and what the tap keeps: room, and who has which
 * memory.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include "support/suite/alloc.h"
#include "support/tap/tap_model.h"

#define NS_PER_S UINT64_C(1000000000)

vres_status tap_error(vres_error *err, vres_status status, enum tap_code code, uint32_t device,
                      const char *format, ...)
{
	va_list args;

	memset(err, 0, sizeof(*err));
	err->status = status;
	err->backend_code = (int32_t)code;
	err->gpu_device = device;
	if (code == TAP_DEADLINE)
		err->reason = VRES_REASON_DEADLINE;
	else if (status / 100 == 3)
		err->reason = VRES_REASON_DEVICE;
	va_start(args, format);
	(void)vsnprintf(err->message, sizeof(err->message), format, args);
	va_end(args);
	return status;
}

void tap_fail(struct tap *tap, vres_mock_op op, uint64_t nth, vres_status status)
{
	bool is_placed = false;

	(void)pthread_mutex_lock(&tap->lock);
	for (size_t i = 0; i < TAP_FAULTS; i++) {
		struct tap_fault *fault = &tap->faults[i];

		if (nth == 0 && fault->op == op)
			fault->left = 0;
		if (nth != 0 && fault->left == 0 && !is_placed) {
			*fault = (struct tap_fault){op, nth, status};
			is_placed = true;
		}
	}
	(void)pthread_mutex_unlock(&tap->lock);
}

void tap_delay(struct tap *tap, vres_mock_op op, uint64_t ns)
{
	(void)pthread_mutex_lock(&tap->lock);
	for (unsigned i = 0; i < VRES_MOCK_OP_COUNT; i++)
		if (op == VRES_MOCK_ANY || op == (vres_mock_op)i)
			tap->delay[i] = ns;
	(void)pthread_mutex_unlock(&tap->lock);
}

uint64_t tap_calls(const struct tap *tap, vres_mock_op op)
{
	return atomic_load(&tap->calls[op]);
}

void tap_lose_device(struct tap *tap, uint32_t device)
{
	if (device >= tap->devices)
		return;
	(void)pthread_mutex_lock(&tap->lock);
	tap->is_lost[device] = true;
	(void)pthread_mutex_unlock(&tap->lock);
	if (tap->lose)
		tap->lose(device);
}

bool tap_is_lost(struct tap *tap, uint32_t device)
{
	bool is_lost;

	(void)pthread_mutex_lock(&tap->lock);
	is_lost = device < tap->devices && tap->is_lost[device];
	(void)pthread_mutex_unlock(&tap->lock);
	return is_lost;
}

/*
 * A success without a handle is no lie that a backend could tell; one without waiting cannot be
 * told from here.
 */
static bool can_pretend_success(vres_mock_op op)
{
	return op == VRES_MOCK_OP_DEVICE_COUNT || op == VRES_MOCK_OP_DEVICE_STATUS ||
	       op == VRES_MOCK_OP_MEM_RESIDENCY || op == VRES_MOCK_OP_MEM_WIPE ||
	       op == VRES_MOCK_OP_LANE_PUSH || op == VRES_MOCK_OP_LANE_PULL ||
	       op == VRES_MOCK_OP_HASH_BLOCKS || op == VRES_MOCK_OP_MEM_PROTECT ||
	       op == VRES_MOCK_OP_MEM_RELEASE;
}

/*
 * The call counts down every fault that waits for it.  If several come due, one happens and the
 * others are over too.
 */
static bool fires(struct tap *tap, vres_mock_op op, vres_status *status)
{
	bool one = false;

	for (size_t i = 0; i < TAP_FAULTS; i++) {
		struct tap_fault *fault = &tap->faults[i];

		if (fault->left == 0 || (fault->op != VRES_MOCK_ANY && fault->op != op) ||
		    --fault->left != 0 || one)
			continue;
		*status = fault->status;
		one = fault->status != VRES_OK || can_pretend_success(op);
	}
	return one;
}

static void sleep_for(uint64_t ns)
{
	struct timespec time = {.tv_sec = (time_t)(ns / NS_PER_S),
	                        .tv_nsec = (long)(ns % NS_PER_S)};

	while (ns != 0 && clock_nanosleep(CLOCK_MONOTONIC, 0, &time, &time) == EINTR)
		;
}

bool tap_answers(struct tap *tap, vres_mock_op op, uint32_t device, uint64_t deadline,
                 vres_status *status, vres_error *err)
{
	uint64_t delay;
	bool one;

	atomic_fetch_add(&tap->calls[VRES_MOCK_ANY], 1);
	atomic_fetch_add(&tap->calls[op], 1);
	(void)pthread_mutex_lock(&tap->lock);
	one = fires(tap, op, status);
	delay = tap->delay[op];
	(void)pthread_mutex_unlock(&tap->lock);

	sleep_for(delay < deadline ? delay : deadline);
	if (one && *status == VRES_E_DEVICE_LOST)
		tap_lose_device(tap, device);
	if (one && *status != VRES_OK)
		(void)tap_error(err, *status, TAP_SCRIPTED, device,
		                "operation %u failed as scripted", (unsigned)op);
	if (one)
		return true;
	if (delay > deadline)
		*status = tap_error(err, VRES_E_BACKEND, TAP_DEADLINE, device,
		                    "device %" PRIu32 " did not finish within %" PRIu64 " ns",
		                    device, deadline);
	else if (tap_is_lost(tap, device) && tap->lose == NULL)
		*status = tap_error(err, VRES_E_DEVICE_LOST, TAP_LOST, device,
		                    "device %" PRIu32 " is lost", device);
	else
		return false;
	return true;
}

uint64_t tap_capacity(const struct tap *tap, uint64_t bytes)
{
	return bytes > UINT64_MAX - tap->granularity
	               ? UINT64_MAX
	               : (bytes + tap->granularity - 1) / tap->granularity * tap->granularity;
}

bool tap_take(struct tap *tap, uint32_t device, uint64_t capacity, uint64_t *left)
{
	bool fits;

	(void)pthread_mutex_lock(&tap->lock);
	*left = tap->bytes_per_device - tap->used[device];
	fits = capacity <= *left;
	if (fits)
		tap->used[device] += capacity;
	(void)pthread_mutex_unlock(&tap->lock);
	return fits;
}

void tap_give_back(struct tap *tap, uint32_t device, uint64_t capacity)
{
	(void)pthread_mutex_lock(&tap->lock);
	tap->used[device] -= capacity;
	(void)pthread_mutex_unlock(&tap->lock);
}

void tap_span_add(struct tap *tap, const struct tap_span *span)
{
	struct tap_span *own = test_alloc(sizeof(*own));

	*own = *span;
	(void)pthread_mutex_lock(&tap->lock);
	own->next = tap->spans;
	tap->spans = own;
	(void)pthread_mutex_unlock(&tap->lock);
}

/* The lock is held. */
static struct tap_span **find(struct tap *tap, uint64_t addr)
{
	struct tap_span **at = &tap->spans;

	while (*at && !(addr >= (*at)->addr && addr - (*at)->addr < (*at)->capacity))
		at = &(*at)->next;
	return at;
}

bool tap_span_find(struct tap *tap, uint64_t addr, struct tap_span *out)
{
	const struct tap_span *span;

	(void)pthread_mutex_lock(&tap->lock);
	span = *find(tap, addr);
	if (span)
		*out = *span;
	(void)pthread_mutex_unlock(&tap->lock);
	return span != NULL;
}

bool tap_span_drop(struct tap *tap, uint64_t addr, struct tap_span *out)
{
	struct tap_span **at, *span;

	(void)pthread_mutex_lock(&tap->lock);
	at = find(tap, addr);
	span = *at;
	if (span) {
		*out = *span;
		*at = span->next;
	}
	(void)pthread_mutex_unlock(&tap->lock);
	test_free(span);
	return span != NULL;
}

void tap_pretend(struct tap *tap, uint64_t addr, uint32_t lies)
{
	struct tap_span *span;

	(void)pthread_mutex_lock(&tap->lock);
	span = *find(tap, addr);
	if (span)
		span->lies = lies;
	(void)pthread_mutex_unlock(&tap->lock);
}
