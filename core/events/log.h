/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The log: lines of keys and values for the caller's callback.  There are three kinds: one for each
 * event (events.c), "operation" for what a verb did, and "capacity" for what a seal found on the
 * device.  Without a callback nothing is done.
 */
#ifndef VRES_CORE_EVENTS_LOG_H
#define VRES_CORE_EVENTS_LOG_H

#include "events/listeners.h"

struct vres_log_line {
	const char *keys[12], *values[12];
	char numbers[6][24];
	size_t n, numbers_n;
};

/* A value; NULL: left out. */
void vres_log_add(struct vres_log_line *line, const char *key, const char *value);
void vres_log_add_u64(struct vres_log_line *line, const char *key, uint64_t value);
void vres_log_put(const struct vres_listeners *l, int level, const char *event,
                  struct vres_log_line *line);

/* What a verb did. */
struct vres_operation {
	/* "seal", "verify", "lease", "release", "enforce", "receipt_open", "create", "destroy" */
	const char *action;
	const char *shard_id; /* NULL: none */
	uint32_t gpu_device;  /* VRES_NO_DEVICE: none */
	uint64_t bytes;
	uint64_t began;          /* from vres_log_clock(); 0: no duration is logged */
	const char *mode;        /* of a verification */
	const char *fingerprint; /* of the key's token; when a manager is made */
	/* Happens before every inference, so a success is logged at debug level only. */
	bool is_routine;
};

/* The monotonic clock, or 0 without a callback. */
uint64_t vres_log_clock(const struct vres_listeners *l);

void vres_log_operation(const struct vres_listeners *l, const struct vres_operation *op,
                        vres_status status, uint32_t reason);

/* Log the memory that a seal which asks for @requested bytes finds on the device. */
void vres_log_capacity(const struct vres_listeners *l, uint32_t gpu_device, uint64_t requested,
                       uint64_t used, uint64_t available);

#endif
