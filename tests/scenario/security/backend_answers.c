/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A backend that gives impossible answers: properties, names, sizes, tables. */
#include <vres/backend.h>
#include "support/fixture/support.h"

#define DEVICE_THAT(name, spoil)                                                                   \
	static vres_status name(vres_bself *self, uint32_t index, vres_device_props *p,            \
	                        vres_bdev **out, vres_error *err)                                  \
	{                                                                                          \
		const vres_status status =                                                         \
			test_device_backend()->device_open(self, index, p, out, err);              \
                                                                                                   \
		spoil;                                                                             \
		return status;                                                                     \
	}

/* The seal fails with @want, and nothing is left of it. */
static void ck_seal_fails(struct fixture *f, vres_status want)
{
	const vres_device_info before = device_of(f, 0);
	CLEANUP(free_bytes) uint8_t *data = content(3 * BLOCK, 1);
	vres_shard *shard = NULL;
	vres_device_info after;
	vres_error err;

	ck_status(vres_seal_memory(f->manager, PLAIN, data, 3 * BLOCK, &shard, &err), want);
	ck_assert_ptr_null(shard);
	after = device_of(f, 0);
	ck_same_device(&before, &after);
	ck_assert_uint_eq(record_count(&f->record, VRES_EVENT_VRAM_SEALED), 0);
}

DEVICE_THAT(device_without_granularity, p->granularity = 0)
DEVICE_THAT(device_in_pieces_larger_than_itself, p->granularity = p->total_bytes + 1)
DEVICE_THAT(device_of_every_address, p->total_bytes = UINT64_MAX)
DEVICE_THAT(device_with_much_scratch, p->scratch_bytes = UINT64_MAX)
DEVICE_THAT(device_with_endless_name, memset(p->name, 'n', sizeof(p->name)))
DEVICE_THAT(device_with_endless_uuid, memset(p->uuid, 'u', sizeof(p->uuid)))
DEVICE_THAT(device_with_hostile_uuid, memcpy(p->uuid, "\x1b[31m\n", 7))
DEVICE_THAT(device_without_uuid, p->uuid[0] = '\0')
DEVICE_THAT(device_with_hostile_name, memcpy(p->name, "\x1b[31mGPU\n\xff", 11))
DEVICE_THAT(device_with_many_notes, p->notes_count = UINT32_MAX)
DEVICE_THAT(device_with_endless_notes,
            (memset(p->notes, 'x', sizeof(p->notes)), p->notes_count = 16))

static vres_status alloc_less(vres_bdev *dev, uint64_t bytes, vres_bmem **out, vres_mem_info *info,
                              vres_error *err)
{
	const vres_status status = test_device_backend()->mem_alloc(dev, bytes, out, info, err);

	info->capacity = bytes - 1;
	return status;
}

/* A size that is no multiple of the granularity. */
static vres_status alloc_in_part(vres_bdev *dev, uint64_t bytes, vres_bmem **out,
                                 vres_mem_info *info, vres_error *err)
{
	const vres_status status = test_device_backend()->mem_alloc(dev, bytes, out, info, err);

	info->capacity++;
	return status;
}

/* The end of it is before its beginning. */
static vres_status alloc_around(vres_bdev *dev, uint64_t bytes, vres_bmem **out,
                                vres_mem_info *info, vres_error *err)
{
	const vres_status status = test_device_backend()->mem_alloc(dev, bytes, out, info, err);

	info->capacity = 0 - info->capacity;
	return status;
}

static vres_status resides_around(vres_bmem *mem, vres_residency *out, vres_error *err)
{
	const vres_status status = test_device_backend()->mem_residency(mem, out, err);

	out->bytes = UINT64_MAX;
	return status;
}

static vres_status more_free_than_there_is(vres_bdev *dev, vres_device_status *out, vres_error *err)
{
	const vres_status status = test_device_backend()->device_status(dev, out, err);

	out->free_bytes = UINT64_MAX / 4;
	return status;
}

static vres_status alloc_nowhere(vres_bdev *dev, uint64_t bytes, vres_bmem **out,
                                 vres_mem_info *info, vres_error *err)
{
	const vres_status status = test_device_backend()->mem_alloc(dev, bytes, out, info, err);

	info->addr = 0;
	return status;
}

