/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How policy judges the facts of a device: each bit and each fact alone, and policies that
 * contradict themselves.
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

START_TEST(zero_means_the_strictest_and_the_defaults)
{
	const vres_policy given = vres_policy_init();
	vres_policy got;
	vres_error err;

	ck_ok(vres_policy_resolve(&given, &got, &err));
	ck_assert_uint_eq(got.allow, 0);
	ck_assert_uint_eq(got.require, 0);
	ck_assert_uint_eq(got.headroom_bytes, 0);
	ck_assert_uint_eq(got.max_model_bytes, UINT64_C(100) << 30);
	ck_assert_uint_eq(got.max_seal_age, 0);
	ck_assert_uint_eq(got.lease_max_age, 0);
	ck_assert_uint_eq(got.deadline, UINT64_C(60) * 1000000000);
	ck_assert_uint_eq(got.lease_verify, VRES_VERIFY_FULL);
	ck_assert_uint_eq(got.sample_units, 64);
}
END_TEST

START_TEST(what_is_set_stays_as_it_is)
{
	vres_policy given = with(VRES_ALLOW_ALL & ~VRES_ALLOW_NO_ECC, VRES_REQUIRE_ALL), got;
	vres_error err;

	given.headroom_bytes = 1;
	given.max_model_bytes = 2;
	given.max_seal_age = 3;
	given.lease_max_age = 4;
	given.deadline = 5;
	given.lease_verify = VRES_VERIFY_SIGNATURE;
	given.sample_units = 1u << 20;
	ck_ok(vres_policy_resolve(&given, &got, &err));
	ck_assert_mem_eq(&got, &given, sizeof(got));
}
END_TEST

START_TEST(every_known_bit_is_accepted_and_every_other_refused)
{
	vres_policy got;
	vres_error err;

	for (unsigned bit = 0; bit < 64; bit++) {
		const vres_policy allow = with(UINT64_C(1) << bit, 0),
				  require = with(0, UINT64_C(1) << bit);

		ck_status(vres_policy_resolve(&allow, &got, &err),
		          bit < 8 ? VRES_OK : VRES_E_CONFIG);
		ck_status(vres_policy_resolve(&require, &got, &err),
		          bit < 6 ? VRES_OK : VRES_E_CONFIG);
	}
}
END_TEST

START_TEST(contradictions_are_refused)
{
	vres_policy p = with(VRES_ALLOW_NO_ECC, VRES_REQUIRE_ECC), got;
	vres_error err;

	ck_status(vres_policy_resolve(&p, &got, &err), VRES_E_CONFIG);
	p = with(0, 0);
	p.sample_units = (1u << 20) + 1;
	ck_status(vres_policy_resolve(&p, &got, &err), VRES_E_CONFIG);
	p = with(VRES_ALLOW_ALL, 0);
	p.lease_verify = VRES_VERIFY_READBACK + 1;
	ck_status(vres_policy_resolve(&p, &got, &err), VRES_E_CONFIG);
}
END_TEST

START_TEST(lease_mode_other_than_full_needs_its_own_permission)
{
	static const struct {
		uint32_t mode;
		uint64_t needs;
	} modes[] = {
		{VRES_VERIFY_SIGNATURE, VRES_ALLOW_WEAK_LEASE},
		{VRES_VERIFY_SAMPLED, VRES_ALLOW_WEAK_LEASE},
		{VRES_VERIFY_READBACK, VRES_ALLOW_READBACK},
	};
	vres_policy got;
	vres_error err;

	for (size_t i = 0; i < COUNT(modes); i++) {
		vres_policy p = with(VRES_ALLOW_ALL & ~modes[i].needs, 0);

		p.lease_verify = modes[i].mode;
		ck_status(vres_policy_resolve(&p, &got, &err), VRES_E_CONFIG);
		p.allow = modes[i].needs;
		ck_ok(vres_policy_resolve(&p, &got, &err));
	}
}
END_TEST

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

START_TEST(good_device_is_good_in_every_fact)
{
	const vres_device_props props = good_device();
	const vres_policy strictest =
		with(0, VRES_REQUIRE_VMM | VRES_REQUIRE_READONLY | VRES_REQUIRE_ECC);
	vres_policy_report report = vres_policy_report_init();

	vres_policy_judge_device(&strictest, &props, false, &report);
	ck_assert_uint_eq(report.violations, 0);
	ck_assert_uint_eq(report.facts_count, 7);
	for (uint32_t i = 0; i < report.facts_count; i++)
		ck_assert_uint_eq(report.facts[i].verdict, VRES_FACT_GOOD);
	ck_assert_str_eq(vres_policy_first_violation(&report), "none");
}
END_TEST

