/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Sealing tensors where an engine has them: digests, the manifest, expected digests, and which
 * memory is taken.
 */
#include "support/fixture/engine.h"

#include <stdio.h>
#include <string.h>

static void ck_tensor(const struct engine *e, const vres_shard *shard, unsigned i)
{
	vres_tensor_info info = vres_tensor_info_init();
	vres_error err;

	ck_ok(vres_shard_tensor(shard, i, &info, &err));
	ck_assert_str_eq(info.name, e->names[i]);
	ck_assert_str_eq(info.digest, e->digests[i]);
	ck_assert_uint_eq(info.bytes, e->tensors[i].bytes);
}

/* The manifest is in the order of bytes: "w1", "w10", "w11", "w2". */
static char *manifest_wanted(const struct engine *e)
{
	static const unsigned order[] = {0, 1, 10, 11, 2, 3, 4, 5, 6, 7, 8, 9};
	char *text = test_alloc(WEIGHTS_MAX * 100), *to = text;

	ck_assert_uint_eq(e->n, COUNT(order));
	for (size_t i = 0; i < COUNT(order); i++)
		to += sprintf(to, "sha256:%s %s\n", e->digests[order[i]], e->names[order[i]]);
	return text;
}

START_TEST(tensors_have_the_digests_of_files_and_the_shard_that_of_its_manifest)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(engine_end) struct engine *e = engine_with_weights(f);
	CLEANUP(release_shard) vres_shard *shard = engine_sealed(e);
	char *text = engine_manifest(shard), *wanted = manifest_wanted(e), digest[65];
	const vres_shard_info info = info_of(shard);
	uint64_t bytes = 0;

	for (unsigned i = 0; i < e->n; i++) {
		ck_tensor(e, shard, i);
		/* 9 is tied to 4, and its bytes count once */
		bytes += i == 9 ? 0 : e->tensors[i].bytes;
	}
	ck_assert_str_eq(text, wanted);
	sha256_hex(text, strlen(text), digest);
	ck_assert_str_eq(info.digest, digest);
	ck_assert_str_eq(info.verity_digest, "");
	ck_assert_uint_eq(info.digest_alg, VRES_DIGEST_TENSORS);
	ck_assert_uint_eq(info.vram_bytes, bytes);
	ck_assert_uint_eq(info.tensors, e->n);
	ck_assert_uint_eq(info.epoch, 0);
	ck_assert_uint_eq(info.adopted, 1);
	/* No weights were copied to the host. */
	ck_assert_uint_eq(test_device_calls(f->test_device, VRES_MOCK_OP_LANE_PULL), 0);
	ck_assert_uint_eq(test_device_calls(f->test_device, VRES_MOCK_OP_LANE_PUSH), 0);
	test_free(text);
	test_free(wanted);
}
END_TEST

/* Digests read back by the host must be the same. */
START_TEST(a_device_that_cannot_hash_gives_the_same_manifest)
{
	struct setup setup = setup_init();
	CLEANUP(finish) struct fixture *f = NULL;
	CLEANUP(engine_end) struct engine *e = NULL;
	CLEANUP(release_shard) vres_shard *shard = NULL;
	char *text, *wanted;
	vres_error err;

	setup.mock.no_device_hash = 1;
	setup.policy.allow |= VRES_ALLOW_READBACK;
	f = begin(&setup);
	e = engine_with_weights(f);
	shard = engine_sealed(e);
	text = engine_manifest(shard);
	wanted = manifest_wanted(e);
	ck_assert_str_eq(text, wanted);
	ck_ok(vres_shard_verify(shard, NULL, NULL, &err));
	test_free(text);
	test_free(wanted);
}
END_TEST

START_TEST(expected_digests_of_tensors_and_of_the_manifest_are_compared_before_signing)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(engine_end) struct engine *e = engine_with_weights(f);
	vres_seal_params p = vres_seal_params_init();
	CLEANUP(release_shard) vres_shard *shard = NULL;
	char *manifest = manifest_wanted(e), digest[65];
	vres_error err;

	sha256_hex(manifest, strlen(manifest), digest);
	test_free(manifest);
	for (unsigned i = 0; i < e->n; i++)
		e->tensors[i].expected_digest = e->digests[i];
	p.digest_alg = VRES_DIGEST_TENSORS;
	p.expected_digest = digest;
	ck_ok(vres_seal_tensors(f->manager, &p, e->tensors, e->n, &shard, &err));
	release_shard(&shard);
	digest[63] = digest[63] == '0' ? '1' : '0';
	ck_status(vres_seal_tensors(f->manager, &p, e->tensors, e->n, &shard, &err),
	          VRES_E_INTEGRITY_VIOLATION);
	ck_assert_ptr_nonnull(strstr(err.message, "manifest"));
	ck_assert_ptr_null(shard);
	ck_assert_uint_eq(f->record.incidents_count, 1);
}
END_TEST

