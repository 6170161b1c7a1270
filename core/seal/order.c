/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The caller's parameters, checked, and the record that they begin. */
#include "seal/order.h"

#include <inttypes.h>

#include "base/abi.h"
#include "base/damage.h"
#include "base/validate.h"

static vres_status check_strings(struct seal *seal, const vres_seal_params *p, vres_error *err)
{
	struct vres_record *r = &seal->record;

	if (p->shard_id) {
		TRY(vres_check_identifier(p->shard_id, SHARD_ID_MAX, "shard_id", err));
		memcpy(r->shard_id, p->shard_id, strlen(p->shard_id) + 1);
	}
	if (p->model_ref) {
		TRY(vres_check_text(p->model_ref, MODEL_REF_MAX, "model_ref", err));
		memcpy(r->model_ref, p->model_ref, strlen(p->model_ref) + 1);
	}
	if (p->group_id) {
		TRY(vres_check_identifier(p->group_id, GROUP_ID_MAX, "group_id", err));
		memcpy(r->group_id, p->group_id, strlen(p->group_id) + 1);
	}
	seal->has_expected = p->expected_digest != NULL;
	return p->expected_digest ? vres_check_digest(p->expected_digest, seal->expected,
	                                              "expected_digest", err)
	                          : VRES_OK;
}

static vres_status check_numbers(const vres_seal_params *p, uint64_t bytes, uint64_t most,
                                 vres_error *err)
{
	if (p->total_shards == 0 && p->shard_index != 0)
		return vres_fail(err, VRES_E_INVALID_INPUT,
		                 "shard_index is %" PRIu32 " without total_shards", p->shard_index);
	if (p->total_shards != 0 && p->shard_index >= p->total_shards)
		return vres_fail(err, VRES_E_INVALID_INPUT,
		                 "shard_index %" PRIu32 " is not below total_shards %" PRIu32,
		                 p->shard_index, p->total_shards);
	if (p->digest_alg > VRES_DIGEST_TENSORS)
		return vres_fail(err, VRES_E_INVALID_INPUT, "digest_alg %" PRIu32 " is not known",
		                 p->digest_alg);
	if (bytes == 0)
		return vres_fail(err, VRES_E_INVALID_INPUT, "there are 0 bytes to seal");
	if (bytes > most)
		return vres_fail(err, VRES_E_INVALID_INPUT,
		                 "%" PRIu64 " bytes are more than max_model_bytes, %" PRIu64, bytes,
		                 most);
	return VRES_OK;
}

static void start_record(struct seal *seal, const vres_seal_params *p, uint64_t bytes)
{
	const vres_manager *m = seal->manager;
	struct vres_record *r = &seal->record;

	r->gpu_device = p->gpu_device;
	r->shard_index = p->shard_index;
	r->total_shards = p->total_shards;
	r->digest_alg = p->digest_alg;
	r->vram_bytes = bytes;
	r->block_size = m->block_size;
	r->flags = m->driver.is_simulated ? RECORD_SIMULATED : 0;
	r->allow = m->policy.allow;
	r->require = m->policy.require;
	r->lease_verify = m->policy.lease_verify;
	r->lease_max_age = m->policy.lease_max_age;
	r->sample_units = m->policy.sample_units;
	memcpy(r->worker_id, m->listeners.worker_id, sizeof(r->worker_id));
	memcpy(r->backend, m->driver.name, sizeof(r->backend));
	memcpy(r->session, m->session, sizeof(r->session));
	memcpy(r->key_id, m->keys->id, sizeof(r->key_id));
}

vres_status vres_seal_order(struct seal *seal, vres_manager *m, const vres_seal_params *params,
                            uint64_t bytes, vres_shard **out, vres_error *err)
{
	vres_seal_params p;

	TRY(vres_manager_enter(m, err));
	if (params == NULL)
		return vres_fail(err, VRES_E_INVALID_INPUT, "params is NULL");
	TRY(vres_abi_in(&p, sizeof(p), params, offsetof(vres_seal_params, damage),
	                "vres_seal_params", err));
	TRY(vres_damage_check(p.damage, p.damage_cap, err));
	*seal = (struct seal){.manager = m,
	                      .progress = p.progress,
	                      .progress_ctx = p.progress_ctx,
	                      .damage = p.damage,
	                      .damage_cap = p.damage_cap,
	                      .damage_count = p.damage_count};
	if (p.damage_count)
		*p.damage_count = 0;
	TRY(check_strings(seal, &p, err));
	TRY(check_numbers(&p, bytes, m->policy.max_model_bytes, err));
	TRY(vres_manager_has_device(m, p.gpu_device, err));
	if (out == NULL)
		return vres_fail(err, VRES_E_INVALID_INPUT, "out is NULL");
	start_record(seal, &p, bytes);
	return VRES_OK;
}
