/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The scrub: verifying everything in the background, part by part.
 */
#ifndef VRES_SCRUB_H
#define VRES_SCRUB_H

#include <vres/manager.h>
#include <vres/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * struct vres_scrub_report - what a step of the scrub did, and how far it is
 * @bytes_hashed:     shard bytes hashed in this step
 * @bytes_total:      bytes of all shards that are scrubbed: those that were sealed and not
 *           quarantined when the step began
 * @oldest_check_age: at the end of the step, how long ago the least recent check of any byte of
 *           them was.  A shard's bytes count as checked when
 *                    the last pass over it that has completed began, or, before the first has, when
 *                    they were measured to be sealed; other
 *                    verifications do not count.  0 when there is no shard
 * @shards:           how many such shards there were
 * @failed:           of them, found damaged in this step
 */
typedef struct vres_scrub_report {
	size_t struct_size;
	uint64_t bytes_hashed, bytes_total, oldest_check_age;
	uint32_t shards, failed;
} vres_scrub_report;

VRES_DEFINE_INIT(vres_scrub_report)

/**
 * vres_scrub_step() - verify the next part of all shards, in the background
 * @m:         the manager
 * @budget_ns: how long the step may take: the part that is under way then is finished, and one part
 *           is always checked; not 0
 * @out:       from vres_scrub_report_init(), or NULL; filled on failure too
 * @err:       why the first shard that failed did, or NULL
 *
 * Shards take turns, the one whose last check is the oldest first; in a shard, groups of blocks
 * (128 of 4 KiB) do.  The next step goes on where this one stopped, and steps that run at once
 * share the work.  A step checks nothing that was checked since it began, so it ends early when all
 * has been.  What it checks of a shard is its signature, its residency, and the bytes of the part
 * against the kept level of the digest tree, itself checked against the signed root when a pass
 * begins and ends; by the device where it can hash, else by readback where policy allows that.  It
 * gives way to other work (vres_verify_params.background) and allocates no device memory.
 * max_seal_age does not matter here.
 *
 * A damaged part quarantines its shard, with the event and the incident of a failed verification of
 * mode SAMPLED.  What is good is not told, and does not make a shard fresh for leases, not even a
 * whole pass: it never says that all bytes were good at one moment.  A shard released meanwhile is
 * freed when its part is done.
 *
 * Return: VRES_OK when all that was checked is good, or there was nothing; VRES_E_INVALID_INPUT
 *         (@budget_ns is 0); else the status of the first
 * shard that is damaged or, if none is, of the first that could not be checked: as
 * vres_shard_verify().
 */
VRES_API VRES_MUST_CHECK vres_status vres_scrub_step(vres_manager *m, uint64_t budget_ns,
                                                     vres_scrub_report *out, vres_error *err);

#ifdef __cplusplus
}
#endif

#endif
