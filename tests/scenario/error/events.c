/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What could not be done is recorded too: seals, verifications, leases; and the end of adopted
 * shards. */
#include "support/fixture/scrubbing.h"

/* The last event is this one, about this shard. */
static const vres_event *ck_last(struct fixture *f, uint32_t type, const char *shard_id,
                                 const char *mode, vres_status status)
{
	const vres_event *e = record_last(&f->record, 0);

	ck_assert_uint_eq(e->type, type);
	ck_assert_uint_eq(e->critical, 0);
	ck_assert_int_eq(e->status, status);
	ck_assert_uint_eq(e->gpu_device, 0);
	ck_assert_ptr_nonnull(e->shard);
	ck_assert_str_eq(e->shard->shard_id, shard_id);
	if (mode)
		ck_assert_str_eq(e->mode, mode);
	ck_assert_uint_eq(f->record.incidents_count, 0);
	return e;
}

START_TEST(verification_that_cannot_be_made_is_recorded_with_its_mode_and_status)
{
	static const struct {
		uint32_t mode;
		const char *name;
		vres_mock_op op;
		vres_status how;
	} cases[] = {
		{VRES_VERIFY_FULL, "full", VRES_MOCK_OP_HASH_BLOCKS, VRES_E_BACKEND},
		{VRES_VERIFY_SAMPLED, "sampled", VRES_MOCK_OP_LANE_WAIT, VRES_E_BACKEND},
		{VRES_VERIFY_READBACK, "readback", VRES_MOCK_OP_LANE_PULL, VRES_E_DEVICE_LOST},
		{VRES_VERIFY_SIGNATURE, "signature", VRES_MOCK_OP_MEM_RESIDENCY, VRES_E_BACKEND},
	};
	struct setup s = setup_init();
	CLEANUP(finish) struct fixture *f = NULL;
	CLEANUP(release_shard) vres_shard *shard = NULL;
	const vres_verify_params p = mode_of(cases[_i].mode);
	vres_error err;

	s.policy.allow |= VRES_ALLOW_READBACK;
	f = begin(&s);
	f->wipe_may_fail = cases[_i].how == VRES_E_DEVICE_LOST;
	shard = sealed_as(f, "a", 3 * BLOCK, 1);
	test_device_fail(f->test_device, cases[_i].op, 1, cases[_i].how);
	ck_status(vres_shard_verify(shard, &p, NULL, &err), cases[_i].how);
	(void)ck_last(f, VRES_EVENT_SEAL_VERIFICATION_ERROR, "a", cases[_i].name, cases[_i].how);
	ck_assert_uint_eq(record_count(&f->record, VRES_EVENT_SEAL_VERIFICATION_ERROR), 1);
}
END_TEST

/* Each of several has its own. */
START_TEST(verification_of_many_that_cannot_be_made_is_recorded_for_each)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	vres_shard *shards[] = {sealed_as(f, "a", BLOCK, 1), sealed_as(f, "b", BLOCK, 2)};
	vres_error err;

	f->wipe_may_fail = true;
	test_device_fail(f->test_device, VRES_MOCK_OP_LANE_OPEN, 1, VRES_E_DEVICE_LOST);
	ck_status(vres_verify_many(f->manager, shards, 2, NULL, NULL, &err), VRES_E_DEVICE_LOST);
	ck_assert_uint_eq(record_count(&f->record, VRES_EVENT_SEAL_VERIFICATION_ERROR), 2);
	(void)ck_last(f, VRES_EVENT_SEAL_VERIFICATION_ERROR, "b", "full", VRES_E_DEVICE_LOST);
	for (size_t i = 0; i < COUNT(shards); i++)
		release_shard(&shards[i]);
}
END_TEST

START_TEST(lease_that_cannot_be_given_is_recorded)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(release_shard) vres_shard *shard = sealed_as(f, "a", BLOCK, 1);
	vres_lease *lease = NULL;
	vres_error err;

	test_device_fail(f->test_device, VRES_MOCK_OP_HASH_BLOCKS, 1, VRES_E_BACKEND);
	ck_status(vres_lease_acquire(shard, &lease, &err), VRES_E_BACKEND);
	(void)ck_last(f, VRES_EVENT_SEAL_VERIFICATION_ERROR, "a", "full", VRES_E_BACKEND);
	ck_ok(vres_lease_acquire(shard, &lease, &err));
	ck_assert_uint_eq(record_count(&f->record, VRES_EVENT_SEAL_VERIFICATION_ERROR), 1);
	release_lease(&lease);
}
END_TEST

