/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Loading the runtime.  One that the process already uses comes first: memory of an engine is known
 * only to the copy of the runtime that made it, and engines bring copies of their own.
 */
#include "hip/driver.h"
#include "gpu/context.h"

#include <dlfcn.h>
#include <string.h>

#define INSTALL "install ROCm 5.1 or newer"

static void *open_system(void)
{
	static const char *const names[] = {"libamdhip64.so.7", "libamdhip64.so.6",
	                                    "libamdhip64.so.5"};
	void *library = NULL;

	for (size_t i = 0; i < COUNT_OF(names) && library == NULL; i++)
		library = dlopen(names[i], GPU_LOAD_FLAGS | RTLD_NOLOAD);
	for (size_t i = 0; i < COUNT_OF(names) && library == NULL; i++)
		library = dlopen(names[i], GPU_LOAD_FLAGS);
	return library;
}

struct symbol {
	const char *name;
	size_t at; /* in struct hip_api */
};

#define SYMBOL(result, name, parameters) {#name, offsetof(struct hip_api, name)},
static const struct symbol symbols[] = {HIP_FUNCTIONS(SYMBOL)};
static const struct symbol optional[] = {HIP_OPTIONAL_FUNCTIONS(SYMBOL)};
#undef SYMBOL

static vres_status find_functions(struct gpu_binding *b, vres_error *err)
{
	void *function;

	for (size_t i = 0; i < COUNT_OF(symbols); i++) {
		function = dlsym(b->library, symbols[i].name);
		if (function == NULL)
			return gpu_error(err, VRES_E_NO_BACKEND, 0, VRES_NO_DEVICE,
			                 "the HIP runtime has no %s: " INSTALL, symbols[i].name);
		memcpy((char *)&b->api + symbols[i].at, &function, sizeof(function));
	}
	for (size_t i = 0; i < COUNT_OF(optional); i++) {
		function = dlsym(b->library, optional[i].name);
		memcpy((char *)&b->api + optional[i].at, &function, sizeof(function));
	}
	function = dlsym(b->library, HIP6_PROPERTIES_NAME);
	memcpy(&b->properties_v6, &function, sizeof(function));
	return VRES_OK;
}

/* Without a GPU the runtime says either that there is no device or that none is valid. */
static vres_status start(struct gpu_binding *b, vres_error *err)
{
	int code = b->api.hipInit(0);

	if (code == HIP_NO_DEVICE || code == HIP_INVALID_DEVICE)
		return gpu_error(err, VRES_E_NO_DEVICE, code, VRES_NO_DEVICE,
		                 "the HIP runtime finds no GPU: look at rocminfo, at the rights of "
		                 "/dev/kfd and at HIP_VISIBLE_DEVICES");
	if (code == HIP_OK)
		code = b->api.hipRuntimeGetVersion(&b->version);
	if (code != HIP_OK)
		return gpu_error(err, VRES_E_NO_BACKEND, code, VRES_NO_DEVICE,
		                 "the HIP runtime does not start: %s (%d)", hip_name(b, code),
		                 code);
	if (b->version < HIP_VERSION_NEEDED)
		return gpu_error(err, VRES_E_NO_BACKEND, 0, VRES_NO_DEVICE,
		                 "the HIP runtime is %d.%d, 5.1 is needed: " INSTALL,
		                 b->version / 10000000, b->version % 10000000 / 100000);
	return VRES_OK;
}

vres_status hip_load(struct gpu_binding *b, const char *library_path, vres_error *err)
{
	vres_status status;
	int before;

	b->library = library_path ? dlopen(library_path, GPU_LOAD_FLAGS) : open_system();
	if (b->library == NULL)
		return gpu_error(
			err, VRES_E_NO_BACKEND, 0, VRES_NO_DEVICE,
			library_path
				? "the driver library that was given cannot be loaded"
				: "none of libamdhip64.so.7, .6 and .5 can be loaded: " INSTALL);
	TRY(find_functions(b, err));
	before = hip_error_before(b);
	status = start(b, err);
	hip_error_after(b, before);
	return status;
}

void hip_unload(struct gpu_binding *b)
{
	if (b->library)
		(void)dlclose(b->library);
}
