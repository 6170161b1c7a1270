/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The key that the lines of an audit log are under: one of the token, or a chain of them, epoch
 * after epoch, that is walked forward only (docs/FORMAT.md, "Line key").
 */
#ifndef VRES_CORE_AUDIT_CHECK_KEY_H
#define VRES_CORE_AUDIT_CHECK_KEY_H

#include "hash/crypto.h"
#include "sign/key.h"

/*
 * So many steps are taken in all where a log says that its epoch is a later one: about ten seconds
 * of work, so that what a hostile log says cannot keep a checker busy.  Steps from one epoch to the
 * next as lines go by are not counted.
 */
#define AUDIT_EPOCH_STEPS (UINT64_C(1) << 21)

struct chain;

struct audit_key {
	bool is_forward;
	uint64_t epoch;
	struct chain *chain; /* K(epoch), in a secret page; NULL before it is open */
	struct hmac line;
};

void audit_key_close(struct audit_key *k);

/*
 * One of the two; the other is NULL.  A key file must be what a token file must be: regular,
 * private, no link.
 */
vres_status audit_key_open(struct audit_key *k, const struct vres_key *token,
                           const char *forward_path, vres_error *err);

/*
 * *to becomes the key of @epoch, which is that of @from or a later one; @to may be @from, and is
 * open already or all zero.  After a failure it is good
 * for nothing but audit_key_close().
 */
vres_status audit_key_at(struct audit_key *to, const struct audit_key *from, uint64_t epoch,
                         vres_error *err);

/* Hex of the MAC of @n bytes without the 64 at @gap. */
vres_status audit_key_mac(struct audit_key *k, const char *text, size_t n, size_t gap, char hex[65],
                          vres_error *err);

#endif
