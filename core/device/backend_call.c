/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The checks before and after each call of a backend. */
#include "device/backend_call.h"

#include <inttypes.h>

void vres_call_text(const char *words, size_t capacity, char *text)
{
	size_t n = 0;

	for (; n < capacity - 1 && words[n]; n++)
		text[n] = words[n] >= 0x20 && words[n] < 0x7f ? words[n] : '?';
	text[n] = '\0';
}

vres_status vres_call_outcome(struct vres_device *d, vres_status status, const vres_error *detail,
                              const char *what, vres_error *err)
{
	const uint32_t index = d ? d->index : VRES_NO_DEVICE;
	const int class = vres_status_class(status);
	char message[sizeof(detail->message)];

	if (status == VRES_OK)
		return VRES_OK;
	if (status == VRES_E_DEVICE_LOST && d)
		atomic_store(&d->is_lost, true);
	/* Only the core passes judgement, so such a status of a backend is trouble with the
	 * backend. */
	if (class != 1 && class != 2 && class != 3)
		status = VRES_E_BACKEND;
	/* The driver's own allocation failed: the numbers of a shortage are not known. */
	if (status == VRES_E_INSUFFICIENT_VRAM && detail->needed_bytes == 0)
		status = VRES_E_ALLOCATION_FAILED;
	vres_call_text(detail->message, sizeof(message), message);
	(void)vres_fail_at(err, status,
	                   detail->reason == VRES_REASON_DEADLINE ? VRES_REASON_DEADLINE
	                                                          : VRES_REASON_DEVICE,
	                   index, "%s: %s", what, message);
	if (err) {
		err->backend_code = detail->backend_code;
		err->needed_bytes = status == VRES_E_INSUFFICIENT_VRAM ? detail->needed_bytes : 0;
		err->available_bytes =
			status == VRES_E_INSUFFICIENT_VRAM ? detail->available_bytes : 0;
	}
	return status;
}

vres_status vres_call_range(const struct vres_mem *mem, uint64_t offset, uint64_t n,
                            vres_error *err)
{
	uint64_t end;

	if (n == 0 || ckd_add_u64(&end, offset, n) || end > mem->bytes)
		return vres_fail_at(err, VRES_E_INTERNAL, VRES_REASON_NONE, mem->device->index,
		                    "range %" PRIu64 "+%" PRIu64 " leaves an allocation of %" PRIu64
		                    " bytes",
		                    offset, n, mem->bytes);
	return VRES_OK;
}

vres_status vres_call_alive(const struct vres_device *d, vres_error *err)
{
	if (atomic_load(&d->is_lost))
		return vres_fail_at(err, VRES_E_DEVICE_LOST, VRES_REASON_DEVICE, d->index,
		                    "device %" PRIu32 " was lost", d->index);
	return VRES_OK;
}
