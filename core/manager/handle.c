/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The handle, ModelShardHandle: what a shard tells the world, as a value and as JSON. */
#include "manager/handle.h"

#include "base/abi.h"
#include "base/json.h"

vres_status vres_contents_view(const struct vres_shard *s, const struct vres_contents *c,
                               vres_shard_info *out, vres_error *err)
{
	TRY(vres_record_describe(&c->record, out, err));
	out->state = atomic_load(&s->state);
	out->verified_at = atomic_load(&c->verified_at);
	vres_manager_lock(s->manager);
	out->leases = s->leased;
	out->suspended = s->is_suspended;
	vres_manager_unlock(s->manager);
	return VRES_OK;
}

vres_status vres_shard_view(const struct vres_shard *s, vres_shard_info *out, vres_error *err)
{
	CLEANUP(vres_contents_unuse) struct vres_contents *c = vres_contents_of(s);

	return vres_contents_view(s, c, out, err);
}

vres_status vres_shard_describe(const vres_shard *s, vres_shard_info *out, vres_error *err)
{
	PUBLIC_CALL;
	vres_shard_info info;

	TRY(vres_check_given(s, "shard", err));
	TRY(vres_manager_enter_stopped(s->manager, err));
	TRY(vres_abi_out_check(out, offsetof(vres_shard_info, tensors), "vres_shard_info", err));
	TRY(vres_shard_view(s, &info, err));
	ABI_OUT(out, &info);
	return VRES_OK;
}

/* docs/FORMAT.md, "Handle JSON" */
static void write_handle(struct json_writer *w, const vres_shard_info *info)
{
	static const char *const algs[] = {[VRES_DIGEST_SHA256] = "sha256",
	                                   [VRES_DIGEST_VERITY] = "verity",
	                                   [VRES_DIGEST_TENSORS] = "tensors"};
	char sealed_at[31];

	vres_rfc3339(info->sealed_at, sealed_at);
	json_open(w, '{');
	json_key(w, "shard_id"), json_string(w, info->shard_id);
	json_key(w, "gpu_device"), json_u64(w, info->gpu_device);
	json_key(w, "vram_bytes"), json_u64(w, info->vram_bytes);
	json_key(w, "sealed"), json_bool(w, info->state == VRES_SHARD_SEALED && !info->suspended);
	json_key(w, "digest"), json_string(w, info->digest);
	json_key(w, "digest_alg"), json_string(w, algs[info->digest_alg]);
	json_key(w, "verity_digest"),
		json_string(w, info->verity_digest[0] ? info->verity_digest : NULL);
	json_key(w, "sealed_at"), json_string(w, sealed_at);
	json_key(w, "model_ref"), json_string(w, info->model_ref[0] ? info->model_ref : NULL);
	json_key(w, "shard_index");
	info->total_shards ? json_u64(w, info->shard_index) : json_null(w);
	json_key(w, "total_shards");
	info->total_shards ? json_u64(w, info->total_shards) : json_null(w);
	json_key(w, "simulated"), json_bool(w, info->simulated);
	if (info->tensors > 0 || info->epoch > 0) {
		json_key(w, "tensors");
		info->tensors ? json_u64(w, info->tensors) : json_null(w);
		json_key(w, "epoch"), json_u64(w, info->epoch);
	}
	json_close(w, '}');
}

vres_status vres_shard_to_json(const vres_shard *s, char *buf, size_t cap, size_t *len,
                               vres_error *err)
{
	PUBLIC_CALL;
	struct json_writer size = {.buffer = NULL}, w = {.buffer = buf, .capacity = cap};
	vres_shard_info info;

	TRY(vres_check_given(s, "shard", err));
	TRY(vres_check_given(len, "len", err));
	if (cap > 0)
		TRY(vres_check_given(buf, "buf", err));
	TRY(vres_manager_enter_stopped(s->manager, err));
	TRY(vres_shard_view(s, &info, err));
	write_handle(&size, &info);
	*len = size.length;
	if (cap <= size.length)
		return vres_fail(err, VRES_E_BUFFER, "the JSON needs %zu bytes, the buffer has %zu",
		                 size.length + 1, cap);
	write_handle(&w, &info);
	(void)json_end(&w); /* it fits: it was counted */
	return VRES_OK;
}
