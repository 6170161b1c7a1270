/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Public structures made of whatever the input says, for fuzz_config.c and fuzz_params.c, and what
 * the headers say of each.
 *
 * Every structure lies in a heap block of the size it claims.  Where several things are wrong with
 * a call, any of them may be told.
 */
#ifndef FUZZ_STRUCTS_H
#define FUZZ_STRUCTS_H

#include "fuzz.h"

/* The statuses a call may return; none: VRES_OK. */
struct answers {
	vres_status may[12];
	unsigned n;
};

bool answers_include(const struct answers *a, vres_status status);

struct mock_block {
	vres_mock_params *given, seen; /* the block, and what it means if its size is right */
	struct answers answers;
};

struct config_block {
	vres_config *given, seen;
	vres_policy *policy, policy_seen;
	char *worker_id;
	unsigned closed; /* calls of config.closed */
	struct answers answers;
};

struct seal_block {
	vres_seal_params *given, seen;
	char *shard_id, *model_ref, *group_id, *expected_digest;
	uint8_t *data;
	size_t bytes;
	bool cancels;
	struct answers answers;
};

struct verify_block {
	vres_verify_params *given, seen;
	struct answers answers;
};

void mock_block_make(struct mock_block *b, struct input *in);
void config_block_make(struct config_block *b, struct input *in);
void seal_block_make(struct seal_block *b, struct input *in);
void verify_block_make(struct verify_block *b, struct input *in);

void config_block_free(struct config_block *b);
void seal_block_free(struct seal_block *b);

#endif
