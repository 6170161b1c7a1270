/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Leases: the right to use the memory of a shard, and the only way to its device address.
 */
#ifndef VRES_LEASE_H
#define VRES_LEASE_H

#include <vres/manager.h>
#include <vres/status.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct vres_lease vres_lease;

/**
 * vres_lease_acquire() - get the right to use a shard's memory
 * @s:   the shard
 * @out: the lease, to be given to vres_lease_release()
 *
 * Verifies the shard with the policy's lease_verify.  If there was a verification at least that
 * strong no longer than lease_max_age ago, only the signature and the residency are checked.  A
 * SAMPLED verification counts only with as many samples as policy asks for.
 *
 * Until the lease is released the memory stays at one address and is not freed, even if the shard
 * and the manager are given back meanwhile.
 *
 * Return: as vres_shard_verify().
 */
VRES_API VRES_MUST_CHECK vres_status vres_lease_acquire(vres_shard *s, vres_lease **out,
                                                        vres_error *err);

/**
 * vres_lease_check() - has the shard been quarantined or its device lost since?
 * @l: the lease
 *
 * Cheap: looks at what is known already and does not ask the driver.
 *
 * Return: VRES_OK; VRES_E_SEAL_VERIFICATION_FAILED with reason QUARANTINED; VRES_E_DEVICE_LOST.
 */
VRES_API VRES_MUST_CHECK vres_status vres_lease_check(const vres_lease *l, vres_error *err);

/**
 * vres_lease_device_ptr() - the device address of the first byte
 * @l: the lease
 *
 * The holder of a lease must not write there.  The next verification finds what was written.
 *
 * Return: the address; 0 for NULL, in a forked child, and for a shard of tensors, whose addresses
 * the caller knows.
 */
VRES_API uint64_t vres_lease_device_ptr(const vres_lease *l);

/**
 * vres_lease_bytes() - how many bytes may be read from there; of tensors, how many were sealed
 * @l: the lease
 *
 * Return: the count; 0 for NULL.
 */
VRES_API uint64_t vres_lease_bytes(const vres_lease *l);

/**
 * vres_lease_release() - give the right back
 * @l: NULL does nothing; all work of the device that uses the address has completed
 */
VRES_API void vres_lease_release(vres_lease *l);

#ifdef __cplusplus
}
#endif

#endif
