/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Receipts: the signed record of a seal as bytes (docs/FORMAT.md), to be stored or sent and
 * presented again.
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
 * vres_shard_receipt() - the receipt of a shard
 * @s:   the shard
 * @buf: receives the receipt; NULL, with @cap 0, to ask for the size
 * @cap: bytes at @buf
 * @len: bytes of the receipt; also set with VRES_E_BUFFER
 *
 * Return: VRES_OK; VRES_E_BUFFER; VRES_E_SEAL_VERIFICATION_FAILED with reason QUARANTINED.
 */
VRES_API VRES_MUST_CHECK vres_status vres_shard_receipt(const vres_shard *s, void *buf, size_t cap,
                                                        size_t *len, vres_error *err);

/**
 * vres_receipt_check() - was this receipt signed with this key?
 * @receipt: the receipt
 * @len:     its length in bytes
 * @key:     the key of the manager that signed it
 * @out:     from vres_shard_info_init(); state is SEALED, leases and verified_at are 0
 *
 * Needs no manager.  It shows who signed the receipt, and says nothing about VRAM now.
 *
 * Return: VRES_OK; VRES_E_NOT_SEALED (too short to contain a MAC); VRES_E_SEAL_VERIFICATION_FAILED
 *         with reason SIGNATURE; VRES_E_INVALID_INPUT (correctly signed, but not a record that this
 *         library writes).
 */
VRES_API VRES_MUST_CHECK vres_status vres_receipt_check(const void *receipt, size_t len,
                                                        const vres_key *key, vres_shard_info *out,
                                                        vres_error *err);

/**
 * vres_receipt_open() - find the live shard that a presented receipt describes
 * @m:       the manager
 * @receipt: the receipt
 * @len:     its length in bytes
 * @out:     a new reference, to be given to vres_shard_release()
 *
 * Checks the MAC before it decodes anything, then the session, then that a live shard matches in
 * every field.  A bad receipt never quarantines a shard.
 *
 * Return: VRES_OK; VRES_E_NOT_SEALED; VRES_E_SEAL_VERIFICATION_FAILED with reason SIGNATURE,
 *         STALE_SESSION, UNKNOWN_SHARD, EXPIRED or QUARANTINED; VRES_E_STATE with reason SUSPENDED,
 *         or SUPERSEDED (the shard holds other bytes since, by vres_shard_resume());
 *         VRES_E_INVALID_INPUT as for vres_receipt_check().
 */
VRES_API VRES_MUST_CHECK vres_status vres_receipt_open(vres_manager *m, const void *receipt,
                                                       size_t len, vres_shard **out,
                                                       vres_error *err);

/**
 * vres_shard_match() - is this description the one of this shard?
 * @s:       the shard
 * @claimed: a description that travelled, as vres_shard_describe() gave it; its struct_size says
 *           how much of it there is
 *
 * Compares every field that is signed; state, suspended, leases and verified_at are not.  A
 * difference is an event with mode match, at most ten times a second, and never quarantines: the
 * description is wrong, not the shard.  It says nothing about VRAM now.
 *
 * Return: VRES_OK; VRES_E_SEAL_VERIFICATION_FAILED with reason SIGNATURE (the message names the
 *         first field that differs) or QUARANTINED; VRES_E_STATE with reason SUSPENDED, or
 *         SUPERSEDED (it is of an earlier epoch); VRES_E_INVALID_INPUT; VRES_E_ABI;
 *         VRES_E_POLICY_VIOLATION (the manager has stopped).
 */
VRES_API VRES_MUST_CHECK vres_status vres_shard_match(const vres_shard *s,
                                                      const vres_shard_info *claimed,
                                                      vres_error *err);

#ifdef __cplusplus
}
#endif

#endif
