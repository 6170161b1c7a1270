/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Verifying one shard, several, a set; and enforcing the policy. */
#include "ops.h"

/* A source that gives the bytes as they were sealed, or misbehaves. */
struct original {
	const struct model_shard *s;
	enum { RIGHT, WRONG, FAILING, NONE } kind;
};

static vres_status original_read(void *ctx, uint64_t offset, void *buf, size_t n)
{
	const struct original *o = ctx;

	CLAIM(offset <= o->s->bytes && n <= o->s->bytes - offset && n > 0);
	memcpy(buf, o->s->content + offset, n);
	*(uint8_t *)buf ^= o->kind == WRONG;
	return o->kind == FAILING ? VRES_E_IO : VRES_OK;
}

static uint64_t damaged_in(const struct model_shard *s, uint64_t from, uint64_t n)
{
	uint64_t bytes = 0;

	for (uint64_t i = from; i < from + n && i < s->bytes; i++)
		bytes += s->delta[i] != 0;
	return bytes;
}

/*
 * If every block can be compared, the report counts the damaged blocks and ranges, and names the
 * first range.
 */
static void claim_exact(const struct run *r, const struct model_shard *s,
                        const vres_verify_report *v)
{
	uint64_t bad = 0, ranges = 0, first = 0, first_bytes = 0, end = 0;

	for (uint64_t at = 0; at < s->bytes; at += r->block_size) {
		const uint64_t n = s->bytes - at < r->block_size ? s->bytes - at : r->block_size;

		if (damaged_in(s, at, n) == 0)
			continue;
		ranges += bad++ == 0 || end != at;
		first = ranges == 1 && first_bytes == 0 ? at : first;
		first_bytes += ranges == 1 ? n : 0;
		end = at + n;
	}
	CLAIM(v->bad_blocks == bad && v->damage_count == ranges);
	CLAIM(v->first_bad_offset == first && v->first_bad_bytes == first_bytes);
}

static void claim_report(const struct run *r, const struct model_shard *s,
                         const vres_verify_report *v, vres_status status, bool is_exact)
{
	const uint64_t blocks = s->blocks;
	const bool is_whole = v->mode == VRES_VERIFY_FULL || v->mode == VRES_VERIFY_READBACK;

	CLAIM(v->status == status && v->blocks_total == blocks && v->blocks_checked <= blocks);
	if (status == VRES_OK) {
		CLAIM(v->bad_blocks == 0 && v->damage_count == 0 && v->first_bad_bytes == 0 &&
		      v->reason == VRES_REASON_NONE);
		CLAIM(v->blocks_checked == (is_whole ? blocks
		                            : v->mode == VRES_VERIFY_SIGNATURE
		                                    ? 0
		                                    : v->blocks_checked));
		CLAIM(v->bytes_hashed <= s->bytes && (!is_whole || v->bytes_hashed == s->bytes));
		CLAIM(v->mode != VRES_VERIFY_SAMPLED || v->blocks_checked > 0);
	}
	if (r->fault.armed || status != VRES_E_SEAL_VERIFICATION_FAILED ||
	    v->reason != VRES_REASON_DIGEST)
		return;
	CLAIM(v->bad_blocks > 0 && v->first_bad_bytes > 0 &&
	      (v->bad_tensors > 0) == (s->tensors > 0));
	if (s->tensors > 0)
		return; /* offsets are in tensors */
	CLAIM(v->first_bad_offset + v->first_bad_bytes <= s->bytes);
	CLAIM(damaged_in(s, v->first_bad_offset, v->first_bad_bytes) > 0);
	if (is_whole && is_exact)
		claim_exact(r, s, v);
}

/* In the background or not: the answer is the same. */
static void choose_mode(struct run *r, vres_verify_params *p)
{
	const uint32_t how = input_below(&r->in, 8);

	p->mode = how % 4;
	p->background = how / 4;
}

void op_verify(struct run *r)
{
	struct model_shard *s = run_pick(r);
	struct original source = {s, input_below(&r->in, 4)};
	vres_verify_params p = vres_verify_params_init();
	vres_verify_report report = vres_verify_report_init();
	vres_error err = untouched();

	choose_mode(r, &p);
	p.sample_units = input_below(&r->in, 4);
	p.source = source.kind == NONE ? NULL : original_read;
	p.source_ctx = &source;
	if (s == NULL)
		return;
	if (s->tensors > 0)
		p.source = NULL;
	const struct answer wanted = model_verify(r, s, p.mode, p.sample_units);
	const vres_status got = vres_shard_verify(s->shard, &p, &report, &err);
	claim_outcome(got, &err);
	if (wanted.reason != VRES_REASON_STOPPED)
		claim_report(r, s, &report, got, r->keep_leaves || source.kind == RIGHT);
	model_conclude(r, s, wanted, got, got == VRES_OK ? VRES_REASON_NONE : err.reason, p.mode);
}

