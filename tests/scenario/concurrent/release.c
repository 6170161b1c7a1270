/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Callbacks that give back what the call under way was given: the last reference to a shard, the
 * manager.  The call goes on to its end, and what it works on goes then and not before.
 */
#include <pthread.h>
#include <sched.h>
#include "support/fixture/support.h"

/* At the first event of a type it gives back shards and, if it should, the manager. */
struct leaver {
	struct fixture *f;
	uint32_t on;
	vres_shard *shards[3];
	bool destroys;
	bool has_left;
	size_t freed;    /* shards that were freed when it had */
	unsigned closed; /* managers that had closed */
};

static void leave(struct leaver *l)
{
	if (l->has_left)
		return;
	l->has_left = true;
	for (size_t i = 0; i < COUNT(l->shards); i++)
		release_shard(&l->shards[i]);
	if (l->destroys)
		destroy_manager(&l->f->manager);
	l->freed = record_count(&l->f->record, VRES_EVENT_VRAM_DEALLOCATED);
	l->closed = atomic_load(&l->f->closed);
}

static vres_status leave_at_event(void *ctx, const vres_event *event)
{
	struct leaver *l = ctx;
	const vres_status status = record_event(&l->f->record, event);

	if (event->type == l->on)
		leave(l);
	return status;
}

static bool leave_at_progress(void *ctx, uint64_t done, uint64_t total)
{
	(void)done;
	(void)total;
	leave(ctx);
	return true;
}

static bool leave_and_cancel(void *ctx, uint64_t done, uint64_t total)
{
	return !leave_at_progress(ctx, done, total);
}

/* A fixture whose manager tells @l, too. */
static struct fixture *begin_with(struct leaver *l)
{
	struct setup s = setup_init();
	struct fixture *f;
	vres_config config;
	vres_error err;

	s.no_manager = true;
	f = begin(&s);
	l->f = f;
	config = config_of(f);
	config.audit = (vres_audit_sink){leave_at_event, l};
	ck_ok(manager_create(f, &config, &f->manager, &err));
	return f;
}

/* The last reference was released during the call.  Nothing was freed then; it is freed by now. */
static void ck_gone(const struct leaver *l, size_t shards)
{
	ck_assert(l->has_left);
	ck_assert_uint_eq(l->freed, 0);
	ck_assert_uint_eq(record_count(&l->f->record, VRES_EVENT_VRAM_DEALLOCATED), shards);
	if (l->destroys) {
		ck_assert_uint_eq(l->closed, 0);
		ck_assert_uint_eq(atomic_load(&l->f->closed), 1);
	}
}

START_TEST(a_damaged_shard_may_be_released_when_its_damage_is_told)
{
	struct leaver l = {.on = VRES_EVENT_SEAL_VERIFICATION_FAILED, .destroys = _i == 1};
	CLEANUP(finish) struct fixture *f = begin_with(&l);
	vres_verify_report report = vres_verify_report_init();
	vres_error err;

	l.shards[0] = damaged(f, 3 * BLOCK, 5);
	ck_refused(vres_shard_verify(l.shards[0], NULL, &report, &err), VRES_REASON_DIGEST);
	ck_assert_uint_eq(report.reason, VRES_REASON_DIGEST);
	ck_gone(&l, 1);
}
END_TEST

START_TEST(a_lease_on_a_shard_that_was_released_meanwhile_keeps_the_memory)
{
	struct leaver l = {.on = VRES_EVENT_SEAL_VERIFIED, .destroys = _i == 1};
	CLEANUP(finish) struct fixture *f = begin_with(&l);
	vres_lease *lease = NULL;
	vres_error err;

	l.shards[0] = sealed(f, 3 * BLOCK, 1);
	ck_ok(vres_lease_acquire(l.shards[0], &lease, &err));
	ck_assert(l.has_left);
	ck_assert_uint_eq(record_count(&f->record, VRES_EVENT_VRAM_DEALLOCATED), 0);
	/* The memory is there. */
	ck_assert_int_eq(test_device_flip(f->test_device, vres_lease_device_ptr(lease), 0),
	                 VRES_OK);
	ck_ok(vres_lease_check(lease, &err));
	release_lease(&lease);
	ck_gone(&l, 1);
}
END_TEST

