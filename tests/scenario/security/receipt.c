/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Evidence that is good: receipts and handles that travel, what they say, and who can check them.
 */
#include <stdio.h>
#include <time.h>
#include "support/fixture/support.h"

static vres_shard *sealed_member(struct fixture *f)
{
	vres_seal_params p = vres_seal_params_init();

	p.shard_id = "member-1";
	p.model_ref = "hf:org/model \"7b\"\\\xc3\xa9";
	p.group_id = "run-9";
	p.shard_index = 1;
	p.total_shards = 2;
	return sealed_with(f, &p, 3 * BLOCK + 7, 1);
}

START_TEST(a_receipt_opens_the_live_shard_it_speaks_of)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(release_shard) vres_shard *shard = sealed_member(f);
	CLEANUP(release_shard) vres_shard *opened = NULL;
	size_t len;
	CLEANUP(free_bytes) uint8_t *receipt = receipt_of(shard, &len);
	vres_error err;

	record_clear(&f->record);
	ck_ok(vres_receipt_open(f->manager, receipt, len, &opened, &err));
	ck_assert_str_eq(info_of(opened).shard_id, "member-1");
	ck_assert_uint_eq(record_count(&f->record, 0), 0);
	release_shard(&shard); /* what was opened is a reference of its own */
	ck_ok(vres_shard_verify(opened, NULL, NULL, &err));
}
END_TEST

START_TEST(a_receipt_says_what_the_shard_says)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(release_shard) vres_shard *shard = sealed_member(f);
	size_t len;
	CLEANUP(free_bytes) uint8_t *receipt = receipt_of(shard, &len);
	vres_shard_info now, then = vres_shard_info_init();
	vres_error err;

	ck_assert_uint_ne(address_of(shard), 0);
	now = info_of(shard);
	ck_ok(vres_receipt_check(receipt, len, f->key, &then, &err));
	ck_assert_str_eq(then.shard_id, now.shard_id);
	ck_assert_str_eq(then.model_ref, now.model_ref);
	ck_assert_str_eq(then.group_id, now.group_id);
	ck_assert_str_eq(then.digest, now.digest);
	ck_assert_str_eq(then.verity_digest, now.verity_digest);
	ck_assert_str_eq(then.device_uuid, now.device_uuid);
	ck_assert_str_eq(then.backend, now.backend);
	ck_assert_uint_eq(then.gpu_device, now.gpu_device);
	ck_assert_uint_eq(then.shard_index, now.shard_index);
	ck_assert_uint_eq(then.total_shards, now.total_shards);
	ck_assert_uint_eq(then.digest_alg, now.digest_alg);
	ck_assert_uint_eq(then.simulated, now.simulated);
	ck_assert_uint_eq(then.adopted, now.adopted);
	ck_assert_uint_eq(then.assurance, now.assurance);
	ck_assert_uint_eq(then.vram_bytes, now.vram_bytes);
	ck_assert_uint_eq(then.sealed_at, now.sealed_at);
	ck_assert_uint_eq(then.allow, now.allow);
	ck_assert_uint_eq(then.require, now.require);
	ck_assert_uint_eq(then.state, VRES_SHARD_SEALED);
	ck_assert_uint_eq(then.leases, 0);
	ck_assert_uint_eq(then.verified_at, 0); /* of the moment, not of the seal */
}
END_TEST

START_TEST(origin_can_be_checked_without_the_manager_when_it_is_gone)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	vres_shard *shard = sealed_member(f);
	size_t len;
	CLEANUP(free_bytes) uint8_t *receipt = receipt_of(shard, &len);
	CLEANUP(destroy_key) vres_key *key = NULL;
	vres_shard_info info = vres_shard_info_init();
	vres_error err;

	release_shard(&shard);
	destroy_manager(&f->manager);
	ck_ok(vres_key_derive(TOKEN, strlen(TOKEN), "llorch-vram-seal-v1", &key, &err));
	ck_ok(vres_receipt_check(receipt, len, key, &info, &err));
	ck_assert_str_eq(info.shard_id, "member-1");
}
END_TEST

