/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A call of every public function, with arguments with which it succeeds.  ci/checks/cancellation
 * holds the table to core/libvres.map.
 */
#ifndef TESTS_SCENARIO_CONCURRENT_CANCEL_CALLS_H
#define TESTS_SCENARIO_CONCURRENT_CANCEL_CALLS_H

#include <vres/audit_check.h>
#include <vres/audit_file.h>
#include "support/audit/temp_log.h"
#include "support/fixture/support.h"

/* A token, and a key in hex digits. */
#define HEX_KEY "0a1b2c3d0a1b2c3d0a1b2c3d0a1b2c3d0a1b2c3d0a1b2c3d0a1b2c3d0a1b2c3d"

#define SHARD_BYTES MIB(2)

/* What the calls use, and what they made. */
struct stage {
	struct fixture *f;
	struct temp_log place;
	char token[80], second_log[80]; /* paths in it */
	vres_shard *shard, *tensors, *made_shard;
	vres_tensor tensor; /* of which tensors consists */
	vres_lease *lease, *made_lease;
	vres_key *key, *made_key;
	vres_digester *digester, *made_digester;
	vres_audit_file *log, *made_log;
	vres_audit_checker *checker, *fed_checker, *made_checker;
	vres_manager *made_manager;
	vres_shard_info info; /* of shard */
	uint8_t *receipt;
	size_t receipt_bytes;
	char *checkpoint;
	size_t checkpoint_bytes;
	uint64_t adopted; /* device memory for vres_seal_adopt() */
	int fd;           /* of the token's file */
	vres_status status;
};

struct stage *stage_begin(bool with_log); /* and the checker of a log */
void stage_end(struct stage *s);

struct call {
	const char *name;
	void (*run)(struct stage *s);
	bool is_pure;    /* has no guard, since it has nothing to guard */
	bool is_release; /* gives something back and returns nothing */
};

/* A pure function compares, copies or formats: no lock, no file, no memory, no callback. */
extern const struct call calls[];
extern const size_t calls_count;

#endif
