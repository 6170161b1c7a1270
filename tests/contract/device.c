/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of the backend's table, its driver and its devices. */
#include "contract.h"

#include <string.h>

#define DEVICE_FACTS                                                                               \
	(VRES_DEVICE_INTEGRATED | VRES_DEVICE_UNVERIFIABLE_HOST | VRES_DEVICE_VMM |                \
	 VRES_DEVICE_CAN_HASH | VRES_DEVICE_CAN_PROTECT)

START_TEST(table_is_of_this_abi_and_has_every_required_slot)
{
	const vres_backend *b = contract_subject(_i)->backend();

	ck_assert_uint_eq(b->abi, VRES_BACKEND_ABI);
	ck_assert_uint_eq(b->struct_size, sizeof(*b));
	ck_assert_uint_ge(strlen(b->name), 1);
	ck_assert_uint_le(strlen(b->name), 15);
	ck_assert_uint_eq(strspn(b->name, "abcdefghijklmnopqrstuvwxyz0123456789_-"),
	                  strlen(b->name));
	ck_assert_uint_eq(b->flags & ~(VRES_BACKEND_SIMULATED | VRES_BACKEND_NO_KERNEL), 0);
	ck_assert(b->open && b->close && b->device_count && b->device_open && b->device_status &&
	          b->device_close);
	ck_assert(b->mem_alloc && b->mem_adopt && b->mem_residency && b->mem_wipe &&
	          b->mem_release);
	ck_assert(b->lane_open && b->lane_push && b->lane_pull && b->lane_wait && b->lane_close);
}
END_TEST

static void ck_text(const char *text, size_t cap)
{
	ck_assert_uint_lt(strnlen(text, cap), cap);
	ck_assert_uint_gt(strnlen(text, cap), 0);
}

START_TEST(device_describes_itself_within_the_limits)
{
	CLEANUP(contract_end) struct contract c = contract_begin(_i);

	ck_assert_uint_eq(c.props.struct_size, sizeof(c.props));
	ck_text(c.props.name, sizeof(c.props.name));
	ck_text(c.props.uuid, sizeof(c.props.uuid));
	ck_assert_uint_gt(c.props.total_bytes, 0);
	ck_assert_uint_ge(c.props.granularity, 1);
	ck_assert_uint_le(c.props.scratch_bytes, UINT64_C(64) << 20);
	ck_assert_uint_eq(c.props.facts & ~DEVICE_FACTS, 0);
	ck_assert_uint_eq(c.props.facts & (c.subject->must | c.subject->lacks), c.subject->must);
	if (c.ops->flags & VRES_BACKEND_NO_KERNEL)
		ck_assert_uint_eq(c.props.facts & VRES_DEVICE_CAN_HASH, 0);
	ck_assert_uint_le(c.props.ecc, VRES_ECC_UNKNOWN);
	ck_assert_uint_le(c.props.notes_count, COUNT(c.props.notes));
	for (uint32_t i = 0; i < c.props.notes_count; i++) {
		ck_text(c.props.notes[i].name, sizeof(c.props.notes[i].name));
		ck_text(c.props.notes[i].value, sizeof(c.props.notes[i].value));
	}
}
END_TEST

START_TEST(answers_are_cut_to_the_room_of_an_older_core)
{
	CLEANUP(contract_end) struct contract c = contract_begin(_i);
	vres_device_props props;
	vres_bdev *again;
	vres_error err;

	memset(&props, 0xa5, sizeof(props));
	props.struct_size = offsetof(vres_device_props, uuid);
	ck_ok(c.ops->device_open(c.self, c.subject->device, &props, &again, &err));
	ck_assert_str_eq(props.name, c.props.name);
	ck_assert_uint_eq(props.struct_size, offsetof(vres_device_props, uuid));
	for (size_t i = offsetof(vres_device_props, uuid); i < sizeof(props); i++)
		ck_assert_uint_eq(((unsigned char *)&props)[i], 0xa5);
	c.ops->device_close(again);
}
END_TEST

START_TEST(device_can_be_opened_twice_and_is_the_same_one)
{
	CLEANUP(contract_end) struct contract c = contract_begin(_i);
	vres_device_props props = {.struct_size = sizeof(props)};
	vres_bdev *again;
	vres_error err;

	ck_ok(c.ops->device_open(c.self, c.subject->device, &props, &again, &err));
	ck_assert_ptr_ne(again, c.dev);
	ck_assert_str_eq(props.uuid, c.props.uuid);
	ck_assert_uint_eq(props.total_bytes, c.props.total_bytes);
	c.ops->device_close(again);
	ck_assert_uint_le(contract_free_bytes(&c), c.props.total_bytes);
}
END_TEST

START_TEST(driver_can_be_opened_twice)
{
	CLEANUP(contract_end) struct contract c = contract_begin(_i);
	const vres_backend_open params = {.struct_size = sizeof(params),
	                                  .arg = c.arg,
	                                  .library_path = c.subject->library_path};
	vres_bself *again;
	uint32_t count = 0;
	vres_error err;

	ck_ok(c.ops->open(&params, &again, &err));
	c.ops->close(again);
	ck_ok(c.ops->device_count(c.self, &count, &err));
	ck_assert_uint_gt(count, c.subject->device);
}
END_TEST

START_TEST(device_that_does_not_exist_is_refused_and_outputs_stay)
{
	CLEANUP(contract_end) struct contract c = contract_begin(_i);
	vres_device_props props, before;
	vres_bdev *dev = (vres_bdev *)&props;
	uint32_t count = 0;
	vres_error err;

	memset(&before, 0xa5, sizeof(before));
	before.struct_size = sizeof(before);
	props = before;
	ck_ok(c.ops->device_count(c.self, &count, &err));
	ck_status(c.ops->device_open(c.self, count, &props, &dev, &err), VRES_E_NO_DEVICE);
	ck_assert_ptr_eq(dev, (vres_bdev *)&props);
	ck_assert_mem_eq(&props, &before, sizeof(props));
}
END_TEST

START_TEST(device_status_is_that_of_a_healthy_device)
{
	CLEANUP(contract_end) struct contract c = contract_begin(_i);
	vres_device_status status = {.struct_size = sizeof(status)};
	vres_error err;

	ck_ok(c.ops->device_status(c.dev, &status, &err));
	ck_assert_uint_eq(status.struct_size, sizeof(status));
	ck_assert_uint_eq(status.healthy, 1);
	ck_assert_uint_gt(status.free_bytes, 0);
	ck_assert_uint_le(status.free_bytes, c.props.total_bytes);
}
END_TEST

struct contract_part contract_device_part(void)
{
	static const struct suite_case cases[] = {
		CASE(table_is_of_this_abi_and_has_every_required_slot, "WORKER-4150", "",
	             "a backend of another version"),
		CASE(device_describes_itself_within_the_limits, "VR-006", "", ""),
		CASE(answers_are_cut_to_the_room_of_an_older_core, "MS-007 VR-006", "integrity",
	             "a write past the caller's structure"),
		CASE(device_can_be_opened_twice_and_is_the_same_one, "VR-008", "", ""),
		CASE(driver_can_be_opened_twice, "VR-008", "", ""),
		CASE(device_that_does_not_exist_is_refused_and_outputs_stay, "IV-002 WORKER-4150",
	             "", "a device index out of range"),
		CASE(device_status_is_that_of_a_healthy_device, "RP-001", "availability", ""),
	};

	return (struct contract_part){cases, COUNT(cases)};
}
