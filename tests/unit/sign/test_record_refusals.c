/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Bytes that are not a record are refused. */
#include "sign/record.h"
#include "support/suite/alloc.h"
#include "support/suite/status.h"
#include "support/suite/suite.h"
#include "base/validate.h"
#include "hash/tree.h"

/* Offset of the length of the first string, shard_id, which follows the tag. */
#define FIRST_LENGTH 16

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

START_TEST(every_truncation_and_every_extension_is_refused)
{
	const struct vres_record r = sample();
	uint8_t bytes[RECORD_MAX + 1] = {0};
	const size_t n = vres_record_encode(&r, bytes);
	struct vres_record got, before;
	vres_error err;

	memset(&got, 0xa5, sizeof(got));
	before = got;
	for (size_t cut = 0; cut < n; cut++)
		ck_status(vres_record_decode(bytes, cut, &got, &err), VRES_E_INVALID_INPUT);
	ck_status(vres_record_decode(bytes, n + 1, &got, &err), VRES_E_INVALID_INPUT);
	ck_assert_mem_eq(&got, &before, sizeof(got));
	ck_ok(vres_record_decode(bytes, n, &got, &err));
}
END_TEST

/* Whatever is decoded must encode to the same bytes, or one record would have two encodings. */
START_TEST(every_change_of_one_byte_is_refused_or_encodes_to_itself)
{
	const struct vres_record r = sample();
	uint8_t bytes[RECORD_MAX], again[RECORD_MAX];
	const size_t n = vres_record_encode(&r, bytes);
	const unsigned step = 16 / suite_scaled(16, 1);
	unsigned refused = 0, taken = 0;

	for (size_t at = 0; at < n; at++)
		for (unsigned change = 1; change < 256; change += step) {
			struct vres_record got;

			bytes[at] ^= (uint8_t)change;
			if (vres_record_decode(bytes, n, &got, NULL) != VRES_OK)
				refused++;
			else if (vres_record_encode(&got, again) == n &&
			         memcmp(again, bytes, n) == 0)
				taken++;
			else
				ck_abort_msg("byte %zu changed by %02x has another encoding", at,
				             change);
			bytes[at] ^= (uint8_t)change;
		}
	ck_assert_uint_gt(refused, 0);
	ck_assert_uint_gt(taken, 0);
	suite_value("refused", refused);
	suite_value("taken", taken);
}
END_TEST

/* Fields that do not go together are refused in whichever version holds them. */
START_TEST(kinds_are_not_mixed_and_a_record_has_the_version_that_it_needs)
{
	static const struct {
		uint32_t alg, tensors, epoch, origin, block_size;
		bool is_good;
	} cases[] = {
		{VRES_DIGEST_TENSORS, 1, 0, 1, 4096, true},
		{VRES_DIGEST_TENSORS, TENSORS_MAX, UINT32_MAX, 1, 4096, true},
		{VRES_DIGEST_VERITY, 0, 1, 0, 4096, true},
		{VRES_DIGEST_SHA256, 0, 1, 0, 1024, true},
		{VRES_DIGEST_TENSORS, 0, 0, 1, 4096, false},
		{VRES_DIGEST_TENSORS, TENSORS_MAX + 1, 0, 1, 4096, false},
		{VRES_DIGEST_TENSORS, 1, 0, 0, 4096, false},
		{VRES_DIGEST_TENSORS, 1, 0, 2, 4096, false},
		{VRES_DIGEST_TENSORS, 1, 0, 1, 1024, false},
		{VRES_DIGEST_VERITY, 1, 1, 0, 4096, false},
		{VRES_DIGEST_VERITY, 0, 1, 1, 4096, false},
		{3, 1, 0, 1, 4096, false},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct vres_record r = sample(), got;
		uint8_t bytes[RECORD_MAX];

		r.digest_alg = cases[i].alg;
		r.tensors = cases[i].tensors;
		r.epoch = cases[i].epoch;
		r.origin = cases[i].origin;
		r.block_size = cases[i].block_size;
		ck_assert_msg((vres_record_decode(bytes, vres_record_encode(&r, bytes), &got,
		                                  NULL) == VRES_OK) == cases[i].is_good,
		              "case %zu", i);
	}
}
END_TEST

/* Otherwise one record would have two encodings, and its MAC would hold for one of them. */
START_TEST(version_2_of_what_version_1_can_say_is_refused)
{
	struct vres_record r = sample(), got;
	uint8_t bytes[RECORD_MAX];
	size_t n;
	vres_error err;

	r.epoch = 1;
	n = vres_record_encode(&r, bytes);
	ck_assert_mem_eq(bytes, "vres-seal-rec-v2", 16);
	ck_ok(vres_record_decode(bytes, n, &got, &err));
	memset(bytes + n - 4, 0, 4);
	ck_status(vres_record_decode(bytes, n, &got, &err), VRES_E_INVALID_INPUT);
}
END_TEST

