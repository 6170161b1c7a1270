/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A range of bytes that are not what they should be: what a verification lists, or a seal.
 */
#ifndef VRES_DAMAGE_H
#define VRES_DAMAGE_H

#include <vres/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * struct vres_damage - a damaged range of a shard, or of what was to be one
 * @offset:   where it starts, in the tensor or, without tensors, in the shard
 * @bytes:    how long it is
 * @tensor:   the tensor it is in; UINT32_MAX in a shard without tensors
 * @reserved: 0
 *
 * For a verification, a range is made of whole blocks when block digests are kept or a source is
 * given, else of whole groups of blocks; the last one ends with the shard.  For a seal, it is a
 * whole tensor, or all bytes.
 */
typedef struct vres_damage {
	size_t struct_size;
	uint64_t offset, bytes;
	uint32_t tensor, reserved;
} vres_damage;

VRES_DEFINE_INIT(vres_damage)

#ifdef __cplusplus
}
#endif

#endif
