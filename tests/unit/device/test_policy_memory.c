/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How policy judges memory: what it is, how it was allocated, and how it changed since it was
 * sealed.
 */
#include "device/policy.h"
#include "support/suite/status.h"
#include "support/suite/suite.h"

static vres_policy with(uint64_t allow, uint64_t require)
{
	vres_policy p = vres_policy_init();

	p.allow = allow;
	p.require = require;
	return p;
}

static const vres_policy_fact *fact(const vres_policy_report *report, const char *name)
{
	for (uint32_t i = 0; i < report->facts_count; i++)
		if (strcmp(report->facts[i].name, name) == 0)
			return &report->facts[i];
	ck_abort_msg("no fact %s", name);
	return NULL;
}

static vres_device_props good_device(void)
{
	vres_device_props props = {.facts = VRES_DEVICE_VMM | VRES_DEVICE_CAN_HASH |
	                                    VRES_DEVICE_CAN_PROTECT,
	                           .ecc = VRES_ECC_ON};

	return props;
}

static vres_residency good_memory(void)
{
	vres_residency r = {.base = 0x1000,
	                    .bytes = 4096,
	                    .identity = {1, 2},
	                    .device = 3,
	                    .facts = VRES_MEM_DEVICE};

	return r;
}

static uint64_t judge_memory(uint64_t allow, const vres_residency *now, vres_policy_report *report)
{
	const vres_policy policy = with(allow, 0);

	*report = vres_policy_report_init();
	vres_policy_judge_memory(&policy, now, 3, report);
	return report->violations;
}

START_TEST(memory_that_is_all_on_the_device_is_good)
{
	const vres_residency now = good_memory();
	vres_policy_report report;

	ck_assert_uint_eq(judge_memory(0, &now, &report), 0);
	ck_assert_uint_eq(report.facts_count, 5);
	for (uint32_t i = 0; i < report.facts_count; i++)
		ck_assert_uint_eq(report.facts[i].verdict, VRES_FACT_GOOD);
}
END_TEST

START_TEST(memory_that_is_not_vram_is_never_permitted)
{
	static const struct {
		uint32_t device, facts;
		const char *name;
	} bad[] = {
		{3, 0, "device_memory"},
		{2, VRES_MEM_DEVICE, "device_memory"},
		{3, VRES_MEM_DEVICE | VRES_MEM_MANAGED, "managed_memory"},
		{3, VRES_MEM_DEVICE | VRES_MEM_HOST_MAPPED, "host_mapped"},
	};

	for (size_t i = 0; i < COUNT(bad); i++) {
		vres_residency now = good_memory();
		vres_policy_report report;

		now.device = bad[i].device;
		now.facts = bad[i].facts;
		ck_assert_uint_eq(judge_memory(VRES_ALLOW_ALL, &now, &report),
		                  VRES_VIOLATION_NEVER);
		ck_assert_str_eq(vres_policy_first_violation(&report), bad[i].name);
		ck_assert_uint_eq(judge_memory(UINT64_MAX, &now, &report), VRES_VIOLATION_NEVER);
	}
}
END_TEST

START_TEST(memory_that_others_could_reach_needs_exportable)
{
	static const uint32_t facts[] = {VRES_MEM_EXPORTABLE, VRES_MEM_PEER_ACCESS};

	for (size_t i = 0; i < COUNT(facts); i++) {
		vres_residency now = good_memory();
		vres_policy_report report;

		now.facts |= facts[i];
		ck_assert_uint_eq(
			judge_memory(VRES_ALLOW_ALL & ~VRES_ALLOW_EXPORTABLE, &now, &report),
			VRES_ALLOW_EXPORTABLE);
		ck_assert_uint_eq(judge_memory(VRES_ALLOW_EXPORTABLE, &now, &report), 0);
		ck_assert_uint_eq(fact(&report, i ? "peer_access" : "exportable")->verdict,
		                  VRES_FACT_NOTED);
	}
}
END_TEST

START_TEST(memory_of_a_pool_is_noted)
{
	vres_residency now = good_memory();
	vres_policy_report report;

	now.facts |= VRES_MEM_POOL;
	ck_assert_uint_eq(judge_memory(0, &now, &report), 0);
	ck_assert_uint_eq(fact(&report, "pool_memory")->verdict, VRES_FACT_NOTED);
}
END_TEST

START_TEST(any_change_of_the_allocation_is_a_violation)
{
	const vres_residency sealed = good_memory();
	vres_residency c[6];

	for (size_t i = 0; i < COUNT(c); i++)
		c[i] = sealed;
	c[1].base++;
	c[2].bytes--;
	c[3].device++;
	c[4].identity[0]++;
	c[5].identity[1]++;
	for (size_t i = 0; i < COUNT(c); i++) {
		vres_policy_report report = vres_policy_report_init();

		vres_policy_judge_change(&sealed, &c[i], false, &report);
		ck_assert_uint_eq(report.violations, i == 0 ? 0 : VRES_VIOLATION_NEVER);
		ck_assert_str_eq(vres_policy_first_violation(&report),
		                 i == 0 ? "none" : "same_allocation");
	}
}
END_TEST

