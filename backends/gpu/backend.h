/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The slots of a backend table that every vendor's backend has in common. */
#ifndef VRES_BACKENDS_GPU_BACKEND_H
#define VRES_BACKENDS_GPU_BACKEND_H

#include "gpu/device.h"
#include "gpu/lane.h"
#include "gpu/memory.h"

/* All but name, open, and mem_protect, which needs chunks with is_vmm. */
#define GPU_BACKEND_SLOTS                                                                          \
	.abi = VRES_BACKEND_ABI, .struct_size = sizeof(vres_backend), .close = gpu_close,          \
	.device_count = gpu_device_count, .device_open = gpu_device_open,                          \
	.device_status = gpu_device_status, .device_close = gpu_device_close,                      \
	.mem_alloc = gpu_mem_alloc, .mem_adopt = gpu_mem_adopt,                                    \
	.mem_residency = gpu_mem_residency, .mem_wipe = gpu_mem_wipe,                              \
	.mem_release = gpu_mem_release, .lane_open = gpu_lane_open, .lane_push = gpu_lane_push,    \
	.lane_pull = gpu_lane_pull, .lane_wait = gpu_lane_wait, .lane_close = gpu_lane_close,      \
	.hash_blocks = gpu_hash_blocks

#endif
