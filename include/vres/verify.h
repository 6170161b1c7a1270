/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Verifying: are the bytes still there, and still the same?
 */
#ifndef VRES_VERIFY_H
#define VRES_VERIFY_H

#include <vres/manager.h>
#include <vres/policy.h>
#include <vres/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Fill all @n bytes of @buf with what stands at @offset, or fail. */
typedef vres_status (*vres_read_at_fn)(void *ctx, uint64_t offset, void *buf, size_t n);

/**
 * struct vres_verify_params - how to verify
 * @mode:         vres_verify_mode
 * @sample_units: for SAMPLED; 0: as policy says; fewer than policy says serve no lease
 * @source:       the bytes as they were sealed, if at hand: names damage to the block; NULL: none
 * @source_ctx:   given to @source
 * @background:   1: give way to other work on the device.  Low-priority lanes, and FULL hashes at
 *           most 64 MiB at a time, so that work that
 *                comes meanwhile waits for no more than that; the outcome is the same, later
 * @reserved:     0
 */
typedef struct vres_verify_params {
	size_t struct_size;
	uint32_t mode, sample_units;
	vres_read_at_fn source;
	void *source_ctx;
	uint32_t background, reserved;
} vres_verify_params;

VRES_DEFINE_INIT(vres_verify_params)

/**
 * struct vres_verify_report - what a verification did and found @status, @reason:  as returned for
 * this shard
 * @mode:             what was really done
 * @blocks_total:     blocks of the tree in the shard
 * @blocks_checked:   of them, hashed this time
 * @bytes_hashed:     shard bytes hashed this time
 * @bad_blocks:       at least so many are damaged
 * @first_bad_offset: where the first damaged range starts in the shard
 * @first_bad_bytes:  how long it is: one block when the leaf level or the source is at hand, else
 *           one group of blocks; 0: none is known
 * @duration:         wall time it took
 */
typedef struct vres_verify_report {
	size_t struct_size;
	vres_status status;
	uint32_t reason, mode, reserved;
	uint64_t blocks_total, blocks_checked, bytes_hashed, bad_blocks, first_bad_offset,
		first_bad_bytes, duration;
} vres_verify_report;

VRES_DEFINE_INIT(vres_verify_report)

/** first_failed: index into the shards that were given, or -1 */
typedef struct vres_set_report {
	size_t struct_size;
	uint32_t verified, failed;
	int32_t first_failed;
	uint32_t reserved;
} vres_set_report;

VRES_DEFINE_INIT(vres_set_report)

/**
 * vres_shard_verify() - are the bytes still there, and still the same?
 * @s:   the shard
 * @p:   how; NULL: FULL
 * @out: from vres_verify_report_init(), or NULL; filled on failure too
 *
 * A failed check quarantines this shard for good, and no other; one that is too old (EXPIRED) is
 * only refused.  Trouble that keeps the check from being made is 3xx, is never success and is never
 * called tampering.  Allocates no device memory; with SIGNATURE no host memory either, on success,
 * but what libcrypto takes for an HMAC.
 *
 * Return: VRES_OK; VRES_E_SEAL_VERIFICATION_FAILED with reason SIGNATURE, DIGEST, RESIDENCY,
 *         EXPIRED or QUARANTINED; VRES_E_INVALID_INPUT
 * (mode); VRES_E_UNSUPPORTED (the device cannot hash, or READBACK without VRES_ALLOW_READBACK);
 * VRES_E_AUDIT; VRES_E_DEVICE_LOST; VRES_E_BACKEND.
 */
VRES_API VRES_MUST_CHECK vres_status vres_shard_verify(vres_shard *s, const vres_verify_params *p,
                                                       vres_verify_report *out, vres_error *err);

/**
 * vres_verify_many() - verify several shards in one call, devices in parallel
 * @m:       the manager; all shards must be of it
 * @shards:  @n references
 * @n:       1 to 2^20
 * @p:       how; NULL: FULL; source must be NULL
 * @reports: @n reports, strided by the first one's struct_size, which all share; or NULL; filled on
 *           failure too
 * @err:     why the first that failed did, or NULL
 *
 * Every shard is verified, whatever happens to the others, and comes out as vres_shard_verify() has
 * it; events come in the order of the shards, after the last check.  With FULL, shards of a device
 * share jobs of up to 1,024, so that many small ones cost little more than a large one of their
 * size; a job that misses policy's deadline leaves all of its shards unchecked.
 *
 * Return: VRES_OK when every shard is good; else the status of the first that is damaged or, if
 *         none is, of the first that could not be
 * checked: as vres_shard_verify().
 */
VRES_API VRES_MUST_CHECK vres_status vres_verify_many(vres_manager *m, vres_shard *const *shards,
                                                      size_t n, const vres_verify_params *p,
                                                      vres_verify_report *reports, vres_error *err);

/**
 * vres_set_verify() - verify the shards of one model
 * @m:      the manager
 * @shards: @n references, in any order
 * @n:      how many
 * @p:      as for vres_verify_many()
 * @out:    from vres_set_report_init(), or NULL; filled on failure too
 *
 * They must form exactly one complete set: every index once, one model_ref, one group_id, one
 * total; devices are verified in parallel.
 *
 * Return: as vres_verify_many(); VRES_E_INVALID_INPUT when they are not one complete set
 *         (first_failed names the offender).
 */
VRES_API VRES_MUST_CHECK vres_status vres_set_verify(vres_manager *m, vres_shard *const *shards,
                                                     size_t n, const vres_verify_params *p,
                                                     vres_set_report *out, vres_error *err);

#ifdef __cplusplus
}
#endif

#endif
