/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Drivers, devices and memory behind the backend table: what the core makes of tables, properties and statuses that are wrong. */
#include "call.h"

#include "alloc.h"
#include "puppet.h"
#include "status.h"
#include "suite.h"

static vres_status try_driver(struct puppet *p, struct vres_driver *driver, vres_error *err)
{
	return vres_driver_open(&p->table, p, NULL, driver, err);
}

START_TEST(table_of_another_abi_is_refused_unused)
{
	CLEANUP(puppet_drop) struct puppet *p = puppet_make();
	struct vres_driver driver;
	vres_error err;

	p->table.abi = VRES_BACKEND_ABI + 1;
	ck_status(try_driver(p, &driver, &err), VRES_E_ABI);
	p->table.abi = 0;
	ck_status(try_driver(p, &driver, &err), VRES_E_ABI);
	ck_assert_uint_eq(atomic_load(&p->calls[PUPPET_OPEN]), 0);
}
END_TEST

START_TEST(table_too_short_for_its_required_slots_is_refused)
{
	CLEANUP(puppet_drop) struct puppet *p = puppet_make();
	struct vres_driver driver;
	vres_error err;

	for (uint32_t size = 0; size < offsetof(vres_backend, hash_blocks); size += 8) {
		p->table.struct_size = size;
		ck_status(try_driver(p, &driver, &err), VRES_E_ABI);
	}
	ck_assert_uint_eq(atomic_load(&p->calls[PUPPET_OPEN]), 0);
}
END_TEST

START_TEST(table_without_any_one_required_slot_is_refused)
{
	const size_t first = offsetof(vres_backend, open), optional = offsetof(vres_backend, hash_blocks);
	CLEANUP(puppet_drop) struct puppet *p = puppet_make();
	const vres_backend whole = p->table;
	struct vres_driver driver;
	vres_error err;

	for (size_t slot = first; slot < optional; slot += sizeof(void (*)(void))) {
		p->table = whole;
		memset((unsigned char *)&p->table + slot, 0, sizeof(void (*)(void)));
		ck_status(try_driver(p, &driver, &err), VRES_E_ABI);
	}
	ck_assert_uint_eq((optional - first) / sizeof(void (*)(void)), 16);
	ck_assert_uint_eq(atomic_load(&p->calls[PUPPET_OPEN]), 0);
}
END_TEST

