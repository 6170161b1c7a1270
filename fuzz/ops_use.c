/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Leases, references, descriptions, receipts; and giving the manager back. */
#include "ops.h"

void op_lease(struct run *r)
{
	struct model_shard *s = run_pick(r);
	vres_error err = untouched();
	vres_lease *lease = NULL;

	if (s == NULL || s->leases == LEASES)
		return;
	const uint32_t mode = model_lease_mode(r, s);
	const struct answer wanted = model_verify(r, s, mode, 0);
	const vres_status got = vres_lease_acquire(s->shard, &lease, &err);
	claim_outcome(got, &err);
	CLAIM((lease != NULL) == (got == VRES_OK));
	model_conclude(r, s, wanted, got, got == VRES_OK ? VRES_REASON_NONE : err.reason, mode);
	if (got != VRES_OK)
		return;
	CLAIM(vres_lease_device_ptr(lease) == (s->tensors ? 0 : s->address) &&
	      vres_lease_bytes(lease) == s->bytes);
	s->lease[s->leases++] = lease;
}

/* Leased memory stays where it is, even if all references to the shard were released. */
void op_lease_release(struct run *r)
{
	struct model_shard *s = run_pick_alive(r);
	vres_error err = untouched();

	if (s == NULL || s->leases == 0)
		return;
	const vres_status got = vres_lease_check(s->lease[0], &err);
	claim_outcome(got, &err);
	CLAIM(got == (r->stopped       ? VRES_E_POLICY_VIOLATION
	              : s->quarantined ? VRES_E_SEAL_VERIFICATION_FAILED
	                               : VRES_OK) ||
	      (got == VRES_E_DEVICE_LOST && r->lost[s->device]));
	CLAIM(vres_lease_device_ptr(s->lease[0]) == (s->tensors ? 0 : s->address));
	for (unsigned i = 0; i < 2 && !s->owner_gone; i++)
		CLAIM(vres_mock_flip(r->mock, s->address, 0) == VRES_OK);
	vres_lease_release(s->lease[--s->leases]);
	run_forget_if_gone(r, s);
}

void op_find(struct run *r)
{
	static const char *const ids[] = {"a", "b", "c", "nobody", "not an identifier"};
	const uint32_t which = input_below(&r->in, 8);
	const char *id = which < 5 ? ids[which] : r->shards[which - 5].id;
	struct model_shard *wanted = NULL;
	vres_error err = untouched();
	vres_shard *shard = NULL;

	if (r->manager == NULL)
		return;
	for (unsigned i = 0; i < SHARDS; i++)
		if (r->shards[i].references > 0 && strcmp(r->shards[i].id, id) == 0)
			wanted = &r->shards[i];
	const vres_status got = vres_manager_find(r->manager, id, &shard, &err);
	claim_outcome(got, &err);
	CLAIM(got == (r->stopped                    ? VRES_E_POLICY_VIOLATION
	              : id[0] == '\0' || which == 4 ? VRES_E_INVALID_INPUT
	              : wanted                      ? VRES_OK
	                                            : VRES_E_NOT_FOUND));
	CLAIM(shard == (got == VRES_OK ? wanted->shard : NULL));
	if (got == VRES_OK)
		wanted->references++;
}

void op_release(struct run *r)
{
	struct model_shard *s = run_pick(r);

	if (s == NULL)
		return;
	s->references--;
	vres_shard_release(s->shard);
	run_forget_if_gone(r, s);
}

void op_describe(struct run *r)
{
	struct model_shard *s = run_pick(r);
	vres_shard_info info = vres_shard_info_init();
	size_t n = 0, again = 0;

	if (s == NULL)
		return;
	CLAIM(vres_shard_describe(s->shard, &info, NULL) == VRES_OK);
	CLAIM(info.state == (s->quarantined ? VRES_SHARD_QUARANTINED : VRES_SHARD_SEALED) &&
	      info.leases == s->leases && info.suspended == s->suspended &&
	      info.epoch == s->epoch && info.tensors == s->tensors);
	CLAIM(strcmp(info.shard_id, s->id) == 0 && info.vram_bytes == s->bytes &&
	      info.gpu_device == s->device);
	CLAIM(vres_shard_to_json(s->shard, NULL, 0, &n, NULL) == VRES_E_BUFFER);
	char *json = fuzz_alloc(n + 1);
	CLAIM(vres_shard_to_json(s->shard, json, n, &again, NULL) == VRES_E_BUFFER && again == n);
	CLAIM(vres_shard_to_json(s->shard, json, n + 1, &again, NULL) == VRES_OK &&
	      strlen(json) == n && json[n - 1] == '}');
	free(json);
}

