/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Under test: vres_receipt_check(), vres_receipt_open(), vres_receipt_decode(),
 * vres_record_decode(), vres_record_encode().
 *
 * The first byte chooses the bytes: 0 the input as it is, 1 the input with its end made the MAC of
 * what precedes, so that the decoder is reached; 2 and 3 the same of a genuine receipt that the
 * input edits.  Whatever comes: a receipt is good only if its MAC is; what decodes encodes to the
 * same bytes; and the manager opens its own receipt and no other.
 */
#include "fuzz.h"
#include "sign/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct world *w = world();
	struct input in = {data, size};
	const uint32_t mode = input_below(&in, 4);
	size_t n = w->receipt_bytes;
	uint8_t *bytes = mode < 2 ? input_block(&in, 4096, &n) : input_edits(&in, w->receipt, &n),
		again[RECORD_MAX], mac[MAC_BYTES];
	const size_t body = n > MAC_BYTES ? n - MAC_BYTES : 0;
	vres_shard_info info = vres_shard_info_init();
	vres_error err = untouched();
	vres_shard *shard = NULL;
	struct vres_record record;

	reference_hmac(w->seal_key, bytes, body, mac);
	if ((mode & 1) && body > 0)
		memcpy(bytes + body, mac, MAC_BYTES);
	const bool is_signed =
		body > 0 && n <= RECEIPT_MAX && memcmp(mac, bytes + body, MAC_BYTES) == 0;
	const bool decodes = vres_record_decode(bytes, body, &record, NULL) == VRES_OK;
	CLAIM(!decodes ||
	      (vres_record_encode(&record, again) == body && memcmp(again, bytes, body) == 0));

	const vres_status checked = vres_receipt_check(bytes, n, w->key, &info, &err);
	claim_outcome(checked, &err);
	CLAIM(checked == (body == 0    ? VRES_E_NOT_SEALED
	                  : !is_signed ? VRES_E_SEAL_VERIFICATION_FAILED
	                  : decodes    ? VRES_OK
	                               : VRES_E_INVALID_INPUT));
	CLAIM(checked != VRES_OK || (info.vram_bytes == record.vram_bytes &&
	                             strcmp(info.shard_id, record.shard_id) == 0));
	err = untouched();
	const vres_status opened = vres_receipt_open(w->manager, bytes, n, &shard, &err);
	claim_outcome(opened, &err);
	CLAIM((opened == VRES_OK) == (n == w->receipt_bytes && memcmp(bytes, w->receipt, n) == 0));
	CLAIM(shard == (opened == VRES_OK ? w->shard : NULL));
	CLAIM(opened == VRES_OK || opened == checked ||
	      (checked == VRES_OK && err.reason >= VRES_REASON_STALE_SESSION));
	vres_shard_release(shard);
	free(bytes);
	return 0;
}
