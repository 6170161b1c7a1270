/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Devices and their memory: wrong properties, a device that is lost or cannot be opened, and
 * allocations that are not what was asked for.
 */
#include "device/device.h"

#include "support/suite/alloc.h"
#include "unit/fixture/fake_backend.h"
#include "support/suite/status.h"
#include "support/suite/suite.h"

START_TEST(lost_device_stays_lost_and_is_asked_nothing_more)
{
	CLEANUP(device_fixture_close) struct device_fixture *fixture = device_fixture_open();
	struct vres_mem mem = device_fixture_memory(fixture, 4096, 1), other;
	struct vres_lane lane = {0};
	vres_device_status status;
	vres_residency where;
	vres_error err;

	fixture->fake->answer[FAKE_MEM_RESIDENCY] = VRES_E_DEVICE_LOST;
	ck_status(vres_mem_residency(&mem, &where, &err), VRES_E_DEVICE_LOST);
	/* the driver now answers again, which must not count */
	fixture->fake->answer[FAKE_MEM_RESIDENCY] = VRES_OK;
	ck_status(vres_mem_residency(&mem, &where, &err), VRES_E_DEVICE_LOST);
	ck_status(vres_device_ask(fixture->device, &status, &err), VRES_E_DEVICE_LOST);
	ck_status(vres_mem_alloc(fixture->device, 1, &other, &err), VRES_E_DEVICE_LOST);
	ck_status(vres_mem_adopt(fixture->device, 1, 1, &other, &err), VRES_E_DEVICE_LOST);
	ck_status(vres_mem_wipe(&mem, &err), VRES_E_DEVICE_LOST);
	ck_status(vres_mem_protect(&mem, true, &err), VRES_E_DEVICE_LOST);
	ck_status(vres_lane_open(fixture->device, 16, 0, &lane, &err), VRES_E_DEVICE_LOST);
	ck_assert_uint_eq(atomic_load(&fixture->fake->calls[FAKE_MEM_RESIDENCY]), 1);
	ck_assert_uint_eq(atomic_load(&fixture->fake->calls[FAKE_MEM_ALLOC]), 1);
	ck_ok(vres_mem_release(&mem, &err)); /* frees host memory, without a call to the driver */
}
END_TEST

static vres_status try_props(const vres_device_props *props, struct vres_device **out,
                             struct device_fixture *fixture, vres_error *err)
{
	fixture->fake->props = *props;
	return vres_device_create(&fixture->driver, 0, out, err);
}

START_TEST(properties_out_of_range_are_refused_and_the_device_closed)
{
	CLEANUP(device_fixture_close) struct device_fixture *fixture = device_fixture_open();
	const vres_device_props good = fixture->fake->props;
	vres_device_props c[5];
	struct vres_device *device = NULL;
	const int live = atomic_load(&fixture->fake->live);
	vres_error err;

	for (size_t i = 0; i < COUNT(c); i++)
		c[i] = good;
	c[0].granularity = 0;
	c[1].scratch_bytes = (UINT64_C(64) << 20) + 1;
	c[2].scratch_bytes = UINT64_MAX;
	memcpy(c[3].uuid, "a\nb", 4);
	memcpy(c[4].uuid, "\xff", 2);
	for (size_t i = 0; i < COUNT(c); i++)
		ck_status_reason(try_props(&c[i], &device, fixture, &err), VRES_E_BACKEND,
		                 VRES_REASON_DEVICE);
	ck_assert_ptr_null(device);
	ck_assert_int_eq(atomic_load(&fixture->fake->live), live);
	fixture->fake->props = good;
}
END_TEST

START_TEST(strings_without_an_end_and_too_many_notes_are_cut)
{
	CLEANUP(device_fixture_close) struct device_fixture *fixture = device_fixture_open();
	vres_device_props props = fixture->fake->props;
	struct vres_device *device;
	vres_error err;

	memset(props.name, 'n', sizeof(props.name));
	memset(props.uuid, 'u', sizeof(props.uuid));
	memset(props.notes, 'x', sizeof(props.notes));
	props.notes_count = UINT32_MAX;
	ck_ok(try_props(&props, &device, fixture, &err));
	ck_assert_uint_eq(strlen(device->props.name), 127);
	ck_assert_uint_eq(strlen(device->props.uuid), 47);
	ck_assert_uint_eq(device->props.notes_count, 16);
	ck_assert_uint_eq(strlen(device->props.notes[15].name), 31);
	ck_assert_uint_eq(strlen(device->props.notes[15].value), 63);
	vres_device_destroy(device, true);
}
END_TEST

