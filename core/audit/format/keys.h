/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The keys of an audit log, and MACs under them (docs/FORMAT.md, "Line key").
 *
 * Mode token has one line key, derived from the token.  Mode forward has a chain of keys, one for
 * each epoch, that can only be walked forward.  The file LOG.key holds the key of the current
 * epoch, and each step overwrites the one before it.
 */
#ifndef VRES_CORE_AUDIT_FORMAT_KEYS_H
#define VRES_CORE_AUDIT_FORMAT_KEYS_H

#include <vres/vres.h>

#include "hash/crypto.h"

/* Lives in secret memory, and so does its buffer for the text of a key file. */
struct audit_keys {
	bool is_forward;
	uint64_t epoch;                      /* of chain[0]; 0 in mode token */
	uint8_t chain[2][VRES_SHA256_BYTES]; /* of this epoch and the next */
	uint8_t line[2][VRES_SHA256_BYTES];  /* their line keys; mode token has only the first */
	char text[128];
};

void vres_audit_keys_destroy(struct audit_keys **slot);

/* The key of mode token. */
vres_status vres_audit_keys_token(const vres_key *key, struct audit_keys **out, vres_error *err);

/* Mode forward: read LOG.key, called @name, in @folder.  VRES_E_NOT_FOUND if it is missing. */
vres_status vres_audit_keys_load(int folder, const char *name, struct audit_keys **out,
                                 vres_error *err);

/* Mode forward: read a key file of any epoch, which may belong to root. */
vres_status vres_audit_keys_read(const char *path, struct audit_keys **out, vres_error *err);

vres_status vres_audit_keys_copy(const struct audit_keys *keys, struct audit_keys **out,
                                 vres_error *err);

/* Mode forward: walk on to @epoch, in memory.  After a failure the keys are good for nothing. */
vres_status vres_audit_keys_move(struct audit_keys *keys, uint64_t epoch, vres_error *err);

/* Replace LOG.key atomically, and overwrite its old bytes. */
vres_status vres_audit_keys_store(struct audit_keys *keys, int folder, const char *name,
                                  vres_error *err);

/* Go one epoch on, in memory and in LOG.key.  If the file cannot be written, nothing changes. */
vres_status vres_audit_keys_advance(struct audit_keys *keys, int folder, const char *name,
                                    vres_error *err);

/* The line key of the current epoch or the next; NULL for any other epoch. */
const uint8_t *vres_audit_keys_line(const struct audit_keys *keys, uint64_t epoch);

/*
 * Are the 64 digits at @at the MAC of the rest of @text, @n bytes in all?  @h is opened under
 * @key unless it is open already.
 */
vres_status vres_audit_mac_check(struct hmac *h, const uint8_t key[VRES_SHA256_BYTES],
                                 const char *text, size_t n, size_t at, bool *is_good,
                                 vres_error *err);

#endif
