/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Verifying shards that are good: what each mode does, reports, and asks the device for. */
#include "support/fixture/support.h"

#define BYTES (4 * GROUP + 2 * BLOCK + 5)

static uint64_t calls(struct fixture *f, vres_mock_op op)
{
	return test_device_calls(f->test_device, op);
}

START_TEST(full_verification_hashes_every_block_on_the_device)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(release_shard) vres_shard *shard = sealed(f, BYTES, 1);
	vres_verify_report r = vres_verify_report_init();
	const uint64_t hashes = calls(f, VRES_MOCK_OP_HASH_BLOCKS),
		       pulls = calls(f, VRES_MOCK_OP_LANE_PULL);
	const vres_verify_params full = mode_of(VRES_VERIFY_FULL);
	vres_error err;

	ck_ok(vres_shard_verify(shard, _i == 0 ? NULL : &full, &r, &err));
	ck_assert_int_eq(r.status, VRES_OK);
	ck_assert_uint_eq(r.reason, VRES_REASON_NONE);
	ck_assert_uint_eq(r.mode, VRES_VERIFY_FULL);
	ck_assert_uint_eq(r.blocks_total, 4 * 128 + 3);
	ck_assert_uint_eq(r.blocks_checked, r.blocks_total);
	ck_assert_uint_eq(r.bytes_hashed, BYTES);
	ck_assert_uint_eq(r.bad_blocks, 0);
	ck_assert_uint_eq(r.first_bad_bytes, 0);
	ck_assert_uint_gt(r.duration, 0);
	ck_assert_uint_gt(calls(f, VRES_MOCK_OP_HASH_BLOCKS), hashes);
	ck_assert_uint_eq(calls(f, VRES_MOCK_OP_LANE_PULL), pulls);
}
END_TEST

START_TEST(a_report_is_not_needed)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(release_shard) vres_shard *shard = sealed(f, BLOCK, 1);
	vres_error err;

	ck_ok(vres_shard_verify(shard, NULL, NULL, &err));
	ck_assert_int_eq(vres_shard_verify(shard, NULL, NULL, NULL), VRES_OK);
}
END_TEST

START_TEST(signature_verification_asks_for_residency_and_hashes_nothing)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(release_shard) vres_shard *shard = sealed(f, BYTES, 1);
	vres_verify_report r = vres_verify_report_init();
	const vres_verify_params p = mode_of(VRES_VERIFY_SIGNATURE);
	const uint64_t hashes = calls(f, VRES_MOCK_OP_HASH_BLOCKS),
		       asked = calls(f, VRES_MOCK_OP_MEM_RESIDENCY);
	vres_error err;

	ck_ok(vres_shard_verify(shard, &p, &r, &err));
	ck_assert_uint_eq(r.mode, VRES_VERIFY_SIGNATURE);
	ck_assert_uint_eq(r.blocks_total, 4 * 128 + 3);
	ck_assert_uint_eq(r.blocks_checked, 0);
	ck_assert_uint_eq(r.bytes_hashed, 0);
	ck_assert_uint_eq(calls(f, VRES_MOCK_OP_HASH_BLOCKS), hashes);
	ck_assert_uint_gt(calls(f, VRES_MOCK_OP_MEM_RESIDENCY), asked);
}
END_TEST

START_TEST(signature_verification_does_not_claim_to_see_content)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(release_shard) vres_shard *shard = damaged(f, BYTES, 5);
	const vres_verify_params p = mode_of(VRES_VERIFY_SIGNATURE);
	vres_error err;

	ck_ok(vres_shard_verify(shard, &p, NULL, &err));
	ck_refused(vres_shard_verify(shard, NULL, NULL, &err), VRES_REASON_DIGEST);
}
END_TEST

/*
 * The same geometry at a quarter of the block size and a sixteenth of the bytes: groups of 32
 * blocks of 1 KiB.
 */
