/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An engine sleeps, wakes at other addresses, or pushes new weights: what resume then does. */
#include "support/fixture/engine.h"

#include <string.h>

static vres_change change_of(uint32_t tensor, const char *expected)
{
	vres_change c = vres_change_init();

	c.tensor = tensor;
	c.expected_digest = expected;
	return c;
}

static vres_status resume_with(vres_shard *shard, const vres_change *changes, size_t n,
                               vres_error *err)
{
	vres_resume_params p = vres_resume_params_init();

	p.changes = changes;
	p.changes_n = n;
	p.label = "step 17";
	return vres_shard_resume(shard, &p, NULL, err);
}

static void ck_usable(struct fixture *f, vres_shard *shard)
{
	vres_lease *lease = NULL;
	vres_error err;

	ck_assert_uint_eq(info_of(shard).state, VRES_SHARD_SEALED);
	ck_assert_uint_eq(info_of(shard).suspended, 0);
	ck_ok(vres_shard_verify(shard, NULL, NULL, &err));
	ck_ok(vres_lease_acquire(shard, &lease, &err));
	release_lease(&lease);
	ck_ok(vres_scrub_step(f->manager, UINT64_MAX, NULL, &err));
	ck_ok(vres_enforce_vram_only(f->manager, 0, NULL, &err));
}

START_TEST(sleep_without_a_change_leaves_record_and_receipts_as_they_are)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(engine_end) struct engine *e = engine_with_weights(f);
	CLEANUP(release_shard) vres_shard *shard = engine_sealed(e), *found = NULL;
	const vres_shard_info before = info_of(shard);
	size_t n;
	uint8_t *receipt = receipt_of(shard, &n);
	vres_verify_report report = vres_verify_report_init();
	vres_error err;

	ck_ok(vres_shard_suspend(shard, &err));
	ck_assert_uint_eq(info_of(shard).suspended, 1);
	ck_ok(vres_shard_resume(shard, NULL, &report, &err));
	ck_assert_uint_eq(report.bytes_hashed, before.vram_bytes);
	ck_assert_uint_eq(report.mode, VRES_VERIFY_FULL);
	ck_assert_str_eq(info_of(shard).digest, before.digest);
	ck_assert_uint_eq(info_of(shard).sealed_at, before.sealed_at);
	ck_assert_uint_eq(info_of(shard).epoch, 0);
	ck_ok(vres_receipt_open(f->manager, receipt, n, &found, &err));
	ck_usable(f, shard);
	ck_assert_uint_eq(record_count(&f->record, VRES_EVENT_VRAM_SUSPENDED), 1);
	ck_assert_uint_eq(record_count(&f->record, VRES_EVENT_VRAM_RESUMED), 1);
	ck_assert_uint_eq(record_count(&f->record, VRES_EVENT_VRAM_RESEALED), 0);
	test_free(receipt);
}
END_TEST

START_TEST(tensors_that_woke_at_other_addresses_are_found_there)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(engine_end) struct engine *e = engine_with_weights(f);
	CLEANUP(release_shard) vres_shard *shard = engine_sealed(e);
	vres_resume_params p = vres_resume_params_init();
	uint64_t ptrs[WEIGHTS_MAX] = {0};
	vres_error err;

	ck_ok(vres_shard_suspend(shard, &err));
	engine_move(e, ptrs);
	p.device_ptrs = ptrs;
	p.device_ptrs_n = e->n;
	ck_ok(vres_shard_resume(shard, &p, NULL, &err));
	ck_assert_uint_eq(record_last(&f->record, VRES_EVENT_VRAM_RESUMED)->moved_tensors, 11);
	ck_usable(f, shard);
	engine_flip(e, 3, 0);
	ck_refused(vres_shard_verify(shard, NULL, NULL, &err), VRES_REASON_DIGEST);
}
END_TEST