START_TEST(lease_for_which_there_is_no_memory_is_recorded)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(release_shard) vres_shard *shard = sealed_as(f, "a", BLOCK, 1);
	vres_lease *lease = NULL;
	vres_error err;

	alloc_fail(1, false);
	ck_status(vres_lease_acquire(shard, &lease, &err), VRES_E_NO_MEMORY);
	ck_assert(alloc_disarm());
	(void)ck_last(f, VRES_EVENT_SEAL_VERIFICATION_ERROR, "a", "full", VRES_E_NO_MEMORY);
}
END_TEST

/* What is refused has no effect, and damage has an event of its own. */
START_TEST(verification_that_is_refused_or_finds_damage_is_no_trouble)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(release_shard) vres_shard *shard = damaged(f, BLOCK, 1);
	const vres_verify_params readback = mode_of(VRES_VERIFY_READBACK);
	vres_error err;

	ck_status(vres_shard_verify(shard, &readback, NULL, &err), VRES_E_UNSUPPORTED);
	ck_refused(vres_shard_verify(shard, NULL, NULL, &err), VRES_REASON_DIGEST);
	ck_refused(vres_shard_verify(shard, NULL, NULL, &err), VRES_REASON_QUARANTINED);
	ck_assert_uint_eq(record_count(&f->record, VRES_EVENT_SEAL_VERIFICATION_ERROR), 0);
}
END_TEST

START_TEST(scrub_records_the_beginning_of_a_shards_trouble_once)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(release_shard) vres_shard *shard = sealed_as(f, "a", BLOCK, 1);
	vres_scrub_report report;
	vres_error err;

	for (unsigned times = 1; times <= 2; times++) {
		for (unsigned step = 0; step < 3; step++) {
			test_device_fail(f->test_device, VRES_MOCK_OP_HASH_BLOCKS, 1,
			                 VRES_E_BACKEND);
			ck_status(scrub_step(f, SCRUB_TINY, &report, &err), VRES_E_BACKEND);
			ck_assert_uint_eq(
				record_count(&f->record, VRES_EVENT_SEAL_VERIFICATION_ERROR),
				times);
		}
		(void)ck_last(f, VRES_EVENT_SEAL_VERIFICATION_ERROR, "a", "sampled",
		              VRES_E_BACKEND);
		(void)scrub_good(f, SCRUB_TINY); /* which ends it */
	}
}
END_TEST

/* The memory has been freed when the seal is said to have failed. */
START_TEST(seal_that_cannot_be_made_is_recorded_last)
{
	static const vres_mock_op ops[] = {VRES_MOCK_OP_DEVICE_OPEN, VRES_MOCK_OP_MEM_RESIDENCY,
	                                   VRES_MOCK_OP_LANE_OPEN,   VRES_MOCK_OP_LANE_PUSH,
	                                   VRES_MOCK_OP_LANE_WAIT,   VRES_MOCK_OP_HASH_BLOCKS};
	CLEANUP(finish) struct fixture *f = begin(NULL);
	vres_seal_params p = vres_seal_params_init();
	vres_shard *shard = NULL;
	vres_error err;

	p.shard_id = "a";
	test_device_fail(f->test_device, ops[_i], 1, VRES_E_BACKEND);
	ck_status(vres_seal_memory(f->manager, &p, "abc", 3, &shard, &err), VRES_E_BACKEND);
	(void)ck_last(f, VRES_EVENT_SEAL_FAILED, "a", "seal", VRES_E_BACKEND);
	ck_assert_uint_eq(record_count(&f->record, VRES_EVENT_SEAL_FAILED), 1);
	ck_ok(vres_seal_memory(f->manager, &p, "abc", 3, &shard, &err));
	ck_assert_uint_eq(record_count(&f->record, VRES_EVENT_SEAL_FAILED), 1);
	release_shard(&shard);
}
END_TEST

START_TEST(seal_whose_source_fails_or_cancels_is_recorded)
{
	static const vres_status how[] = {VRES_E_IO, VRES_E_CANCELLED};
	CLEANUP(finish) struct fixture *f = begin(NULL);
	struct content_source source = {.seed = 1, .fail_at = 1, .fail_how = how[_i]};
	vres_seal_params p = vres_seal_params_init();
	vres_shard *shard = NULL;
	vres_error err;

	p.shard_id = "a";
	ck_status(vres_seal_stream(f->manager, &p, content_read, &source, BLOCK, &shard, &err),
	          how[_i]);
	(void)ck_last(f, VRES_EVENT_SEAL_FAILED, "a", "seal", how[_i]);
}
END_TEST

