/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sealing what is in VRAM already, in memory of somebody else's. */
#include "support/fixture/support.h"

#define BYTES (GROUP + 100)
/* what drivers take memory in: where a range of it ends, the driver's ends too */
#define GRANULE MIB(2)

/* Foreign memory with content @seed on a device. */
static uint64_t foreign(struct fixture *f, uint32_t gpu_device, uint64_t bytes, uint64_t seed)
{
	CLEANUP(free_bytes) uint8_t *data = content((size_t)bytes, seed);
	uint64_t address = 0;

	ck_assert_int_eq(test_device_alloc(f->test_device, gpu_device, bytes, data, &address),
	                 VRES_OK);
	return address;
}

static vres_seal_params verity(void)
{
	vres_seal_params p = vres_seal_params_init();

	p.digest_alg = VRES_DIGEST_VERITY;
	return p;
}

START_TEST(adopted_memory_is_sealed_where_it_lies)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	CLEANUP(free_bytes) uint8_t *data = content(BYTES, 1);
	const uint64_t address = foreign(f, 0, BYTES, 1);
	CLEANUP(release_shard) vres_shard *shard = NULL;
	vres_seal_params p = verity();
	char hex[65];
	vres_error err;

	verity_hex(data, BYTES, 4096, hex);
	p.expected_digest = hex;
	ck_ok(vres_seal_adopt(f->manager, &p, address, BYTES, &shard, &err));
	ck_assert_uint_eq(info_of(shard).adopted, 1);
	ck_assert_str_eq(info_of(shard).digest, hex);
	ck_assert_str_eq(info_of(shard).verity_digest, hex);
	ck_assert_uint_eq(address_of(shard), address);
	/* The weights never came to the host. */
	ck_assert_uint_eq(test_device_calls(f->test_device, VRES_MOCK_OP_LANE_PULL), 0);
	ck_assert_uint_eq(test_device_calls(f->test_device, VRES_MOCK_OP_LANE_PUSH), 0);
}
END_TEST

START_TEST(adopted_memory_is_neither_wiped_nor_freed)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	const uint64_t address = foreign(f, 0, BYTES, 1);
	const vres_seal_params p = verity();
	vres_shard *shard = NULL;
	vres_shard_info first;
	vres_error err;

	ck_ok(vres_seal_adopt(f->manager, &p, address, BYTES, &shard, &err));
	first = info_of(shard);
	release_shard(&shard);
	ck_assert_uint_eq(test_device_calls(f->test_device, VRES_MOCK_OP_MEM_WIPE), 0);
	ck_ok(vres_seal_adopt(f->manager, &p, address, BYTES, &shard, &err));
	ck_assert_str_eq(info_of(shard).digest, first.digest);
	release_shard(&shard);
}
END_TEST

START_TEST(a_flipped_bit_in_adopted_memory_is_found)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	const uint64_t address = foreign(f, 0, BYTES, 1);
	const vres_seal_params p = verity();
	CLEANUP(release_shard) vres_shard *shard = NULL;
	vres_verify_report report = vres_verify_report_init();
	vres_error err;

	ck_ok(vres_seal_adopt(f->manager, &p, address, BYTES, &shard, &err));
	ck_ok(vres_shard_verify(shard, NULL, NULL, &err));
	flip_at(f, address, BYTES - 1, 7);
	ck_refused(vres_shard_verify(shard, NULL, &report, &err), VRES_REASON_DIGEST);
	ck_assert_uint_eq(report.first_bad_offset, GROUP);
}
END_TEST

START_TEST(adopted_content_other_than_expected_is_refused)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	const uint64_t address = foreign(f, 0, BYTES, 1);
	const vres_device_info before = device_of(f, 0);
	vres_seal_params p = verity();
	vres_shard *shard = (void *)f;
	vres_device_info after;
	vres_error err;

	p.expected_digest = "00000000000000000000000000000000000000000000000000000000000000ff";
	ck_status_reason(vres_seal_adopt(f->manager, &p, address, BYTES, &shard, &err),
	                 VRES_E_INTEGRITY_VIOLATION, VRES_REASON_DIGEST);
	ck_assert_ptr_eq(shard, (void *)f);
	after = device_of(f, 0);
	ck_same_device(&before, &after);
	ck_assert_uint_eq(record_count(&f->record, VRES_EVENT_VRAM_SEALED), 0);
}
END_TEST

START_TEST(a_range_that_the_driver_does_not_know_is_refused)
{
	CLEANUP(finish) struct fixture *f = NULL;
	struct setup s = setup_init();
	const vres_seal_params p = verity();
	vres_shard *shard = NULL;
	uint64_t here, there;
	vres_error err;

	s.mock.devices = 2;
	f = begin(&s);
	here = foreign(f, 0, GRANULE, 1);
	there = foreign(f, 1, BLOCK, 2);
	ck_status(vres_seal_adopt(f->manager, &p, 0, 1, &shard, &err), VRES_E_INVALID_INPUT);
	ck_status(vres_seal_adopt(f->manager, &p, (uint64_t)(uintptr_t)f, 1, &shard, &err),
	          VRES_E_INVALID_INPUT);
	ck_status(vres_seal_adopt(f->manager, &p, here, GRANULE + BLOCK, &shard, &err),
	          VRES_E_INVALID_INPUT);
	ck_status(vres_seal_adopt(f->manager, &p, here + 1, GRANULE, &shard, &err),
	          VRES_E_INVALID_INPUT);
	ck_status(vres_seal_adopt(f->manager, &p, here, 0, &shard, &err), VRES_E_INVALID_INPUT);
	ck_status(vres_seal_adopt(f->manager, &p, here, UINT64_MAX, &shard, &err),
	          VRES_E_INVALID_INPUT);
	ck_status(vres_seal_adopt(f->manager, &p, UINT64_MAX - 1, 4, &shard, &err),
	          VRES_E_INVALID_INPUT);
	/* It is on device 1, not on 0. */
	ck_assert_int_ne(vres_seal_adopt(f->manager, &p, there, GRANULE, &shard, NULL), VRES_OK);
	ck_assert_uint_eq(record_count(&f->record, VRES_EVENT_VRAM_SEALED), 0);
	test_device_free(f->test_device, here);
	ck_status(vres_seal_adopt(f->manager, &p, here, GRANULE, &shard, &err),
	          VRES_E_INVALID_INPUT);
}
END_TEST

