/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The functions of the fake CUDA driver. state.c has those for devices, contexts and modules,
 * memory.c for memory, pointer.c for addresses, queue.c for streams, graph.c for graphs.
 */
#ifndef TESTS_FAKE_CUDA_CUDA_H
#define TESTS_FAKE_CUDA_CUDA_H

#include "fake/cuda/cuda_graph.h"
#include "fake/driver/model.h"

/* libcuda-fake-old.so has no graphs, and its devices are of an older architecture. */
#ifdef FAKE_OLD
#define FAKE_GRAPH_FUNCTIONS(X)
#define FAKE_CAPABILITY 8
#else
#define FAKE_GRAPH_FUNCTIONS(X) CUDA_GRAPH_FUNCTIONS(X)
#define FAKE_CAPABILITY         9
#endif

/* Functions by number. */
enum fake_function {
#define FAKE_FUNCTION_NUMBER(name, version, parameters) FAKE_##name,
	CUDA_FUNCTIONS(FAKE_FUNCTION_NUMBER) CUDA_OPTIONAL_FUNCTIONS(FAKE_FUNCTION_NUMBER)
		FAKE_GRAPH_FUNCTIONS(FAKE_FUNCTION_NUMBER)
#undef FAKE_FUNCTION_NUMBER
			FAKE_cuGetProcAddress,
	FAKE_FUNCTIONS
};

_Static_assert((int)FAKE_FUNCTIONS < FAKE_FUNCTIONS_MAX, "fake.calls has a place for each");

/* Every function of the driver. */
#define FAKE_DECLARE(name, version, parameters) cuda_result fake_##name parameters;
CUDA_FUNCTIONS(FAKE_DECLARE)
CUDA_OPTIONAL_FUNCTIONS(FAKE_DECLARE)
FAKE_GRAPH_FUNCTIONS(FAKE_DECLARE)
#undef FAKE_DECLARE

#endif
