/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The counters as Prometheus text (exposition format 0.0.4): for each metric its HELP, its TYPE,
 * and a line for each set of labels.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "manager/metrics.h"
#include "device/policy.h"

#define NS UINT64_C(1000000000)

/* length goes on counting when the buffer is full. */
struct text {
	char *buffer;
	size_t capacity, length;
};

__attribute__((format(printf, 2, 3))) static void put(struct text *t, const char *format, ...)
{
	char line[320]; /* the longest: a HELP line */
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	if (n <= 0 || (size_t)n >= sizeof(line)) /* never: no line is that long */
		return;
	if (t->length < t->capacity && (size_t)n < t->capacity - t->length)
		memcpy(t->buffer + t->length, line, (size_t)n + 1);
	t->length += (size_t)n;
}

static void put_family(struct text *t, const char *name, const char *type, const char *help)
{
	put(t, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void put_one(struct text *t, const char *name, const char *type, uint64_t value,
                    const char *help)
{
	put_family(t, name, type, help);
	put(t, "%s %" PRIu64 "\n", name, value);
}

static void put_seconds(struct text *t, const char *name, uint64_t ns)
{
	put(t, "%s %" PRIu64 ".%09" PRIu64 "\n", name, ns / NS, ns % NS);
}

/* A UUID comes from a driver.  Escape what would end a label: backslash, quote, newline. */
static void escape(const char *uuid, char out[2 * 48])
{
	for (; *uuid; uuid++) {
		if (*uuid == '\\' || *uuid == '"' || *uuid == '\n')
			*out++ = '\\';
		*out++ = *uuid == '\n' ? 'n' : *uuid;
	}
	*out = '\0';
}

struct picture {
	struct vres_figures f;
	struct vres_device_figures *devices;
	uint32_t devices_count; /* opened so far */
	uint32_t devices_there;
};

static void put_devices(struct text *t, const struct picture *p, const char *name, size_t offset,
                        const char *help)
{
	char uuid[2 * 48];

	put_family(t, name, "gauge", help);
	for (uint32_t i = 0; i < p->devices_count; i++) {
		const struct vres_device_figures *d = &p->devices[i];
		uint64_t value;

		memcpy(&value, (const char *)d + offset, sizeof(value));
		escape(d->uuid, uuid);
		put(t, "%s{gpu_device=\"%" PRIu32 "\",uuid=\"%s\"} %" PRIu64 "\n", name, d->index,
		    uuid, value);
	}
}

static const char *const outcome_names[OUTCOMES] = {
	[OUTCOME_OK] = "ok", [OUTCOME_FAILED] = "failed", [OUTCOME_ERROR] = "error"};

static void put_operations(struct text *t, const struct vres_figures *f)
{
	static const char seals[] = "vram_seal_operations_total",
			  verifies[] = "vram_verify_operations_total";

	put_family(t, seals, "counter",
	           "Seals: ok; failed, the bytes are not those that were read or expected; error, "
	           "all else.");
	for (unsigned i = 0; i < OUTCOMES; i++)
		put(t, "%s{result=\"%s\"} %" PRIu64 "\n", seals, outcome_names[i], f->seals[i]);
	put_family(t, verifies, "counter",
	           "Verifications: ok; failed, the shard is not what was sealed; error, it could "
	           "not be checked.");
	for (unsigned i = 0; i < OUTCOMES; i++)
		for (unsigned mode = 0; mode < VERIFY_MODES; mode++)
			put(t, "%s{result=\"%s\",mode=\"%s\"} %" PRIu64 "\n", verifies,
			    outcome_names[i], vres_policy_mode_name(mode), f->verifies[i][mode]);
}

static void put_durations(struct text *t, const struct vres_figures *f)
{
	static const char name[] = "vram_verify_duration_seconds";

	put_family(t, name, "histogram",
	           "How long verifications took, whatever their mode and result.");
	for (unsigned i = 0; i < VERIFY_BUCKETS; i++)
		put(t, "%s_bucket{le=\"%s\"} %" PRIu64 "\n", name, vres_verify_limit_text[i],
		    f->durations[i]);
	put(t, "%s_bucket{le=\"+Inf\"} %" PRIu64 "\n", name, f->durations[VERIFY_BUCKETS]);
	put_seconds(t, "vram_verify_duration_seconds_sum", f->verify_ns);
	put(t, "%s_count %" PRIu64 "\n", name, f->durations[VERIFY_BUCKETS]);
}

static size_t render(const struct picture *p, char *buf, size_t cap)
{
	struct text t = {.buffer = buf, .capacity = cap};
	const struct vres_figures *f = &p->f;

	put_one(&t, "vram_devices", "gauge", p->devices_there, "Devices of the backend.");
	put_one(&t, "vram_opened_devices", "gauge", p->devices_count,
	        "Devices opened so far; of the others the memory is not known.");
	put_devices(&t, p, "vram_total_bytes", offsetof(struct vres_device_figures, total),
	            "Memory of the device.");
	put_devices(&t, p, "vram_used_bytes", offsetof(struct vres_device_figures, used),
	            "Memory sealed by this manager, padding included.");
	put_devices(&t, p, "vram_available_bytes", offsetof(struct vres_device_figures, available),
	            "Memory that can be sealed now; 0 when the device does not answer.");
	put_devices(&t, p, "vram_adopted_bytes", offsetof(struct vres_device_figures, adopted),
	            "Memory of others that this manager has sealed and that is not suspended.");
	put_operations(&t, f);
	put_durations(&t, f);
	put_one(&t, "vram_verified_bytes_total", "counter", f->verified_bytes,
	        "Bytes hashed by verifications that found them good.");
	put_family(&t, "vram_last_verify_timestamp_seconds", "gauge",
	           "When a verification last found a shard good, since 1970; 0: never.");
	put_seconds(&t, "vram_last_verify_timestamp_seconds", f->last_verify);
	put_one(&t, "vram_shards", "gauge", f->shards, "Live shards, the quarantined included.");
	put_one(&t, "vram_quarantined_shards", "gauge", f->quarantined,
	        "Live shards that failed a verification.");
	put_one(&t, "vram_suspended_shards", "gauge", f->suspended,
	        "Live shards whose memory is their owner's until they are resumed.");
	put_one(&t, "vram_tensors", "gauge", f->tensors, "Tensors of live shards.");
	put_family(&t, "vram_reseals_total", "counter",
	           "Resumes of bytes that had changed: ok; failed, they are not as expected, or "
	           "others had changed too; error, all else.");
	for (unsigned i = 0; i < OUTCOMES; i++)
		put(&t, "vram_reseals_total{result=\"%s\"} %" PRIu64 "\n", outcome_names[i],
		    f->reseals[i]);
	put_one(&t, "vram_repaired_bytes_total", "counter", f->repaired_bytes,
	        "Damaged bytes that repairs have loaded again.");
	put_one(&t, "vram_leases", "gauge", f->leases, "Leases that are held.");
	put_family(&t, "vram_allocation_failures_total", "counter",
	           "Seals that got no memory, and why.");
	put(&t, "vram_allocation_failures_total{reason=\"insufficient_vram\"} %" PRIu64 "\n",
	    f->no_room);
	put(&t, "vram_allocation_failures_total{reason=\"allocation_failed\"} %" PRIu64 "\n",
	    f->allocation_failures);
	put_one(&t, "vram_policy_violations_total", "counter", f->policy_violations,
	        "Violations of the VRAM-only policy.");
	put_one(&t, "vram_audit_events_total", "counter", f->audit_events,
	        "Events given to the audit sink.");
	put_one(&t, "vram_audit_lost_total", "counter", f->audit_lost,
	        "Events the audit sink refused, or that were too many to be told.");
	put_one(&t, "vram_stopped", "gauge", f->is_stopped,
	        "1: the manager has stopped after a violation.");
	put_one(&t, "vram_simulated", "gauge", f->is_simulated,
	        "1: there is no VRAM behind these figures.");
	return t.length;
}

/* A length that no text of this manager exceeds: every number and name as wide as can be. */
static size_t widest(const vres_manager *m, struct picture *p)
{
	char uuid[48];

	memset(uuid, '\\', sizeof(uuid) - 1);
	uuid[sizeof(uuid) - 1] = '\0';
	memset(&p->f, 0xff, sizeof(p->f));
	memset(p->devices, 0xff, m->driver.device_count * sizeof(*p->devices));
	p->devices_count = m->driver.device_count;
	for (uint32_t i = 0; i < p->devices_count; i++)
		p->devices[i].uuid = uuid;
	return render(p, NULL, 0);
}

vres_status vres_metrics_prometheus(vres_manager *m, char *buf, size_t cap, size_t *len,
                                    vres_error *err)
{
	PUBLIC_CALL;
	CLEANUP(vres_os_freep) struct vres_device_figures *devices = NULL;
	struct picture p = {.devices_count = 0};
	size_t n;

	TRY(vres_manager_enter_stopped(m, err));
	if (len == NULL || (buf == NULL && cap > 0))
		return vres_fail(err, VRES_E_INVALID_INPUT, "%s is NULL", len ? "buf" : "len");
	p.devices = devices = vres_os_alloc(m->driver.device_count * sizeof(*devices));
	if (devices == NULL)
		return vres_fail(err, VRES_E_NO_MEMORY,
		                 "no memory for the figures of %" PRIu32 " devices",
		                 m->driver.device_count);
	for (uint32_t i = 0; i < m->driver.device_count; i++)
		p.devices_count += vres_metrics_device(m, i, &devices[p.devices_count]);
	p.devices_there = m->driver.device_count;
	vres_metrics_read(m, &p.f);
	n = render(&p, NULL, 0);
	if (cap <= n) {
		*len = widest(m, &p);
		return vres_fail(err, VRES_E_BUFFER,
		                 "the metrics need up to %zu bytes, the buffer has %zu", *len + 1,
		                 cap);
	}
	*len = render(&p, buf, cap);
	return VRES_OK;
}
