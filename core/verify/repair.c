/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * vres_shard_repair(): find what is damaged, write what was sealed, look at all of it again, and
 * only then lift the quarantine.
 *
 * From the moment that damage is known the shard is quarantined, so nobody else begins to look at
 * its memory; who had begun before is waited for.  Contents of the next generation take the place
 * of those there were, so that what was found of them refreshes and leases nothing.
 */
#include <vres/repair.h>

#include <inttypes.h>

#include "base/abi.h"
#include "base/damage.h"
#include "device/policy.h"
#include "events/events.h"
#include "events/log.h"
#include "manager/handle.h"
#include "manager/metrics.h"
#include "manager/suspension.h"
#include "verify/content.h"
#include "verify/mend.h"
#include "verify/verify.h"

struct repair {
	struct vres_shard *shard;
	uint64_t max_bytes;
	vres_verify_params looking;       /* how the caller wants damage to be located and listed */
	struct verification found, after; /* the checks before and after writing */
	struct mend mend;
	struct vres_contents *next;
};

static void repair_close(struct repair *r)
{
	vres_contents_unuse(&r->next);
	vres_mend_close(&r->mend);
	vres_verify_close(&r->after);
	vres_verify_close(&r->found);
}

static vres_status params_in(struct repair *r, const vres_repair_params *given, vres_error *err)
{
	vres_repair_params p = vres_repair_params_init();

	TRY(vres_check_given(given, "params", err));
	TRY(ABI_IN(&p, given, "vres_repair_params", err));
	if (p.source == NULL)
		return vres_fail(err, VRES_E_INVALID_INPUT, "params.source is NULL");
	TRY(vres_damage_check(p.damage, p.damage_cap, err));
	r->max_bytes = p.max_bytes ? p.max_bytes : UINT64_MAX;
	r->looking = vres_verify_params_init();
	r->looking.source = p.source;
	r->looking.source_ctx = p.source_ctx;
	r->looking.damage = p.damage;
	r->looking.damage_cap = p.damage_cap;
	return VRES_OK;
}

static bool is_quarantined(const struct vres_shard *s)
{
	return atomic_load(&s->state) == VRES_SHARD_QUARANTINED;
}

/*
 * Checks every byte.  VRES_OK: all is good, or the damage can be repaired.  Damage to bytes that
 * was reported before is not reported again.
 */
static vres_status find(struct repair *r, vres_error *err)
{
	struct verification *v = &r->found;
	struct vres_shard *s = r->shard;
	bool may_go_on;

	vres_verify_begin(v, s, &r->looking, VERIFY_TO_REPAIR);
	v->mend = &r->mend;
	vres_verify_finish(v);
	if (v->report.status == VRES_OK && is_quarantined(s)) {
		vres_count_verify(s->manager, &v->report);
		return VRES_OK;
	}
	may_go_on = vres_verify_is_bad(v) && !v->was_refused && !vres_verify_is_final(v) &&
	            !(s->manager->policy.require & VRES_REQUIRE_STOP);
	v->is_first |= vres_verify_is_bad(v) && !v->was_refused && vres_verify_is_final(v);
	return vres_verify_conclude(v, may_go_on ? NULL : err) == VRES_OK || may_go_on
	               ? VRES_OK
	               : v->report.status;
}

/*
 * The new contents have the same record, digests and memory.  They are made before anything is
 * written, when failing still costs nothing.
 */
static vres_status make_next(struct repair *r, vres_error *err)
{
	const struct vres_contents *old = r->found.contents;
	const size_t bytes = (size_t)old->shape->count[old->kept_level] * VRES_SHA256_BYTES;
	struct vres_contents *c =
		vres_contents_create(old->manager, &old->record, old->shape, NULL);

	r->next = c;
	if (c == NULL || (c->kept = vres_os_alloc(bytes)) == NULL)
		return vres_fail(err, VRES_E_NO_MEMORY, "no memory to repair a shard");
	memcpy(c->kept, old->kept, bytes);
	memcpy(c->mac, old->mac, sizeof(c->mac));
	c->kept_level = old->kept_level;
	c->memory = old->memory;
	c->sealed_monotonic = old->sealed_monotonic;
	return VRES_OK;
}

/*
 * If the memory cannot be made read-only again, anybody may write to it, so the shard is
 * quarantined for good.
 */
static vres_status protect(const struct repair *r, vres_error *err)
{
	const struct vres_contents *c = r->found.contents;
	CLEANUP(vres_verify_close) struct verification v = {.shard = NULL};
	vres_policy_report report = vres_policy_report_init();

	if (vres_mem_protect(&c->memory.mem, true, NULL) == VRES_OK &&
	    vres_contents_judge_memory(c, vres_shard_device(r->shard), &report, NULL) == VRES_OK &&
	    report.violations == 0)
		return VRES_OK;
	vres_verify_found(&v, r->shard, VRES_REASON_RESIDENCY,
	                  "the memory was not read-only again after a repair");
	v.is_first = true;
	return vres_verify_conclude(&v, err);
}

