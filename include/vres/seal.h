/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Sealing: bytes are copied to VRAM, hashed there, compared with what was read, and signed.
 *
 * The source is read once.  Nothing is signed before the digest computed from VRAM, after the copy,
 * equals the digest of the bytes that were read or the expected one.  A seal that fails leaves
 * nothing in VRAM, and nothing reserved or allocated.
 */
#ifndef VRES_SEAL_H
#define VRES_SEAL_H

#include <stdbool.h>
#include <vres/damage.h>
#include <vres/digest.h>
#include <vres/manager.h>
#include <vres/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Fills all @n bytes of @buf with the next bytes of the source and returns VRES_OK, or fails.
 * VRES_E_CANCELLED is passed on to the caller of the seal, any other status becomes VRES_E_IO.
 */
typedef vres_status (*vres_read_fn)(void *ctx, void *buf, size_t n);

/** Reports progress.  When it returns false, the seal stops and returns VRES_E_CANCELLED. */
typedef bool (*vres_progress_fn)(void *ctx, uint64_t done, uint64_t total);

/**
 * struct vres_seal_params - what is sealed, and where
 * @shard_id:        [A-Za-z0-9_-], 1 to 256 bytes; NULL: "shard-" and 32 random hex digits.  The id
 *                   of a live shard is VRES_E_STATE
 * @model_ref:       a name for the model: UTF-8 without control characters, at most 512 bytes;
 *                   NULL: none
 * @group_id:        names the set to which this shard belongs: [A-Za-z0-9_-], 1 to 64 bytes;
 *                   NULL: none
 * @gpu_device:      number of the device
 * @shard_index:     position in the set, below @total_shards
 * @total_shards:    how many shards the set has; 0: not part of a set
 * @digest_alg:      VRES_DIGEST_SHA256 or VRES_DIGEST_VERITY
 * @expected_digest: 64 hex digits, in upper or lower case, of kind @digest_alg; NULL: none
 * @progress:        called after each 16 MiB or less, and at the end; vres_seal_adopt() does not
 *                   call it; NULL: none
 * @progress_ctx:    passed to @progress
 * @damage:          room for what is not as expected; the first element comes from
 *                   vres_damage_init(), and its struct_size is the distance between elements; NULL:
 *                   none.  Filled when the seal fails with VRES_E_INTEGRITY_VIOLATION: a range for
 *                   each tensor that does not have its expected digest, by index, under each of its
 *                   names; without tensors, one of all bytes
 * @damage_cap:      how many ranges there is room for; 0 when @damage is NULL
 * @damage_count:    receives how many there are, also beyond @damage_cap: 0 unless the seal fails
 * so, or if only the manifest is not as expected.  Untouched where input is refused. NULL: not
 * wanted
 */
typedef struct vres_seal_params {
	size_t struct_size;
	const char *shard_id;
	const char *model_ref;
	const char *group_id;
	uint32_t gpu_device, shard_index, total_shards, digest_alg;
	const char *expected_digest;
	vres_progress_fn progress;
	void *progress_ctx;
	vres_damage *damage;
	size_t damage_cap;
	uint64_t *damage_count;
} vres_seal_params;

VRES_DEFINE_INIT(vres_seal_params)

/**
 * vres_seal_memory() - seal bytes that are in host memory
 * @m:     the manager
 * @p:     what is sealed, and where
 * @data:  the bytes; not needed after the call
 * @bytes: how many; 1 to max_model_bytes
 * @out:   a reference to the shard, to be given to vres_shard_release()
 *
 * Return: VRES_OK; VRES_E_INVALID_INPUT; VRES_E_STATE (the id is in use);
 *         VRES_E_INSUFFICIENT_VRAM; VRES_E_ALLOCATION_FAILED; VRES_E_INTEGRITY_VIOLATION (what is
 *         in VRAM is not what was read, or not what was expected); VRES_E_POLICY_VIOLATION (of the
 *         device or the memory); VRES_E_UNSUPPORTED (the device cannot hash and
 *         VRES_ALLOW_READBACK is not given); VRES_E_CANCELLED; VRES_E_AUDIT; VRES_E_DEVICE_LOST;
 *         VRES_E_BACKEND.
 */
VRES_API VRES_MUST_CHECK vres_status vres_seal_memory(vres_manager *m, const vres_seal_params *p,
                                                      const void *data, uint64_t bytes,
                                                      vres_shard **out, vres_error *err);

/**
 * vres_seal_fd() - seal bytes of a file, pipe or socket
 * @m:      the manager
 * @p:      what is sealed, and where
 * @fd:     open for reading.  A regular file is read from @offset on, without using or changing its
 *          file position; anything else is read from where it is
 * @offset: where the bytes begin in a regular file; 0 for anything else
 * @bytes:  how many; 1 to max_model_bytes
 * @out:    a reference to the shard, to be given to vres_shard_release()
 *
 * Return: as vres_seal_memory(); VRES_E_INVALID_INPUT also for a directory, a descriptor that
 *         cannot be read, or a file that is shorter than @offset + @bytes; VRES_E_IO when reading
 *         fails, a pipe ends early, or a regular file or its attributes were changed while it was
 *         read.
 */
VRES_API VRES_MUST_CHECK vres_status vres_seal_fd(vres_manager *m, const vres_seal_params *p,
                                                  int fd, uint64_t offset, uint64_t bytes,
                                                  vres_shard **out, vres_error *err);

/**
 * vres_seal_stream() - seal bytes that a callback delivers
 * @m:     the manager
 * @p:     what is sealed, and where
 * @read:  called for at most 16 MiB at a time, in order, until it has delivered @bytes
 * @ctx:   passed to @read
 * @bytes: how many; 1 to max_model_bytes
 * @out:   a reference to the shard, to be given to vres_shard_release()
 *
 * Return: as vres_seal_memory(); VRES_E_IO, with the position in the message, when @read fails.
 */
VRES_API VRES_MUST_CHECK vres_status vres_seal_stream(vres_manager *m, const vres_seal_params *p,
                                                      vres_read_fn read, void *ctx, uint64_t bytes,
                                                      vres_shard **out, vres_error *err);

/**
 * vres_seal_adopt() - seal bytes that are in VRAM already, in memory that the caller owns
 * @m:          the manager
 * @p:          what is sealed; digest_alg must be VRES_DIGEST_VERITY
 * @device_ptr: device address of the bytes; all writes to them have completed
 * @bytes:      how many; 1 to max_model_bytes
 * @out:        a reference to the shard, to be given to vres_shard_release()
 *
 * The caller keeps the memory allocated and does not write to it until the last reference and the
 * last lease have been given back.  The library never frees or wipes it.
 *
 * Memory that can be exported has assurance PLAIN, and policy with VRES_REQUIRE_VMM refuses it
 * whatever the device can do.
 *
 * Return: as vres_seal_memory(); VRES_E_INVALID_INPUT also for a range that the driver does not
 *         know; VRES_E_UNSUPPORTED also with VRES_REQUIRE_READONLY, because the mapping is the
 *         caller's.
 */
VRES_API VRES_MUST_CHECK vres_status vres_seal_adopt(vres_manager *m, const vres_seal_params *p,
                                                     uint64_t device_ptr, uint64_t bytes,
                                                     vres_shard **out, vres_error *err);

#ifdef __cplusplus
}
#endif

#endif
