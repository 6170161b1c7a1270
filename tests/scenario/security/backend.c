/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Backends that cannot be trusted: that report success without doing the work, pronounce judgements
 * that are not theirs, or give values that make no sense.  The mock answers VRES_OK without working
 * when that is the scripted status; other lies are slots of our own.
 */
#include <vres/backend.h>
#include "support/fixture/support.h"

/* The seal fails with @want, and nothing is left of it. */
static void ck_seal_fails(struct fixture *f, vres_status want)
{
	const vres_device_info before = device_of(f, 0);
	CLEANUP(free_bytes) uint8_t *data = content(3 * BLOCK, 1);
	vres_shard *shard = NULL;
	vres_device_info after;
	vres_error err;

	ck_status(vres_seal_memory(f->manager, PLAIN, data, 3 * BLOCK, &shard, &err), want);
	ck_assert_ptr_null(shard);
	after = device_of(f, 0);
	ck_same_device(&before, &after);
	ck_assert_uint_eq(record_count(&f->record, VRES_EVENT_VRAM_SEALED), 0);
}

/*
 * A wait that lies does no harm if there was nothing to wait for; but then what was sealed must be
 * what was read.
 */
START_TEST(a_copy_that_was_not_made_is_not_sealed)
{
	const vres_mock_op op = _i == 0 ? VRES_MOCK_OP_LANE_PUSH : VRES_MOCK_OP_LANE_WAIT;
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(free_bytes) uint8_t *data = content(MIB(17), 1);
	unsigned refused = 0;
	bool fired = true;
	vres_error err;

	device_of(f, 0);
	for (uint64_t nth = 1; fired; nth++) {
		CLEANUP(release_shard) vres_shard *shard = NULL;
		const uint64_t calls = test_device_calls(f->test_device, op);
		vres_status status;

		status_poison(&err);
		test_device_fail(f->test_device, op, nth, VRES_OK);
		status = vres_seal_memory(f->manager, PLAIN, data, MIB(17), &shard, &err);
		fired = test_device_calls(f->test_device, op) - calls >= nth;
		test_device_fail(f->test_device, op, 0, VRES_OK);
		ck_assert_ptr_null(status_flaw(status, &err));
		if (status == VRES_OK)
			ck_ok(vres_shard_verify(shard, NULL, NULL, &err));
		refused += status != VRES_OK;
	}
	ck_assert_uint_ge(refused, 2); /* two pieces, of 16 MiB and of one */
	suite_value("refused", refused);
}
END_TEST

START_TEST(a_hash_that_was_not_computed_is_the_drivers_failure_at_seal)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);

	device_of(f, 0);
	test_device_fail(f->test_device, VRES_MOCK_OP_HASH_BLOCKS, 1, VRES_OK);
	ck_seal_fails(f, VRES_E_BACKEND);
	ck_assert_uint_eq(record_critical(&f->record), 0);
	ck_works(f);
}
END_TEST

START_TEST(a_hash_that_was_not_computed_is_the_drivers_failure_at_verify)
{
	static const vres_mock_op ops[] = {VRES_MOCK_OP_HASH_BLOCKS, VRES_MOCK_OP_LANE_WAIT};
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(release_shard) vres_shard *shard = sealed(f, 3 * BLOCK, 1);
	vres_error err;

	test_device_fail(f->test_device, ops[_i], 1, VRES_OK);
	ck_status(vres_shard_verify(shard, NULL, NULL, &err), VRES_E_BACKEND);
	ck_assert_uint_eq(info_of(shard).state, VRES_SHARD_SEALED);
	ck_assert_uint_eq(record_critical(&f->record), 0);
	ck_ok(vres_shard_verify(shard, NULL, NULL, &err));
}
END_TEST

START_TEST(a_readback_that_was_not_made_is_the_drivers_failure)
{
	static const vres_mock_op ops[] = {VRES_MOCK_OP_LANE_PULL, VRES_MOCK_OP_LANE_WAIT};
	struct setup s = setup_init();
	CLEANUP(finish) struct fixture *f = NULL;
	CLEANUP(release_shard) vres_shard *shard = NULL;
	const vres_verify_params p = mode_of(VRES_VERIFY_READBACK);
	vres_error err;

	s.policy.allow |= VRES_ALLOW_READBACK;
	f = begin(&s);
	shard = sealed(f, 3 * BLOCK, 1);
	test_device_fail(f->test_device, ops[_i], 1, VRES_OK);
	ck_status(vres_shard_verify(shard, &p, NULL, &err), VRES_E_BACKEND);
	ck_assert_uint_eq(info_of(shard).state, VRES_SHARD_SEALED);
	ck_ok(vres_shard_verify(shard, &p, NULL, &err));
}
END_TEST

