/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Sealing: the public functions, what they accept, and how the outcome is reported.  The work
 * itself is in steps.c.
 */
#include "seal/steps.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/abi.h"
#include "events/events.h"
#include "events/log.h"
#include "manager/metrics.h"
#include "device/policy.h"
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
	if (p->digest_alg > VRES_DIGEST_VERITY)
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

/* Check what the caller asked for and start a record; refused input has no effect. */
static vres_status order(struct seal *seal, vres_manager *m, const vres_seal_params *params,
                         uint64_t bytes, vres_shard **out, vres_error *err)
{
	vres_seal_params p;

	TRY(vres_manager_enter(m, err));
	if (params == NULL)
		return vres_fail(err, VRES_E_INVALID_INPUT, "params is NULL");
	TRY(ABI_IN(&p, params, "vres_seal_params", err));
	*seal = (struct seal){.manager = m, .progress = p.progress, .progress_ctx = p.progress_ctx};
	TRY(check_strings(seal, &p, err));
	TRY(check_numbers(&p, bytes, m->policy.max_model_bytes, err));
	TRY(vres_manager_has_device(m, p.gpu_device, err));
	if (out == NULL)
		return vres_fail(err, VRES_E_INVALID_INPUT, "out is NULL");
	start_record(seal, &p, bytes);
	return VRES_OK;
}

/* "shard-" and 32 hex digits from the CSPRNG. */
static vres_status generate_id(struct vres_record *r, vres_error *err)
{
	uint8_t random[VRES_SHA256_BYTES];
	char hex[65];

	TRY(vres_os_random(random, sizeof(random), err));
	vres_hex(random, hex);
	(void)snprintf(r->shard_id, sizeof(r->shard_id), "shard-%.32s", hex);
	return VRES_OK;
}

/* A seal that could not be made: its record has no digest yet, but names the shard. */
static void tell_trouble(const struct seal *seal, const vres_error *failure)
{
	struct vres_listeners *l = &seal->manager->listeners;
	vres_event e = vres_event_make(l, VRES_EVENT_SEAL_FAILED, seal->record.gpu_device);
	vres_shard_info info = vres_shard_info_init();

	memcpy(info.shard_id, seal->record.shard_id, sizeof(info.shard_id));
	info.gpu_device = seal->record.gpu_device;
	info.vram_bytes = seal->record.vram_bytes;
	e.shard = &info;
	e.status = failure->status;
	e.mode = seal->source ? "seal" : "adopt";
	/* The caller returns the trouble itself. */
	(void)vres_event_emit(l, &e, false, NULL);
}

/* Nothing is resident any more; report what happened. */
static void tell_failure(struct seal *seal, const vres_error *failure)
{
	vres_manager *m = seal->manager;
	const uint32_t device = seal->record.gpu_device;
	vres_shard_info info;
	vres_event e;

	vres_count_seal(m, failure->status);
	if (vres_status_class(failure->status) != 4)
		tell_trouble(seal, failure);
	if (failure->status == VRES_E_POLICY_VIOLATION && failure->reason != VRES_REASON_STOPPED)
		vres_event_violation(&m->listeners, device,
		                     vres_policy_first_violation(&seal->report), "seal_refused",
		                     failure->message);
	if (failure->status != VRES_E_INTEGRITY_VIOLATION)
		return;
	e = vres_event_make(&m->listeners, VRES_EVENT_SEAL_VERIFICATION_FAILED, device);
	if (vres_record_describe(&seal->record, &info, NULL) == VRES_OK)
		e.shard = &info;
	e.status = failure->status;
	e.reason = VRES_REASON_DIGEST;
	e.expected_digest = seal->wanted[0] ? seal->wanted : NULL;
	e.actual_digest = seal->found[0] ? seal->found : NULL;
	e.mode = "seal";
	e.detail = failure->message;
	/* The caller returns the mismatch itself. */
	(void)vres_event_emit(&m->listeners, &e, true, NULL);
}

static vres_status tell_success(struct seal *seal, const struct vres_shard *s, vres_error *err)
{
	vres_event e = vres_event_make(&seal->manager->listeners, VRES_EVENT_VRAM_SEALED,
	                               seal->record.gpu_device);
	vres_shard_info info;

	TRY(vres_record_describe(&s->contents->record, &info, err));
	e.shard = &info;
	return vres_event_emit(&seal->manager->listeners, &e, false, err);
}

