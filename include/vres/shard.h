/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Shards: what is known of sealed bytes, as a value and as JSON.
 */
#ifndef VRES_SHARD_H
#define VRES_SHARD_H

#include <vres/manager.h>
#include <vres/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/** vres_shard_info.state */
#define VRES_SHARD_SEALED 1u
/*
 * A verification failed.  The shard stays refused for good, but where its bytes were not those
 * sealed: vres_shard_repair(), or of adopted memory vres_shard_resume(), lifts that when it finds
 * the right ones.
 */
#define VRES_SHARD_QUARANTINED 2u

/**
 * struct vres_shard_info - everything that is known of a shard, without pointer or address
 * @shard_id, @model_ref, @group_id: as sealed; the last two are empty when none was given
 * @digest:        64 lower-case hex digits, of kind @digest_alg
 * @verity_digest: 64 lower-case hex digits; empty for a shard of tensors
 * @device_uuid, @backend, @gpu_device: where the shard is
 * @shard_index, @total_shards: position in its set; both 0 when it is not part of one
 * @digest_alg:    VRES_DIGEST_x
 * @state:         VRES_SHARD_x
 * @adopted:       1: the memory is owned by the caller of vres_seal_adopt() or vres_seal_tensors()
 * @leases:        leases held now
 * @simulated:     1: there is no VRAM behind it
 * @assurance:     VRES_ASSURANCE_x
 * @vram_bytes:    bytes sealed
 * @sealed_at:     wall-clock time of the seal
 * @verified_at:   wall-clock time of the last successful verification of any mode, or of the seal
 * @allow, @require: the policy under which it was sealed
 * @tensors:       how many tensors it has; 0: it is one range of bytes
 * @epoch:         how often other bytes have taken the place of those that were sealed
 * @suspended:     1: its memory is its owner's until vres_shard_resume()
 * @reserved:      0
 *
 * Strings are NUL-terminated.
 */
typedef struct vres_shard_info {
	size_t struct_size;
	char shard_id[257], model_ref[513], group_id[65], digest[65], verity_digest[65],
		device_uuid[48], backend[16];
	uint32_t gpu_device, shard_index, total_shards, digest_alg, state, adopted, leases,
		simulated, assurance;
	uint64_t vram_bytes, sealed_at, verified_at, allow, require;
	uint32_t tensors, epoch, suspended, reserved;
} vres_shard_info;

VRES_DEFINE_INIT(vres_shard_info)

/**
 * vres_shard_describe() - describe a shard
 * @s:   the shard, which may be QUARANTINED, and its manager STOPPED
 * @out: from vres_shard_info_init()
 *
 * Return: VRES_OK.
 */
VRES_API VRES_MUST_CHECK vres_status vres_shard_describe(const vres_shard *s, vres_shard_info *out,
                                                         vres_error *err);

/**
 * vres_shard_to_json() - describe a shard as one compact JSON object (docs/FORMAT.md)
 * @s:   the shard, which may be QUARANTINED, and its manager STOPPED
 * @buf: receives the text; NULL, with @cap 0, to ask for the size
 * @cap: bytes at @buf, including the NUL
 * @len: bytes of text, not including the NUL that follows it; also set with VRES_E_BUFFER
 *
 * Return: VRES_OK; VRES_E_BUFFER when @cap is not above *len.
 */
VRES_API VRES_MUST_CHECK vres_status vres_shard_to_json(const vres_shard *s, char *buf, size_t cap,
                                                        size_t *len, vres_error *err);

/**
 * vres_shard_release() - give one reference back
 * @s: NULL does nothing
 *
 * When the last reference and the last lease have been given back, the memory is overwritten with
 * zeros and freed.  Before it is freed, a sample of it is looked at, hashed by the device or, where
 * that cannot hash, read back: a driver may report zeros that it did not write.  If any of that
 * fails, the event vram_deallocation_failed reports it; this function returns nothing.
 */
VRES_API void vres_shard_release(vres_shard *s);

/**
 * vres_shard_close() - give the last reference back, and know that the memory is not touched any
 * more
 * @s: a shard without leases, to which nobody else has a reference
 *
 * As vres_shard_release(), but when it succeeds no call works on the memory any more, and memory of
 * our own has been overwritten with zeros and freed.  Waits for calls in progress, for at most the
 * deadline of the policy.
 *
 * Who frees adopted memory while a verification reads it ends the process's GPU context: close or
 * suspend the shard first.
 *
 * Return: VRES_OK; VRES_E_BUSY: there is another reference or a lease, or calls in progress last
 * too long, and the reference is still the caller's; VRES_E_DEALLOCATION_FAILED: freeing failed,
 *         and the reference was given back all the same; VRES_E_STATE with reason FORKED in a
 * forked child: its host memory was freed.
 */
VRES_API VRES_MUST_CHECK vres_status vres_shard_close(vres_shard *s, vres_error *err);

#ifdef __cplusplus
}
#endif

#endif