START_TEST(every_tensor_that_is_not_as_expected_is_counted_and_nothing_is_sealed)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(engine_end) struct engine *e = engine_with_weights(f);
	CLEANUP(release_shard) vres_shard *shard = NULL;
	vres_error err;

	e->tensors[7].expected_digest = e->digests[7];
	e->tensors[5].expected_digest = e->digests[7];
	ck_status(engine_seal(e, &shard, &err), VRES_E_INTEGRITY_VIOLATION);
	ck_assert_ptr_nonnull(strstr(err.message, "tensor 5 does not"));
	e->tensors[6].expected_digest = e->digests[7]; /* an empty tensor */
	e->tensors[3].expected_digest = e->digests[7];
	ck_status(engine_seal(e, &shard, &err), VRES_E_INTEGRITY_VIOLATION);
	ck_assert_ptr_nonnull(strstr(err.message, "tensor 3 and 2 more"));
	ck_assert_ptr_null(shard);
	ck_status(vres_manager_find(f->manager, "weights", &shard, &err), VRES_E_NOT_FOUND);
	ck_assert_uint_eq(f->record.incidents_count, 2);
	ck_assert_uint_eq(record_count(&f->record, VRES_EVENT_VRAM_SEALED), 0);
}
END_TEST

START_TEST(memory_is_asked_for_once_a_segment_however_many_tensors_there_are)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(engine_end) struct engine *e = engine_with_weights(f);
	CLEANUP(release_shard) vres_shard *shard = engine_sealed(e);
	const vres_verify_params p = mode_of(VRES_VERIFY_SIGNATURE);
	const uint64_t before = test_device_calls(f->test_device, VRES_MOCK_OP_MEM_RESIDENCY);
	vres_error err;

	ck_ok(vres_shard_verify(shard, &p, NULL, &err));
	ck_assert_uint_eq(test_device_calls(f->test_device, VRES_MOCK_OP_MEM_RESIDENCY) - before,
	                  3);
}
END_TEST

START_TEST(bytes_between_tensors_may_change)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(engine_end) struct engine *e = engine_with_weights(f);
	CLEANUP(release_shard) vres_shard *shard = engine_sealed(e);
	vres_error err;

	ck_assert_int_eq(test_device_flip(f->test_device, e->addresses[0], 0), VRES_OK);
	ck_assert_int_eq(test_device_flip(f->test_device, e->tensors[5].device_ptr + BLOCK + 1, 0),
	                 VRES_OK);
	ck_ok(vres_shard_verify(shard, NULL, NULL, &err));
}
END_TEST

START_TEST(lease_has_no_address_and_the_receipt_says_what_it_is_of)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(engine_end) struct engine *e = engine_with_weights(f);
	CLEANUP(release_shard) vres_shard *shard = engine_sealed(e), *found = NULL;
	vres_shard_info told = vres_shard_info_init();
	vres_lease *lease = NULL;
	size_t n;
	uint8_t *receipt = receipt_of(shard, &n);
	vres_error err;

	ck_ok(vres_lease_acquire(shard, &lease, &err));
	ck_assert_uint_eq(vres_lease_device_ptr(lease), 0);
	ck_assert_uint_eq(vres_lease_bytes(lease), info_of(shard).vram_bytes);
	release_lease(&lease);
	ck_ok(vres_receipt_open(f->manager, receipt, n, &found, &err));
	ck_assert_ptr_eq(found, shard);
	ck_ok(vres_receipt_check(receipt, n, f->key, &told, &err));
	ck_assert_uint_eq(told.tensors, e->n);
	ck_assert_str_eq(told.digest, info_of(shard).digest);
	test_free(receipt);
}
END_TEST