START_TEST(update_is_sealed_under_a_new_record_and_older_receipts_are_superseded)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(engine_end) struct engine *e = engine_with_weights(f);
	CLEANUP(release_shard) vres_shard *shard = engine_sealed(e), *found = NULL;
	const vres_shard_info before = info_of(shard);
	size_t n;
	uint8_t *receipt = receipt_of(shard, &n);
	vres_tensor_info tensor = vres_tensor_info_init();
	vres_change changes[2];
	const vres_event *event;
	char digest[65];
	vres_error err;

	ck_ok(vres_shard_suspend(shard, &err));
	engine_flip(e, 3, 7);
	engine_flip(e, 10, 0);
	engine_digest(e, 3, digest);
	changes[0] = change_of(3, digest);
	changes[1] = change_of(10, NULL);
	ck_ok(resume_with(shard, changes, 2, &err));
	ck_assert_uint_eq(info_of(shard).epoch, 1);
	ck_assert_str_ne(info_of(shard).digest, before.digest);
	ck_assert_uint_ge(info_of(shard).sealed_at, before.sealed_at);
	ck_ok(vres_shard_tensor(shard, 3, &tensor, &err));
	ck_assert_str_eq(tensor.digest, digest);
	event = record_last(&f->record, VRES_EVENT_VRAM_RESEALED);
	ck_assert_ptr_nonnull(event);
	ck_assert_uint_eq(event->changed_tensors, 2);
	ck_assert_uint_eq(event->expected_tensors, 1);
	ck_assert_str_eq(event->previous_digest, before.digest);
	ck_assert_str_eq(event->label, "step 17");
	ck_assert_uint_eq(event->shard->epoch, 1);
	ck_status_reason(vres_receipt_open(f->manager, receipt, n, &found, &err), VRES_E_STATE,
	                 VRES_REASON_SUPERSEDED);
	test_free(receipt);
	receipt = receipt_of(shard, &n);
	ck_ok(vres_receipt_open(f->manager, receipt, n, &found, &err));
	test_free(receipt);
	ck_usable(f, shard);
}
END_TEST

START_TEST(weights_rewritten_without_a_word_are_damage_until_they_are_right_again)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(engine_end) struct engine *e = engine_with_weights(f);
	CLEANUP(release_shard) vres_shard *shard = engine_sealed(e);
	const vres_shard_info before = info_of(shard);
	vres_verify_report report = vres_verify_report_init();
	vres_error err;

	ck_ok(vres_shard_suspend(shard, &err));
	engine_flip(e, 4, 1);
	ck_refused(vres_shard_resume(shard, NULL, &report, &err), VRES_REASON_DIGEST);
	ck_assert_uint_eq(report.bad_tensors, 2); /* tensor 9 is tied to it */
	ck_assert_uint_eq(info_of(shard).state, VRES_SHARD_QUARANTINED);
	ck_assert_uint_eq(info_of(shard).suspended, 0);
	ck_assert_str_eq(info_of(shard).digest, before.digest);
	ck_assert_uint_eq(f->record.incidents_count, 1);
	ck_assert_uint_eq(metrics_of(f).quarantined_now, 1);
	ck_refused(vres_shard_verify(shard, NULL, NULL, &err), VRES_REASON_QUARANTINED);
	ck_ok(vres_shard_suspend(shard, &err));
	engine_flip(e, 4, 1);
	ck_ok(vres_shard_resume(shard, NULL, NULL, &err));
	ck_assert_uint_eq(record_last(&f->record, VRES_EVENT_VRAM_RESUMED)->lifted, 1);
	ck_assert_uint_eq(metrics_of(f).quarantined_now, 0);
	ck_usable(f, shard);
}
END_TEST

START_TEST(change_that_is_not_the_expected_one_quarantines_and_keeps_the_record)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(engine_end) struct engine *e = engine_with_weights(f);
	CLEANUP(release_shard) vres_shard *shard = engine_sealed(e);
	const vres_shard_info before = info_of(shard);
	const vres_change wrong = change_of(3, e->digests[3]);
	char digest[65];
	vres_change right;
	vres_error err;

	ck_ok(vres_shard_suspend(shard, &err));
	engine_flip(e, 3, 7);
	ck_status(resume_with(shard, &wrong, 1, &err), VRES_E_INTEGRITY_VIOLATION);
	ck_assert_ptr_nonnull(strstr(err.message, "tensor 3 "));
	ck_assert_uint_eq(info_of(shard).state, VRES_SHARD_QUARANTINED);
	ck_assert_uint_eq(info_of(shard).epoch, 0);
	ck_assert_str_eq(info_of(shard).digest, before.digest);
	ck_assert_uint_eq(f->record.incidents_count, 1);
	ck_ok(vres_shard_suspend(shard, &err));
	engine_digest(e, 3, digest);
	right = change_of(3, digest);
	ck_ok(resume_with(shard, &right, 1, &err));
	ck_assert_uint_eq(info_of(shard).epoch, 1);
	ck_usable(f, shard);
}
END_TEST