static vres_status alloc_without_numbers(vres_bdev *dev, uint64_t bytes, vres_bmem **out,
                                         vres_mem_info *info, vres_error *err)
{
	(void)dev;
	(void)bytes;
	(void)out;
	(void)info;
	memset(err, 0, sizeof(*err));
	err->status = VRES_E_INSUFFICIENT_VRAM;
	memcpy(err->message, "no", 3);
	return VRES_E_INSUFFICIENT_VRAM;
}

static vres_status endless_message(vres_bdev *dev, uint64_t bytes, vres_bmem **out,
                                   vres_mem_info *info, vres_error *err)
{
	(void)dev;
	(void)bytes;
	(void)out;
	(void)info;
	memset(err, 'm', sizeof(*err));
	return VRES_E_BACKEND;
}

START_TEST(a_device_with_impossible_properties_is_refused)
{
	static const __typeof__(((vres_backend *)0)->device_open) liars[] = {
		device_without_granularity, device_in_pieces_larger_than_itself,
		device_of_every_address,    device_with_much_scratch,
		device_with_hostile_uuid,   device_without_uuid};
	vres_backend table = *test_device_backend();
	struct setup s = setup_init();
	CLEANUP(finish) struct fixture *f = NULL;
	vres_shard *shard = NULL;
	vres_error err;

	table.device_open = liars[_i];
	s.backend = &table;
	f = begin(&s);
	ck_status(vres_seal_memory(f->manager, PLAIN, "abc", 3, &shard, &err), VRES_E_BACKEND);
}
END_TEST

START_TEST(names_and_notes_without_an_end_are_cut)
{
	static const __typeof__(((vres_backend *)0)->device_open) liars[] = {
		device_with_endless_name, device_with_endless_uuid, device_with_many_notes,
		device_with_endless_notes};
	vres_backend table = *test_device_backend();
	struct setup s = setup_init();
	CLEANUP(finish) struct fixture *f = NULL;
	vres_policy_report report = vres_policy_report_init();
	vres_error err;

	table.device_open = liars[_i];
	s.backend = &table;
	f = begin(&s);
	ck_works(f);
	ck_assert_uint_lt(strnlen(device_of(f, 0).name, 128), 128);
	ck_assert_uint_lt(strnlen(device_of(f, 0).uuid, 48), 48);
	ck_ok(vres_enforce_vram_only(f->manager, 0, &report, &err));
	ck_assert_uint_le(report.facts_count, COUNT(report.facts));
	for (uint32_t i = 0; i < report.facts_count; i++) {
		ck_assert_uint_lt(strnlen(report.facts[i].name, sizeof(report.facts[i].name)),
		                  sizeof(report.facts[i].name));
		ck_assert_uint_lt(strnlen(report.facts[i].value, sizeof(report.facts[i].value)),
		                  sizeof(report.facts[i].value));
	}
}
END_TEST

START_TEST(an_allocation_that_is_not_what_was_asked_for_is_given_back)
{
	static const __typeof__(((vres_backend *)0)->mem_alloc) liars[] = {
		alloc_less, alloc_in_part, alloc_around, alloc_nowhere, endless_message};
	vres_backend table = *test_device_backend();
	struct setup s = setup_init();
	CLEANUP(finish) struct fixture *f = NULL;

	table.mem_alloc = liars[_i];
	s.backend = &table;
	f = begin(&s);
	ck_seal_fails(f, VRES_E_BACKEND);
}
END_TEST

START_TEST(a_name_has_no_character_that_a_terminal_would_obey)
{
	vres_backend table = *test_device_backend();
	struct setup s = setup_init();
	CLEANUP(finish) struct fixture *f = NULL;

	table.device_open = device_with_hostile_name;
	s.backend = &table;
	f = begin(&s);
	ck_works(f);
	ck_assert_str_eq(device_of(f, 0).name, "?[31mGPU??");
}
END_TEST

START_TEST(a_mapping_that_wraps_around_is_no_place_for_a_shard)
{
	vres_backend table = *test_device_backend();
	struct setup s = setup_init();
	CLEANUP(finish) struct fixture *f = NULL;

	table.mem_residency = resides_around;
	s.backend = &table;
	f = begin(&s);
	ck_seal_fails(f, VRES_E_BACKEND);
}
END_TEST