START_TEST(a_protection_that_was_not_put_on_is_not_signed)
{
	struct setup s = setup_init();
	CLEANUP(finish) struct fixture *f = NULL;
	vres_shard *shard = NULL;
	vres_status status;

	s.policy.require = VRES_REQUIRE_READONLY;
	f = begin(&s);
	test_device_fail(f->test_device, VRES_MOCK_OP_MEM_PROTECT, 1, VRES_OK);
	status = vres_seal_memory(f->manager, PLAIN, "abc", 3, &shard, NULL);
	release_shard(&shard);
	ck_assert_int_ne(status, VRES_OK);
	ck_works(f);
}
END_TEST

START_TEST(residency_that_was_not_answered_is_not_good)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(release_shard) vres_shard *shard = sealed(f, 3 * BLOCK, 1);

	test_device_fail(f->test_device, VRES_MOCK_OP_MEM_RESIDENCY, 1, VRES_OK);
	ck_assert_int_ne(vres_shard_verify(shard, NULL, NULL, NULL), VRES_OK);
}
END_TEST

START_TEST(a_judgement_or_a_status_from_nowhere_is_the_drivers_failure)
{
	static const vres_status verdicts[] = {VRES_E_SEAL_VERIFICATION_FAILED,
	                                       VRES_E_INTEGRITY_VIOLATION,
	                                       VRES_E_POLICY_VIOLATION,
	                                       VRES_E_AUDIT,
	                                       VRES_E_INTERNAL,
	                                       (vres_status)-1,
	                                       (vres_status)12345,
	                                       (vres_status)1};
	static const vres_mock_op ops[] = {VRES_MOCK_OP_DEVICE_STATUS, VRES_MOCK_OP_MEM_ALLOC,
	                                   VRES_MOCK_OP_MEM_RESIDENCY, VRES_MOCK_OP_LANE_OPEN,
	                                   VRES_MOCK_OP_LANE_PUSH,     VRES_MOCK_OP_LANE_WAIT,
	                                   VRES_MOCK_OP_HASH_BLOCKS};
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(release_shard) vres_shard *shard = sealed(f, 3 * BLOCK, 1);
	vres_error err;

	record_clear(&f->record);
	for (size_t i = 0; i < COUNT(ops); i++) {
		test_device_fail(f->test_device, ops[i], 1, verdicts[_i]);
		ck_status(
			vres_seal_memory(f->manager, PLAIN, "abc", 3, &(vres_shard *){NULL}, &err),
			VRES_E_BACKEND);
	}
	test_device_fail(f->test_device, VRES_MOCK_OP_HASH_BLOCKS, 1, verdicts[_i]);
	ck_status(vres_shard_verify(shard, NULL, NULL, &err), VRES_E_BACKEND);
	ck_assert_uint_eq(info_of(shard).state, VRES_SHARD_SEALED);
	ck_assert_uint_eq(record_critical(&f->record), 0);
	ck_assert_uint_eq(f->record.incidents_count, 0);
}
END_TEST

/* Slots that lie.  Each calls the mock's and spoils what it answered. */
#define DEVICE_THAT(name, spoil)                                                                   \
	static vres_status name(vres_bself *self, uint32_t index, vres_device_props *p,            \
	                        vres_bdev **out, vres_error *err)                                  \
	{                                                                                          \
		const vres_status status =                                                         \
			test_device_backend()->device_open(self, index, p, out, err);              \
                                                                                                   \
		spoil;                                                                             \
		return status;                                                                     \
	}

int main(void)
{
	static const struct suite_case cases[] = {
		CASE_LOOP(a_copy_that_was_not_made_is_not_sealed, 2,
	                  "WORKER-4113 WORKER-4010 VR-004", "integrity",
	                  "driver that lies, missing wait"),
		CASE(a_hash_that_was_not_computed_is_the_drivers_failure_at_seal,
	             "CI-007 WORKER-4032", "integrity", "driver that lies"),
		CASE_LOOP(a_hash_that_was_not_computed_is_the_drivers_failure_at_verify, 2,
	                  "CI-007 WORKER-4032", "integrity", "driver that lies, false alarm"),
		CASE_LOOP(a_readback_that_was_not_made_is_the_drivers_failure, 2,
	                  "CI-007 WORKER-4032", "integrity", "driver that lies, false alarm"),
		CASE(a_protection_that_was_not_put_on_is_not_signed, "VP-005 WORKER-4112",
	             "integrity", "driver that lies"),
		CASE(residency_that_was_not_answered_is_not_good, "VP-005 VP-006", "residency",
	             "driver that lies"),
		CASE_LOOP(a_judgement_or_a_status_from_nowhere_is_the_drivers_failure, 8,
	                  "WORKER-4151 WORKER-4010", "integrity",
	                  "false alarm, status taken for success"),
	};

	return suite_run("security_backend", "security", cases, COUNT(cases));
}
