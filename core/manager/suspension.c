/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The transitions of a shard that is suspended, repaired or closed, under the manager's lock. */
#include "manager/suspension.h"

#include "device/policy.h"

vres_status vres_shard_fail_suspended(const struct vres_shard *s, vres_error *err)
{
	return vres_fail_at(
		err, VRES_E_STATE, VRES_REASON_SUSPENDED, vres_shard_device(s),
		"the shard is suspended: its memory is its owner's until it is resumed");
}

/* The lock is held, and given up while waiting.  False: @deadline has passed. */
static bool wait_for(struct vres_shard *s, bool (*is_quiet)(const struct vres_shard *s),
                     uint64_t deadline)
{
	const uint64_t began = vres_os_monotonic();

	while (!is_quiet(s)) {
		const uint64_t spent = vres_os_monotonic() - began;

		if (spent >= deadline)
			return false;
		(void)vres_os_cond_wait(&s->manager->changed, &s->manager->lock, deadline - spent);
	}
	return true;
}

static bool has_no_checks(const struct vres_shard *s)
{
	return s->checks == 0;
}

static bool is_alone(const struct vres_shard *s)
{
	return s->held == 0;
}

/* Puts the shard back into the scrub queue, with the age that its bytes had. */
static void reopen_locked(struct vres_shard *s)
{
	s->is_closing = false;
	if (!s->is_suspended && atomic_load(&s->state) == VRES_SHARD_SEALED)
		vres_scrub_enter(&s->manager->scrub, &s->scrub, s->scrub.checked_since);
}

static vres_status busy(const struct vres_shard *s, const char *why, vres_error *err)
{
	return vres_fail_at(err, VRES_E_BUSY, VRES_REASON_NONE, vres_shard_device(s),
	                    "the shard is in use: %s", why);
}

static vres_status begin_locked(struct vres_shard *s, uint64_t deadline, vres_error *err)
{
	if (s->is_suspended)
		return vres_shard_fail_suspended(s, err);
	if (s->is_closing) /* checks may still read it, and it may be opened again */
		return busy(s, "another thread suspends it", err);
	if (s->leased > 0)
		return busy(s, "a lease is open", err);
	if (s->sources > 0)
		return busy(s, "a source is being read", err);
	s->is_closing = true;
	vres_scrub_leave(&s->manager->scrub, &s->scrub);
	if (wait_for(s, has_no_checks, deadline))
		return VRES_OK;
	reopen_locked(s);
	return busy(s, "a verification lasts longer than the policy's deadline", err);
}

vres_status vres_suspension_begin(struct vres_shard *s, uint64_t deadline, vres_error *err)
{
	vres_status status;

	vres_manager_lock(s->manager);
	status = begin_locked(s, deadline, err);
	vres_manager_unlock(s->manager);
	return status;
}

void vres_suspension_end(struct vres_shard *s, bool is_suspended)
{
	vres_manager *m = s->manager;

	vres_manager_lock(m);
	s->is_suspended = is_suspended;
	reopen_locked(s);
	vres_manager_unlock(m);
	if (!is_suspended)
		return;
	atomic_fetch_add(&m->counters.suspended, 1);
	atomic_fetch_sub(&s->device->adopted, s->bytes);
}

static vres_status check_final_locked(const struct vres_shard *s, vres_error *err)
{
	return atomic_load(&s->state) == VRES_SHARD_QUARANTINED && s->is_final
	               ? vres_fail_at(err, VRES_E_SEAL_VERIFICATION_FAILED, VRES_REASON_QUARANTINED,
	                              vres_shard_device(s),
	                              "the shard is quarantined for good after an earlier failure")
	               : VRES_OK;
}

static vres_status resume_locked(struct vres_shard *s, vres_error *err)
{
	TRY(check_final_locked(s, err));
	if (!s->is_suspended)
		return vres_fail_at(err, VRES_E_STATE, VRES_REASON_NONE, vres_shard_device(s),
		                    "the shard is not suspended");
	if (s->is_resuming)
		return busy(s, "another thread resumes it", err);
	s->is_resuming = true;
	return VRES_OK;
}

vres_status vres_resumption_begin(struct vres_shard *s, struct vres_contents **out, vres_error *err)
{
	vres_status status;

	vres_manager_lock(s->manager);
	status = resume_locked(s, err);
	if (status == VRES_OK)
		*out = vres_contents_use_locked(s->contents);
	vres_manager_unlock(s->manager);
	return status;
}

static void lift_locked(struct vres_shard *s)
{
	if (atomic_load(&s->state) != VRES_SHARD_QUARANTINED)
		return;
	atomic_store(&s->state, VRES_SHARD_SEALED);
	atomic_fetch_sub(&s->manager->counters.quarantined, 1);
}

