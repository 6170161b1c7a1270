/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Streams: copies, zeros and kernels are put on them and done later. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include "fake/driver/launch.h"
#include "fake/driver/stream.h"

#define NS_PER_S UINT64_C(1000000000)

static bool stamp(const struct fake_work *work, int device)
{
	const uint64_t echo = (uint64_t)(uintptr_t)work->args.echo;
	const bool good = fake_open(echo, sizeof(*work->args.echo), device, CUDA_ACCESS_READ_WRITE);
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	if (good)
		*work->args.echo = (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
	fake_shut(echo, sizeof(*work->args.echo));
	return good;
}

/*
 * Whole pages are given back to the system, which provides zeros for them.  Most pages of a large
 * allocation are never touched.
 */
static void zero(uint64_t addr, uint64_t bytes)
{
	const uint64_t end = addr + bytes, from = (addr + FAKE_PAGE - 1) / FAKE_PAGE * FAKE_PAGE,
		       to = end / FAKE_PAGE * FAKE_PAGE;

	if (from >= to || madvise((void *)(uintptr_t)from, to - from, MADV_REMOVE) != 0) {
		memset((void *)(uintptr_t)addr, 0, bytes);
		return;
	}
	memset((void *)(uintptr_t)addr, 0, from - addr);
	memset((void *)(uintptr_t)to, 0, end - to);
}

static bool copy(const struct fake_work *work, int device)
{
	char *there = (char *)(uintptr_t)work->device_addr;
	const uint64_t from = work->from, n = work->to - work->from;
	const bool good =
		fake_open(work->device_addr, work->all, device,
	                  work->kind == WORK_PULL ? CUDA_ACCESS_READ : CUDA_ACCESS_READ_WRITE);

	if (good && n > 0 && work->kind == WORK_PUSH)
		memcpy(there + from, (const char *)work->host + from, n);
	else if (good && n > 0 && work->kind == WORK_PULL)
		memcpy((char *)work->host + from, there + from, n);
	else if (good && n > 0)
		zero(work->device_addr + from, n);
	fake_shut(work->device_addr, work->all);
	return good;
}

void fake_stream_forget(struct fake_stream *stream)
{
	while (stream->first) {
		struct fake_work *work = stream->first;

		stream->first = work->next;
		free(work);
	}
	stream->last = &stream->first;
	stream->was_polled = false;
}

/*
 * Does the work in order.  Work on memory without access loses the device, which then returns the
 * same code for ever.
 */
cuda_result fake_stream_work_off(struct fake_stream *stream)
{
	struct fake_device *device = &fake.devices[stream->device];

	for (struct fake_work *work = stream->first; work && device->sticky == CUDA_OK;
	     work = work->next)
		if (!(work->kind == WORK_HASH    ? fake_launch_run(work, stream->device)
		      : work->kind == WORK_STAMP ? stamp(work, stream->device)
		                                 : copy(work, stream->device)))
			device->sticky = CUDA_ILLEGAL_ADDRESS;
	fake_stream_forget(stream);
	return device->sticky;
}

cuda_result fake_stream_find(const void *handle, struct fake_stream **out)
{
	int device;

	TRY(fake_here(&device));
	for (*out = fake.streams; *out; *out = (*out)->next)
		if (*out == handle)
			return (*out)->device == device ? CUDA_OK : CUDA_INVALID_HANDLE;
	return CUDA_INVALID_HANDLE;
}

cuda_result fake_stream_put(const void *handle, const struct fake_work *work)
{
	struct fake_stream *stream;
	struct fake_work *own;

	TRY(fake_stream_find(handle, &stream));
	own = malloc(sizeof(*own));
	if (own == NULL)
		return CUDA_OUT_OF_MEMORY;
	*own = *work;
	own->next = NULL;
	own->from = 0;
	own->to = own->all;
	fake_leave_out_of(own);
	*stream->last = own;
	stream->last = &own->next;
	stream->was_polled = false;
	if (work->kind != WORK_PULL || fake_is_pinned(work->host, work->all) || fake.stalls ||
	    stream->captures)
		return CUDA_OK;
	return fake_stream_work_off(
		stream); /* a copy to pageable memory is complete when the call returns */
}

cuda_result fake_stream_make(int priority, void **out)
{
	struct fake_stream *stream;
	int device;

	TRY(fake_here(&device));
	stream = calloc(1, sizeof(*stream));
	if (stream == NULL)
		return CUDA_OUT_OF_MEMORY;
	stream->device = device;
	stream->priority = priority;
	stream->last = &stream->first;
	stream->next = fake.streams;
	fake.streams = stream;
	*out = stream;
	return CUDA_OK;
}

void fake_stream_free(struct fake_stream *stream)
{
	struct fake_stream **at = &fake.streams;

	while (*at != stream)
		at = &(*at)->next;
	*at = stream->next;
	fake_stream_forget(stream);
	free(stream);
}

cuda_result fake_stream_drop(struct fake_call call, const void *handle)
{
	struct fake_stream *stream = fake.streams;
	cuda_result code;

	while (stream && stream != handle)
		stream = stream->next;
	if (stream == NULL)
		return CUDA_INVALID_HANDLE;
	if (!fake_is_inside(stream->device))
		return CUDA_INVALID_CONTEXT;
	code = stream->captures ? CUDA_OK : fake_stream_work_off(stream);
	fake_stream_free(stream);
	return call.code != CUDA_OK ? call.code : code;
}

cuda_result fake_stream_poll(const void *handle)
{
	const struct timespec takes = {.tv_sec = (time_t)(fake.poll_ns / NS_PER_S),
	                               .tv_nsec = (long)(fake.poll_ns % NS_PER_S)};
	struct fake_stream *stream;

	TRY(fake_stream_find(handle, &stream));
	if (fake.poll_ns > 0)
		(void)nanosleep(&takes, NULL);
	if (stream->captures)
		return CUDA_CAPTURE_UNSUPPORTED;
	if (stream->first == NULL || fake_wait_is_left_out())
		return CUDA_OK;
	if (!stream->was_polled || fake.stalls) {
		stream->was_polled = true;
		return CUDA_NOT_READY;
	}
	return fake_stream_work_off(stream);
}

cuda_result fake_stream_finish(const void *handle)
{
	struct fake_stream *stream;

	TRY(fake_stream_find(handle, &stream));
	if (stream->captures)
		return CUDA_CAPTURE_UNSUPPORTED;
	if (stream->first != NULL && fake_wait_is_left_out())
		return CUDA_OK;
	return fake_stream_work_off(stream);
}

cuda_result fake_launch(const void *handle, const void *kernel, uint64_t threads, const void *args)
{
	struct fake_work work = {.kind = kernel == FAKE_KERNEL_STAMP ? WORK_STAMP : WORK_HASH,
	                         .all = threads};
	struct fake_stream *on;
	uint64_t *most;

	if (kernel != FAKE_KERNEL_HASH && kernel != FAKE_KERNEL_STAMP)
		return CUDA_INVALID_VALUE;
	memcpy(&work.args, args, sizeof(work.args));
	TRY(fake_stream_put(handle, &work));
	TRY(fake_stream_find(handle, &on));
	most = &fake.threads_most[on->priority == FAKE_PRIORITY_LEAST];
	*most = threads > *most ? threads : *most;
	return CUDA_OK;
}

void fake_streams_forget(void)
{
	while (fake.streams)
		fake_stream_free(fake.streams);
}

uint64_t fake_streams_count(void)
{
	uint64_t n = 0;

	for (const struct fake_stream *stream = fake.streams; stream; stream = stream->next)
		n++;
	return n;
}
