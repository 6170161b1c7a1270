/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The reference model: what every call must answer, and what follows from it. */
#include "ops.h"

bool model_is_trouble(const struct run *r, vres_status status)
{
	const int class = vres_status_class(r->fault.status);
	const bool is_judgement = r->fault.is_slow || class == 0 || class > 3;

	if (!r->fault.armed)
		return false;
	if (r->fault.status == VRES_E_INSUFFICIENT_VRAM && status == VRES_E_ALLOCATION_FAILED)
		return true; /* a shortage whose two numbers are not known */
	return status == (is_judgement ? VRES_E_BACKEND : r->fault.status);
}

bool model_is_alive(const struct model_shard *s)
{
	return s->references + s->leases > 0;
}

bool model_is_resident(const struct run *r, const struct model_shard *s)
{
	const uint32_t tolerated =
		r->policy.allow & VRES_ALLOW_EXPORTABLE ? VRES_MOCK_EXPORTABLE : 0;
	const bool moved = (s->pretend ^ s->was) & VRES_MOCK_MOVED;

	return !s->owner_gone && !moved && !(s->pretend & ~(tolerated | VRES_MOCK_MOVED));
}

/*
 * Does a sample leave anything out?  A unit is a group of blocks, or a block where the leaf level
 * is kept.
 */
static bool leaves_out(const struct run *r, const struct model_shard *s, uint32_t units)
{
	return (units ? units : r->policy.sample_units) < s->units;
}

struct answer model_verify(const struct run *r, const struct model_shard *s, uint32_t mode,
                           uint32_t units)
{
	const bool may_read_back = r->policy.allow & VRES_ALLOW_READBACK,
		   may_miss = mode == VRES_VERIFY_SAMPLED && leaves_out(r, s, units);

	if (r->stopped)
		return (struct answer){VRES_E_POLICY_VIOLATION, VRES_REASON_STOPPED, false};
	if (s->quarantined)
		return (struct answer){VRES_E_SEAL_VERIFICATION_FAILED, VRES_REASON_QUARANTINED,
		                       false};
	if (s->suspended)
		return (struct answer){VRES_E_STATE, VRES_REASON_SUSPENDED, false};
	if (!may_read_back &&
	    (mode == VRES_VERIFY_READBACK || (mode != VRES_VERIFY_SIGNATURE && !r->can_hash)))
		return (struct answer){VRES_E_UNSUPPORTED, VRES_REASON_NONE, false};
	if (r->lost[s->device])
		return (struct answer){VRES_E_DEVICE_LOST, VRES_REASON_DEVICE, false};
	if (!model_is_resident(r, s))
		return (struct answer){VRES_E_SEAL_VERIFICATION_FAILED, VRES_REASON_RESIDENCY,
		                       false};
	if (mode != VRES_VERIFY_SIGNATURE && s->wrong > 0)
		return (struct answer){VRES_E_SEAL_VERIFICATION_FAILED, VRES_REASON_DIGEST,
		                       may_miss};
	return (struct answer){r->refuses ? VRES_E_AUDIT : VRES_OK, VRES_REASON_NONE, false};
}

static uint32_t strength_of(uint32_t mode)
{
	return mode == VRES_VERIFY_SIGNATURE ? 0
	       : mode == VRES_VERIFY_SAMPLED ? 1
	       : mode == VRES_VERIFY_FULL    ? 2
	                                     : 3;
}

/*
 * lease_max_age is hours here.  So after a verification that was strong enough, only signature and
 * residency are verified again.
 */
uint32_t model_lease_mode(const struct run *r, const struct model_shard *s)
{
	const bool is_fresh =
		r->policy.lease_max_age > 0 && s->strength >= strength_of(r->policy.lease_verify);

	return is_fresh ? (uint32_t)VRES_VERIFY_SIGNATURE : r->policy.lease_verify;
}

struct answer model_enforce(const struct run *r, uint32_t device)
{
	if (r->stopped)
		return (struct answer){VRES_E_POLICY_VIOLATION, VRES_REASON_STOPPED, false};
	if (device >= DEVICES)
		return (struct answer){VRES_E_INVALID_INPUT, VRES_REASON_NONE, false};
	if (r->lost[device])
		return (struct answer){VRES_E_DEVICE_LOST, VRES_REASON_DEVICE, false};
	for (unsigned i = 0; i < SHARDS; i++)
		if (model_is_alive(&r->shards[i]) && !r->shards[i].suspended &&
		    r->shards[i].device == device && !model_is_resident(r, &r->shards[i]))
			return (struct answer){VRES_E_POLICY_VIOLATION, VRES_REASON_RESIDENCY,
			                       false};
	return (struct answer){VRES_OK, VRES_REASON_NONE, false};
}

uint64_t model_free(const struct run *r, uint32_t device)
{
	uint64_t free_bytes = CAPACITY;

	for (unsigned i = 0; i < SHARDS; i++)
		if (model_is_alive(&r->shards[i]) && r->shards[i].device == device &&
		    !r->shards[i].owner_gone)
			free_bytes -= r->shards[i].padded;
	return free_bytes;
}

/*
 * A driver that lies about a copy is noticed by marks in the staging buffer, but not in a piece
 * that is too short for a mark (core/device/lane.c).
 */
static bool may_look_damaged(const struct run *r, const struct model_shard *s)
{
	const uint64_t last = s->bytes % r->block_size;

	return r->fault.armed && r->fault.status == VRES_OK && last > 0 && last < 32;
}

void model_conclude(struct run *r, struct model_shard *s, struct answer wanted, vres_status got,
                    uint32_t reason, uint32_t mode)
{
	const vres_status good = r->refuses ? VRES_E_AUDIT : VRES_OK;
	const uint32_t strength =
		strength_of(mode == VRES_VERIFY_FULL && !r->can_hash ? VRES_VERIFY_READBACK : mode);
	const bool is_new = got == VRES_E_SEAL_VERIFICATION_FAILED &&
	                    reason != VRES_REASON_QUARANTINED && !s->quarantined;

	CLAIM((got == wanted.status &&
	       (got == VRES_OK || wanted.reason == VRES_REASON_NONE || wanted.reason == reason)) ||
	      (wanted.may_miss && got == good) || model_is_trouble(r, got) ||
	      (may_look_damaged(r, s) && reason == VRES_REASON_DIGEST));
	if (got == VRES_OK && strength > s->strength)
		s->strength = strength;
	if (!is_new)
		return;
	s->quarantined = true;
	s->is_final = reason != VRES_REASON_DIGEST;
	r->incidents_expected++;
	r->stopped |= (r->policy.require & VRES_REQUIRE_STOP) != 0;
}
