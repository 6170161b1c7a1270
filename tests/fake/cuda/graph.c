/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Graphs of the fake CUDA driver.  A graph is a list of work that was captured; each launch puts
 * all of it on a stream.
 */
#include <stdlib.h>
#include "fake/cuda/cuda.h"

/* A graph that can be launched is a copy of the one it was made of, as in the real driver. */
struct graph {
	struct fake_work *first;
};

static void drop(struct graph *graph)
{
	while (graph->first) {
		struct fake_work *work = graph->first;

		graph->first = work->next;
		free(work);
	}
	free(graph);
}

static bool copy(const struct fake_work *from, struct fake_work **to)
{
	for (; from; from = from->next, to = &(*to)->next) {
		*to = malloc(sizeof(**to));
		if (*to == NULL)
			return false;
		**to = *from;
		(*to)->next = NULL;
	}
	return true;
}

cuda_result fake_cuStreamBeginCapture(cuda_stream stream, cuda_capture_mode mode)
{
	FAKE_TRY_ENTER(cuStreamBeginCapture);
	return fake_stream_capture(stream, mode);
}

cuda_result fake_cuStreamEndCapture(cuda_stream stream, cuda_graph *out)
{
	struct graph *graph;
	cuda_result code;
	FAKE_TRY_ENTER(cuStreamEndCapture);

	graph = calloc(1, sizeof(*graph));
	if (graph == NULL)
		return CUDA_OUT_OF_MEMORY;
	code = fake_stream_captured(stream, &graph->first);
	if (code == CUDA_OK)
		*out = graph;
	else
		free(graph);
	return code;
}

cuda_result fake_cuGraphInstantiateWithFlags(cuda_graph_exec *out, cuda_graph from,
                                             unsigned long long flags)
{
	struct graph *graph;
	FAKE_TRY_ENTER(cuGraphInstantiateWithFlags);

	if (flags != 0)
		return CUDA_INVALID_VALUE;
	graph = calloc(1, sizeof(*graph));
	if (graph == NULL)
		return CUDA_OUT_OF_MEMORY;
	*out = graph;
	if (copy(((const struct graph *)from)->first, &graph->first))
		return CUDA_OK;
	drop(graph);
	return CUDA_OUT_OF_MEMORY;
}

cuda_result fake_cuGraphLaunch(cuda_graph_exec exec, cuda_stream stream)
{
	FAKE_TRY_ENTER(cuGraphLaunch);

	for (const struct fake_work *work = ((const struct graph *)exec)->first; work;
	     work = work->next)
		TRY(fake_stream_put(stream, work));
	return CUDA_OK;
}

cuda_result fake_cuGraphExecDestroy(cuda_graph_exec exec)
{
	FAKE_ENTER(cuGraphExecDestroy);

	drop(exec);
	return call.code;
}

cuda_result fake_cuGraphDestroy(cuda_graph graph)
{
	FAKE_ENTER(cuGraphDestroy);

	drop(graph);
	return call.code;
}