START_TEST(adopted_memory_may_have_grown_but_not_have_become_other_memory)
{
	const vres_residency sealed = good_memory();
	vres_residency now = good_memory();
	vres_policy_report report = vres_policy_report_init();

	now.base -= 4096;
	now.bytes += 8192;
	vres_policy_judge_change(&sealed, &now, true, &report);
	ck_assert_uint_eq(report.violations, 0);
	now.identity[1] ^= 1;
	vres_policy_judge_change(&sealed, &now, true, &report);
	ck_assert_uint_eq(report.violations, VRES_VIOLATION_NEVER);
}
END_TEST

START_TEST(losing_a_read_only_mapping_is_a_violation_and_gaining_one_is_not)
{
	const vres_residency plain = good_memory();
	vres_residency read_only = good_memory();
	vres_policy_report report = vres_policy_report_init();

	read_only.facts |= VRES_MEM_READ_ONLY;
	vres_policy_judge_change(&plain, &read_only, false, &report);
	vres_policy_judge_change(&read_only, &read_only, false, &report);
	ck_assert_uint_eq(report.violations, 0);
	vres_policy_judge_change(&read_only, &plain, false, &report);
	ck_assert_uint_eq(report.violations, VRES_VIOLATION_NEVER);
	ck_assert_str_eq(vres_policy_first_violation(&report), "same_protection");
}
END_TEST

START_TEST(assurance_of_simulated_memory_is_none)
{
	vres_device_props props = good_device();

	ck_assert_uint_eq(vres_policy_assurance(&props, true), VRES_ASSURANCE_NONE);
	ck_assert_uint_eq(vres_policy_assurance(&props, false), VRES_ASSURANCE_VMM);
	props.facts = 0;
	ck_assert_uint_eq(vres_policy_assurance(&props, false), VRES_ASSURANCE_PLAIN);
}
END_TEST

/*
 * On a device that allocates with an explicit location, adopted memory may still be of another
 * kind.
 */
START_TEST(assurance_of_adopted_memory_that_may_be_exported_is_plain)
{
	vres_residency now = good_memory();

	ck_assert_uint_eq(vres_policy_adopted_assurance(VRES_ASSURANCE_VMM, &now),
	                  VRES_ASSURANCE_VMM);
	ck_assert_uint_eq(vres_policy_adopted_assurance(VRES_ASSURANCE_NONE, &now),
	                  VRES_ASSURANCE_NONE);
	now.facts |= VRES_MEM_EXPORTABLE;
	ck_assert_uint_eq(vres_policy_adopted_assurance(VRES_ASSURANCE_VMM, &now),
	                  VRES_ASSURANCE_PLAIN);
	ck_assert_uint_eq(vres_policy_adopted_assurance(VRES_ASSURANCE_PLAIN, &now),
	                  VRES_ASSURANCE_PLAIN);
	ck_assert_uint_eq(vres_policy_adopted_assurance(VRES_ASSURANCE_NONE, &now),
	                  VRES_ASSURANCE_NONE);
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE(memory_that_is_all_on_the_device_is_good, "VP-001 VP-005", "residency", ""),
		CASE(memory_that_is_not_vram_is_never_permitted,
	             "VP-001 VP-002 VP-003 VP-005 M0-W-1012", "residency",
	             "managed memory, host memory, another device"),
		CASE(memory_that_others_could_reach_needs_exportable, "VP-001 WORKER-4922",
	             "confidentiality", "memory shared with a process"),
		CASE(memory_of_a_pool_is_noted, "VP-005", "residency",
	             "memory that its owner may give out again"),
		CASE(any_change_of_the_allocation_is_a_violation, "VP-006 VR-004", "residency",
	             "memory that was swapped"),
		CASE(adopted_memory_may_have_grown_but_not_have_become_other_memory,
	             "VP-001 VP-005", "integrity", "memory that was freed and allocated again"),
		CASE(losing_a_read_only_mapping_is_a_violation_and_gaining_one_is_not,
	             "WORKER-4112", "integrity", "a mapping made writable"),
		CASE(assurance_of_adopted_memory_that_may_be_exported_is_plain, "VP-006",
	             "residency", "plain memory taken for pinned"),
		CASE(assurance_of_simulated_memory_is_none, "VP-006", "residency",
	             "a mock taken for hardware"),
	};
	return suite_run("unit.policy_memory", "unit", cases, COUNT(cases));
}
