/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Suspending, resuming with and without changes, matching a description, closing. */
#include "ops.h"

void op_suspend(struct run *r)
{
	struct model_shard *s = run_pick(r);
	vres_error err = untouched();

	if (s == NULL)
		return;
	const vres_status got = vres_shard_suspend(s->shard, &err);
	claim_outcome(got, &err);
	CLAIM(got == (!s->owner       ? VRES_E_UNSUPPORTED
	              : s->suspended  ? VRES_E_STATE
	              : s->leases > 0 ? VRES_E_BUSY
	              : r->refuses    ? VRES_E_AUDIT
	                              : VRES_OK));
	CLAIM(got != VRES_E_STATE || err.reason == VRES_REASON_SUSPENDED);
	s->suspended |= got == VRES_OK;
}

/* What a resume says of the memory, and what that is. */
struct waking {
	vres_resume_params p;
	uint64_t ptrs[PIECES + 2];
	vres_change change;
	char expected[65];
	uint64_t changed; /* bytes, from the beginning on, that are said to have changed */
	bool moves, is_wrong;
};

/* New memory with the bytes as they were sealed; the old one goes. */
static bool move(struct run *r, struct model_shard *s)
{
	uint8_t *memory;

	if (s->padded > model_free(r, s->device))
		return false;
	memory = calloc(1, s->padded);
	CLAIM(memory != NULL);
	memcpy(memory + s->offset, s->content, s->bytes);
	if (!s->owner_gone)
		vres_mock_free(r->mock, s->owner);
	CLAIM(vres_mock_alloc(r->mock, s->device, s->padded, memory, &s->owner) == VRES_OK);
	free(memory);
	s->address = s->owner + s->offset;
	s->owner_gone = false;
	s->pretend = 0;
	memset(s->delta, 0, s->bytes);
	s->wrong = 0;
	return true;
}

static void say_where(const struct model_shard *s, struct waking *w)
{
	uint64_t at = 0;

	for (uint32_t i = 0; i < s->tensors; i++) {
		w->ptrs[i] = s->address + (i + 1 == s->tensors ? 0 : at);
		at += s->pieces[i];
	}
	w->ptrs[0] = s->address;
	w->p.device_ptrs = w->ptrs;
	w->p.device_ptrs_n = s->tensors ? s->tensors : 1;
}

/* The first tensor, or all bytes, are said to have changed, and to be what is there, or not. */
static void say_changed(const struct run *r, const struct model_shard *s, struct waking *w,
                        uint32_t expects)
{
	uint8_t digest[32], *now;

	w->changed = s->tensors ? s->pieces[0] : s->bytes;
	w->change = vres_change_init();
	now = fuzz_alloc(w->changed);
	for (uint64_t i = 0; i < w->changed; i++)
		now[i] = s->content[i] ^ s->delta[i];
	reference_verity(now, w->changed, r->block_size, digest);
	reference_hex(digest, w->expected);
	free(now);
	w->is_wrong = expects == 2;
	if (w->is_wrong)
		w->expected[7] = w->expected[7] == '0' ? '1' : '0';
	w->change.expected_digest = expects > 0 ? w->expected : NULL;
	w->p.changes = &w->change;
	w->p.changes_n = 1;
}

/* False: there is nothing to wake up to. */
static bool choose(struct run *r, struct model_shard *s, struct waking *w)
{
	const uint32_t how = input_below(&r->in, 8);

	*w = (struct waking){.p = vres_resume_params_init()};
	/* Another allocation may lie where the owner has freed his. */
	w->moves = s->suspended && s->owner && (how == 1 || s->owner_gone) && move(r, s);
	if (s->owner_gone)
		return false;
	if (w->moves)
		say_where(s, w);
	w->p.all_changed = how == 2;
	w->changed = how == 2 ? s->bytes : 0;
	if (how >= 3 && how <= 5)
		say_changed(r, s, w, how - 3);
	return true;
}

static bool is_damaged(const struct model_shard *s, uint64_t from)
{
	for (uint64_t i = from; i < s->bytes; i++)
		if (s->delta[i] != 0)
			return true;
	return false;
}

