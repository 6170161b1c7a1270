/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The device, its health, and how the policy judges it. */
#include <inttypes.h>
#include <string.h>
#include "commands/doctor/findings.h"
#include "commands/policy/explain.h"
#include "ui/units.h"

static void look_at_facts(struct doctor *d, const struct session *s)
{
	vres_policy_report report = vres_policy_report_init();
	vres_error err;
	const vres_status status =
		vres_enforce_vram_only(s->manager, (uint32_t)d->device->device, &report, &err);

	if (status != VRES_OK && status != VRES_E_POLICY_VIOLATION) {
		output_fail(d->o, s->backend, &err);
		return;
	}
	for (uint32_t i = 0; i < report.facts_count; i++) {
		const vres_policy_fact *fact = &report.facts[i];
		const struct explanation *known = explain_fact(fact->name);
		const enum finding finding = known == NULL || fact->verdict == VRES_FACT_GOOD
		                                     ? FINDING_GOOD
		                             : fact->verdict == VRES_FACT_NOTED ? FINDING_WARN
		                                                                : FINDING_BAD;

		doctor_say(d, finding, fact->name, known != NULL ? known->fix : NULL, "%s",
		           fact->value);
		d->is_refused |= finding == FINDING_BAD;
	}
}

static void look_at_health(struct doctor *d, const vres_device_info *info)
{
	char total[UNITS_TEXT], available[UNITS_TEXT];

	doctor_say(d, FINDING_GOOD, "device", NULL, "%s %" PRIu32 ": %s, %s", info->backend,
	           info->gpu_device, info->name, info->uuid);
	doctor_say(d, info->available_bytes != 0 ? FINDING_GOOD : FINDING_WARN, "memory",
	           "end what uses the device, or lower --headroom", "%s, %s to seal now",
	           format_bytes(total, info->total_bytes),
	           format_bytes(available, info->available_bytes));
	doctor_say(d, info->healthy ? FINDING_GOOD : FINDING_BAD, "health",
	           "it reports memory errors or asks to be reset: take it out of service, see "
	           "docs/OPERATIONS.md, \"Incidents\"",
	           "%s", info->healthy ? "no error reported" : "NOT healthy");
}

/* Has this build device code for the backends?  Without it weights are verified over the host. */
void doctor_look_at_build(struct doctor *d)
{
	static const char *const backends[] = {"CUDA", "HIP"};

	for (size_t i = 0; i < COUNT_OF(backends); i++) {
		const bool has_kernel = strstr(VRES_KERNELS, backends[i]) != NULL;

		doctor_say(
			d, has_kernel ? FINDING_GOOD : FINDING_WARN, "device code",
			"build where clang with the target of the device, nvcc or hipcc is found "
			"(README.md); else verification needs --allow readback",
			"%s: this build %s hash on a device", backends[i],
			has_kernel ? "can" : "CANNOT");
	}
}

void doctor_look_at_device(struct doctor *d)
{
	const struct session_needs needs = {0};
	CLEANUP(session_close) struct session s = {0};
	vres_device_info info = vres_device_info_init();
	vres_error err;

	if (!session_open(&s, d->o, d->device, &needs)) {
		doctor_say(
			d, FINDING_BAD, "driver",
			"see the message: install the vendor's driver, or name another --backend",
			"no device can be used");
		return;
	}
	if (vres_device_describe(s.manager, (uint32_t)d->device->device, &info, &err) != VRES_OK) {
		output_fail(d->o, s.backend, &err);
		doctor_say(d, FINDING_BAD, "device",
		           "see the message; `vres devices` lists those there are", "%s",
		           err.message);
		return;
	}
	look_at_health(d, &info);
	look_at_facts(d, &s);
}
