/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Keys: where they come from, where they are kept, and the subkeys that are made of them.  Nothing
 * here prints.
 */
#ifndef VRES_CORE_SIGN_KEY_H
#define VRES_CORE_SIGN_KEY_H

#include "hash/crypto.h"

#define KEY_ID_BYTES 8u

/*
 * Lies in a secret page, which a forked child may not have: ask vres_key_check() before looking
 * into it.
 */
struct vres_key {
	uint8_t root[VRES_SHA256_BYTES];
	char fingerprint[7]; /* of the token: 6 hex digits, for logs */
};

/*
 * What a manager keeps of a key: one subkey a purpose, HKDF-Expand(root, "vres/" purpose "/v1"),
 * and a public name for the key.
 */
struct vres_subkeys {
	uint8_t seal[VRES_SHA256_BYTES];
	uint8_t id[VRES_SHA256_BYTES]; /* its first KEY_ID_BYTES bytes are not secret */
};

/* VRES_E_STATE, reason FORKED, for a key of the parent process. */
vres_status vres_key_check(const struct vres_key *key, vres_error *err);

vres_status vres_subkeys_create(const struct vres_key *key, struct vres_subkeys **out,
                                vres_error *err);
void vres_subkeys_destroy(struct vres_subkeys **slot);

#endif
