/* SPDX-License-Identifier: GPL-3.0-or-later */
/* vres_shard_suspend(), vres_shard_resume(), vres_shard_close(): the calls, and what they report.
 */
#include <vres/suspend.h>

#include "base/abi.h"
#include "device/policy.h"
#include "events/events.h"
#include "events/log.h"
#include "manager/handle.h"
#include "manager/metrics.h"
#include "verify/resume.h"
#include "verify/verify.h"

static vres_status check_adopted(const struct vres_shard *s, vres_error *err)
{
	return s->is_adopted ? VRES_OK
	                     : vres_fail_at(err, VRES_E_UNSUPPORTED, VRES_REASON_NONE,
	                                    vres_shard_device(s),
	                                    "the shard's memory is the library's own");
}

static vres_status tell_suspended(const struct vres_shard *s, vres_error *err)
{
	struct vres_listeners *l = &s->manager->listeners;
	vres_event e = vres_event_make(l, VRES_EVENT_VRAM_SUSPENDED, vres_shard_device(s));
	vres_shard_info info;

	TRY(vres_shard_view(s, &info, err));
	info.suspended = 1;
	e.shard = &info;
	return vres_event_emit(l, &e, false, err);
}

static vres_status suspend(struct vres_shard *s, vres_error *err)
{
	vres_status status;

	TRY(vres_suspension_begin(s, s->manager->policy.deadline, err));
	status = tell_suspended(s, err);
	vres_suspension_end(s, status == VRES_OK);
	return status;
}

vres_status vres_shard_suspend(vres_shard *s, vres_error *err)
{
	PUBLIC_CALL;
	struct vres_operation op = {.action = "suspend"};
	vres_error detail = {0};
	vres_status status;

	if (s == NULL)
		return vres_fail(err, VRES_E_INVALID_INPUT, "shard is NULL");
	TRY(vres_manager_enter_stopped(s->manager, err));
	TRY(check_adopted(s, err));
	CLEANUP(vres_shard_unhold) struct vres_shard *held = vres_shard_hold(s);
	op.shard_id = s->id;
	op.gpu_device = vres_shard_device(s);
	op.bytes = s->bytes;
	op.began = vres_log_clock(&s->manager->listeners);
	status = suspend(s, &detail);
	vres_log_operation(&s->manager->listeners, &op, status, detail.reason);
	return status == VRES_OK ? VRES_OK : vres_fail_with(err, &detail);
}

/* Only a recorded resume takes effect.  If the sink refuses, the shard stays suspended. */
static vres_status tell_resumed(struct resume *r, bool is_lifted, vres_error *err)
{
	struct vres_shard *s = r->shard;
	struct vres_listeners *l = &s->manager->listeners;
	vres_event e = vres_event_make(
		l, r->has_changed ? VRES_EVENT_VRAM_RESEALED : VRES_EVENT_VRAM_RESUMED,
		vres_shard_device(s));
	char previous[65];
	vres_shard_info info;

	TRY(vres_contents_view(s, r->next, &info, err));
	info.suspended = 0;
	info.state = VRES_SHARD_SEALED;
	vres_hex(r->v.contents->record.digest, previous);
	e.shard = &info;
	e.changed_tensors = r->changed_tensors;
	e.expected_tensors = r->expected_tensors;
	e.moved_tensors = r->moved_tensors;
	e.previous_digest = r->has_changed ? previous : NULL;
	e.label = r->label[0] ? r->label : NULL;
	e.lifted = is_lifted;
	return vres_event_emit(l, &e, false, err);
}

/* A resume is a FULL verification, so it serves every lease that one would serve. */
static void make_fresh(struct resume *r)
{
	for (uint32_t i = 0; i <= vres_policy_strength(r->v.report.mode); i++)
		atomic_store(&r->next->fresh[i], r->v.began);
	atomic_store(&r->next->verified_at,
	             r->has_changed ? r->next->record.sealed_at : vres_os_wall());
}

static vres_status find_means(struct resume *r, vres_error *err)
{
	const struct vres_shard *s = r->shard;
	const bool can_hash = vres_device_can(s->device, VRES_DEVICE_CAN_HASH);

	r->v.report.mode = can_hash ? VRES_VERIFY_FULL : VRES_VERIFY_READBACK;
	r->v.report.blocks_total = vres_contents_blocks(r->v.contents);
	if (!can_hash && !(s->manager->policy.allow & VRES_ALLOW_READBACK))
		return vres_fail_at(err, VRES_E_UNSUPPORTED, VRES_REASON_DEVICE,
		                    vres_shard_device(s),
		                    "the device cannot hash, and VRES_ALLOW_READBACK is not given");
	return VRES_OK;
}

static vres_status look(struct resume *r, const vres_resume_params *p, vres_error *err)
{
	TRY(find_means(r, err));
	TRY(vres_resume_read(r, p, err));
	if (r->has_changed && r->v.contents->record.epoch == UINT32_MAX)
		return vres_fail_at(
			err, VRES_E_STATE, VRES_REASON_NONE, vres_shard_device(r->shard),
			"the epoch cannot grow any more: release the shard and seal anew");
	return vres_resume_look(r, err);
}