#define SMALL_GROUP (32 * KIB(1))
#define SMALL_BYTES (4 * SMALL_GROUP + 2 * KIB(1) + 5)

START_TEST(readback_needs_permission)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(release_shard) vres_shard *shard = sealed(f, BYTES, 1);
	const vres_verify_params p = mode_of(VRES_VERIFY_READBACK);
	vres_verify_report r = vres_verify_report_init();
	vres_error err;

	ck_status(vres_shard_verify(shard, &p, &r, &err), VRES_E_UNSUPPORTED);
	ck_assert_int_eq(r.status, VRES_E_UNSUPPORTED);
	ck_assert_uint_eq(calls(f, VRES_MOCK_OP_LANE_PULL), 0);
	ck_assert_uint_eq(info_of(shard).state, VRES_SHARD_SEALED);
	ck_ok(vres_shard_verify(shard, NULL, NULL, &err));
}
END_TEST

START_TEST(readback_hashes_every_block_on_the_host)
{
	struct setup s = setup_init();
	CLEANUP(finish) struct fixture *f = NULL;
	CLEANUP(release_shard) vres_shard *shard = NULL;
	const vres_verify_params p = mode_of(VRES_VERIFY_READBACK);
	vres_verify_report r = vres_verify_report_init();
	vres_seal_params how = vres_seal_params_init();
	uint64_t hashes;
	vres_error err;

	s.policy.allow |= VRES_ALLOW_READBACK;
	f = begin(&s);
	how.digest_alg = (uint32_t)_i;
	shard = sealed_with(f, &how, MIB(17) + 5, 1);
	hashes = calls(f, VRES_MOCK_OP_HASH_BLOCKS);
	ck_ok(vres_shard_verify(shard, &p, &r, &err));
	ck_assert_uint_eq(r.mode, VRES_VERIFY_READBACK);
	ck_assert_uint_eq(r.blocks_checked, r.blocks_total);
	ck_assert_uint_eq(r.bytes_hashed, MIB(17) + 5);
	ck_assert_uint_eq(calls(f, VRES_MOCK_OP_HASH_BLOCKS), hashes);
	ck_assert_uint_gt(calls(f, VRES_MOCK_OP_LANE_PULL), 0);
	flip(f, shard, MIB(17) + 4, 0);
	ck_refused(vres_shard_verify(shard, &p, &r, &err), VRES_REASON_DIGEST);
}
END_TEST

START_TEST(a_device_that_cannot_hash_is_read_back_and_the_report_says_so)
{
	struct setup s = setup_init();
	CLEANUP(finish) struct fixture *f = NULL;
	CLEANUP(release_shard) vres_shard *shard = NULL;
	vres_verify_report r = vres_verify_report_init();
	vres_error err;

	s.mock.no_device_hash = 1;
	s.policy.allow |= VRES_ALLOW_READBACK;
	f = begin(&s);
	shard = sealed(f, BYTES, 1);
	ck_ok(vres_shard_verify(shard, NULL, &r, &err));
	ck_assert_uint_eq(r.mode, VRES_VERIFY_READBACK);
	ck_assert_str_eq(record_last(&f->record, VRES_EVENT_SEAL_VERIFIED)->mode, "readback");
	flip(f, shard, 0, 0);
	ck_refused(vres_shard_verify(shard, NULL, NULL, &err), VRES_REASON_DIGEST);
}
END_TEST

START_TEST(an_unknown_mode_is_refused)
{
	static const uint32_t modes[] = {4, 5, UINT32_MAX};
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(release_shard) vres_shard *shard = sealed(f, BLOCK, 1);
	const vres_verify_params p = mode_of(modes[_i]);
	vres_error err;

	record_clear(&f->record);
	ck_status(vres_shard_verify(shard, &p, NULL, &err), VRES_E_INVALID_INPUT);
	ck_assert_uint_eq(record_count(&f->record, 0), 0);
	ck_ok(vres_shard_verify(shard, NULL, NULL, &err));
}
END_TEST

