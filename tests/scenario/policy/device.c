/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Each fact about a device or its memory that policy judges: refused without the permission that
 * names it, accepted with it.
 */
#include <vres/backend.h>
#include "support/fixture/support.h"

/* Devices and memories of which the driver says something else than the mock does. */
#define DEVICE_THAT(name, is)                                                                      \
	static vres_status name(vres_bself *self, uint32_t index, vres_device_props *p,            \
	                        vres_bdev **out, vres_error *err)                                  \
	{                                                                                          \
		const vres_status status =                                                         \
			test_device_backend()->device_open(self, index, p, out, err);              \
                                                                                                   \
		is;                                                                                \
		return status;                                                                     \
	}
#define MEMORY_THAT(name, is)                                                                      \
	static vres_status name(vres_bmem *mem, vres_residency *r, vres_error *err)                \
	{                                                                                          \
		const vres_status status = test_device_backend()->mem_residency(mem, r, err);      \
                                                                                                   \
		is;                                                                                \
		return status;                                                                     \
	}

DEVICE_THAT(is_integrated, p->facts |= VRES_DEVICE_INTEGRATED)
DEVICE_THAT(is_paged_by_its_host, p->facts |= VRES_DEVICE_UNVERIFIABLE_HOST)
DEVICE_THAT(has_no_ecc, p->ecc = VRES_ECC_OFF)
DEVICE_THAT(has_unknown_ecc, p->ecc = VRES_ECC_UNKNOWN)
DEVICE_THAT(has_strange_ecc, p->ecc = 77)
DEVICE_THAT(has_ecc, p->ecc = VRES_ECC_ON)
DEVICE_THAT(has_vmm, p->facts |= VRES_DEVICE_VMM)
DEVICE_THAT(has_no_vmm, p->facts &= ~VRES_DEVICE_VMM)
DEVICE_THAT(cannot_protect, p->facts &= ~VRES_DEVICE_CAN_PROTECT)
DEVICE_THAT(is_integrated_if_first, p->facts |= index == 0 ? VRES_DEVICE_INTEGRATED : 0)

MEMORY_THAT(is_managed, r->facts |= VRES_MEM_MANAGED)
MEMORY_THAT(is_host_mapped, r->facts |= VRES_MEM_HOST_MAPPED)
MEMORY_THAT(is_exportable, r->facts |= VRES_MEM_EXPORTABLE)
MEMORY_THAT(is_shared_with_a_peer, r->facts |= VRES_MEM_PEER_ACCESS)
MEMORY_THAT(is_not_on_the_device, r->facts &= ~VRES_MEM_DEVICE)
MEMORY_THAT(is_on_another_device, r->device = 1)

#define DEVICE_FACTS 5 /* of them, the first: facts of the device alone */
static const struct {
	__typeof__(((vres_backend *)0)->device_open) device;
	__typeof__(((vres_backend *)0)->mem_residency) memory;
	uint64_t needs; /* what would allow it; VRES_VIOLATION_NEVER: nothing */
} FACTS[] = {
	{is_integrated, NULL, VRES_ALLOW_INTEGRATED},
	{is_paged_by_its_host, NULL, VRES_ALLOW_UNVERIFIABLE_HOST},
	{has_no_ecc, NULL, VRES_ALLOW_NO_ECC},
	{has_unknown_ecc, NULL, VRES_ALLOW_NO_ECC},
	{has_strange_ecc, NULL, VRES_ALLOW_NO_ECC},
	{has_ecc, is_managed, VRES_VIOLATION_NEVER},
	{has_ecc, is_host_mapped, VRES_VIOLATION_NEVER},
	{has_ecc, is_exportable, VRES_ALLOW_EXPORTABLE},
	{has_ecc, is_shared_with_a_peer, VRES_ALLOW_EXPORTABLE},
	{has_ecc, is_not_on_the_device, VRES_VIOLATION_NEVER},
	{has_ecc, is_on_another_device, VRES_VIOLATION_NEVER},
};

/* A fixture over @table, which the caller keeps. */
static struct fixture *over(vres_backend *table, size_t fact, uint64_t allow)
{
	struct setup s = setup_init();

	*table = *test_device_backend();
	table->device_open = FACTS[fact].device;
	if (FACTS[fact].memory != NULL)
		table->mem_residency = FACTS[fact].memory;
	s.backend = table;
	s.policy.allow = allow;
	return begin(&s);
}

