/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What happens to a call before it is passed on; and the injector's books: capacity, and who has
 * which memory.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include "support/suite/alloc.h"
#include "support/injector/injector_model.h"

#define NS_PER_S UINT64_C(1000000000)

vres_status injector_error(vres_error *err, vres_status status, enum injector_code code,
                           uint32_t device, const char *format, ...)
{
	va_list args;

	memset(err, 0, sizeof(*err));
	err->status = status;
	err->backend_code = (int32_t)code;
	err->gpu_device = device;
	if (code == INJECTOR_DEADLINE)
		err->reason = VRES_REASON_DEADLINE;
	else if (status / 100 == 3)
		err->reason = VRES_REASON_DEVICE;
	va_start(args, format);
	(void)vsnprintf(err->message, sizeof(err->message), format, args);
	va_end(args);
	return status;
}

void injector_fail(struct injector *injector, vres_mock_op op, uint64_t nth, vres_status status)
{
	bool is_placed = false;

	(void)pthread_mutex_lock(&injector->lock);
	for (size_t i = 0; i < INJECTOR_FAULTS; i++) {
		struct injector_fault *fault = &injector->faults[i];

		if (nth == 0 && fault->op == op)
			fault->left = 0;
		if (nth != 0 && fault->left == 0 && !is_placed) {
			*fault = (struct injector_fault){op, nth, status};
			is_placed = true;
		}
	}
	(void)pthread_mutex_unlock(&injector->lock);
}

void injector_delay(struct injector *injector, vres_mock_op op, uint64_t ns)
{
	(void)pthread_mutex_lock(&injector->lock);
	for (unsigned i = 0; i < VRES_MOCK_OP_COUNT; i++)
		if (op == VRES_MOCK_ANY || op == (vres_mock_op)i)
			injector->delay[i] = ns;
	(void)pthread_mutex_unlock(&injector->lock);
}

uint64_t injector_calls(const struct injector *injector, vres_mock_op op)
{
	return atomic_load(&injector->calls[op]);
}

void injector_lose_device(struct injector *injector, uint32_t device)
{
	if (device >= injector->devices)
		return;
	(void)pthread_mutex_lock(&injector->lock);
	injector->is_lost[device] = true;
	(void)pthread_mutex_unlock(&injector->lock);
	if (injector->lose)
		injector->lose(device);
}

bool injector_is_lost(struct injector *injector, uint32_t device)
{
	bool is_lost;

	(void)pthread_mutex_lock(&injector->lock);
	is_lost = device < injector->devices && injector->is_lost[device];
	(void)pthread_mutex_unlock(&injector->lock);
	return is_lost;
}

/*
 * A backend cannot report success without a handle; and whether a wait really waited cannot be
 * changed from here.
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
static bool fires(struct injector *injector, vres_mock_op op, vres_status *status)
{
	bool one = false;

	for (size_t i = 0; i < INJECTOR_FAULTS; i++) {
		struct injector_fault *fault = &injector->faults[i];

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

bool injector_answers(struct injector *injector, vres_mock_op op, uint32_t device,
                      uint64_t deadline, vres_status *status, vres_error *err)
{
	uint64_t delay;
	bool one;

	atomic_fetch_add(&injector->calls[VRES_MOCK_ANY], 1);
	atomic_fetch_add(&injector->calls[op], 1);
	(void)pthread_mutex_lock(&injector->lock);
	one = fires(injector, op, status);
	delay = injector->delay[op];
	(void)pthread_mutex_unlock(&injector->lock);

	sleep_for(delay < deadline ? delay : deadline);
	if (one && *status == VRES_E_DEVICE_LOST)
		injector_lose_device(injector, device);
	if (one && *status != VRES_OK)
		(void)injector_error(err, *status, INJECTOR_SCRIPTED, device,
		                     "operation %u failed as scripted", (unsigned)op);
	if (one)
		return true;
	if (delay > deadline)
		*status = injector_error(err, VRES_E_BACKEND, INJECTOR_DEADLINE, device,
		                         "device %" PRIu32 " did not finish within %" PRIu64 " ns",
		                         device, deadline);
	else if (injector_is_lost(injector, device) && injector->lose == NULL)
		*status = injector_error(err, VRES_E_DEVICE_LOST, INJECTOR_LOST, device,
		                         "device %" PRIu32 " is lost", device);
	else
		return false;
	return true;
}

uint64_t injector_capacity(const struct injector *injector, uint64_t bytes)
{
	return bytes > UINT64_MAX - injector->granularity
	               ? UINT64_MAX
	               : (bytes + injector->granularity - 1) / injector->granularity *
	                         injector->granularity;
}

bool injector_take(struct injector *injector, uint32_t device, uint64_t capacity, uint64_t *left)
{
	bool fits;

	(void)pthread_mutex_lock(&injector->lock);
	*left = injector->bytes_per_device - injector->used[device];
	fits = capacity <= *left;
	if (fits)
		injector->used[device] += capacity;
	(void)pthread_mutex_unlock(&injector->lock);
	return fits;
}

void injector_give_back(struct injector *injector, uint32_t device, uint64_t capacity)
{
	(void)pthread_mutex_lock(&injector->lock);
	injector->used[device] -= capacity;
	(void)pthread_mutex_unlock(&injector->lock);
}

void injector_span_add(struct injector *injector, const struct injector_span *span)
{
	struct injector_span *own = test_alloc(sizeof(*own));

	*own = *span;
	(void)pthread_mutex_lock(&injector->lock);
	own->next = injector->spans;
	injector->spans = own;
	(void)pthread_mutex_unlock(&injector->lock);
}

/* The lock is held. */
static struct injector_span **find(struct injector *injector, uint64_t addr)
{
	struct injector_span **at = &injector->spans;

	while (*at && !(addr >= (*at)->addr && addr - (*at)->addr < (*at)->capacity))
		at = &(*at)->next;
	return at;
}

bool injector_span_find(struct injector *injector, uint64_t addr, struct injector_span *out)
{
	const struct injector_span *span;

	(void)pthread_mutex_lock(&injector->lock);
	span = *find(injector, addr);
	if (span)
		*out = *span;
	(void)pthread_mutex_unlock(&injector->lock);
	return span != NULL;
}

bool injector_span_drop(struct injector *injector, uint64_t addr, struct injector_span *out)
{
	struct injector_span **at, *span;

	(void)pthread_mutex_lock(&injector->lock);
	at = find(injector, addr);
	span = *at;
	if (span) {
		*out = *span;
		*at = span->next;
	}
	(void)pthread_mutex_unlock(&injector->lock);
	test_free(span);
	return span != NULL;
}

void injector_span_protect(struct injector *injector, uint64_t addr, bool is_read_only)
{
	struct injector_span *span;

	(void)pthread_mutex_lock(&injector->lock);
	span = *find(injector, addr);
	if (span)
		span->is_read_only = is_read_only;
	(void)pthread_mutex_unlock(&injector->lock);
}

void injector_pretend(struct injector *injector, uint64_t addr, uint32_t lies)
{
	struct injector_span *span;

	(void)pthread_mutex_lock(&injector->lock);
	span = *find(injector, addr);
	if (span)
		span->lies = lies;
	(void)pthread_mutex_unlock(&injector->lock);
}
