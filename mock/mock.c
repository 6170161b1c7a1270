/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The backend table, and the driver and device slots. */
#include "mock/model.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "mock/error.h"
#include "mock/lane.h"
#include "mock/memory.h"
#include "mock/script.h"

static vres_status mocked_open(const vres_backend_open *params, vres_bself **out, vres_error *err)
{
	vres_mock *mock = params->arg;
	vres_bself *self;
	vres_status status;

	if (mock == NULL)
		return vres_mock_error(err, VRES_E_INVALID_INPUT, CODE_MISUSE, VRES_NO_DEVICE,
		                       "the mock backend needs a mock as backend_arg");
	if (vres_mock_script_answers(mock, VRES_MOCK_OP_OPEN, VRES_NO_DEVICE, NO_DEADLINE, &status,
	                             err))
		return status;
	self = calloc(1, sizeof(*self));
	if (self == NULL)
		return vres_mock_error(err, VRES_E_NO_MEMORY, CODE_HOST, VRES_NO_DEVICE,
		                       "no memory to open the mock");
	self->mock = mock;
	(void)atomic_fetch_add(&mock->live, 1);
	*out = self;
	return VRES_OK;
}

static void mocked_close(vres_bself *self)
{
	(void)atomic_fetch_sub(&self->mock->live, 1);
	free(self);
}

static vres_status mocked_device_count(vres_bself *self, uint32_t *out, vres_error *err)
{
	vres_status status;

	if (vres_mock_script_answers(self->mock, VRES_MOCK_OP_DEVICE_COUNT, VRES_NO_DEVICE,
	                             NO_DEADLINE, &status, err))
		return status;
	*out = self->mock->devices;
	return VRES_OK;
}

static void note(vres_device_props *props, const char *name, const char *value)
{
	vres_device_note *n = &props->notes[props->notes_count++];

	(void)snprintf(n->name, sizeof(n->name), "%s", name);
	(void)snprintf(n->value, sizeof(n->value), "%s", value);
}

static void props_fill(const vres_mock *mock, uint32_t index, vres_device_props *props)
{
	memset(props, 0, sizeof(*props));
	props->struct_size = sizeof(*props);
	(void)snprintf(props->name, sizeof(props->name), "mock device %" PRIu32, index);
	(void)snprintf(props->uuid, sizeof(props->uuid), "MOCK-00000000-0000-0000-0000-%012" PRIx32,
	               index);
	props->total_bytes = mock->bytes_per_device;
	props->granularity = mock->granularity;
	props->facts = VRES_DEVICE_CAN_PROTECT | (mock->no_device_hash ? 0 : VRES_DEVICE_CAN_HASH);
	props->ecc = VRES_ECC_OFF;
	note(props, "memory", "host pages without access outside a backend call");
	note(props, "device hash",
	     mock->no_device_hash ? "none" : "the kernel source, compiled for the host");
}

static vres_status mocked_device_open(vres_bself *self, uint32_t index, vres_device_props *props,
                                      vres_bdev **out, vres_error *err)
{
	vres_device_props answer;
	vres_bdev *dev;
	vres_status status;

	if (vres_mock_script_answers(self->mock, VRES_MOCK_OP_DEVICE_OPEN, index, NO_DEADLINE,
	                             &status, err))
		return status;
	if (index >= self->mock->devices)
		return vres_mock_error(err, VRES_E_NO_DEVICE, CODE_MISUSE, index,
		                       "no mock device %" PRIu32 ", there are %" PRIu32, index,
		                       self->mock->devices);
	dev = calloc(1, sizeof(*dev));
	if (dev == NULL)
		return vres_mock_error(err, VRES_E_NO_MEMORY, CODE_HOST, index,
		                       "no memory to open mock device %" PRIu32, index);
	dev->mock = self->mock;
	dev->index = index;
	(void)atomic_fetch_add(&dev->mock->live, 1);
	props_fill(dev->mock, index, &answer);
	vres_mock_answer(props, &answer, sizeof(answer));
	*out = dev;
	return VRES_OK;
}

static vres_status mocked_device_status(vres_bdev *dev, vres_device_status *out, vres_error *err)
{
	vres_device_status answer = {.struct_size = sizeof(answer), .healthy = 1};
	vres_status status;

	if (vres_mock_script_answers(dev->mock, VRES_MOCK_OP_DEVICE_STATUS, dev->index, NO_DEADLINE,
	                             &status, err))
		return status;
	(void)pthread_mutex_lock(&dev->mock->lock);
	answer.free_bytes = dev->mock->bytes_per_device - dev->mock->used[dev->index];
	(void)pthread_mutex_unlock(&dev->mock->lock);
	vres_mock_answer(out, &answer, sizeof(answer));
	return VRES_OK;
}

static void mocked_device_close(vres_bdev *dev)
{
	(void)atomic_fetch_sub(&dev->mock->live, 1);
	free(dev);
}

static const vres_backend backend = {
	.abi = VRES_BACKEND_ABI,
	.struct_size = sizeof(vres_backend),
	.name = "mock",
	.flags = VRES_BACKEND_SIMULATED,
	.open = mocked_open,
	.close = mocked_close,
	.device_count = mocked_device_count,
	.device_open = mocked_device_open,
	.device_status = mocked_device_status,
	.device_close = mocked_device_close,
	.mem_alloc = vres_mocked_mem_alloc,
	.mem_adopt = vres_mocked_mem_adopt,
	.mem_residency = vres_mocked_mem_residency,
	.mem_wipe = vres_mocked_mem_wipe,
	.mem_release = vres_mocked_mem_release,
	.lane_open = vres_mocked_lane_open,
	.lane_push = vres_mocked_lane_push,
	.lane_pull = vres_mocked_lane_pull,
	.lane_wait = vres_mocked_lane_wait,
	.lane_close = vres_mocked_lane_close,
	.hash_blocks = vres_mocked_hash_blocks,
	.mem_protect = vres_mocked_mem_protect,
};

const vres_backend *vres_backend_mock(void)
{
	return &backend;
}