START_TEST(a_bad_fact_is_refused_by_every_policy_that_does_not_name_it)
{
	vres_backend table;
	const uint64_t others = VRES_ALLOW_ALL & ~FACTS[_i].needs;
	CLEANUP(finish) struct fixture *f = over(&table, (size_t)_i, others);
	const vres_device_info before = device_of(f, 0);
	vres_device_info after;
	vres_shard *shard = NULL;
	const vres_event *e;
	vres_error err;

	ck_status(vres_seal_memory(f->manager, PLAIN, "abc", 3, &shard, &err),
	          VRES_E_POLICY_VIOLATION);
	ck_assert_ptr_null(shard);
	after = device_of(f, 0);
	ck_same_device(&before, &after);
	e = record_last(&f->record, 0);
	ck_assert_uint_eq(e->type, VRES_EVENT_POLICY_VIOLATION);
	ck_assert_int_eq(e->status, VRES_E_POLICY_VIOLATION);
	ck_assert_ptr_nonnull(e->violation);
	ck_assert_ptr_nonnull(e->action_taken);
	ck_assert_uint_eq(e->gpu_device, 0);
	ck_assert_uint_eq(record_critical(&f->record), 1);
	ck_assert_uint_eq(f->record.incidents_count, 1);
	ck_assert_uint_eq(record_count(&f->record, VRES_EVENT_VRAM_SEALED), 0);
	ck_assert_uint_eq(metrics_of(f).policy_violations, 1);
}
END_TEST

START_TEST(a_bad_fact_is_accepted_by_the_policy_that_names_it_if_any_does)
{
	vres_backend table;
	const bool never = FACTS[_i].needs == VRES_VIOLATION_NEVER;
	CLEANUP(finish)
	struct fixture *f =
		over(&table, (size_t)_i, never ? VRES_ALLOW_ALL : needed() | FACTS[_i].needs);
	vres_shard *shard = NULL;
	vres_error err;

	if (never)
		ck_status(vres_seal_memory(f->manager, PLAIN, "abc", 3, &shard, &err),
		          VRES_E_POLICY_VIOLATION);
	else
		ck_works(f);
}
END_TEST

START_TEST(enforce_says_which_permission_a_device_would_need)
{
	vres_backend table;
	const uint64_t allow = VRES_ALLOW_ALL & ~FACTS[_i].needs;
	CLEANUP(finish) struct fixture *f = over(&table, (size_t)_i, allow);
	vres_policy_report report = vres_policy_report_init();
	uint32_t violations = 0;
	vres_error err;

	ck_status(vres_enforce_vram_only(f->manager, 0, &report, &err), VRES_E_POLICY_VIOLATION);
	ck_assert_uint_eq(report.violations, FACTS[_i].needs);
	for (uint32_t i = 0; i < report.facts_count; i++)
		violations += report.facts[i].verdict == VRES_FACT_VIOLATION;
	ck_assert_uint_eq(violations, 1);
}
END_TEST

struct required {
	uint64_t require;
	__typeof__(((vres_backend *)0)->device_open) without, with;
};

static void ck_required(const struct required *r)
{
	vres_backend table = *test_device_backend();
	struct setup s = setup_init();
	vres_shard *shard = NULL;
	vres_error err;

	s.backend = &table;
	s.policy.require = r->require;
	s.policy.allow =
		needed() & ~(r->require == VRES_REQUIRE_ECC ? (uint64_t)VRES_ALLOW_NO_ECC : 0);
	{
		CLEANUP(finish) struct fixture *f = NULL;

		table.device_open = r->without;
		f = begin(&s);
		ck_status(vres_seal_memory(f->manager, PLAIN, "abc", 3, &shard, &err),
		          VRES_E_POLICY_VIOLATION);
	}
	{
		CLEANUP(finish) struct fixture *f = NULL;

		table.device_open = r->with;
		f = begin(&s);
		ck_works(f);
	}
}

START_TEST(what_is_required_is_refused_where_it_is_not_and_accepted_where_it_is)
{
	static const struct required cases[] = {{VRES_REQUIRE_VMM, has_no_vmm, has_vmm},
	                                        {VRES_REQUIRE_ECC, has_no_ecc, has_ecc},
	                                        {VRES_REQUIRE_ECC, has_unknown_ecc, has_ecc}};

	ck_required(&cases[_i]);
}
END_TEST

START_TEST(read_only_memory_is_refused_where_it_cannot_be_and_accepted_where_it_can)
{
	ck_required(&(const struct required){VRES_REQUIRE_READONLY, cannot_protect, has_ecc});
}
END_TEST

