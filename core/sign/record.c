/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Encoding, decoding and signing the record; vres_receipt_check(). */
#include "sign/record.h"

#include "base/abi.h"
#include "hash/tree.h"
#include "os/os.h"
#include "base/validate.h"
#include "base/wire.h"

#define RECORD_TAG_1 "vres-seal-rec-v1"
#define RECORD_TAG_2 "vres-seal-rec-v2"
enum { RECORD_TAG_BYTES = sizeof(RECORD_TAG_1) - 1 /* signed without the NUL */ };

/* tag, 11 lengths, strings, byte strings, integers */
_Static_assert(RECORD_TAG_BYTES + 11 * 4 + SHARD_ID_MAX + MODEL_REF_MAX + GROUP_ID_MAX +
                               WORKER_ID_MAX + 47 + 15 + 2 * VRES_SHA256_BYTES + SESSION_BYTES +
                               KEY_ID_BYTES + 12 * 4 + 5 * 8 <=
                       RECORD_MAX,
               "the longest record fits its buffer");

/* What version 1 has no place for is written in version 2, and nothing else. */
static bool needs_version_2(const struct vres_record *record)
{
	return record->digest_alg > VRES_DIGEST_VERITY || record->epoch > 0;
}

size_t vres_record_encode(const struct vres_record *record, uint8_t *bytes)
{
	struct wire_writer w = {.bytes = bytes, .capacity = RECORD_MAX};

	wire_put_raw(&w, needs_version_2(record) ? RECORD_TAG_2 : RECORD_TAG_1, RECORD_TAG_BYTES);
	wire_put_string(&w, record->shard_id);
	wire_put_string(&w, record->model_ref);
	wire_put_u32(&w, record->gpu_device);
	wire_put_string(&w, record->device_uuid);
	wire_put_string(&w, record->backend);
	wire_put_u32(&w, record->flags);
	wire_put_u64(&w, record->vram_bytes);
	wire_put_u32(&w, record->digest_alg);
	wire_put_bytes(&w, record->digest, sizeof(record->digest));
	wire_put_u32(&w, record->block_size);
	wire_put_bytes(&w, record->verity_root, sizeof(record->verity_root));
	wire_put_u32(&w, record->shard_index);
	wire_put_u32(&w, record->total_shards);
	wire_put_string(&w, record->group_id);
	wire_put_string(&w, record->worker_id);
	wire_put_u64(&w, record->sealed_at);
	wire_put_bytes(&w, record->session, sizeof(record->session));
	wire_put_bytes(&w, record->key_id, sizeof(record->key_id));
	wire_put_u64(&w, record->allow);
	wire_put_u64(&w, record->require);
	wire_put_u32(&w, record->lease_verify);
	wire_put_u64(&w, record->lease_max_age);
	wire_put_u32(&w, record->sample_units);
	wire_put_u32(&w, record->assurance);
	wire_put_u32(&w, record->origin);
	if (needs_version_2(record)) {
		wire_put_u32(&w, record->tensors);
		wire_put_u32(&w, record->epoch);
	}
	return w.length;
}

static void record_read(struct wire_reader *r, bool is_version_2, struct vres_record *record)
{
	wire_get_string(r, record->shard_id, sizeof(record->shard_id));
	wire_get_string(r, record->model_ref, sizeof(record->model_ref));
	record->gpu_device = wire_get_u32(r);
	wire_get_string(r, record->device_uuid, sizeof(record->device_uuid));
	wire_get_string(r, record->backend, sizeof(record->backend));
	record->flags = wire_get_u32(r);
	record->vram_bytes = wire_get_u64(r);
	record->digest_alg = wire_get_u32(r);
	wire_get_bytes(r, record->digest, sizeof(record->digest));
	record->block_size = wire_get_u32(r);
	wire_get_bytes(r, record->verity_root, sizeof(record->verity_root));
	record->shard_index = wire_get_u32(r);
	record->total_shards = wire_get_u32(r);
	wire_get_string(r, record->group_id, sizeof(record->group_id));
	wire_get_string(r, record->worker_id, sizeof(record->worker_id));
	record->sealed_at = wire_get_u64(r);
	wire_get_bytes(r, record->session, sizeof(record->session));
	wire_get_bytes(r, record->key_id, sizeof(record->key_id));
	record->allow = wire_get_u64(r);
	record->require = wire_get_u64(r);
	record->lease_verify = wire_get_u32(r);
	record->lease_max_age = wire_get_u64(r);
	record->sample_units = wire_get_u32(r);
	record->assurance = wire_get_u32(r);
	record->origin = wire_get_u32(r);
	if (is_version_2) {
		record->tensors = wire_get_u32(r);
		record->epoch = wire_get_u32(r);
	}
}

