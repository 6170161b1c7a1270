/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lines for the log, and how grave each is. */
#include "events/log.h"

#include <inttypes.h>
#include <stdio.h>

#include "os/os.h"

void vres_log_add(struct vres_log_line *line, const char *key, const char *value)
{
	if (value == NULL || line->n == COUNT_OF(line->keys))
		return;
	line->keys[line->n] = key;
	line->values[line->n++] = value;
}

void vres_log_add_u64(struct vres_log_line *line, const char *key, uint64_t value)
{
	char *text;

	if (line->numbers_n == COUNT_OF(line->numbers))
		return;
	text = line->numbers[line->numbers_n++];
	(void)snprintf(text, sizeof(line->numbers[0]), "%" PRIu64, value);
	vres_log_add(line, key, text);
}

void vres_log_put(const struct vres_listeners *l, int level, const char *event,
                  struct vres_log_line *line)
{
	if (l->log == NULL)
		return;
	vres_log_add(line, "clock", vres_os_wall_fault(vres_os_wall()));
	l->log(l->log_ctx, level, event, line->keys, line->values, line->n);
}

uint64_t vres_log_clock(const struct vres_listeners *l)
{
	return l->log ? vres_os_monotonic() : 0;
}

static int level_of(const struct vres_operation *op, vres_status status)
{
	switch (vres_status_class(status)) {
	case 0: return op->is_routine ? VRES_LOG_DEBUG : VRES_LOG_INFO;
	case 4: return VRES_LOG_ERROR;
	default: return VRES_LOG_WARN;
	}
}

void vres_log_operation(const struct vres_listeners *l, const struct vres_operation *op,
                        vres_status status, uint32_t reason)
{
	struct vres_log_line line = {.n = 0};

	if (l->log == NULL)
		return;
	vres_log_add(&line, "action", op->action);
	vres_log_add(&line, "shard_id", op->shard_id);
	if (op->gpu_device != VRES_NO_DEVICE)
		vres_log_add_u64(&line, "gpu_device", op->gpu_device);
	if (op->bytes)
		vres_log_add_u64(&line, "bytes", op->bytes);
	if (op->began)
		vres_log_add_u64(&line, "duration_ns", vres_os_monotonic() - op->began);
	vres_log_add(&line, "status", vres_status_name(status));
	vres_log_add(&line, "reason", reason ? vres_reason_word(reason) : NULL);
	vres_log_add(&line, "mode", op->mode);
	vres_log_add(&line, "worker_id", op->fingerprint ? l->worker_id : NULL);
	vres_log_add(&line, "token_fingerprint", op->fingerprint);
	vres_log_put(l, level_of(op, status), "operation", &line);
}

void vres_log_capacity(const struct vres_listeners *l, uint32_t gpu_device, uint64_t requested,
                       uint64_t used, uint64_t available)
{
	struct vres_log_line line = {.n = 0};

	if (l->log == NULL)
		return;
	vres_log_add_u64(&line, "gpu_device", gpu_device);
	vres_log_add_u64(&line, "requested_bytes", requested);
	vres_log_add_u64(&line, "used_bytes", used);
	vres_log_add_u64(&line, "available_bytes", available);
	vres_log_put(l, VRES_LOG_DEBUG, "capacity", &line);
}
