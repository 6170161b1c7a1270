/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Streams of the fake HIP runtime, and the work put on them. */
#include "fake/hip/hip.h"

hip_result fake_hipDeviceGetStreamPriorityRange(int *least, int *greatest)
{
	int device;
	FAKE_TRY_ENTER(hipDeviceGetStreamPriorityRange);
	TRY(fake_here(&device));
	*least = FAKE_PRIORITY_LEAST;
	*greatest = -1;
	return HIP_OK;
}

/* The backend's streams must be non-blocking. */
hip_result fake_hipStreamCreateWithFlags(hip_stream *out, unsigned int flags)
{
	FAKE_TRY_ENTER(hipStreamCreateWithFlags);
	return flags == HIP_STREAM_NON_BLOCKING ? fake_stream_make(FAKE_PRIORITY_ORDINARY, out)
	                                        : HIP_INVALID_VALUE;
}

hip_result fake_hipStreamCreateWithPriority(hip_stream *out, unsigned int flags, int priority)
{
	FAKE_TRY_ENTER(hipStreamCreateWithPriority);
	return flags == HIP_STREAM_NON_BLOCKING ? fake_stream_make(priority, out)
	                                        : HIP_INVALID_VALUE;
}

hip_result fake_hipStreamDestroy(hip_stream stream)
{
	FAKE_ENTER(hipStreamDestroy);
	return fake_stream_drop(call, stream);
}

hip_result fake_hipStreamQuery(hip_stream stream)
{
	FAKE_TRY_ENTER(hipStreamQuery);
	TRY(fake_capture_allows());
	return fake_stream_poll(stream);
}

hip_result fake_hipStreamSynchronize(hip_stream stream)
{
	FAKE_TRY_ENTER(hipStreamSynchronize);
	TRY(fake_capture_allows());
	return fake_stream_finish(stream);
}

hip_result fake_hipMemcpyAsync(void *to, const void *from, size_t bytes, hip_copy_kind kind,
                               hip_stream stream)
{
	const bool is_push = kind == HIP_HOST_TO_DEVICE;
	const struct fake_work work = {
		.kind = is_push ? WORK_PUSH : WORK_PULL,
		.device_addr = (uint64_t)(is_push ? (uintptr_t)to : (uintptr_t)from),
		.host = is_push ? (void *)(uintptr_t)from : to,
		.all = bytes};
	FAKE_TRY_ENTER(hipMemcpyAsync);

	return is_push || kind == HIP_DEVICE_TO_HOST ? fake_stream_put(stream, &work)
	                                             : HIP_INVALID_VALUE;
}

hip_result fake_hipMemsetAsync(void *to, int value, size_t bytes, hip_stream stream)
{
	const struct fake_work work = {
		.kind = WORK_ZERO, .device_addr = (uint64_t)(uintptr_t)to, .all = bytes};
	FAKE_TRY_ENTER(hipMemsetAsync);

	return value == 0 ? fake_stream_put(stream, &work) : HIP_INVALID_VALUE;
}

hip_result fake_hipModuleLaunchKernel(hip_function function, unsigned int grid_x,
                                      unsigned int grid_y, unsigned int grid_z,
                                      unsigned int block_x, unsigned int block_y,
                                      unsigned int block_z, unsigned int shared_bytes,
                                      hip_stream stream, void **parameters, void **extra)
{
	FAKE_TRY_ENTER(hipModuleLaunchKernel);

	/* The code objects are built for at most 256 threads in a group. */
	if (grid_x == 0 || block_x == 0 || block_x > 256 || grid_y != 1 || grid_z != 1 ||
	    block_y != 1 || block_z != 1 || shared_bytes != 0 || extra != NULL)
		return HIP_INVALID_VALUE;
	return fake_launch(stream, function, (uint64_t)grid_x * block_x, parameters[0]);
}

hip_result fake_hipThreadExchangeStreamCaptureMode(hip_capture_mode *mode)
{
	FAKE_TRY_ENTER(hipThreadExchangeStreamCaptureMode);
	return fake_capture_exchange(mode);
}