/*
 * The device has one bad fact, @name, which needs the bit @needs.  With that bit it is noted; with
 * any other or none it is a violation.
 */
static void ck_device(const char *name, const vres_device_props *props, bool simulated,
                      uint64_t needs)
{
	for (unsigned bit = 0; bit <= 8; bit++) {
		const vres_policy policy = with(bit == 8 ? 0 : UINT64_C(1) << bit, 0);
		const bool tolerated = policy.allow == needs;
		vres_policy_report report = vres_policy_report_init();

		vres_policy_judge_device(&policy, props, simulated, &report);
		ck_assert_uint_eq(report.violations, tolerated ? 0 : needs);
		ck_assert_uint_eq(fact(&report, name)->verdict,
		                  tolerated ? VRES_FACT_NOTED : VRES_FACT_VIOLATION);
		ck_assert_str_eq(vres_policy_first_violation(&report), tolerated ? "none" : name);
	}
}

START_TEST(each_bad_fact_of_a_device_needs_its_own_permission)
{
	vres_device_props props = good_device();

	ck_device("simulated", &props, true, VRES_ALLOW_SIMULATED);
	props.facts |= VRES_DEVICE_INTEGRATED;
	ck_device("integrated", &props, false, VRES_ALLOW_INTEGRATED);
	props = good_device();
	props.facts |= VRES_DEVICE_UNVERIFIABLE_HOST;
	ck_device("unverifiable_host", &props, false, VRES_ALLOW_UNVERIFIABLE_HOST);
	props = good_device();
	props.ecc = VRES_ECC_OFF;
	ck_device("ecc", &props, false, VRES_ALLOW_NO_ECC);
	props.ecc = VRES_ECC_UNKNOWN;
	ck_device("ecc", &props, false, VRES_ALLOW_NO_ECC);
	props.ecc = 77;
	ck_device("ecc", &props, false, VRES_ALLOW_NO_ECC);
}
END_TEST

START_TEST(what_policy_requires_and_a_device_lacks_no_permission_makes_good)
{
	static const struct {
		const char *name;
		uint32_t fact;
		uint64_t require;
	} needed[] = {
		{"vmm", VRES_DEVICE_VMM, VRES_REQUIRE_VMM},
		{"read_only_mapping", VRES_DEVICE_CAN_PROTECT, VRES_REQUIRE_READONLY},
	};

	for (size_t i = 0; i < COUNT(needed); i++) {
		vres_device_props props = good_device();
		const vres_policy lax = with(0, 0),
				  strict = with(VRES_ALLOW_ALL, needed[i].require);
		vres_policy_report report = vres_policy_report_init();

		props.facts &= ~needed[i].fact;
		vres_policy_judge_device(&lax, &props, false, &report);
		ck_assert_uint_eq(report.violations, 0);
		ck_assert_uint_eq(fact(&report, needed[i].name)->verdict, VRES_FACT_NOTED);
		report = vres_policy_report_init();
		vres_policy_judge_device(&strict, &props, false, &report);
		ck_assert_uint_eq(report.violations, VRES_VIOLATION_NEVER);
		ck_assert_uint_eq(fact(&report, needed[i].name)->verdict, VRES_FACT_VIOLATION);
	}
}
END_TEST

START_TEST(required_ecc_that_is_off_or_unknown_no_permission_makes_good)
{
	for (uint32_t ecc = VRES_ECC_OFF; ecc <= VRES_ECC_UNKNOWN; ecc++) {
		vres_device_props props = good_device();
		const vres_policy policy = with(0, VRES_REQUIRE_ECC);
		vres_policy_report report = vres_policy_report_init();

		props.ecc = ecc;
		vres_policy_judge_device(&policy, &props, false, &report);
		ck_assert_uint_eq(report.violations, ecc == VRES_ECC_ON ? 0 : VRES_VIOLATION_NEVER);
	}
}
END_TEST

