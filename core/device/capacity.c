/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The driver is asked without a lock; ledger.c says when its answer has become too old. */
#include "device/capacity.h"

uint64_t vres_capacity_padded(const struct vres_device *d, uint64_t bytes)
{
	uint64_t padded;

	return ckd_mul_u64(&padded, div_up_u64(bytes, d->props.granularity), d->props.granularity)
	               ? UINT64_MAX
	               : padded;
}

static uint64_t less(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

/* What would be granted: allocations are made of whole granules. */
static uint64_t whole_granules(const struct vres_device *d, uint64_t bytes)
{
	return bytes - bytes % d->props.granularity;
}

vres_status vres_capacity_reserve(struct vres_device *d, uint64_t padded, uint64_t headroom,
                                  vres_error *err)
{
	vres_device_status status;
	enum vres_promise outcome;
	uint64_t available, pending;

	do {
		const uint64_t changes = vres_ledger_changes(&d->ledger);

		TRY(vres_device_ask(d, &status, err));
		available = less(status.free_bytes, headroom);
		outcome = vres_ledger_promise(&d->ledger, changes, padded, available, &pending);
	} while (outcome == PROMISE_ASK_AGAIN);
	return outcome == PROMISE_MADE
	               ? VRES_OK
	               : vres_fail_vram(err, d->index, padded,
	                                whole_granules(d, less(available, pending)));
}

vres_status vres_capacity_look(struct vres_device *d, uint64_t headroom, struct vres_capacity *out,
                               vres_device_status *status, vres_error *err)
{
	struct vres_ledger_sums sums;

	TRY(vres_device_ask(d, status, err));
	sums = vres_ledger_read(&d->ledger);
	*out = (struct vres_capacity){
		.total = d->props.total_bytes,
		.free = status->free_bytes,
		.used = sums.used,
		.reserved = sums.pending + sums.filling + d->props.scratch_bytes,
		.available =
			whole_granules(d, less(less(status->free_bytes, headroom), sums.pending)),
	};
	return VRES_OK;
}
