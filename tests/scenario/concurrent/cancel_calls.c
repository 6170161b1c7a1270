/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A call of every public function. */
#include "cancel_calls.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vres/validate.h>

/* A function that calls one: the last of its arguments is the error, which nobody reads. */
#define CALL(function, ...)                                                                        \
	static void call_##function(struct stage *s)                                               \
	{                                                                                          \
		s->status = vres_##function(__VA_ARGS__, NULL);                                    \
	}

/* A function without a status. */
#define USE(function, ...)                                                                         \
	static void call_##function(struct stage *s)                                               \
	{                                                                                          \
		(void)s;                                                                           \
		(void)vres_##function(__VA_ARGS__);                                                \
	}

/* One that gives what is in a field back. */
#define GIVE_BACK(function, field)                                                                 \
	static void call_##function(struct stage *s)                                               \
	{                                                                                          \
		vres_##function(s->field);                                                         \
		s->field = NULL;                                                                   \
	}

#define NEW(type) (&(type){.struct_size = sizeof(type)})

static const char text[] = "text", digits[] = "00",
		  zeros[64 + 1] =
			  "0000000000000000000000000000000000000000000000000000000000000000";
static const vres_seal_params adoptable = {.struct_size = sizeof(adoptable),
                                           .digest_alg = VRES_DIGEST_VERITY};
static const vres_seal_params of_tensors = {.struct_size = sizeof(of_tensors),
                                            .digest_alg = VRES_DIGEST_TENSORS};
static const vres_audit_check_options no_key = {.struct_size = sizeof(no_key)};

static vres_status read_zeros(void *ctx, void *buf, size_t n)
{
	(void)ctx;
	memset(buf, 0, n);
	return VRES_OK;
}

static vres_status read_zeros_at(void *ctx, uint64_t offset, void *buf, size_t n)
{
	(void)offset;
	return read_zeros(ctx, buf, n);
}

static bool stop_at_once(void *ctx, vres_shard *shard)
{
	(void)ctx;
	(void)shard;
	return false;
}

static void call_manager_create(struct stage *s)
{
	s->status = manager_create(s->f, NULL, &s->made_manager, NULL);
}

static void call_audit_file_open(struct stage *s)
{
	const vres_audit_file_options o = temp_log_options(&s->place, false);

	s->status = vres_audit_file_open(s->second_log, s->key, &o, &s->made_log, NULL);
}

static void call_metrics_prometheus(struct stage *s)
{
	char out[16384];
	size_t len;

	s->status = vres_metrics_prometheus(s->f->manager, out, sizeof(out), &len, NULL);
}

static void call_shard_to_json(struct stage *s)
{
	char out[4096];
	size_t len;

	s->status = vres_shard_to_json(s->shard, out, sizeof(out), &len, NULL);
}

static void call_shard_receipt(struct stage *s)
{
	char out[4096];
	size_t len;

	s->status = vres_shard_receipt(s->shard, out, sizeof(out), &len, NULL);
}

static void call_shard_manifest(struct stage *s)
{
	char out[4096];
	size_t len;

	s->status = vres_shard_manifest(s->tensors, out, sizeof(out), &len, NULL);
}

static void call_tensors_digest(struct stage *s)
{
	uint8_t digest[1][32];

	s->status = vres_tensors_digest(s->f->manager, 0, &s->tensor, 1, digest, NULL);
}

static void call_audit_file_head(struct stage *s)
{
	uint64_t seq;
	char hash[65];

	s->status = vres_audit_file_head(s->log, &seq, hash, NULL);
}

static void call_digester_final(struct stage *s)
{
	char hex[65];

	s->status = vres_digester_final(s->digester, hex, NULL);
}

