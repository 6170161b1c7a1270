/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Going on after failures: statuses say what the caller does next, and what failed once can succeed
 * the next time.
 */
#include <stdio.h>
#include "support/fixture/support.h"

START_TEST(after_running_out_of_memory_a_smaller_shard_fits)
{
	struct setup s = setup_init();
	CLEANUP(finish) struct fixture *f = NULL;
	CLEANUP(release_shard) vres_shard *first = NULL;
	CLEANUP(free_bytes) uint8_t *data = content(MIB(5), 2);
	vres_shard *shard = NULL;
	uint64_t available;
	vres_error err;

	s.mock.bytes_per_device = MIB(16);
	f = begin(&s);
	first = sealed(f, MIB(12), 1);
	ck_status(vres_seal_memory(f->manager, PLAIN, data, MIB(5), &shard, &err),
	          VRES_E_INSUFFICIENT_VRAM);
	ck_assert_uint_eq(err.needed_bytes, MIB(5));
	ck_assert_uint_eq(err.available_bytes, MIB(4));
	ck_assert_int_eq(vres_status_class(err.status), 2);
	available = err.available_bytes;
	ck_ok(vres_seal_memory(f->manager, PLAIN, data, available, &shard, &err));
	release_shard(&shard);
	release_shard(&first);
	ck_ok(vres_seal_memory(f->manager, PLAIN, data, MIB(5), &shard, &err));
	release_shard(&shard);
}
END_TEST

START_TEST(shortage_numbers_are_exact_whatever_the_granularity)
{
	static const uint64_t granularities[] = {4096, 65536, MIB(2)};
	struct setup s = setup_init();
	CLEANUP(finish) struct fixture *f = NULL;
	const uint64_t g = granularities[_i];
	CLEANUP(release_shard) vres_shard *first = NULL;
	vres_shard *shard = NULL;
	CLEANUP(free_bytes) uint8_t *data = content(MIB(8), 1);
	uint64_t available;
	vres_error err;

	s.mock.bytes_per_device = MIB(8);
	s.mock.granularity = g;
	f = begin(&s);
	first = sealed(f, g + 1, 1); /* takes two of them */
	ck_status(vres_seal_memory(f->manager, PLAIN, data, MIB(8) - 2 * g + 1, &shard, &err),
	          VRES_E_INSUFFICIENT_VRAM);
	ck_assert_uint_eq(err.available_bytes, MIB(8) - 2 * g);
	ck_assert_uint_gt(err.needed_bytes, err.available_bytes);
	ck_assert_uint_le(err.needed_bytes, MIB(8) - g);
	available = err.available_bytes;
	ck_ok(vres_seal_memory(f->manager, PLAIN, data, available, &shard, &err));
	ck_assert_uint_eq(device_of(f, 0).available_bytes, 0);
	release_shard(&shard);
}
END_TEST

START_TEST(a_driver_failure_at_any_step_of_a_seal_can_be_tried_again)
{
	static const vres_mock_op ops[] = {VRES_MOCK_OP_DEVICE_OPEN, VRES_MOCK_OP_DEVICE_STATUS,
	                                   VRES_MOCK_OP_MEM_ALLOC,   VRES_MOCK_OP_MEM_RESIDENCY,
	                                   VRES_MOCK_OP_LANE_OPEN,   VRES_MOCK_OP_LANE_PUSH,
	                                   VRES_MOCK_OP_LANE_WAIT,   VRES_MOCK_OP_HASH_BLOCKS};
	CLEANUP(finish) struct fixture *f = begin(NULL);
	vres_seal_params p = vres_seal_params_init();
	vres_shard *shard = NULL;
	vres_error err;

	p.shard_id = "again";
	test_device_fail(f->test_device, ops[_i], 1, VRES_E_BACKEND);
	ck_status(vres_seal_memory(f->manager, &p, "abc", 3, &shard, &err), VRES_E_BACKEND);
	/* The mock's own number for a scripted failure comes through. */
	ck_assert_int_eq(err.backend_code, 9001);
	ck_assert_int_eq(vres_status_class(err.status), 3);
	ck_ok(vres_seal_memory(f->manager, &p, "abc", 3, &shard, &err));
	ck_ok(vres_shard_verify(shard, NULL, NULL, &err));
	release_shard(&shard);
}
END_TEST

START_TEST(a_lost_device_leaves_the_others_working)
{
	struct setup s = setup_init();
	CLEANUP(finish) struct fixture *f = NULL;
	vres_seal_params p = vres_seal_params_init();
	CLEANUP(release_shard) vres_shard *gone = NULL;
	CLEANUP(release_shard) vres_shard *good = NULL;
	vres_device_info info = vres_device_info_init();
	vres_shard *none = NULL;
	vres_error err;

	s.mock.devices = 2;
	f = begin(&s);
	f->wipe_may_fail = true;
	gone = sealed(f, BLOCK, 1);
	p.gpu_device = 1;
	good = sealed_with(f, &p, BLOCK, 2);
	test_device_lose_device(f->test_device, 0);
	ck_status(vres_shard_verify(gone, NULL, NULL, &err), VRES_E_DEVICE_LOST);
	ck_status(vres_seal_memory(f->manager, PLAIN, "abc", 3, &none, &err), VRES_E_DEVICE_LOST);
	ck_status(vres_device_describe(f->manager, 0, &info, &err), VRES_E_DEVICE_LOST);
	ck_ok(vres_shard_verify(good, NULL, NULL, &err));
	/* Of the one that answers. */
	ck_assert_uint_eq(metrics_of(f).available_bytes_now, MIB(64) - BLOCK);
	ck_ok(vres_device_describe(f->manager, 1, &info, &err));
	ck_assert_uint_eq(info.healthy, 1);
	release_shard(&gone);
	ck_assert_uint_eq(record_count(&f->record, VRES_EVENT_VRAM_DEALLOCATION_FAILED), 1);
	ck_assert_uint_eq(metrics_of(f).shards_now, 1);
}
END_TEST

