/* SPDX-License-Identifier: GPL-3.0-or-later */
/* vres_seal_tensors() and vres_tensors_digest(): what they accept, and what they give out. */
#include <vres/tensors.h>

#include <inttypes.h>

#include "events/events.h"
#include "events/log.h"
#include "seal/order.h"
#include "seal/seal.h"
#include "seal/tensor_fill.h"
#include "device/policy.h"

static vres_status manager_check(const vres_manager *m, vres_error *err)
{
	TRY(vres_manager_enter(m, err));
	if (m->block_size != TENSORS_BLOCK_SIZE)
		return vres_fail(err, VRES_E_UNSUPPORTED,
		                 "tensors are digested with blocks of %u, and the manager's have "
		                 "%" PRIu32,
		                 TENSORS_BLOCK_SIZE, m->block_size);
	if (m->policy.require & VRES_REQUIRE_READONLY)
		return vres_fail(err, VRES_E_UNSUPPORTED,
		                 "policy requires read-only mappings, and an adopted mapping is "
		                 "not ours to change");
	return VRES_OK;
}

static void begin_record(struct seal *seal, struct tensor_input *in)
{
	struct vres_record *r = &seal->record;

	seal->input = in;
	r->flags |= RECORD_ADOPTED;
	r->origin = ORIGIN_TENSORS;
	r->tensors = in->tensors->n;
}

vres_status vres_seal_tensors(vres_manager *m, const vres_seal_params *p,
                              const vres_tensor *tensors, size_t n, vres_shard **out,
                              vres_error *err)
{
	PUBLIC_CALL;
	CLEANUP(vres_tensor_input_close) struct tensor_input in = {.tensors = NULL};
	struct seal seal;

	TRY(manager_check(m, err));
	TRY(vres_tensor_input_open(&in, m, tensors, n, err));
	TRY(vres_seal_order(&seal, m, p, in.tensors->bytes, out, err));
	if (seal.record.digest_alg != VRES_DIGEST_TENSORS)
		return vres_fail(err, VRES_E_INVALID_INPUT,
		                 "sealing tensors needs VRES_DIGEST_TENSORS");
	begin_record(&seal, &in);
	return vres_seal_perform(&seal, out, err);
}

static vres_status nothing_expected(const vres_tensor *tensors, size_t n, vres_error *err)
{
	const unsigned char *at = (const unsigned char *)tensors;

	for (size_t i = 0; i < n; i++, at += tensors->struct_size)
		if (((const vres_tensor *)(const void *)at)->expected_digest)
			return vres_fail(err, VRES_E_INVALID_INPUT,
			                 "tensor %zu's expected_digest is not NULL", i);
	return VRES_OK;
}

static vres_status digest(struct seal *seal, uint8_t (*digests)[VRES_SHA256_BYTES], vres_error *err)
{
	static const uint8_t no_root[VRES_SHA256_BYTES];
	const struct tensors *t = seal->input->tensors;
	uint8_t empty[VRES_SHA256_BYTES];
	CLEANUP(vres_contents_unuse)
	struct vres_contents *c = vres_contents_create(seal->manager, &seal->record, NULL, t);

	if (c == NULL)
		return vres_fail(err, VRES_E_NO_MEMORY, "no memory to digest tensors");
	TRY(tree_digest(0, TENSORS_BLOCK_SIZE, no_root, empty, err));
	TRY(vres_tensors_look(seal, c, err));
	for (uint32_t i = 0; i < t->n; i++)
		memcpy(digests[i],
		       t->list[i].range == NO_RANGE
		               ? empty
		               : c->digests + (size_t)t->list[i].range * VRES_SHA256_BYTES,
		       VRES_SHA256_BYTES);
	return VRES_OK;
}

/* Not told as a failed seal, since none was asked for; a violation of policy is one all the same.
 */
static vres_status perform(struct seal *seal, uint8_t (*digests)[VRES_SHA256_BYTES],
                           vres_error *err)
{
	CLEANUP(vres_manager_let_go) vres_manager *m = vres_manager_keep(seal->manager);
	const struct vres_operation op = {
		.action = "digest",
		.gpu_device = seal->record.gpu_device,
		.bytes = seal->record.vram_bytes,
		.began = vres_log_clock(&m->listeners),
	};
	vres_error detail = {0};
	const vres_status status = digest(seal, digests, &detail);

	if (status == VRES_E_POLICY_VIOLATION)
		vres_event_violation(&m->listeners, seal->record.gpu_device,
		                     vres_policy_first_violation(&seal->report), "digest_refused",
		                     detail.message);
	vres_log_operation(&m->listeners, &op, status, detail.reason);
	return status == VRES_OK ? VRES_OK : vres_fail_with(err, &detail);
}

vres_status vres_tensors_digest(vres_manager *m, uint32_t gpu_device, const vres_tensor *tensors,
                                size_t n, uint8_t (*digests)[VRES_SHA256_BYTES], vres_error *err)
{
	PUBLIC_CALL;
	CLEANUP(vres_tensor_input_close) struct tensor_input in = {.tensors = NULL};
	struct seal seal = {.manager = m, .record = {.gpu_device = gpu_device}};

	TRY(manager_check(m, err));
	TRY(vres_tensor_input_open(&in, m, tensors, n, err));
	TRY(nothing_expected(tensors, n, err));
	TRY(vres_manager_has_device(m, gpu_device, err));
	if (digests == NULL)
		return vres_fail(err, VRES_E_INVALID_INPUT, "digests is NULL");
	seal.record.vram_bytes = in.tensors->bytes;
	begin_record(&seal, &in);
	return perform(&seal, digests, err);
}