START_TEST(seal_that_finds_no_room_is_recorded_beside_the_shortage)
{
	struct setup s = setup_init();
	CLEANUP(finish) struct fixture *f = NULL;
	CLEANUP(free_bytes) uint8_t *data = content(MIB(2), 1);
	vres_seal_params p = vres_seal_params_init();
	vres_shard *shard = NULL;
	vres_error err;

	s.mock.bytes_per_device = MIB(1);
	f = begin(&s);
	p.shard_id = "a";
	ck_status(vres_seal_memory(f->manager, &p, data, MIB(2), &shard, &err),
	          VRES_E_INSUFFICIENT_VRAM);
	(void)ck_last(f, VRES_EVENT_SEAL_FAILED, "a", "seal", VRES_E_INSUFFICIENT_VRAM);
	ck_assert_uint_eq(record_count(&f->record, VRES_EVENT_VRAM_ALLOCATION_FAILED), 1);
}
END_TEST

/* An id that is taken is the caller's mistake; a wrong digest has a critical event of its own. */
START_TEST(seal_that_is_refused_or_finds_other_bytes_is_no_trouble)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(release_shard) vres_shard *first = sealed_as(f, "a", BLOCK, 1);
	vres_seal_params p = vres_seal_params_init();
	vres_shard *shard = NULL;
	vres_error err;

	p.shard_id = "a";
	ck_status(vres_seal_memory(f->manager, &p, "abc", 3, &shard, &err), VRES_E_STATE);
	p.shard_id = "b";
	p.expected_digest = "0000000000000000000000000000000000000000000000000000000000000000";
	ck_status(vres_seal_memory(f->manager, &p, "abc", 3, &shard, &err),
	          VRES_E_INTEGRITY_VIOLATION);
	ck_assert_uint_eq(record_count(&f->record, VRES_EVENT_SEAL_FAILED), 0);
}
END_TEST

START_TEST(end_of_an_adopted_shard_is_recorded_and_that_of_a_failed_one_is_not)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	vres_seal_params p = vres_seal_params_init();
	vres_shard *shard = NULL;
	uint64_t address = 0;
	vres_error err;

	p.digest_alg = VRES_DIGEST_VERITY;
	p.shard_id = "a";
	ck_assert_int_eq(test_device_alloc(f->test_device, 0, BLOCK, NULL, &address), VRES_OK);
	test_device_fail(f->test_device, VRES_MOCK_OP_HASH_BLOCKS, 1, VRES_E_BACKEND);
	ck_status(vres_seal_adopt(f->manager, &p, address, BLOCK, &shard, &err), VRES_E_BACKEND);
	(void)ck_last(f, VRES_EVENT_SEAL_FAILED, "a", "adopt", VRES_E_BACKEND);
	ck_ok(vres_seal_adopt(f->manager, &p, address, BLOCK, &shard, &err));
	ck_assert_uint_eq(record_count(&f->record, VRES_EVENT_VRAM_RELEASED), 0);
	release_shard(&shard);
	(void)ck_last(f, VRES_EVENT_VRAM_RELEASED, "a", NULL, VRES_OK);
	ck_assert_uint_eq(record_count(&f->record, VRES_EVENT_VRAM_RELEASED), 1);
	ck_assert_uint_eq(record_count(&f->record, VRES_EVENT_VRAM_DEALLOCATED), 0);
	test_device_free(f->test_device, address);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE_LOOP(verification_that_cannot_be_made_is_recorded_with_its_mode_and_status, 4,
	                  "WORKER-4161", "accountability",
	                  "a check that nobody knows was not made"),
		CASE(verification_of_many_that_cannot_be_made_is_recorded_for_each, "WORKER-4161",
	             "accountability", "a check that nobody knows was not made"),
		CASE(lease_that_cannot_be_given_is_recorded, "WORKER-4161", "accountability",
	             "a check that nobody knows was not made"),
		CASE(lease_for_which_there_is_no_memory_is_recorded, "WORKER-4161",
	             "accountability", "a check that nobody knows was not made"),
		CASE(verification_that_is_refused_or_finds_damage_is_no_trouble, "WORKER-4161",
	             "accountability", ""),
		CASE(scrub_records_the_beginning_of_a_shards_trouble_once, "WORKER-4161",
	             "accountability", "flood of events"),
		CASE_LOOP(seal_that_cannot_be_made_is_recorded_last, 6, "WORKER-4161",
	                  "accountability", "a seal that nobody knows was not made"),
		CASE_LOOP(seal_whose_source_fails_or_cancels_is_recorded, 2, "WORKER-4161",
	                  "accountability", "a seal that nobody knows was not made"),
		CASE(seal_that_finds_no_room_is_recorded_beside_the_shortage, "WORKER-4161",
	             "accountability", ""),
		CASE(seal_that_is_refused_or_finds_other_bytes_is_no_trouble, "WORKER-4161",
	             "accountability", ""),
		CASE(end_of_an_adopted_shard_is_recorded_and_that_of_a_failed_one_is_not,
	             "WORKER-4161", "accountability", "memory that leaves watch unseen"),
	};

	return suite_run("error_events", "error_recovery", cases, COUNT(cases));
}