static struct answer model_resume(const struct run *r, const struct model_shard *s,
                                  const struct waking *w)
{
	struct model_shard memory = *s;

	memory.was = memory.pretend; /* it may be another block than before */
	if (r->stopped)
		return (struct answer){VRES_E_POLICY_VIOLATION, VRES_REASON_STOPPED, false};
	if (!s->owner)
		return (struct answer){VRES_E_UNSUPPORTED, VRES_REASON_NONE, false};
	if (s->quarantined && s->is_final)
		return (struct answer){VRES_E_SEAL_VERIFICATION_FAILED, VRES_REASON_QUARANTINED,
		                       false};
	if (!s->suspended)
		return (struct answer){VRES_E_STATE, VRES_REASON_NONE, false};
	if (!r->can_hash && !(r->policy.allow & VRES_ALLOW_READBACK))
		return (struct answer){VRES_E_UNSUPPORTED, VRES_REASON_NONE, false};
	if (r->lost[s->device])
		return (struct answer){VRES_E_DEVICE_LOST, VRES_REASON_DEVICE, false};
	if (!model_is_resident(r, &memory))
		return (struct answer){VRES_E_POLICY_VIOLATION, VRES_REASON_RESIDENCY, false};
	if (is_damaged(s, w->changed))
		return (struct answer){VRES_E_SEAL_VERIFICATION_FAILED, VRES_REASON_DIGEST, false};
	if (w->is_wrong)
		return (struct answer){VRES_E_INTEGRITY_VIOLATION, VRES_REASON_DIGEST, false};
	return (struct answer){r->refuses ? VRES_E_AUDIT : VRES_OK, VRES_REASON_NONE, false};
}

/* What is there now is what is sealed. */
static void learn(struct run *r, struct model_shard *s, const struct waking *w)
{
	vres_shard_info info = vres_shard_info_init();

	CLAIM(vres_shard_describe(s->shard, &info, NULL) == VRES_OK);
	s->epoch += w->changed > 0;
	CLAIM(info.epoch == s->epoch && !info.suspended && info.state == VRES_SHARD_SEALED);
	for (uint64_t i = 0; i < w->changed; i++) {
		s->content[i] ^= s->delta[i];
		s->delta[i] = 0;
	}
	s->wrong = 0; /* what has not changed is as it was sealed */
	s->was = s->pretend;
	s->suspended = s->quarantined = false;
	s->strength = r->can_hash ? 2 : 3;
}

void op_resume(struct run *r)
{
	struct model_shard *s = run_pick(r);
	struct waking w;
	vres_verify_report report = vres_verify_report_init();
	vres_error err = untouched();

	if (s == NULL || !choose(r, s, &w))
		return;
	const struct answer wanted = model_resume(r, s, &w);
	const vres_status got = vres_shard_resume(s->shard, &w.p, &report, &err);
	claim_outcome(got, &err);
	/* Lies about copies that are too short for a mark look like damage (ops_model.c). */
	CLAIM((got == wanted.status && (got == VRES_OK || wanted.reason == VRES_REASON_NONE ||
	                                wanted.reason == err.reason)) ||
	      model_is_trouble(r, got) || (r->fault.armed && err.reason == VRES_REASON_DIGEST));
	r->incidents_expected +=
		got == VRES_E_POLICY_VIOLATION && err.reason == VRES_REASON_RESIDENCY;
	if (got == VRES_OK)
		learn(r, s, &w);
	if ((got != VRES_E_SEAL_VERIFICATION_FAILED && got != VRES_E_INTEGRITY_VIOLATION) ||
	    err.reason != VRES_REASON_DIGEST)
		return;
	s->was = s->pretend;
	s->suspended = false;
	s->quarantined = true;
	s->is_final = false;
	r->incidents_expected++;
	r->stopped |= (r->policy.require & VRES_REQUIRE_STOP) != 0;
}

void op_match(struct run *r)
{
	struct model_shard *s = run_pick(r);
	const bool forges = input_below(&r->in, 4) == 1;
	vres_error err = untouched();
	vres_shard_info claimed;

	if (s == NULL)
		return;
	claimed = s->claimed;
	claimed.vram_bytes += forges;
	const vres_status got = vres_shard_match(s->shard, &claimed, &err);
	claim_outcome(got, &err);
	if (r->stopped) {
		CLAIM(got == VRES_E_POLICY_VIOLATION);
		return;
	}
	CLAIM(got == (s->quarantined  ? VRES_E_SEAL_VERIFICATION_FAILED
	              : s->suspended  ? VRES_E_STATE
	              : forges        ? VRES_E_SEAL_VERIFICATION_FAILED
	              : s->epoch != 0 ? VRES_E_STATE
	                              : VRES_OK));
	CLAIM(got == VRES_OK || err.reason == (s->quarantined ? VRES_REASON_QUARANTINED
	                                       : s->suspended ? VRES_REASON_SUSPENDED
	                                       : forges       ? VRES_REASON_SIGNATURE
	                                                      : VRES_REASON_SUPERSEDED));
}

void op_close(struct run *r)
{
	struct model_shard *s = run_pick(r);
	const bool may_fail = r->fault.armed || (s && r->lost[s->device]);
	vres_error err = untouched();

	if (s == NULL)
		return;
	const vres_status got = vres_shard_close(s->shard, &err);
	claim_outcome(got, &err);
	CLAIM((got == VRES_E_BUSY) == (s->references > 1 || s->leases > 0));
	CLAIM(got == VRES_OK || got == VRES_E_BUSY ||
	      (got == VRES_E_DEALLOCATION_FAILED && may_fail));
	if (got == VRES_E_BUSY)
		return;
	s->references = 0;
	run_forget_if_gone(r, s);
}
