/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The scrub: verifying every shard again and again in the background, a part at a time.
 */
#ifndef VRES_SCRUB_H
#define VRES_SCRUB_H

#include <vres/manager.h>
#include <vres/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * struct vres_scrub_report - what a step did, and how far the scrub is
 * @bytes_hashed:     bytes of shards that this step hashed
 * @bytes_total:      bytes of all shards that were sealed and not quarantined when the step began
 * @oldest_check_age: when the step ended, how long ago the byte was checked whose check is the
 *                    oldest.  The bytes of a shard count as checked when its last completed pass
 *                    began; before the first completed pass, when they were hashed to be sealed.
 *                    Other verifications do not count.  0 when there is no shard
 * @shards:           how many shards @bytes_total counts
 * @failed:           of them, found damaged by this step
 */
typedef struct vres_scrub_report {
	size_t struct_size;
	uint64_t bytes_hashed, bytes_total, oldest_check_age;
	uint32_t shards, failed;
} vres_scrub_report;

VRES_DEFINE_INIT(vres_scrub_report)

/**
 * vres_scrub_step() - verify the next parts of the shards, in the background
 * @m:         the manager
 * @budget_ns: how long the step may take; not 0.  The part in progress at that time is finished,
 *             and at least one part is checked
 * @out:       from vres_scrub_report_init(), or NULL; also filled on failure
 * @err:       why the shard failed that decides the status, or NULL
 *
 * The shard whose last check is the oldest comes first.  Within a shard the parts are groups of
 * blocks (128 blocks of 4 KiB), in order.  Each step continues where the one before stopped, and
 * steps that run at the same time share the work.  A step checks nothing twice, so it ends early
 * when everything has been checked since it began.
 *
 * Checked are the signature of the shard, its residency, and the bytes of the part, against the
 * level of the digest tree that is kept on the host.  That level is itself checked against the
 * signed root when a pass over a shard begins and ends.  The device hashes if it can; otherwise the
 * bytes are read back if policy allows it.  The work gives way to other work on the device, as with
 * vres_verify_params.background, and allocates no device memory.  max_seal_age is not applied.
 *
 * A damaged part quarantines its shard, with the event and the incident of a failed verification of
 * mode SAMPLED.  A good part causes no event.  Even a whole good pass does not make a shard fresh
 * for leases, because it does not show that all bytes were good at one time.  A shard released
 * meanwhile is freed when its part is done.
 *
 * Return: VRES_OK when everything that was checked is good, or there was nothing to check;
 *         VRES_E_INVALID_INPUT (@budget_ns is 0); else the status of the first damaged shard or, if
 *         none is damaged, of the first that could not be checked, as vres_shard_verify().
 */
VRES_API VRES_MUST_CHECK vres_status vres_scrub_step(vres_manager *m, uint64_t budget_ns,
                                                     vres_scrub_report *out, vres_error *err);

#ifdef __cplusplus
}
#endif

#endif
