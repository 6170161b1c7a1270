/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The kernel's entry point, for nvcc and for clang (CUDA and HIP) without a toolkit: one thread for each block of args.count.  The thread's
 * number is the only thing that the device compilers disagree about.
 */
#include "leaf_hash.h"

static_assert(sizeof(vres_leaf_hash_args) == 64, "passed by value from host code that does not see this compiler");

#if defined(__NVCC__)
#define THREAD_NUMBER ((uint64_t)blockIdx.x * blockDim.x + threadIdx.x)
#elif defined(__HIP__)
#define THREAD_NUMBER ((uint64_t)__builtin_amdgcn_workgroup_id_x() * __builtin_amdgcn_workgroup_size_x() + __builtin_amdgcn_workitem_id_x())
#else
#define THREAD_NUMBER ((uint64_t)__nvvm_read_ptx_sreg_ctaid_x() * __nvvm_read_ptx_sreg_ntid_x() + __nvvm_read_ptx_sreg_tid_x())
#endif

extern "C" __attribute__((global)) void vres_leaf_hash(vres_leaf_hash_args args)
{
	leaf_hash_thread(&args, THREAD_NUMBER);
}
