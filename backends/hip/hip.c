/* SPDX-License-Identifier: GPL-3.0-or-later */
/* AMD GPUs: the runtime's functions behind the table of gpu/driver.h, and the backend table. */
#include <vres/vres.h>

#include "hip/driver.h"
#include "gpu/backend.h"
#include "gpu/dialect.h"

static int device_count(const struct gpu_binding *b, uint32_t *out)
{
	const int before = hip_error_before(b);
	int count = 0;
	const int code = b->api.hipGetDeviceCount(&count);

	hip_error_after(b, before);
	if (code != HIP_OK && code != HIP_NO_DEVICE)
		return code;
	*out = code == HIP_OK && count > 0 ? (uint32_t)count : 0;
	return HIP_OK;
}

/*
 * HIP makes a device's primary context at its first use, keeps it while the process lives, and does
 * not count its users.
 */
static int context_retain(const struct gpu_binding *b, uint32_t device, void **out)
{
	(void)b;
	(void)device;
	*out = NULL;
	return HIP_OK;
}

static int context_release(const struct gpu_binding *b, uint32_t device)
{
	(void)b;
	(void)device;
	return HIP_OK;
}

/*
 * The call swaps the mode.  Without it, or where it fails, everything works but a capture that is
 * under way, which is no reason to refuse all work.
 */
static void capture_relax(const struct gpu_binding *b, struct gpu_before *before)
{
	before->capture_mode = HIP_CAPTURE_RELAXED;
	before->is_relaxed =
		b->api.hipThreadExchangeStreamCaptureMode != NULL &&
		b->api.hipThreadExchangeStreamCaptureMode(&before->capture_mode) == HIP_OK;
}

/* Tried twice: a thread of the engine would go on in our mode if this failed. */
static void capture_restore(const struct gpu_binding *b, const struct gpu_before *before)
{
	for (int tries = 0; tries < 2 && before->is_relaxed; tries++) {
		hip_capture_mode mode = before->capture_mode;

		if (b->api.hipThreadExchangeStreamCaptureMode(&mode) == HIP_OK)
			return;
	}
}

static int context_push(const struct gpu_binding *b, uint32_t device, void *context,
                        struct gpu_before *before)
{
	int code;

	(void)context;
	before->error = hip_error_before(b);
	capture_relax(b, before);
	code = b->api.hipGetDevice(&before->device);
	if (code == HIP_OK)
		code = b->api.hipSetDevice((int)device);
	if (code != HIP_OK) {
		capture_restore(b, before);
		hip_error_after(b, before->error);
	}
	return code;
}

/* Tried twice: the engine would go on with the wrong device if this failed. */
static int context_pop(const struct gpu_binding *b, const struct gpu_before *before)
{
	int code = b->api.hipSetDevice(before->device);

	if (code != HIP_OK)
		code = b->api.hipSetDevice(before->device);
	capture_restore(b, before);
	hip_error_after(b, before->error);
	return code;
}

static int memory_free(const struct gpu_binding *b, uint64_t *out)
{
	size_t available, total;

	TRY(b->api.hipMemGetInfo(&available, &total));
	*out = available;
	return HIP_OK;
}

/* The runtime counts no memory errors, so nothing is known. */
static void health(const struct gpu_binding *b, uint32_t device, vres_device_status *out)
{
	(void)b;
	(void)device;
	(void)out;
}

static int module_load(const struct gpu_binding *b, const void *image, void **out)
{
	return b->api.hipModuleLoadData(out, image);
}

static int module_unload(const struct gpu_binding *b, void *module)
{
	return b->api.hipModuleUnload(module);
}

static int module_kernel(const struct gpu_binding *b, void *module, const char *name, void **out)
{
	return b->api.hipModuleGetFunction(out, module, name);
}

static int launch(const struct gpu_binding *b, void *kernel, uint32_t groups, uint32_t threads,
                  void *args, void *stream)
{
	void *parameters[] = {args};

	return b->api.hipModuleLaunchKernel(kernel, groups, 1, 1, threads, 1, 1, 0, stream,
	                                    parameters, NULL);
}

/* Non-blocking: such a stream neither waits for the default stream nor makes it wait. */
static int stream_open(const struct gpu_binding *b, bool is_low, void **out)
{
	int least, greatest;

	if (!is_low)
		return b->api.hipStreamCreateWithFlags(out, HIP_STREAM_NON_BLOCKING);
	TRY(b->api.hipDeviceGetStreamPriorityRange(&least, &greatest));
	return b->api.hipStreamCreateWithPriority(out, HIP_STREAM_NON_BLOCKING, least);
}

static int stream_close(const struct gpu_binding *b, void *stream)
{
	return b->api.hipStreamDestroy(stream);
}

static int stream_done(const struct gpu_binding *b, void *stream, bool *out)
{
	const int code = b->api.hipStreamQuery(stream);

	*out = code == HIP_OK;
	return code == HIP_NOT_READY ? HIP_OK : code;
}

static int stream_finish(const struct gpu_binding *b, void *stream)
{
	return b->api.hipStreamSynchronize(stream);
}

static int push(const struct gpu_binding *b, uint64_t to, const void *from, size_t n, void *stream)
{
	return b->api.hipMemcpyAsync((void *)(uintptr_t)to, from, n, HIP_HOST_TO_DEVICE, stream);
}

static int pull(const struct gpu_binding *b, void *to, uint64_t from, size_t n, void *stream)
{
	return b->api.hipMemcpyAsync(to, (const void *)(uintptr_t)from, n, HIP_DEVICE_TO_HOST,
	                             stream);
}

static int zero(const struct gpu_binding *b, uint64_t addr, uint64_t n, void *stream)
{
	return b->api.hipMemsetAsync((void *)(uintptr_t)addr, 0, n, stream);
}

static int pinned_make(const struct gpu_binding *b, size_t bytes, void **out)
{
	return b->api.hipHostMalloc(out, bytes, 0);
}

static int pinned_free(const struct gpu_binding *b, void *block)
{
	return b->api.hipHostFree(block);
}

static const struct gpu_driver driver = {
	.binding_bytes = sizeof(struct gpu_binding),
	.load = hip_load,
	.unload = hip_unload,
	.meaning = hip_meaning,
	.name = hip_name,
	.device_count = device_count,
	.context_retain = context_retain,
	.context_release = context_release,
	.context_push = context_push,
	.context_pop = context_pop,
	.describe = hip_describe,
	.memory_free = memory_free,
	.health = health,
	.processors = hip_processors,
	.image_at = hip_image_at,
	.does_not_fit = hip_does_not_fit,
	.module_load = module_load,
	.module_unload = module_unload,
	.module_kernel = module_kernel,
	.launch = launch,
	.chunk_make = hip_chunk_make,
	.chunk_free = hip_chunk_free,
	.mapping_at = hip_mapping_at,
	.stream_open = stream_open,
	.stream_close = stream_close,
	.stream_done = stream_done,
	.stream_finish = stream_finish,
	.push = push,
	.pull = pull,
	.zero = zero,
	.pinned_make = pinned_make,
	.pinned_free = pinned_free,
};

static vres_status hip_open(const vres_backend_open *params, vres_bself **out, vres_error *err)
{
	return gpu_open(&driver, params, out, err);
}

/* No mem_protect: the protection of hipMalloc's memory cannot be changed. */
static const vres_backend backend = {
	GPU_BACKEND_SLOTS,
	.flags = BACKEND_FLAGS, /* CMakeLists.txt knows if there is a kernel */
	.name = "hip",
	.open = hip_open,
};

const vres_backend *vres_backend_hip(void)
{
	return &backend;
}
