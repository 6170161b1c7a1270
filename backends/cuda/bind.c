/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Loading the driver: every function at the version whose prototype cuda_abi.h has, so that a newer
 * prototype of the same name is never called by mistake.
 */
#include "cuda/driver.h"
#include "gpu/context.h"

#include <dlfcn.h>
#include <errno.h>
#include <string.h>

#define SYSTEM_LIBRARY "libcuda.so.1"
#define INSTALL        "install NVIDIA driver R525 or newer"

static vres_status refuse(vres_error *err, int code, const char *why)
{
	return gpu_error(err, VRES_E_NO_BACKEND, code, VRES_NO_DEVICE, "%s", why);
}

struct symbol {
	const char *name;
	int version;
	size_t at; /* in struct cuda_api */
};

#define SYMBOL(name, version, parameters) {#name, version, offsetof(struct cuda_api, name)},
static const struct symbol symbols[] = {CUDA_FUNCTIONS(SYMBOL)};
static const struct symbol optional[] = {CUDA_OPTIONAL_FUNCTIONS(SYMBOL)};
#undef SYMBOL

/*
 * What the driver's codes at its start mean, in words, and what to do.  NULL: the code's name has
 * to do.  The causes are those that NVIDIA's documentation of CUresult names.
 */
static const char *start_trouble(int code)
{
	switch (code) {
	case CUDA_STUB_LIBRARY:
		return SYSTEM_LIBRARY " is the CUDA toolkit's stub, not a driver: take the stubs "
				      "folder out of the library path, or " INSTALL;
	case CUDA_SYSTEM_NOT_READY:
		return "the CUDA driver waits for a daemon of the system: on a machine with "
		       "NVSwitch "
		       "start nvidia-fabricmanager, of the driver's own version";
	case CUDA_DRIVER_MISMATCH:
		return SYSTEM_LIBRARY
			" and the NVIDIA kernel module have different versions: reboot, "
			"or reload the module, after an update of the driver";
	case CUDA_COMPAT_NOT_SUPPORTED:
		return "a CUDA compatibility package is in use that this GPU does not support: "
		       "take "
		       "the cuda-compat folder out of the library path, or update the driver";
	case CUDA_MPS_CONNECTION_FAILED:
		return "the CUDA driver does not reach its MPS daemon: start "
		       "nvidia-cuda-mps-control, or look at CUDA_MPS_PIPE_DIRECTORY";
	default: return NULL;
	}
}

/*
 * A version newer than the driver is an error; a missing function is success with no function.
 * Both mean that the driver has not got it.
 */
static vres_status find_functions(struct gpu_binding *b, cuda_get_proc_address look_up,
                                  vres_error *err)
{
	for (size_t i = 0; i < COUNT_OF(symbols); i++) {
		void *function = NULL;
		const int code = look_up(symbols[i].name, &function, symbols[i].version, 0, NULL);

		if (start_trouble(code))
			return refuse(err, code, start_trouble(code));
		if (code != CUDA_OK || function == NULL)
			return gpu_error(err, VRES_E_NO_BACKEND, code, VRES_NO_DEVICE,
			                 "the CUDA driver has no %s: " INSTALL, symbols[i].name);
		memcpy((char *)&b->api + symbols[i].at, &function, sizeof(function));
	}
	for (size_t i = 0; i < COUNT_OF(optional); i++) {
		void *function = NULL;

		if (look_up(optional[i].name, &function, optional[i].version, 0, NULL) == CUDA_OK)
			memcpy((char *)&b->api + optional[i].at, &function, sizeof(function));
	}
	return VRES_OK;
}

static vres_status start(struct gpu_binding *b, vres_error *err)
{
	int code = b->api.cuInit(0);

	if (code == CUDA_NO_DEVICE)
		return gpu_error(err, VRES_E_NO_DEVICE, code, VRES_NO_DEVICE,
		                 "the CUDA driver finds no GPU: look at nvidia-smi and at "
		                 "CUDA_VISIBLE_DEVICES");
	if (start_trouble(code))
		return refuse(err, code, start_trouble(code));
	if (code == CUDA_OK)
		code = b->api.cuDriverGetVersion(&b->version);
	if (code != CUDA_OK)
		return gpu_error(err, VRES_E_NO_BACKEND, code, VRES_NO_DEVICE,
		                 "the CUDA driver does not start: %s (%d)", cuda_name(b, code),
		                 code);
	if (b->version < CUDA_DRIVER_VERSION_NEEDED)
		return gpu_error(err, VRES_E_NO_BACKEND, 0, VRES_NO_DEVICE,
		                 "the driver is for CUDA %d.%d, 12.0 is needed: " INSTALL,
		                 b->version / 1000, b->version % 1000 / 10);
	return VRES_OK;
}

/*
 * Is the library missing, or is it there and unusable?  Only the loader's message tells.  It has
 * the name of the file that failed before a colon, which may be another one that the library needs.
 */
static bool is_missing(const char *message)
{
	return strstr(message, SYSTEM_LIBRARY ": ") != NULL &&
	       strstr(message, strerror(ENOENT)) != NULL;
}

static vres_status open_system(struct gpu_binding *b, vres_error *err)
{
	const char *message;

	b->library = dlopen(SYSTEM_LIBRARY, GPU_LOAD_FLAGS);
	if (b->library)
		return VRES_OK;
	message = dlerror();
	if (message == NULL || is_missing(message))
		return refuse(err, 0, SYSTEM_LIBRARY " is not on this system: " INSTALL);
	return gpu_error(err, VRES_E_NO_BACKEND, 0, VRES_NO_DEVICE,
	                 SYSTEM_LIBRARY " is there, and cannot be loaded (%.120s): install the "
	                                "driver's libraries for this system again",
	                 message);
}

vres_status cuda_load(struct gpu_binding *b, const char *library_path, vres_error *err)
{
	cuda_get_proc_address look_up;
	void *symbol;

	if (library_path)
		b->library = dlopen(library_path, GPU_LOAD_FLAGS);
	else
		TRY(open_system(b, err));
	if (b->library == NULL)
		return refuse(err, 0, "the driver library that was given cannot be loaded");
	symbol = dlsym(b->library, "cuGetProcAddress_v2");
	if (symbol == NULL)
		return refuse(err, 0, "the CUDA driver has no cuGetProcAddress_v2: " INSTALL);
	memcpy(&look_up, &symbol, sizeof(look_up));
	TRY(find_functions(b, look_up, err));
	TRY(start(b, err));
	cuda_nvml_open(&b->nvml, library_path);
	return VRES_OK;
}

void cuda_unload(struct gpu_binding *b)
{
	cuda_nvml_close(&b->nvml);
	if (b->library)
		(void)dlclose(b->library);
}