/* Tied weights have one change, and what overlaps a changed range has changed too. */
START_TEST(change_is_one_of_all_names_and_of_what_overlaps)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(engine_end) struct engine *e = engine_with_weights(f);
	CLEANUP(release_shard) vres_shard *shard = NULL;
	const vres_change tied = change_of(9, NULL);
	vres_error err;

	(void)engine_tensor(e, 1, 2 * BLOCK, 2 * BLOCK); /* w12 ends inside w4 */
	(void)engine_tensor(e, 1, 8 * BLOCK, 2 * BLOCK); /* w13 begins inside w4 */
	(void)engine_tensor(e, 1, 2 * BLOCK, 1);         /* w14 lies inside w12 only */
	shard = engine_sealed(e);
	ck_ok(vres_shard_suspend(shard, &err));
	engine_flip(e, 4, 0);             /* in w12, too */
	engine_flip(e, 4, 5 * BLOCK - 1); /* in w13, too */
	ck_ok(resume_with(shard, &tied, 1, &err));
	ck_assert_uint_eq(record_last(&f->record, VRES_EVENT_VRAM_RESEALED)->changed_tensors, 4);
	ck_usable(f, shard);
	ck_ok(vres_shard_suspend(shard, &err));
	engine_flip(e, 14, 0);
	ck_refused(resume_with(shard, &tied, 1, &err), VRES_REASON_DIGEST);
}
END_TEST

START_TEST(refused_input_leaves_it_suspended)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(engine_end) struct engine *e = engine_with_weights(f);
	CLEANUP(release_shard) vres_shard *shard = engine_sealed(e);
	const vres_change past = change_of(e->n, NULL), empty = change_of(6, NULL),
			  no_digest = change_of(3, "xyz");
	const vres_change two[] = {change_of(4, e->digests[3]), change_of(9, e->digests[4])};
	vres_resume_params p = vres_resume_params_init();
	uint64_t ptrs[WEIGHTS_MAX];
	vres_error err;

	ck_ok(vres_shard_suspend(shard, &err));
	ck_status(resume_with(shard, &past, 1, &err), VRES_E_INVALID_INPUT);
	ck_assert_ptr_nonnull(strstr(err.message, "change 0"));
	ck_status(resume_with(shard, &empty, 1, &err), VRES_E_INVALID_INPUT);
	ck_status(resume_with(shard, &no_digest, 1, &err), VRES_E_INVALID_INPUT);
	ck_status(resume_with(shard, two, 2, &err), VRES_E_INVALID_INPUT);
	ck_assert_ptr_nonnull(strstr(err.message, "changes 0 and 1"));
	ck_status(resume_with(shard, NULL, 1, &err), VRES_E_INVALID_INPUT);
	for (unsigned i = 0; i < e->n; i++)
		ptrs[i] = e->tensors[i].device_ptr;
	p.device_ptrs = ptrs;
	p.device_ptrs_n = e->n - 1;
	ck_status(vres_shard_resume(shard, &p, NULL, &err), VRES_E_INVALID_INPUT);
	p.device_ptrs_n = e->n;
	ptrs[9]++;
	ck_status(vres_shard_resume(shard, &p, NULL, &err), VRES_E_INVALID_INPUT);
	ck_assert_ptr_nonnull(strstr(err.message, "tensors 4 and 9"));
	ptrs[9]--;
	ptrs[3] = 4096; /* not memory of the device */
	ck_status(vres_shard_resume(shard, &p, NULL, &err), VRES_E_INVALID_INPUT);
	ck_assert_ptr_nonnull(strstr(err.message, "tensor 3"));
	p = vres_resume_params_init();
	p.label = "a\nb";
	ck_status(vres_shard_resume(shard, &p, NULL, &err), VRES_E_INVALID_INPUT);
	p.label = NULL;
	p.all_changed = 2;
	ck_status(vres_shard_resume(shard, &p, NULL, &err), VRES_E_INVALID_INPUT);
	ck_assert_uint_eq(info_of(shard).suspended, 1);
	ck_assert_uint_eq(f->record.incidents_count, 0);
	ck_ok(vres_shard_resume(shard, NULL, NULL, &err));
	ck_usable(f, shard);
}
END_TEST

