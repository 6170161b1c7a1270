/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Loading the driver: every function at the version whose prototype cuda_abi.h has, so that a newer
 * driver's other prototype of the same name is never called.
 */
#include "cuda/driver.h"
#include "gpu/context.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#define SYSTEM_LIBRARY "libcuda.so.1"
#define INSTALL        "install NVIDIA driver R525 or newer"

static vres_status refuse(vres_error *err, int code, const char *why)
{
	return gpu_error(err, VRES_E_NO_BACKEND, code, VRES_NO_DEVICE, "%s", why);
}

static vres_status refuse_stub(vres_error *err)
{
	return refuse(err, CUDA_STUB_LIBRARY,
	              SYSTEM_LIBRARY " is the CUDA toolkit's stub, not a driver: take the stubs "
	                             "folder out of the library path, or " INSTALL);
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
 * A version newer than the driver is an error, a function that is missing is not: both are looked
 * for.
 */
static vres_status find_functions(struct gpu_binding *b, cuda_get_proc_address look_up,
                                  vres_error *err)
{
	for (size_t i = 0; i < COUNT_OF(symbols); i++) {
		void *function = NULL;
		const int code = look_up(symbols[i].name, &function, symbols[i].version, 0, NULL);

		if (code == CUDA_STUB_LIBRARY)
			return refuse_stub(err);
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

	if (code == CUDA_STUB_LIBRARY)
		return refuse_stub(err);
	if (code == CUDA_NO_DEVICE)
		return gpu_error(err, VRES_E_NO_DEVICE, code, VRES_NO_DEVICE,
		                 "the CUDA driver finds no GPU: look at nvidia-smi and at "
		                 "CUDA_VISIBLE_DEVICES");
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

static vres_status load(struct gpu_binding *b, const char *library_path, vres_error *err)
{
	cuda_get_proc_address look_up;
	void *symbol;

	/* The driver's own threads may outlive the last user, so it is never unmapped. */
	b->library = dlopen(library_path ? library_path : SYSTEM_LIBRARY,
	                    RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
	if (b->library == NULL)
		return refuse(err, 0,
		              library_path ? "the driver library that was given cannot be loaded"
		                           : SYSTEM_LIBRARY " cannot be loaded: " INSTALL);
	symbol = dlsym(b->library, "cuGetProcAddress_v2");
	if (symbol == NULL)
		return refuse(err, 0, "the CUDA driver has no cuGetProcAddress_v2: " INSTALL);
	memcpy(&look_up, &symbol, sizeof(look_up));
	TRY(find_functions(b, look_up, err));
	return start(b, err);
}

vres_status cuda_bind(const char *library_path, struct gpu_binding **out, vres_error *err)
{
	struct gpu_binding *b = calloc(1, sizeof(*b));
	vres_status status;

	if (b == NULL)
		return gpu_error(err, VRES_E_NO_MEMORY, 0, VRES_NO_DEVICE,
		                 "no memory to load the CUDA driver");
	b->is_simulated = library_path != NULL;
	status = load(b, library_path, err);
	if (status != VRES_OK) {
		cuda_unbind(b);
		return status;
	}
	cuda_nvml_open(&b->nvml, library_path);
	*out = b;
	return VRES_OK;
}

void cuda_unbind(struct gpu_binding *b)
{
	cuda_nvml_close(&b->nvml);
	if (b->library)
		(void)dlclose(b->library);
	free(b);
}