static vres_status write_all(struct repair *r, vres_error *err)
{
	const struct vres_contents *c = r->found.contents;
	vres_status status = VRES_OK;

	if (vres_mend_is_over(&r->mend))
		return vres_fail_with(err, &r->mend.error);
	if (r->mend.bytes > r->max_bytes)
		return vres_fail(err, VRES_E_INVALID_INPUT,
		                 "%" PRIu64 " bytes are damaged, and max_bytes is %" PRIu64,
		                 r->mend.bytes, r->max_bytes);
	if (r->mend.n == 0 || !(c->manager->policy.require & VRES_REQUIRE_READONLY))
		return vres_mend_write(&r->found, err);
	status = vres_mem_protect(&c->memory.mem, false, err);
	if (status == VRES_OK)
		status = vres_mend_write(&r->found, err);
	TRY(protect(r, err));
	return status;
}

/* If there is damage although the right bytes were written, it is reported as new damage. */
static vres_status look_again(struct repair *r, vres_error *err)
{
	const vres_verify_params params = vres_verify_params_init();
	struct verification *v = &r->after;

	vres_verify_begin(v, r->shard, &params, VERIFY_TO_REPAIR);
	vres_verify_finish(v);
	if (v->report.status != VRES_OK) {
		v->is_first |= vres_verify_is_bad(v) && !v->was_refused;
		return vres_verify_conclude(v, err);
	}
	vres_count_verify(r->shard->manager, &v->report);
	for (uint32_t i = 0; i <= vres_policy_strength(v->report.mode); i++)
		atomic_store(&r->next->fresh[i], v->began);
	atomic_store(&r->next->verified_at, vres_os_wall());
	return VRES_OK;
}

/* Only a recorded repair takes effect.  If the sink refuses, the shard stays quarantined. */
static vres_status tell(const struct repair *r, vres_error *err)
{
	struct vres_listeners *l = &r->shard->manager->listeners;
	vres_event e = vres_event_make(l, VRES_EVENT_VRAM_REPAIRED, vres_shard_device(r->shard));
	vres_shard_info info;

	TRY(vres_contents_view(r->shard, r->next, &info, err));
	info.state = VRES_SHARD_SEALED;
	e.shard = &info;
	e.ranges = r->mend.ranges;
	e.repaired_bytes = r->mend.written;
	e.lifted = 1;
	return vres_event_emit(l, &e, false, err);
}

static vres_status mend(struct repair *r, vres_error *err)
{
	vres_manager *m = r->shard->manager;

	TRY(vres_repair_wait(r->shard, m->policy.deadline, err));
	TRY(vres_manager_enter(m, err)); /* another thread may have stopped it */
	TRY(make_next(r, err));
	TRY(write_all(r, err));
	TRY(look_again(r, err));
	return tell(r, err);
}

static vres_status repair(struct repair *r, vres_error *err)
{
	struct vres_shard *s = r->shard;
	vres_status status;

	TRY(vres_repair_begin(s, err));
	status = find(r, err);
	if (status != VRES_OK || !is_quarantined(s)) {
		(void)vres_repair_end(s, NULL);
		return status;
	}
	status = mend(r, err);
	if (!vres_repair_end(s, status == VRES_OK ? TAKE(r->next) : NULL))
		return vres_verify_fail(r->found.contents, VRES_REASON_QUARANTINED,
		                        "the shard was quarantined for good meanwhile", err);
	if (status == VRES_OK)
		vres_count_repaired(s->manager, r->mend.written);
	return status;
}

/* Damage is that of the first check.  The bytes hashed are those of both. */
static void report(const struct repair *r, vres_status status, uint32_t reason, uint64_t began,
                   vres_verify_report *out)
{
	vres_verify_report all = r->found.shard ? r->found.report : vres_verify_report_init();

	all.status = status;
	all.reason = reason;
	all.bytes_hashed += r->after.report.bytes_hashed;
	all.duration = vres_os_monotonic() - began;
	ABI_OUT(out, &all);
}

vres_status vres_shard_repair(vres_shard *s, const vres_repair_params *p, vres_verify_report *out,
                              vres_error *err)
{
	PUBLIC_CALL;
	CLEANUP(repair_close) struct repair r = {.shard = s};
	struct vres_operation op = {.action = "repair"};
	const uint64_t began = vres_os_monotonic();
	vres_error detail = {0};
	vres_status status;

	TRY(vres_check_given(s, "shard", err));
	TRY(vres_manager_enter(s->manager, err));
	TRY(params_in(&r, p, err));
	if (out)
		TRY(vres_abi_out_check(out, offsetof(vres_verify_report, damage_count),
		                       "vres_verify_report", err));
	CLEANUP(vres_shard_unhold) struct vres_shard *held = vres_shard_hold(s);
	op.shard_id = s->id;
	op.gpu_device = vres_shard_device(s);
	op.bytes = s->bytes;
	op.began = vres_log_clock(&s->manager->listeners);
	status = repair(&r, &detail);
	if (out)
		report(&r, status, detail.reason, began, out);
	vres_log_operation(&s->manager->listeners, &op, status, detail.reason);
	return status == VRES_OK ? VRES_OK : vres_fail_with(err, &detail);
}
