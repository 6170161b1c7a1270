/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What an entry point of each device compiler looks like, and how a thread learns its number. */
#ifndef VRES_KERNELS_ENTRY_H
#define VRES_KERNELS_ENTRY_H

/* Threads of a group.  On NVIDIA's devices eight groups are to fit a multiprocessor, which leaves 64 registers to a thread. */
#define LEAF_HASH_GROUP 128

#if defined(__NVCC__)
#define LEAF_HASH_THREAD (blockIdx.x * blockDim.x + threadIdx.x)
#elif defined(__HIP__)
#define LEAF_HASH_THREAD (__builtin_amdgcn_workgroup_id_x() * LEAF_HASH_GROUP + __builtin_amdgcn_workitem_id_x())
#else
#define LEAF_HASH_THREAD (__nvvm_read_ptx_sreg_ctaid_x() * __nvvm_read_ptx_sreg_ntid_x() + __nvvm_read_ptx_sreg_tid_x())
#endif

#if defined(__HIP__)
#define LEAF_HASH_KERNEL extern "C" __attribute__((global, launch_bounds(LEAF_HASH_GROUP))) void
#else
#define LEAF_HASH_KERNEL extern "C" __attribute__((global, launch_bounds(LEAF_HASH_GROUP, 8))) void
#endif

#endif
