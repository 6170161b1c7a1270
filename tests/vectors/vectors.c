/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The vectors of make.py beside this file: the standards, the keys, the digest tree, the receipts.
 */
#include <vres/vres.h>

#include "support/suite/alloc.h"
#include "known.h"
#include "sign/record.h"
#include "sign/key.h"
#include "support/suite/status.h"
#include "support/suite/suite.h"
#include "base/validate.h"
#include "vector.h"

#define FILE_OF(name) VECTORS "/" name

static void release_bytes(uint8_t **bytes)
{
	test_free(*bytes);
}

static void destroy(vres_key **key)
{
	vres_key_destroy(*key);
}

START_TEST(sha256_is_that_of_fips_180)
{
	ck_assert_uint_eq(known_sha256(FILE_OF("sha256.txt")), 5);
}
END_TEST

START_TEST(hmac_is_that_of_rfc_4231)
{
	ck_assert_uint_eq(known_hmac(FILE_OF("hmac.txt")), 7);
}
END_TEST

START_TEST(hkdf_is_that_of_rfc_5869)
{
	ck_assert_uint_eq(known_hkdf(FILE_OF("hkdf.txt")), 3);
}
END_TEST

START_TEST(tree_is_that_of_fs_verity_at_every_edge_and_block_size)
{
	ck_assert_uint_eq(known_verity(FILE_OF("verity.txt")), 45);
}
END_TEST

/* The key of a block's token and domain. */
static vres_key *key_of(const struct vectors *v)
{
	size_t n;
	CLEANUP(release_bytes) uint8_t *token = vectors_bytes(v, "token", &n);
	vres_key *key = NULL;
	vres_error err;

	ck_ok(vres_key_derive(token, n, vectors_text(v, "domain"), &key, &err));
	return key;
}

START_TEST(keys_and_subkeys_are_those_of_the_format)
{
	CLEANUP(vectors_close) struct vectors *v = vectors_open(FILE_OF("keys.txt"));
	unsigned blocks = 0;

	for (; vectors_next(v); blocks++) {
		CLEANUP(destroy) vres_key *key = key_of(v);
		CLEANUP(vres_subkeys_destroy) struct vres_subkeys *keys = NULL;
		uint8_t want[32];
		vres_error err;

		vectors_exactly(v, "root", want, sizeof(want));
		ck_assert_mem_eq(key->root, want, 32);
		ck_ok(vres_subkeys_create(key, &keys, &err));
		vectors_exactly(v, "seal", want, sizeof(want));
		ck_assert_mem_eq(keys->seal, want, 32);
		vectors_exactly(v, "id", want, sizeof(want));
		ck_assert_mem_eq(keys->id, want, 32);
	}
	ck_assert_uint_eq(blocks, 6);
}
END_TEST

static void put_text(const struct vectors *v, const char *key, char *to, size_t capacity)
{
	const char *text = vectors_text(v, key);

	ck_assert_uint_lt(strlen(text), capacity);
	memcpy(to, text, strlen(text) + 1);
}

static uint32_t small(const struct vectors *v, const char *key)
{
	const uint64_t number = vectors_number(v, key);

	ck_assert_uint_le(number, UINT32_MAX);
	return (uint32_t)number;
}

static struct vres_record record_of(const struct vectors *v)
{
	struct vres_record r = {.gpu_device = small(v, "gpu_device"),
	                        .flags = small(v, "flags"),
	                        .digest_alg = small(v, "digest_alg"),
	                        .block_size = small(v, "block_size"),
	                        .shard_index = small(v, "shard_index"),
	                        .total_shards = small(v, "total_shards"),
	                        .assurance = small(v, "assurance"),
	                        .origin = small(v, "origin"),
	                        .vram_bytes = vectors_number(v, "vram_bytes"),
	                        .sealed_at = vectors_number(v, "sealed_at"),
	                        .allow = vectors_number(v, "allow"),
	                        .require = vectors_number(v, "require"),
	                        .lease_max_age = vectors_number(v, "lease_max_age"),
	                        .lease_verify = small(v, "lease_verify"),
	                        .sample_units = small(v, "sample_units"),
	                        .tensors = vectors_have(v, "tensors") ? small(v, "tensors") : 0,
	                        .epoch = vectors_have(v, "epoch") ? small(v, "epoch") : 0};

	put_text(v, "shard_id", r.shard_id, sizeof(r.shard_id));
	put_text(v, "model_ref", r.model_ref, sizeof(r.model_ref));
	put_text(v, "group_id", r.group_id, sizeof(r.group_id));
	put_text(v, "worker_id", r.worker_id, sizeof(r.worker_id));
	put_text(v, "device_uuid", r.device_uuid, sizeof(r.device_uuid));
	put_text(v, "backend", r.backend, sizeof(r.backend));
	vectors_exactly(v, "digest", r.digest, sizeof(r.digest));
	vectors_exactly(v, "verity_root", r.verity_root, sizeof(r.verity_root));
	vectors_exactly(v, "session", r.session, sizeof(r.session));
	vectors_exactly(v, "key_id", r.key_id, sizeof(r.key_id));
	return r;
}