START_TEST(digesting_alone_seals_nothing_and_tells_nothing)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(engine_end) struct engine *e = engine_with_weights(f);
	uint8_t digests[WEIGHTS_MAX][32];
	char hex[65];
	vres_error err;

	ck_ok(vres_tensors_digest(f->manager, 0, e->tensors, e->n, digests, &err));
	for (unsigned i = 0; i < e->n; i++) {
		hex_of(digests[i], 32, hex);
		ck_assert_str_eq(hex, e->digests[i]);
	}
	ck_assert_uint_eq(record_count(&f->record, 0), 0);
	ck_assert_uint_eq(metrics_of(f).shards_now, 0);
	test_device_pretend(f->test_device, e->addresses[1], VRES_MOCK_MANAGED);
	memset(digests, 0x5a, sizeof(digests));
	ck_status(vres_tensors_digest(f->manager, 0, e->tensors, e->n, digests, &err),
	          VRES_E_POLICY_VIOLATION);
	ck_assert_ptr_nonnull(strstr(err.message, "tensor 1 "));
	ck_assert_uint_eq(record_count(&f->record, VRES_EVENT_POLICY_VIOLATION), 1);
	ck_assert_uint_eq(record_count(&f->record, 0), 1);
	ck_assert_uint_eq(digests[0][0], 0x5a);
	test_device_pretend(f->test_device, e->addresses[1], 0);
}
END_TEST

START_TEST(memory_that_policy_refuses_is_refused_with_a_tensor_in_it)
{
	static const uint32_t lies[] = {VRES_MOCK_MANAGED, VRES_MOCK_HOST_MAPPED};

	for (size_t i = 0; i < COUNT(lies); i++) {
		CLEANUP(finish) struct fixture *f = begin(NULL);
		CLEANUP(engine_end) struct engine *e = engine_with_weights(f);
		CLEANUP(release_shard) vres_shard *shard = NULL;
		vres_error err;

		test_device_pretend(f->test_device, e->addresses[2], lies[i]);
		ck_status(engine_seal(e, &shard, &err), VRES_E_POLICY_VIOLATION);
		ck_assert_ptr_nonnull(strstr(err.message, "tensor 3 "));
		test_device_pretend(f->test_device, e->addresses[2], 0);
		ck_ok(engine_seal(e, &shard, &err));
	}
}
END_TEST

START_TEST(manifest_says_what_was_sealed_in_every_state)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(engine_end) struct engine *e = engine_with_weights(f);
	CLEANUP(release_shard) vres_shard *shard = engine_sealed(e), *plain = sealed(f, BLOCK, 1);
	char *before = engine_manifest(shard), *after;
	vres_tensor_info info = vres_tensor_info_init();
	char buffer[8] = "unused";
	size_t n = 0;
	vres_error err;

	engine_flip(e, 3, 5);
	ck_refused(vres_shard_verify(shard, NULL, NULL, &err), VRES_REASON_DIGEST);
	after = engine_manifest(shard);
	ck_assert_str_eq(before, after);
	ck_status(vres_shard_manifest(shard, buffer, sizeof(buffer), &n, &err), VRES_E_BUFFER);
	ck_assert_uint_eq(n, strlen(before));
	ck_assert_str_eq(buffer, "unused");
	ck_status(vres_shard_manifest(plain, buffer, sizeof(buffer), &n, &err), VRES_E_UNSUPPORTED);
	ck_status(vres_shard_tensor(plain, 0, &info, &err), VRES_E_UNSUPPORTED);
	ck_status(vres_shard_tensor(shard, e->n, &info, &err), VRES_E_INVALID_INPUT);
	ck_status(vres_shard_manifest(shard, NULL, 1, &n, &err), VRES_E_INVALID_INPUT);
	ck_status(vres_shard_manifest(shard, buffer, sizeof(buffer), NULL, &err),
	          VRES_E_INVALID_INPUT);
	test_free(before);
	test_free(after);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE(tensors_have_the_digests_of_files_and_the_shard_that_of_its_manifest, "CI-004",
	             "integrity", ""),
		CASE(a_device_that_cannot_hash_gives_the_same_manifest, "CI-004", "integrity", ""),
		CASE(expected_digests_of_tensors_and_of_the_manifest_are_compared_before_signing,
	             "CI-004", "integrity", "weights that are not the expected ones"),
		CASE(every_tensor_that_is_not_as_expected_is_counted_and_nothing_is_sealed,
	             "CI-004 MS-005", "integrity", "weights that are not the expected ones"),
		CASE(memory_is_asked_for_once_a_segment_however_many_tensors_there_are, "VP-006",
	             "", ""),
		CASE(bytes_between_tensors_may_change, "", "availability", ""),
		CASE(lease_has_no_address_and_the_receipt_says_what_it_is_of, "CI-001", "", ""),
		CASE(digesting_alone_seals_nothing_and_tells_nothing, "", "", ""),
		CASE(memory_that_policy_refuses_is_refused_with_a_tensor_in_it, "VP-001 VP-005",
	             "integrity", "weights outside of VRAM"),
		CASE(manifest_says_what_was_sealed_in_every_state, "WORKER-4150", "", ""),
	};

	return suite_run("tensors", "seal", cases, COUNT(cases));
}
