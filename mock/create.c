/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Creating and destroying a mock, and its counters. */
#include "mock/model.h"

#include <inttypes.h>
#include <stdlib.h>

#include "mock/error.h"
#include "mock/span.h"

#define DEFAULT_BYTES       (UINT64_C(1) << 30)
#define DEFAULT_GRANULARITY UINT64_C(4096)

/* A larger struct_size was never set by a caller. */
#define STRUCT_MAX ((size_t)1 << 20)

/* Copies the caller's parameters.  Fields that only the caller knows must be zero. */
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
		/* A node of tsearch() begins with the pointer that was inserted. */
		const struct vres_mock_span *span = *(struct vres_mock_span *const *)mock->spans;

		(void)vres_mock_span_drop(mock, span->addr, span->origin, NULL);
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
