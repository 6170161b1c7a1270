/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The contract suite: every rule at the head of backend.h, asked of any backend.  A program is this
 * suite and one file that says which backends, in which variants, it is run on; each test runs once
 * for each variant.
 */
#ifndef TESTS_CONTRACT_CONTRACT_H
#define TESTS_CONTRACT_CONTRACT_H

#include <stdbool.h>
#include <vres/backend.h>
#include "support/suite/content.h"
#include "support/suite/status.h"
#include "support/suite/suite.h"

#define CLEANUP(function) __attribute__((cleanup(function)))

/* Long enough for any backend that works. */
#define PATIENCE (UINT64_C(60) * 1000 * 1000 * 1000)

/*
 * What is tested.  Hooks reach behind the backend's back; a backend without them is not asked what
 * only they can show.
 */
struct contract_subject {
	const char *name;
	const vres_backend *(*backend)(void);
	const char *library_path;
	void *(*arg_make)(void); /* a fresh backend_arg for each test; may be NULL */
	/* After the driver was closed: assert that nothing is left; and free it; may be NULL. */
	void (*arg_check)(void *arg);
	vres_status (*flip)(void *arg, uint64_t addr, unsigned bit);
	void (*lose)(void *arg, uint32_t device);
	uint32_t device;
	uint32_t must, lacks; /* VRES_DEVICE_x that its facts must have, and must not */
	/*
	 * VRES_MEM_x that are bad and that its memory has all the same, unless it is made with
	 * VRES_DEVICE_VMM.
	 */
	uint32_t memory_without_vmm;
	/* Nobody else uses the device's memory, so free_bytes is exact. */
	bool exclusive;
};

/* Defined by the file that is linked with the suite: variant @i, or NULL when there are no more. */
const struct contract_subject *contract_subject(int i);

/* One opened driver and device of it. */
struct contract {
	const struct contract_subject *subject;
	const vres_backend *ops;
	void *arg;
	vres_bself *self;
	vres_bdev *dev;
	vres_device_props props;
	vres_error err; /* of the helpers below */
};

struct contract contract_begin(int variant);
void contract_end(struct contract *c);

/* What must succeed, or the test fails. */
uint64_t contract_free_bytes(struct contract *c);
vres_bmem *contract_alloc(struct contract *c, uint64_t bytes,
                          vres_mem_info *info /* may be NULL */);
void contract_release(struct contract *c, vres_bmem *mem);
vres_blane *contract_lane(struct contract *c, size_t bytes, uint8_t **staging /* may be NULL */);
void contract_wait(struct contract *c, vres_blane *lane);
vres_residency contract_residency(struct contract *c, vres_bmem *mem);

/*
 * Flip a bit of memory at @addr: behind the backend's back where that can be done, else through a
 * lane.
 */
void contract_flip(struct contract *c, vres_bmem *mem, uint64_t addr, uint64_t offset,
                   unsigned bit);

/*
 * Fill memory with the content of @seed that stands at the same offsets, and assert that it still
 * holds it, or zeros.
 */
void contract_write(struct contract *c, vres_bmem *mem, uint64_t offset, uint64_t n, uint64_t seed);
void contract_holds(struct contract *c, vres_bmem *mem, uint64_t offset, uint64_t n, uint64_t seed);
void contract_holds_zeros(struct contract *c, vres_bmem *mem, uint64_t offset, uint64_t n);

/* The bad facts that this device's own memory has. */
uint32_t contract_bad_facts(const struct contract *c);

/* Does this device do it, by its own account? */
bool contract_can(const struct contract *c, uint32_t fact);

/* The parts of the suite. */
struct contract_part {
	const struct suite_case *cases;
	size_t n;
};

struct contract_part contract_device_part(void);
struct contract_part contract_memory_part(void);
struct contract_part contract_lane_part(void);
struct contract_part contract_hash_part(void);
struct contract_part contract_failure_part(void);

#endif
