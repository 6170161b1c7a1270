/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Drills: --mock-flip FILE:OFFSET:BIT@N damages the mock's VRAM before the Nth verification.
 *
 * The address comes from a lease, which is taken right after sealing, while the bytes are still
 * good, and is held until the end.
 */
#ifndef VRES_CLI_SHARDS_FAULT_INJECTION_H
#define VRES_CLI_SHARDS_FAULT_INJECTION_H

#include "shards/inputs.h"
#include "session/session.h"

struct drill_options {
	struct option_list flips;
};

extern const struct option_set drill_option_set;

struct flip {
	uint64_t file, offset, bit, before;
};

struct drill {
	struct flip flips[OPTION_LIST_MAX];
	/* By flip; NULL where an earlier flip of the same file has it. */
	vres_lease *leases[OPTION_LIST_MAX];
	uint64_t addresses[OPTION_LIST_MAX]; /* of the file's first byte, by flip */
	size_t count;
	vres_mock *mock;
};

/*
 * Understand the options; needs nothing but the inputs' sizes, and how many verifications there
 * will be (0: no end): a flip that never comes would be a drill that seems to have been passed.
 */
bool drill_plan(struct drill *d, struct output *o, const struct drill_options *options,
                uint64_t backend, const struct inputs *in, uint64_t verifications);

bool drill_arm(struct drill *d, struct output *o, vres_mock *mock, const struct inputs *in);

/* Flip what is to be flipped before verification @number, counted from 1. */
bool drill_strike(struct drill *d, struct output *o, uint64_t number);

/* For CLEANUP. */
void drill_close(struct drill *d);

#endif