static void ck_records(const char *file, unsigned want_blocks)
{
	CLEANUP(vectors_close) struct vectors *v = vectors_open(file);
	unsigned blocks = 0;

	for (; vectors_next(v); blocks++) {
		CLEANUP(destroy) vres_key *key = key_of(v);
		CLEANUP(vres_subkeys_destroy) struct vres_subkeys *keys = NULL;
		const struct vres_record record = record_of(v);
		struct vres_record decoded;
		size_t n;
		CLEANUP(release_bytes) uint8_t *want = vectors_bytes(v, "record", &n);
		uint8_t bytes[RECORD_MAX], mac[MAC_BYTES], want_mac[MAC_BYTES];
		vres_error err;

		ck_assert_uint_eq(vres_record_encode(&record, bytes), n);
		ck_assert_mem_eq(bytes, want, n);
		ck_ok(vres_subkeys_create(key, &keys, &err));
		ck_ok(vres_record_sign(&record, keys, mac, &err));
		vectors_exactly(v, "mac", want_mac, sizeof(want_mac));
		ck_assert_mem_eq(mac, want_mac, sizeof(mac));
		ck_assert_mem_eq(record.key_id, keys->id, KEY_ID_BYTES);
		ck_ok(vres_record_decode(want, n, &decoded, &err));
		ck_assert_mem_eq(&decoded, &record, sizeof(record));
	}
	ck_assert_uint_eq(blocks, want_blocks);
}

START_TEST(records_have_the_bytes_and_the_mac_of_the_format)
{
	ck_records(FILE_OF("receipt.txt"), 8);
}
END_TEST

START_TEST(what_version_1_has_no_place_for_is_a_record_of_version_2)
{
	ck_records(FILE_OF("receipt2.txt"), 10);
}
END_TEST

static void ck_info(const struct vectors *v, const vres_shard_info *info)
{
	ck_assert_str_eq(info->shard_id, vectors_text(v, "shard_id"));
	ck_assert_str_eq(info->model_ref, vectors_text(v, "model_ref"));
	ck_assert_str_eq(info->group_id, vectors_text(v, "group_id"));
	ck_assert_str_eq(info->digest, vectors_text(v, "digest"));
	ck_assert_str_eq(info->verity_digest, vectors_text(v, "verity_digest"));
	ck_assert_str_eq(info->device_uuid, vectors_text(v, "device_uuid"));
	ck_assert_str_eq(info->backend, vectors_text(v, "backend"));
	ck_assert_uint_eq(info->gpu_device, vectors_number(v, "gpu_device"));
	ck_assert_uint_eq(info->vram_bytes, vectors_number(v, "vram_bytes"));
	ck_assert_uint_eq(info->sealed_at, vectors_number(v, "sealed_at"));
	ck_assert_uint_eq(info->simulated, vectors_number(v, "flags") & 1);
	ck_assert_uint_eq(info->adopted, vectors_number(v, "flags") >> 1);
	ck_assert_uint_eq(info->allow, vectors_number(v, "allow"));
	ck_assert_uint_eq(info->require, vectors_number(v, "require"));
	ck_assert_uint_eq(info->tensors,
	                  vectors_have(v, "tensors") ? vectors_number(v, "tensors") : 0);
	ck_assert_uint_eq(info->epoch, vectors_have(v, "epoch") ? vectors_number(v, "epoch") : 0);
}

static void ck_receipts(const char *file)
{
	CLEANUP(vectors_close) struct vectors *v = vectors_open(file);
	CLEANUP(destroy) vres_key *other = NULL;
	vres_error err;

	ck_ok(vres_key_derive("other", 5, NULL, &other, &err));
	while (vectors_next(v)) {
		CLEANUP(destroy) vres_key *key = key_of(v);
		vres_shard_info info = vres_shard_info_init();
		uint8_t receipt[RECEIPT_MAX];
		size_t n;
		CLEANUP(release_bytes) uint8_t *record = vectors_bytes(v, "record", &n);

		memcpy(receipt, record, n);
		vectors_exactly(v, "mac", receipt + n, MAC_BYTES);
		ck_ok(vres_receipt_check(receipt, n + MAC_BYTES, key, &info, &err));
		ck_info(v, &info);
		ck_refused(vres_receipt_check(receipt, n + MAC_BYTES, other, &info, &err),
		           VRES_REASON_SIGNATURE);
	}
}

START_TEST(receipts_made_elsewhere_are_checked_with_their_key_and_no_other)
{
	ck_receipts(FILE_OF("receipt.txt"));
	ck_receipts(FILE_OF("receipt2.txt"));
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE(sha256_is_that_of_fips_180, "CI-004", "integrity", ""),
		CASE(hmac_is_that_of_rfc_4231, "CI-001 VR-002", "authenticity", ""),
		CASE(hkdf_is_that_of_rfc_5869, "CI-005 SM-LOAD-4003", "confidentiality", ""),
		CASE(tree_is_that_of_fs_verity_at_every_edge_and_block_size, "CI-004 WORKER-4113",
	             "integrity", ""),
		CASE(keys_and_subkeys_are_those_of_the_format, "CI-005 SM-LOAD-4003",
	             "authenticity", ""),
		CASE(records_have_the_bytes_and_the_mac_of_the_format,
	             "CI-001 CI-002 VR-002 WORKER-4120", "authenticity",
	             "a field that is not signed"),
		CASE(what_version_1_has_no_place_for_is_a_record_of_version_2,
	             "CI-001 CI-002 VR-002", "authenticity", "a field that is not signed"),
		CASE(receipts_made_elsewhere_are_checked_with_their_key_and_no_other,
	             "VP-006 CI-001", "authenticity", "a forged receipt"),
	};

	return suite_run("vectors", "vectors", cases, COUNT(cases));
}
