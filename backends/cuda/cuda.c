/* SPDX-License-Identifier: GPL-3.0-or-later */
/* NVIDIA GPUs: the driver's functions behind the table of gpu/driver.h, and the backend table. */
#include <vres/vres.h>

#include "cuda/driver.h"
#include "gpu/backend.h"
#include "gpu/dialect.h"

static int device_count(const struct gpu_binding *b, uint32_t *out)
{
	int count;

	TRY(b->api.cuDeviceGetCount(&count));
	*out = count > 0 ? (uint32_t)count : 0;
	return CUDA_OK;
}

static int context_retain(const struct gpu_binding *b, uint32_t device, void **out)
{
	return b->api.cuDevicePrimaryCtxRetain(out, (int)device);
}

static int context_release(const struct gpu_binding *b, uint32_t device)
{
	return b->api.cuDevicePrimaryCtxRelease((int)device);
}

/*
 * The call swaps the mode.  Without it, or where it fails, everything works but a capture that is
 * under way, which is no reason to refuse all work.
 */
static void capture_relax(const struct gpu_binding *b, struct gpu_before *before)
{
	before->capture_mode = CUDA_CAPTURE_RELAXED;
	before->is_relaxed =
		b->api.cuThreadExchangeStreamCaptureMode != NULL &&
		b->api.cuThreadExchangeStreamCaptureMode(&before->capture_mode) == CUDA_OK;
}

/* Tried twice: a thread of the engine would go on in our mode if this failed. */
static void capture_restore(const struct gpu_binding *b, const struct gpu_before *before)
{
	for (int tries = 0; tries < 2 && before->is_relaxed; tries++) {
		cuda_capture_mode mode = before->capture_mode;

		if (b->api.cuThreadExchangeStreamCaptureMode(&mode) == CUDA_OK)
			return;
	}
}

/* The driver has a stack of contexts. */
static int context_push(const struct gpu_binding *b, uint32_t device, void *context,
                        struct gpu_before *before)
{
	int code;

	(void)device;
	capture_relax(b, before);
	code = b->api.cuCtxPushCurrent(context);
	if (code != CUDA_OK)
		capture_restore(b, before);
	return code;
}

static int context_pop(const struct gpu_binding *b, const struct gpu_before *before)
{
	cuda_context ours;
	const int code = b->api.cuCtxPopCurrent(&ours);

	capture_restore(b, before);
	return code;
}

static int memory_free(const struct gpu_binding *b, uint64_t *out)
{
	size_t available, total;

	TRY(b->api.cuMemGetInfo(&available, &total));
	*out = available;
	return CUDA_OK;
}

static int module_load(const struct gpu_binding *b, const void *image, void **out)
{
	return b->api.cuModuleLoadData(out, image);
}

static int module_unload(const struct gpu_binding *b, void *module)
{
	return b->api.cuModuleUnload(module);
}

static int module_kernel(const struct gpu_binding *b, void *module, const char *name, void **out)
{
	return b->api.cuModuleGetFunction(out, module, name);
}

static int launch(const struct gpu_binding *b, void *kernel, uint32_t groups, uint32_t threads,
                  void *args, void *stream)
{
	void *parameters[] = {args};

	return b->api.cuLaunchKernel(kernel, groups, 1, 1, threads, 1, 1, 0, stream, parameters,
	                             NULL);
}

/* Non-blocking: such a stream neither waits for the default stream nor makes it wait. */
static int stream_open(const struct gpu_binding *b, bool is_low, void **out)
{
	int least, greatest;

	if (!is_low)
		return b->api.cuStreamCreate(out, CUDA_STREAM_NON_BLOCKING);
	TRY(b->api.cuCtxGetStreamPriorityRange(&least, &greatest));
	return b->api.cuStreamCreateWithPriority(out, CUDA_STREAM_NON_BLOCKING, least);
}

static int stream_close(const struct gpu_binding *b, void *stream)
{
	return b->api.cuStreamDestroy(stream);
}

static int stream_done(const struct gpu_binding *b, void *stream, bool *out)
{
	const int code = b->api.cuStreamQuery(stream);

	*out = code == CUDA_OK;
	return code == CUDA_NOT_READY ? CUDA_OK : code;
}

static int stream_finish(const struct gpu_binding *b, void *stream)
{
	return b->api.cuStreamSynchronize(stream);
}

static int push(const struct gpu_binding *b, uint64_t to, const void *from, size_t n, void *stream)
{
	return b->api.cuMemcpyHtoDAsync(to, from, n, stream);
}

static int pull(const struct gpu_binding *b, void *to, uint64_t from, size_t n, void *stream)
{
	return b->api.cuMemcpyDtoHAsync(to, from, n, stream);
}

static int zero(const struct gpu_binding *b, uint64_t addr, uint64_t n, void *stream)
{
	return b->api.cuMemsetD8Async(addr, 0, n, stream);
}

static int pinned_make(const struct gpu_binding *b, size_t bytes, void **out)
{
	return b->api.cuMemHostAlloc(out, bytes, 0);
}

static int pinned_free(const struct gpu_binding *b, void *block)
{
	return b->api.cuMemFreeHost(block);
}

static const struct gpu_driver driver = {
	.binding_bytes = sizeof(struct gpu_binding),
	.load = cuda_load,
	.unload = cuda_unload,
	.meaning = cuda_meaning,
	.name = cuda_name,
	.device_count = device_count,
	.context_retain = context_retain,
	.context_release = context_release,
	.context_push = context_push,
	.context_pop = context_pop,
	.describe = cuda_describe,
	.memory_free = memory_free,
	.health = cuda_health,
	.processors = cuda_processors,
	.image_at = cuda_image_at,
	.does_not_fit = cuda_does_not_fit,
	.module_load = module_load,
	.module_unload = module_unload,
	.module_kernel = module_kernel,
	.launch = launch,
	.chunk_make = cuda_chunk_make,
	.chunk_free = cuda_chunk_free,
	.chunk_protect = cuda_chunk_protect,
	.can_protect = cuda_can_protect,
	.mapping_at = cuda_mapping_at,
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

static vres_status cuda_open(const vres_backend_open *params, vres_bself **out, vres_error *err)
{
	return gpu_open(&driver, params, out, err);
}

static const vres_backend backend = {
	GPU_BACKEND_SLOTS, .flags = BACKEND_FLAGS, /* CMakeLists.txt knows if there is a kernel */
	.name = "cuda",    .open = cuda_open,      .mem_protect = gpu_mem_protect,
};

const vres_backend *vres_backend_cuda(void)
{
	return &backend;
}
