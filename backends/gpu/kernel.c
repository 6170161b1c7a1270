/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Loading the hash kernel: the vendor's images are tried, best first, until the driver accepts one.
 *
 * Drivers refuse an image in many ways (too new for the driver, nothing for this device, no
 * compiler for PTX), and not every code is documented.  So after any failure that leaves the
 * context usable the next image is tried.
 */
#include "gpu/kernel.h"

#include "gpu/context.h"

#define KERNEL "vres_leaf_hash"

/* With lazy loading the driver looks at the image only when a function is asked for. */
static int load(vres_bdev *dev, const struct gpu_image *image)
{
	const struct gpu_driver *driver = dev->driver;
	void *module, *kernel;
	int code;

	TRY(driver->module_load(dev->binding, image->bytes, &module));
	code = driver->module_kernel(dev->binding, module, KERNEL, &kernel);
	if (code != 0) {
		(void)driver->module_unload(dev->binding, module);
		return code;
	}
	dev->module = module;
	dev->kernel = kernel;
	return 0;
}

/*
 * A failure that is not about one image: the device is gone, or its context is, which then answers
 * whatever it is asked with the same error.
 */
static vres_status check_context(vres_bdev *dev, int code, vres_error *err)
{
	bool done;

	if (dev->driver->meaning(code) != VRES_E_DEVICE_LOST)
		code = dev->driver->stream_done(dev->binding, dev->stream, &done);
	return gpu_outcome(dev, code, "loading the kernel", err);
}

vres_status gpu_kernel_load(vres_bdev *dev, const char **image, vres_error *err)
{
	int trouble = 0; /* the first failure that does not merely say that an image does not fit */

	*image = NULL;
	for (uint32_t i = 0;; i++) {
		struct gpu_image candidate = {0};
		int code;

		TRY(gpu_outcome(dev, dev->driver->image_at(dev->binding, dev->index, i, &candidate),
		                "choosing a kernel image", err));
		if (candidate.bytes == NULL)
			return gpu_outcome(dev, trouble, "loading the kernel", err);
		code = load(dev, &candidate);
		if (code == 0) {
			*image = candidate.name;
			return VRES_OK;
		}
		TRY(check_context(dev, code, err));
		if (trouble == 0 && !dev->driver->does_not_fit(code))
			trouble = code;
	}
}

void gpu_kernel_unload(vres_bdev *dev)
{
	if (dev->module)
		(void)dev->driver->module_unload(dev->binding, dev->module);
}
