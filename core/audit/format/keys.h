/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The keys of an audit log's lines (docs/FORMAT.md, "Line key").  Mode token: one key, from the
 * token.  Mode forward: a chain of keys, of which the file LOG.key has the one of the present
 * epoch; each step overwrites the one before, here and there.
 */
#ifndef VRES_CORE_AUDIT_FORMAT_KEYS_H
#define VRES_CORE_AUDIT_FORMAT_KEYS_H

#include <vres/vres.h>

#include "hash/crypto.h"

/* Lies in a secret page, its buffer for the text of a key file too. */
struct audit_keys {
	bool is_forward;
	uint64_t epoch;                      /* of chain[0], which is what LOG.key has */
	uint8_t chain[2][VRES_SHA256_BYTES]; /* of this epoch and the next */
	uint8_t line[2][VRES_SHA256_BYTES];  /* their line keys; mode token has the first alone */
	char text[128];
};

void vres_audit_keys_destroy(struct audit_keys **slot);

/* Mode token. */
vres_status vres_audit_keys_token(const vres_key *key, struct audit_keys **out, vres_error *err);

/* Mode forward, from the file @name (LOG.key) in @folder; VRES_E_NOT_FOUND if there is none. */
vres_status vres_audit_keys_load(int folder, const char *name, struct audit_keys **out,
                                 vres_error *err);

/* Mode forward, from the key of epoch 0 in the file @path; nothing is written. */
vres_status vres_audit_keys_first(const char *path, struct audit_keys **out, vres_error *err);

/* Write LOG.key anew: atomically, and its old bytes are overwritten. */
vres_status vres_audit_keys_store(struct audit_keys *keys, int folder, const char *name,
                                  vres_error *err);

/* One epoch on, in memory and then in LOG.key; when the file cannot be written, nothing changes. */
vres_status vres_audit_keys_advance(struct audit_keys *keys, int folder, const char *name,
                                    vres_error *err);

/* The line key of an epoch: this one or the next; NULL for any other. */
const uint8_t *vres_audit_keys_line(const struct audit_keys *keys, uint64_t epoch);

#endif
