/* SPDX-License-Identifier: GPL-3.0-or-later */
/* vres_shard_verify(): the check of one shard, and what follows from its outcome. */
#include "verify/verify.h"

#include "base/abi.h"
#include "events/events.h"
#include "events/log.h"
#include "manager/handle.h"
#include "manager/metrics.h"
#include "verify/content.h"
#include "device/policy.h"

void vres_verify_check(struct verification *v, struct vres_shard *s, const vres_verify_params *p)
{
	vres_verify_begin(v, s, p, VERIFY_AS_ASKED);
	vres_verify_finish(v);
}

static void refresh(atomic_uint_fast64_t *fresh, uint64_t began)
{
	uint_fast64_t seen = atomic_load(fresh);

	while (seen < began && !atomic_compare_exchange_weak(fresh, &seen, began))
		;
}

vres_status vres_verify_still_accepted(const struct verification *v, vres_error *err)
{
	return atomic_load(&v->shard->state) == VRES_SHARD_QUARANTINED
	               ? vres_verify_fail(v->contents, VRES_REASON_QUARANTINED,
	                                  "the shard was quarantined meanwhile", err)
	               : VRES_OK;
}

/*
 * What it is worth to a lease.  A sample of fewer units than policy asks for, a number that is
 * signed into the record, counts as no sample.
 */
static uint32_t strength(const struct verification *v)
{
	const struct vres_contents *c = v->contents;
	const uint64_t wanted = min_u64(c->manager->policy.sample_units, vres_contents_nodes(c));
	const bool is_too_small =
		v->report.mode == VRES_VERIFY_SAMPLED && v->params.sample_units < wanted;

	return vres_policy_strength(is_too_small ? (uint32_t)VRES_VERIFY_SIGNATURE
	                                         : v->report.mode);
}

static vres_status conclude_good(struct verification *v, vres_error *err)
{
	struct vres_contents *c = v->contents;
	vres_manager *m = c->manager;
	vres_event e = {0};
	vres_shard_info info;

	TRY(vres_verify_still_accepted(v, err));
	if (m->listeners.audit.record || m->listeners.log) {
		e = vres_event_make(&m->listeners, VRES_EVENT_SEAL_VERIFIED, c->record.gpu_device);
		TRY(vres_contents_view(v->shard, c, &info, err));
		e.shard = &info;
		e.mode = vres_policy_mode_name(v->report.mode);
		TRY(vres_event_emit(&m->listeners, &e, false, err));
	}
	for (uint32_t i = 0; i <= strength(v); i++)
		refresh(&c->fresh[i], v->began);
	atomic_store(&c->verified_at, vres_os_wall());
	vres_count_verify(m, &v->report);
	return vres_verify_still_accepted(v, err);
}

static void tell_bad(const struct verification *v, bool is_incident)
{
	vres_manager *m = v->shard->manager;
	vres_event e = vres_event_make(&m->listeners, VRES_EVENT_SEAL_VERIFICATION_FAILED,
	                               v->contents->record.gpu_device);
	vres_shard_info info;

	if (vres_contents_view(v->shard, v->contents, &info, NULL) == VRES_OK)
		e.shard = &info;
	e.status = v->report.status;
	e.reason = v->report.reason;
	e.mode = vres_policy_mode_name(v->report.mode);
	e.expected_digest = v->wanted[0] ? v->wanted : NULL;
	e.actual_digest = v->found[0] ? v->found : NULL;
	e.damage_count = v->report.damage_count;
	e.bad_tensors = v->report.bad_tensors;
	e.tensor = v->report.bad_tensors ? v->contents->tensors->list[v->first_bad].name : NULL;
	e.action_taken = m->policy.require & VRES_REQUIRE_STOP     ? "manager_stopped"
	                 : v->report.reason == VRES_REASON_EXPIRED ? "refused"
	                                                           : "shard_quarantined";
	e.detail = v->error.message;
	/* The caller returns the failure itself. */
	(void)vres_event_emit(&m->listeners, &e, is_incident, NULL);
}

void vres_verify_tell_error(const struct vres_shard *s, const struct vres_contents *c,
                            uint32_t mode, vres_status status)
{
	struct vres_listeners *l = &s->manager->listeners;
	vres_event e = vres_event_make(l, VRES_EVENT_SEAL_VERIFICATION_ERROR, c->record.gpu_device);
	vres_shard_info info;

	if (vres_contents_view(s, c, &info, NULL) == VRES_OK)
		e.shard = &info;
	e.status = status;
	e.mode = vres_policy_mode_name(mode);
	/* The caller returns the trouble itself. */
	(void)vres_event_emit(l, &e, false, NULL);
}

/* Whoever quarantined the shard reports it. */
static void conclude_bad(const struct verification *v)
{
	if (v->is_first || v->report.reason == VRES_REASON_EXPIRED)
		tell_bad(v, v->is_first);
}

vres_status vres_verify_conclude(struct verification *v, vres_error *err)
{
	vres_manager *m = v->shard->manager;
	const struct vres_operation op = {
		.action = "verify",
		.shard_id = v->shard->id,
		.gpu_device = v->contents->record.gpu_device,
		.bytes = v->report.bytes_hashed,
		.began = v->began,
		.mode = vres_policy_mode_name(v->report.mode),
		.is_routine = true,
	};

	if (v->report.status == VRES_OK) {
		v->report.status = conclude_good(v, &v->error);
		v->report.reason = v->error.reason;
		/* It passed but could not be recorded: an error.  A pass is counted already. */
		if (v->report.status == VRES_E_AUDIT)
			vres_count_verify(m, &v->report);
	} else if (!v->was_refused) {
		vres_count_verify(m, &v->report);
		if (vres_verify_is_bad(v))
			conclude_bad(v);
		else if (!v->is_old_trouble)
			vres_verify_tell_error(v->shard, v->contents, v->report.mode,
			                       v->report.status);
	}
	vres_log_operation(&m->listeners, &op, v->report.status, v->report.reason);
	return v->report.status == VRES_OK ? VRES_OK : vres_fail_with(err, &v->error);
}

vres_status vres_shard_verify(vres_shard *s, const vres_verify_params *p, vres_verify_report *out,
                              vres_error *err)
{
	PUBLIC_CALL;
	CLEANUP(vres_verify_close) struct verification v = {.shard = NULL};
	vres_verify_params params;
	vres_status status;

	if (s == NULL)
		return vres_fail(err, VRES_E_INVALID_INPUT, "shard is NULL");
	TRY(vres_manager_enter(s->manager, err));
	TRY(vres_verify_params_in(p, &params, err));
	if (s->tensors && params.source)
		return vres_fail(err, VRES_E_INVALID_INPUT,
		                 "params.source is for a shard without tensors");
	if (out)
		TRY(vres_abi_out_check(out, offsetof(vres_verify_report, damage_count),
		                       "vres_verify_report", err));
	vres_verify_check(&v, s, &params);
	status = vres_verify_conclude(&v, err);
	if (out)
		ABI_OUT(out, &v.report);
	return status;
}
