/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Sealing: bytes go to VRAM, are compared there, and signed.
 */
#ifndef VRES_SEAL_H
#define VRES_SEAL_H

#include <stdbool.h>
#include <vres/digest.h>
#include <vres/manager.h>
#include <vres/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Fill all @n bytes of @buf with what comes next, or fail; VRES_E_CANCELLED is passed on, anything
 * else becomes VRES_E_IO.
 */
typedef vres_status (*vres_read_fn)(void *ctx, void *buf, size_t n);

/** false: stop, which makes the operation return VRES_E_CANCELLED. */
typedef bool (*vres_progress_fn)(void *ctx, uint64_t done, uint64_t total);

/**
 * struct vres_seal_params - what is being sealed
 * @shard_id:        [A-Za-z0-9_-]{1,256}; NULL: "shard-" and 32 hex digits from the CSPRNG; a live
 *           duplicate is VRES_E_STATE
 * @model_ref:       NULL: none; UTF-8 without control characters, at most 512 bytes
 * @group_id:        NULL: none; identifier of at most 64 bytes: which set of shards this one
 *           belongs to
 * @gpu_device:      where to
 * @shard_index:     below total_shards
 * @total_shards:    0: not part of a set
 * @digest_alg:      VRES_DIGEST_SHA256 or VRES_DIGEST_VERITY
 * @expected_digest: 64 hex digits, either case, of digest_alg; NULL: none
 * @progress:        called after every 16 MiB or less and at the end, but not by vres_seal_adopt();
 *           NULL: none
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
} vres_seal_params;

VRES_DEFINE_INIT(vres_seal_params)

/**
 * vres_seal_memory() - copy bytes to VRAM and seal them there
 * @m:     the manager
 * @p:     what is being sealed
 * @data:  the bytes; not needed after the call
 * @bytes: how many; 1 to max_model_bytes
 * @out:   a reference to the shard, to be given to vres_shard_release()
 *
 * The source is read once.  The digest tree is computed again from VRAM, after the copy, and
 * compared before anything is signed.  Every failure leaves nothing resident, nothing reserved,
 * nothing allocated.
 *
 * Return: VRES_OK; VRES_E_INVALID_INPUT; VRES_E_STATE (the id is taken); VRES_E_INSUFFICIENT_VRAM;
 *         VRES_E_ALLOCATION_FAILED;
 * VRES_E_INTEGRITY_VIOLATION (VRAM or source is not what was read or expected);
 * VRES_E_POLICY_VIOLATION (device or memory); VRES_E_UNSUPPORTED (the device cannot hash and
 * VRES_ALLOW_READBACK is not given); VRES_E_CANCELLED; VRES_E_AUDIT; VRES_E_DEVICE_LOST;
 * VRES_E_BACKEND.
 */
VRES_API VRES_MUST_CHECK vres_status vres_seal_memory(vres_manager *m, const vres_seal_params *p,
                                                      const void *data, uint64_t bytes,
                                                      vres_shard **out, vres_error *err);

/**
 * vres_seal_fd() - as vres_seal_memory(), from a file descriptor
 * @m:      the manager
 * @p:      what is being sealed
 * @fd:     open for reading; a regular file is read at @offset and its position is left alone,
 *          anything else from where it is
 * @offset: where to start in a regular file; 0 for anything else
 * @bytes:  how many; 1 to max_model_bytes
 * @out:    a reference to the shard
 *
 * Return: as vres_seal_memory(); VRES_E_INVALID_INPUT also for a directory, a descriptor that
 *         cannot be read, a file shorter than @offset +
 * @bytes; VRES_E_IO when reading fails, a pipe ends early, or a regular file was changed while it
 * was read.
 */
VRES_API VRES_MUST_CHECK vres_status vres_seal_fd(vres_manager *m, const vres_seal_params *p,
                                                  int fd, uint64_t offset, uint64_t bytes,
                                                  vres_shard **out, vres_error *err);

/**
 * vres_seal_stream() - as vres_seal_memory(), from a callback
 * @m:     the manager
 * @p:     what is being sealed
 * @read:  asked for at most 16 MiB at a time, in order, until @bytes have come
 * @ctx:   given to @read
 * @bytes: how many; 1 to max_model_bytes
 * @out:   a reference to the shard
 *
 * Return: as vres_seal_memory(); VRES_E_IO, with the position, when @read fails.
 */
VRES_API VRES_MUST_CHECK vres_status vres_seal_stream(vres_manager *m, const vres_seal_params *p,
                                                      vres_read_fn read, void *ctx, uint64_t bytes,
                                                      vres_shard **out, vres_error *err);

/**
 * vres_seal_adopt() - seal bytes that are in VRAM already, in memory that somebody else owns
 * @m:          the manager
 * @p:          what is being sealed; digest_alg must be VRES_DIGEST_VERITY
 * @device_ptr: where they are; the caller's pending writes have completed
 * @bytes:      how many; 1 to max_model_bytes
 * @out:        a reference to the shard
 *
 * Memory that may be exported has assurance PLAIN, and is refused where policy has
 * VRES_REQUIRE_VMM, whatever the device can do.
 *
 * The caller keeps the memory alive and unwritten until the last reference and lease are gone; it
 * is never freed or wiped here.
 *
 * Return: as vres_seal_memory(); VRES_E_INVALID_INPUT also for a range the driver does not know;
 *         VRES_E_UNSUPPORTED also for
 * VRES_REQUIRE_READONLY, since the mapping is not ours.
 */
VRES_API VRES_MUST_CHECK vres_status vres_seal_adopt(vres_manager *m, const vres_seal_params *p,
                                                     uint64_t device_ptr, uint64_t bytes,
                                                     vres_shard **out, vres_error *err);

#ifdef __cplusplus
}
#endif

#endif
