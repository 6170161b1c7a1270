/* SPDX-License-Identifier: GPL-3.0-or-later */
/* MACs under the key in force and under later ones. */
#include "audit/check/proof.h"

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