CALL(audit_checker_checkpoint, s->checker, s->checkpoint, s->checkpoint_bytes)
CALL(audit_checker_create, &no_key, &s->made_checker)
CALL(audit_checker_end, s->fed_checker, NULL)
CALL(audit_checker_feed, s->fed_checker, NULL, 0)
CALL(audit_checker_file, s->checker)
CALL(audit_checker_from_later, s->checker)
CALL(audit_checker_head, s->checker, 1, zeros)
CALL(audit_checker_summary, s->checker, NEW(vres_audit_summary))
CALL(audit_file_flush, s->log)
CALL(audit_keygen, s->place.first_key)
CALL(device_count, s->f->manager, &(uint32_t){0})
CALL(device_describe, s->f->manager, 0, NEW(vres_device_info))
CALL(digester_create, VRES_DIGEST_VERITY, 0, &s->made_digester)
CALL(digester_update, s->digester, s->receipt, s->receipt_bytes)
CALL(digester_update_fd, s->digester, s->fd, 0, strlen(TOKEN))
CALL(enforce_vram_only, s->f->manager, 0, NULL)
CALL(key_derive, TOKEN, strlen(TOKEN), NULL, &s->made_key)
CALL(key_from_credential, "token", NULL, &s->made_key)
CALL(key_from_key_file, s->token, &s->made_key)
CALL(key_from_token_file, s->token, NULL, &s->made_key)
CALL(lease_acquire, s->shard, &s->made_lease)
CALL(lease_check, s->lease)
CALL(manager_each, s->f->manager, stop_at_once, NULL)
CALL(manager_find, s->f->manager, "one", &s->made_shard)
CALL(manager_metrics, s->f->manager, NEW(vres_metrics))
CALL(receipt_check, s->receipt, s->receipt_bytes, s->key, NEW(vres_shard_info))
CALL(shard_match, s->shard, &s->info)
CALL(receipt_open, s->f->manager, s->receipt, s->receipt_bytes, &s->made_shard)
CALL(scrub_step, s->f->manager, 1, NULL)
CALL(seal_adopt, s->f->manager, &adoptable, s->adopted, BLOCK, &s->made_shard)
CALL(seal_fd, s->f->manager, PLAIN, s->fd, 0, strlen(TOKEN), &s->made_shard)
CALL(seal_memory, s->f->manager, PLAIN, s->token, sizeof(s->token), &s->made_shard)
CALL(seal_stream, s->f->manager, PLAIN, read_zeros, NULL, SHARD_BYTES, &s->made_shard)
CALL(seal_tensors, s->f->manager, &of_tensors, &s->tensor, 1, &s->made_shard)
CALL(self_check, NEW(vres_self_report))
CALL(set_verify, s->f->manager, &s->shard, 1, NULL, NULL)
CALL(shard_describe, s->shard, NEW(vres_shard_info))
static const vres_repair_params from_zeros = {.struct_size = sizeof(vres_repair_params),
                                              .source = read_zeros_at};

static void call_shard_repair(struct stage *s)
{
	s->status = vres_shard_repair(s->shard, &from_zeros, NULL, NULL);
	if (s->status == VRES_E_BUSY) /* it is leased */
		s->status = VRES_OK;
}

static void call_shard_suspend(struct stage *s)
{
	s->status = vres_shard_suspend(s->tensors, NULL);
}

static void call_shard_resume(struct stage *s)
{
	s->status = vres_shard_resume(s->tensors, NULL, NULL, NULL);
	if (s->status == VRES_E_STATE) /* it was not suspended */
		s->status = VRES_OK;
}

static void call_shard_close(struct stage *s)
{
	s->status = vres_shard_close(s->tensors, NULL);
	if (s->status == VRES_OK)
		s->tensors = NULL;
}

CALL(shard_tensor, s->tensors, 0, NEW(vres_tensor_info))
CALL(shard_verify, s->shard, NULL, NULL)
CALL(validate_hex, digits, 2, 2, NULL)
CALL(validate_identifier, text, 4, 4, NULL)
CALL(validate_range, 1, 0, 2, NULL)
CALL(validate_text, text, 4, 4, NULL)
CALL(verify_many, s->f->manager, &s->shard, 1, NULL, NULL)

USE(audit_fault_name, 1)
USE(audit_file_lost, s->log)
USE(audit_file_sink, s->log)
USE(lease_bytes, s->lease)
USE(lease_device_ptr, s->lease)
USE(reason_name, 1)
USE(error_class, NULL)
USE(status_class, VRES_OK)
USE(status_name, VRES_OK)
USE(status_text, VRES_OK)

