/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Sealing one range of bytes: the public functions; and, of every seal, how the outcome is
 * reported. The work itself is in steps.c and tensor_fill.c.
 */
#include "seal/seal.h"

#include <inttypes.h>
#include <stdio.h>

#include "events/events.h"
#include "events/log.h"
#include "manager/metrics.h"
#include "device/policy.h"
#include "base/validate.h"
#include "seal/order.h"
#include "seal/tensor_fill.h"

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
	e.damage_count = seal->damaged;
	e.bad_tensors = seal->input ? seal->damaged : 0;
	e.tensor = seal->first_bad[0] ? seal->first_bad : NULL;
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

static vres_status create(struct seal *seal, struct vres_shard **out, vres_error *err)
{
	struct tensors *tensors = seal->input ? seal->input->tensors : NULL;

	TRY(vres_shard_create(seal->manager, &seal->record, tensors, out, err));
	if (tensors)
		seal->input->tensors = NULL; /* the shard's now */
	return VRES_OK;
}

/* @err is not NULL, and filled on failure. */
static vres_status make_shard(struct seal *seal, vres_shard **out, vres_error *err)
{
	CLEANUP(vres_shard_discard) struct vres_shard *s = NULL;
	vres_manager *m = seal->manager;
	vres_status status;

	status = seal->record.shard_id[0] ? VRES_OK : generate_id(&seal->record, err);
	if (status == VRES_OK)
		status = create(seal, &s, err);
	if (status == VRES_E_STATE)
		return status; /* the id is taken, and refused input has no effect */
	if (status == VRES_OK)
		status = seal->input ? vres_seal_fill_tensors(seal, s, err)
		                     : vres_seal_fill(seal, s, err);
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

vres_status vres_seal_perform(struct seal *seal, vres_shard **out, vres_error *err)
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

/* Of one range of bytes. */
static vres_status order(struct seal *seal, vres_manager *m, const vres_seal_params *p,
                         uint64_t bytes, vres_shard **out, vres_error *err)
{
	TRY(vres_seal_order(seal, m, p, bytes, out, err));
	return seal->record.digest_alg <= VRES_DIGEST_VERITY
	               ? VRES_OK
	               : vres_fail(err, VRES_E_INVALID_INPUT,
	                           "VRES_DIGEST_TENSORS is for vres_seal_tensors() alone");
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
	return vres_seal_perform(&seal, out, err);
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
	return vres_seal_perform(&seal, out, err);
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
	return vres_seal_perform(&seal, out, err);
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
	return vres_seal_perform(&seal, out, err);
}
