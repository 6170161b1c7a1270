/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Suspending and resuming: adopted memory that its owner changes on purpose, or moves.
 *
 * An engine pushes new weights, repacks them, or unmaps its memory while it sleeps.  Between
 * suspend and resume the library touches nothing; resume asks the driver anew and hashes every
 * byte.  What has not been said to change must still be what was sealed.  What has changed is
 * compared with an expected digest, or sealed as it is found, under a new record of the next epoch.
 */
#ifndef VRES_SUSPEND_H
#define VRES_SUSPEND_H

#include <vres/shard.h>
#include <vres/status.h>
#include <vres/verify.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * struct vres_change - a tensor whose bytes have changed
 * @tensor:          its index; 0 in a shard without tensors
 * @reserved:        0
 * @expected_digest: its fs-verity digest, 64 hex digits; NULL: it is sealed as it is found
 *
 * Elements of an array are as far apart as the struct_size of the first says.  A change to one name
 * of a range is one to all its names, and what overlaps a changed range has changed too.
 */
typedef struct vres_change {
	size_t struct_size;
	uint32_t tensor, reserved;
	const char *expected_digest;
} vres_change;

VRES_DEFINE_INIT(vres_change)

/**
 * struct vres_resume_params - what has become of the memory
 * @device_ptrs:   where each tensor is now, by index, on the same device; NULL: where it was
 * @device_ptrs_n: 0, or the number of tensors; 1 in a shard without tensors
 * @changes:       the tensors that have changed; NULL: none
 * @changes_n:     how many
 * @all_changed:   1: all have; @changes then only say what some are expected to be
 * @reserved:      0
 * @label:         text for the event, at most 128 bytes: a step, a version; NULL: none
 *
 * With all_changed and no expectation whatever is there is sealed, also what a wake-up has lost or
 * zeroed.  VRES_REQUIRE_EXPECTED refuses that.
 */
typedef struct vres_resume_params {
	size_t struct_size;
	const uint64_t *device_ptrs;
	size_t device_ptrs_n;
	const vres_change *changes;
	size_t changes_n;
	uint32_t all_changed, reserved;
	const char *label;
} vres_resume_params;

VRES_DEFINE_INIT(vres_resume_params)

/**
 * vres_shard_suspend() - give the memory to its owner, who may write, unmap, free and map again
 * @s: a shard of adopted memory, which may be QUARANTINED, and its manager STOPPED
 *
 * Waits for verifications in progress, for at most the deadline of the policy.  While it is
 * suspended, verifications, leases and receipts are VRES_E_STATE with reason SUSPENDED, and the
 * scrub and enforcement pass it by; describing, finding and releasing it go on.
 *
 * May be called from a callback that reports something, not from a source.
 *
 * Return: VRES_OK; VRES_E_UNSUPPORTED (its memory is the library's); VRES_E_STATE with reason
 *         SUSPENDED (it is already); VRES_E_BUSY (leases are open, a source is being read, a
 *         verification lasts too long, or another thread is about to suspend it); VRES_E_AUDIT (the
 *         sink refused: it is not suspended).
 */
VRES_API VRES_MUST_CHECK vres_status vres_shard_suspend(vres_shard *s, vres_error *err);

/**
 * vres_shard_resume() - take the memory back
 * @s:   a suspended shard
 * @p:   what has become of the memory; NULL: nothing has changed or moved
 * @out: from vres_verify_report_init(), or NULL; also filled on failure
 *
 * All writes to the memory have completed, and the caller writes nothing from now on.  Names and
 * sizes cannot change: release and seal anew for that.
 *
 * When nothing has changed, record, epoch and receipts stay as they are.  Else there is a new
 * digest, sealed_at is now, and epoch is one more; receipts of before are SUPERSEDED.  The age of
 * max_seal_age runs on in the first case and begins anew in the second.  A quarantine for bytes
 * that were not those sealed ends.
 *
 * Return: VRES_OK.
 *         VRES_E_SEAL_VERIFICATION_FAILED with reason DIGEST when what was not said to change is
 * not what was sealed, and VRES_E_INTEGRITY_VIOLATION when what has changed is not as expected: the
 * shard is quarantined, with its old record, and suspended no more.  Suspend it, load what is
 * missing, and resume. VRES_E_SEAL_VERIFICATION_FAILED with reason SIGNATURE: its record or
 * its manifest was tampered with, and the shard is quarantined for good; with reason QUARANTINED:
 * it was.  Release it. Every other failure leaves it suspended, and the call can be made again:
 * VRES_E_INVALID_INPUT (params, or the driver does not know a range; the message names an index);
 * VRES_E_STATE (it is not suspended, or the epoch cannot grow); VRES_E_BUSY (another thread resumes
 * it); VRES_E_POLICY_VIOLATION (of the memory); VRES_E_UNSUPPORTED; VRES_E_AUDIT; VRES_E_NO_MEMORY;
 * VRES_E_DEVICE_LOST; VRES_E_BACKEND.
 */
VRES_API VRES_MUST_CHECK vres_status vres_shard_resume(vres_shard *s, const vres_resume_params *p,
                                                       vres_verify_report *out, vres_error *err);

#ifdef __cplusplus
}
#endif

#endif
