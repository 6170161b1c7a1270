/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The keys of a checker: that of the current epoch, and one that is tried. */
#include "audit/check/proof.h"

vres_status audit_proof_open(struct vres_audit_checker *c, const vres_audit_check_options *o,
                             vres_error *err)
{
	c->steps_left = AUDIT_EPOCH_STEPS;
	if (o->key && o->forward_key)
		return vres_fail(err, VRES_E_INVALID_INPUT,
		                 "two keys: a log is under a token's or under a forward one");
	if (o->key)
		TRY(vres_audit_keys_token(o->key, &c->keys, err));
	if (o->forward_key)
		TRY(vres_audit_keys_read(o->forward_key, &c->keys, err));
	c->sum.keyed = o->key           ? VRES_AUDIT_KEYED_TOKEN
	               : o->forward_key ? VRES_AUDIT_KEYED_FORWARD
	                                : VRES_AUDIT_KEYED_LINKS;
	return VRES_OK;
}

bool audit_proof_reaches(const struct vres_audit_checker *c, uint64_t epoch)
{
	const uint64_t now = c->keys->epoch;

	return epoch >= now && epoch - now <= (c->keys->is_forward ? c->steps_left : 0);
}

vres_status audit_proof_check(struct vres_audit_checker *c, uint64_t epoch, const char *text,
                              size_t n, size_t at, bool *is_good, vres_error *err)
{
	CLEANUP(vres_hmac_close) struct hmac once = {NULL};
	CLEANUP(vres_audit_keys_destroy) struct audit_keys *later = NULL;
	const bool is_current = epoch == c->keys->epoch;
	const uint8_t *key = vres_audit_keys_line(c->keys, epoch);

	*is_good = false;
	if (key == NULL && !audit_proof_reaches(c, epoch))
		return VRES_OK;
	if (key == NULL) {
		c->steps_left -= epoch - c->keys->epoch;
		TRY(vres_audit_keys_copy(c->keys, &later, err));
		TRY(vres_audit_keys_move(later, epoch, err));
		key = later->line[0];
	}
	return vres_audit_mac_check(is_current ? &c->hmac : &once, key, text, n, at, is_good, err);
}

vres_status audit_proof_move(struct vres_audit_checker *c, uint64_t epoch, vres_error *err)
{
	if (c->keys == NULL || !c->keys->is_forward || epoch <= c->keys->epoch)
		return VRES_OK;
	vres_hmac_close(&c->hmac);
	return vres_audit_keys_move(c->keys, epoch, err);
}