/* Every byte of its contents was checked just now. */
static void scrub_again_locked(struct vres_shard *s)
{
	s->scrub.checked_since =
		atomic_load(&s->contents->fresh[vres_policy_strength(VRES_VERIFY_FULL)]);
	/* If somebody waits to close the shard, that call ends it or puts it into the queue. */
	if ((s->references > 0 || s->leased > 0) && !s->is_closing)
		vres_scrub_enter(&s->manager->scrub, &s->scrub, s->scrub.checked_since);
}

void vres_resumption_end(struct vres_shard *s, enum resumption how, struct vres_contents *next)
{
	struct vres_contents *before = NULL;
	vres_manager *m = s->manager;

	vres_manager_lock(m);
	s->is_resuming = false;
	if (how != RESUMPTION_FAILED) {
		before = s->contents;
		next->generation = before->generation + 1;
		s->contents = next;
		s->is_suspended = false;
	}
	if (how == RESUMPTION_BAD || how == RESUMPTION_LOST)
		(void)vres_shard_quarantine_locked(s);
	s->is_final |= how == RESUMPTION_LOST;
	/* If something was found to be wrong for good during the resume, the quarantine stays. */
	if (how == RESUMPTION_GOOD && !s->is_final) {
		lift_locked(s);
		scrub_again_locked(s);
	}
	vres_manager_unlock(m);
	if (how == RESUMPTION_FAILED)
		return;
	vres_contents_unuse(&before);
	atomic_fetch_sub(&m->counters.suspended, 1);
	atomic_fetch_add(&s->device->adopted, s->bytes);
}

static vres_status repair_locked(struct vres_shard *s, vres_error *err)
{
	TRY(check_final_locked(s, err));
	if (s->is_suspended)
		return vres_shard_fail_suspended(s, err);
	if (s->is_adopted)
		return vres_fail_at(err, VRES_E_UNSUPPORTED, VRES_REASON_NONE, vres_shard_device(s),
		                    "the shard's memory is not the library's own: suspend it, load "
		                    "the damaged bytes, and resume it");
	if (s->leased > 0)
		return busy(s, "a lease is open", err);
	if (s->is_repairing || s->is_closing)
		return busy(s,
		            s->is_repairing ? "another thread repairs it"
		                            : "another thread closes it",
		            err);
	s->is_repairing = true;
	return VRES_OK;
}

vres_status vres_repair_begin(struct vres_shard *s, vres_error *err)
{
	vres_status status;

	vres_manager_lock(s->manager);
	status = repair_locked(s, err);
	vres_manager_unlock(s->manager);
	return status;
}

static vres_status wait_locked(struct vres_shard *s, uint64_t deadline, vres_error *err)
{
	if (s->leased > 0 || s->sources > 0)
		return busy(s, s->leased > 0 ? "a lease is open" : "a source is being read", err);
	if (!wait_for(s, has_no_checks, deadline))
		return busy(s, "a verification lasts longer than the policy's deadline", err);
	return check_final_locked(s, err); /* perhaps by what was waited for */
}

vres_status vres_repair_wait(struct vres_shard *s, uint64_t deadline, vres_error *err)
{
	vres_status status;

	vres_manager_lock(s->manager);
	status = wait_locked(s, deadline, err);
	vres_manager_unlock(s->manager);
	return status;
}

bool vres_repair_end(struct vres_shard *s, struct vres_contents *next)
{
	vres_manager *m = s->manager;
	struct vres_contents *gone = next;
	bool is_lifted;

	vres_manager_lock(m);
	s->is_repairing = false;
	is_lifted = next && !s->is_final;
	if (is_lifted) {
		gone = s->contents;
		next->generation = gone->generation + 1;
		s->contents = next;
		lift_locked(s);
		scrub_again_locked(s);
	}
	vres_manager_unlock(m);
	vres_contents_unuse(&gone);
	return is_lifted || next == NULL;
}

static vres_status close_locked(struct vres_shard *s, uint64_t deadline, vres_error *err)
{
	if (s->references > 1 || s->leased > 0)
		return busy(s, s->leased > 0 ? "a lease is open" : "it has another reference", err);
	if (s->is_closing || s->sources > 0)
		return busy(s,
		            s->is_closing ? "another thread suspends it" : "a source is being read",
		            err);
	s->is_closing = true;
	vres_scrub_leave(&s->manager->scrub, &s->scrub);
	if (wait_for(s, is_alone, deadline) && s->references == 1 && s->leased == 0) {
		s->references = 0;
		return VRES_OK;
	}
	reopen_locked(s);
	return busy(s, "a call lasts longer than the policy's deadline", err);
}

vres_status vres_closing_begin(struct vres_shard *s, uint64_t deadline, vres_error *err)
{
	vres_status status;

	vres_manager_lock(s->manager);
	status = close_locked(s, deadline, err);
	vres_manager_unlock(s->manager);
	return status;
}
