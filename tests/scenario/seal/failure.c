/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Seals that fail: progress that cancels, sizes that do not fit, devices that refuse.  Nothing may
 * be left of them.
 */
#include "support/fixture/support.h"

struct steps {
	uint64_t seen[16];
	unsigned calls, stop_at;
	uint64_t total;
	bool is_monotonic;
};

static bool on_progress(void *ctx, uint64_t done, uint64_t total)
{
	struct steps *s = ctx;

	s->is_monotonic &= s->calls == 0 || done >= s->seen[s->calls - 1];
	if (s->calls < COUNT(s->seen))
		s->seen[s->calls] = done;
	s->calls++;
	s->total = total;
	return s->calls != s->stop_at;
}

static vres_status seal_watched(struct fixture *f, const char *id, uint64_t bytes,
                                struct steps *steps, vres_shard **out, vres_error *err)
{
	CLEANUP(free_bytes) uint8_t *data = content((size_t)bytes, 1);
	vres_seal_params p = vres_seal_params_init();

	steps->is_monotonic = true;
	p.shard_id = id;
	p.progress = on_progress;
	p.progress_ctx = steps;
	return vres_seal_memory(f->manager, &p, data, bytes, out, err);
}

START_TEST(progress_is_told_at_least_every_16_mib_and_at_the_end)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(release_shard) vres_shard *shard = NULL;
	struct steps steps = {.stop_at = 0};
	vres_error err;

	ck_ok(seal_watched(f, NULL, MIB(40) + 3, &steps, &shard, &err));
	ck_assert_uint_ge(steps.calls, 3);
	ck_assert_uint_lt(steps.calls, COUNT(steps.seen));
	ck_assert(steps.is_monotonic);
	ck_assert_uint_le(steps.seen[0], MIB(16));
	for (unsigned i = 1; i < steps.calls; i++)
		ck_assert_uint_le(steps.seen[i] - steps.seen[i - 1], MIB(16));
	ck_assert_uint_eq(steps.seen[steps.calls - 1], MIB(40) + 3);
	ck_assert_uint_eq(steps.total, MIB(40) + 3);
}
END_TEST

START_TEST(progress_can_cancel_at_every_step_and_leaves_nothing)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	const vres_device_info before = device_of(f, 0);
	const uint64_t bytes = MIB(suite_scaled(33, 17));
	unsigned cancelled = 0;
	vres_error err;

	for (unsigned step = 1;; step++) {
		CLEANUP(release_shard) vres_shard *shard = NULL;
		struct steps steps = {.stop_at = step};
		vres_device_info after;

		status_poison(&err);
		if (seal_watched(f, "stopped", bytes, &steps, &shard, &err) == VRES_OK)
			break;
		ck_assert_int_eq(err.status, VRES_E_CANCELLED);
		ck_assert_uint_eq(steps.calls, step);
		ck_assert_ptr_null(shard);
		after = device_of(f, 0);
		ck_same_device(&before, &after);
		ck_status(vres_manager_find(f->manager, "stopped", &shard, &err), VRES_E_NOT_FOUND);
		cancelled++;
	}
	ck_assert_uint_ge(cancelled, 2);
	ck_assert_uint_eq(record_count(&f->record, VRES_EVENT_VRAM_SEALED), 1);
	ck_assert_uint_eq(metrics_of(f).seals_failed, cancelled);
	suite_value("steps_cancelled", cancelled);
}
END_TEST

START_TEST(a_device_lost_while_sealing_is_no_tampering)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	vres_shard *shard = NULL;
	vres_error err;

	f->wipe_may_fail = true;
	test_device_fail(f->test_device, VRES_MOCK_OP_LANE_WAIT, 1, VRES_E_DEVICE_LOST);
	ck_status(vres_seal_memory(f->manager, PLAIN, "abc", 3, &shard, &err), VRES_E_DEVICE_LOST);
	ck_assert_uint_eq(record_critical(&f->record), 0);
	ck_status(vres_seal_memory(f->manager, PLAIN, "abc", 3, &shard, &err), VRES_E_DEVICE_LOST);
	ck_assert_uint_eq(metrics_of(f).used_bytes_now, 0);
}
END_TEST

START_TEST(a_device_that_cannot_hash_seals_only_where_readback_is_allowed)
{
	struct setup s = setup_init();
	CLEANUP(finish) struct fixture *f = NULL;
	vres_device_info before, after;
	vres_shard *shard = NULL;
	vres_error err;

	s.mock.no_device_hash = 1;
	f = begin(&s);
	before = device_of(f, 0);
	ck_status(vres_seal_memory(f->manager, PLAIN, "abc", 3, &shard, &err), VRES_E_UNSUPPORTED);
	after = device_of(f, 0);
	ck_same_device(&before, &after);
}
END_TEST

