/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A second reader of audit logs, which shares no code with the library: keys, MACs, chain and
 * sequence follow docs/FORMAT.md and are computed with OpenSSL alone.  The files of a log are read
 * one after another with one chain.
 */
#ifndef TESTS_SUPPORT_SWEEP_CHAIN_H
#define TESTS_SUPPORT_SWEEP_CHAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct chain {
	bool is_forward;
	uint8_t key[32], line_key[32]; /* forward: K(epoch) */
	uint64_t epoch, line_epoch;    /* of the next line; of the last */
	uint64_t seq;                  /* of the last line; 0: none yet */
	char hash[65];                 /* of the last line */
	char type[32];                 /* its event_type */
	/* Events: those that are not the log's own; lost: the sum of what log_lost lines say. */
	uint64_t lines, events, lost;
	/* Bytes behind the last newline of the file read last. */
	uint64_t torn;
	void (*line)(void *ctx, const char *line); /* told of each good one; may be NULL */
	void *ctx;
	char flaw[256];
};

struct chain chain_token(const char *token);
struct chain chain_forward(const uint8_t key[32] /* of epoch 0 */);

/*
 * Read on with this file: NULL, or what is wrong and where.  Bytes behind the last newline are
 * counted and otherwise not looked at.
 */
const char *chain_file(struct chain *c, const char *path);

/*
 * Does the checkpoint name a line that was read, and is its MAC good? NULL, or what is wrong.  The
 * MAC is checked only in the last epoch, since the chain has no older key.
 */
const char *chain_checkpoint(struct chain *c, const char *path);

/*
 * The number behind "key": in a line; UINT64_MAX: there is none.  The string behind it: its length,
 * copied to @out.
 */
uint64_t chain_number(const char *line, const char *key);
bool chain_string(const char *line, const char *key, char *out, size_t room);

#endif
