/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Seals that do not fit: what is needed, what is available, and what limits it. */
#include "support/fixture/support.h"

/* A fixture whose device has 8 MiB, which are soon used up. */
static struct fixture *small(void)
{
	struct setup s = setup_init();

	s.mock.bytes_per_device = MIB(8);
	return begin(&s);
}

START_TEST(a_shard_that_does_not_fit_says_how_much_is_needed_and_available)
{
	CLEANUP(finish) struct fixture *f = small();
	CLEANUP(release_shard) vres_shard *first = sealed(f, MIB(5), 1);
	CLEANUP(free_bytes) uint8_t *data = content(MIB(3) + 1, 2);
	const vres_device_info before = device_of(f, 0);
	const vres_event *e;
	vres_device_info after;
	vres_shard *shard = NULL;
	vres_error err;

	(void)first;
	record_clear(&f->record);
	ck_status(vres_seal_memory(f->manager, PLAIN, data, MIB(3) + 1, &shard, &err),
	          VRES_E_INSUFFICIENT_VRAM);
	ck_assert_uint_ge(err.needed_bytes, MIB(3) + 1);
	ck_assert_uint_le(err.needed_bytes, MIB(3) + BLOCK);
	ck_assert_uint_eq(err.available_bytes, MIB(3));
	ck_assert_uint_eq(err.gpu_device, 0);
	e = record_last(&f->record, VRES_EVENT_VRAM_ALLOCATION_FAILED);
	ck_assert_ptr_nonnull(e);
	ck_assert_uint_eq(e->requested_bytes, MIB(3) + 1);
	ck_assert_uint_eq(e->available_bytes, MIB(3));
	ck_assert_int_eq(e->status, VRES_E_INSUFFICIENT_VRAM);
	after = device_of(f, 0);
	ck_same_device(&before, &after);
	ck_assert_uint_eq(metrics_of(f).allocation_failures, 1);
	ck_ok(vres_seal_memory(f->manager, PLAIN, data, MIB(3), &shard, &err));
	release_shard(&shard);
}
END_TEST

START_TEST(a_driver_that_refuses_in_spite_of_room_is_an_allocation_failure)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	const vres_device_info before = device_of(f, 0);
	vres_device_info after;
	vres_shard *shard = NULL;
	vres_error err;

	test_device_fail(f->test_device, VRES_MOCK_OP_MEM_ALLOC, 1, VRES_E_ALLOCATION_FAILED);
	ck_status(vres_seal_memory(f->manager, PLAIN, "abc", 3, &shard, &err),
	          VRES_E_ALLOCATION_FAILED);
	ck_assert_uint_eq(record_count(&f->record, VRES_EVENT_VRAM_ALLOCATION_FAILED), 1);
	after = device_of(f, 0);
	ck_same_device(&before, &after);
	ck_assert_uint_eq(metrics_of(f).allocation_failures, 1);
	ck_works(f);
}
END_TEST

START_TEST(memory_that_others_took_is_not_counted_as_available)
{
	CLEANUP(finish) struct fixture *f = small();
	vres_shard *shard = NULL;
	uint64_t other = 0;
	vres_error err;

	ck_assert_int_eq(test_device_alloc(f->test_device, 0, MIB(7), NULL, &other), VRES_OK);
	ck_assert_uint_eq(device_of(f, 0).available_bytes, MIB(1));
	ck_assert_uint_eq(device_of(f, 0).used_bytes, 0);
	{
		CLEANUP(free_bytes) uint8_t *data = content(MIB(1) + 1, 2);

		ck_status(vres_seal_memory(f->manager, PLAIN, data, MIB(1) + 1, &shard, &err),
		          VRES_E_INSUFFICIENT_VRAM);
	}
	ck_assert_uint_eq(err.available_bytes, MIB(1));
	shard = sealed(f, MIB(1), 3);
	release_shard(&shard);
	test_device_free(f->test_device, other);
	ck_assert_uint_eq(device_of(f, 0).available_bytes, MIB(8));
}
END_TEST

START_TEST(headroom_stays_free)
{
	struct setup s = setup_init();
	CLEANUP(finish) struct fixture *f = NULL;
	CLEANUP(release_shard) vres_shard *fits = NULL;
	CLEANUP(free_bytes) uint8_t *data = content(MIB(4) + 1, 2);
	vres_shard *shard = NULL;
	vres_error err;

	s.mock.bytes_per_device = MIB(8);
	s.policy.headroom_bytes = MIB(4);
	f = begin(&s);
	ck_assert_uint_eq(device_of(f, 0).available_bytes, MIB(4));
	ck_status(vres_seal_memory(f->manager, PLAIN, data, MIB(4) + 1, &shard, &err),
	          VRES_E_INSUFFICIENT_VRAM);
	ck_assert_uint_eq(err.available_bytes, MIB(4));
	ck_ok(vres_seal_memory(f->manager, PLAIN, data, MIB(4), &fits, &err));
	ck_assert_uint_eq(device_of(f, 0).available_bytes, 0);
	ck_assert_uint_eq(device_of(f, 0).free_bytes, MIB(4));
}
END_TEST

