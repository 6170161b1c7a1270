/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Captures of graphs, and what they forbid other calls: the rule that the documentation of
 * cuThreadExchangeStreamCaptureMode states, which HIP has taken over.
 */
#include "fake/driver/stream.h"

/* A thread's capture mode; its address stands for the thread. */
static _Thread_local struct {
	uint64_t reset; /* the reset that the mode belongs to */
	int mode;
} thread;

static int *mode_here(void)
{
	if (thread.reset != fake.resets)
		thread.mode = CUDA_CAPTURE_GLOBAL;
	thread.reset = fake.resets;
	return &thread.mode;
}

/* Does this capture forbid the calling thread potentially unsafe calls? */
static bool forbids(const struct fake_stream *stream)
{
	const bool is_own = stream->capture_thread == &thread;

	if (!stream->captures || stream->capture_mode == CUDA_CAPTURE_RELAXED)
		return false;
	return is_own ||
	       (*mode_here() == CUDA_CAPTURE_GLOBAL && stream->capture_mode == CUDA_CAPTURE_GLOBAL);
}

cuda_result fake_capture_allows(void)
{
	cuda_result code = CUDA_OK;

	if (*mode_here() == CUDA_CAPTURE_RELAXED)
		return CUDA_OK;
	for (struct fake_stream *stream = fake.streams; stream; stream = stream->next)
		if (forbids(stream)) {
			stream->is_spoiled = true;
			code = CUDA_CAPTURE_UNSUPPORTED;
		}
	return code;
}

cuda_result fake_capture_exchange(int *mode)
{
	const int before = *mode_here();

	if (*mode < CUDA_CAPTURE_GLOBAL || *mode > CUDA_CAPTURE_RELAXED)
		return CUDA_INVALID_VALUE;
	thread.mode = *mode;
	*mode = before;
	return CUDA_OK;
}

cuda_result fake_stream_capture(const void *handle, int mode)
{
	struct fake_stream *stream;

	if (mode < CUDA_CAPTURE_GLOBAL || mode > CUDA_CAPTURE_RELAXED)
		return CUDA_INVALID_VALUE;
	TRY(fake_stream_find(handle, &stream));
	TRY(stream->captures ? CUDA_ILLEGAL_STATE : fake_stream_work_off(stream));
	stream->captures = true;
	stream->capture_mode = mode;
	stream->capture_thread = &thread;
	stream->is_spoiled = false;
	return CUDA_OK;
}

cuda_result fake_stream_captured(const void *handle, struct fake_work **out)
{
	struct fake_stream *stream;

	TRY(fake_stream_find(handle, &stream));
	if (!stream->captures)
		return CUDA_ILLEGAL_STATE;
	stream->captures = false;
	if (stream->is_spoiled) {
		fake_stream_forget(stream);
		return CUDA_CAPTURE_INVALIDATED;
	}
	*out = stream->first;
	stream->first = NULL;
	stream->last = &stream->first;
	return CUDA_OK;
}

/* These are what an engine does.  Tests neither count them nor make them fail. */
void *fake_engine_capture(int mode)
{
	void *stream = NULL;
	cuda_result code;

	(void)pthread_mutex_lock(&fake.lock);
	code = fake_stream_make(FAKE_PRIORITY_ORDINARY, &stream);
	if (code == CUDA_OK)
		code = fake_stream_capture(stream, mode);
	(void)pthread_mutex_unlock(&fake.lock);
	return code == CUDA_OK ? stream : NULL;
}

int fake_engine_captured(void *stream)
{
	struct fake_work *none = NULL; /* nothing was put on the stream */
	cuda_result code;

	(void)pthread_mutex_lock(&fake.lock);
	code = fake_stream_captured(stream, &none);
	fake_stream_free(stream);
	(void)pthread_mutex_unlock(&fake.lock);
	return code;
}

int fake_engine_capture_mode(int mode)
{
	(void)pthread_mutex_lock(&fake.lock);
	(void)fake_capture_exchange(&mode);
	(void)pthread_mutex_unlock(&fake.lock);
	return mode;
}

int fake_engine_unsafe_call(void)
{
	int code;

	(void)pthread_mutex_lock(&fake.lock);
	code = fake_capture_allows();
	(void)pthread_mutex_unlock(&fake.lock);
	return code;
}
