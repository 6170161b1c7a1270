/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Opening the driver and its devices. */
#include "gpu/device.h"

#include <inttypes.h>
#include <stdlib.h>

#include "gpu/context.h"
#include "gpu/facts.h"
#include "gpu/kernel.h"
#include "gpu/scratch.h"
#include "gpu/staging.h"

vres_status gpu_open(const struct gpu_driver *driver, const vres_backend_open *params,
                     vres_bself **out, vres_error *err)
{
	vres_bself *self = calloc(1, sizeof(*self));
	struct gpu_binding *binding = calloc(1, driver->binding_bytes);
	vres_status status;

	if (self && binding)
		status = driver->load(binding, params->library_path, err);
	else
		status = gpu_error(err, VRES_E_NO_MEMORY, 0, VRES_NO_DEVICE,
		                   "no memory to open the driver");
	if (status != VRES_OK) {
		if (binding)
			driver->unload(binding);
		free(binding);
		free(self);
		return status;
	}
	self->driver = driver;
	self->binding = binding;
	*out = self;
	return VRES_OK;
}

void gpu_close(vres_bself *self)
{
	self->driver->unload(self->binding);
	free(self->binding);
	free(self);
}

vres_status gpu_device_count(vres_bself *self, uint32_t *out, vres_error *err)
{
	const int code = self->driver->device_count(self->binding, out);

	if (code != 0)
		return gpu_error(err, self->driver->meaning(code), code, VRES_NO_DEVICE,
		                 "counting devices: %s (%d)",
		                 self->driver->name(self->binding, code), code);
	return VRES_OK;
}

/*
 * Tries a read-only mapping on the scratch memory.  Whether the GPU enforces it is not tried: the
 * write would fault and end the context, which the engine shares with us.
 */
static vres_status probe_protection(vres_bdev *dev, vres_error *err)
{
	const struct gpu_chunk *chunk = &dev->scratch.chunk;

	if (!chunk->is_vmm)
		return VRES_OK;
	return gpu_outcome(
		dev, dev->driver->can_protect(dev->binding, dev->index, chunk, &dev->can_protect),
		"probing read-only mappings", err);
}

static vres_status device_prepare(vres_bdev *dev, vres_device_props *props, vres_error *err)
{
	const struct gpu_driver *driver = dev->driver;
	const char *image = NULL;

	TRY(gpu_outcome(dev, driver->describe(dev->binding, dev->index, props),
	                "asking what the device is", err));
	dev->has_vmm = (props->facts & VRES_DEVICE_VMM) != 0;
	dev->granularity = props->granularity;
	dev->total_bytes = props->total_bytes;
	/* Sizes are rounded up to the granularity below, which must neither trap nor wrap. */
	if (dev->granularity == 0 || dev->granularity > dev->total_bytes ||
	    dev->total_bytes > UINT64_MAX / 2)
		return gpu_error(err, VRES_E_BACKEND, 0, dev->index,
		                 "the driver reports %" PRIu64 " bytes in pieces of %" PRIu64,
		                 dev->total_bytes, dev->granularity);
	TRY(gpu_outcome(dev, driver->processors(dev->binding, dev->index, &dev->processors),
	                "asking what the device is", err));
	TRY(gpu_outcome(dev, driver->stream_open(dev->binding, false, &dev->stream),
	                "opening a stream", err));
	TRY(gpu_staging_open(dev, err));
	TRY(gpu_scratch_open(dev, err));
	TRY(gpu_kernel_load(dev, &image, err));
	TRY(probe_protection(dev, err));
	props->scratch_bytes = dev->scratch.chunk.capacity;
	props->facts |= (dev->kernel ? VRES_DEVICE_CAN_HASH : 0) |
	                (dev->can_protect ? VRES_DEVICE_CAN_PROTECT : 0);
	gpu_note(props, "kernel", "%s", image ? image : "no image fits this device and driver");
	return VRES_OK;
}

/* Also takes a device that was opened only in part. */
static void device_dispose(vres_bdev *dev)
{
	const struct gpu_driver *driver = dev->driver;

	if (dev->has_context) {
		struct gpu_visit visit = {0};

		gpu_enter_to_close(dev, &visit);
		gpu_kernel_unload(dev);
		gpu_scratch_close(dev);
		gpu_staging_close(dev);
		if (dev->stream)
			(void)driver->stream_close(dev->binding, dev->stream);
		gpu_leave(&visit);
		(void)driver->context_release(dev->binding, dev->index);
	}
	free(dev);
}

static vres_status device_enter(vres_bdev *dev, vres_device_props *props, vres_error *err)
{
	CLEANUP(gpu_leave) struct gpu_visit visit = {0};

	TRY(gpu_outcome(dev, dev->driver->context_retain(dev->binding, dev->index, &dev->context),
	                "taking the primary context", err));
	dev->has_context = true;
	TRY(gpu_enter(dev, &visit, err));
	return device_prepare(dev, props, err);
}

vres_status gpu_device_open(vres_bself *self, uint32_t index, vres_device_props *props,
                            vres_bdev **out, vres_error *err)
{
	vres_device_props answer = {.struct_size = sizeof(answer), .ecc = VRES_ECC_UNKNOWN};
	uint32_t count = 0;
	vres_status status;
	vres_bdev *dev;

	TRY(gpu_device_count(self, &count, err));
	if (index >= count)
		return gpu_error(err, VRES_E_NO_DEVICE, 0, index,
		                 "no device %" PRIu32 ", the driver shows %" PRIu32, index, count);
	dev = calloc(1, sizeof(*dev));
	if (dev == NULL)
		return gpu_error(err, VRES_E_NO_MEMORY, 0, index,
		                 "no memory to open device %" PRIu32, index);
	dev->driver = self->driver;
	dev->binding = self->binding;
	dev->index = index;
	atomic_init(&dev->is_lost, false);
	status = device_enter(dev, &answer, err);
	if (status != VRES_OK) {
		device_dispose(dev);
		return status;
	}
	gpu_answer(props, &answer, sizeof(answer));
	*out = dev;
	return VRES_OK;
}

vres_status gpu_device_status(vres_bdev *dev, vres_device_status *out, vres_error *err)
{
	vres_device_status answer = {.struct_size = sizeof(answer), .healthy = 1};
	CLEANUP(gpu_leave) struct gpu_visit visit = {0};

	TRY(gpu_enter(dev, &visit, err));
	TRY(gpu_outcome(dev, dev->driver->memory_free(dev->binding, &answer.free_bytes),
	                "asking for free memory", err));
	dev->driver->health(dev->binding, dev->index, &answer);
	gpu_answer(out, &answer, sizeof(answer));
	return VRES_OK;
}

void gpu_device_close(vres_bdev *dev)
{
	device_dispose(dev);
}
