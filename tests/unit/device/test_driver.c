/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Opening a driver through a backend's table: tables of another version, too short, without a slot,
 * or with a bad name.
 */
#include "device/device.h"

#include "unit/fixture/fake_backend.h"
#include "support/suite/status.h"
#include "support/suite/suite.h"

static vres_status try_driver(struct fake_backend *p, struct vres_driver *driver, vres_error *err)
{
	return vres_driver_open(&p->table, p, NULL, driver, err);
}

START_TEST(table_of_another_abi_is_refused_unused)
{
	CLEANUP(fake_backend_destroy) struct fake_backend *p = fake_backend_create();
	struct vres_driver driver;
	vres_error err;

	p->table.abi = VRES_BACKEND_ABI + 1;
	ck_status(try_driver(p, &driver, &err), VRES_E_ABI);
	p->table.abi = 0;
	ck_status(try_driver(p, &driver, &err), VRES_E_ABI);
	ck_assert_uint_eq(atomic_load(&p->calls[FAKE_OPEN]), 0);
}
END_TEST

START_TEST(table_too_short_for_its_required_slots_is_refused)
{
	CLEANUP(fake_backend_destroy) struct fake_backend *p = fake_backend_create();
	struct vres_driver driver;
	vres_error err;

	for (uint32_t size = 0; size < offsetof(vres_backend, hash_blocks); size += 8) {
		p->table.struct_size = size;
		ck_status(try_driver(p, &driver, &err), VRES_E_ABI);
	}
	ck_assert_uint_eq(atomic_load(&p->calls[FAKE_OPEN]), 0);
}
END_TEST

START_TEST(table_without_any_one_required_slot_is_refused)
{
	const size_t first = offsetof(vres_backend, open),
		     optional = offsetof(vres_backend, hash_blocks);
	CLEANUP(fake_backend_destroy) struct fake_backend *p = fake_backend_create();
	const vres_backend whole = p->table;
	struct vres_driver driver;
	vres_error err;

	for (size_t slot = first; slot < optional; slot += sizeof(void (*)(void))) {
		p->table = whole;
		memset((unsigned char *)&p->table + slot, 0, sizeof(void (*)(void)));
		ck_status(try_driver(p, &driver, &err), VRES_E_ABI);
	}
	ck_assert_uint_eq((optional - first) / sizeof(void (*)(void)), 16);
	ck_assert_uint_eq(atomic_load(&p->calls[FAKE_OPEN]), 0);
}
END_TEST

/* A table may be shorter than ours.  What lies behind its end is not read. */
START_TEST(table_that_ends_before_its_optional_slots_lacks_them)
{
	CLEANUP(fake_backend_destroy) struct fake_backend *p = fake_backend_create();
	struct vres_device *device;
	struct vres_driver driver;
	vres_error err;

	p->table.struct_size = offsetof(vres_backend, hash_blocks);
	p->props.facts = VRES_DEVICE_CAN_HASH | VRES_DEVICE_CAN_PROTECT;
	ck_ok(try_driver(p, &driver, &err));
	ck_ok(vres_device_create(&driver, 0, &device, &err));
	ck_assert(!vres_device_can(device, VRES_DEVICE_CAN_HASH));
	ck_assert(!vres_device_can(device, VRES_DEVICE_CAN_PROTECT));
	vres_device_destroy(device, true);
	vres_driver_close(&driver);
}
END_TEST

/* The size ends in the middle of a function pointer, which must then count as missing. */
START_TEST(table_that_ends_inside_a_slot_lacks_it)
{
	CLEANUP(fake_backend_destroy) struct fake_backend *p = fake_backend_create();
	struct vres_driver driver;
	vres_error err;

	for (uint32_t more = 1; more < sizeof(p->table.hash_blocks); more++) {
		p->table.struct_size = offsetof(vres_backend, hash_blocks) + more;
		ck_ok(try_driver(p, &driver, &err));
		ck_assert(driver.table.hash_blocks == NULL);
		vres_driver_close(&driver);
	}
}
END_TEST

START_TEST(table_longer_than_ours_is_taken)
{
	CLEANUP(fake_backend_destroy) struct fake_backend *p = fake_backend_create();
	struct {
		vres_backend table;
		void (*newer)(void);
	} longer = {.table = p->table};
	struct vres_driver driver;
	vres_error err;

	longer.table.struct_size = sizeof(longer);
	ck_ok(vres_driver_open(&longer.table, p, NULL, &driver, &err));
	ck_assert(driver.is_simulated);
	vres_driver_close(&driver);
}
END_TEST