START_TEST(a_failed_lease_on_a_shard_that_was_released_meanwhile_keeps_nothing)
{
	struct leaver l = {.on = VRES_EVENT_SEAL_VERIFICATION_FAILED, .destroys = _i == 1};
	CLEANUP(finish) struct fixture *f = begin_with(&l);
	vres_lease *lease = NULL;
	vres_error err;

	l.shards[0] = damaged(f, 3 * BLOCK, 5);
	ck_refused(vres_lease_acquire(l.shards[0], &lease, &err), VRES_REASON_DIGEST);
	ck_assert_ptr_null(lease);
	ck_gone(&l, 1);
}
END_TEST

START_TEST(shards_that_are_verified_together_may_be_released_when_the_first_is_told_of)
{
	struct leaver l = {.on = VRES_EVENT_SEAL_VERIFIED, .destroys = _i == 1};
	CLEANUP(finish) struct fixture *f = begin_with(&l);
	vres_verify_report reports[3];
	vres_shard *shards[3];
	vres_error err;

	for (size_t i = 0; i < COUNT(shards); i++) {
		l.shards[i] = shards[i] = sealed(f, (i + 1) * BLOCK, i);
		reports[i] = vres_verify_report_init();
	}
	ck_ok(vres_verify_many(f->manager, shards, COUNT(shards), NULL, reports, &err));
	for (size_t i = 0; i < COUNT(shards); i++)
		ck_assert_uint_eq(reports[i].bytes_hashed, (i + 1) * BLOCK);
	ck_gone(&l, 3);
}
END_TEST

START_TEST(a_manager_may_be_destroyed_while_it_seals)
{
	struct leaver l = {.destroys = true};
	CLEANUP(finish) struct fixture *f = begin_with(&l);
	vres_seal_params p = vres_seal_params_init();
	vres_shard *shard = NULL;
	vres_error err;

	p.progress = leave_at_progress;
	p.progress_ctx = &l;
	ck_ok(vres_seal_memory(f->manager, &p, "abc", 3, &shard, &err));
	ck_assert(l.has_left);
	ck_assert_uint_eq(atomic_load(&f->closed), 0);
	ck_ok(vres_shard_verify(shard, NULL, NULL, &err));
	release_shard(&shard);
	ck_gone(&l, 1);
}
END_TEST

START_TEST(a_manager_may_be_destroyed_while_a_seal_is_cancelled)
{
	struct leaver l = {.destroys = true};
	CLEANUP(finish) struct fixture *f = begin_with(&l);
	vres_seal_params p = vres_seal_params_init();
	vres_shard *shard = NULL;
	vres_error err;

	p.progress = leave_and_cancel;
	p.progress_ctx = &l;
	ck_status(vres_seal_memory(f->manager, &p, "abc", 3, &shard, &err), VRES_E_CANCELLED);
	ck_gone(&l, 1);
}
END_TEST

START_TEST(a_manager_may_be_destroyed_when_it_tells_of_a_violation)
{
	struct leaver l = {.on = VRES_EVENT_POLICY_VIOLATION, .destroys = true};
	CLEANUP(finish) struct fixture *f = begin_with(&l);
	vres_error err;

	l.shards[0] = sealed(f, BLOCK, 1);
	test_device_pretend(f->test_device, address_of(l.shards[0]), VRES_MOCK_MANAGED);
	ck_status(vres_enforce_vram_only(f->manager, 0, NULL, &err), VRES_E_POLICY_VIOLATION);
	l.freed = 0; /* the shard is none that the call was given */
	ck_gone(&l, 1);
}
END_TEST

