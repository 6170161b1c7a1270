/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * vres_scrub_step(): check the next part of what is sealed.
 *
 * A part is checked like a sample: against the kept level of the tree, on a lane of low priority.
 * That level is checked against the signed root before the first part of a pass, after the last
 * one, and before anything is called damaged because of it.  A pass extends over time, so it never
 * makes a shard fresh for a lease.
 */
#include "base/abi.h"
#include "device/vram_digest_many.h"
#include "manager/metrics.h"
#include "verify/content.h"
#include "verify/tensor_content.h"
#include "verify/verify.h"

/* The first part of a step, before its speed is known; and how fast parts may grow. */
#define FIRST_BYTES (UINT64_C(1) << 20)
#define GROWTH      8u

/* 69 s: more makes no difference, and keeps products with a number of bytes below 2^64. */
#define REMAINING_MOST (UINT64_C(1) << 36)
_Static_assert(SLICE_BYTES *GROWTH < UINT64_C(1) << 31, "sizes of parts do not overflow");

struct step {
	vres_manager *manager;
	uint64_t began, budget;
	uint64_t part_bytes; /* of the next part */
	vres_scrub_report report;
	vres_error error; /* the first damage or, if there is none, the first trouble */
};

static vres_status check_units(struct verification *v, const struct scrub_part *part,
                               vres_error *err)
{
	const struct vres_contents *c = v->contents;
	/* Nodes of the kept level under a unit. */
	const uint64_t each = c->kept_level == 0 && c->shape->top > 0 ? c->shape->fanout : 1;
	const uint64_t first = part->first * each;

	if (c->tensors)
		return vres_verify_tensor_part(v, part->first, part->units, err);
	return vres_verify_part(
		v, first, min_u64(part->units * each, c->shape->count[c->kept_level] - first), err);
}

static enum scrub_outcome check(struct step *step, struct vres_shard *shard,
                                const struct scrub_part *part, bool is_troubled)
{
	vres_verify_params params = vres_verify_params_init();
	CLEANUP(vres_verify_close) struct verification v = {.shard = NULL};
	vres_status status;
	vres_error detail = {0};

	params.mode = VRES_VERIFY_SAMPLED;
	params.background = 1;
	vres_verify_begin(&v, shard, &params, VERIFY_AT_ANY_AGE);
	if (v.has_bytes_to_check)
		v.report.status = check_units(&v, part, &v.error);
	vres_verify_end(&v);
	step->report.bytes_hashed += v.report.bytes_hashed;
	if (v.report.status == VRES_OK) {
		vres_count_scrubbed(step->manager, v.report.bytes_hashed);
		return SCRUB_GOOD;
	}
	if (v.was_refused && (v.report.reason == VRES_REASON_QUARANTINED ||
	                      v.report.reason == VRES_REASON_SUSPENDED))
		/*
		 * Since the part was claimed another thread has found damage, and reported it, or
		 * has closed the shard to checks.
		 */
		return SCRUB_OVER;
	v.is_old_trouble = is_troubled;
	status = vres_verify_conclude(&v, &detail);
	if (vres_verify_outranks(detail.status, step->error.status))
		step->error = detail;
	if (status != VRES_E_SEAL_VERIFICATION_FAILED)
		return SCRUB_UNCHECKED;
	step->report.failed++;
	return SCRUB_OVER;
}

/* What fits the time that is left, at the speed of the last part: @bytes in @took. */
static void size_next(struct step *step, uint64_t bytes, uint64_t took, uint64_t spent)
{
	const uint64_t remaining =
		step->budget > spent ? min_u64(step->budget - spent, REMAINING_MOST) : 0;
	const uint64_t fitting = bytes * remaining / (took ? took : 1);

	const uint64_t grown =
		(step->part_bytes > FIRST_BYTES ? step->part_bytes : FIRST_BYTES) * GROWTH;

	step->part_bytes = min_u64(min_u64(fitting, grown), SLICE_BYTES);
}

/* The next part, its shard held; false: there is none. */
static bool claim(struct step *step, struct scrub_part *part, struct vres_shard **held,
                  bool *is_troubled)
{
	vres_manager *m = step->manager;
	bool is_claimed;

	vres_manager_lock(m);
	is_claimed = vres_scrub_claim(&m->scrub, step->part_bytes, vres_os_monotonic(), step->began,
	                              part);
	if (is_claimed) {
		*held = vres_shard_hold_locked(part->place->shard);
		*is_troubled = part->place->is_troubled;
	}
	vres_manager_unlock(m);
	return is_claimed;
}

/* One part; false: there is nothing more to do. */
static bool advance(struct step *step)
{
	CLEANUP(vres_shard_unhold) struct vres_shard *held = NULL;
	vres_manager *m = step->manager;
	const uint64_t before = step->report.bytes_hashed, began = vres_os_monotonic();
	struct scrub_part part;
	enum scrub_outcome outcome;
	bool is_troubled;
	uint64_t ended;

	if (atomic_load(&m->is_stopped) || !claim(step, &part, &held, &is_troubled))
		return false;
	outcome = check(step, held, &part, is_troubled);
	vres_manager_lock(m);
	vres_scrub_conclude(&m->scrub, &part, outcome);
	vres_manager_unlock(m);
	ended = vres_os_monotonic();
	size_next(step, step->report.bytes_hashed - before, ended - began, ended - step->began);
	return ended - step->began < step->budget;
}

vres_status vres_scrub_step(vres_manager *m, uint64_t budget_ns, vres_scrub_report *out,
                            vres_error *err)
{
	PUBLIC_CALL;
	struct step step = {.manager = m,
	                    .budget = budget_ns,
	                    .part_bytes = FIRST_BYTES,
	                    .report = vres_scrub_report_init()};

	TRY(vres_manager_enter(m, err));
	if (budget_ns == 0)
		return vres_fail(err, VRES_E_INVALID_INPUT,
		                 "budget_ns is 0: a step needs time to make progress in");
	if (out)
		TRY(ABI_OUT_CHECK(out, "vres_scrub_report", err));
	CLEANUP(vres_manager_let_go) vres_manager *kept = vres_manager_keep(m);
	step.began = vres_os_monotonic();
	vres_manager_lock(m);
	vres_scrub_retry(&m->scrub);
	step.report.bytes_total = m->scrub.bytes;
	step.report.shards = m->scrub.shards;
	vres_manager_unlock(m);
	while (advance(&step))
		;
	vres_manager_lock(m);
	step.report.oldest_check_age = vres_scrub_oldest_age(&m->scrub, vres_os_monotonic());
	vres_manager_unlock(m);
	if (out)
		ABI_OUT(out, &step.report);
	return step.error.status == VRES_OK ? VRES_OK : vres_fail_with(err, &step.error);
}