static vres_status may_be_shown(const struct run *r, const struct model_shard *s)
{
	return r->stopped       ? VRES_E_POLICY_VIOLATION
	       : s->quarantined ? VRES_E_SEAL_VERIFICATION_FAILED
	       : s->suspended   ? VRES_E_STATE
	                        : VRES_OK;
}

void op_receipt(struct run *r)
{
	struct model_shard *s = run_pick(r);
	struct model_receipt *kept = &r->receipts[input_below(&r->in, RECEIPTS)];
	uint8_t bytes[2048];
	size_t n = 0;

	if (s == NULL)
		return;
	const vres_status got = vres_shard_receipt(s->shard, bytes, sizeof(bytes), &n, NULL);
	CLAIM(got == may_be_shown(r, s));
	if (got != VRES_OK)
		return;
	free(kept->bytes);
	*kept = (struct model_receipt){
		.bytes = fuzz_alloc(n), .n = n, .serial = s->serial, .epoch = s->epoch};
	memcpy(kept->bytes, bytes, n);
}

/* A receipt is presented as it is, or with one bit changed, which must not affect any shard. */
void op_receipt_open(struct run *r)
{
	struct model_receipt *kept = &r->receipts[input_below(&r->in, RECEIPTS)];
	const bool forges = input_below(&r->in, 4) == 1;
	const size_t where = kept->n ? input_number(&r->in, 2) % kept->n : 0;
	vres_shard_info info = vres_shard_info_init();
	vres_error err = untouched();
	struct model_shard *live = NULL;
	vres_shard *shard = NULL;

	if (r->manager == NULL || kept->bytes == NULL)
		return;
	const unsigned flip = forges ? 1u << where % 8 : 0u;

	for (unsigned i = 0; i < SHARDS && !forges; i++)
		if (r->shards[i].references > 0 && r->shards[i].serial == kept->serial)
			live = &r->shards[i];
	kept->bytes[where] = (uint8_t)(kept->bytes[where] ^ flip);
	const vres_status got = vres_receipt_open(r->manager, kept->bytes, kept->n, &shard, &err);
	claim_outcome(got, &err);
	CLAIM(vres_receipt_check(kept->bytes, kept->n, r->key, &info, NULL) ==
	      (forges ? VRES_E_SEAL_VERIFICATION_FAILED : VRES_OK));
	kept->bytes[where] = (uint8_t)(kept->bytes[where] ^ flip);
	const vres_status shown = live ? may_be_shown(r, live) : VRES_OK;
	const bool is_old = live && shown == VRES_OK && kept->epoch < live->epoch;

	CLAIM(got == (is_old       ? VRES_E_STATE
	              : live       ? shown
	              : r->stopped ? VRES_E_POLICY_VIOLATION
	                           : VRES_E_SEAL_VERIFICATION_FAILED));
	if (got == VRES_E_STATE)
		CLAIM(err.reason == (is_old ? VRES_REASON_SUPERSEDED : VRES_REASON_SUSPENDED));
	if (got == VRES_E_SEAL_VERIFICATION_FAILED)
		CLAIM(err.reason == (forges ? VRES_REASON_SIGNATURE
		                     : live ? VRES_REASON_QUARANTINED
		                            : VRES_REASON_UNKNOWN_SHARD));
	CLAIM(shard == (got == VRES_OK ? live->shard : NULL));
	if (got == VRES_OK)
		live->references++;
}

/* Shards and leases outlive the manager's handle. */
void op_destroy_manager(struct run *r)
{
	bool is_used = false;

	for (unsigned i = 0; i < SHARDS; i++)
		is_used |= model_is_alive(&r->shards[i]);
	if (r->manager == NULL || input_below(&r->in, 4) > 0)
		return;
	vres_manager_destroy(r->manager);
	r->manager = NULL;
	CLAIM(r->closed == !is_used);
}