START_TEST(a_good_verification_is_told_counted_and_dated)
{
	static const char *const names[] = {"full", "signature", "sampled"};
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(release_shard) vres_shard *shard = sealed_as(f, "good", BYTES, 1);
	const vres_verify_params p = mode_of((uint32_t)_i);
	const uint64_t dated = info_of(shard).verified_at;
	const vres_metrics before = metrics_of(f);
	const vres_event *e;
	vres_error err;

	record_clear(&f->record);
	ck_ok(vres_shard_verify(shard, &p, NULL, &err));
	e = record_last(&f->record, 0);
	ck_assert_uint_eq(record_count(&f->record, 0), 1);
	ck_assert_uint_eq(e->type, VRES_EVENT_SEAL_VERIFIED);
	ck_assert_str_eq(e->mode, names[_i]);
	ck_assert_str_eq(e->shard->shard_id, "good");
	ck_assert_uint_ge(info_of(shard).verified_at, dated);
	ck_assert_uint_eq(metrics_of(f).verifies_ok, before.verifies_ok + 1);
	ck_assert_uint_eq(metrics_of(f).verifies_failed, before.verifies_failed);
	ck_assert_uint_ge(metrics_of(f).verified_bytes,
	                  before.verified_bytes + (_i == 0 ? BYTES : 0));
	ck_assert_uint_eq(f->record.incidents_count, 0);
}
END_TEST

START_TEST(verifying_allocates_no_device_memory)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(release_shard) vres_shard *shard = sealed(f, BYTES, 1);
	const uint64_t allocations = calls(f, VRES_MOCK_OP_MEM_ALLOC);
	const vres_device_info before = device_of(f, 0);
	vres_device_info after;
	vres_error err;

	for (uint32_t mode = VRES_VERIFY_FULL; mode <= VRES_VERIFY_SAMPLED; mode++) {
		const vres_verify_params p = mode_of(mode);

		ck_ok(vres_shard_verify(shard, &p, NULL, &err));
	}
	after = device_of(f, 0);
	ck_same_device(&before, &after);
	ck_assert_uint_eq(calls(f, VRES_MOCK_OP_MEM_ALLOC), allocations);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE_LOOP(full_verification_hashes_every_block_on_the_device, 2,
	                  "CI-007 WORKER-4121 WORKER-4245", "integrity", "partial verification"),
		CASE(a_report_is_not_needed, "WORKER-4150", "availability", ""),
		CASE(signature_verification_asks_for_residency_and_hashes_nothing,
	             "WORKER-4121 WORKER-4245 VP-006", "residency",
	             "residency answered from memory"),
		CASE(signature_verification_does_not_claim_to_see_content, "CI-007", "integrity",
	             "weak check taken for a strong one"),
		CASE(readback_needs_permission, "WORKER-4102 VP-003", "confidentiality",
	             "weights in host memory unasked"),
		CASE_LOOP(readback_hashes_every_block_on_the_host, 2, "CI-007 CI-004 VR-004",
	                  "integrity", "device that hashes wrongly"),
		CASE(a_device_that_cannot_hash_is_read_back_and_the_report_says_so,
	             "CI-007 WORKER-4121", "integrity", "verification silently left out"),
		CASE_LOOP(an_unknown_mode_is_refused, 3, "WORKER-4150 VR-005", "integrity",
	                  "unknown mode taken for a check"),
		CASE_LOOP(a_good_verification_is_told_counted_and_dated, 3,
	                  "WORKER-4121 WORKER-4150", "accountability",
	                  "verification without a trace"),
		CASE(verifying_allocates_no_device_memory, "RP-001 WORKER-4121", "availability",
	             "verification that fails when memory is full"),
	};

	return suite_run("verify", "verify", cases, COUNT(cases));
}
