/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Streams of the fake CUDA driver, and the work put on them. */
#include "fake/cuda/cuda.h"

cuda_result fake_cuCtxGetStreamPriorityRange(int *least, int *greatest)
{
	int device;
	FAKE_TRY_ENTER(cuCtxGetStreamPriorityRange);
	TRY(fake_here(&device));
	*least = FAKE_PRIORITY_LEAST;
	*greatest = -5;
	return CUDA_OK;
}

/* The fake refuses other streams, since the backend must use non-blocking ones. */
cuda_result fake_cuStreamCreate(cuda_stream *out, unsigned int flags)
{
	FAKE_TRY_ENTER(cuStreamCreate);
	return flags == CUDA_STREAM_NON_BLOCKING ? fake_stream_make(FAKE_PRIORITY_ORDINARY, out)
	                                         : CUDA_INVALID_VALUE;
}

cuda_result fake_cuStreamCreateWithPriority(cuda_stream *out, unsigned int flags, int priority)
{
	FAKE_TRY_ENTER(cuStreamCreateWithPriority);
	return flags == CUDA_STREAM_NON_BLOCKING ? fake_stream_make(priority, out)
	                                         : CUDA_INVALID_VALUE;
}

cuda_result fake_cuStreamDestroy(cuda_stream stream)
{
	FAKE_ENTER(cuStreamDestroy);
	return fake_stream_drop(call, stream);
}

cuda_result fake_cuStreamQuery(cuda_stream stream)
{
	FAKE_TRY_ENTER(cuStreamQuery);
	TRY(fake_capture_allows());
	return fake_stream_poll(stream);
}

cuda_result fake_cuStreamSynchronize(cuda_stream stream)
{
	FAKE_TRY_ENTER(cuStreamSynchronize);
	TRY(fake_capture_allows());
	return fake_stream_finish(stream);
}

cuda_result fake_cuMemcpyHtoDAsync(cuda_pointer to, const void *from, size_t bytes,
                                   cuda_stream stream)
{
	const struct fake_work work = {.kind = WORK_PUSH,
	                               .device_addr = to,
	                               .host = (void *)(uintptr_t)from,
	                               .all = bytes};
	FAKE_TRY_ENTER(cuMemcpyHtoDAsync);

	return fake_stream_put(stream, &work);
}

cuda_result fake_cuMemcpyDtoHAsync(void *to, cuda_pointer from, size_t bytes, cuda_stream stream)
{
	const struct fake_work work = {
		.kind = WORK_PULL, .device_addr = from, .host = to, .all = bytes};
	FAKE_TRY_ENTER(cuMemcpyDtoHAsync);

	return fake_stream_put(stream, &work);
}

cuda_result fake_cuMemsetD8Async(cuda_pointer to, unsigned char value, size_t bytes,
                                 cuda_stream stream)
{
	const struct fake_work work = {.kind = WORK_ZERO, .device_addr = to, .all = bytes};
	FAKE_TRY_ENTER(cuMemsetD8Async);

	return value == 0 ? fake_stream_put(stream, &work) : CUDA_INVALID_VALUE;
}

cuda_result fake_cuLaunchKernel(cuda_function function, unsigned int grid_x, unsigned int grid_y,
                                unsigned int grid_z, unsigned int block_x, unsigned int block_y,
                                unsigned int block_z, unsigned int shared_bytes, cuda_stream stream,
                                void **parameters, void **extra)
{
	FAKE_TRY_ENTER(cuLaunchKernel);

	if (grid_x == 0 || block_x == 0 || block_x > 1024 || grid_y != 1 || grid_z != 1 ||
	    block_y != 1 || block_z != 1 || shared_bytes != 0 || extra != NULL)
		return CUDA_INVALID_VALUE;
	return fake_launch(stream, function, (uint64_t)grid_x * block_x, parameters[0]);
}

cuda_result fake_cuThreadExchangeStreamCaptureMode(cuda_capture_mode *mode)
{
	FAKE_TRY_ENTER(cuThreadExchangeStreamCaptureMode);
	return fake_capture_exchange(mode);
}