START_TEST(available_is_the_largest_seal_that_is_allowed)
{
	struct setup s = setup_init();
	CLEANUP(finish) struct fixture *f = NULL;
	CLEANUP(free_bytes) uint8_t *data = content(MIB(8), 2);
	vres_shard *shard = NULL;
	uint64_t available;
	vres_error err;

	s.mock.bytes_per_device = MIB(8);
	s.mock.granularity = KIB(64);
	s.policy.headroom_bytes = (uint64_t)_i * 1000; /* which leaves a part of a granule over */
	f = begin(&s);
	available = device_of(f, 0).available_bytes;
	ck_assert_uint_eq(available, MIB(8) - (_i == 0 ? 0 : KIB(64)));
	if (available < MIB(8)) {
		ck_status(vres_seal_memory(f->manager, PLAIN, data, available + 1, &shard, &err),
		          VRES_E_INSUFFICIENT_VRAM);
		ck_assert_uint_eq(err.available_bytes, available);
	}
	ck_ok(vres_seal_memory(f->manager, PLAIN, data, available, &shard, &err));
	ck_assert_uint_eq(device_of(f, 0).available_bytes, 0);
	release_shard(&shard);
}
END_TEST

START_TEST(a_model_above_the_limit_is_refused_before_anything_is_allocated)
{
	struct setup s = setup_init();
	CLEANUP(finish) struct fixture *f = NULL;
	vres_shard *shard = NULL;
	uint64_t calls;
	vres_error err;

	s.policy.max_model_bytes = 100;
	f = begin(&s);
	calls = test_device_calls(f->test_device, VRES_MOCK_OP_MEM_ALLOC);
	ck_status(vres_seal_memory(f->manager, PLAIN, TOKEN, 101, &shard, &err),
	          VRES_E_INVALID_INPUT);
	ck_status(vres_seal_memory(f->manager, PLAIN, TOKEN, UINT64_MAX, &shard, &err),
	          VRES_E_INVALID_INPUT);
	ck_assert_uint_eq(test_device_calls(f->test_device, VRES_MOCK_OP_MEM_ALLOC), calls);
	ck_assert_uint_eq(record_count(&f->record, 0), 0);
	shard = sealed(f, 100, 1);
	release_shard(&shard);
}
END_TEST

START_TEST(the_default_limit_of_a_model_is_100_gib)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	vres_shard *shard = NULL;
	vres_error err;

	ck_status(vres_seal_memory(f->manager, PLAIN, TOKEN, 100 * MIB(1024), &shard, &err),
	          VRES_E_INSUFFICIENT_VRAM);
	ck_assert_uint_ge(err.needed_bytes, 100 * MIB(1024));
	ck_status(vres_seal_memory(f->manager, PLAIN, TOKEN, 100 * MIB(1024) + 1, &shard, &err),
	          VRES_E_INVALID_INPUT);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE(a_shard_that_does_not_fit_says_how_much_is_needed_and_available,
	             "WORKER-4103 WORKER-4153 VP-004 RP-001 RP-004 M0-W-1020 WORKER-4952",
	             "availability", "out of memory without a diagnosis"),
		CASE(a_driver_that_refuses_in_spite_of_room_is_an_allocation_failure,
	             "WORKER-4151 RP-004 VR-007", "availability", "fragmentation"),
		CASE(memory_that_others_took_is_not_counted_as_available, "RP-001", "availability",
	             "another process on the device"),
		CASE(headroom_stays_free, "RP-001", "availability", "no room left for activations"),
		CASE_LOOP(available_is_the_largest_seal_that_is_allowed, 2,
	                  "RP-001 RP-002 WORKER-4153", "availability", "capacity miscounted"),
		CASE(a_model_above_the_limit_is_refused_before_anything_is_allocated,
	             "IV-001 RP-003 WORKER-4225 MS-003", "availability", "oversized model"),
		CASE(the_default_limit_of_a_model_is_100_gib,
	             "IV-001 RP-003 WORKER-4170 WORKER-4225", "availability", "oversized model"),
	};
	return suite_run("seal_capacity", "seal", cases, COUNT(cases));
}
