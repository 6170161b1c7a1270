/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The VRAM-only policy.  Residency is judged for each allocation, over its whole range, from what
 * the driver says of it; that a device has a unified address space says nothing (every 64-bit GPU
 * has), so no such fact is a violation.
 */
#include "device/policy.h"

#define GIB                  (UINT64_C(1) << 30)
#define SECOND               UINT64_C(1000000000)
#define SAMPLE_UNITS_DEFAULT 64u
#define SAMPLE_UNITS_MAX     (1u << 20)

static vres_status check_contradictions(const vres_policy *p, vres_error *err)
{
	if (p->allow & ~(uint64_t)VRES_ALLOW_ALL || p->require & ~(uint64_t)VRES_REQUIRE_ALL)
		return vres_fail(err, VRES_E_CONFIG,
		                 "policy %s has a bit this library does not know",
		                 p->allow & ~(uint64_t)VRES_ALLOW_ALL ? "allow" : "require");
	if ((p->require & VRES_REQUIRE_ECC) && (p->allow & VRES_ALLOW_NO_ECC))
		return vres_fail(err, VRES_E_CONFIG,
		                 "policy requires ECC and allows to be without");
	if (p->lease_verify > VRES_VERIFY_READBACK)
		return vres_fail(err, VRES_E_CONFIG,
		                 "policy lease_verify is not a verification mode");
	if (vres_policy_strength(p->lease_verify) < vres_policy_strength(VRES_VERIFY_FULL) &&
	    !(p->allow & VRES_ALLOW_WEAK_LEASE))
		return vres_fail(err, VRES_E_CONFIG,
		                 "policy lease_verify is weaker than FULL, which needs "
		                 "VRES_ALLOW_WEAK_LEASE");
	if (p->lease_verify == VRES_VERIFY_READBACK && !(p->allow & VRES_ALLOW_READBACK))
		return vres_fail(
			err, VRES_E_CONFIG,
			"policy lease_verify is READBACK, which needs VRES_ALLOW_READBACK");
	if (p->sample_units > SAMPLE_UNITS_MAX)
		return vres_fail(err, VRES_E_CONFIG, "policy sample_units is above %u",
		                 SAMPLE_UNITS_MAX);
	return VRES_OK;
}

vres_status vres_policy_resolve(const vres_policy *given, vres_policy *out, vres_error *err)
{
	vres_policy p = *given;

	TRY(check_contradictions(&p, err));
	p.max_model_bytes = p.max_model_bytes ? p.max_model_bytes : 100 * GIB;
	p.deadline = p.deadline ? p.deadline : 60 * SECOND;
	p.sample_units = p.sample_units ? p.sample_units : SAMPLE_UNITS_DEFAULT;
	*out = p;
	return VRES_OK;
}

static void copy_text(char *to, size_t capacity, const char *from)
{
	size_t n = strlen(from);

	if (n >= capacity)
		n = capacity - 1;
	memcpy(to, from, n);
	to[n] = '\0';
}

void vres_policy_add(vres_policy_report *report, const char *name, const char *value,
                     uint32_t verdict, uint64_t needs)
{
	vres_policy_fact *fact;

	if (verdict == VRES_FACT_VIOLATION)
		report->violations |= needs;
	if (report->facts_count == COUNT_OF(report->facts))
		return;
	fact = &report->facts[report->facts_count++];
	copy_text(fact->name, sizeof(fact->name), name);
	copy_text(fact->value, sizeof(fact->value), value);
	fact->verdict = verdict;
}

/*
 * A fact that is bad when true: a violation unless policy tolerates it, noted when it does, good
 * when false.
 */
static void add_bad(vres_policy_report *report, const vres_policy *policy, const char *name,
                    bool holds, uint64_t needs)
{
	const bool tolerated = needs != VRES_VIOLATION_NEVER && (policy->allow & needs) == needs;

	vres_policy_add(report, name, holds ? "yes" : "no",
	                !holds      ? VRES_FACT_GOOD
	                : tolerated ? VRES_FACT_NOTED
	                            : VRES_FACT_VIOLATION,
	                needs);
}

/* A fact that must be true. */
static void add_needed(vres_policy_report *report, const char *name, bool holds, bool required)
{
	vres_policy_add(report, name, holds ? "yes" : "no",
	                holds      ? VRES_FACT_GOOD
	                : required ? VRES_FACT_VIOLATION
	                           : VRES_FACT_NOTED,
	                VRES_VIOLATION_NEVER);
}

static void add_ecc(vres_policy_report *report, const vres_policy *policy, uint32_t ecc)
{
	const bool required = (policy->require & VRES_REQUIRE_ECC) != 0;

	if (ecc == VRES_ECC_ON)
		vres_policy_add(report, "ecc", "on", VRES_FACT_GOOD, 0);
	else
		vres_policy_add(report, "ecc", ecc == VRES_ECC_OFF ? "off" : "unknown",
		                policy->allow & VRES_ALLOW_NO_ECC ? VRES_FACT_NOTED
		                                                  : VRES_FACT_VIOLATION,
		                required ? VRES_VIOLATION_NEVER : VRES_ALLOW_NO_ECC);
}