START_TEST(notes_are_shown_and_decide_nothing)
{
	vres_device_props props = good_device();
	const vres_policy policy = with(0, 0);
	vres_policy_report report = vres_policy_report_init();

	props.notes_count = 2;
	props.notes[0] = (vres_device_note){"driver", "570.1"};
	props.notes[1] = (vres_device_note){"unified_addressing", "yes"};
	vres_policy_judge_device(&policy, &props, false, &report);
	ck_assert_uint_eq(report.violations, 0);
	ck_assert_str_eq(fact(&report, "driver")->value, "570.1");
	ck_assert_uint_eq(fact(&report, "unified_addressing")->verdict, VRES_FACT_NOTED);
}
END_TEST

START_TEST(report_that_is_full_still_counts_violations)
{
	vres_policy_report report = vres_policy_report_init();
	char text[100];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	for (unsigned i = 0; i < 40; i++)
		vres_policy_add(&report, text, text, VRES_FACT_GOOD, 1);
	ck_assert_uint_eq(report.facts_count, 32);
	ck_assert_uint_eq(report.violations, 0);
	ck_assert_uint_eq(strlen(report.facts[31].name), 31);
	ck_assert_uint_eq(strlen(report.facts[31].value), 63);
	vres_policy_add(&report, "late", "yes", VRES_FACT_VIOLATION, VRES_VIOLATION_NEVER);
	ck_assert_uint_eq(report.facts_count, 32);
	ck_assert_uint_eq(report.violations, VRES_VIOLATION_NEVER);
}
END_TEST

START_TEST(first_violation_is_the_first)
{
	vres_policy_report report = vres_policy_report_init();

	vres_policy_add(&report, "a", "", VRES_FACT_NOTED, 1);
	vres_policy_add(&report, "b", "", VRES_FACT_VIOLATION, 2);
	vres_policy_add(&report, "c", "", VRES_FACT_VIOLATION, 4);
	ck_assert_str_eq(vres_policy_first_violation(&report), "b");
	ck_assert_uint_eq(report.violations, 6);
}
END_TEST

START_TEST(modes_by_strength_are_signature_sampled_full_readback)
{
	static const uint32_t by_strength[] = {VRES_VERIFY_SIGNATURE, VRES_VERIFY_SAMPLED,
	                                       VRES_VERIFY_FULL, VRES_VERIFY_READBACK};
	static const char *const names[] = {"signature", "sampled", "full", "readback"};

	for (uint32_t i = 0; i < COUNT(by_strength); i++) {
		ck_assert_uint_eq(vres_policy_strength(by_strength[i]), i);
		ck_assert_str_eq(vres_policy_mode_name(by_strength[i]), names[i]);
	}
	ck_assert_uint_eq(vres_policy_strength(4), 0);
	ck_assert_uint_eq(vres_policy_strength(UINT32_MAX), 0);
	ck_assert_str_eq(vres_policy_mode_name(4), "unknown");
}
END_TEST

int main(void)
{
	static const struct suite_case cases[] = {
		CASE(zero_means_the_strictest_and_the_defaults, "WORKER-4170 RP-003 VR-001",
	             "residency", "a policy that was never set"),
		CASE(what_is_set_stays_as_it_is, "WORKER-4170", "", ""),
		CASE(every_known_bit_is_accepted_and_every_other_refused, "WORKER-4171 WORKER-4172",
	             "residency", "a bit that is ignored"),
		CASE(contradictions_are_refused, "WORKER-4171 WORKER-4172", "", ""),
		CASE(lease_mode_other_than_full_needs_its_own_permission, "CI-007 WORKER-4121",
	             "integrity", "a verification that is skipped"),
		CASE(good_device_is_good_in_every_fact, "VP-001 VR-001", "residency", ""),
		CASE(each_bad_fact_of_a_device_needs_its_own_permission,
	             "VP-001 VP-002 VP-005 WORKER-4101", "residency", "memory that is the host's"),
		CASE(what_policy_requires_and_a_device_lacks_no_permission_makes_good,
	             "VP-001 VR-001", "residency", ""),
		CASE(required_ecc_that_is_off_or_unknown_no_permission_makes_good, "VR-001",
	             "integrity", "memory without ECC"),
		CASE(notes_are_shown_and_decide_nothing, "VP-002", "residency",
	             "a verdict from unified addressing"),
		CASE(report_that_is_full_still_counts_violations, "VR-006 VP-005", "residency",
	             "a violation that does not fit the report"),
		CASE(first_violation_is_the_first, "WORKER-4163", "accountability", ""),
		CASE(modes_by_strength_are_signature_sampled_full_readback, "CI-007", "integrity",
	             "a weak check taken for a strong one"),
	};

	return suite_run("unit.policy", "unit", cases, COUNT(cases));
}
