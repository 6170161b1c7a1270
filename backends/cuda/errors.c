/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What each of the driver's codes means to a caller.  Every other code is
 * VRES_E_BACKEND.
 */
#include "cuda/driver.h"

vres_status cuda_meaning(int code)
{
	switch (code) {
	case CUDA_OK: return VRES_OK;
	case CUDA_OUT_OF_MEMORY: return VRES_E_ALLOCATION_FAILED;
	case 46: /* device unavailable: another process has it exclusively */ return VRES_E_BUSY;
	case 3: /* not initialized */
	case CUDA_STUB_LIBRARY:
	case CUDA_SYSTEM_NOT_READY:
	case CUDA_DRIVER_MISMATCH:
	case CUDA_COMPAT_NOT_SUPPORTED:
	case CUDA_MPS_CONNECTION_FAILED: return VRES_E_NO_BACKEND;
	case CUDA_NO_DEVICE:
	case CUDA_INVALID_DEVICE:
	case 102: /* device not licensed */ return VRES_E_NO_DEVICE;
	case CUDA_NOT_SUPPORTED: return VRES_E_UNSUPPORTED;
	/* The context is gone for good, and with it all that was in it. */
	case 4:                    /* the driver is shutting down */
	case CUDA_INVALID_CONTEXT: /* somebody reset the device */
	case 214:                  /* uncorrectable ECC error */
	case 220:                  /* uncorrectable NVLink error */
	case 226:                  /* contained error */
	case CUDA_ILLEGAL_ADDRESS:
	case 702: /* launch timeout */
	case 709: /* context is destroyed */
	case 710: /* device-side assertion */
	case 714: /* hardware stack error */
	case 715: /* illegal instruction */
	case 716: /* misaligned address */
	case 717: /* invalid address space */
	case 718: /* invalid program counter */
	case 719: /* launch failure */
	case 809: /* another client of MPS took the server down */ return VRES_E_DEVICE_LOST;
	default: return VRES_E_BACKEND;
	}
}

const char *cuda_name(const struct gpu_binding *b, int code)
{
	const char *name = NULL;

	if (b->api.cuGetErrorName == NULL || b->api.cuGetErrorName(code, &name) != CUDA_OK ||
	    name == NULL)
		return "an error without a name";
	return name;
}
