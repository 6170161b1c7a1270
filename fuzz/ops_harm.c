/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What goes wrong: memory that changes, drivers that fail or lie, owners who free too early, sinks
 * that refuse.
 */
#include "ops.h"

void op_flip(struct run *r)
{
	struct model_shard *s = run_pick_alive(r);
	const uint64_t where = input_number(&r->in, 3);
	const uint32_t bit = input_below(&r->in, 8);

	if (s == NULL || s->owner_gone)
		return;
	/* Anywhere in the allocation, which is larger than what was sealed. */
	const uint64_t offset = where % (s->padded - (s->owner ? s->address - s->owner : 0));
	CLAIM(vres_mock_flip(r->mock, s->address + offset, bit) == VRES_OK);
	if (offset >= s->bytes)
		return;
	s->delta[offset] ^= (uint8_t)(1u << bit);
	if (s->delta[offset] >> bit & 1)
		s->wrong++;
	else
		s->wrong--;
}

void op_pretend(struct run *r)
{
	struct model_shard *s = run_pick_alive(r);
	const uint32_t facts = input_below(&r->in, 32);

	if (s == NULL || s->owner_gone)
		return;
	s->pretend = facts < 16 ? facts : 0;
	vres_mock_pretend(r->mock, s->address, s->pretend);
}

void op_lose(struct run *r)
{
	const uint32_t device = input_below(&r->in, DEVICES);

	vres_mock_lose_device(r->mock, device);
	r->lost[device] = r->wipe_may_fail = true;
}

/* The owner of adopted memory breaks the contract. */
void op_free_owner(struct run *r)
{
	struct model_shard *s = run_pick_alive(r);

	if (s == NULL || !s->owner || s->owner_gone)
		return;
	vres_mock_free(r->mock, s->owner);
	s->owner_gone = true;
}

void op_refuse(struct run *r)
{
	r->refuses = !r->refuses;
}

static vres_mock_op choose_lie(struct run *r)
{
	static const vres_mock_op ops[] = {VRES_MOCK_OP_LANE_PUSH,   VRES_MOCK_OP_LANE_PULL,
	                                   VRES_MOCK_OP_LANE_WAIT,   VRES_MOCK_OP_HASH_BLOCKS,
	                                   VRES_MOCK_OP_MEM_PROTECT, VRES_MOCK_OP_MEM_WIPE};

	return ops[input_below(&r->in, sizeof(ops) / sizeof(ops[0]))];
}

void op_fault(struct run *r)
{
	static const vres_status statuses[] = {
		VRES_E_BACKEND,
		VRES_E_BACKEND,
		VRES_E_DEVICE_LOST,
		VRES_OK,
		VRES_OK,
		VRES_E_NO_MEMORY,
		VRES_E_UNSUPPORTED,
		VRES_E_SEAL_VERIFICATION_FAILED,
		VRES_E_BUSY,
		VRES_E_INTERNAL,
		VRES_E_INVALID_INPUT,
		VRES_E_POLICY_VIOLATION,
		VRES_E_INSUFFICIENT_VRAM,
	};
	const uint32_t kind = input_below(&r->in, 16);
	struct fault *f = &r->fault;

	fault_over(r);
	if (r->manager == NULL)
		return; /* without a manager a lost device would go unnoticed */
	f->armed = true;
	f->is_slow = kind >= sizeof(statuses) / sizeof(statuses[0]);
	if (f->is_slow) {
		vres_mock_delay(r->mock, VRES_MOCK_OP_LANE_WAIT, 2 * r->policy.deadline);
		return;
	}
	f->status = statuses[kind];
	f->op = f->status == VRES_OK ? choose_lie(r)
	                             : (vres_mock_op)input_below(&r->in, VRES_MOCK_OP_COUNT);
	f->nth = 1 + input_below(&r->in, 8);
	vres_mock_fail(r->mock, f->op, f->nth, f->status);
	r->wipe_may_fail |= f->op == VRES_MOCK_ANY || f->op == VRES_MOCK_OP_MEM_WIPE ||
	                    f->op == VRES_MOCK_OP_MEM_PROTECT || f->status == VRES_E_DEVICE_LOST;
}

/* Remove the fault, and see which devices are left. */
void fault_over(struct run *r)
{
	if (!r->fault.armed)
		return;
	vres_mock_fail(r->mock, r->fault.op, 0, VRES_OK);
	vres_mock_delay(r->mock, VRES_MOCK_OP_LANE_WAIT, 0);
	memset(&r->fault, 0, sizeof(r->fault));
	for (uint32_t device = 0; r->manager && device < DEVICES; device++) {
		vres_device_info info = vres_device_info_init();

		r->lost[device] |=
			vres_device_describe(r->manager, device, &info, NULL) == VRES_E_DEVICE_LOST;
	}
}
