/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reserving device memory: what fits, what does not, and the figures that are reported. */
#include "device/capacity.h"
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "unit/fixture/fake_backend.h"
#include "support/suite/status.h"
#include "support/suite/suite.h"

#define MIB  (UINT64_C(1) << 20)
#define FREE (UINT64_C(1) << 30) /* of the fake backend's device */

static uint64_t padded(struct device_fixture *fixture, uint64_t bytes, uint64_t granularity)
{
	fixture->device->props.granularity = granularity;
	return vres_capacity_padded(fixture->device, bytes);
}

START_TEST(size_is_rounded_up_to_the_granularity)
{
	CLEANUP(device_fixture_close) struct device_fixture *fixture = device_fixture_open();

	ck_assert_uint_eq(padded(fixture, 1, 4096), 4096);
	ck_assert_uint_eq(padded(fixture, 4096, 4096), 4096);
	ck_assert_uint_eq(padded(fixture, 4097, 4096), 8192);
	ck_assert_uint_eq(padded(fixture, UINT64_MAX, 1), UINT64_MAX);
	ck_assert_uint_eq(padded(fixture, 7, 3), 9);
	ck_assert_uint_eq(padded(fixture, UINT64_MAX - 4095, 4096), UINT64_MAX - 4095);
}
END_TEST

START_TEST(size_that_overflows_when_rounded_is_insufficient_vram)
{
	CLEANUP(device_fixture_close) struct device_fixture *fixture = device_fixture_open();
	vres_error err;

	ck_assert_uint_eq(padded(fixture, UINT64_MAX, 4096), UINT64_MAX);
	ck_assert_uint_eq(padded(fixture, UINT64_MAX - 4094, 4096), UINT64_MAX);
	ck_status(vres_capacity_reserve(fixture->device, UINT64_MAX, 0, &err),
	          VRES_E_INSUFFICIENT_VRAM);
	ck_assert_uint_eq(err.needed_bytes, UINT64_MAX);
	ck_assert_uint_eq(err.available_bytes, FREE);
}
END_TEST

START_TEST(whole_device_can_be_reserved_and_not_one_byte_more)
{
	CLEANUP(device_fixture_close) struct device_fixture *fixture = device_fixture_open();
	vres_error err;

	ck_status(vres_capacity_reserve(fixture->device, FREE + 1, 0, &err),
	          VRES_E_INSUFFICIENT_VRAM);
	ck_assert_uint_eq(err.needed_bytes, FREE + 1);
	ck_assert_uint_eq(err.available_bytes, FREE);
	ck_status(vres_capacity_reserve(fixture->device, UINT64_MAX, 0, &err),
	          VRES_E_INSUFFICIENT_VRAM);
	ck_ok(vres_capacity_reserve(fixture->device, FREE, 0, &err));
	ck_assert_uint_eq(fixture->device->ledger.sums.pending, FREE);
	vres_ledger_allocated(&fixture->device->ledger, FREE, 0);
	ck_assert_uint_eq(fixture->device->ledger.sums.pending, 0);
}
END_TEST

START_TEST(headroom_is_left_free)
{
	CLEANUP(device_fixture_close) struct device_fixture *fixture = device_fixture_open();
	vres_error err;

	ck_status(vres_capacity_reserve(fixture->device, FREE - MIB + 1, MIB, &err),
	          VRES_E_INSUFFICIENT_VRAM);
	ck_assert_uint_eq(err.available_bytes, FREE - MIB);
	ck_status(vres_capacity_reserve(fixture->device, 1, FREE, &err), VRES_E_INSUFFICIENT_VRAM);
	ck_status(vres_capacity_reserve(fixture->device, 1, UINT64_MAX, &err),
	          VRES_E_INSUFFICIENT_VRAM);
	ck_assert_uint_eq(err.available_bytes, 0);
	ck_ok(vres_capacity_reserve(fixture->device, FREE - MIB, MIB, &err));
	vres_ledger_allocated(&fixture->device->ledger, FREE - MIB, 0);
}
END_TEST

START_TEST(shortage_names_what_would_be_granted)
{
	CLEANUP(device_fixture_close) struct device_fixture *fixture = device_fixture_open();
	uint64_t available;
	vres_error err;

	fixture->fake->status.free_bytes = 10 * 4096 + 4095;
	ck_status(vres_capacity_reserve(fixture->device, 12 * 4096, 100, &err),
	          VRES_E_INSUFFICIENT_VRAM);
	available = err.available_bytes;
	ck_assert_uint_eq(available, 10 * 4096);
	ck_ok(vres_capacity_reserve(fixture->device, available, 100, &err));
	vres_ledger_allocated(&fixture->device->ledger, available, 0);
}
END_TEST

/* The driver claims so much free memory that adding two reservations could overflow 64 bits. */
START_TEST(free_figure_at_its_largest_does_not_overflow_the_promises)
{
	CLEANUP(device_fixture_close) struct device_fixture *fixture = device_fixture_open();
	vres_error err;

	/* a free figure above the total is not believed */
	fixture->device->props.total_bytes = UINT64_MAX;
	fixture->fake->status.free_bytes = UINT64_MAX;
	ck_ok(vres_capacity_reserve(fixture->device, UINT64_MAX - 10, 0, &err));
	/* otherwise the next call waits until the first reservation is allocated */
	fixture->device->ledger.unsettled = 0;
	ck_status(vres_capacity_reserve(fixture->device, 11, 0, &err), VRES_E_INSUFFICIENT_VRAM);
	/* ten bytes are less than a unit of allocation */
	ck_assert_uint_eq(err.available_bytes, 0);
	ck_ok(vres_capacity_reserve(fixture->device, 10, 0, &err));
	ck_assert_uint_eq(fixture->device->ledger.sums.pending, UINT64_MAX);
}
END_TEST

