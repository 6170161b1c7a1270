/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Counting, and adding up the counters and the open devices. */
#include "manager/metrics.h"

#include "base/abi.h"
#include "audit/log/sink.h"
#include "device/capacity.h"

/* A SIGNATURE check takes microseconds; a FULL check of many GiB, seconds. */
const uint64_t vres_verify_limit[VERIFY_BUCKETS] = {1000,
                                                    2500,
                                                    5000,
                                                    10000,
                                                    25000,
                                                    50000,
                                                    100000,
                                                    250000,
                                                    500000,
                                                    1000000,
                                                    2500000,
                                                    5000000,
                                                    10000000,
                                                    25000000,
                                                    50000000,
                                                    100000000,
                                                    250000000,
                                                    500000000,
                                                    1000000000,
                                                    UINT64_C(2500000000),
                                                    UINT64_C(5000000000),
                                                    UINT64_C(10000000000)};
const char *const vres_verify_limit_text[VERIFY_BUCKETS] = {
	"1e-06",  "2.5e-06", "5e-06",  "1e-05", "2.5e-05", "5e-05", "0.0001", "0.00025",
	"0.0005", "0.001",   "0.0025", "0.005", "0.01",    "0.025", "0.05",   "0.1",
	"0.25",   "0.5",     "1",      "2.5",   "5",       "10"};

/* Damage is told apart from what could not be done or checked: it wakes an operator. */
static enum vres_outcome outcome_of(vres_status status)
{
	if (status == VRES_OK)
		return OUTCOME_OK;
	return status == VRES_E_SEAL_VERIFICATION_FAILED || status == VRES_E_INTEGRITY_VIOLATION
	               ? OUTCOME_FAILED
	               : OUTCOME_ERROR;
}

void vres_count_seal(vres_manager *m, vres_status status)
{
	atomic_fetch_add(&m->counters.seals[outcome_of(status)], 1);
}

void vres_count_reseal(vres_manager *m, vres_status status)
{
	atomic_fetch_add(&m->counters.reseals[outcome_of(status)], 1);
}

void vres_count_repaired(vres_manager *m, uint64_t bytes)
{
	atomic_fetch_add(&m->counters.repaired_bytes, bytes);
}

void vres_count_no_memory(vres_manager *m, bool has_room)
{
	struct vres_counters *c = &m->counters;

	atomic_fetch_add(has_room ? &c->allocation_failures : &c->no_room, 1);
}

void vres_count_scrubbed(vres_manager *m, uint64_t bytes)
{
	atomic_fetch_add(&m->counters.verified_bytes, bytes);
}

void vres_count_verify(vres_manager *m, const vres_verify_report *report)
{
	struct vres_counters *c = &m->counters;
	const enum vres_outcome outcome = outcome_of(report->status);
	unsigned bucket = 0;

	while (bucket < VERIFY_BUCKETS && report->duration > vres_verify_limit[bucket])
		bucket++;
	atomic_fetch_add(&c->verify_durations[bucket], 1);
	atomic_fetch_add(&c->verify_ns, report->duration);
	atomic_fetch_add(&c->verifies[outcome][report->mode], 1);
	if (outcome != OUTCOME_OK)
		return;
	atomic_fetch_add(&c->verified_bytes, report->bytes_hashed);
	atomic_store(&c->last_verify, vres_os_wall());
}

bool vres_metrics_device(const vres_manager *m, uint32_t index, struct vres_device_figures *out)
{
	struct vres_device *d = vres_manager_open_device(m, index);
	struct vres_capacity now;
	vres_device_status status;

	if (d == NULL)
		return false;
	*out = (struct vres_device_figures){
		.index = index, .uuid = d->props.uuid, .total = d->props.total_bytes};
	if (vres_capacity_look(d, m->policy.headroom_bytes, &now, &status, NULL) == VRES_OK)
		out->available = now.available;
	out->used = vres_ledger_read(&d->ledger).used;
	out->adopted = atomic_load(&d->adopted);
	return true;
}

