/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Receipts: the signed record of a seal, carried elsewhere and presented again.
 */
#ifndef VRES_RECEIPT_H
#define VRES_RECEIPT_H

#include <vres/key.h>
#include <vres/manager.h>
#include <vres/shard.h>
#include <vres/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * vres_shard_receipt() - the signed record of a seal, to be carried elsewhere (docs/FORMAT.md)
 * @s:   the shard
 * @buf: where to, or NULL with @cap 0 to ask for the size
 * @cap: bytes at @buf
 * @len: bytes of the receipt; also set by VRES_E_BUFFER
 *
 * Return: VRES_OK; VRES_E_BUFFER; VRES_E_SEAL_VERIFICATION_FAILED, reason QUARANTINED.
 */
VRES_API VRES_MUST_CHECK vres_status vres_shard_receipt(const vres_shard *s, void *buf, size_t cap,
                                                        size_t *len, vres_error *err);

/**
 * vres_receipt_check() - who signed this?  Origin, not liveness: needs no manager and says nothing
 * of VRAM now
 * @receipt: the bytes
 * @len:     how many
 * @key:     the key of the manager that signed it
 * @out:     from vres_shard_info_init(); state SEALED, leases 0, verified_at 0
 *
 * Return: VRES_OK; VRES_E_NOT_SEALED (too short to hold a MAC); VRES_E_SEAL_VERIFICATION_FAILED,
 *         reason SIGNATURE; VRES_E_INVALID_INPUT
 * (well signed, but not a record this library writes).
 */
VRES_API VRES_MUST_CHECK vres_status vres_receipt_check(const void *receipt, size_t len,
                                                        const vres_key *key, vres_shard_info *out,
                                                        vres_error *err);

/**
 * vres_receipt_open() - the live shard that a presented receipt speaks of
 * @m:       the manager
 * @receipt: the bytes
 * @len:     how many
 * @out:     a new reference, to be given to vres_shard_release()
 *
 * The MAC is checked over the bytes before anything is decoded, then the session, then a live shard
 * that matches every field.
 *
 * Return: VRES_OK; VRES_E_NOT_SEALED; VRES_E_SEAL_VERIFICATION_FAILED with reason SIGNATURE,
 *         STALE_SESSION, UNKNOWN_SHARD, EXPIRED or
 * QUARANTINED; VRES_E_AUDIT.  A bad receipt never quarantines a shard.
 */
VRES_API VRES_MUST_CHECK vres_status vres_receipt_open(vres_manager *m, const void *receipt,
                                                       size_t len, vres_shard **out,
                                                       vres_error *err);

#ifdef __cplusplus
}
#endif

#endif