START_TEST(a_shard_whose_memory_could_not_be_freed_is_gone_all_the_same)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	vres_shard *shard = sealed_as(f, "stuck", BLOCK, 1);
	vres_error err;

	test_device_fail(f->test_device, VRES_MOCK_OP_MEM_RELEASE, 1, VRES_E_BACKEND);
	release_shard(&shard);
	ck_status(vres_manager_find(f->manager, "stuck", &shard, &err), VRES_E_NOT_FOUND);
	shard = sealed_as(f, "stuck", BLOCK, 2);
	release_shard(&shard);
	ck_assert_uint_eq(record_count(&f->record, VRES_EVENT_VRAM_DEALLOCATION_FAILED), 1);
	ck_assert_uint_eq(record_count(&f->record, VRES_EVENT_VRAM_DEALLOCATED), 1);
}
END_TEST

START_TEST(every_status_has_a_name_a_sentence_and_a_class)
{
	static const vres_status known[] = {VRES_OK,
	                                    VRES_E_INVALID_INPUT,
	                                    VRES_E_ABI,
	                                    VRES_E_STATE,
	                                    VRES_E_NOT_SEALED,
	                                    VRES_E_UNSUPPORTED,
	                                    VRES_E_BUFFER,
	                                    VRES_E_NOT_FOUND,
	                                    VRES_E_CONFIG,
	                                    VRES_E_INSUFFICIENT_VRAM,
	                                    VRES_E_ALLOCATION_FAILED,
	                                    VRES_E_NO_MEMORY,
	                                    VRES_E_BUSY,
	                                    VRES_E_CANCELLED,
	                                    VRES_E_NO_BACKEND,
	                                    VRES_E_NO_DEVICE,
	                                    VRES_E_DEVICE_LOST,
	                                    VRES_E_BACKEND,
	                                    VRES_E_DEALLOCATION_FAILED,
	                                    VRES_E_IO,
	                                    VRES_E_SEAL_VERIFICATION_FAILED,
	                                    VRES_E_INTEGRITY_VIOLATION,
	                                    VRES_E_POLICY_VIOLATION,
	                                    VRES_E_AUDIT,
	                                    VRES_E_INTERNAL};
	unsigned named = 0;

	for (size_t i = 0; i < COUNT(known); i++) {
		ck_assert_str_ne(vres_status_name(known[i]), "VRES_E_UNKNOWN");
		ck_assert_str_ne(vres_status_text(known[i]), "");
		ck_assert_int_eq(vres_status_class(known[i]), (int)known[i] / 100);
		for (size_t j = 0; j < i; j++)
			ck_assert_str_ne(vres_status_name(known[i]), vres_status_name(known[j]));
	}
	for (int i = -5; i < 1100; i++) {
		const bool unknown =
			strcmp(vres_status_name((vres_status)i), "VRES_E_UNKNOWN") == 0;

		named += !unknown;
		ck_assert_ptr_nonnull(vres_status_text((vres_status)i));
		ck_assert(!unknown || vres_status_class((vres_status)i) == 9);
	}
	ck_assert_uint_eq(named, COUNT(known));
	ck_assert_str_eq(vres_version(), "0.1.0");
}
END_TEST

START_TEST(only_retriable_trouble_is_called_so)
{
	ck_assert_int_eq(vres_status_class(VRES_E_INSUFFICIENT_VRAM), 2);
	ck_assert_int_eq(vres_status_class(VRES_E_ALLOCATION_FAILED), 2);
	ck_assert_int_eq(vres_status_class(VRES_E_BACKEND), 3);
	ck_assert_int_eq(vres_status_class(VRES_E_DEVICE_LOST), 3);
	ck_assert_int_eq(vres_status_class(VRES_E_SEAL_VERIFICATION_FAILED), 4);
	ck_assert_int_eq(vres_status_class(VRES_E_INTEGRITY_VIOLATION), 4);
	ck_assert_int_eq(vres_status_class(VRES_E_POLICY_VIOLATION), 4);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE(after_running_out_of_memory_a_smaller_shard_fits,
	             "WORKER-4103 WORKER-4153 VP-004 RP-004 VR-007", "availability",
	             "out of memory"),
		CASE_LOOP(shortage_numbers_are_exact_whatever_the_granularity, 3,
	                  "WORKER-4153 RP-001 RP-002 RP-004", "availability",
	                  "capacity miscounted"),
		CASE_LOOP(a_driver_failure_at_any_step_of_a_seal_can_be_tried_again, 8,
	                  "WORKER-4150 WORKER-4151 WORKER-4032 MS-004", "availability",
	                  "driver error that sticks"),
		CASE(a_lost_device_leaves_the_others_working, "WORKER-4151 WORKER-4032 MS-004",
	             "availability", "one device takes all down"),
		CASE(a_shard_whose_memory_could_not_be_freed_is_gone_all_the_same,
	             "MS-004 MS-005 WORKER-4083", "availability", "shard that cannot die"),
		CASE(every_status_has_a_name_a_sentence_and_a_class, "WORKER-4151 WORKER-4950",
	             "availability", ""),
		CASE(only_retriable_trouble_is_called_so, "WORKER-4151 WORKER-4032", "availability",
	             "retrying after tampering"),
	};

	return suite_run("error_recovery", "error_recovery", cases, COUNT(cases));
}
