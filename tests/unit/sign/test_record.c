/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The signed record has one encoding, and a MAC over every byte of it.  Known bytes are in
 * tests/vectors.
 */
#include "sign/record.h"
#include "support/suite/alloc.h"
#include "support/suite/status.h"
#include "support/suite/suite.h"
#include "base/validate.h"
#include "hash/tree.h"

static struct vres_record sample(void)
{
	struct vres_record r = {.shard_id = "shard-0",
	                        .model_ref = "hf:org/m\xc3\xb6"
	                                     "del",
	                        .group_id = "group_1",
	                        .worker_id = "worker-7",
	                        .device_uuid = "GPU-0",
	                        .backend = "cuda",
	                        .gpu_device = 3,
	                        .flags = RECORD_SIMULATED | RECORD_ADOPTED,
	                        .digest_alg = VRES_DIGEST_VERITY,
	                        .block_size = 4096,
	                        .shard_index = 2,
	                        .total_shards = 4,
	                        .assurance = VRES_ASSURANCE_VMM,
	                        .origin = ORIGIN_AS_FILE,
	                        .vram_bytes = 5000000000,
	                        .sealed_at = UINT64_C(1700000000123456789),
	                        .allow = VRES_ALLOW_ALL,
	                        .require = VRES_REQUIRE_VMM,
	                        .lease_max_age = 5,
	                        .lease_verify = VRES_VERIFY_SAMPLED,
	                        .sample_units = 64};

	memset(r.digest, 0xd1, sizeof(r.digest));
	memset(r.verity_root, 0xd2, sizeof(r.verity_root));
	memset(r.session, 0xd3, sizeof(r.session));
	memset(r.key_id, 0xd4, sizeof(r.key_id));
	return r;
}

/* Every string is as long and every integer as large as possible. */
static struct vres_record longest(void)
{
	struct vres_record r = sample();

	memset(r.shard_id, 'a', SHARD_ID_MAX);
	memset(r.model_ref, 'b', MODEL_REF_MAX);
	memset(r.group_id, 'c', GROUP_ID_MAX);
	memset(r.worker_id, 'd', WORKER_ID_MAX);
	memset(r.device_uuid, 'e', sizeof(r.device_uuid) - 1);
	memset(r.backend, 'f', sizeof(r.backend) - 1);
	r.gpu_device = r.sample_units = r.total_shards = UINT32_MAX;
	r.shard_index = UINT32_MAX - 1;
	r.vram_bytes = r.sealed_at = r.allow = r.require = r.lease_max_age = UINT64_MAX;
	return r;
}

static struct vres_record shortest(void)
{
	struct vres_record r = {.shard_id = "a",
	                        .worker_id = "b",
	                        .backend = "c",
	                        .block_size = 1024,
	                        .vram_bytes = 1};

	return r;
}

static bool same(const struct vres_record *a, const struct vres_record *b)
{
	uint8_t left[RECORD_MAX], right[RECORD_MAX];
	const size_t n = vres_record_encode(a, left);

	return n == vres_record_encode(b, right) && memcmp(left, right, n) == 0;
}

START_TEST(decoding_gives_back_every_field_that_was_encoded)
{
	const struct vres_record records[] = {sample(), longest(), shortest()};
	uint8_t bytes[RECORD_MAX];
	vres_error err;

	for (size_t i = 0; i < COUNT(records); i++) {
		const struct vres_record *r = &records[i];
		struct vres_record got;

		memset(&got, 0xa5, sizeof(got));
		ck_ok(vres_record_decode(bytes, vres_record_encode(r, bytes), &got, &err));
		/* even the padding is equal, since both began as zeros */
		ck_assert_mem_eq(&got, r, sizeof(got));
	}
}
END_TEST

START_TEST(longest_record_fits_its_buffer)
{
	const struct vres_record r = longest();
	uint8_t bytes[RECORD_MAX + 1];

	bytes[RECORD_MAX] = 0xa5;
	ck_assert_uint_lt(vres_record_encode(&r, bytes), RECORD_MAX);
	ck_assert_uint_eq(bytes[RECORD_MAX], 0xa5);
}
END_TEST