START_TEST(a_manager_may_be_destroyed_when_it_tells_of_a_bad_receipt)
{
	struct leaver l = {.on = VRES_EVENT_SEAL_VERIFICATION_FAILED, .destroys = true};
	CLEANUP(finish) struct fixture *f = begin_with(&l);
	const uint8_t receipt[100] = {1};
	vres_shard *shard = NULL;
	vres_error err;

	ck_refused(vres_receipt_open(f->manager, receipt, sizeof(receipt), &shard, &err),
	           VRES_REASON_SIGNATURE);
	ck_gone(&l, 0);
}
END_TEST

START_TEST(a_manager_may_be_destroyed_when_its_scrub_tells_of_damage)
{
	struct leaver l = {.on = VRES_EVENT_SEAL_VERIFICATION_FAILED, .destroys = true};
	CLEANUP(finish) struct fixture *f = begin_with(&l);
	vres_scrub_report report = vres_scrub_report_init();
	vres_error err;

	l.shards[0] = damaged(f, BLOCK, 5);
	ck_refused(vres_scrub_step(f->manager, UINT64_MAX, &report, &err), VRES_REASON_DIGEST);
	ck_assert_uint_eq(report.failed, 1);
	ck_gone(&l, 1);
}
END_TEST

struct verifier {
	vres_shard *shard;
	vres_status status;
};

static void *verify_it(void *arg)
{
	struct verifier *v = arg;

	v->status = vres_shard_verify(v->shard, NULL, NULL, NULL);
	return NULL;
}

/* From another thread, too, while the verification is under way: the device has been called. */
START_TEST(a_shard_may_be_released_by_others_while_it_is_verified)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	struct verifier v = {.shard = sealed(f, 3 * BLOCK, 1), .status = VRES_E_INTERNAL};
	const uint64_t hashes = test_device_calls(f->test_device, VRES_MOCK_OP_HASH_BLOCKS);
	pthread_t thread;

	test_device_delay(f->test_device, VRES_MOCK_OP_LANE_WAIT, UINT64_C(50000000));
	ck_assert_int_eq(pthread_create(&thread, NULL, verify_it, &v), 0);
	while (test_device_calls(f->test_device, VRES_MOCK_OP_HASH_BLOCKS) == hashes)
		sched_yield();
	vres_shard_release(v.shard);
	destroy_manager(&f->manager);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	ck_assert_int_eq(v.status, VRES_OK);
	ck_assert_uint_eq(record_count(&f->record, VRES_EVENT_VRAM_DEALLOCATED), 1);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE_LOOP(a_damaged_shard_may_be_released_when_its_damage_is_told, 2,
	                  "VR-008 MS-005", "integrity", "use after free"),
		CASE_LOOP(a_lease_on_a_shard_that_was_released_meanwhile_keeps_the_memory, 2,
	                  "VR-008 MS-005 WORKER-4112", "integrity", "use after free"),
		CASE_LOOP(a_failed_lease_on_a_shard_that_was_released_meanwhile_keeps_nothing, 2,
	                  "VR-008 MS-005", "integrity", "use after free, memory leaked"),
		CASE_LOOP(
			shards_that_are_verified_together_may_be_released_when_the_first_is_told_of,
			2, "VR-008 MS-005", "integrity", "use after free"),
		CASE(a_shard_may_be_released_by_others_while_it_is_verified, "VR-008 MS-005",
	             "integrity", "use after free"),
		CASE(a_manager_may_be_destroyed_while_it_seals, "VR-008 MS-005 WORKER-4083",
	             "integrity", "use after free"),
		CASE(a_manager_may_be_destroyed_while_a_seal_is_cancelled, "VR-008 MS-005",
	             "integrity", "use after free"),
		CASE(a_manager_may_be_destroyed_when_it_tells_of_a_violation, "VR-008 MS-005",
	             "integrity", "use after free"),
		CASE(a_manager_may_be_destroyed_when_it_tells_of_a_bad_receipt, "VR-008 MS-005",
	             "integrity", "use after free"),
		CASE(a_manager_may_be_destroyed_when_its_scrub_tells_of_damage, "VR-008 MS-005",
	             "integrity", "use after free"),
	};

	return suite_run("concurrent_release", "concurrent", cases, COUNT(cases));
}
