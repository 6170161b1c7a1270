/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reporting evidence that is not genuine, a limited number of times a second. */
#include "verify/presented.h"

#include "events/events.h"
#include "manager/suspension.h"

/* The most events of one second.  Further ones are counted as lost. */
#define TOLD_A_SECOND 10u
#define SECOND        UINT64_C(1000000000)

vres_status vres_presented_check_suspended(const struct vres_shard *s, vres_error *err)
{
	bool is_closed;

	vres_manager_lock(s->manager);
	is_closed = vres_shard_is_closed_locked(s);
	vres_manager_unlock(s->manager);
	return is_closed ? vres_shard_fail_suspended(s, err) : VRES_OK;
}

void vres_presented_tell(vres_manager *m, const char *mode, const vres_error *failure)
{
	const uint64_t second = vres_os_monotonic() / SECOND + 1;
	vres_event e = vres_event_make(&m->listeners, VRES_EVENT_SEAL_VERIFICATION_FAILED,
	                               failure->gpu_device);

	if (atomic_exchange(&m->bad_receipt_second, second) != second)
		atomic_store(&m->bad_receipts, 0);
	if (atomic_fetch_add(&m->bad_receipts, 1) >= TOLD_A_SECOND) {
		vres_event_lost(&m->listeners);
		return;
	}
	e.status = failure->status;
	e.reason = failure->reason;
	e.mode = mode;
	e.action_taken = "refused";
	e.detail = failure->message;
	/* The caller returns the refusal, whatever becomes of the event. */
	(void)vres_event_emit(&m->listeners, &e, false, NULL);
}