START_TEST(tag_of_another_version_is_refused)
{
	const struct vres_record r = sample();
	uint8_t bytes[RECORD_MAX];
	const size_t n = vres_record_encode(&r, bytes);
	struct vres_record got;
	vres_error err;

	ck_assert_mem_eq(bytes, "vres-seal-rec-v1", 16);
	for (unsigned version = 0; version < 256; version++) {
		bytes[15] = (uint8_t)version;
		ck_status(vres_record_decode(bytes, n, &got, &err),
		          version == '1' ? VRES_OK : VRES_E_INVALID_INPUT);
	}
}
END_TEST

/* Values that this library never writes, but another peer may. */
START_TEST(values_out_of_range_are_refused)
{
	struct vres_record c[18], got;
	uint8_t bytes[RECORD_MAX];
	vres_error err;

	for (size_t i = 0; i < COUNT(c); i++)
		c[i] = sample();
	c[0].flags = 4;
	c[1].flags = UINT32_MAX;
	c[2].digest_alg = 2;
	c[3].vram_bytes = 0;
	c[4].assurance = 3;
	c[5].origin = 1;
	c[6].lease_verify = 4;
	c[7].block_size = 512;
	c[8].block_size = 131072;
	c[9].block_size = 4097;
	c[10].shard_index = 4;
	c[11].total_shards = 0;
	c[12].shard_id[0] = '\0';
	c[13].worker_id[0] = '/';
	c[14].group_id[0] = ' ';
	c[15].backend[0] = '\0';
	c[16].model_ref[0] = '\n';
	c[17].device_uuid[0] = '\x1b';
	for (size_t i = 0; i < COUNT(c); i++) {
		const size_t n = vres_record_encode(&c[i], bytes);

		ck_assert_msg(vres_record_decode(bytes, n, &got, NULL) == VRES_E_INVALID_INPUT,
		              "value %zu", i);
		ck_status(vres_record_decode(bytes, n, &got, &err), VRES_E_INVALID_INPUT);
	}
}
END_TEST

START_TEST(strings_longer_than_their_field_or_holding_a_nul_are_refused)
{
	struct vres_record r = longest(), got;
	uint8_t bytes[RECORD_MAX + 8], other[RECORD_MAX + 8];
	const size_t n = vres_record_encode(&r, bytes);
	vres_error err;

	memcpy(other, bytes, FIRST_LENGTH + 4); /* a shard_id one byte longer than its field */
	other[FIRST_LENGTH] = 1;
	other[FIRST_LENGTH + 1] = 1;
	other[FIRST_LENGTH + 4] = 'a';
	memcpy(other + FIRST_LENGTH + 5, bytes + FIRST_LENGTH + 4, n - FIRST_LENGTH - 4);
	ck_status(vres_record_decode(other, n + 1, &got, &err), VRES_E_INVALID_INPUT);

	bytes[FIRST_LENGTH + 4 + 100] = '\0';
	ck_status(vres_record_decode(bytes, n, &got, &err), VRES_E_INVALID_INPUT);
}
END_TEST

static struct vres_subkeys keys_of(uint8_t fill)
{
	struct vres_subkeys keys;

	memset(&keys, fill, sizeof(keys));
	return keys;
}

START_TEST(bytes_that_are_well_signed_but_no_record_are_invalid_input)
{
	const struct vres_subkeys keys = keys_of(1);
	uint8_t bytes[RECEIPT_MAX] = "not a record";
	struct vres_record got;
	vres_error err;

	ck_ok(vres_crypto_hmac(keys.seal, bytes, 12, bytes + 12, &err));
	ck_status(vres_receipt_decode(bytes, 12 + MAC_BYTES, &keys, &got, &err),
	          VRES_E_INVALID_INPUT);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE(every_truncation_and_every_extension_is_refused, "VR-005 VR-006", "integrity",
	             "a truncated receipt, bytes after a record"),
		CASE(every_change_of_one_byte_is_refused_or_encodes_to_itself, "VR-004 VR-005",
	             "integrity", "two encodings of one record"),
		CASE(kinds_are_not_mixed_and_a_record_has_the_version_that_it_needs, "CI-001",
	             "authenticity", "a record that means two things"),
		CASE(version_2_of_what_version_1_can_say_is_refused, "CI-001", "authenticity",
	             "a second encoding of one record"),
		CASE(tag_of_another_version_is_refused, "VR-005", "integrity",
	             "a record of another format"),
		CASE(values_out_of_range_are_refused, "VR-005", "integrity",
	             "a record this library does not write"),
		CASE(strings_longer_than_their_field_or_holding_a_nul_are_refused, "IV-005 VR-006",
	             "integrity", "a string past its field"),
		CASE(bytes_that_are_well_signed_but_no_record_are_invalid_input, "VR-005",
	             "integrity", ""),
	};
	return suite_run("unit.record_refusals", "unit", cases, COUNT(cases));
}
