/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Under test: the whole life of managers, shards, leases and receipts: vres_manager_*(),
 * vres_seal_*(), vres_shard_*() with suspend, resume, match and close, vres_verify_many(),
 * vres_set_verify(), vres_scrub_step(), vres_lease_*(), vres_receipt_*(), vres_device_describe(),
 * vres_enforce_vram_only().
 *
 * The input is a sequence of operations, the harmful ones of the mock included.  Each answer equals
 * the model's (ops_model.c): FULL is good if and only if the bytes are untouched, quarantine
 * sticks, leased memory stays, the counts are the sums of what lives, trouble with a device is
 * never a judgement; and at the end no handle is open and nothing was freed unwiped, unless wiping
 * was made to fail.
 */
#include "ops.h"

/* Operations that are listed twice are chosen more often. */
static void (*const operations[])(struct run *) = {
	op_seal,          op_seal,
	op_seal,          op_verify,
	op_verify,        op_verify_many,
	op_verify_set,    op_lease,
	op_lease,         op_enforce,
	op_lease_release, op_find,
	op_release,       op_release,
	op_describe,      op_receipt,
	op_receipt_open,  op_flip,
	op_flip,          op_pretend,
	op_fault,         op_fault,
	op_refuse,        op_lose,
	op_free_owner,    op_destroy_manager,
	op_scrub,
};

/* Operations that came later, so that the bytes of older inputs still mean what they meant. */
static void (*const later_operations[])(struct run *) = {
	op_seal_tensors, op_suspend, op_resume, op_match, op_close, op_seal_tensors, op_resume,
};

#define FIRST_LATER 189u /* a multiple of how many operations there are above */
_Static_assert(FIRST_LATER % (sizeof(operations) / sizeof(operations[0])) == 0,
               "all operations are equally likely");

static void (*choose(struct input *in))(struct run *)
{
	const uint32_t byte = input_below(in, 256);

	return byte < FIRST_LATER
	               ? operations[byte % (sizeof(operations) / sizeof(operations[0]))]
	               : later_operations[(byte - FIRST_LATER) %
	                                  (sizeof(later_operations) / sizeof(later_operations[0]))];
}

static bool is_harm(void (*op)(struct run *))
{
	return op == op_flip || op == op_pretend || op == op_fault || op == op_lose ||
	       op == op_free_owner || op == op_refuse;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct run r = {.in = {data, size}};

	run_begin(&r);
	while (r.in.left > 0) {
		void (*const op)(struct run *) = choose(&r.in);

		op(&r);
		if (is_harm(op))
			continue;
		fault_over(&r);
		run_claim_numbers(&r);
	}
	run_end(&r);
	return 0;
}
