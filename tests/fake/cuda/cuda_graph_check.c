/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Asserts that cuda_graph.h agrees with NVIDIA's cuda.h.  Compiled where a CUDA toolkit is found,
 * and never linked.
 */
#include <cuda.h>
#include <cudaTypedefs.h>

#define CUDA_ABI_FOREIGN_TYPES
typedef CUresult cuda_result;
typedef CUstream cuda_stream;
typedef CUstreamCaptureMode cuda_capture_mode;
typedef CUgraph cuda_graph;
typedef CUgraphExec cuda_graph_exec;
#include "fake/cuda/cuda_graph.h"

#define SAME_FUNCTION(name, version, parameters)                                                   \
	_Static_assert(__builtin_types_compatible_p(cuda_fn_##name, PFN_##name##_v##version),      \
	               #name " has another prototype");
CUDA_GRAPH_FUNCTIONS(SAME_FUNCTION)
