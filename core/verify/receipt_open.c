/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Receipts of live shards: giving one out, and finding the shard that a presented one speaks of. */
#include <inttypes.h>

#include "events/log.h"
#include "manager/shard.h"
#include "verify/presented.h"

vres_status vres_shard_receipt(const vres_shard *s, void *buf, size_t cap, size_t *len,
                               vres_error *err)
{
	PUBLIC_CALL;
	CLEANUP(vres_contents_unuse) struct vres_contents *c = NULL;
	uint8_t bytes[RECEIPT_MAX];
	size_t n;

	TRY(vres_check_given(s, "shard", err));
	TRY(vres_check_given(len, "len", err));
	if (cap > 0)
		TRY(vres_check_given(buf, "buf", err));
	TRY(vres_manager_enter(s->manager, err));
	if (atomic_load(&s->state) == VRES_SHARD_QUARANTINED)
		return vres_fail_at(err, VRES_E_SEAL_VERIFICATION_FAILED, VRES_REASON_QUARANTINED,
		                    vres_shard_device(s),
		                    "the shard is quarantined after an earlier failure");
	TRY(vres_presented_check_suspended(s, err));
	c = vres_contents_of(s);
	n = vres_record_encode(&c->record, bytes);
	memcpy(bytes + n, c->mac, MAC_BYTES);
	n += MAC_BYTES;
	*len = n;
	if (cap < n)
		return vres_fail(err, VRES_E_BUFFER,
		                 "the receipt needs %zu bytes, the buffer has %zu", n, cap);
	memcpy(buf, bytes, n);
	return VRES_OK;
}

static vres_status refused(vres_reason reason, const char *what, vres_error *err)
{
	return vres_fail_at(err, VRES_E_SEAL_VERIFICATION_FAILED, reason, VRES_NO_DEVICE, "%s",
	                    what);
}

/* Two records are the same when their bytes are. */
static bool same_record(const struct vres_record *a, const struct vres_record *b)
{
	uint8_t left[RECORD_MAX], right[RECORD_MAX];
	const size_t n = vres_record_encode(a, left);

	return n == vres_record_encode(b, right) && vres_crypto_equal(left, right, n);
}

/* The same, or of an earlier epoch of the same shard, whose bytes were others. */
static bool is_of(const struct vres_record *now, const struct vres_record *record)
{
	return same_record(now, record) ||
	       (record->epoch < now->epoch && record->digest_alg == now->digest_alg &&
	        record->tensors == now->tensors && record->vram_bytes == now->vram_bytes);
}

static void release(vres_shard **slot)
{
	vres_shard_release(*slot);
}

static vres_status match(vres_manager *m, const void *receipt, size_t len, vres_shard **out,
                         vres_error *err)
{
	CLEANUP(release) vres_shard *s = NULL;
	CLEANUP(vres_contents_unuse) struct vres_contents *c = NULL;
	struct vres_record record;

	TRY(vres_receipt_decode(receipt, len, m->keys, &record, err));
	if (!vres_crypto_equal(record.session, m->session, sizeof(record.session)))
		return refused(VRES_REASON_STALE_SESSION, "the receipt is of another session", err);
	if (vres_manager_find(m, record.shard_id, &s, NULL) == VRES_OK)
		c = vres_contents_of(s);
	if (c == NULL || !is_of(&c->record, &record))
		return refused(VRES_REASON_UNKNOWN_SHARD, "the receipt is of no live shard", err);
	if (atomic_load(&s->state) == VRES_SHARD_QUARANTINED)
		return refused(VRES_REASON_QUARANTINED, "the shard of the receipt is quarantined",
		               err);
	if (vres_contents_are_expired(c))
		return refused(VRES_REASON_EXPIRED,
		               "the shard of the receipt is older than max_seal_age", err);
	TRY(vres_presented_check_suspended(s, err));
	if (record.epoch < c->record.epoch)
		return vres_fail_at(err, VRES_E_STATE, VRES_REASON_SUPERSEDED, vres_shard_device(s),
		                    "the receipt is of epoch %" PRIu32
		                    ", and the shard holds other bytes since",
		                    record.epoch);
	*out = TAKE(s);
	return VRES_OK;
}

vres_status vres_receipt_open(vres_manager *m, const void *receipt, size_t len, vres_shard **out,
                              vres_error *err)
{
	PUBLIC_CALL;
	struct vres_operation op = {
		.action = "receipt_open", .gpu_device = VRES_NO_DEVICE, .is_routine = true};
	vres_error detail = {0};
	vres_status status;

	TRY(vres_manager_enter(m, err));
	TRY(vres_check_given(receipt, "receipt", err));
	TRY(vres_check_given(out, "out", err));
	CLEANUP(vres_manager_let_go) vres_manager *kept = vres_manager_keep(m);
	op.began = vres_log_clock(&m->listeners);
	status = match(m, receipt, len, out, &detail);
	if (status == VRES_OK) {
		op.shard_id = (*out)->id;
		op.gpu_device = vres_shard_device(*out);
		op.bytes = (*out)->bytes;
	}
	vres_log_operation(&m->listeners, &op, status, detail.reason);
	if (status == VRES_OK)
		return VRES_OK;
	if ((status == VRES_E_SEAL_VERIFICATION_FAILED &&
	     detail.reason != VRES_REASON_QUARANTINED) ||
	    status == VRES_E_NOT_SEALED)
		vres_presented_tell(m, "receipt", &detail);
	return vres_fail_with(err, &detail);
}
