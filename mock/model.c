/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Making and destroying a mock, its counters, and how its errors are raised. */
#include "model.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define DEFAULT_BYTES       (UINT64_C(1) << 30)
#define DEFAULT_GRANULARITY UINT64_C(4096)

/* More than the parameters will ever be: a larger struct_size was never set. */
#define STRUCT_MAX ((size_t)1 << 20)

vres_status vres_mock_error(vres_error *err, vres_status status, enum vres_mock_code code,
                            uint32_t device, const char *format, ...)
{
	va_list args;

	if (err == NULL)
		return status;
	memset(err, 0, sizeof(*err));
	err->status = status;
	err->backend_code = (int32_t)code;
	err->gpu_device = device;
	if (code == CODE_DEADLINE)
		err->reason = VRES_REASON_DEADLINE;
	else if (status / 100 == 3)
		err->reason = VRES_REASON_DEVICE;
	va_start(args, format);
	if (vsnprintf(err->message, sizeof(err->message), format, args) < 0)
		err->message[0] = '\0';
	va_end(args);
	return status;
}

void vres_mock_answer(void *theirs, const void *ours, size_t size)
{
	size_t room;

	memcpy(&room, theirs, sizeof(room));
	memcpy(theirs, ours, room < size ? room : size);
	memcpy(theirs, &room, sizeof(room));
}

/*
 * The caller's parameters, as far as both sides know them: fields that we do not know must be zero.
 */
static vres_status params_in(vres_mock_params *ours, const vres_mock_params *theirs,
                             vres_error *err)
{
	const unsigned char *bytes = (const unsigned char *)theirs;

	if (theirs->struct_size < sizeof(*ours) || theirs->struct_size > STRUCT_MAX)
		return vres_mock_error(
			err, VRES_E_ABI, CODE_MISUSE, VRES_NO_DEVICE,
			"struct_size of mock parameters is %zu, expected at least %zu",
			theirs->struct_size, sizeof(*ours));
	for (size_t i = sizeof(*ours); i < theirs->struct_size; i++)
		if (bytes[i] != 0)
			return vres_mock_error(err, VRES_E_ABI, CODE_MISUSE, VRES_NO_DEVICE,
			                       "mock parameters set a field at byte %zu that this "
			                       "library does not know",
			                       i);
	*ours = *theirs;
	return VRES_OK;
}

static vres_status params_check(vres_mock_params *p, vres_error *err)
{
	if (p->devices == 0)
		p->devices = 1;
	if (p->bytes_per_device == 0)
		p->bytes_per_device = DEFAULT_BYTES;
	if (p->granularity == 0)
		p->granularity = DEFAULT_GRANULARITY;
	if (p->devices > DEVICES_MAX)
		return vres_mock_error(err, VRES_E_INVALID_INPUT, CODE_MISUSE, VRES_NO_DEVICE,
		                       "%" PRIu32 " mock devices, at most %d", p->devices,
		                       DEVICES_MAX);
	if ((p->granularity & (p->granularity - 1)) != 0 || p->granularity > p->bytes_per_device)
		return vres_mock_error(err, VRES_E_INVALID_INPUT, CODE_MISUSE, VRES_NO_DEVICE,
		                       "mock granularity %" PRIu64
		                       " is not a power of two within the capacity of %" PRIu64
		                       " bytes",
		                       p->granularity, p->bytes_per_device);
	if (p->bytes_per_device % p->granularity != 0)
		return vres_mock_error(err, VRES_E_INVALID_INPUT, CODE_MISUSE, VRES_NO_DEVICE,
		                       "mock capacity of %" PRIu64
		                       " bytes is not a multiple of the granularity %" PRIu64,
		                       p->bytes_per_device, p->granularity);
	return VRES_OK;
}

vres_status vres_mock_create(const vres_mock_params *p, vres_mock **out, vres_error *err)
{
	vres_mock_params params = vres_mock_params_init();
	vres_mock *mock;

	if (out == NULL)
		return vres_mock_error(err, VRES_E_INVALID_INPUT, CODE_MISUSE, VRES_NO_DEVICE,
		                       "no place for the mock");
	if (p)
		TRY(params_in(&params, p, err));
	TRY(params_check(&params, err));
	mock = calloc(1, sizeof(*mock));
	if (mock == NULL)
		return vres_mock_error(err, VRES_E_NO_MEMORY, CODE_HOST, VRES_NO_DEVICE,
		                       "no memory for a mock");
	mock->devices = params.devices;
	mock->no_device_hash = params.no_device_hash != 0;
	mock->bytes_per_device = params.bytes_per_device;
	mock->granularity = params.granularity;
	/* Neither can fail with default attributes on Linux. */
	(void)pthread_mutex_init(&mock->lock, NULL);
	(void)pthread_cond_init(&mock->idle, NULL);
	*out = mock;
	return VRES_OK;
}

void vres_mock_destroy(vres_mock *mock)
{
	if (mock == NULL)
		return;
	while (mock->spans) {
		/* A node begins with what was put in. */
		const struct vres_mock_span *span = *(struct vres_mock_span *const *)mock->spans;

		(void)vres_mock_span_drop(mock, span->addr, span->foreign, NULL);
	}
	(void)pthread_cond_destroy(&mock->idle);
	(void)pthread_mutex_destroy(&mock->lock);
	free(mock);
}

uint64_t vres_mock_live_handles(const vres_mock *mock)
{
	return atomic_load(&mock->live);
}

uint64_t vres_mock_unwiped(const vres_mock *mock)
{
	return atomic_load(&mock->unwiped);
}
