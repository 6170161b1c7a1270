/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Many shards hashed in one job come out as they do one by one: two fixtures with the same shards
 * and the same damage, one verified shard by shard, the other in one call, must say the same.
 */
#include <stdio.h>
#include "support/fixture/support.h"

#define N   60u /* enough that all are hashed up to their roots; FEW are not */
#define FEW 7u

/* Below, at and above what one block, one group and one block of groups hold. */
static const uint64_t SIZES[] = {1,          BLOCK - 1, BLOCK,     BLOCK + 1,
                                 65 * BLOCK, GROUP,     GROUP + 1, 3 * GROUP - 7};

struct twins {
	struct fixture *one, *many;
	vres_shard *a[N], *b[N];
	size_t n;
};

static void twins_end(struct twins *t)
{
	/* The second fixture takes the memory of the first as there before. */
	for (size_t i = 0; i < t->n; i++)
		release_shard(&t->b[i]);
	finish(&t->many);
	for (size_t i = 0; i < t->n; i++)
		release_shard(&t->a[i]);
	finish(&t->one);
}

static void seal_all(struct fixture *f, vres_shard **shards, size_t n)
{
	vres_seal_params p = vres_seal_params_init();
	char id[32];

	for (size_t i = 0; i < n; i++) {
		(void)snprintf(id, sizeof(id), "shard-%zu", i);
		p.shard_id = id;
		p.gpu_device = (uint32_t)(i % 3 == 2);
		shards[i] = sealed_with(f, &p, SIZES[i % COUNT(SIZES)], i);
	}
	record_clear(&f->record);
}

static struct twins twins_begin(const struct setup *s, size_t n)
{
	struct setup setup = s ? *s : setup_init();
	struct twins t = {.n = n};

	setup.mock.devices = 2;
	t.one = begin(&setup);
	seal_all(t.one, t.a, n);
	t.many = begin(&setup);
	seal_all(t.many, t.b, n);
	return t;
}

static void flip_both(struct twins *t, size_t i, uint64_t offset)
{
	flip(t->one, t->a[i], offset, 3);
	flip(t->many, t->b[i], offset, 3);
}

static void ck_same_report(const vres_verify_report *a, const vres_verify_report *b, size_t i)
{
	vres_verify_report x = *a, y = *b;

	x.duration = y.duration = 0;
	ck_assert_msg(memcmp(&x, &y, sizeof(x)) == 0,
	              "report %zu: status %d and %d, reason %u and %u, hashed %lu and %lu, bad %lu "
	              "and %lu",
	              i, (int)x.status, (int)y.status, x.reason, y.reason,
	              (unsigned long)x.bytes_hashed, (unsigned long)y.bytes_hashed,
	              (unsigned long)x.bad_blocks, (unsigned long)y.bad_blocks);
}

static void ck_same_text(const char *a, const char *b)
{
	ck_assert_str_eq(a ? a : "", b ? b : "");
}

/* The same events, in the same order. */
static void ck_same_record(struct record *a, struct record *b)
{
	ck_assert_uint_eq(a->events_count, b->events_count);
	ck_assert_uint_eq(a->incidents_count, b->incidents_count);
	for (size_t i = 0; i < a->events_count; i++) {
		const vres_event *x = &a->events[i]->event, *y = &b->events[i]->event;

		ck_assert_uint_eq(x->type, y->type);
		ck_assert_int_eq(x->status, y->status);
		ck_assert_uint_eq(x->reason, y->reason);
		ck_assert_str_eq(x->shard->shard_id, y->shard->shard_id);
		ck_same_text(x->expected_digest, y->expected_digest);
		ck_same_text(x->actual_digest, y->actual_digest);
		ck_same_text(x->mode, y->mode);
		ck_same_text(x->action_taken, y->action_taken);
	}
}

static void ck_same_metrics(struct fixture *a, struct fixture *b)
{
	const vres_metrics x = metrics_of(a), y = metrics_of(b);

	ck_assert_uint_eq(x.verifies_ok, y.verifies_ok);
	ck_assert_uint_eq(x.verifies_failed, y.verifies_failed);
	ck_assert_uint_eq(x.verified_bytes, y.verified_bytes);
	ck_assert_uint_eq(x.quarantined_now, y.quarantined_now);
	ck_assert_uint_eq(x.audit_events, y.audit_events);
}

/* Verify one fixture shard by shard and the other in one call; their reports must be the same. */
static void ck_agree(struct twins *t, const vres_verify_params *p)
{
	vres_verify_report one[N], many[N];
	vres_status worst = VRES_OK, got;
	vres_error err;

	for (size_t i = 0; i < t->n; i++) {
		one[i] = many[i] = vres_verify_report_init();
		got = vres_shard_verify(t->a[i], p, &one[i], &err);
		if (worst == VRES_OK ||
		    (vres_status_class(got) == 4 && vres_status_class(worst) != 4))
			worst = got;
	}
	status_poison(&err);
	got = vres_verify_many(t->many->manager, t->b, t->n, p, many, &err);
	ck_assert_ptr_null(status_flaw(got, &err));
	ck_assert_int_eq(got, worst);
	for (size_t i = 0; i < t->n; i++) {
		ck_same_report(&one[i], &many[i], i);
		ck_assert_uint_eq(info_of(t->a[i]).state, info_of(t->b[i]).state);
	}
	ck_same_record(&t->one->record, &t->many->record);
	ck_same_metrics(t->one, t->many);
}