/* The shard stays suspended after these failures. */
static void tell_failure(const struct resume *r)
{
	struct vres_listeners *l = &r->shard->manager->listeners;
	const vres_error *e = &r->v.error;
	const int class = vres_status_class(e->status);

	if (e->status == VRES_E_POLICY_VIOLATION)
		vres_event_violation(l, vres_shard_device(r->shard),
		                     vres_policy_first_violation(&r->report), "resume_refused",
		                     e->message);
	else if (class == 2 || class == 3)
		vres_verify_tell_error(r->shard, r->v.contents, r->v.report.mode, e->status);
}

static vres_status conclude_bad(struct resume *r, vres_error *err)
{
	struct vres_shard *s = r->shard;
	const bool is_lost = r->v.report.reason == VRES_REASON_SIGNATURE || r->v.is_kept_bad;

	if (s->manager->policy.require & VRES_REQUIRE_STOP)
		vres_manager_stop(s->manager);
	vres_resumption_end(s, is_lost ? RESUMPTION_LOST : RESUMPTION_BAD, TAKE(r->next));
	r->v.is_first = true; /* report this failure even if the shard was quarantined before */
	return vres_verify_conclude(&r->v, err);
}

static vres_status conclude(struct resume *r, vres_error *err)
{
	struct vres_shard *s = r->shard;
	const bool is_lifted = atomic_load(&s->state) == VRES_SHARD_QUARANTINED;

	r->v.report.reason = r->v.error.reason;
	r->v.report.duration = vres_os_monotonic() - r->v.began;
	if (vres_verify_is_bad(&r->v))
		return conclude_bad(r, err);
	if (r->v.report.status == VRES_OK) {
		make_fresh(r);
		r->v.report.status = tell_resumed(r, is_lifted, &r->v.error);
		r->v.report.reason = r->v.error.reason;
	}
	if (r->v.report.status != VRES_OK) {
		vres_resumption_end(s, RESUMPTION_FAILED, NULL);
		tell_failure(r);
		return vres_fail_with(err, &r->v.error);
	}
	vres_count_verify(s->manager, &r->v.report);
	vres_resumption_end(s, RESUMPTION_GOOD, TAKE(r->next));
	r->v.report.status = vres_verify_still_accepted(&r->v, &r->v.error);
	r->v.report.reason = r->v.error.reason;
	return r->v.report.status == VRES_OK ? VRES_OK : vres_fail_with(err, &r->v.error);
}

static vres_status resume(struct vres_shard *s, const vres_resume_params *p,
                          vres_verify_report *report, vres_error *err)
{
	CLEANUP(vres_resume_close)
	struct resume r = {
		.shard = s,
		.v = {.report = vres_verify_report_init(), .began = vres_os_monotonic()}};
	vres_status status;

	TRY(vres_resumption_begin(s, &r.v.contents, err));
	r.v.shard = vres_shard_hold(s);
	r.v.report.status = look(&r, p, &r.v.error);
	status = conclude(&r, err);
	if (r.has_changed)
		vres_count_reseal(s->manager, status);
	*report = r.v.report;
	return status;
}

vres_status vres_shard_resume(vres_shard *s, const vres_resume_params *p, vres_verify_report *out,
                              vres_error *err)
{
	PUBLIC_CALL;
	vres_verify_report report = vres_verify_report_init();
	struct vres_operation op = {.action = "resume"};
	vres_error detail = {0};
	vres_status status;

	if (s == NULL)
		return vres_fail(err, VRES_E_INVALID_INPUT, "shard is NULL");
	TRY(vres_manager_enter(s->manager, err));
	if (out)
		TRY(vres_abi_out_check(out, offsetof(vres_verify_report, damage_count),
		                       "vres_verify_report", err));
	TRY(check_adopted(s, err));
	CLEANUP(vres_shard_unhold) struct vres_shard *held = vres_shard_hold(s);
	op.shard_id = s->id;
	op.gpu_device = vres_shard_device(s);
	op.bytes = s->bytes;
	op.began = vres_log_clock(&s->manager->listeners);
	status = resume(s, p, &report, &detail);
	report.status = status;
	report.reason = detail.reason;
	if (out)
		ABI_OUT(out, &report);
	vres_log_operation(&s->manager->listeners, &op, status, detail.reason);
	return status == VRES_OK ? VRES_OK : vres_fail_with(err, &detail);
}

vres_status vres_shard_close(vres_shard *s, vres_error *err)
{
	PUBLIC_CALL;

	if (s == NULL)
		return vres_fail(err, VRES_E_INVALID_INPUT, "shard is NULL");
	if (vres_manager_is_forked(s->manager)) {
		vres_shard_release(s);
		return vres_fail_at(err, VRES_E_STATE, VRES_REASON_FORKED, VRES_NO_DEVICE,
		                    "the shard belongs to the parent process");
	}
	TRY(vres_closing_begin(s, s->manager->policy.deadline, err));
	return vres_shard_destroy(s) == VRES_OK
	               ? VRES_OK
	               : vres_fail(err, VRES_E_DEALLOCATION_FAILED,
	                           "the shard's memory could not be wiped and freed");
}
