/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Repair: the damaged blocks of a shard are loaded again, and nothing else of it.
 *
 * A bad memory cell or a stray write damages a few blocks of a shard of many gigabytes.  What was
 * sealed is known to the block, so those blocks can be read again from where they came from, and
 * only bytes that are the sealed ones are ever written.  The record, its epoch and its receipts
 * stay as they are.
 */
#ifndef VRES_REPAIR_H
#define VRES_REPAIR_H

#include <vres/shard.h>
#include <vres/status.h>
#include <vres/verify.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * struct vres_repair_params - where the bytes come from
 * @source:     delivers the bytes as they were sealed
 * @source_ctx: passed to @source
 * @max_bytes:  damage of more bytes than this is not repaired; 0: however much it is
 * @damage:     room for the ranges that are found damaged, as in vres_verify_params; NULL: none
 * @damage_cap: how many ranges there is room for; 0 when @damage is NULL
 *
 * @source need not be right, nor the same each time it is asked: whatever it delivers is compared
 * with what was sealed before it is written.  It is called on the caller's thread, for blocks near
 * the damage alone.  VRES_E_CANCELLED from it ends the call with that status.
 */
typedef struct vres_repair_params {
	size_t struct_size;
	vres_read_at_fn source;
	void *source_ctx;
	uint64_t max_bytes;
	vres_damage *damage;
	size_t damage_cap;
} vres_repair_params;

VRES_DEFINE_INIT(vres_repair_params)

/**
 * vres_shard_repair() - find the damaged blocks of a shard and load them again
 * @s:   a shard whose memory is the library's own, SEALED or QUARANTINED
 * @p:   where the bytes come from
 * @out: from vres_verify_report_init(), or NULL; also filled on failure.  What it says of damage is
 *       what was found before anything was written; with VRES_OK all of that is repaired
 *
 * All of the shard is hashed.  Damage that nobody has reported yet is reported, and quarantines the
 * shard, as by vres_shard_verify().  Each damaged range is read into a staging buffer, compared
 * there with what was sealed, and copied from that buffer.  A read-only mapping is writable
 * meanwhile, and the driver is asked afterwards whether it is protected again.  Then all of the
 * shard is hashed once more, the event vram_repaired is recorded, and the quarantine is lifted.
 *
 * A shard that is good is left as it is; if it is quarantined, that is lifted.  A quarantine for
 * good (a wrong signature, memory that is not what was sealed, damaged digests on the host) is
 * never lifted.  The age of max_seal_age runs on, and an old seal can be repaired.
 *
 * While it is repaired the shard is quarantined to everybody else, and vres_enforce_vram_only()
 * passes it by.  Takes a staging buffer of at most 16 MiB; of host memory twice what is kept of the
 * shard's digests, and at most 150 bytes for each damaged block; no device memory.
 *
 * Return: VRES_OK: every byte is what was sealed.
 *         VRES_E_INTEGRITY_VIOLATION: @source did not deliver what was sealed.  What differs was
 *         not written, what did not differ was, and the shard stays QUARANTINED; so it does with
 *         VRES_E_IO and VRES_E_CANCELLED (@source failed), VRES_E_AUDIT (the sink refused the
 *         event), VRES_E_NO_MEMORY, VRES_E_DEVICE_LOST and VRES_E_BACKEND.  The call can be made
 *         again.
 *         VRES_E_INVALID_INPUT: params, or more damage than max_bytes; nothing was written.
 *         VRES_E_SEAL_VERIFICATION_FAILED with reason DIGEST: the bytes are wrong although the
 *         right ones were written; with reason SIGNATURE or RESIDENCY, or where the digests on the
 *         host are damaged: it is quarantined for good; with reason QUARANTINED: it was, or became
 *         so meanwhile.
 *         VRES_E_BUSY: leases are open, another thread repairs or closes it, or a verification in
 *         progress reads its source or lasts longer than the deadline of the policy.
 *         VRES_E_UNSUPPORTED: its memory is adopted (suspend it, load the damaged tensors, resume
 *         it), or the device cannot hash and VRES_ALLOW_READBACK is not given.
 *         VRES_E_STATE with reason SUSPENDED.
 */
VRES_API VRES_MUST_CHECK vres_status vres_shard_repair(vres_shard *s, const vres_repair_params *p,
                                                       vres_verify_report *out, vres_error *err);

#ifdef __cplusplus
}
#endif

#endif