static const size_t HOW_MANY[] = {1, FEW, N};

START_TEST(good_shards_come_out_as_they_do_one_by_one)
{
	CLEANUP(twins_end) struct twins t = twins_begin(NULL, HOW_MANY[_i]);
	vres_verify_params background = mode_of(VRES_VERIFY_FULL);

	background.background = 1;
	ck_agree(&t, NULL);
	ck_agree(&t, &background);
	ck_assert_uint_eq(metrics_of(t.many).verifies_ok, 2 * t.n);
}
END_TEST

START_TEST(damaged_shards_are_found_and_located_as_they_are_one_by_one)
{
	struct setup s = setup_init();

	s.keep_leaves = _i % 2 != 0;
	CLEANUP(twins_end) struct twins t = twins_begin(&s, _i / 2 ? N : FEW);

	flip_both(&t, 0, 0);
	flip_both(&t, 3, BLOCK);
	flip_both(&t, t.n - 1, SIZES[(t.n - 1) % COUNT(SIZES)] - 1);
	test_device_pretend(t.one->test_device, address_of(t.a[4]), VRES_MOCK_MANAGED);
	test_device_pretend(t.many->test_device, address_of(t.b[4]), VRES_MOCK_MANAGED);
	record_clear(&t.one->record);
	record_clear(&t.many->record);
	ck_agree(&t, NULL);
	ck_assert_uint_eq(metrics_of(t.many).quarantined_now, 4);
	record_clear(&t.one->record);
	record_clear(&t.many->record);
	ck_agree(&t, NULL); /* now they are refused, without an event */
	ck_assert_uint_eq(record_critical(&t.many->record), 0);
}
END_TEST

START_TEST(lost_device_leaves_the_other_devices_shards_as_they_are_one_by_one)
{
	CLEANUP(twins_end) struct twins t = twins_begin(NULL, N);

	/* On the device that is left or on the lost one, where it cannot be found. */
	flip_both(&t, 5, 1);
	flip_both(&t, 6, 1);
	record_clear(&t.one->record);
	record_clear(&t.many->record);
	t.one->wipe_may_fail = t.many->wipe_may_fail = true;
	test_device_lose_device(t.one->test_device, 1);
	test_device_lose_device(t.many->test_device, 1);
	ck_agree(&t, NULL);
	ck_assert_uint_eq(metrics_of(t.many).quarantined_now, 1);
}
END_TEST

START_TEST(device_that_cannot_hash_is_read_back_as_it_is_one_by_one)
{
	struct setup s = setup_init();

	s.mock.no_device_hash = 1;
	s.policy.allow |= VRES_ALLOW_READBACK;
	CLEANUP(twins_end) struct twins t = twins_begin(&s, FEW);

	flip_both(&t, 2, 7);
	record_clear(&t.one->record);
	record_clear(&t.many->record);
	ck_agree(&t, NULL);
}
END_TEST

START_TEST(every_mode_comes_out_as_it_does_one_by_one)
{
	struct setup s = setup_init();

	s.policy.allow |= VRES_ALLOW_READBACK;
	CLEANUP(twins_end) struct twins t = twins_begin(&s, FEW);
	vres_verify_params p = mode_of((uint32_t)_i);

	p.sample_units = 1000; /* all of them, so that the outcome does not depend on chance */
	ck_agree(&t, &p);
	if (p.mode == VRES_VERIFY_SIGNATURE)
		return; /* does not look at the bytes */
	flip_both(&t, 1, 7);
	record_clear(&t.one->record);
	record_clear(&t.many->record);
	ck_agree(&t, &p);
	ck_assert_uint_eq(metrics_of(t.many).quarantined_now, 1);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE_LOOP(good_shards_come_out_as_they_do_one_by_one, 3, "VR-008 CI-007",
	                  "integrity", "a batch that skips a shard"),
		CASE_LOOP(damaged_shards_are_found_and_located_as_they_are_one_by_one, 4,
	                  "VR-008 CI-007 VR-004", "integrity", "one bad shard hides another"),
		CASE(lost_device_leaves_the_other_devices_shards_as_they_are_one_by_one,
	             "WORKER-4151 VR-008", "integrity", "damage hidden behind device trouble"),
		CASE(device_that_cannot_hash_is_read_back_as_it_is_one_by_one, "VR-008 CI-007",
	             "integrity", ""),
		CASE_LOOP(every_mode_comes_out_as_it_does_one_by_one, 4, "VR-008 CI-007",
	                  "integrity", ""),
	};

	return suite_run("verify_batch", "multi_shard", cases, COUNT(cases));
}