START_TEST(only_the_tree_digest_can_be_taken_of_memory_that_stays_on_the_device)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	const uint64_t address = foreign(f, 0, BLOCK, 1);
	vres_shard *shard = NULL;
	vres_error err;

	ck_status(vres_seal_adopt(f->manager, PLAIN, address, BLOCK, &shard, &err),
	          VRES_E_INVALID_INPUT);
}
END_TEST

START_TEST(memory_of_others_cannot_be_made_read_only)
{
	struct setup s = setup_init();
	CLEANUP(finish) struct fixture *f = NULL;
	const vres_seal_params p = verity();
	vres_shard *shard = NULL;
	vres_error err;

	s.policy.require = VRES_REQUIRE_READONLY;
	f = begin(&s);
	ck_status(vres_seal_adopt(f->manager, &p, foreign(f, 0, BLOCK, 1), BLOCK, &shard, &err),
	          VRES_E_UNSUPPORTED);
}
END_TEST

static void ck_not_adopted(uint32_t lie)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	const uint64_t address = foreign(f, 0, BLOCK, 1);
	const vres_seal_params p = verity();
	vres_shard *shard = NULL;
	vres_error err;

	test_device_pretend(f->test_device, address, lie);
	ck_status(vres_seal_adopt(f->manager, &p, address, BLOCK, &shard, &err),
	          VRES_E_POLICY_VIOLATION);
	ck_assert_uint_eq(record_count(&f->record, VRES_EVENT_VRAM_SEALED), 0);
	test_device_pretend(f->test_device, address, 0);
	ck_ok(vres_seal_adopt(f->manager, &p, address, BLOCK, &shard, &err));
	release_shard(&shard);
}

START_TEST(memory_that_is_not_plain_vram_is_not_adopted)
{
	ck_not_adopted(_i == 0 ? VRES_MOCK_MANAGED : VRES_MOCK_HOST_MAPPED);
}
END_TEST

START_TEST(memory_that_can_be_exported_is_not_adopted)
{
	ck_not_adopted(VRES_MOCK_EXPORTABLE);
}
END_TEST

START_TEST(adopted_memory_replaced_behind_its_address_is_found)
{
	CLEANUP(finish) struct fixture *f = begin(NULL);
	const uint64_t address = foreign(f, 0, BLOCK, 1);
	const vres_seal_params p = verity();
	CLEANUP(release_shard) vres_shard *shard = NULL;
	vres_error err;

	ck_ok(vres_seal_adopt(f->manager, &p, address, BLOCK, &shard, &err));
	test_device_pretend(f->test_device, address, VRES_MOCK_MOVED);
	ck_refused(vres_shard_verify(shard, NULL, NULL, &err), VRES_REASON_RESIDENCY);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE(adopted_memory_is_sealed_where_it_lies,
	             "VP-001 WORKER-4102 CI-004 WORKER-4010", "residency",
	             "weights copied through the host"),
		CASE(adopted_memory_is_neither_wiped_nor_freed, "WORKER-4010 MS-004",
	             "availability", "double free of memory of others"),
		CASE(a_flipped_bit_in_adopted_memory_is_found, "CI-007 VR-004", "integrity",
	             "bit flip in VRAM"),
		CASE(adopted_content_other_than_expected_is_refused, "WORKER-4223 WORKER-4113",
	             "integrity", "other model than ordered"),
		CASE(a_range_that_the_driver_does_not_know_is_refused,
	             "MS-002 MS-003 MS-006 MS-007 VR-006", "integrity",
	             "address that is no device memory, range overflow"),
		CASE(only_the_tree_digest_can_be_taken_of_memory_that_stays_on_the_device,
	             "WORKER-4102", "confidentiality", ""),
		CASE(memory_of_others_cannot_be_made_read_only, "VP-005", "integrity", ""),
		CASE_LOOP(memory_that_is_not_plain_vram_is_not_adopted, 2,
	                  "VP-001 VP-002 VP-003 VP-005 WORKER-4101", "residency",
	                  "managed or host-mapped memory"),
		CASE(memory_that_can_be_exported_is_not_adopted, "VP-001 VP-005 WORKER-4101",
	             "residency", "shared memory"),
		CASE(adopted_memory_replaced_behind_its_address_is_found, "VP-001 VP-006",
	             "residency", "memory swapped behind its address"),
	};

	return suite_run("seal_adopt", "seal", cases, COUNT(cases));
}
