/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A run of fuzz_ops.c: a mock with two small devices, a manager on it, and the reference model,
 * which knows what was sealed and what was damaged, and so what every call must answer.
 *
 * Without an injected fault the model is exact.  A fault that is injected into one call may turn
 * its answer into trouble (1xx to 3xx), never into success where damage should have been found, and
 * never into a judgement (4xx).
 */
#ifndef FUZZ_OPS_H
#define FUZZ_OPS_H

#include "fuzz.h"

enum {
	DEVICES = 2,
	SHARDS = 6,
	LEASES = 3,
	RECEIPTS = 4,
	IDS = 5,
	PIECES = 4,          /* of the content, in a shard of tensors */
	LARGEST = 40 * 1024, /* bytes in a shard: two groups of 1 KiB blocks */
	CAPACITY = 256 * 1024
};

struct model_shard {
	vres_shard *shard;
	unsigned references, leases;
	vres_lease *lease[LEASES];
	char id[257];
	uint64_t serial; /* of the seal; never repeats */
	uint64_t bytes, padded, address;
	uint64_t owner; /* where the memory that was adopted begins; 0: not adopted */
	uint32_t device, index, total;
	bool owner_gone; /* freed the memory while it was sealed */
	bool quarantined, is_final, suspended;
	uint32_t tensors, epoch;
	uint64_t pieces[PIECES + 2];    /* sizes of tensors */
	uint64_t offset, blocks, units; /* in the owner's memory; of a sample */
	vres_shard_info claimed;        /* as it was sealed */
	uint8_t *content;               /* what was sealed */
	uint8_t *delta;                 /* what was flipped since, by byte */
	uint64_t wrong;                 /* bits of it */
	uint32_t pretend, was;          /* VRES_MOCK_x now, and when it was sealed */
	uint32_t strength;              /* of the strongest verification so far */
};

struct model_receipt {
	uint8_t *bytes;
	size_t n;
	uint64_t serial;
	uint32_t epoch;
};

/*
 * What goes wrong during the next call.  With @status VRES_OK the driver reports success for work
 * that it did not do.
 */
struct fault {
	bool armed, is_slow;
	vres_mock_op op;
	uint64_t nth;
	vres_status status;
};

struct run {
	struct input in;
	vres_mock *mock;
	vres_key *key;
	vres_manager *manager; /* NULL: given back */
	vres_policy policy;
	uint32_t block_size, keep_leaves;
	uint64_t grain; /* granularity of the devices */
	bool can_hash;
	struct model_shard shards[SHARDS];
	struct model_receipt receipts[RECEIPTS];
	uint64_t serials;
	struct fault fault;
	bool lost[DEVICES], stopped, refuses /* the audit sink */, wipe_may_fail;
	unsigned closed;
	uint64_t incidents, incidents_expected;
};

/* What a call must answer. */
struct answer {
	vres_status status;
	uint32_t reason;
	bool may_miss; /* a sample that leaves the damage out: success is an answer too */
};

/* ops_run.c */
void run_begin(struct run *r);
void run_end(struct run *r);
void run_claim_numbers(struct run *r);             /* metrics, devices, incidents */
struct model_shard *run_pick(struct run *r);       /* a shard with a reference, or NULL */
struct model_shard *run_pick_alive(struct run *r); /* one with a reference or a lease, or NULL */
void run_forget_if_gone(struct run *r, struct model_shard *s);

/* ops_model.c */
/* The answer that the injected fault, and nothing else, should have. */
bool model_is_trouble(const struct run *r, vres_status status);
bool model_is_alive(const struct model_shard *s);
bool model_is_resident(const struct run *r, const struct model_shard *s);
struct answer model_verify(const struct run *r, const struct model_shard *s, uint32_t mode,
                           uint32_t units);
/* How a lease verifies now. */
uint32_t model_lease_mode(const struct run *r, const struct model_shard *s);
struct answer model_enforce(const struct run *r, uint32_t device);
uint64_t model_free(const struct run *r, uint32_t device);

/* Compare, and update the model by what was found. */
void model_conclude(struct run *r, struct model_shard *s, struct answer wanted, vres_status got,
                    uint32_t reason, uint32_t mode);

/* The operations. */
void op_seal(struct run *r); /* ops_seal.c */
void op_seal_tensors(struct run *r);
void op_suspend(struct run *r); /* ops_sleep.c */
void op_resume(struct run *r);
void op_match(struct run *r);
void op_close(struct run *r);
void op_verify(struct run *r); /* ops_verify.c */
void op_verify_many(struct run *r);
void op_verify_set(struct run *r);
void op_enforce(struct run *r);
void op_scrub(struct run *r); /* ops_scrub.c */
void op_lease(struct run *r); /* ops_use.c */
void op_lease_release(struct run *r);
void op_find(struct run *r);
void op_release(struct run *r);
void op_describe(struct run *r);
void op_receipt(struct run *r);
void op_receipt_open(struct run *r);
void op_destroy_manager(struct run *r);
void op_flip(struct run *r); /* ops_harm.c */
void op_pretend(struct run *r);
void op_lose(struct run *r);
void op_free_owner(struct run *r);
void op_refuse(struct run *r);
void op_fault(struct run *r);
void fault_over(struct run *r);

#endif