/* Each field is changed alone.  If one were not encoded, its change would not show in the bytes. */
START_TEST(every_field_is_in_the_bytes)
{
	const struct vres_record r = sample();
	struct vres_record c[27];

	for (size_t i = 0; i < COUNT(c); i++)
		c[i] = r;
	c[0].shard_id[0] = 'x';
	c[1].model_ref[0] = 'x';
	c[2].group_id[0] = 'x';
	c[3].worker_id[0] = 'x';
	c[4].device_uuid[0] = 'x';
	c[5].backend[0] = 'x';
	c[6].gpu_device++;
	c[7].flags ^= RECORD_ADOPTED;
	c[8].digest_alg ^= 1;
	c[9].block_size *= 2;
	c[10].shard_index++;
	c[11].total_shards++;
	c[12].assurance--;
	c[13].origin++;
	c[14].vram_bytes++;
	c[15].sealed_at++;
	c[16].digest[31]++;
	c[17].verity_root[31]++;
	c[18].session[15]++;
	c[19].key_id[7]++;
	c[20].allow ^= 1;
	c[21].require ^= 2;
	c[22].lease_max_age++;
	c[23].lease_verify++;
	c[24].sample_units++;
	c[25].model_ref[0] = '\0';
	c[26].group_id[0] = '\0';
	for (size_t i = 0; i < COUNT(c); i++)
		ck_assert_msg(!same(&c[i], &r), "field %zu", i);
}
END_TEST

static struct vres_subkeys keys_of(uint8_t fill)
{
	struct vres_subkeys keys;

	memset(&keys, fill, sizeof(keys));
	return keys;
}

