/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The CUDA driver's functions for graphs, written like those of cuda_abi.h. kernel_bench measures
 * whether replaying the launches of a hash job is cheaper than launching them one by one.  No
 * shipped code calls them.
 */
#ifndef TESTS_FAKE_CUDA_CUDA_GRAPH_H
#define TESTS_FAKE_CUDA_CUDA_GRAPH_H

/* Names for the prototypes below. cuda_graph_check.c gives them NVIDIA's types instead. */
#ifndef CUDA_ABI_FOREIGN_TYPES
#include "cuda/cuda_abi.h"
typedef void *cuda_graph;
typedef void *cuda_graph_exec;
#endif

/* X(name, version of the interface, parameters) */
#define CUDA_GRAPH_FUNCTIONS(X)                                                                    \
	X(cuStreamBeginCapture, 10010, (cuda_stream stream, cuda_capture_mode mode))               \
	X(cuStreamEndCapture, 10000, (cuda_stream stream, cuda_graph * graph))                     \
	X(cuGraphInstantiateWithFlags, 11040,                                                      \
	  (cuda_graph_exec * exec, cuda_graph graph, unsigned long long flags))                    \
	X(cuGraphLaunch, 10000, (cuda_graph_exec exec, cuda_stream stream))                        \
	X(cuGraphExecDestroy, 10000, (cuda_graph_exec exec))                                       \
	X(cuGraphDestroy, 10000, (cuda_graph graph))

#define CUDA_GRAPH_FUNCTION_TYPE(name, version, parameters)                                        \
	typedef cuda_result(*cuda_fn_##name) parameters;
CUDA_GRAPH_FUNCTIONS(CUDA_GRAPH_FUNCTION_TYPE)
#undef CUDA_GRAPH_FUNCTION_TYPE

#endif
