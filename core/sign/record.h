/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The signed record of a seal: every field there is, in a fixed order, with one encoding
 * (docs/FORMAT.md, "Seal record").  A receipt is the record's bytes and their HMAC.  Pure: no
 * device, no clock.
 */
#ifndef VRES_CORE_SIGN_RECORD_H
#define VRES_CORE_SIGN_RECORD_H

#include <vres/vres.h>

#include "base/validate.h"
#include "sign/key.h"

#define SESSION_BYTES 16u
#define MAC_BYTES     VRES_SHA256_BYTES
/* more than the longest strings and all integers take; record.c checks */
#define RECORD_MAX  1536u
#define RECEIPT_MAX (RECORD_MAX + MAC_BYTES)

#define RECORD_SIMULATED 1u
#define RECORD_ADOPTED   2u

#define ORIGIN_AS_FILE 0u /* the bytes in VRAM are in the order in which they are digested */
#define ORIGIN_TENSORS 1u /* named ranges, each digested as it lies */

#define TENSORS_MAX        (UINT32_C(1) << 20)
#define TENSORS_BLOCK_SIZE 4096u

struct vres_record {
	char shard_id[SHARD_ID_MAX + 1], model_ref[MODEL_REF_MAX + 1], group_id[GROUP_ID_MAX + 1],
		worker_id[WORKER_ID_MAX + 1];
	char device_uuid[48], backend[16];
	uint32_t gpu_device, flags, digest_alg, block_size, shard_index, total_shards, assurance,
		origin;
	uint64_t vram_bytes, sealed_at;
	uint8_t digest[VRES_SHA256_BYTES], verity_root[VRES_SHA256_BYTES];
	uint8_t session[SESSION_BYTES], key_id[KEY_ID_BYTES];
	uint64_t allow, require, lease_max_age;
	uint32_t lease_verify, sample_units;
	uint32_t tensors; /* 0: not a shard of tensors */
	uint32_t epoch;   /* how often other bytes have taken the place of those sealed */
};

/* The record's bytes; @bytes has room for RECORD_MAX. */
size_t vres_record_encode(const struct vres_record *record, uint8_t *bytes);

/* The only record that encodes to exactly these bytes, or VRES_E_INVALID_INPUT. */
vres_status vres_record_decode(const uint8_t *bytes, size_t n, struct vres_record *out,
                               vres_error *err);

vres_status vres_record_sign(const struct vres_record *record, const struct vres_subkeys *keys,
                             uint8_t mac[MAC_BYTES], vres_error *err);

/* Does @mac fit the record?  VRES_E_SEAL_VERIFICATION_FAILED, reason SIGNATURE, if not. */
vres_status vres_record_authenticate(const struct vres_record *record,
                                     const struct vres_subkeys *keys, const uint8_t mac[MAC_BYTES],
                                     vres_error *err);

/* Check the MAC over the bytes, then decode them. */
vres_status vres_receipt_decode(const void *receipt, size_t n, const struct vres_subkeys *keys,
                                struct vres_record *out, vres_error *err);

/* The public view of a record: SEALED, no leases, not verified since. */
vres_status vres_record_describe(const struct vres_record *record, vres_shard_info *out,
                                 vres_error *err);

#endif