START_TEST(more_free_memory_than_there_is_reaches_nobody)
{
	vres_backend table = *test_device_backend();
	struct setup s = setup_init();
	CLEANUP(finish) struct fixture *f = NULL;
	vres_device_info info = vres_device_info_init();
	vres_shard *shard = NULL;
	vres_error err;

	table.device_status = more_free_than_there_is;
	s.backend = &table;
	f = begin(&s);
	ck_status(vres_seal_memory(f->manager, PLAIN, "abc", 3, &shard, &err), VRES_E_BACKEND);
	ck_status(vres_device_describe(f->manager, 0, &info, &err), VRES_E_BACKEND);
	ck_assert_uint_eq(info.free_bytes, 0);
}
END_TEST

START_TEST(a_shortage_always_has_its_numbers)
{
	vres_backend table = *test_device_backend();
	struct setup s = setup_init();
	CLEANUP(finish) struct fixture *f = NULL;

	table.mem_alloc = alloc_without_numbers;
	s.backend = &table;
	f = begin(&s);
	ck_seal_fails(f, VRES_E_INSUFFICIENT_VRAM); /* ck_status looks at the numbers */
}
END_TEST

START_TEST(a_backend_table_that_does_not_fit_is_refused)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	const vres_backend good = *test_device_backend();
	vres_backend tables[8];
	vres_config config = config_of(f);
	vres_manager *manager = NULL;
	vres_error err;

	for (size_t i = 0; i < COUNT(tables); i++)
		tables[i] = good;
	tables[0].abi = VRES_BACKEND_ABI + 1;
	tables[1].abi = 0;
	tables[2].struct_size = 0;
	tables[3].struct_size = offsetof(vres_backend, mem_alloc);
	tables[4].mem_residency = NULL;
	tables[5].lane_close = NULL;
	tables[6].open = NULL;
	tables[7].close = NULL;
	for (size_t i = 0; i < COUNT(tables); i++) {
		config.backend = &tables[i];
		ck_status(manager_create(f, &config, &manager, &err), VRES_E_ABI);
	}
	for (size_t i = 0; i < 3; i++) {
		static const char *const names[] = {NULL, "mock backend", "sixteen-bytes-xx"};

		tables[0] = good;
		tables[0].name = names[i];
		config.backend = &tables[0];
		ck_status(manager_create(f, &config, &manager, &err), VRES_E_INVALID_INPUT);
	}
	ck_assert_ptr_null(manager);
}
END_TEST

START_TEST(optional_operations_may_be_missing)
{
	vres_backend table = *test_device_backend();
	struct setup s = setup_init();
	CLEANUP(finish) struct fixture *f = NULL;
	CLEANUP(release_shard) vres_shard *shard = NULL;
	vres_verify_report r = vres_verify_report_init();
	vres_error err;

	table.struct_size = offsetof(vres_backend, hash_blocks); /* an older backend */
	s.backend = &table;
	s.policy.allow |= VRES_ALLOW_READBACK;
	f = begin(&s);
	shard = sealed(f, 3 * BLOCK, 1);
	ck_ok(vres_shard_verify(shard, NULL, &r, &err));
	ck_assert_uint_eq(r.mode, VRES_VERIFY_READBACK);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE_LOOP(a_device_with_impossible_properties_is_refused, 6,
	                  "WORKER-4010 MS-003 MS-006", "integrity", "division by zero, overflow"),
		CASE_LOOP(names_and_notes_without_an_end_are_cut, 4, "WORKER-4010 MS-007 VR-006",
	                  "integrity", "read out of bounds"),
		CASE_LOOP(an_allocation_that_is_not_what_was_asked_for_is_given_back, 5,
	                  "MS-002 MS-007 VR-006", "integrity", "write out of bounds"),
		CASE(a_name_has_no_character_that_a_terminal_would_obey, "WORKER-4010", "integrity",
	             "a device's name that rewrites a terminal"),
		CASE(a_mapping_that_wraps_around_is_no_place_for_a_shard, "MS-007 VR-006",
	             "integrity", "a range that leaves its memory"),
		CASE(more_free_memory_than_there_is_reaches_nobody, "MS-003 VR-006", "availability",
	             "over-commitment"),
		CASE(a_shortage_always_has_its_numbers, "WORKER-4153 RP-004", "availability", ""),
		CASE(a_backend_table_that_does_not_fit_is_refused, "WORKER-4010 WORKER-4171",
	             "integrity", "backend of another version"),
		CASE(optional_operations_may_be_missing, "WORKER-4010 CI-007", "availability",
	             "call through a null pointer"),
	};
	return suite_run("security_backend_answers", "security", cases, COUNT(cases));
}
