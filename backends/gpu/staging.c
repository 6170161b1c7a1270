/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Staging buffers of lanes.  Page-locking one takes about as long as copying a hundred times as
 * much, so those that lanes give up are kept, wiped, for the lanes that come, and given to the
 * driver when the device is closed.
 */
#include "gpu/staging.h"

#include <stdlib.h>
#include <string.h>

#include "gpu/context.h"

/* Pageable staging begins at a page, too, which copies fastest. */
#define PAGE ((size_t)4096)

/* Kept of a device at most: two seals' worth. */
#define KEPT_BYTES ((size_t)64 << 20)

vres_status gpu_staging_open(vres_bdev *dev, vres_error *err)
{
	if (pthread_mutex_init(&dev->kept.lock, NULL) != 0)
		return gpu_error(err, VRES_E_NO_MEMORY, 0, dev->index, "no memory for a lock");
	dev->kept.is_open = true;
	return VRES_OK;
}

void gpu_staging_close(vres_bdev *dev)
{
	struct gpu_kept *kept = &dev->kept;

	if (!kept->is_open)
		return;
	for (size_t i = 0; i < KEPT_MAX; i++)
		if (kept->buffers[i].bytes > 0)
			(void)dev->driver->pinned_free(dev->binding, kept->buffers[i].at);
	(void)pthread_mutex_destroy(&kept->lock);
	kept->is_open = false;
}

/* The smallest that will do. */
static bool take_kept(struct gpu_kept *kept, size_t bytes, struct gpu_buffer *out)
{
	struct gpu_buffer *best = NULL;

	(void)pthread_mutex_lock(&kept->lock);
	for (size_t i = 0; i < KEPT_MAX; i++)
		if (kept->buffers[i].bytes >= bytes &&
		    (best == NULL || kept->buffers[i].bytes < best->bytes))
			best = &kept->buffers[i];
	if (best) {
		*out = *best;
		kept->bytes -= best->bytes;
		best->bytes = 0;
	}
	(void)pthread_mutex_unlock(&kept->lock);
	return best != NULL;
}

static bool keep(struct gpu_kept *kept, const struct gpu_buffer *buffer)
{
	bool is_kept = false;

	(void)pthread_mutex_lock(&kept->lock);
	for (size_t i = 0; i < KEPT_MAX && !is_kept && buffer->bytes <= KEPT_BYTES - kept->bytes;
	     i++) {
		if (kept->buffers[i].bytes > 0)
			continue;
		kept->buffers[i] = *buffer;
		kept->bytes += buffer->bytes;
		is_kept = true;
	}
	(void)pthread_mutex_unlock(&kept->lock);
	return is_kept;
}

/*
 * Page-locking is an offer: where the driver or a limit refuses it, ordinary memory does as well.
 */
vres_status gpu_staging_take(vres_blane *lane, uint32_t flags, vres_error *err)
{
	vres_bdev *dev = lane->dev;

	if (lane->bytes == 0)
		return VRES_OK;
	lane->buffer.bytes = lane->bytes;
	lane->is_pinned =
		(flags & VRES_LANE_PINNED) &&
		(take_kept(&dev->kept, lane->bytes, &lane->buffer) ||
	         dev->driver->pinned_make(dev->binding, lane->bytes, &lane->buffer.at) == 0);
	if (lane->is_pinned || posix_memalign(&lane->buffer.at, PAGE, lane->bytes) == 0)
		return VRES_OK;
	lane->buffer.at = NULL;
	return gpu_error(err, VRES_E_NO_MEMORY, 0, dev->index,
	                 "no memory for a staging buffer of %zu bytes", lane->bytes);
}

void gpu_staging_give_back(vres_blane *lane, bool is_idle)
{
	vres_bdev *dev = lane->dev;

	if (lane->buffer.at == NULL)
		return;
	/* The rest of a larger buffer was wiped when its first user gave it back. */
	explicit_bzero(lane->buffer.at, lane->bytes);
	if (!lane->is_pinned)
		free(lane->buffer.at);
	else if (!is_idle || !keep(&dev->kept, &lane->buffer))
		(void)dev->driver->pinned_free(dev->binding, lane->buffer.at);
	lane->buffer.at = NULL;
}