/* Some of the shards that have a reference, in an order that the input chooses. */
static size_t choose_several(struct run *r, struct model_shard *chosen[SHARDS],
                             vres_shard *shards[SHARDS])
{
	const uint32_t mask = input_below(&r->in, 64), first = input_below(&r->in, SHARDS);
	size_t n = 0;

	for (uint32_t i = 0; i < SHARDS; i++) {
		struct model_shard *s = &r->shards[(first + i) % SHARDS];

		if (s->references == 0 || (mask >> i & 1))
			continue;
		shards[n] = s->shard;
		chosen[n++] = s;
	}
	return n;
}

static void conclude_several(struct run *r, struct model_shard *const chosen[],
                             const struct answer wanted[], const vres_verify_report reports[],
                             size_t n, vres_status got, uint32_t mode)
{
	vres_status overall = VRES_OK;

	for (size_t i = 0; i < n; i++) {
		const vres_status one = reports[i].status;

		claim_report(r, chosen[i], &reports[i], one, r->keep_leaves);
		if (overall == VRES_OK ||
		    (vres_status_class(one) == 4 && vres_status_class(overall) != 4))
			overall = one;
		model_conclude(r, chosen[i], wanted[i], one, reports[i].reason, mode);
	}
	CLAIM(got == overall || (got == VRES_E_NO_MEMORY && model_is_trouble(r, got)));
}

void op_verify_many(struct run *r)
{
	struct model_shard *chosen[SHARDS];
	vres_shard *shards[SHARDS];
	const size_t n = choose_several(r, chosen, shards);
	vres_verify_params p = vres_verify_params_init();
	vres_verify_report reports[SHARDS];
	struct answer wanted[SHARDS];
	vres_error err = untouched();

	choose_mode(r, &p);
	if (r->manager == NULL)
		return;
	for (size_t i = 0; i < n; i++) {
		wanted[i] = model_verify(r, chosen[i], p.mode, 0);
		reports[i] = vres_verify_report_init();
	}
	const vres_status got = vres_verify_many(r->manager, shards, n, &p, reports, &err);
	claim_outcome(got, &err);
	if (r->stopped || n == 0)
		CLAIM(got == (r->stopped ? VRES_E_POLICY_VIOLATION : VRES_E_INVALID_INPUT));
	else
		conclude_several(r, chosen, wanted, reports, n, got, p.mode);
}

static bool is_one_set(struct model_shard *const chosen[], size_t n)
{
	uint64_t seen = 0;

	for (size_t i = 0; i < n; i++) {
		if (chosen[i]->total != n || (seen >> chosen[i]->index & 1))
			return false;
		seen |= UINT64_C(1) << chosen[i]->index;
	}
	return n > 0;
}

/* Without faults, so that each member's outcome follows from the model. */
void op_verify_set(struct run *r)
{
	struct model_shard *chosen[SHARDS];
	vres_shard *shards[SHARDS];
	const size_t n = choose_several(r, chosen, shards);
	const bool is_set = is_one_set(chosen, n), was_stopped = r->stopped;
	vres_set_report report = vres_set_report_init();
	vres_error err = untouched();
	uint32_t failed = 0;
	bool stops = false;

	if (r->manager == NULL || r->fault.armed)
		return;
	const vres_status got = vres_set_verify(r->manager, shards, n, NULL, &report, &err);
	claim_outcome(got, &err);
	if (was_stopped || !is_set) {
		CLAIM(got == (was_stopped ? VRES_E_POLICY_VIOLATION : VRES_E_INVALID_INPUT));
		return;
	}
	for (size_t i = 0; i < n; i++) {
		r->stopped = false; /* all members are checked before the first is quarantined */
		const struct answer wanted = model_verify(r, chosen[i], VRES_VERIFY_FULL, 0);

		failed += wanted.status != VRES_OK;
		CLAIM(got != VRES_OK || wanted.status == VRES_OK);
		CLAIM(report.first_failed != (int32_t)i || got == wanted.status);
		model_conclude(r, chosen[i], wanted, wanted.status, wanted.reason,
		               VRES_VERIFY_FULL);
		stops |= r->stopped;
	}
	r->stopped = stops;
	CLAIM(report.failed == failed && report.verified == n - failed &&
	      (report.first_failed < 0) == (failed == 0));
}

void op_enforce(struct run *r)
{
	const uint32_t device = input_below(&r->in, 16) % (DEVICES + 1);
	vres_policy_report report = vres_policy_report_init();
	vres_error err = untouched();

	if (r->manager == NULL)
		return;
	const struct answer wanted = model_enforce(r, device);
	const vres_status got = vres_enforce_vram_only(r->manager, device, &report, &err);
	claim_outcome(got, &err);
	CLAIM((got == wanted.status && (got == VRES_OK || wanted.reason == VRES_REASON_NONE ||
	                                err.reason == wanted.reason)) ||
	      model_is_trouble(r, got));
	CLAIM(got != VRES_OK || report.violations == 0);
	if (got != VRES_E_POLICY_VIOLATION || r->stopped)
		return;
	CLAIM(report.violations != 0);
	r->stopped = true;
	r->incidents_expected++;
}