static void call_backend_cuda(struct stage *s)
{
	(void)s;
	(void)vres_backend_cuda();
}

static void call_backend_hip(struct stage *s)
{
	(void)s;
	(void)vres_backend_hip();
}

static void call_version(struct stage *s)
{
	(void)s;
	(void)vres_version();
}

static void call_version_number(struct stage *s)
{
	(void)s;
	(void)vres_version_number();
}

static void call_wipe(struct stage *s)
{
	vres_wipe(s->token, 0);
}

GIVE_BACK(audit_checker_destroy, checker)
GIVE_BACK(audit_file_close, log)
GIVE_BACK(digester_destroy, digester)
GIVE_BACK(key_destroy, key)
GIVE_BACK(lease_release, lease)
GIVE_BACK(manager_destroy, f->manager)
GIVE_BACK(shard_release, shard)

#define GUARDED(function)                                                                          \
	{                                                                                          \
		"vres_" #function, call_##function, false, false                                   \
	}
#define RELEASE(function)                                                                          \
	{                                                                                          \
		"vres_" #function, call_##function, false, true                                    \
	}
#define PURE(function)                                                                             \
	{                                                                                          \
		"vres_" #function, call_##function, true, false                                    \
	}

const struct call calls[] = {
	GUARDED(audit_checker_checkpoint),
	GUARDED(audit_checker_create),
	RELEASE(audit_checker_destroy),
	GUARDED(audit_checker_end),
	GUARDED(audit_checker_feed),
	GUARDED(audit_checker_file),
	GUARDED(audit_checker_from_later),
	GUARDED(audit_checker_head),
	GUARDED(audit_checker_summary),
	PURE(audit_fault_name),
	RELEASE(audit_file_close),
	GUARDED(audit_file_flush),
	GUARDED(audit_file_head),
	GUARDED(audit_file_lost),
	GUARDED(audit_file_open),
	PURE(audit_file_sink),
	GUARDED(audit_keygen),
	PURE(backend_cuda),
	PURE(backend_hip),
	PURE(device_count),
	GUARDED(device_describe),
	GUARDED(digester_create),
	RELEASE(digester_destroy),
	GUARDED(digester_final),
	GUARDED(digester_update),
	GUARDED(digester_update_fd),
	GUARDED(enforce_vram_only),
	PURE(error_class),
	GUARDED(key_derive),
	RELEASE(key_destroy),
	GUARDED(key_from_credential),
	GUARDED(key_from_key_file),
	GUARDED(key_from_token_file),
	GUARDED(lease_acquire),
	PURE(lease_bytes),
	PURE(lease_check),
	PURE(lease_device_ptr),
	RELEASE(lease_release),
	GUARDED(manager_create),
	RELEASE(manager_destroy),
	GUARDED(manager_each),
	GUARDED(manager_find),
	GUARDED(manager_metrics),
	GUARDED(metrics_prometheus),
	PURE(reason_name),
	GUARDED(receipt_check),
	GUARDED(receipt_open),
	GUARDED(shard_match),
	GUARDED(scrub_step),
	GUARDED(seal_adopt),
	GUARDED(seal_fd),
	GUARDED(seal_memory),
	GUARDED(seal_stream),
	GUARDED(seal_tensors),
	GUARDED(self_check),
	GUARDED(set_verify),
	GUARDED(shard_close),
	GUARDED(shard_describe),
	GUARDED(shard_manifest),
	GUARDED(shard_receipt),
	RELEASE(shard_release),
	GUARDED(shard_repair),
	GUARDED(shard_resume),
	GUARDED(shard_suspend),
	GUARDED(shard_tensor),
	GUARDED(shard_to_json),
	GUARDED(shard_verify),
	PURE(status_class),
	PURE(status_name),
	PURE(status_text),
	GUARDED(tensors_digest),
	PURE(validate_hex),
	PURE(validate_identifier),
	PURE(validate_range),
	PURE(validate_text),
	GUARDED(verify_many),
	PURE(version),
	PURE(version_number),
	PURE(wipe),
};
const size_t calls_count = COUNT(calls);
