/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A stream of a fake driver.  stream.c does its work, and capture.c makes graphs of it. */
#ifndef TESTS_FAKE_DRIVER_STREAM_H
#define TESTS_FAKE_DRIVER_STREAM_H

#include "fake/driver/model.h"

struct fake_stream {
	struct fake_stream *next;
	struct fake_work *first, **last;
	int device, priority;
	bool was_polled;
	bool captures; /* work that is put on it becomes a graph and is not done */
	/*
	 * While it captures: the mode, the thread that began, and whether a forbidden call has
	 * spoiled it.
	 */
	int capture_mode;
	const void *capture_thread;
	bool is_spoiled;
};

/* Finds the stream of a handle; its device's context must be current. */
cuda_result fake_stream_find(const void *handle, struct fake_stream **out);

/* Does the stream's work in order. */
cuda_result fake_stream_work_off(struct fake_stream *stream);

/* The first drops work that was not done, the second the stream as well. */
void fake_stream_forget(struct fake_stream *stream);
void fake_stream_free(struct fake_stream *stream);

#endif