/* vres_device_info.ecc is 0, 1 or 2, whatever a backend says. */
START_TEST(ecc_that_is_no_answer_is_unknown)
{
	CLEANUP(device_fixture_close) struct device_fixture *fixture = device_fixture_open();
	vres_device_props props = fixture->fake->props;
	struct vres_device *device;
	vres_error err;

	props.ecc = 3;
	ck_ok(try_props(&props, &device, fixture, &err));
	ck_assert_uint_eq(device->props.ecc, VRES_ECC_UNKNOWN);
	vres_device_destroy(device, true);
}
END_TEST

START_TEST(device_that_fails_to_open_leaves_nothing)
{
	CLEANUP(device_fixture_close) struct device_fixture *fixture = device_fixture_open();
	const uint64_t heap = alloc_live();
	struct vres_device *device = NULL;
	vres_error err;

	fixture->fake->answer[FAKE_DEVICE_OPEN] = VRES_E_NO_DEVICE;
	ck_status(vres_device_create(&fixture->driver, 0, &device, &err), VRES_E_NO_DEVICE);
	ck_assert_ptr_null(device);
	ck_assert_uint_eq(alloc_live(), heap);
	alloc_fail(1, false);
	ck_assert_int_eq(vres_device_create(&fixture->driver, 0, &device, NULL), VRES_E_NO_MEMORY);
	ck_assert(alloc_disarm());
	vres_device_destroy(NULL, true);
}
END_TEST

START_TEST(forgetting_a_device_does_not_touch_it)
{
	CLEANUP(device_fixture_close) struct device_fixture *fixture = device_fixture_open();
	struct vres_device *device;
	vres_bdev *handle;
	const int live = atomic_load(&fixture->fake->live);
	vres_error err;

	ck_ok(vres_device_create(&fixture->driver, 0, &device, &err));
	handle = device->handle;
	vres_device_destroy(device, false); /* as in a forked child */
	ck_assert_int_eq(atomic_load(&fixture->fake->live), live + 1);
	fixture->fake->table.device_close(handle);
}
END_TEST

START_TEST(allocation_that_is_not_what_was_asked_for_is_given_back)
{
	CLEANUP(device_fixture_close) struct device_fixture *fixture = device_fixture_open();
	struct vres_mem mem = {0};
	vres_error err;

	fixture->fake->gives_less = 9999;
	ck_status(vres_mem_alloc(fixture->device, 10000, &mem, &err), VRES_E_BACKEND);
	fixture->fake->gives_less = 0;
	fixture->fake->gives_no_address = true;
	ck_status(vres_mem_alloc(fixture->device, 10000, &mem, &err), VRES_E_BACKEND);
	ck_assert_ptr_null(mem.handle);
	ck_assert_uint_eq(atomic_load(&fixture->fake->calls[FAKE_MEM_RELEASE]), 2);
	fixture->fake->gives_no_address = false;
	ck_ok(vres_mem_alloc(fixture->device, 10000, &mem, &err));
	ck_assert_uint_eq(mem.bytes, 10000);
	ck_assert_uint_eq(mem.capacity, 12288);
	drop_memory(&mem);
}
END_TEST

START_TEST(memory_is_given_up_whatever_releasing_returns_and_only_once)
{
	CLEANUP(device_fixture_close) struct device_fixture *fixture = device_fixture_open();
	struct vres_mem mem = device_fixture_memory(fixture, 1, 1);
	vres_error err;

	fixture->fake->answer[FAKE_MEM_RELEASE] = VRES_E_DEALLOCATION_FAILED;
	ck_status(vres_mem_release(&mem, &err), VRES_E_DEALLOCATION_FAILED);
	ck_assert_ptr_null(mem.handle);
	ck_ok(vres_mem_release(&mem, &err));
	ck_assert_uint_eq(atomic_load(&fixture->fake->calls[FAKE_MEM_RELEASE]), 1);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE(lost_device_stays_lost_and_is_asked_nothing_more, "WORKER-4032",
	             "availability", "a device that comes back without its memory"),
		CASE(properties_out_of_range_are_refused_and_the_device_closed, "VR-005 RP-002", "",
	             "a division by zero"),
		CASE(strings_without_an_end_and_too_many_notes_are_cut, "VR-006", "",
	             "a read past a field"),
		CASE(ecc_that_is_no_answer_is_unknown, "VR-005", "integrity", "memory without ECC"),
		CASE(device_that_fails_to_open_leaves_nothing, "WORKER-4150 MS-004", "", ""),
		CASE(forgetting_a_device_does_not_touch_it, "MS-005", "",
	             "a forked child that frees the parent's memory"),
		CASE(allocation_that_is_not_what_was_asked_for_is_given_back,
	             "MS-003 VR-006 RP-001", "integrity", "a write past an allocation"),
		CASE(memory_is_given_up_whatever_releasing_returns_and_only_once, "MS-004 MS-005",
	             "availability", "freeing twice"),
	};

	return suite_run("unit.device", "unit", cases, COUNT(cases));
}
