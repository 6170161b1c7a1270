/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Wiped memory is checked for left bytes before it is freed. */
#include <string.h>
#include "device/wiped.h"
#include "unit/fixture/fake_backend.h"
#include "support/suite/status.h"
#include "support/suite/suite.h"

#define PATIENCE UINT64_C(1000000000)
#define SMALL    (63 * 4096 + 17) /* small memory is checked as a whole */
#define LARGE    (256 * 4096)     /* a quarter of the blocks is checked */

/* The loop index: 0 hashes on the device, 1 reads back from a device that cannot hash. */
static struct device_fixture *open_fixture(int reads)
{
	struct device_fixture *fixture = device_fixture_open();

	if (reads)
		fixture->device->props.facts &= ~VRES_DEVICE_CAN_HASH;
	return fixture;
}

static struct vres_mem wiped(struct device_fixture *fixture, uint64_t bytes)
{
	struct vres_mem mem = device_fixture_memory(fixture, bytes, 1);

	memset(fake_backend_bytes(&mem), 0, (size_t)bytes);
	return mem;
}

START_TEST(memory_of_zeros_is_wiped_and_any_byte_of_small_memory_is_noticed)
{
	static const uint64_t places[] = {0, 1, 4095, 4096, 20 * 4096 + 7, SMALL - 1};
	CLEANUP(device_fixture_close) struct device_fixture *fixture = open_fixture(_i);
	CLEANUP(drop_memory) struct vres_mem mem = wiped(fixture, SMALL);
	vres_error err;

	ck_ok(vres_mem_check_wiped(&mem, PATIENCE, &err));
	for (size_t i = 0; i < COUNT(places); i++) {
		fake_backend_bytes(&mem)[places[i]] = 1;
		ck_status(vres_mem_check_wiped(&mem, PATIENCE, &err), VRES_E_BACKEND);
		ck_assert_ptr_nonnull(strstr(err.message, "still has bytes"));
		fake_backend_bytes(&mem)[places[i]] = 0;
	}
	ck_assert_uint_eq(fixture->fake->calls[_i ? FAKE_HASH : FAKE_LANE_PULL], 0);
}
END_TEST

START_TEST(part_of_large_memory_that_was_left_is_noticed_and_one_block_by_chance)
{
	CLEANUP(device_fixture_close) struct device_fixture *fixture = open_fixture(_i);
	CLEANUP(drop_memory) struct vres_mem mem = wiped(fixture, LARGE);
	unsigned found = 0;
	vres_error err;

	/*
	 * A quarter of the blocks is chosen at random for each check, so one bad block is found
	 * about 50 times of 200.
	 */
	fake_backend_bytes(&mem)[100 * 4096 + 5] = 1;
	for (unsigned i = 0; i < 200; i++)
		found += vres_mem_check_wiped(&mem, PATIENCE, &err) != VRES_OK;
	ck_assert_uint_ge(found, 10);
	ck_assert_uint_le(found, 120);
	for (unsigned half = 0; half < 2; half++) {
		memset(fake_backend_bytes(&mem), half == 0, LARGE / 2);
		memset(fake_backend_bytes(&mem) + LARGE / 2, half == 1, LARGE / 2);
		ck_status(vres_mem_check_wiped(&mem, PATIENCE, &err), VRES_E_BACKEND);
	}
}
END_TEST

START_TEST(driver_that_does_not_look_is_not_believed)
{
	CLEANUP(device_fixture_close) struct device_fixture *fixture = open_fixture(_i);
	CLEANUP(drop_memory) struct vres_mem mem = wiped(fixture, SMALL);
	struct fake_backend *fake = fixture->fake;
	bool *const lies[] = {&fake->echoes_nothing, &fake->echoes_wrongly,
	                      &fake->writes_no_digests};
	vres_error err;

	for (size_t i = 0; i < COUNT(lies) && _i == 0; i++) {
		*lies[i] = true;
		ck_status(vres_mem_check_wiped(&mem, PATIENCE, &err), VRES_E_BACKEND);
		*lies[i] = false;
	}
	if (_i == 1) {
		fake->pulls_nothing = true;
		ck_status(vres_mem_check_wiped(&mem, PATIENCE, &err), VRES_E_BACKEND);
	}
}
END_TEST

START_TEST(check_that_cannot_be_made_is_no_good_one)
{
	static const enum fake_backend_op ops[][3] = {
		{FAKE_LANE_OPEN, FAKE_HASH, FAKE_LANE_WAIT},
		{FAKE_LANE_OPEN, FAKE_LANE_PULL, FAKE_LANE_WAIT}};
	CLEANUP(device_fixture_close) struct device_fixture *fixture = open_fixture(_i);
	CLEANUP(drop_memory) struct vres_mem mem = wiped(fixture, SMALL);
	vres_error err;

	for (size_t i = 0; i < 3; i++) {
		fixture->fake->answer[ops[_i][i]] = VRES_E_NO_MEMORY;
		ck_status(vres_mem_check_wiped(&mem, PATIENCE, &err), VRES_E_NO_MEMORY);
		fixture->fake->answer[ops[_i][i]] = VRES_OK;
	}
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE_LOOP(memory_of_zeros_is_wiped_and_any_byte_of_small_memory_is_noticed, 2,
	                  "WORKER-4922 WORKER-4972", "confidentiality",
	                  "a wipe that was reported and not done"),
		CASE_LOOP(part_of_large_memory_that_was_left_is_noticed_and_one_block_by_chance, 2,
	                  "WORKER-4922 WORKER-4972", "confidentiality",
	                  "a wipe that was done in part"),
		CASE_LOOP(driver_that_does_not_look_is_not_believed, 2, "WORKER-4922",
	                  "confidentiality", "a driver that wipes nothing and says nothing"),
		CASE_LOOP(check_that_cannot_be_made_is_no_good_one, 2, "WORKER-4922 MS-004",
	                  "confidentiality", "a wipe that nobody could check"),
	};

	return suite_run("unit.wiped", "unit", cases, COUNT(cases));
}
