/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Is the shard accepted, its record the signed one, its memory still the memory that was sealed? */
#include "verify/check.h"

#include <inttypes.h>

#include "base/abi.h"
#include "device/policy.h"

vres_status vres_verify_params_in(const vres_verify_params *p, vres_verify_params *out,
                                  vres_error *err)
{
	*out = vres_verify_params_init();
	if (p)
		TRY(vres_abi_in(out, sizeof(*out), p, offsetof(vres_verify_params, background),
		                "vres_verify_params", err));
	if (out->mode > VRES_VERIFY_READBACK)
		return vres_fail(err, VRES_E_INVALID_INPUT,
		                 "mode %" PRIu32 " is not a verification mode", out->mode);
	if (out->background > 1 || out->reserved != 0)
		return vres_fail(err, VRES_E_INVALID_INPUT, "params.%s is out of range",
		                 out->reserved ? "reserved" : "background");
	if (out->damage == NULL && out->damage_cap > 0)
		return vres_fail(err, VRES_E_INVALID_INPUT, "params.damage is NULL");
	return out->damage_cap > 0 ? ABI_OUT_CHECK(out->damage, "vres_damage", err) : VRES_OK;
}

vres_status vres_verify_fail(const struct vres_shard *s, vres_reason reason, const char *what,
                             vres_error *err)
{
	return vres_fail_at(err, VRES_E_SEAL_VERIFICATION_FAILED, reason, s->record.gpu_device,
	                    "seal verification failed: %s", what);
}

bool vres_verify_outranks(vres_status later, vres_status earlier)
{
	return earlier == VRES_OK
	               ? later != VRES_OK
	               : vres_status_class(later) == 4 && vres_status_class(earlier) != 4;
}

/* May it be verified in this mode, and by what means? */
static vres_status admit(struct verification *v, vres_error *err)
{
	const struct vres_shard *s = v->shard;
	const vres_policy *policy = &s->manager->policy;
	const bool may_read_back = (policy->allow & VRES_ALLOW_READBACK) != 0;
	const bool can_hash = vres_device_can(s->mem.device, VRES_DEVICE_CAN_HASH);

	if (atomic_load(&s->state) == VRES_SHARD_QUARANTINED)
		return vres_verify_fail(s, VRES_REASON_QUARANTINED,
		                        "the shard is quarantined after an earlier failure", err);
	if (v->params.mode == VRES_VERIFY_READBACK && !may_read_back)
		return vres_fail(err, VRES_E_UNSUPPORTED, "READBACK needs VRES_ALLOW_READBACK");
	if (v->params.mode != VRES_VERIFY_SIGNATURE && !can_hash && !may_read_back)
		return vres_fail_at(
			err, VRES_E_UNSUPPORTED, VRES_REASON_DEVICE, s->record.gpu_device,
			"device %" PRIu32 " cannot hash, and VRES_ALLOW_READBACK is not given",
			s->record.gpu_device);
	if (v->params.mode == VRES_VERIFY_FULL && !can_hash)
		v->params.mode = VRES_VERIFY_READBACK;
	if (v->params.sample_units == 0)
		v->params.sample_units = policy->sample_units;
	v->report.mode = v->params.mode;
	return VRES_OK;
}

static vres_status check_record_and_residency(const struct vres_shard *s, bool at_any_age,
                                              vres_error *err)
{
	vres_policy_report report = vres_policy_report_init();
	vres_residency now;

	if (!at_any_age && vres_shard_is_expired(s))
		return vres_verify_fail(s, VRES_REASON_EXPIRED,
		                        "the seal is older than max_seal_age", err);
	TRY(vres_record_authenticate(&s->record, s->manager->keys, s->mac, err));
	TRY(vres_mem_residency(&s->mem, &now, err)); /* the driver is asked every time */
	vres_policy_judge_memory(&s->manager->policy, &now, s->record.gpu_device, &report);
	vres_policy_judge_change(&s->residency, &now, &report);
	if (report.violations)
		return vres_fail_at(
			err, VRES_E_SEAL_VERIFICATION_FAILED, VRES_REASON_RESIDENCY,
			s->record.gpu_device,
			"seal verification failed: the memory is not what was sealed: %s",
			vres_policy_first_violation(&report));
	return VRES_OK;
}

void vres_verify_begin(struct verification *v, struct vres_shard *s, const vres_verify_params *p,
                       bool at_any_age)
{
	*v = (struct verification){.shard = s,
	                           .params = *p,
	                           .report = vres_verify_report_init(),
	                           .began = vres_os_monotonic()};
	v->report.mode = p->mode;
	v->report.blocks_total = s->shape.count[0];
	v->report.status = admit(v, &v->error);
	v->was_refused = v->report.status != VRES_OK;
	if (!v->was_refused)
		v->report.status = check_record_and_residency(s, at_any_age, &v->error);
	v->has_bytes_to_check =
		v->report.status == VRES_OK && v->params.mode != VRES_VERIFY_SIGNATURE;
}

void vres_verify_end(struct verification *v)
{
	v->report.reason = v->error.reason;
	v->report.duration = vres_os_monotonic() - v->began;
}