START_TEST(trouble_and_memory_that_policy_refuses_leave_it_suspended)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(engine_end) struct engine *e = engine_with_weights(f);
	CLEANUP(release_shard) vres_shard *shard = engine_sealed(e);
	vres_error err;

	ck_ok(vres_shard_suspend(shard, &err));
	test_device_pretend(f->test_device, e->addresses[1], VRES_MOCK_MANAGED);
	ck_status(vres_shard_resume(shard, NULL, NULL, &err), VRES_E_POLICY_VIOLATION);
	ck_assert_uint_eq(record_count(&f->record, VRES_EVENT_POLICY_VIOLATION), 1);
	test_device_pretend(f->test_device, e->addresses[1], 0);
	test_device_fail(f->test_device, VRES_MOCK_OP_HASH_BLOCKS, 1, VRES_E_BACKEND);
	ck_status(vres_shard_resume(shard, NULL, NULL, &err), VRES_E_BACKEND);
	ck_assert_uint_eq(record_count(&f->record, VRES_EVENT_SEAL_VERIFICATION_ERROR), 1);
	ck_assert_uint_eq(info_of(shard).suspended, 1);
	ck_assert_uint_eq(info_of(shard).state, VRES_SHARD_SEALED);
	ck_ok(vres_shard_resume(shard, NULL, NULL, &err));
	ck_usable(f, shard);
}
END_TEST

START_TEST(policy_may_require_an_expectation_of_every_change)
{
	struct setup setup = setup_init();
	CLEANUP(finish) struct fixture *f = NULL;
	CLEANUP(engine_end) struct engine *e = NULL;
	CLEANUP(release_shard) vres_shard *shard = NULL;
	vres_resume_params p = vres_resume_params_init();
	vres_change change;
	vres_error err;

	setup.policy.require |= VRES_REQUIRE_EXPECTED;
	f = begin(&setup);
	e = engine_with_weights(f);
	shard = engine_sealed(e);
	change = change_of(3, NULL);
	p.all_changed = 1;
	ck_ok(vres_shard_suspend(shard, &err));
	ck_status(resume_with(shard, &change, 1, &err), VRES_E_INVALID_INPUT);
	ck_assert_ptr_nonnull(strstr(err.message, "tensor 3 "));
	ck_status(vres_shard_resume(shard, &p, NULL, &err), VRES_E_INVALID_INPUT);
	change = change_of(3, e->digests[3]);
	ck_ok(resume_with(shard, &change, 1, &err));
}
END_TEST

/* Three tensors touch.  Tensor 1 may change, but so has the nearest byte of another. */
START_TEST(tensor_that_only_touches_a_changed_one_must_be_as_it_was)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(engine_end) struct engine *e = engine_begin(f);
	CLEANUP(release_shard) vres_shard *shard = NULL;
	const vres_change change = change_of(1, NULL);
	vres_error err;

	(void)engine_segment(e, 0, MIB(2), 1);
	for (unsigned i = 0; i < 3; i++)
		(void)engine_tensor(e, 0, 1 + i * BLOCK, BLOCK);
	shard = engine_sealed(e);
	ck_ok(vres_shard_suspend(shard, &err));
	engine_flip(e, 1, 0);
	engine_flip(e, _i == 0 ? 0 : 2, _i == 0 ? BLOCK - 1 : 0);
	ck_refused(resume_with(shard, &change, 1, &err), VRES_REASON_DIGEST);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE(sleep_without_a_change_leaves_record_and_receipts_as_they_are, "CI-007",
	             "availability", ""),
		CASE(tensors_that_woke_at_other_addresses_are_found_there, "CI-007 VP-006", "", ""),
		CASE(update_is_sealed_under_a_new_record_and_older_receipts_are_superseded,
	             "CI-001 CI-004", "authenticity", "a receipt of weights that are gone"),
		CASE(weights_rewritten_without_a_word_are_damage_until_they_are_right_again,
	             "CI-007 WORKER-4122", "integrity", "weights that lost their bytes asleep"),
		CASE(change_that_is_not_the_expected_one_quarantines_and_keeps_the_record,
	             "CI-004 WORKER-4122", "integrity", "other weights than were pushed"),
		CASE(change_is_one_of_all_names_and_of_what_overlaps, "CI-004", "integrity", ""),
		CASE(refused_input_leaves_it_suspended, "VR-005", "availability", ""),
		CASE(trouble_and_memory_that_policy_refuses_leave_it_suspended, "VP-005",
	             "residency", "weights that wake outside of VRAM"),
		CASE(policy_may_require_an_expectation_of_every_change, "VR-005", "integrity",
	             "damage that an update launders"),
		CASE_LOOP(tensor_that_only_touches_a_changed_one_must_be_as_it_was, 2, "CI-007",
	                  "integrity", "damage that an update hides"),
	};

	return suite_run("tensors_suspend", "verify", cases, COUNT(cases));
}