START_TEST(read_only_memory_is_made_writable_again_to_be_wiped)
{
	struct setup s = setup_init();
	CLEANUP(finish) struct fixture *f = NULL;
	vres_shard *shard = NULL;
	uint64_t protects;
	vres_error err;

	s.policy.require = VRES_REQUIRE_READONLY;
	f = begin(&s);
	ck_assert_uint_eq(test_device_calls(f->test_device, VRES_MOCK_OP_MEM_PROTECT), 0);
	shard = sealed(f, 3 * BLOCK, 1);
	protects = test_device_calls(f->test_device, VRES_MOCK_OP_MEM_PROTECT);
	ck_assert_uint_eq(protects, 1);
	ck_ok(vres_shard_verify(shard, NULL, NULL, &err));
	release_shard(&shard);
	ck_assert_uint_eq(test_device_calls(f->test_device, VRES_MOCK_OP_MEM_PROTECT),
	                  protects + 1);
	ck_assert_uint_eq(test_device_unwiped(f->test_device), 0);
	ck_assert_uint_eq(record_count(&f->record, VRES_EVENT_VRAM_DEALLOCATION_FAILED), 0);
}
END_TEST

START_TEST(an_unsuitable_device_beside_a_good_one_is_no_obstacle)
{
	vres_backend table = *test_device_backend();
	struct setup s = setup_init();
	CLEANUP(finish) struct fixture *f = NULL;
	vres_seal_params p = vres_seal_params_init();
	vres_shard *shard = NULL;
	vres_error err;

	table.device_open = is_integrated_if_first;
	s.backend = &table;
	s.mock.devices = 2;
	f = begin(&s);
	p.gpu_device = 1;
	ck_ok(vres_seal_memory(f->manager, &p, "abc", 3, &shard, &err));
	release_shard(&shard);
	p.gpu_device = 0;
	ck_status(vres_seal_memory(f->manager, &p, "abc", 3, &shard, &err),
	          VRES_E_POLICY_VIOLATION);
	ck_assert_uint_eq(device_of(f, 0).integrated, 1);
	ck_assert_uint_eq(device_of(f, 1).integrated, 0);
	p.gpu_device = 1;
	/* A refused seal does not stop the manager. */
	ck_ok(vres_seal_memory(f->manager, &p, "abc", 3, &shard, &err));
	release_shard(&shard);
}
END_TEST

START_TEST(a_device_is_described_as_the_driver_does)
{
	vres_backend table = *test_device_backend();
	struct setup s = setup_init();
	CLEANUP(finish) struct fixture *f = NULL;
	vres_device_info info;

	table.device_open = _i == 0 ? has_ecc : has_unknown_ecc;
	s.backend = &table;
	f = begin(&s);
	info = device_of(f, 0);
	ck_assert_uint_eq(info.ecc, _i == 0 ? VRES_ECC_ON : VRES_ECC_UNKNOWN);
	ck_assert_uint_eq(info.simulated, test_device_is_simulated());
	ck_assert_uint_eq(info.integrated, 0);
	ck_assert_int_eq(info.assurance == VRES_ASSURANCE_NONE, test_device_is_simulated());
	ck_assert_uint_eq(info.healthy, 1);
	ck_assert_uint_eq(info.gpu_device, 0);
	ck_assert_str_eq(info.backend, test_device_name());
	ck_assert_str_ne(info.name, "");
	ck_assert_str_ne(info.uuid, "");
	ck_assert_uint_eq(info.total_bytes, MIB(64));
	ck_assert_uint_eq(info.reserved_bytes, 0);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE_LOOP(a_bad_fact_is_refused_by_every_policy_that_does_not_name_it, COUNT(FACTS),
	                  "VR-001 VP-001 VP-002 VP-003 VP-005 WORKER-4100 WORKER-4101 WORKER-4163",
	                  "residency",
	                  "integrated GPU, paging host, no ECC, managed, host-mapped, exported or "
	                  "peer memory"),
		CASE_LOOP(a_bad_fact_is_accepted_by_the_policy_that_names_it_if_any_does,
	                  COUNT(FACTS), "VR-001 VP-005", "residency", ""),
		CASE_LOOP(enforce_says_which_permission_a_device_would_need, DEVICE_FACTS,
	                  "VP-005 WORKER-4152 WORKER-4172", "accountability", ""),
		CASE_LOOP(what_is_required_is_refused_where_it_is_not_and_accepted_where_it_is, 3,
	                  "VR-001 VP-005", "residency",
	                  "allocation that may migrate, memory without error correction, "
	                  "requirement silently ignored"),
		CASE(read_only_memory_is_refused_where_it_cannot_be_and_accepted_where_it_can,
	             "VR-001 VP-005", "integrity", "requirement silently ignored"),
		CASE(read_only_memory_is_made_writable_again_to_be_wiped, "WORKER-4112",
	             "confidentiality", "weights left in freed memory"),
		CASE(an_unsuitable_device_beside_a_good_one_is_no_obstacle, "VP-005 IV-002",
	             "availability", "display GPU in a server"),
		CASE_LOOP(a_device_is_described_as_the_driver_does, 2, "WORKER-4170 VP-006",
	                  "accountability", ""),
	};

	return suite_run("policy_device", "policy", cases, COUNT(cases));
}
