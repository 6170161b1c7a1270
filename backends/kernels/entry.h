/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What an entry point of each device compiler looks like, and how a thread learns its number. */
#ifndef VRES_BACKENDS_KERNELS_ENTRY_H
#define VRES_BACKENDS_KERNELS_ENTRY_H

/*
 * Threads of a group.  So many groups are to fit one of NVIDIA's multiprocessors, which leaves 64
 * registers to a thread; for the older ones nvcc does not get by with fewer than 72.
 */
#define LEAF_HASH_GROUP 128
#if defined(__NVCC__) && defined(__CUDA_ARCH__) && __CUDA_ARCH__ < 860
#define LEAF_HASH_GROUPS 7
#else
#define LEAF_HASH_GROUPS 8
#endif

#if defined(__NVCC__)
#define LEAF_HASH_THREAD (blockIdx.x * blockDim.x + threadIdx.x)
#elif defined(__HIP__)
#define LEAF_HASH_THREAD                                                                           \
	(__builtin_amdgcn_workgroup_id_x() * LEAF_HASH_GROUP + __builtin_amdgcn_workitem_id_x())
#else
#define LEAF_HASH_THREAD                                                                           \
	((uint32_t)__nvvm_read_ptx_sreg_ctaid_x() * (uint32_t)__nvvm_read_ptx_sreg_ntid_x() +      \
	 (uint32_t)__nvvm_read_ptx_sreg_tid_x())
#endif

/* An entry point of which @groups groups fit a multiprocessor at once. */
#if defined(__HIP__)
#define LEAF_HASH_KERNEL_OF(groups)                                                                \
	extern "C" __attribute__((global, launch_bounds(LEAF_HASH_GROUP))) void
#else
#define LEAF_HASH_KERNEL_OF(groups)                                                                \
	extern "C" __attribute__((global, launch_bounds(LEAF_HASH_GROUP, groups))) void
#endif
#define LEAF_HASH_KERNEL LEAF_HASH_KERNEL_OF(LEAF_HASH_GROUPS)

#endif
