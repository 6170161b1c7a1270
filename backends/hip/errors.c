/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What each of the runtime's codes means to a caller.  Every other code is
 * VRES_E_BACKEND.
 */
#include "hip/driver.h"

vres_status hip_meaning(int code)
{
	switch (code) {
	case HIP_OK: return VRES_OK;
	case HIP_OUT_OF_MEMORY: return VRES_E_ALLOCATION_FAILED;
	case 3: /* not initialized */
	case 35: /* the kernel's driver is older than the runtime needs */ return VRES_E_NO_BACKEND;
	case HIP_NO_DEVICE:
	case HIP_INVALID_DEVICE: return VRES_E_NO_DEVICE;
	case HIP_NOT_SUPPORTED: return VRES_E_UNSUPPORTED;
	/* What was on the device is gone for good. */
	case 4: /* the runtime is shutting down */
	case HIP_INVALID_CONTEXT:
	case 214: /* uncorrectable ECC error */
	case HIP_ILLEGAL_ADDRESS:
	case 702: /* launch timeout */
	/* Also said of a stream that is none any more: somebody reset the device. */
	case HIP_CONTEXT_IS_DESTROYED:
	case 710: /* device-side assertion */
	case HIP_LAUNCH_FAILURE: return VRES_E_DEVICE_LOST;
	default: return VRES_E_BACKEND;
	}
}

const char *hip_name(const struct gpu_binding *b, int code)
{
	const char *name = b->api.hipGetErrorName ? b->api.hipGetErrorName(code) : NULL;

	return name ? name : "an error without a name";
}

int hip_error_before(const struct gpu_binding *b)
{
	return b->api.hipPeekAtLastError();
}

void hip_error_after(const struct gpu_binding *b, int before)
{
	if (before == HIP_OK)
		(void)b->api.hipGetLastError();
}
