/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The fixture of the scenarios: a device (rig.h), a key, a manager, and a record of all it says.
 *
 *	CLEANUP(finish) struct fixture *f = begin(NULL);
 *	CLEANUP(release_shard) vres_shard *shard = sealed(f, 3 * 4096, 1);
 *	vres_error err;
 *
 * What is declared later is released earlier, so finish() comes last.  It asserts what must hold after every scenario: the manager has
 * closed, no backend handle is live, no memory was freed unwiped, every event was well formed, and every heap block was given back.
 */
#ifndef TESTS_SUPPORT_H
#define TESTS_SUPPORT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <vres/mock.h>
#include <vres/vres.h>
#include "alloc.h"
#include "content.h"
#include "record.h"
#include "rig.h"
#include "status.h"
#include "suite.h"

#define CLEANUP(function) __attribute__((cleanup(function), unused))

#define KIB(n) ((uint64_t)(n)*1024)
#define MIB(n) ((uint64_t)(n)*1024 * 1024)
#define BLOCK  UINT64_C(4096)
#define GROUP  (128 * BLOCK) /* of blocks: what damage is narrowed to without leaves or source */

/* Seal parameters with nothing set. */
#define PLAIN (&(const vres_seal_params){.struct_size = sizeof(vres_seal_params)})

#define TOKEN     "test-token-42"
#define WORKER    "worker-7"
#define SIMULATED ((uint64_t)VRES_ALLOW_SIMULATED | VRES_ALLOW_NO_ECC) /* what the mock needs */

/* How a fixture is made: start from setup_init(). */
struct setup {
	vres_mock_params mock; /* how the devices look, whichever stand behind: 64 MiB on each, unless changed */
	vres_policy policy;    /* allows needed() */
	const vres_backend *backend;
	uint32_t threads, block_size, keep_leaves;
	bool no_manager; /* the test makes its own, with manager_create() */
	bool no_audit;
};

struct fixture {
	struct setup setup;
	struct rig *rig;
	vres_mock *mock; /* that of the rig, for tests that are about it; NULL: another device */
	vres_key *key;
	vres_manager *manager;
	struct record record;
	unsigned created;   /* managers that were made */
	atomic_uint closed; /* and that have closed */
	bool wipe_may_fail; /* the test made wiping impossible */
	uint64_t heap_before;
};

/* What policy has to allow of the device that was chosen: SIMULATED, and more where its memory has no guarantees. */
uint64_t needed(void);

struct setup setup_init(void);
struct fixture *begin(const struct setup *setup /* NULL: setup_init() */);
void finish(struct fixture **f);

/* The config of the fixture's managers, for tests that change it. */
vres_config config_of(struct fixture *f);

/* Another manager over the same mock, key and record; counted by finish(). */
vres_status manager_create(struct fixture *f, const vres_config *config /* NULL: config_of() */, vres_manager **out, vres_error *err);

/* Give back what a variable holds and set it to NULL; for CLEANUP and for use at once. */
void release_shard(vres_shard **shard);
void release_lease(vres_lease **lease);
void destroy_manager(vres_manager **manager);
void destroy_key(vres_key **key);
void free_bytes(uint8_t **bytes);

/* A sealed shard of @bytes bytes of content @seed, with an id of its own making or as @p says. */
vres_shard *sealed(struct fixture *f, uint64_t bytes, uint64_t seed);
vres_shard *sealed_as(struct fixture *f, const char *shard_id, uint64_t bytes, uint64_t seed);
vres_shard *sealed_with(struct fixture *f, const vres_seal_params *p, uint64_t bytes, uint64_t seed);

/* Values, where the call cannot fail. */
vres_shard_info info_of(const vres_shard *shard);
vres_device_info device_of(struct fixture *f, uint32_t gpu_device);
vres_metrics metrics_of(struct fixture *f);
vres_verify_params mode_of(uint32_t mode);

/* Where a shard is: takes a lease, which verifies, and gives it back. */
uint64_t address_of(vres_shard *shard);

/* Flip a bit of a shard's memory, whose address is known. */
void flip_at(struct fixture *f, uint64_t address, uint64_t offset, unsigned bit);
void flip(struct fixture *f, vres_shard *shard, uint64_t offset, unsigned bit);

/* A shard with one flipped bit that no verification has seen yet. */
vres_shard *damaged(struct fixture *f, uint64_t bytes, uint64_t offset);

/* The receipt of a shard, to be given to test_free(). */
uint8_t *receipt_of(const vres_shard *shard, size_t *len);

/* Nothing is resident, reserved or allocated that was not before. */
void ck_same_device(const vres_device_info *before, const vres_device_info *after);

/* The manager works: a shard can be sealed, verified, leased and released. */
void ck_works(struct fixture *f);

#endif
