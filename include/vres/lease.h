/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Leases: the right to use the memory of a shard.
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
 * vres_lease_acquire() - get the right to use a shard's memory; the only way to a device address
 * @s:   the shard
 * @out: the lease, to be given to vres_lease_release()
 *
 * Verifies as policy's lease_verify says, unless a verification at least as strong and no older
 * than lease_max_age exists; a sample is as strong as it has units.  Until the lease is released
 * the memory stays at one address and is not freed, even if shard and manager are given back
 * meanwhile.
 *
 * Return: as vres_shard_verify().
 */
VRES_API VRES_MUST_CHECK vres_status vres_lease_acquire(vres_shard *s, vres_lease **out,
                                                        vres_error *err);

/**
 * vres_lease_check() - has the shard been quarantined or lost since?  Cheap: asks no driver.
 * @l:   the lease
 *
 * Return: VRES_OK; VRES_E_SEAL_VERIFICATION_FAILED, reason QUARANTINED; VRES_E_DEVICE_LOST.
 */
VRES_API VRES_MUST_CHECK vres_status vres_lease_check(const vres_lease *l, vres_error *err);

/**
 * vres_lease_device_ptr() - the device address of the first byte
 * @l: the lease
 *
 * Read-only by contract: what writes there is found by the next verification.
 *
 * Return: the address; 0 for NULL and in a forked child.
 */
VRES_API uint64_t vres_lease_device_ptr(const vres_lease *l);

/**
 * vres_lease_bytes() - how many bytes may be read there
 * @l: the lease
 *
 * Return: the count; 0 for NULL.
 */
VRES_API uint64_t vres_lease_bytes(const vres_lease *l);

/**
 * vres_lease_release() - give the right back
 * @l: NULL is allowed; all device work that uses the address has completed
 */
VRES_API void vres_lease_release(vres_lease *l);

#ifdef __cplusplus
}
#endif

#endif