START_TEST(table_whose_name_is_no_identifier_is_refused)
{
	static const char *const names[] = {NULL, "", "a name", "sixteen-letters-", "a\nb"};
	CLEANUP(fake_backend_destroy) struct fake_backend *p = fake_backend_create();
	struct vres_driver driver;
	vres_error err;

	for (size_t i = 0; i < COUNT(names); i++) {
		p->table.name = names[i];
		ck_status(try_driver(p, &driver, &err), VRES_E_INVALID_INPUT);
	}
	p->table.name = "fifteen-letters";
	ck_ok(try_driver(p, &driver, &err));
	ck_assert_str_eq(driver.name, "fifteen-letters");
	vres_driver_close(&driver);
}
END_TEST

START_TEST(library_of_a_given_path_is_simulated)
{
	CLEANUP(fake_backend_destroy) struct fake_backend *p = fake_backend_create();
	struct vres_driver driver;
	vres_error err;

	p->table.flags = 0;
	ck_ok(try_driver(p, &driver, &err));
	ck_assert(!driver.is_simulated);
	vres_driver_close(&driver);
	ck_ok(vres_driver_open(&p->table, p, "/some/library.so", &driver, &err));
	ck_assert(driver.is_simulated);
	vres_driver_close(&driver);
}
END_TEST

START_TEST(driver_that_fails_to_open_or_count_leaves_nothing_open)
{
	CLEANUP(fake_backend_destroy) struct fake_backend *p = fake_backend_create();
	struct vres_driver driver;
	vres_error err;

	p->answer[FAKE_OPEN] = VRES_E_NO_BACKEND;
	ck_status(try_driver(p, &driver, &err), VRES_E_NO_BACKEND);
	p->answer[FAKE_OPEN] = VRES_OK;
	p->answer[FAKE_DEVICE_COUNT] = VRES_E_BACKEND;
	ck_status(try_driver(p, &driver, &err), VRES_E_BACKEND);
	ck_assert_int_eq(atomic_load(&p->live), 0);
}
END_TEST

/* The table has no mem_protect. */
START_TEST(protecting_without_the_slot_is_a_status_and_no_crash)
{
	CLEANUP(fake_backend_destroy) struct fake_backend *p = fake_backend_create();
	struct vres_device *device;
	struct vres_driver driver;
	struct vres_mem mem;
	vres_error err;

	p->table.mem_protect = NULL;
	ck_ok(try_driver(p, &driver, &err));
	ck_ok(vres_device_create(&driver, 0, &device, &err));
	ck_ok(vres_mem_alloc(device, 4096, &mem, &err));
	ck_assert_int_ne(vres_mem_protect(&mem, false, &err), VRES_OK);
	drop_memory(&mem);
	vres_device_destroy(device, true);
	vres_driver_close(&driver);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE(table_of_another_abi_is_refused_unused, "WORKER-4010 VR-005", "",
	             "a backend of another version"),
		CASE(table_too_short_for_its_required_slots_is_refused, "WORKER-4010 VR-006", "",
	             "a call through a missing slot"),
		CASE(table_without_any_one_required_slot_is_refused,
	             "WORKER-4010 VR-005 WORKER-4995", "", "a call through a missing slot"),
		CASE(table_that_ends_before_its_optional_slots_lacks_them, "WORKER-4010 VR-006", "",
	             "an older backend"),
		CASE(table_that_ends_inside_a_slot_lacks_it, "WORKER-4010 VR-006", "",
	             "a call through half a pointer"),
		CASE(table_longer_than_ours_is_taken, "WORKER-4010", "", "a newer backend"),
		CASE(table_whose_name_is_no_identifier_is_refused, "VR-005 IV-005", "integrity",
	             "a name that is signed"),
		CASE(library_of_a_given_path_is_simulated, "VP-006 VR-001", "residency",
	             "a driver that lies"),
		CASE(driver_that_fails_to_open_or_count_leaves_nothing_open, "WORKER-4150 MS-004",
	             "", ""),
		CASE(protecting_without_the_slot_is_a_status_and_no_crash, "MS-005 WORKER-4083",
	             "availability", "a call through a missing slot"),
	};

	return suite_run("unit.driver", "unit", cases, COUNT(cases));
}
