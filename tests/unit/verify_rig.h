/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One sealed shard over a puppet, which says which units were hashed and whose memory is at hand to be damaged.  A unit is a group of 32
 * blocks of 1 KiB here.
 */
#ifndef TESTS_VERIFY_RIG_H
#define TESTS_VERIFY_RIG_H

#include "verify.h"

#define BLOCK UINT64_C(1024)
#define UNIT  (32 * BLOCK)
#define UNITS UINT64_C(70)
#define BYTES ((UNITS - 1) * UNIT + 5) /* the last unit has 5 bytes */

struct verify_rig {
	struct puppet *puppet;
	vres_manager *manager;
	vres_shard *shard;
	unsigned incidents;
};

/* @allow and @require: of policy, beside what a simulation needs.  verify_begin() forgets what was hashed while sealing. */
struct verify_rig *verify_begin_with(uint64_t allow, uint64_t require, uint32_t keep_leaves);
struct verify_rig *verify_begin(uint64_t allow, uint32_t keep_leaves);
void verify_end(struct verify_rig **rig);

vres_status verify_as(struct verify_rig *rig, uint32_t mode, uint32_t units, vres_verify_report *report, vres_error *err);

#endif
