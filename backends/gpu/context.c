/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gpu/context.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

vres_status gpu_error(vres_error *err, vres_status status, int code, uint32_t device,
                      const char *format, ...)
{
	va_list args;

	memset(err, 0, sizeof(*err));
	err->status = status;
	err->backend_code = code;
	err->gpu_device = device;
	err->reason = vres_status_class(status) == 1 ? VRES_REASON_NONE : VRES_REASON_DEVICE;
	va_start(args, format);
	(void)vsnprintf(err->message, sizeof(err->message), format, args);
	va_end(args);
	return status;
}

/* The status that a driver code stands for; remembers that the device is lost. */
static vres_status status_of(vres_bdev *dev, int code)
{
	const vres_status status = dev->driver->meaning(code);

	if (status == VRES_E_DEVICE_LOST)
		atomic_store(&dev->is_lost, true);
	return status;
}

vres_status gpu_outcome(vres_bdev *dev, int code, const char *what, vres_error *err)
{
	if (code == 0)
		return VRES_OK;
	return gpu_error(err, status_of(dev, code), code, dev->index, "%s: %s (%d)", what,
	                 dev->driver->name(dev->binding, code), code);
}

vres_status gpu_alive(const vres_bdev *dev, vres_error *err)
{
	if (atomic_load(&dev->is_lost))
		return gpu_error(err, VRES_E_DEVICE_LOST, 0, dev->index,
		                 "device %" PRIu32 " was lost", dev->index);
	return VRES_OK;
}

vres_status gpu_enter(vres_bdev *dev, struct gpu_visit *visit, vres_error *err)
{
	TRY(gpu_alive(dev, err));
	TRY(gpu_outcome(
		dev,
		dev->driver->context_push(dev->binding, dev->index, dev->context, &visit->before),
		"making the context current", err));
	visit->dev = dev;
	return VRES_OK;
}

void gpu_enter_to_close(vres_bdev *dev, struct gpu_visit *visit)
{
	for (int tries = 0; tries < 2 && visit->dev == NULL; tries++)
		if (dev->driver->context_push(dev->binding, dev->index, dev->context,
		                              &visit->before) == 0)
			visit->dev = dev;
}

void gpu_leave(struct gpu_visit *visit)
{
	if (visit->dev == NULL)
		return;
	/*
	 * The driver may report here that earlier work failed.  The thread that waits for that work
	 * gets the error; here it only matters whether the device is lost.
	 */
	(void)status_of(visit->dev,
	                visit->dev->driver->context_pop(visit->dev->binding, &visit->before));
	visit->dev = NULL;
}

void gpu_answer(void *to, const void *from, size_t size)
{
	size_t room;

	memcpy(&room, to, sizeof(room));
	room = room < size ? room : size;
	memcpy(to, from, room);
	memcpy(to, &room, sizeof(room));
}