START_TEST(mac_fits_its_record_its_key_and_nothing_else)
{
	const struct vres_subkeys keys = keys_of(1);
	struct vres_subkeys other = keys_of(1);
	struct vres_record r = sample();
	uint8_t mac[MAC_BYTES];
	vres_error err;

	ck_ok(vres_record_sign(&r, &keys, mac, &err));
	ck_ok(vres_record_authenticate(&r, &keys, mac, &err));
	for (unsigned bit = 0; bit < 8 * MAC_BYTES; bit++) {
		mac[bit / 8] ^= (uint8_t)(1u << bit % 8);
		ck_refused(vres_record_authenticate(&r, &keys, mac, &err), VRES_REASON_SIGNATURE);
		mac[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	ck_assert_uint_eq(err.gpu_device, 3);
	r.sealed_at++;
	ck_refused(vres_record_authenticate(&r, &keys, mac, &err), VRES_REASON_SIGNATURE);
	r.sealed_at--;
	memset(other.seal, 2, sizeof(other.seal));
	ck_refused(vres_record_authenticate(&r, &other, mac, &err), VRES_REASON_SIGNATURE);
	other = keys;
	memset(other.id, 2, sizeof(other.id)); /* this subkey is not for signing */
	ck_ok(vres_record_authenticate(&r, &other, mac, &err));
}
END_TEST

static size_t receipt(const struct vres_record *r, const struct vres_subkeys *keys,
                      uint8_t bytes[RECEIPT_MAX])
{
	const size_t n = vres_record_encode(r, bytes);
	vres_error err;

	ck_ok(vres_record_sign(r, keys, bytes + n, &err));
	return n + MAC_BYTES;
}

START_TEST(receipt_is_decoded_only_under_its_mac)
{
	const struct vres_subkeys keys = keys_of(1), other = keys_of(2);
	const struct vres_record r = sample();
	uint8_t bytes[RECEIPT_MAX];
	const size_t n = receipt(&r, &keys, bytes);
	struct vres_record got;
	vres_error err;

	ck_ok(vres_receipt_decode(bytes, n, &keys, &got, &err));
	ck_assert(same(&got, &r));
	ck_refused(vres_receipt_decode(bytes, n, &other, &got, &err), VRES_REASON_SIGNATURE);
	for (size_t at = 0; at < n; at++) {
		bytes[at] ^= 1;
		ck_refused(vres_receipt_decode(bytes, n, &keys, &got, &err), VRES_REASON_SIGNATURE);
		bytes[at] ^= 1;
	}
	for (size_t cut = 0; cut < n; cut++)
		ck_status(vres_receipt_decode(bytes, cut, &keys, &got, &err),
		          cut <= MAC_BYTES ? VRES_E_NOT_SEALED : VRES_E_SEAL_VERIFICATION_FAILED);
}
END_TEST

START_TEST(receipt_longer_than_any_is_refused_unread)
{
	const struct vres_subkeys keys = keys_of(1);
	struct vres_record got;
	vres_error err;

	ck_refused(vres_receipt_decode("", SIZE_MAX, &keys, &got, &err), VRES_REASON_SIGNATURE);
	ck_refused(vres_receipt_decode("", RECEIPT_MAX + 1, &keys, &got, &err),
	           VRES_REASON_SIGNATURE);
}
END_TEST

START_TEST(description_says_what_the_record_says)
{
	const struct vres_record r = sample();
	vres_shard_info info;
	uint8_t verity[32];
	char hex[65];
	vres_error err;

	ck_ok(vres_record_describe(&r, &info, &err));
	ck_assert_str_eq(info.shard_id, r.shard_id);
	ck_assert_str_eq(info.model_ref, r.model_ref);
	ck_assert_str_eq(info.group_id, r.group_id);
	ck_assert_str_eq(info.device_uuid, r.device_uuid);
	ck_assert_str_eq(info.backend, r.backend);
	vres_hex(r.digest, hex);
	ck_assert_str_eq(info.digest, hex);
	ck_ok(tree_digest(r.vram_bytes, r.block_size, r.verity_root, verity, &err));
	vres_hex(verity, hex);
	ck_assert_str_eq(info.verity_digest, hex);
	ck_assert_uint_eq(info.gpu_device, 3);
	ck_assert_uint_eq(info.shard_index, 2);
	ck_assert_uint_eq(info.total_shards, 4);
	ck_assert_uint_eq(info.digest_alg, VRES_DIGEST_VERITY);
	ck_assert_uint_eq(info.state, VRES_SHARD_SEALED);
	ck_assert_uint_eq(info.adopted, 1);
	ck_assert_uint_eq(info.simulated, 1);
	ck_assert_uint_eq(info.leases, 0);
	ck_assert_uint_eq(info.assurance, VRES_ASSURANCE_VMM);
	ck_assert_uint_eq(info.vram_bytes, r.vram_bytes);
	ck_assert_uint_eq(info.sealed_at, r.sealed_at);
	ck_assert_uint_eq(info.verified_at, 0);
	ck_assert_uint_eq(info.allow, VRES_ALLOW_ALL);
	ck_assert_uint_eq(info.require, VRES_REQUIRE_VMM);
	ck_assert_uint_eq(info.struct_size, sizeof(info));
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE(decoding_gives_back_every_field_that_was_encoded, "CI-002 VR-002", "integrity",
	             ""),
		CASE(longest_record_fits_its_buffer, "VR-006 MS-007", "integrity",
	             "a write past a buffer"),
		CASE(every_field_is_in_the_bytes, "CI-002 VR-002 WORKER-4120", "authenticity",
	             "a field that is not signed"),
		CASE(mac_fits_its_record_its_key_and_nothing_else, "CI-001 CI-002 VR-002",
	             "authenticity", "a forged record, another key"),
		CASE(receipt_is_decoded_only_under_its_mac, "CI-001 VR-004 VP-006", "authenticity",
	             "a forged receipt"),
		CASE(receipt_longer_than_any_is_refused_unread, "VR-005 VR-006", "availability",
	             "a receipt of absurd length"),
		CASE(description_says_what_the_record_says, "WORKER-4110", "", ""),
	};

	return suite_run("unit.record", "unit", cases, COUNT(cases));
}