START_TEST(the_signature_is_hmac_sha256_under_the_seal_subkey)
{
	/* HKDF-SHA256(test-token-42, info llorch-vram-seal-v1), from docs/FORMAT.md */
	static const char root_hex[] =
		"14a07e02a665cb5b74d2825937e34cb1b382ba3ad02f19d7e0f65862a3b1e26c";
	static const char label[] = "vres/seal/v1\x01"; /* HKDF-Expand: one block, counter 1 */
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(release_shard) vres_shard *shard = sealed_member(f);
	size_t len;
	CLEANUP(free_bytes) uint8_t *receipt = receipt_of(shard, &len);
	uint8_t root[32], subkey[32], mac[32];

	for (unsigned i = 0; i < 32; i++) {
		unsigned byte;

		ck_assert_int_eq(sscanf(root_hex + 2 * i, "%2x", &byte), 1);
		root[i] = (uint8_t)byte;
	}
	hmac_sha256(root, 32, label, sizeof(label) - 1, subkey);
	hmac_sha256(subkey, 32, receipt, len - 32, mac);
	ck_assert_mem_eq(receipt + len - 32, mac, 32);
}
END_TEST

START_TEST(a_receipt_is_the_same_every_time_it_is_asked_for)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(release_shard) vres_shard *shard = sealed_member(f);
	size_t one_len, two_len;
	CLEANUP(free_bytes) uint8_t *one = receipt_of(shard, &one_len);
	CLEANUP(free_bytes) uint8_t *two = NULL;
	vres_error err;

	ck_ok(vres_shard_verify(shard, NULL, NULL, &err));
	two = receipt_of(shard, &two_len);
	ck_assert_uint_eq(one_len, two_len);
	ck_assert_mem_eq(one, two, one_len);
}
END_TEST

START_TEST(a_buffer_that_is_too_small_is_left_alone_and_the_need_told)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(release_shard) vres_shard *shard = sealed_member(f);
	unsigned char buf[4096], before[4096];
	size_t need = 0, len;
	vres_error err;

	memset(buf, 0xee, sizeof(buf));
	memcpy(before, buf, sizeof(buf));
	ck_status(vres_shard_receipt(shard, NULL, 0, &need, &err), VRES_E_BUFFER);
	for (size_t cap = 0; cap < need; cap++) {
		len = 0;
		ck_status(vres_shard_receipt(shard, buf, cap, &len, &err), VRES_E_BUFFER);
		ck_assert_uint_eq(len, need);
	}
	ck_assert_mem_eq(buf, before, sizeof(buf));
	ck_ok(vres_shard_receipt(shard, buf, need, &len, &err));
	ck_assert_mem_eq(buf + need, before, sizeof(buf) - need);
}
END_TEST

static void rfc3339(uint64_t ns, char *to, size_t cap)
{
	const time_t seconds = (time_t)(ns / UINT64_C(1000000000));
	char date[32];
	struct tm tm;

	gmtime_r(&seconds, &tm);
	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(to, cap, "%s.%09luZ", date, (unsigned long)(ns % UINT64_C(1000000000)));
}

