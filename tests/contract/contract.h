/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The contract suite tests every rule at the head of backend.h on any backend.  A program consists
 * of this suite and one file that names the backend and its variants.  Each test runs once for each
 * variant.
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
 * A backend under test.  The hooks change memory or devices without the backend's knowledge.  What
 * needs a missing hook is not tested.
 */
struct contract_subject {
	const char *name;
	const vres_backend *(*backend)(void);
	const char *library_path;
	void *(*arg_make)(void); /* makes a backend_arg for each test; NULL: none is needed */
	/*
	 * Called after the driver was closed.  Asserts that nothing is left, and frees @arg.  May
	 * be NULL.
	 */
	void (*arg_check)(void *arg);
	vres_status (*flip)(void *arg, uint64_t addr, unsigned bit);
	void (*lose)(void *arg, uint32_t device);
	uint32_t device;
	uint32_t must, lacks; /* VRES_DEVICE_x facts that the device must have, and must not have */
	/*
	 * VRES_MEM_x facts that policy dislikes and that the device's memory has all the same,
	 * unless the device has VRES_DEVICE_VMM.
	 */
	uint32_t memory_without_vmm;
	/* Nobody else uses the device's memory: free_bytes is exact. */
	bool exclusive;
};

/* Variant @i, or NULL if there are no more.  The file that is linked with the suite defines it. */
const struct contract_subject *contract_subject(int i);

/* An opened driver and one of its devices. */
struct contract {
	const struct contract_subject *subject;
	const vres_backend *ops;
	void *arg;
	vres_bself *self;
	vres_bdev *dev;
	vres_device_props props;
	vres_error err; /* from the helpers below */
};

struct contract contract_begin(int variant);
void contract_end(struct contract *c);

/* These fail the test if the call fails. */
uint64_t contract_free_bytes(struct contract *c);
vres_bmem *contract_alloc(struct contract *c, uint64_t bytes,
                          vres_mem_info *info /* may be NULL */);
void contract_release(struct contract *c, vres_bmem *mem);
vres_blane *contract_lane(struct contract *c, size_t bytes, uint8_t **staging /* may be NULL */);
void contract_wait(struct contract *c, vres_blane *lane);
vres_residency contract_residency(struct contract *c, vres_bmem *mem);

/*
 * Flips a bit of memory at @addr, through the hook if there is one, otherwise by a copy over a
 * lane.
 */
void contract_flip(struct contract *c, vres_bmem *mem, uint64_t addr, uint64_t offset,
                   unsigned bit);

/*
 * contract_write() fills memory with the content of @seed at the same offsets.  The others assert
 * that memory has this content, or is zero.
 */
void contract_write(struct contract *c, vres_bmem *mem, uint64_t offset, uint64_t n, uint64_t seed);
void contract_holds(struct contract *c, vres_bmem *mem, uint64_t offset, uint64_t n, uint64_t seed);
void contract_holds_zeros(struct contract *c, vres_bmem *mem, uint64_t offset, uint64_t n);

/* The facts that policy dislikes and that this device's memory has all the same. */
uint32_t contract_bad_facts(const struct contract *c);

/* Does the device have this VRES_DEVICE_x fact? */
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
