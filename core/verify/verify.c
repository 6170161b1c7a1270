/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Verifying a shard: is it still accepted, is its record still the signed one, is its memory still
 * the sealed one, are its bytes still the same; and what follows from the answer.
 */
#include "verify/verify.h"

#include <inttypes.h>

#include "base/abi.h"
#include "events/events.h"
#include "events/log.h"
#include "manager/handle.h"
#include "manager/metrics.h"
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
	return VRES_OK;
}

static vres_status failed(const struct vres_shard *s, vres_reason reason, const char *what,
                          vres_error *err)
{
	return vres_fail_at(err, VRES_E_SEAL_VERIFICATION_FAILED, reason, s->record.gpu_device,
	                    "seal verification failed: %s", what);
}

/* May it be verified at all, and how will that be done? */
static vres_status admit(struct verification *v, vres_error *err)
{
	const struct vres_shard *s = v->shard;
	const vres_policy *policy = &s->manager->policy;
	const bool may_read_back = (policy->allow & VRES_ALLOW_READBACK) != 0;
	const bool can_hash = vres_device_can(s->mem.device, VRES_DEVICE_CAN_HASH);

	if (atomic_load(&v->shard->state) == VRES_SHARD_QUARANTINED)
		return failed(s, VRES_REASON_QUARANTINED,
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

/* Asked of the driver again, every time. */
static vres_status check_residency(const struct vres_shard *s, vres_error *err)
{
	vres_policy_report report = vres_policy_report_init();
	vres_residency now;

	TRY(vres_mem_residency(&s->mem, &now, err));
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

static vres_status check(struct verification *v, bool at_any_age, vres_error *err)
{
	struct vres_shard *s = v->shard;

	if (!at_any_age && vres_shard_is_expired(s))
		return failed(s, VRES_REASON_EXPIRED, "the seal is older than max_seal_age", err);
	TRY(vres_record_authenticate(&s->record, s->manager->keys, s->mac, err));
	return check_residency(s, err);
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
		v->report.status = check(v, at_any_age, &v->error);
	v->has_bytes_to_check =
		v->report.status == VRES_OK && v->params.mode != VRES_VERIFY_SIGNATURE;
}

void vres_verify_end(struct verification *v)
{
	v->report.reason = v->error.reason;
	v->report.duration = vres_os_monotonic() - v->began;
}

void vres_verify_check(struct verification *v, struct vres_shard *s, const vres_verify_params *p)
{
	vres_verify_begin(v, s, p, false);
	if (v->has_bytes_to_check)
		v->report.status = vres_verify_content(v, &v->error);
	vres_verify_end(v);
}

static void refresh(atomic_uint_fast64_t *fresh, uint64_t began)
{
	uint_fast64_t seen = atomic_load(fresh);

	while (seen < began && !atomic_compare_exchange_weak(fresh, &seen, began))
		;
}

/* Somebody else may have found damage while this check ran, or while others were told of it. */
static vres_status still_accepted(const struct vres_shard *s, vres_error *err)
{
	return atomic_load(&s->state) == VRES_SHARD_QUARANTINED
	               ? failed(s, VRES_REASON_QUARANTINED, "the shard was quarantined meanwhile",
	                        err)
	               : VRES_OK;
}

/*
 * What it is worth to a lease: a sample of fewer units than policy wants, which is signed into the
 * record, is no sample.
 */
static uint32_t strength(const struct verification *v)
{
	const struct vres_shard *s = v->shard;
	const uint64_t wanted =
		min_u64(s->manager->policy.sample_units, s->shape.count[s->kept_level]);
	const bool is_too_small =
		v->report.mode == VRES_VERIFY_SAMPLED && v->params.sample_units < wanted;

	return vres_policy_strength(is_too_small ? (uint32_t)VRES_VERIFY_SIGNATURE
	                                         : v->report.mode);
}

static vres_status conclude_good(struct verification *v, vres_error *err)
{
	struct vres_shard *s = v->shard;
	vres_manager *m = s->manager;
	vres_event e = {0};
	vres_shard_info info;

	TRY(still_accepted(s, err));
	if (m->listeners.audit.record || m->listeners.log) {
		e = vres_event_make(&m->listeners, VRES_EVENT_SEAL_VERIFIED, s->record.gpu_device);
		TRY(vres_shard_view(s, &info, err));
		e.shard = &info;
		e.mode = vres_policy_mode_name(v->report.mode);
		TRY(vres_event_emit(&m->listeners, &e, false, err));
	}
	for (uint32_t i = 0; i <= strength(v); i++)
		refresh(&s->fresh[i], v->began);
	atomic_store(&s->verified_at, vres_os_wall());
	vres_count_verify(m, &v->report);
	return still_accepted(s, err);
}

static void tell_bad(const struct verification *v, bool is_incident)
{
	vres_manager *m = v->shard->manager;
	vres_event e = vres_event_make(&m->listeners, VRES_EVENT_SEAL_VERIFICATION_FAILED,
	                               v->shard->record.gpu_device);
	vres_shard_info info;

	if (vres_shard_view(v->shard, &info, NULL) == VRES_OK)
		e.shard = &info;
	e.status = v->report.status;
	e.reason = v->report.reason;
	e.mode = vres_policy_mode_name(v->report.mode);
	e.expected_digest = v->wanted[0] ? v->wanted : NULL;
	e.actual_digest = v->found[0] ? v->found : NULL;
	e.action_taken = m->policy.require & VRES_REQUIRE_STOP     ? "manager_stopped"
	                 : v->report.reason == VRES_REASON_EXPIRED ? "refused"
	                                                           : "shard_quarantined";
	e.detail = v->error.message;
	/* The failure itself is what the caller returns. */
	(void)vres_event_emit(&m->listeners, &e, is_incident, NULL);
}

static void conclude_bad(struct verification *v)
{
	struct vres_shard *s = v->shard;
	vres_manager *m = s->manager;
	const bool quarantines = v->report.reason != VRES_REASON_EXPIRED;

	if (quarantines && !vres_shard_quarantine(s))
		return; /* whoever found it first has reported it */
	if (m->policy.require & VRES_REQUIRE_STOP)
		vres_manager_stop(m);
	tell_bad(v, quarantines);
}

static void conclude(struct verification *v)
{
	if (v->report.status == VRES_OK) {
		v->report.status = conclude_good(v, &v->error);
		v->report.reason = v->error.reason;
		if (v->report.status == VRES_E_AUDIT) /* it was made, and is not to be had */
			vres_count_verify(v->shard->manager, &v->report);
	} else if (!v->was_refused) {
		vres_count_verify(v->shard->manager, &v->report);
		if (v->report.status == VRES_E_SEAL_VERIFICATION_FAILED)
			conclude_bad(v);
	}
}

vres_status vres_verify_conclude(struct verification *v, vres_error *err)
{
	const struct vres_operation op = {
		.action = "verify",
		.shard_id = v->shard->id,
		.gpu_device = v->shard->record.gpu_device,
		.bytes = v->report.bytes_hashed,
		.began = v->began,
		.mode = vres_policy_mode_name(v->report.mode),
		.is_routine = true,
	};

	conclude(v);
	vres_log_operation(&v->shard->manager->listeners, &op, v->report.status, v->report.reason);
	return v->report.status == VRES_OK ? VRES_OK : vres_fail_with(err, &v->error);
}

vres_status vres_shard_verify(vres_shard *s, const vres_verify_params *p, vres_verify_report *out,
                              vres_error *err)
{
	struct verification v;
	vres_verify_params params;
	vres_status status;

	if (s == NULL)
		return vres_fail(err, VRES_E_INVALID_INPUT, "shard is NULL");
	TRY(vres_manager_enter(s->manager, err));
	TRY(vres_verify_params_in(p, &params, err));
	if (out)
		TRY(ABI_OUT_CHECK(out, "vres_verify_report", err));
	CLEANUP(vres_shard_unhold) struct vres_shard *held = vres_shard_hold(s);
	vres_verify_check(&v, s, &params);
	status = vres_verify_conclude(&v, err);
	if (out)
		ABI_OUT(out, &v.report);
	return status;
}
