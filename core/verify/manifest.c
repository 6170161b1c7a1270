/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * vres_shard_tensor() and vres_shard_manifest(): what was sealed, from what the host keeps.
 *
 * Host memory can be damaged too, so the manifest is compared with the signed digest before it is
 * given out.
 */
#include <vres/tensors.h>

#include "base/abi.h"
#include "base/validate.h"
#include "verify/verify.h"

static vres_status check_shard(const vres_shard *s, vres_error *err)
{
	if (s == NULL)
		return vres_fail(err, VRES_E_INVALID_INPUT, "shard is NULL");
	TRY(vres_manager_enter_stopped(s->manager, err));
	return s->tensors ? VRES_OK
	                  : vres_fail(err, VRES_E_UNSUPPORTED, "the shard has no tensors");
}

vres_status vres_shard_tensor(const vres_shard *s, size_t index, vres_tensor_info *out,
                              vres_error *err)
{
	PUBLIC_CALL;
	CLEANUP(vres_contents_unuse) struct vres_contents *c = NULL;
	vres_tensor_info info = vres_tensor_info_init();
	uint8_t digest[VRES_SHA256_BYTES];
	const struct tensor *t;

	TRY(check_shard(s, err));
	TRY(ABI_OUT_CHECK(out, "vres_tensor_info", err));
	if (index >= s->tensors->n)
		return vres_fail(err, VRES_E_INVALID_INPUT, "tensor %zu of %u does not exist",
		                 index, (unsigned)s->tensors->n);
	c = vres_contents_of(s);
	t = &s->tensors->list[index];
	TRY(vres_tensor_digest(s->tensors, (uint32_t)index, c->digests, digest, err));
	memcpy(info.name, t->name, t->name_bytes);
	vres_hex(digest, info.digest);
	info.bytes = t->range == NO_RANGE ? 0 : s->tensors->ranges[t->range].bytes;
	ABI_OUT(out, &info);
	return VRES_OK;
}

/* What is kept is not what was signed: a failed verification that nobody asked for. */
static vres_status tell_damaged(const vres_shard *s, vres_error *err)
{
	CLEANUP(vres_verify_close) struct verification v = {.shard = NULL};

	/* The reference is the caller's; what is damaged is counted with the shard. */
	vres_verify_found(&v, (struct vres_shard *)s, VRES_REASON_SIGNATURE,
	                  "the manifest does not have the signed digest");
	return vres_verify_conclude(&v, err);
}

static vres_status compare(const vres_shard *s, const struct vres_contents *c, vres_error *err)
{
	uint8_t digest[VRES_SHA256_BYTES];

	TRY(vres_tensors_manifest_digest(s->tensors, c->digests, digest, err));
	return vres_crypto_equal(digest, c->record.digest, sizeof(digest)) ? VRES_OK
	                                                                   : tell_damaged(s, err);
}

/* Without its NUL. */
static size_t manifest_bytes(const struct tensors *t)
{
	size_t bytes = 0;

	for (uint32_t i = 0; i < t->n; i++)
		bytes += TENSOR_LINE_MAX - TENSOR_NAME_MAX + t->list[i].name_bytes;
	return bytes;
}

vres_status vres_shard_manifest(const vres_shard *s, char *buf, size_t cap, size_t *len,
                                vres_error *err)
{
	PUBLIC_CALL;
	CLEANUP(vres_contents_unuse) struct vres_contents *c = NULL;
	char line[TENSOR_LINE_MAX];
	size_t bytes, n;

	TRY(check_shard(s, err));
	if (len == NULL || (buf == NULL && cap > 0))
		return vres_fail(err, VRES_E_INVALID_INPUT, "%s is NULL", len ? "buf" : "len");
	bytes = manifest_bytes(s->tensors);
	c = vres_contents_of(s);
	TRY(compare(s, c, err));
	*len = bytes;
	if (cap <= bytes)
		return vres_fail(err, VRES_E_BUFFER,
		                 "the manifest needs %zu bytes, the buffer has %zu", bytes + 1,
		                 cap);
	for (uint32_t i = 0; i < s->tensors->n; i++, buf += n) {
		TRY(vres_tensors_line(s->tensors, s->tensors->order[i], c->digests, line, &n, err));
		memcpy(buf, line, n);
	}
	*buf = '\0';
	return VRES_OK;
}
