/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * vres_shard_match(): is a description of a shard, which may have been sent around, true of the
 * shard that it names?
 */
#include <vres/receipt.h>

#include <inttypes.h>

#include "base/abi.h"
#include "base/validate.h"
#include "manager/handle.h"
#include "verify/presented.h"

/* A field of the signed record.  What follows the NUL of a text does not count. */
struct field {
	const char *name;
	size_t offset, bytes;
	bool is_text, is_of_epoch; /* is_of_epoch: a later epoch may differ in it */
};

#define PLACE(field) #field, offsetof(vres_shard_info, field), sizeof(((vres_shard_info *)0)->field)
#define TEXT(field, is_of_epoch)                                                                   \
	{                                                                                          \
		PLACE(field), true, is_of_epoch                                                    \
	}
#define NUMBER(field, is_of_epoch)                                                                 \
	{                                                                                          \
		PLACE(field), false, is_of_epoch                                                   \
	}

static const struct field fields[] = {
	TEXT(shard_id, false),       TEXT(model_ref, false),    TEXT(group_id, false),
	TEXT(digest, true),          TEXT(verity_digest, true), TEXT(device_uuid, false),
	TEXT(backend, false),        NUMBER(gpu_device, false), NUMBER(shard_index, false),
	NUMBER(total_shards, false), NUMBER(digest_alg, false), NUMBER(adopted, false),
	NUMBER(simulated, false),    NUMBER(assurance, true),   NUMBER(vram_bytes, false),
	NUMBER(sealed_at, true),     NUMBER(allow, false),      NUMBER(require, false),
	NUMBER(tensors, false),      NUMBER(epoch, true),
};

static bool is_equal(const struct field *f, const vres_shard_info *a, const vres_shard_info *b)
{
	const char *left = (const char *)a + f->offset, *right = (const char *)b + f->offset;

	return f->is_text ? strncmp(left, right, f->bytes) == 0
	                  : memcmp(left, right, f->bytes) == 0;
}

/*
 * The first field that differs.  Only fields within the first @size bytes are compared, and those
 * of the epoch only with @within_epoch.
 */
static const struct field *find_difference(const vres_shard_info *now,
                                           const vres_shard_info *claimed, size_t size,
                                           bool within_epoch)
{
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (fields[i].offset + fields[i].bytes <= size &&
		    (within_epoch || !fields[i].is_of_epoch) && !is_equal(&fields[i], now, claimed))
			return &fields[i];
	return NULL;
}

static vres_status compare(const struct vres_shard *s, const vres_shard_info *claimed, size_t size,
                           vres_error *err)
{
	const struct field *f;
	vres_shard_info now;

	if (atomic_load(&s->state) == VRES_SHARD_QUARANTINED)
		return vres_fail_at(err, VRES_E_SEAL_VERIFICATION_FAILED, VRES_REASON_QUARANTINED,
		                    vres_shard_device(s),
		                    "the shard is quarantined after an earlier failure");
	TRY(vres_presented_check_suspended(s, err));
	TRY(vres_shard_view(s, &now, err));
	f = find_difference(&now, claimed, size, true);
	if (f == NULL)
		return VRES_OK;
	if (claimed->epoch < now.epoch && size > offsetof(vres_shard_info, epoch) &&
	    find_difference(&now, claimed, size, false) == NULL)
		return vres_fail_at(err, VRES_E_STATE, VRES_REASON_SUPERSEDED, vres_shard_device(s),
		                    "the description is of epoch %" PRIu32
		                    ", and the shard holds other bytes since",
		                    claimed->epoch);
	return vres_fail_at(err, VRES_E_SEAL_VERIFICATION_FAILED, VRES_REASON_SIGNATURE,
	                    vres_shard_device(s), "%s is not the one that was sealed", f->name);
}

vres_status vres_shard_match(const vres_shard *s, const vres_shard_info *claimed, vres_error *err)
{
	PUBLIC_CALL;
	vres_shard_info copy;
	vres_error detail = {0};
	vres_status status;

	TRY(vres_check_given(s, "shard", err));
	TRY(vres_check_given(claimed, "claimed", err));
	TRY(vres_manager_enter(s->manager, err));
	TRY(vres_abi_in(&copy, sizeof(copy), claimed, offsetof(vres_shard_info, tensors),
	                "vres_shard_info", err));
	status = compare(s, &copy, claimed->struct_size, &detail);
	if (status == VRES_OK)
		return VRES_OK;
	if (detail.reason == VRES_REASON_SIGNATURE)
		vres_presented_tell(s->manager, "match", &detail);
	return vres_fail_with(err, &detail);
}