/* @err is not NULL, and filled on failure. */
static vres_status make_shard(struct seal *seal, vres_shard **out, vres_error *err)
{
	CLEANUP(vres_shard_discard) struct vres_shard *s = NULL;
	vres_manager *m = seal->manager;
	vres_status status;

	status = seal->record.shard_id[0] ? VRES_OK : generate_id(&seal->record, err);
	if (status == VRES_OK)
		status = vres_shard_create(m, &seal->record, &s, err);
	if (status == VRES_E_STATE)
		return status; /* the id is taken, and refused input has no effect */
	if (status == VRES_OK)
		status = vres_seal_fill(seal, s, err);
	if (status == VRES_OK)
		/* Another thread may have stopped the manager, and has reported why. */
		status = vres_manager_enter(m, err);
	if (status == VRES_OK)
		status = tell_success(seal, s, err);
	if (status != VRES_OK) {
		/* The memory is freed before the failure is reported: a critical event comes last.
		 */
		vres_shard_discard(&s);
		tell_failure(seal, err);
		return status;
	}
	vres_shard_publish(s);
	vres_count_seal(m, VRES_OK);
	*out = TAKE(s);
	return VRES_OK;
}

static vres_status perform(struct seal *seal, vres_shard **out, vres_error *err)
{
	CLEANUP(vres_manager_let_go) vres_manager *m = vres_manager_keep(seal->manager);
	const struct vres_operation op = {
		.action = "seal",
		.shard_id = seal->record.shard_id,
		.gpu_device = seal->record.gpu_device,
		.bytes = seal->record.vram_bytes,
		.began = vres_log_clock(&m->listeners),
	};
	vres_error detail = {0};
	const vres_status status = make_shard(seal, out, &detail);

	vres_log_operation(&m->listeners, &op, status, detail.reason);
	return status == VRES_OK ? VRES_OK : vres_fail_with(err, &detail);
}

vres_status vres_seal_memory(vres_manager *m, const vres_seal_params *p, const void *data,
                             uint64_t bytes, vres_shard **out, vres_error *err)
{
	PUBLIC_CALL;
	struct source source;
	struct seal seal;

	TRY(order(&seal, m, p, bytes, out, err));
	if (data == NULL)
		return vres_fail(err, VRES_E_INVALID_INPUT, "data is NULL");
	vres_source_memory(&source, data);
	seal.source = &source;
	return perform(&seal, out, err);
}

vres_status vres_seal_fd(vres_manager *m, const vres_seal_params *p, int fd, uint64_t offset,
                         uint64_t bytes, vres_shard **out, vres_error *err)
{
	PUBLIC_CALL;
	struct source source;
	struct seal seal;

	TRY(order(&seal, m, p, bytes, out, err));
	TRY(vres_source_fd(&source, fd, offset, bytes, err));
	seal.source = &source;
	return perform(&seal, out, err);
}

vres_status vres_seal_stream(vres_manager *m, const vres_seal_params *p, vres_read_fn read,
                             void *ctx, uint64_t bytes, vres_shard **out, vres_error *err)
{
	PUBLIC_CALL;
	struct source source;
	struct seal seal;

	TRY(order(&seal, m, p, bytes, out, err));
	if (read == NULL)
		return vres_fail(err, VRES_E_INVALID_INPUT, "read is NULL");
	vres_source_stream(&source, read, ctx);
	seal.source = &source;
	return perform(&seal, out, err);
}

vres_status vres_seal_adopt(vres_manager *m, const vres_seal_params *p, uint64_t device_ptr,
                            uint64_t bytes, vres_shard **out, vres_error *err)
{
	PUBLIC_CALL;
	struct seal seal;
	uint64_t end;

	TRY(order(&seal, m, p, bytes, out, err));
	if (device_ptr == 0 || ckd_add_u64(&end, device_ptr, bytes))
		return vres_fail(err, VRES_E_INVALID_INPUT, "device_ptr and bytes are not a range");
	if (seal.record.digest_alg != VRES_DIGEST_VERITY)
		return vres_fail(err, VRES_E_INVALID_INPUT, "adopting needs VRES_DIGEST_VERITY");
	if (m->policy.require & VRES_REQUIRE_READONLY)
		return vres_fail(err, VRES_E_UNSUPPORTED,
		                 "policy requires read-only mappings, and an adopted mapping is "
		                 "not ours to change");
	seal.device_ptr = device_ptr;
	seal.record.flags |= RECORD_ADOPTED;
	return perform(&seal, out, err);
}