/* What lies behind the end of a short table is not looked at. */
START_TEST(table_that_ends_before_its_optional_slots_lacks_them)
{
	CLEANUP(puppet_drop) struct puppet *p = puppet_make();
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

/* Half a pointer is no slot. */
START_TEST(table_that_ends_inside_a_slot_lacks_it)
{
	CLEANUP(puppet_drop) struct puppet *p = puppet_make();
	struct vres_driver driver;
	vres_error err;

	for (uint32_t more = 1; more < sizeof(p->table.hash_blocks); more++) {
		p->table.struct_size = offsetof(vres_backend, hash_blocks) + more;
		if (try_driver(p, &driver, &err) != VRES_OK)
			continue; /* refusing it is good too */
		ck_assert(driver.table.hash_blocks == NULL);
		vres_driver_close(&driver);
	}
}
END_TEST

START_TEST(table_longer_than_ours_is_taken)
{
	CLEANUP(puppet_drop) struct puppet *p = puppet_make();
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
	CLEANUP(puppet_drop) struct puppet *p = puppet_make();
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
	CLEANUP(puppet_drop) struct puppet *p = puppet_make();
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
	CLEANUP(puppet_drop) struct puppet *p = puppet_make();
	struct vres_driver driver;
	vres_error err;

	p->answer[PUPPET_OPEN] = VRES_E_NO_BACKEND;
	ck_status(try_driver(p, &driver, &err), VRES_E_NO_BACKEND);
	p->answer[PUPPET_OPEN] = VRES_OK;
	p->answer[PUPPET_DEVICE_COUNT] = VRES_E_BACKEND;
	ck_status(try_driver(p, &driver, &err), VRES_E_BACKEND);
	ck_assert_int_eq(atomic_load(&p->live), 0);
}
END_TEST

static vres_status outcome(vres_status status, const vres_error *detail, vres_error *err)
{
	struct vres_device device = {.index = 5};

	return vres_call_outcome(&device, status, detail, "doing it", err);
}

START_TEST(backend_cannot_pass_judgement)
{
	static const int judgements[] = {400, 401, 402, 403, 900, 1, 42, 199, -1, 1000, INT32_MAX};
	static const int facts[] = {100, 104, 201, 202, 300, 302, 303, 305};
	const vres_error detail = {.message = "m"};
	vres_error err;

	for (size_t i = 0; i < COUNT(judgements); i++)
		ck_status_reason(outcome((vres_status)judgements[i], &detail, &err), VRES_E_BACKEND, VRES_REASON_DEVICE);
	for (size_t i = 0; i < COUNT(facts); i++)
		ck_assert_int_eq(outcome((vres_status)facts[i], &detail, NULL), facts[i]);
	ck_ok(outcome(VRES_OK, &detail, &err));
}
END_TEST

START_TEST(what_the_driver_said_is_kept_and_what_it_should_not_say_is_not)
{
	vres_error detail = {.status = VRES_E_POLICY_VIOLATION,
	                     .backend_code = -719,
	                     .gpu_device = 99,
	                     .reason = VRES_REASON_SIGNATURE,
	                     .needed_bytes = 7,
	                     .available_bytes = 3,
	                     .message = "launch failed"};
	vres_error err;

	ck_status_reason(outcome(VRES_E_BACKEND, &detail, &err), VRES_E_BACKEND, VRES_REASON_DEVICE);
	ck_assert_str_eq(err.message, "doing it: launch failed");
	ck_assert_int_eq(err.backend_code, -719);
	ck_assert_uint_eq(err.gpu_device, 5);
	ck_assert_uint_eq(err.needed_bytes, 0);
	detail.reason = VRES_REASON_DEADLINE;
	ck_status_reason(outcome(VRES_E_BACKEND, &detail, &err), VRES_E_BACKEND, VRES_REASON_DEADLINE);
	ck_status(outcome(VRES_E_INSUFFICIENT_VRAM, &detail, &err), VRES_E_INSUFFICIENT_VRAM);
	ck_assert_uint_eq(err.needed_bytes, 7);
	ck_assert_uint_eq(err.available_bytes, 3);
}
END_TEST

START_TEST(shortage_always_comes_with_its_numbers)
{
	CLEANUP(door_shut) struct door *door = door_open();
	struct vres_mem mem;
	const vres_error silent = {.message = "no"};
	vres_error err;

	door->puppet->answer[PUPPET_MEM_ALLOC] = VRES_E_INSUFFICIENT_VRAM;
	ck_status(vres_mem_alloc(door->device, 5000, &mem, &err), VRES_E_INSUFFICIENT_VRAM);
	ck_assert_uint_eq(err.needed_bytes, 5000);
	ck_assert_uint_eq(err.available_bytes, door->puppet->status.free_bytes);
	door->puppet->detail.needed_bytes = 8192;
	door->puppet->detail.available_bytes = 10;
	ck_status(vres_mem_alloc(door->device, 5000, &mem, &err), VRES_E_INSUFFICIENT_VRAM);
	ck_assert_uint_eq(err.needed_bytes, 8192);
	ck_assert_uint_eq(err.available_bytes, 10);
	ck_status(outcome(VRES_E_INSUFFICIENT_VRAM, &silent, &err), VRES_E_ALLOCATION_FAILED); /* of what, nobody knows */
}
END_TEST

START_TEST(words_of_the_driver_are_made_one_printable_line)
{
	const vres_error detail = {.message = "bad\n\x1b[31m\xc3\xa9 end"};
	vres_error err;

	ck_status(outcome(VRES_E_BACKEND, &detail, &err), VRES_E_BACKEND);
	ck_assert_str_eq(err.message, "doing it: bad??[31m?? end");
}
END_TEST

START_TEST(message_without_an_end_is_read_no_further_than_its_field)
{
	vres_error detail = {.status = VRES_E_BACKEND}, err;

	memset(detail.message, 'x', sizeof(detail.message));
	ck_status(outcome(VRES_E_BACKEND, &detail, &err), VRES_E_BACKEND);
	ck_assert_uint_eq(strlen(err.message), sizeof(err.message) - 1);
	ck_assert_int_eq(strncmp(err.message, "doing it: xxx", 13), 0);
}
END_TEST

START_TEST(lost_device_stays_lost_and_is_asked_nothing_more)
{
	CLEANUP(door_shut) struct door *door = door_open();
	struct vres_mem mem = door_memory(door, 4096, 1), other;
	struct vres_lane lane = {0};
	vres_device_status status;
	vres_residency where;
	vres_error err;

	door->puppet->answer[PUPPET_MEM_RESIDENCY] = VRES_E_DEVICE_LOST;
	ck_status(vres_mem_residency(&mem, &where, &err), VRES_E_DEVICE_LOST);
	door->puppet->answer[PUPPET_MEM_RESIDENCY] = VRES_OK; /* it may claim to be back */
	ck_status(vres_mem_residency(&mem, &where, &err), VRES_E_DEVICE_LOST);
	ck_status(vres_device_ask(door->device, &status, &err), VRES_E_DEVICE_LOST);
	ck_status(vres_mem_alloc(door->device, 1, &other, &err), VRES_E_DEVICE_LOST);
	ck_status(vres_mem_adopt(door->device, 1, 1, &other, &err), VRES_E_DEVICE_LOST);
	ck_status(vres_mem_wipe(&mem, &err), VRES_E_DEVICE_LOST);
	ck_status(vres_mem_protect(&mem, true, &err), VRES_E_DEVICE_LOST);
	ck_status(vres_lane_open(door->device, 16, 0, &lane, &err), VRES_E_DEVICE_LOST);
	ck_assert_uint_eq(atomic_load(&door->puppet->calls[PUPPET_MEM_RESIDENCY]), 1);
	ck_assert_uint_eq(atomic_load(&door->puppet->calls[PUPPET_MEM_ALLOC]), 1);
	ck_ok(vres_mem_release(&mem, &err)); /* but what lies on the host's side is freed */
}
END_TEST

static vres_status try_props(const vres_device_props *props, struct vres_device **out, struct door *door, vres_error *err)
{
	door->puppet->props = *props;
	return vres_device_create(&door->driver, 0, out, err);
}

START_TEST(properties_out_of_range_are_refused_and_the_device_closed)
{
	CLEANUP(door_shut) struct door *door = door_open();
	const vres_device_props good = door->puppet->props;
	vres_device_props c[5];
	struct vres_device *device = NULL;
	const int live = atomic_load(&door->puppet->live);
	vres_error err;

	for (size_t i = 0; i < COUNT(c); i++)
		c[i] = good;
	c[0].granularity = 0;
	c[1].scratch_bytes = (UINT64_C(64) << 20) + 1;
	c[2].scratch_bytes = UINT64_MAX;
	memcpy(c[3].uuid, "a\nb", 4);
	memcpy(c[4].uuid, "\xff", 2);
	for (size_t i = 0; i < COUNT(c); i++)
		ck_status_reason(try_props(&c[i], &device, door, &err), VRES_E_BACKEND, VRES_REASON_DEVICE);
	ck_assert_ptr_null(device);
	ck_assert_int_eq(atomic_load(&door->puppet->live), live);
	door->puppet->props = good;
}
END_TEST

START_TEST(strings_without_an_end_and_too_many_notes_are_cut)
{
	CLEANUP(door_shut) struct door *door = door_open();
	vres_device_props props = door->puppet->props;
	struct vres_device *device;
	vres_error err;

	memset(props.name, 'n', sizeof(props.name));
	memset(props.uuid, 'u', sizeof(props.uuid));
	memset(props.notes, 'x', sizeof(props.notes));
	props.notes_count = UINT32_MAX;
	ck_ok(try_props(&props, &device, door, &err));
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
	CLEANUP(door_shut) struct door *door = door_open();
	vres_device_props props = door->puppet->props;
	struct vres_device *device;
	vres_error err;

	props.ecc = 3;
	ck_ok(try_props(&props, &device, door, &err));
	ck_assert_uint_eq(device->props.ecc, VRES_ECC_UNKNOWN);
	vres_device_destroy(device, true);
}
END_TEST

START_TEST(device_that_fails_to_open_leaves_nothing)
{
	CLEANUP(door_shut) struct door *door = door_open();
	const uint64_t heap = alloc_live();
	struct vres_device *device = NULL;
	vres_error err;

	door->puppet->answer[PUPPET_DEVICE_OPEN] = VRES_E_NO_DEVICE;
	ck_status(vres_device_create(&door->driver, 0, &device, &err), VRES_E_NO_DEVICE);
	ck_assert_ptr_null(device);
	ck_assert_uint_eq(alloc_live(), heap);
	alloc_fail(1, false);
	ck_assert_int_eq(vres_device_create(&door->driver, 0, &device, NULL), VRES_E_NO_MEMORY);
	ck_assert(alloc_disarm());
	vres_device_destroy(NULL, true);
}
END_TEST

START_TEST(forgetting_a_device_does_not_touch_it)
{
	CLEANUP(door_shut) struct door *door = door_open();
	struct vres_device *device;
	vres_bdev *handle;
	const int live = atomic_load(&door->puppet->live);
	vres_error err;

	ck_ok(vres_device_create(&door->driver, 0, &device, &err));
	handle = device->handle;
	vres_device_destroy(device, false); /* as in a forked child */
	ck_assert_int_eq(atomic_load(&door->puppet->live), live + 1);
	door->puppet->table.device_close(handle);
}
END_TEST

START_TEST(allocation_that_is_not_what_was_asked_for_is_given_back)
{
	CLEANUP(door_shut) struct door *door = door_open();
	struct vres_mem mem = {0};
	vres_error err;

	door->puppet->gives_less = 9999;
	ck_status(vres_mem_alloc(door->device, 10000, &mem, &err), VRES_E_BACKEND);
	door->puppet->gives_less = 0;
	door->puppet->gives_no_address = true;
	ck_status(vres_mem_alloc(door->device, 10000, &mem, &err), VRES_E_BACKEND);
	ck_assert_ptr_null(mem.handle);
	ck_assert_uint_eq(atomic_load(&door->puppet->calls[PUPPET_MEM_RELEASE]), 2);
	door->puppet->gives_no_address = false;
	ck_ok(vres_mem_alloc(door->device, 10000, &mem, &err));
	ck_assert_uint_eq(mem.bytes, 10000);
	ck_assert_uint_eq(mem.capacity, 12288);
	drop_memory(&mem);
}
END_TEST

START_TEST(memory_is_given_up_whatever_releasing_returns_and_only_once)
{
	CLEANUP(door_shut) struct door *door = door_open();
	struct vres_mem mem = door_memory(door, 1, 1);
	vres_error err;

	door->puppet->answer[PUPPET_MEM_RELEASE] = VRES_E_DEALLOCATION_FAILED;
	ck_status(vres_mem_release(&mem, &err), VRES_E_DEALLOCATION_FAILED);
	ck_assert_ptr_null(mem.handle);
	ck_ok(vres_mem_release(&mem, &err));
	ck_assert_uint_eq(atomic_load(&door->puppet->calls[PUPPET_MEM_RELEASE]), 1);
}
END_TEST

START_TEST(range_must_lie_inside_the_memory_and_not_be_empty)
{
	struct vres_device device = {.index = 1};
	const struct vres_mem mem = {.device = &device, .bytes = 1000, .capacity = 4096};
	static const struct {
		uint64_t offset, n;
		bool is_inside;
	} ranges[] = {
		{0, 1000, true},
		{0, 1, true},
		{999, 1, true},
		{0, 1001, false},
		{1, 1000, false},
		{1000, 1, false},
		{0, 0, false},
		{500, 0, false},
		{0, UINT64_MAX, false},
		{UINT64_MAX, 1, false},
		{1, UINT64_MAX, false},
		{UINT64_MAX, 2, false},
		{UINT64_MAX - 1, 1, false},
		{UINT64_MAX, UINT64_MAX, false},
		{1000, 3096, false},
	};
	vres_error err;

	for (size_t i = 0; i < COUNT(ranges); i++)
		ck_status(vres_call_range(&mem, ranges[i].offset, ranges[i].n, &err), ranges[i].is_inside ? VRES_OK : VRES_E_INTERNAL);
	ck_assert_uint_eq(err.gpu_device, 1);
}
END_TEST

/* A table without mem_protect, and memory that is said to be read-only all the same. */
START_TEST(protecting_without_the_slot_is_a_status_and_no_crash)
{
	CLEANUP(puppet_drop) struct puppet *p = puppet_make();
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
		CASE(table_of_another_abi_is_refused_unused, "WORKER-4010 VR-005", "", "a backend of another version"),
		CASE(table_too_short_for_its_required_slots_is_refused, "WORKER-4010 VR-006", "", "a call through a missing slot"),
		CASE(table_without_any_one_required_slot_is_refused, "WORKER-4010 VR-005", "", "a call through a missing slot"),
		CASE(table_that_ends_before_its_optional_slots_lacks_them, "WORKER-4010 VR-006", "", "an older backend"),
		CASE(table_that_ends_inside_a_slot_lacks_it, "WORKER-4010 VR-006", "", "a call through half a pointer"),
		CASE(table_longer_than_ours_is_taken, "WORKER-4010", "", "a newer backend"),
		CASE(table_whose_name_is_no_identifier_is_refused, "VR-005 IV-005", "integrity", "a name that is signed"),
		CASE(library_of_a_given_path_is_simulated, "VP-006 VR-001", "residency", "a driver that lies"),
		CASE(driver_that_fails_to_open_or_count_leaves_nothing_open, "WORKER-4150 MS-004", "", ""),
		CASE(backend_cannot_pass_judgement, "WORKER-4032 WORKER-4151", "integrity", "driver trouble taken for tampering"),
		CASE(what_the_driver_said_is_kept_and_what_it_should_not_say_is_not, "WORKER-4150 WORKER-4153", "accountability", ""),
		CASE(shortage_always_comes_with_its_numbers, "WORKER-4153 WORKER-4103 RP-004", "availability", ""),
		CASE(words_of_the_driver_are_made_one_printable_line, "VR-005 WORKER-4152", "accountability", "log lines forged by a driver"),
		CASE(message_without_an_end_is_read_no_further_than_its_field, "VR-006", "", "a read past a field"),
		CASE(lost_device_stays_lost_and_is_asked_nothing_more, "WORKER-4032", "availability",
	             "a device that comes back without its memory"),
		CASE(properties_out_of_range_are_refused_and_the_device_closed, "VR-005 RP-002", "", "a division by zero"),
		CASE(strings_without_an_end_and_too_many_notes_are_cut, "VR-006", "", "a read past a field"),
		CASE(ecc_that_is_no_answer_is_unknown, "VR-005", "integrity", "memory without ECC"),
		CASE(device_that_fails_to_open_leaves_nothing, "WORKER-4150 MS-004", "", ""),
		CASE(forgetting_a_device_does_not_touch_it, "MS-005", "", "a forked child that frees the parent's memory"),
		CASE(allocation_that_is_not_what_was_asked_for_is_given_back, "MS-003 VR-006 RP-001", "integrity", "a write past an allocation"),
		CASE(memory_is_given_up_whatever_releasing_returns_and_only_once, "MS-004 MS-005", "availability", "freeing twice"),
		CASE(range_must_lie_inside_the_memory_and_not_be_empty, "MS-002 MS-006 MS-007 VR-006", "integrity",
	             "offset and length that overflow, one byte past the end"),
		CASE(protecting_without_the_slot_is_a_status_and_no_crash, "MS-005 WORKER-4083", "availability",
	             "a call through a missing slot"),
	};

	return suite_run("unit.device", "unit", cases, COUNT(cases));
}
