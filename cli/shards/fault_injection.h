/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Fault injection: --mock-flip FILE:OFFSET:BIT@N flips a bit of the mock's VRAM before the Nth
 * verification.
 *
 * The address comes from a lease, which is taken right after sealing, while the bytes are still
 * good.  It is given back at once, since nobody repairs what is leased; the memory of a shard stays
 * where it is.
 */
#ifndef VRES_CLI_SHARDS_FAULT_INJECTION_H
#define VRES_CLI_SHARDS_FAULT_INJECTION_H

#include <vres/mock.h>
#include "shards/inputs.h"
#include "session/device_options.h"

struct fault_options {
	struct option_list flips;
};

extern const struct option_set fault_option_set;

struct flip {
	uint64_t file, offset, bit, before;
};

struct faults {
	struct flip flips[OPTION_LIST_MAX];
	uint64_t addresses[OPTION_LIST_MAX]; /* of the file's first byte, by flip */
	size_t count;
	vres_mock *mock;
};

/*
 * Parse the options and check them against the sizes of the inputs and the number of verifications
 * (0: no end).  A flip that would never happen is refused: the run would seem to have survived it.
 */
bool faults_parse(struct faults *d, struct output *o, const struct fault_options *options,
                  uint64_t backend, const struct inputs *in, uint64_t verifications);

/* Find the addresses. */
bool faults_prepare(struct faults *d, struct output *o, vres_mock *mock, const struct inputs *in);

/* Do the flips that were asked for before verification @number, counted from 1. */
bool faults_inject(struct faults *d, struct output *o, uint64_t number);

#endif