static struct vres_capacity look(struct device_fixture *fixture, uint64_t headroom)
{
	struct vres_capacity now;
	vres_device_status status;
	vres_error err;

	ck_ok(vres_capacity_look(fixture->device, headroom, &now, &status, &err));
	return now;
}

START_TEST(figures_follow_a_seal_from_promise_to_release)
{
	CLEANUP(device_fixture_close) struct device_fixture *fixture = device_fixture_open();
	struct vres_device *d = fixture->device;
	vres_error err;

	d->props.scratch_bytes = MIB;
	ck_assert_uint_eq(look(fixture, 0).reserved, MIB);
	ck_ok(vres_capacity_reserve(d, 3 * MIB, 0, &err));
	ck_assert_uint_eq(look(fixture, 0).reserved, 4 * MIB);
	ck_assert_uint_eq(look(fixture, 0).available, FREE - 3 * MIB);
	/* This is the driver's figure once the memory is allocated. */
	fixture->fake->status.free_bytes = FREE - 3 * MIB;
	vres_ledger_allocated(&d->ledger, 3 * MIB, 3 * MIB);
	ck_assert_uint_eq(look(fixture, 0).reserved, 4 * MIB);
	ck_assert_uint_eq(look(fixture, 0).available, FREE - 3 * MIB);
	ck_assert_uint_eq(look(fixture, 0).used, 0);
	vres_ledger_sealed(&d->ledger, 3 * MIB);
	ck_assert_uint_eq(look(fixture, 0).reserved, MIB);
	ck_assert_uint_eq(look(fixture, 0).used, 3 * MIB);
	vres_ledger_releasing(&d->ledger);
	fixture->fake->status.free_bytes = FREE;
	vres_ledger_released(&d->ledger, 3 * MIB, true);
	ck_assert_uint_eq(look(fixture, 0).used, 0);
	ck_assert_uint_eq(look(fixture, 0).available, FREE);
	ck_assert_uint_eq(look(fixture, 0).total, FREE);
	ck_assert_uint_eq(d->ledger.unsettled, 0);
}
END_TEST

START_TEST(seal_that_failed_after_it_was_allocated_leaves_nothing_reserved)
{
	CLEANUP(device_fixture_close) struct device_fixture *fixture = device_fixture_open();
	struct vres_device *d = fixture->device;
	vres_error err;

	ck_ok(vres_capacity_reserve(d, MIB, 0, &err));
	vres_ledger_allocated(&d->ledger, MIB, MIB);
	vres_ledger_releasing(&d->ledger);
	vres_ledger_released(&d->ledger, MIB, false);
	ck_assert_uint_eq(d->ledger.sums.filling, 0);
	ck_assert_uint_eq(d->ledger.sums.used, 0);
	ck_assert_uint_eq(d->ledger.sums.pending, 0);
}
END_TEST

START_TEST(available_is_whole_granules_that_a_seal_could_have)
{
	CLEANUP(device_fixture_close) struct device_fixture *fixture = device_fixture_open();

	fixture->fake->status.free_bytes = 10 * 4096 + 4095;
	ck_assert_uint_eq(look(fixture, 0).available, 10 * 4096);
	ck_assert_uint_eq(look(fixture, 4096).available, 9 * 4096);
	ck_assert_uint_eq(look(fixture, UINT64_MAX).available, 0);
}
END_TEST

START_TEST(device_that_does_not_answer_is_not_taken_for_a_full_one)
{
	CLEANUP(device_fixture_close) struct device_fixture *fixture = device_fixture_open();
	struct vres_capacity now;
	vres_device_status status;
	vres_error err;

	fixture->fake->answer[FAKE_DEVICE_STATUS] = VRES_E_BACKEND;
	ck_status(vres_capacity_reserve(fixture->device, 1, 0, &err), VRES_E_BACKEND);
	ck_status(vres_capacity_look(fixture->device, 0, &now, &status, &err), VRES_E_BACKEND);
	ck_assert_uint_eq(fixture->device->ledger.sums.pending, 0);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE(size_is_rounded_up_to_the_granularity, "RP-001 RP-002", "availability", ""),
		CASE(size_that_overflows_when_rounded_is_insufficient_vram,
	             "RP-002 MS-003 WORKER-4153", "availability", "a size that overflows"),
		CASE(whole_device_can_be_reserved_and_not_one_byte_more, "RP-001 RP-002 VP-004",
	             "availability", "over-commitment"),
		CASE(headroom_is_left_free, "RP-001", "availability", ""),
		CASE(shortage_names_what_would_be_granted, "WORKER-4153 RP-004 M0-W-1020",
	             "availability", "a retry that is refused again"),
		CASE(free_figure_at_its_largest_does_not_overflow_the_promises, "RP-002 MS-003",
	             "availability", "a sum that overflows"),
		CASE(figures_follow_a_seal_from_promise_to_release, "RP-001 WORKER-4153",
	             "accountability", ""),
		CASE(seal_that_failed_after_it_was_allocated_leaves_nothing_reserved,
	             "RP-001 MS-004", "availability", "capacity that leaks"),
		CASE(available_is_whole_granules_that_a_seal_could_have, "RP-001", "availability",
	             ""),
		CASE(device_that_does_not_answer_is_not_taken_for_a_full_one,
	             "WORKER-4150 WORKER-4032", "availability", ""),
	};

	return suite_run("unit.capacity", "unit", cases, COUNT(cases));
}