/*
 * Durations are added up from one reading each, so no bucket is above the next one, even if
 * counters grow meanwhile.
 */
static void read_verifications(struct vres_counters *c, struct vres_figures *f)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i <= VERIFY_BUCKETS; i++) {
		sum += atomic_load(&c->verify_durations[i]);
		f->durations[i] = sum;
	}
	for (unsigned outcome = 0; outcome < OUTCOMES; outcome++) {
		f->seals[outcome] = atomic_load(&c->seals[outcome]);
		f->reseals[outcome] = atomic_load(&c->reseals[outcome]);
		for (unsigned mode = 0; mode < VERIFY_MODES; mode++)
			f->verifies[outcome][mode] = atomic_load(&c->verifies[outcome][mode]);
	}
	f->verify_ns = atomic_load(&c->verify_ns);
	f->last_verify = atomic_load(&c->last_verify);
	f->verified_bytes = atomic_load(&c->verified_bytes);
}

void vres_metrics_read(vres_manager *m, struct vres_figures *out)
{
	struct vres_counters *c = &m->counters;

	*out = (struct vres_figures){
		.no_room = atomic_load(&c->no_room),
		.allocation_failures = atomic_load(&c->allocation_failures),
		.leases = atomic_load(&c->leases),
		.shards = atomic_load(&c->shards),
		.quarantined = atomic_load(&c->quarantined),
		.suspended = atomic_load(&c->suspended),
		.tensors = atomic_load(&c->tensors),
		.repaired_bytes = atomic_load(&c->repaired_bytes),
		.policy_violations = atomic_load(&m->listeners.policy_violations),
		.audit_events = atomic_load(&m->listeners.audit_events),
		.audit_lost = atomic_load(&m->listeners.audit_lost) +
	                      vres_audit_file_silent(&m->listeners.audit),
		.is_stopped = atomic_load(&m->is_stopped),
		.is_simulated = m->driver.is_simulated,
	};
	read_verifications(c, out);
}

static void add_devices(const vres_manager *m, vres_metrics *out)
{
	struct vres_device_figures d;

	out->devices_now = m->driver.device_count;
	for (uint32_t i = 0; i < m->driver.device_count; i++) {
		if (!vres_metrics_device(m, i, &d))
			continue;
		out->opened_devices_now++;
		out->total_bytes_now += d.total;
		out->used_bytes_now += d.used;
		out->available_bytes_now += d.available;
	}
	/* 0 of 0 bytes would read as full. */
	if (out->opened_devices_now == 0)
		out->total_bytes_now = out->available_bytes_now = VRES_BYTES_UNKNOWN;
}

vres_status vres_manager_metrics(vres_manager *m, vres_metrics *out, vres_error *err)
{
	PUBLIC_CALL;
	vres_metrics now = vres_metrics_init();
	struct vres_figures f;

	TRY(vres_manager_enter_stopped(m, err));
	TRY(vres_abi_out_check(out, offsetof(vres_metrics, devices_now), "vres_metrics", err));
	vres_metrics_read(m, &f);
	now.seals_ok = f.seals[OUTCOME_OK];
	now.seals_failed = f.seals[OUTCOME_FAILED] + f.seals[OUTCOME_ERROR];
	for (unsigned mode = 0; mode < VERIFY_MODES; mode++) {
		now.verifies_ok += f.verifies[OUTCOME_OK][mode];
		now.verifies_failed +=
			f.verifies[OUTCOME_FAILED][mode] + f.verifies[OUTCOME_ERROR][mode];
	}
	now.verified_bytes = f.verified_bytes;
	now.leases_now = f.leases;
	now.shards_now = f.shards;
	now.quarantined_now = f.quarantined;
	now.allocation_failures = f.no_room + f.allocation_failures;
	now.policy_violations = f.policy_violations;
	now.audit_events = f.audit_events;
	now.audit_lost = f.audit_lost;
	add_devices(m, &now);
	ABI_OUT(out, &now);
	return VRES_OK;
}
