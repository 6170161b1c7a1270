/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Shards: sealed bytes, and the handle as a value.
 */
#ifndef VRES_SHARD_H
#define VRES_SHARD_H

#include <vres/manager.h>
#include <vres/status.h>

#ifdef __cplusplus
extern "C" {
#endif

#define VRES_SHARD_SEALED      1u
#define VRES_SHARD_QUARANTINED 2u

/**
 * struct vres_shard_info - ModelShardHandle: all there is to know of a shard, as a value without
 * pointer or address
 *
 * Strings are NUL-terminated; digests are 64 lower-case hex digits; model_ref and group_id are
 * empty when none was given; total_shards is 0 when the shard is not part of a set.  adopted and
 * simulated are 0 or 1.  sealed_at and verified_at are wall-clock times; verified_at is that of the
 * last successful verification of any mode, sealing included.
 */
typedef struct vres_shard_info {
	size_t struct_size;
	char shard_id[257], model_ref[513], group_id[65], digest[65], verity_digest[65],
		device_uuid[48], backend[16];
	uint32_t gpu_device, shard_index, total_shards, digest_alg, state, adopted, leases,
		simulated, assurance;
	uint64_t vram_bytes, sealed_at, verified_at, allow, require;
} vres_shard_info;

VRES_DEFINE_INIT(vres_shard_info)

/**
 * vres_shard_describe() - the handle as a value; answers when QUARANTINED or STOPPED too
 * @s:   the shard
 * @out: from vres_shard_info_init()
 *
 * Return: VRES_OK.
 */
VRES_API VRES_MUST_CHECK vres_status vres_shard_describe(const vres_shard *s, vres_shard_info *out,
                                                         vres_error *err);

/**
 * vres_shard_release() - give one reference back
 * @s: NULL is allowed
 *
 * With the last reference and lease the memory is overwritten with zeros and freed.  A failure to
 * do so is the event vram_deallocation_failed; it cannot be returned here.
 */
VRES_API void vres_shard_release(vres_shard *s);

/**
 * vres_shard_to_json() - the handle as one compact JSON object, public fields only (docs/FORMAT.md)
 * @s:   the shard
 * @buf: where to, or NULL with @cap 0 to ask for the size
 * @cap: bytes at @buf, the NUL included
 * @len: bytes of JSON, without the NUL that is written too; also set by VRES_E_BUFFER
 *
 * Return: VRES_OK; VRES_E_BUFFER when @cap is not above *len.
 */
VRES_API VRES_MUST_CHECK vres_status vres_shard_to_json(const vres_shard *s, char *buf, size_t cap,
                                                        size_t *len, vres_error *err);

#ifdef __cplusplus
}
#endif

#endif