static vres_status optional_identifier(const char *string, size_t max, const char *what,
                                       vres_error *err)
{
	return string[0] == '\0' ? VRES_OK : vres_check_identifier(string, max, what, err);
}

/* The fields of a shard of tensors, and no others, or those of one range of bytes. */
static bool kind_is_consistent(const struct vres_record *record)
{
	if (record->digest_alg < VRES_DIGEST_TENSORS)
		return record->tensors == 0 && record->origin == ORIGIN_AS_FILE;
	return record->digest_alg == VRES_DIGEST_TENSORS && record->tensors > 0 &&
	       record->tensors <= TENSORS_MAX && record->origin == ORIGIN_TENSORS &&
	       record->block_size == TENSORS_BLOCK_SIZE;
}

static vres_status record_check(const struct vres_record *record, vres_error *err)
{
	const bool in_set = record->total_shards > 0;

	TRY(vres_check_identifier(record->shard_id, SHARD_ID_MAX, "the record's shard_id", err));
	TRY(vres_check_text(record->model_ref, MODEL_REF_MAX, "the record's model_ref", err));
	TRY(optional_identifier(record->group_id, GROUP_ID_MAX, "the record's group_id", err));
	TRY(vres_check_identifier(record->worker_id, WORKER_ID_MAX, "the record's worker_id", err));
	TRY(vres_check_text(record->device_uuid, sizeof(record->device_uuid) - 1,
	                    "the record's device UUID", err));
	TRY(vres_check_identifier(record->backend, sizeof(record->backend) - 1,
	                          "the record's backend", err));
	if (record->flags > (RECORD_SIMULATED | RECORD_ADOPTED) || !kind_is_consistent(record) ||
	    record->vram_bytes == 0 || record->assurance > VRES_ASSURANCE_VMM ||
	    record->lease_verify > VRES_VERIFY_READBACK)
		return vres_fail(err, VRES_E_INVALID_INPUT, "the record has a value out of range");
	if (!tree_block_size_is_valid(record->block_size))
		return vres_fail(err, VRES_E_INVALID_INPUT, "the record's block size is not valid");
	if (in_set ? record->shard_index >= record->total_shards : record->shard_index != 0)
		return vres_fail(err, VRES_E_INVALID_INPUT,
		                 "the record's shard_index does not fit its total_shards");
	return VRES_OK;
}

vres_status vres_record_decode(const uint8_t *bytes, size_t n, struct vres_record *out,
                               vres_error *err)
{
	struct wire_reader r = {.bytes = bytes, .length = n};
	struct vres_record record = {0};
	char tag[RECORD_TAG_BYTES];
	bool is_version_2;

	wire_get_raw(&r, tag, sizeof(tag));
	is_version_2 = !r.malformed && memcmp(tag, RECORD_TAG_2, sizeof(tag)) == 0;
	if (r.malformed || (!is_version_2 && memcmp(tag, RECORD_TAG_1, sizeof(tag)) != 0))
		return vres_fail(err, VRES_E_INVALID_INPUT,
		                 "the bytes are not a seal record of version 1 or 2");
	record_read(&r, is_version_2, &record);
	if (!wire_ended(&r))
		return vres_fail(err, VRES_E_INVALID_INPUT,
		                 "the seal record is malformed at byte %zu of %zu", r.position, n);
	TRY(record_check(&record, err));
	if (is_version_2 != needs_version_2(&record))
		return vres_fail(err, VRES_E_INVALID_INPUT,
		                 "the record has another version than its fields need");
	*out = record;
	return VRES_OK;
}

vres_status vres_record_sign(const struct vres_record *record, const struct vres_subkeys *keys,
                             uint8_t mac[MAC_BYTES], vres_error *err)
{
	uint8_t bytes[RECORD_MAX];

	return vres_crypto_hmac(keys->seal, bytes, vres_record_encode(record, bytes), mac, err);
}