START_TEST(freed_memory_holds_no_trace_of_the_weights)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	vres_shard *shard = sealed(f, MIB(1) + 5, 1);
	uint64_t wiped = test_device_calls(f->test_device, VRES_MOCK_OP_MEM_WIPE);

	release_shard(&shard);
	ck_assert_uint_eq(test_device_calls(f->test_device, VRES_MOCK_OP_MEM_WIPE), wiped + 1);
	ck_assert_uint_eq(test_device_unwiped(f->test_device), 0);
}
END_TEST

START_TEST(memory_that_cannot_be_wiped_or_freed_is_told_to_the_auditor)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	vres_shard *shard = sealed_as(f, "stuck", MIB(1), 1);
	const vres_event *e;

	f->wipe_may_fail = true;
	record_clear(&f->record);
	test_device_fail(f->test_device, _i == 0 ? VRES_MOCK_OP_MEM_WIPE : VRES_MOCK_OP_MEM_RELEASE,
	                 1, VRES_E_BACKEND);
	release_shard(&shard);
	e = record_last(&f->record, VRES_EVENT_VRAM_DEALLOCATION_FAILED);
	ck_assert_ptr_nonnull(e);
	ck_assert_int_eq(e->status, VRES_E_DEALLOCATION_FAILED);
	ck_assert_uint_eq(e->gpu_device, 0);
	ck_assert_str_eq(e->shard->shard_id, "stuck");
	ck_assert_uint_eq(record_count(&f->record, VRES_EVENT_VRAM_DEALLOCATION_FAILED), 1);
	ck_works(f);
}
END_TEST

/* What the driver reports as done although it is not: the wipe, or the check of the wipe. */
START_TEST(wipe_that_was_reported_and_not_done_or_not_checked_is_told_to_the_auditor)
{
	static const vres_mock_op left_out[] = {VRES_MOCK_OP_MEM_WIPE, VRES_MOCK_OP_HASH_BLOCKS,
	                                        VRES_MOCK_OP_MEM_WIPE, VRES_MOCK_OP_LANE_PULL};
	struct setup s = setup_init();
	CLEANUP(finish) struct fixture *f = NULL;
	const vres_event *e;
	vres_shard *shard;

	s.mock.no_device_hash = _i >= 2;
	s.policy.allow |= VRES_ALLOW_READBACK;
	f = begin(&s);
	shard = sealed_as(f, "stuck", MIB(1) + 5, 1);
	f->wipe_may_fail = left_out[_i] == VRES_MOCK_OP_MEM_WIPE;
	record_clear(&f->record);
	test_device_fail(f->test_device, left_out[_i], 1, VRES_OK);
	release_shard(&shard);
	e = record_last(&f->record, VRES_EVENT_VRAM_DEALLOCATION_FAILED);
	ck_assert_ptr_nonnull(e);
	ck_assert_int_eq(e->status, VRES_E_DEALLOCATION_FAILED);
	ck_assert_str_eq(e->shard->shard_id, "stuck");
	ck_assert_ptr_nonnull(strstr(e->detail, left_out[_i] == VRES_MOCK_OP_MEM_WIPE
	                                                ? "still has bytes"
	                                                : "did not do"));
	ck_assert_uint_eq(record_count(&f->record, VRES_EVENT_VRAM_DEALLOCATED), 0);
	ck_works(f);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE(progress_is_told_at_least_every_16_mib_and_at_the_end, "WORKER-4402",
	             "availability", "load that looks hung"),
		CASE(progress_can_cancel_at_every_step_and_leaves_nothing, "WORKER-4150 MS-004",
	             "availability", "memory leaked by cancelling"),
		CASE(a_device_lost_while_sealing_is_no_tampering, "WORKER-4151 WORKER-4032",
	             "availability", "false alarm"),
		CASE(a_device_that_cannot_hash_seals_only_where_readback_is_allowed,
	             "VP-001 WORKER-4102", "confidentiality", "weights in host memory unasked"),
		CASE(freed_memory_holds_no_trace_of_the_weights, "WORKER-4922 WORKER-4972",
	             "confidentiality", "leftover weights in freed memory"),
		CASE_LOOP(memory_that_cannot_be_wiped_or_freed_is_told_to_the_auditor, 2,
	                  "MS-004 MS-005 WORKER-4083 RP-005", "accountability",
	                  "memory leaked or left unwiped unseen"),
		CASE_LOOP(wipe_that_was_reported_and_not_done_or_not_checked_is_told_to_the_auditor,
	                  4, "WORKER-4922 WORKER-4972 MS-005", "confidentiality",
	                  "a driver that says it wiped"),
	};

	return suite_run("seal_failure", "seal", cases, COUNT(cases));
}
