/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What an entry point of each device compiler looks like, and how a thread learns its number. */
#ifndef VRES_BACKENDS_KERNELS_ENTRY_H
#define VRES_BACKENDS_KERNELS_ENTRY_H

/*
 * Threads of a group.  So many groups are to fit one of NVIDIA's multiprocessors, which leaves 96
 * registers to a thread.  With more groups the assembler has fewer, and its schedule gets longer:
 * a warp that is alone takes half as long again with 8 groups as with 5, on each architecture, and
 * five warps a scheduler are enough to keep the pipe busy that all of it waits for
 * (docs/PERFORMANCE.md).
 */
#define LEAF_HASH_GROUP  128
#define LEAF_HASH_GROUPS 5

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