vres_status vres_record_authenticate(const struct vres_record *record,
                                     const struct vres_subkeys *keys, const uint8_t mac[MAC_BYTES],
                                     vres_error *err)
{
	uint8_t expected[MAC_BYTES];

	TRY(vres_record_sign(record, keys, expected, err));
	if (!vres_crypto_equal(expected, mac, MAC_BYTES))
		return vres_fail_at(err, VRES_E_SEAL_VERIFICATION_FAILED, VRES_REASON_SIGNATURE,
		                    record->gpu_device,
		                    "the seal's signature does not match its record");
	return VRES_OK;
}

vres_status vres_receipt_decode(const void *receipt, size_t n, const struct vres_subkeys *keys,
                                struct vres_record *out, vres_error *err)
{
	const uint8_t *bytes = receipt;
	uint8_t mac[MAC_BYTES];

	if (n <= MAC_BYTES)
		return vres_fail(err, VRES_E_NOT_SEALED,
		                 "the receipt has %zu bytes, too few to carry a seal", n);
	if (n > RECEIPT_MAX)
		return vres_fail_at(err, VRES_E_SEAL_VERIFICATION_FAILED, VRES_REASON_SIGNATURE,
		                    VRES_NO_DEVICE,
		                    "the receipt has %zu bytes, more than any receipt", n);
	TRY(vres_crypto_hmac(keys->seal, bytes, n - MAC_BYTES, mac, err));
	if (!vres_crypto_equal(mac, bytes + n - MAC_BYTES, MAC_BYTES))
		return vres_fail_at(err, VRES_E_SEAL_VERIFICATION_FAILED, VRES_REASON_SIGNATURE,
		                    VRES_NO_DEVICE,
		                    "the receipt's signature does not match its bytes");
	return vres_record_decode(bytes, n - MAC_BYTES, out, err);
}

vres_status vres_record_describe(const struct vres_record *record, vres_shard_info *out,
                                 vres_error *err)
{
	vres_shard_info info = vres_shard_info_init();
	uint8_t verity[VRES_SHA256_BYTES];

	if (record->tensors == 0) {
		TRY(tree_digest(record->vram_bytes, record->block_size, record->verity_root, verity,
		                err));
		vres_hex(verity, info.verity_digest);
	}
	memcpy(info.shard_id, record->shard_id, sizeof(info.shard_id));
	memcpy(info.model_ref, record->model_ref, sizeof(info.model_ref));
	memcpy(info.group_id, record->group_id, sizeof(info.group_id));
	memcpy(info.device_uuid, record->device_uuid, sizeof(info.device_uuid));
	memcpy(info.backend, record->backend, sizeof(info.backend));
	vres_hex(record->digest, info.digest);
	info.gpu_device = record->gpu_device;
	info.shard_index = record->shard_index;
	info.total_shards = record->total_shards;
	info.digest_alg = record->digest_alg;
	info.state = VRES_SHARD_SEALED;
	info.adopted = (record->flags & RECORD_ADOPTED) != 0;
	info.simulated = (record->flags & RECORD_SIMULATED) != 0;
	info.assurance = record->assurance;
	info.vram_bytes = record->vram_bytes;
	info.sealed_at = record->sealed_at;
	info.allow = record->allow;
	info.require = record->require;
	info.tensors = record->tensors;
	info.epoch = record->epoch;
	*out = info;
	return VRES_OK;
}

vres_status vres_receipt_check(const void *receipt, size_t len, const vres_key *key,
                               vres_shard_info *out, vres_error *err)
{
	PUBLIC_CALL;
	CLEANUP(vres_subkeys_destroy) struct vres_subkeys *keys = NULL;
	struct vres_record record;
	vres_shard_info info;

	TRY(vres_check_given(receipt, "receipt", err));
	TRY(vres_check_given(key, "key", err));
	TRY(vres_abi_out_check(out, offsetof(vres_shard_info, tensors), "vres_shard_info", err));
	TRY(vres_subkeys_create(key, &keys, err));
	TRY(vres_receipt_decode(receipt, len, keys, &record, err));
	TRY(vres_record_describe(&record, &info, err));
	ABI_OUT(out, &info);
	return VRES_OK;
}
