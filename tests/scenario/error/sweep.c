/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Every backend call and every host allocation, in every kind of use, fails in turn
 * (tests/support/sweep/sweep.h).
 */
#include "support/sweep/uses.h"

#define TRY(call)                                                                                  \
	do {                                                                                       \
		const vres_status try_status = (call);                                             \
		if (try_status != VRES_OK)                                                         \
			return try_status;                                                         \
	} while (0)

START_TEST(no_backend_failure_anywhere_leaks_or_passes_for_success_or_tampering)
{
	const struct scenario s = use_of((enum use)_i);

	sweep_backend(&s);
}
END_TEST

START_TEST(no_shortage_of_host_memory_anywhere_leaks_or_passes_for_anything_else)
{
	const struct scenario s = use_of((enum use)_i);

	sweep_heap(&s);
}
END_TEST

START_TEST(no_backend_failure_with_read_only_memory_leaks_or_passes_for_success_or_tampering)
{
	const struct scenario s = use_of(USE_READ_ONLY);

	sweep_backend(&s);
}
END_TEST

START_TEST(no_shortage_of_host_memory_with_read_only_memory_leaks_or_passes_for_anything_else)
{
	const struct scenario s = use_of(USE_READ_ONLY);

	sweep_heap(&s);
}
END_TEST

/* Verification that fails must not need memory to say so. */
static vres_status run_damage(struct fixture *f, vres_error *err)
{
	CLEANUP(release_shard) vres_shard *shard = NULL;
	vres_seal_params p = vres_seal_params_init();
	vres_lease *lease = NULL;
	uint64_t address;
	vres_status status;

	p.shard_id = "damaged";
	TRY(manager_create(f, NULL, &f->manager, err));
	TRY(vres_seal_memory(f->manager, &p, "abc", 3, &shard, err));
	TRY(vres_lease_acquire(shard, &lease, err));
	address = vres_lease_device_ptr(lease);
	release_lease(&lease);
	(void)!test_device_flip(f->test_device, address, 0);
	status = vres_shard_verify(shard, NULL, NULL, NULL);
	if (status == VRES_E_SEAL_VERIFICATION_FAILED || status == VRES_E_NO_MEMORY)
		return VRES_OK;
	memset(err, 0, sizeof(*err));
	err->status = VRES_E_INTERNAL;
	memcpy(err->message, "damage was not found", 21);
	return VRES_E_INTERNAL;
}

START_TEST(damage_is_found_or_not_checked_but_never_missed_for_want_of_memory)
{
	unsigned injections = 0;
	bool fired = true;

	for (uint64_t n = 1; fired; n++) {
		struct setup s = setup_init();
		CLEANUP(finish) struct fixture *f = NULL;
		vres_status status;
		vres_error err;

		s.no_manager = true;
		f = begin(&s);
		status_poison(&err);
		alloc_fail(n, false);
		status = run_damage(f, &err);
		fired = alloc_disarm();
		ck_assert_msg(status == VRES_OK || status == VRES_E_NO_MEMORY, "allocation %lu: %s",
		              (unsigned long)n, vres_status_name(status));
		injections += fired;
	}
	ck_assert_uint_gt(injections, 0);
	suite_value("heap_injections", injections);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		{&no_backend_failure_anywhere_leaks_or_passes_for_success_or_tampering,
	         "WORKER-4150 WORKER-4151 WORKER-4032 MS-004 MS-005 WORKER-4083", "availability",
	         "driver failure at any call", USE_READ_ONLY, 120},
		{&no_shortage_of_host_memory_anywhere_leaks_or_passes_for_anything_else,
	         "WORKER-4150 WORKER-4952 MS-004 MS-005 WORKER-4083", "availability",
	         "host memory exhausted at any allocation", USE_READ_ONLY, 120},
		CASE_SLOW(
			no_backend_failure_with_read_only_memory_leaks_or_passes_for_success_or_tampering,
			120, "WORKER-4150 WORKER-4151 WORKER-4032 MS-004 MS-005 WORKER-4083",
			"availability", "driver failure at any call"),
		CASE_SLOW(
			no_shortage_of_host_memory_with_read_only_memory_leaks_or_passes_for_anything_else,
			120, "WORKER-4150 WORKER-4952 MS-004 MS-005 WORKER-4083", "availability",
			"host memory exhausted at any allocation"),
		CASE(damage_is_found_or_not_checked_but_never_missed_for_want_of_memory,
	             "CI-007 WORKER-4150", "integrity", "damage hidden by a shortage of memory"),
	};

	return suite_run("error_sweep", "error_recovery", cases, COUNT(cases));
}