void vres_policy_judge_device(const vres_policy *policy, const vres_device_props *props,
                              bool simulated, vres_policy_report *report)
{
	add_bad(report, policy, "simulated", simulated, VRES_ALLOW_SIMULATED);
	add_bad(report, policy, "integrated", props->facts & VRES_DEVICE_INTEGRATED,
	        VRES_ALLOW_INTEGRATED);
	add_bad(report, policy, "unverifiable_host", props->facts & VRES_DEVICE_UNVERIFIABLE_HOST,
	        VRES_ALLOW_UNVERIFIABLE_HOST);
	add_ecc(report, policy, props->ecc);
	add_needed(report, "vmm", props->facts & VRES_DEVICE_VMM,
	           policy->require & VRES_REQUIRE_VMM);
	add_needed(report, "read_only_mapping", props->facts & VRES_DEVICE_CAN_PROTECT,
	           policy->require & VRES_REQUIRE_READONLY);
	add_needed(report, "device_hash", props->facts & VRES_DEVICE_CAN_HASH, false);
	for (uint32_t i = 0; i < props->notes_count && i < COUNT_OF(props->notes); i++)
		vres_policy_add(report, props->notes[i].name, props->notes[i].value,
		                VRES_FACT_NOTED, 0);
}

void vres_policy_judge_memory(const vres_policy *policy, const vres_residency *now,
                              uint32_t gpu_device, vres_policy_report *report)
{
	const bool resident = (now->facts & VRES_MEM_DEVICE) && now->device == gpu_device;

	add_needed(report, "device_memory", resident, true);
	add_bad(report, policy, "managed_memory", now->facts & VRES_MEM_MANAGED,
	        VRES_VIOLATION_NEVER);
	add_bad(report, policy, "host_mapped", now->facts & VRES_MEM_HOST_MAPPED,
	        VRES_VIOLATION_NEVER);
	add_bad(report, policy, "exportable", now->facts & VRES_MEM_EXPORTABLE,
	        VRES_ALLOW_EXPORTABLE);
	add_bad(report, policy, "peer_access", now->facts & VRES_MEM_PEER_ACCESS,
	        VRES_ALLOW_EXPORTABLE);
	if (now->facts & VRES_MEM_POOL)
		vres_policy_add(report, "pool_memory", "yes", VRES_FACT_NOTED, 0);
}

void vres_policy_judge_change(const vres_residency *sealed, const vres_residency *now,
                              bool is_adopted, vres_policy_report *report)
{
	const bool same_place =
		is_adopted || (sealed->base == now->base && sealed->bytes == now->bytes);
	const bool same = same_place && sealed->device == now->device &&
	                  sealed->identity[0] == now->identity[0] &&
	                  sealed->identity[1] == now->identity[1];
	const bool opened =
		(sealed->facts & VRES_MEM_READ_ONLY) && !(now->facts & VRES_MEM_READ_ONLY);

	add_needed(report, "same_allocation", same, true);
	add_needed(report, "same_protection", !opened, true);
}

const char *vres_policy_first_violation(const vres_policy_report *report)
{
	for (uint32_t i = 0; i < report->facts_count; i++)
		if (report->facts[i].verdict == VRES_FACT_VIOLATION)
			return report->facts[i].name;
	return "none";
}

uint32_t vres_policy_strength(uint32_t mode)
{
	static const uint32_t strength[] = {[VRES_VERIFY_SIGNATURE] = 0,
	                                    [VRES_VERIFY_SAMPLED] = 1,
	                                    [VRES_VERIFY_FULL] = 2,
	                                    [VRES_VERIFY_READBACK] = 3};

	return mode < COUNT_OF(strength) ? strength[mode] : 0;
}

const char *vres_policy_mode_name(uint32_t mode)
{
	static const char *const names[] = {[VRES_VERIFY_SIGNATURE] = "signature",
	                                    [VRES_VERIFY_SAMPLED] = "sampled",
	                                    [VRES_VERIFY_FULL] = "full",
	                                    [VRES_VERIFY_READBACK] = "readback"};

	return mode < COUNT_OF(names) ? names[mode] : "unknown";
}

uint32_t vres_policy_assurance(const vres_device_props *props, bool simulated)
{
	if (simulated)
		return VRES_ASSURANCE_NONE;
	return props->facts & VRES_DEVICE_VMM ? VRES_ASSURANCE_VMM : VRES_ASSURANCE_PLAIN;
}

uint32_t vres_policy_adopted_assurance(uint32_t of_device, const vres_residency *now)
{
	return of_device == VRES_ASSURANCE_VMM && (now->facts & VRES_MEM_EXPORTABLE)
	               ? VRES_ASSURANCE_PLAIN
	               : of_device;
}

uint32_t vres_policy_lane_flags(const vres_policy *policy)
{
	return policy->allow & VRES_ALLOW_PINNED_STAGING ? VRES_LANE_PINNED : 0;
}
