/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Is the shard accepted, its record the signed one, its memory still the memory that was sealed? */
#include "verify/check.h"

#include <inttypes.h>

#include "base/abi.h"
#include "base/damage.h"
#include "device/policy.h"
#include "manager/suspension.h"

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
	return vres_damage_check(out->damage, out->damage_cap, err);
}

vres_status vres_verify_fail(const struct vres_contents *c, vres_reason reason, const char *what,
                             vres_error *err)
{
	return vres_fail_at(err, VRES_E_SEAL_VERIFICATION_FAILED, reason, c->record.gpu_device,
	                    "seal verification failed: %s", what);
}

bool vres_verify_is_bad(const struct verification *v)
{
	return v->report.status == VRES_E_SEAL_VERIFICATION_FAILED ||
	       v->report.status == VRES_E_INTEGRITY_VIOLATION;
}

bool vres_verify_outranks(vres_status later, vres_status earlier)
{
	return earlier == VRES_OK
	               ? later != VRES_OK
	               : vres_status_class(later) == 4 && vres_status_class(earlier) != 4;
}

/* Was there a good verification, strong and recent enough for a lease? */
static bool is_fresh(const struct vres_contents *c)
{
	const vres_policy *policy = &c->manager->policy;
	const uint64_t began = atomic_load(&c->fresh[vres_policy_strength(policy->lease_verify)]);

	return policy->lease_max_age > 0 && began > 0 &&
	       vres_os_monotonic() - began <= policy->lease_max_age;
}

/* Can it be done in this mode, and by what means? */
static vres_status find_means(struct verification *v, vres_error *err)
{
	const struct vres_contents *c = v->contents;
	const vres_policy *policy = &c->manager->policy;
	const bool may_read_back = (policy->allow & VRES_ALLOW_READBACK) != 0;
	const bool can_hash = vres_device_can(v->shard->device, VRES_DEVICE_CAN_HASH);

	if (v->params.mode == VRES_VERIFY_READBACK && !may_read_back)
		return vres_fail(err, VRES_E_UNSUPPORTED, "READBACK needs VRES_ALLOW_READBACK");
	if (v->params.mode != VRES_VERIFY_SIGNATURE && !can_hash && !may_read_back)
		return vres_fail_at(
			err, VRES_E_UNSUPPORTED, VRES_REASON_DEVICE, c->record.gpu_device,
			"device %" PRIu32 " cannot hash, and VRES_ALLOW_READBACK is not given",
			c->record.gpu_device);
	if (v->params.mode == VRES_VERIFY_FULL && !can_hash)
		v->params.mode = VRES_VERIFY_READBACK;
	if (v->params.sample_units == 0)
		v->params.sample_units = policy->sample_units;
	v->report.mode = v->params.mode;
	return VRES_OK;
}

/* With the manager's lock held. */
static vres_status admit_locked(struct verification *v, enum verify_start start, vres_error *err)
{
	struct vres_shard *s = v->shard;

	if (atomic_load(&s->state) == VRES_SHARD_QUARANTINED &&
	    (start != VERIFY_TO_REPAIR || s->is_final))
		return vres_verify_fail(v->contents, VRES_REASON_QUARANTINED,
		                        "the shard is quarantined after an earlier failure", err);
	if (vres_shard_is_closed_locked(s))
		return vres_shard_fail_suspended(s, err);
	if (start == VERIFY_FOR_LEASE && is_fresh(v->contents))
		v->params.mode = VRES_VERIFY_SIGNATURE;
	TRY(find_means(v, err));
	s->checks++;
	v->is_counted = true;
	return VRES_OK;
}