START_TEST(the_handle_in_json_is_exactly_the_public_fields)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(release_shard) vres_shard *member = sealed_member(f);
	CLEANUP(release_shard) vres_shard *plain = sealed_as(f, "plain", 5, 2);
	char want[2048], got[2048], date[64];
	vres_shard_info info = info_of(member);
	size_t len = 0;
	vres_error err;

	rfc3339(info.sealed_at, date, sizeof(date));
	snprintf(want, sizeof(want),
	         "{\"shard_id\":\"member-1\",\"gpu_device\":0,\"vram_bytes\":12295,\"sealed\":true,"
	         "\"digest\":\"%s\",\"digest_alg\":\"sha256\","
	         "\"verity_digest\":\"%s\",\"sealed_at\":\"%s\",\"model_ref\":\"hf:org/model "
	         "\\\"7b\\\"\\\\\xc3\xa9\",\"shard_index\":1,"
	         "\"total_shards\":2,\"simulated\":%s}",
	         info.digest, info.verity_digest, date,
	         test_device_is_simulated() ? "true" : "false");
	ck_ok(vres_shard_to_json(member, got, sizeof(got), &len, &err));
	ck_assert_str_eq(got, want);
	ck_assert_uint_eq(len, strlen(want));

	info = info_of(plain);
	rfc3339(info.sealed_at, date, sizeof(date));
	snprintf(want, sizeof(want),
	         "{\"shard_id\":\"plain\",\"gpu_device\":0,\"vram_bytes\":5,\"sealed\":true,"
	         "\"digest\":\"%s\",\"digest_alg\":\"sha256\","
	         "\"verity_digest\":\"%s\",\"sealed_at\":\"%s\",\"model_ref\":null,\"shard_index\":"
	         "null,\"total_shards\":null,\"simulated\":"
	         "%s}",
	         info.digest, info.verity_digest, date,
	         test_device_is_simulated() ? "true" : "false");
	ck_ok(vres_shard_to_json(plain, got, sizeof(got), &len, &err));
	ck_assert_str_eq(got, want);
}
END_TEST

START_TEST(json_needs_room_for_its_nul)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(release_shard) vres_shard *shard = sealed_member(f);
	char buf[2048];
	size_t need = 0, len = 0;
	vres_error err;

	ck_status(vres_shard_to_json(shard, NULL, 0, &need, &err), VRES_E_BUFFER);
	ck_status(vres_shard_to_json(shard, buf, need, &len, &err), VRES_E_BUFFER);
	ck_assert_uint_eq(len, need);
	memset(buf, 0xee, sizeof(buf));
	ck_ok(vres_shard_to_json(shard, buf, need + 1, &len, &err));
	ck_assert_uint_eq(strlen(buf), need);
	ck_assert_uint_eq((unsigned char)buf[need + 1], 0xee);
}
END_TEST

START_TEST(a_quarantined_shard_is_not_sealed_in_json)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(release_shard) vres_shard *shard = damaged(f, 3 * BLOCK, 5);
	char buf[2048];
	size_t len = 0;
	vres_error err;

	ck_refused(vres_shard_verify(shard, NULL, NULL, &err), VRES_REASON_DIGEST);
	ck_ok(vres_shard_to_json(shard, buf, sizeof(buf), &len, &err));
	ck_assert_ptr_nonnull(strstr(buf, "\"sealed\":false"));
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE(a_receipt_opens_the_live_shard_it_speaks_of, "CI-001 WORKER-4120 VP-006",
	             "authenticity", ""),
		CASE(a_receipt_says_what_the_shard_says, "CI-001 CI-002 WORKER-4120 VP-006 VR-002",
	             "authenticity", "field that is not signed"),
		CASE(origin_can_be_checked_without_the_manager_when_it_is_gone, "VP-006 CI-001",
	             "authenticity", ""),
		CASE(the_signature_is_hmac_sha256_under_the_seal_subkey,
	             "CI-001 CI-005 VR-002 WORKER-4120", "authenticity", "weak or wrong signature"),
		CASE(a_receipt_is_the_same_every_time_it_is_asked_for, "WORKER-4112", "integrity",
	             ""),
		CASE(a_buffer_that_is_too_small_is_left_alone_and_the_need_told, "MS-007 VR-006",
	             "integrity", "buffer overflow"),
		CASE(the_handle_in_json_is_exactly_the_public_fields,
	             "WORKER-4110 WORKER-4111 MS-001", "confidentiality",
	             "address in an API answer"),
		CASE(json_needs_room_for_its_nul, "MS-007 VR-006", "integrity", "buffer overflow"),
		CASE(a_quarantined_shard_is_not_sealed_in_json, "WORKER-4112 WORKER-4226",
	             "integrity", "damaged shard advertised as sealed"),
	};

	return suite_run("security_receipt", "security", cases, COUNT(cases));
}