static vres_status check_record_and_residency(const struct vres_contents *c, bool at_any_age,
                                              vres_error *err)
{
	vres_policy_report report = vres_policy_report_init();

	if (!at_any_age && vres_contents_are_expired(c))
		return vres_verify_fail(c, VRES_REASON_EXPIRED,
		                        "the seal is older than max_seal_age", err);
	TRY(vres_record_authenticate(&c->record, c->manager->keys, c->mac, err));
	/* the driver is asked every time */
	TRY(vres_contents_judge_memory(c, c->record.gpu_device, &report, err));
	if (report.violations)
		return vres_fail_at(
			err, VRES_E_SEAL_VERIFICATION_FAILED, VRES_REASON_RESIDENCY,
			c->record.gpu_device,
			"seal verification failed: the memory is not what was sealed: %s",
			vres_policy_first_violation(&report));
	return VRES_OK;
}

void vres_verify_begin(struct verification *v, struct vres_shard *s, const vres_verify_params *p,
                       enum verify_start start)
{
	const bool is_held = v->shard != NULL;

	*v = (struct verification){.shard = s,
	                           .params = *p,
	                           .report = vres_verify_report_init(),
	                           .began = vres_os_monotonic()};
	v->report.mode = p->mode;
	vres_manager_lock(s->manager);
	if (!is_held)
		(void)vres_shard_hold_locked(s);
	v->contents = vres_contents_use_locked(s->contents);
	v->report.status = admit_locked(v, start, &v->error);
	vres_manager_unlock(s->manager);
	v->report.blocks_total = vres_contents_blocks(v->contents);
	v->was_refused = v->report.status != VRES_OK;
	if (!v->was_refused)
		v->report.status = check_record_and_residency(
			v->contents, start == VERIFY_AT_ANY_AGE || start == VERIFY_TO_REPAIR,
			&v->error);
	v->has_bytes_to_check =
		v->report.status == VRES_OK && v->params.mode != VRES_VERIFY_SIGNATURE;
}

bool vres_verify_is_final(const struct verification *v)
{
	return v->report.reason == VRES_REASON_SIGNATURE ||
	       v->report.reason == VRES_REASON_RESIDENCY || v->is_kept_bad;
}

/* An old seal is only refused; all else that is wrong with a shard quarantines it. */
static void settle(struct verification *v)
{
	struct vres_shard *s = v->shard;
	const bool is_bad = vres_verify_is_bad(v);

	if (is_bad && (s->manager->policy.require & VRES_REQUIRE_STOP))
		vres_manager_stop(s->manager);
	vres_manager_lock(s->manager);
	if (is_bad && v->report.reason != VRES_REASON_EXPIRED)
		v->is_first = vres_shard_quarantine_locked(s);
	/* What bytes can be loaded again is lifted; what else is wrong is not. */
	s->is_final |= is_bad && vres_verify_is_final(v);
	s->checks--;
	vres_shard_changed_locked(s);
	vres_manager_unlock(s->manager);
	v->is_counted = false;
}

void vres_verify_end(struct verification *v)
{
	v->report.reason = v->error.reason;
	v->report.duration = vres_os_monotonic() - v->began;
	if (v->is_counted)
		settle(v);
}

void vres_verify_found(struct verification *v, struct vres_shard *s, vres_reason reason,
                       const char *what)
{
	*v = (struct verification){.shard = s,
	                           .params = vres_verify_params_init(),
	                           .report = vres_verify_report_init(),
	                           .began = vres_os_monotonic(),
	                           .is_counted = true};
	v->report.mode = VRES_VERIFY_SIGNATURE;
	vres_manager_lock(s->manager);
	(void)vres_shard_hold_locked(s);
	v->contents = vres_contents_use_locked(s->contents);
	s->checks++;
	vres_manager_unlock(s->manager);
	v->report.blocks_total = vres_contents_blocks(v->contents);
	v->report.status = vres_verify_fail(v->contents, reason, what, &v->error);
	vres_verify_end(v);
}

void vres_verify_close(struct verification *v)
{
	vres_contents_unuse(&v->contents);
	vres_shard_unhold(&v->shard);
}
